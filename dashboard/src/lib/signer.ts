// Signs in this page with keys that everybody has: those of development leagues. Nodes refuse them on any other chain.
import { type LocalAccount, mnemonicToAccount } from 'viem/accounts';
import { keccak256 } from 'viem/utils';
import { call, type Chain, NOT_YET, RpcError } from './rpc';
import { settled } from './send';
import { big, num } from './format';
import type { Hex, Receipt } from './types';

export type { LocalAccount };

/** As in crates/node/src/league/accounts.rs. */
const MNEMONIC = 'test test test test test test test test test test test junk';
/** How long the node waits for the receipt: less than a request may take. */
const WAIT_MS = 10_000;

const kept = new Map<string, LocalAccount>();

function account(accountIndex: number, addressIndex: number): LocalAccount {
  const key = `${accountIndex}/${addressIndex}`;
  const found = kept.get(key) ?? mnemonicToAccount(MNEMONIC, { accountIndex, addressIndex });
  kept.set(key, found);
  return found;
}

/** One of the ten accounts that development tools share. */
export const developmentAccount = (index: number): LocalAccount => account(0, index);
/** A member of a development league, counted from 0. */
export const developmentMember = (index: number): LocalAccount => account(1, index);

export interface Call {
  to?: Hex;
  data?: Hex;
  value?: bigint;
  /** Without it the node estimates, and refuses what would fail. */
  gas?: bigint;
}

const quantity = (of: bigint): Hex => `0x${of.toString(16)}`;
const ids = new Map<Chain, number>();

async function chainId(chain: Chain): Promise<number> {
  const id = ids.get(chain) ?? num(await call<Hex>(chain, 'eth_chainId'));
  ids.set(chain, id);
  return id;
}

async function signed(from: LocalAccount, chain: Chain, { to, data, value = 0n, gas }: Call): Promise<Hex> {
  const request = { from: from.address, ...(to ? { to } : {}), ...(data ? { data } : {}), value: quantity(value) };
  const [id, nonce, price, limit] = await Promise.all([
    chainId(chain),
    call<Hex>(chain, 'eth_getTransactionCount', [from.address, 'pending']),
    call<Hex>(chain, 'eth_gasPrice'),
    gas ?? call<Hex>(chain, 'eth_estimateGas', [request]).then(big),
  ]);
  return from.signTransaction({
    type: 'eip1559',
    chainId: id,
    nonce: num(nonce),
    ...(to ? { to } : {}),
    ...(data ? { data } : {}),
    value,
    gas: limit,
    maxFeePerGas: big(price) * 2n,
    maxPriorityFeePerGas: 1n,
  });
}

/** Signs and sends; the hash. */
export const submitAs = async (from: LocalAccount, chain: Chain, of: Call): Promise<Hex> => call<Hex>(chain, 'eth_sendRawTransaction', [await signed(from, chain, of)]);

/** Signs, sends, and waits until it is final: what the node took and could not wait for, this does. */
export async function sendAs(from: LocalAccount, chain: Chain, of: Call): Promise<Receipt> {
  const raw = await signed(from, chain, of);
  try {
    return await call<Receipt>(chain, 'eth_sendRawTransactionSync', [raw, WAIT_MS]);
  } catch (error) {
    if (error instanceof RpcError && error.code === NOT_YET) return settled(chain, keccak256(raw));
    throw error;
  }
}

