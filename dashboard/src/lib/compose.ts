// A message to another chain from what somebody typed: its data, its fee and its gas, and what is wrong with them.
import { stringToHex } from 'viem/utils';
import { parseEther } from './format';
import { type Chain, HUB } from './rpc';
import type { Hex } from './types';

/** Of one message (IMessages.Message). */
export const MAX_DATA_BYTES = 32_768;
/** Of one message, wei. */
export const MAX_FEE = 10n ** 18n;
/** Nobody's transaction may take more here; the chain may allow less. */
const MAX_GAS = 100_000_000;
const MIN_GAS = 21_000;

export interface Draft {
  to: string;
  amount: string;
  data: string;
  dataIsText: boolean;
  fee: string;
  gas: string;
}

export interface Composed {
  to: Hex;
  value: bigint;
  data: Hex;
  fee: bigint;
  /** Without one, the node's estimate. */
  gas: bigint | null;
}

/** A draft that nothing is wrong with may not be complete yet. */
export type Composing = { message: Composed } | { wrong: Wrong | null };
export type Wrong = 'noAmount' | 'noReceiver' | 'noHex' | 'tooLong' | 'noFee' | 'feeTooHigh' | 'feeOfHub' | 'noGas' | 'nothing';

export function compose(draft: Draft, isFromHub: boolean): Composing {
  const wrong = (why: Wrong | null): Composing => ({ wrong: why });
  const value = draft.amount.trim() ? parseEther(draft.amount) : 0n;
  if (value === null) return wrong('noAmount');
  const text = draft.data.trim();
  if (!draft.dataIsText && text && !/^0x([0-9a-fA-F]{2})*$/.test(text)) return wrong('noHex');
  const data = (text === '' ? '0x' : draft.dataIsText ? stringToHex(draft.data) : text.toLowerCase()) as Hex;
  if ((data.length - 2) / 2 > MAX_DATA_BYTES) return wrong('tooLong');
  const fee = draft.fee.trim() ? parseEther(draft.fee) : 0n;
  if (fee === null) return wrong('noFee');
  if (fee > 0n && isFromHub) return wrong('feeOfHub');
  if (fee > MAX_FEE) return wrong('feeTooHigh');
  const digits = draft.gas.replaceAll(/[,_ ]/g, '');
  const gas = digits ? (/^\d{1,12}$/.test(digits) ? Number(digits) : Number.NaN) : null;
  if (gas !== null && !(Number.isInteger(gas) && gas >= MIN_GAS && gas <= MAX_GAS)) return wrong('noGas');
  const to = draft.to.trim();
  if (to && !/^0x[0-9a-fA-F]{40}$/.test(to)) return wrong('noReceiver');
  if (!to) return wrong(null);
  if (value === 0n && data === '0x') return wrong(draft.amount.trim() ? 'nothing' : null);
  return { message: { to: to as Hex, value, data, fee, gas: gas === null ? null : BigInt(gas) } };
}

/** From where to where a message goes, as far as its form's address names two of these chains, or one of them. */
export function way(from: string | null, to: string | null, chains: readonly Chain[]): [from?: Chain, to?: Chain] {
  const [source, target] = [from, to].map((name) => chains.find((chain) => chain === name));
  if (target === undefined || target === source) return source === undefined ? [] : [source];
  // To the hub from the first zone; to a zone from the hub.
  const other = source ?? (target === HUB ? chains.find((chain) => chain !== HUB) : HUB);
  return other === undefined ? [] : [other, target];
}
