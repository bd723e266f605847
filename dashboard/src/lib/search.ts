// One box for everything: numbers, hashes, addresses, STIX ids, names.
import { keccak256, stringToBytes } from 'viem/utils';
import { client } from './live';
import { call, type Chain, HUB } from './rpc';
import { to } from './route';
import { line } from './safe';
import type { Operator, Zone } from './types';

export type Found = { route: string } | { why: string };

/** The id of an object on the exchange: keccak256 of its STIX id as text. */
export const objectKey = (stixId: string): `0x${string}` => keccak256(stringToBytes(stixId));

const STIX_ID = /^[a-z][a-z0-9-]*--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

async function chains(): Promise<Chain[]> {
  const zones = await client.fetchQuery({ queryKey: [HUB, 'hansa_zones', []], queryFn: () => call<Zone[]>(HUB, 'hansa_zones') });
  return [HUB, ...zones.filter(({ path }) => path !== null).map(({ name }) => name)];
}

/** The first chain where such a thing is. */
async function where(method: string, params: unknown[]): Promise<Chain | undefined> {
  const all = await chains();
  const answers = await Promise.allSettled(all.map((chain) => call<unknown>(chain, method, params)));
  const index = answers.findIndex((answer) => answer.status === 'fulfilled' && answer.value !== null);
  return all[index];
}

export async function search(input: string): Promise<Found> {
  const text = input.trim();
  const lower = text.toLowerCase();
  try {
    if (/^\d{1,15}$/.test(text.replaceAll(',', ''))) return { route: to('chains', HUB, 'block', text.replaceAll(',', '')) };
    if (/^0x[0-9a-f]{40}$/.test(lower)) return { route: to('chains', HUB, 'address', lower) };
    if (/^0x[0-9a-f]{64}$/.test(lower)) {
      const [transaction, block] = await Promise.all([where('eth_getTransactionByHash', [lower]), where('eth_getBlockByHash', [lower, false])]);
      if (transaction) return { route: to('chains', transaction, 'tx', lower) };
      if (block) return { route: to('chains', block, 'block', lower) };
      return { why: 'No block or transaction has this hash on the chains of this node. A transaction that was sent a moment ago appears once it is final.' };
    }
    if (STIX_ID.test(lower)) return { route: to('exchange', 'object', lower) };
    const zones = await chains();
    if (zones.includes(lower)) return { route: to('chains', lower) };
    const operators = await client.fetchQuery({ queryKey: [HUB, 'hansa_operators', [0, 64]], queryFn: () => call<{ operators: Operator[] }>(HUB, 'hansa_operators', [0, 64]) });
    if (operators.operators.some(({ name }) => name.toLowerCase() === lower)) return { route: to('stake') };
    return { route: `${to('exchange')}?q=${encodeURIComponent(line(text, 100))}` };
  } catch {
    return { why: 'The node was not reached. Try again in a moment.' };
  }
}
