// The native modules: their addresses, names and ABIs.
import type { Abi } from 'viem';
import { IExchange } from '../abi/IExchange';
import { IGuard } from '../abi/IGuard';
import { IMembers } from '../abi/IMembers';
import { IMessages } from '../abi/IMessages';
import { IStaking } from '../abi/IStaking';
import { IZones } from '../abi/IZones';
import { MODULES } from './stream';
import type { Hex } from './types';

const [staking, zones, members, exchange, guard, messages] = MODULES as readonly Hex[] as [Hex, Hex, Hex, Hex, Hex, Hex];

export const STAKING = { to: staking, abi: IStaking as Abi };
export const ZONES = { to: zones, abi: IZones as Abi };
export const MEMBERS = { to: members, abi: IMembers as Abi };
export const EXCHANGE = { to: exchange, abi: IExchange as Abi };
export const GUARD = { to: guard, abi: IGuard as Abi };
export const MESSAGES = { to: messages, abi: IMessages as Abi };

export const MODULE_NAMES = new Map<string, string>([
  [staking, 'staking'],
  [zones, 'zones'],
  [members, 'members'],
  [exchange, 'exchange'],
  [guard, 'guard'],
  [messages, 'messages'],
]);

export const ABIS = new Map<string, Abi>([STAKING, ZONES, MEMBERS, EXCHANGE, GUARD, MESSAGES].map(({ to, abi }) => [to, abi]));
