// Contracts that this page knows by their code, wherever they are: their calls and logs are read as those of modules are.
import { keccak256 } from 'viem/utils';
import type { Abi } from 'viem';
import { LeakyVault, LeakyVaultHash } from '../abi/LeakyVault';
import { knowCode, knownByCode } from './decode';
import { useAsk } from './live';
import { ABIS } from './modules';
import { batch, type Chain } from './rpc';
import type { Hex } from './types';

const KNOWN = new Map<Hex, [name: string, abi: Abi]>([[LeakyVaultHash, ['LeakyVault', LeakyVault]]]);
/** Contracts of one place that are looked at. */
const MOST = 100;

/** What was not recognised is looked at again after this: it may get other code, or some at last. */
const AGAIN_MS = 30_000;

/** Looks at the code of these addresses; which contract each is, null where it is none that is known. Code that is known stays, so it is asked for once. */
export async function recognise(chain: Chain, addresses: readonly string[], signal?: AbortSignal): Promise<(string | null)[]> {
  const missing = addresses.filter((address) => knownByCode(chain, address) === null);
  const codes = await batch<Hex>(
    chain,
    missing.map((address) => ['eth_getCode', [address, 'latest']]),
    signal,
  );
  missing.forEach((address, index) => {
    const code = codes[index];
    if (typeof code !== 'string' || code === '0x') return;
    const found = KNOWN.get(keccak256(code));
    if (found) knowCode(chain, address, ...found);
  });
  return addresses.map((address) => knownByCode(chain, address));
}

/** Sees to it that calls to these addresses, and their logs, are read. Names them. */
export function useRecognised(chain: Chain, addresses: readonly string[]): ReadonlyMap<string, string> {
  const all = [...new Set(addresses.map((address) => address.toLowerCase()))].filter((address) => !ABIS.has(address)).slice(0, MOST);
  const { data } = useAsk<(string | null)[]>(chain, ['recognised', all], (signal) => recognise(chain, all, signal), { everyMs: AGAIN_MS, unsettled: (names) => names?.includes(null) ?? true, enabled: all.length > 0 });
  return new Map((data ?? []).flatMap((name, index) => (name === null ? [] : [[all[index] as string, name] as const])));
}
