// Contracts that this page knows by their code, wherever they are: their calls and logs are read as those of modules are.
import { keccak256 } from 'viem/utils';
import type { Abi } from 'viem';
import { LeakyVault, LeakyVaultHash } from '../abi/LeakyVault';
import { knowCode } from './decode';
import { useAsk } from './live';
import { ABIS } from './modules';
import { batch, type Chain } from './rpc';
import type { Hex } from './types';

const KNOWN = new Map<Hex, [name: string, abi: Abi]>([[LeakyVaultHash, ['LeakyVault', LeakyVault]]]);
/** Contracts of one place that are looked at. */
const MOST = 100;

/** Asked about, on the chain; code stays. */
const looked = new Map<string, string | null>();
const place = (chain: Chain, address: string): string => `${chain}:${address}`;

/** Looks at the code of these addresses; which contract each is, null where it is none that is known. */
export async function recognise(chain: Chain, addresses: readonly string[], signal?: AbortSignal): Promise<(string | null)[]> {
  const missing = addresses.filter((address) => !looked.has(place(chain, address)));
  const codes = await batch<Hex>(
    chain,
    missing.map((address) => ['eth_getCode', [address, 'latest']]),
    signal,
  );
  missing.forEach((address, index) => {
    const code = codes[index];
    // What failed, or has no code yet, may have one the next time.
    if (typeof code !== 'string' || code === '0x') return;
    const found = KNOWN.get(keccak256(code)) ?? null;
    looked.set(place(chain, address), found && found[0]);
    if (found) knowCode(address, ...found);
  });
  return addresses.map((address) => looked.get(place(chain, address)) ?? null);
}

/** Sees to it that calls to these addresses, and their logs, are read. Names them. */
export function useRecognised(chain: Chain, addresses: readonly string[]): ReadonlyMap<string, string> {
  const all = [...new Set(addresses.map((address) => address.toLowerCase()))].filter((address) => !ABIS.has(address)).slice(0, MOST);
  const { data } = useAsk<(string | null)[]>(chain, ['recognised', all], (signal) => recognise(chain, all, signal), { fixed: true, enabled: all.length > 0 });
  return new Map((data ?? []).flatMap((name, index) => (name === null ? [] : [[all[index] as string, name] as const])));
}
