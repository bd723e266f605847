// What the pages know of the reader's wallet. The wallet's code itself is loaded when it is first needed (wallet/core.ts).
import { useSyncExternalStore } from 'react';
import type { Chain } from './rpc';
import type { Hex } from './types';

export interface Wallet {
  address: Hex | null;
  chainId: number | null;
  /** The wallet's own name. */
  name: string | null;
}

/** What somebody is about to sign. */
export interface Intent {
  chain: Chain;
  to: Hex;
  data?: Hex;
  value?: bigint;
  /** Without it, the node's estimate. */
  gas?: bigint;
}

let wallet: Wallet = { address: null, chainId: null, name: null };
const listeners = new Set<() => void>();

export function publish(next: Wallet): void {
  wallet = next;
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useWallet = (): Wallet => useSyncExternalStore(subscribe, () => wallet);

/** Asks the wallet to sign and send; the hash of the transaction, which is not final yet. */
export async function sendByWallet(intent: Intent): Promise<Hex> {
  const { send } = await import('../wallet/core');
  return send(intent);
}
