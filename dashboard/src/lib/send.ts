// Before and after a transaction: what it would cost and whether it would fail, and what became of it.
import { errors } from '../strings/errors';
import { Told } from './errors';
import { big, count } from './format';
import { call, type Chain } from './rpc';
import type { Hex, Receipt } from './types';
import type { Intent } from './wallet';

/** How long a transaction is waited for. */
const PATIENCE_MS = 60_000;
const POLL_MS = 250;

const quantity = (of: bigint): Hex => `0x${of.toString(16)}`;

export interface Preview {
  gas: bigint;
  /** Most wei that it costs in fees. */
  fee: bigint;
}

/** Runs the transaction on the newest state without sending it. Fails with why it would. */
export async function preview({ chain, to, data, value, gas: limit }: Intent, from: Hex): Promise<Preview> {
  const request = { from, to, ...(data ? { data } : {}), ...(value ? { value: quantity(value) } : {}) };
  const [gas, price] = await Promise.all([call<Hex>(chain, 'eth_estimateGas', [request]), call<Hex>(chain, 'eth_gasPrice')]);
  const most = limit ?? big(gas);
  if (most < big(gas)) throw new Told(errors.tooLittleGas(count(big(gas)), count(most)), errors.tooLittleGasNext);
  return { gas: most, fee: most * big(price) * 2n };
}

/** Waits until a transaction is final. */
export async function settled(chain: Chain, hash: Hex, signal?: AbortSignal): Promise<Receipt> {
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until) {
    const receipt = await call<Receipt | null>(chain, 'eth_getTransactionReceipt', [hash], signal);
    if (receipt) return receipt;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Told(errors.notInBlock(hash, PATIENCE_MS / 1000), errors.notInBlockNext);
}
