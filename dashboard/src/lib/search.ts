// One box for everything: numbers, hashes, addresses, STIX ids, names.
import { keccak256, stringToBytes } from 'viem/utils';
import { t } from '../strings';
import { members } from './league';
import { client } from './live';
import { MESSAGES } from './modules';
import { batch, call, type Chain, HUB } from './rpc';
import { to } from './route';
import { line } from './safe';
import type { Hex, Operator, Zone } from './types';

export type Found = { route: string } | { why: string };

/** The id of an object on the exchange: keccak256 of its STIX id as text. */
export const objectKey = (stixId: string): `0x${string}` => keccak256(stringToBytes(stixId));

const STIX_ID = /^[a-z][a-z0-9-]*--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const zones = (): Promise<Zone[]> => client.fetchQuery({ queryKey: [HUB, 'hansa_zones', []], queryFn: () => call<Zone[]>(HUB, 'hansa_zones') });

const chains = async (): Promise<Chain[]> => [HUB, ...(await zones()).filter(({ path }) => path !== null).map(({ name }) => name)];

/** The first chain where such a thing is. */
async function where(method: string, params: unknown[]): Promise<Chain | undefined> {
  const all = await chains();
  const answers = await Promise.allSettled(all.map((chain) => call<unknown>(chain, method, params)));
  const index = answers.findIndex((answer) => answer.status === 'fulfilled' && answer.value !== null);
  return all[index];
}

/** The chain where an address has code, sent something or holds something; the hub where that is none or several. */
async function home(address: string): Promise<Chain> {
  const all = await chains();
  const methods = ['eth_getCode', 'eth_getTransactionCount', 'eth_getBalance'];
  const used = await Promise.all(
    all.map(async (chain) => {
      const answers = await batch<string>(chain, methods.map((method) => [method, [address, 'latest']])).catch(() => []);
      return answers.some((answer) => !(answer instanceof Error) && !/^0x0*$/.test(answer));
    }),
  );
  const [first, second] = all.filter((_, index) => used[index]);
  return first !== undefined && second === undefined ? first : HUB;
}

/** The transaction that sent the message with this id. */
async function messageOf(id: string): Promise<Hex | undefined> {
  const [{ SENT }, { scan }, all] = await Promise.all([import('./messages'), import('./scan'), chains()]);
  const found = await Promise.all(all.map((chain) => scan(chain, { address: MESSAGES.to, topics: [SENT, id as Hex] }, 1, null, 0).catch(() => ({ logs: [] }))));
  return found.flatMap(({ logs }) => logs)[0]?.transactionHash;
}

async function byHash(hash: string): Promise<Found> {
  const [transaction, block] = await Promise.all([where('eth_getTransactionByHash', [hash]), where('eth_getBlockByHash', [hash, false])]);
  if (transaction) return { route: to('chains', transaction, 'tx', hash) };
  if (block) return { route: to('chains', block, 'block', hash) };
  const sent = await messageOf(hash);
  return sent ? { route: to('messages', sent) } : { why: t.search.noHash };
}

/** What has a name: zones, then operators, then members; null where nothing is called so. */
async function byName(name: string): Promise<string | null> {
  if (name === HUB) return to('chains', HUB);
  const zone = (await zones()).find((of) => of.name === name);
  if (zone) return to('chains', zone.name);
  const { operators } = await client.fetchQuery({ queryKey: [HUB, 'hansa_operators', [0, 64]], queryFn: () => call<{ operators: Operator[] }>(HUB, 'hansa_operators', [0, 64]) });
  const operator = operators.find((of) => of.name.toLowerCase() === name);
  if (operator) return to('stake', 'operator', operator.id);
  const member = (await client.fetchQuery({ queryKey: [HUB, 'members'], queryFn: () => members() })).find((of) => of.name.toLowerCase() === name);
  return member ? to('chains', HUB, 'address', member.account.toLowerCase()) : null;
}

export async function search(input: string): Promise<Found> {
  const text = input.trim();
  const lower = text.toLowerCase();
  try {
    if (/^\d{1,15}$/.test(text.replaceAll(',', ''))) return { route: to('chains', HUB, 'block', text.replaceAll(',', '')) };
    if (/^0x[0-9a-f]{40}$/.test(lower)) return { route: to('chains', await home(lower), 'address', lower) };
    if (/^0x[0-9a-f]{64}$/.test(lower)) return await byHash(lower);
    if (STIX_ID.test(lower)) return { route: to('exchange', 'object', lower) };
    const [, kind, word] = /^(alert|zone)\s+#?(\S+)$/.exec(lower) ?? [];
    if (kind === 'alert' && /^\d{1,15}$/.test(word ?? '')) return { route: to('exchange', 'alert', Number(word)) };
    if (kind === 'zone') {
      const zone = (await zones()).find(({ id, name }) => String(id) === word || name === word);
      if (zone) return { route: to('chains', zone.name) };
      if (/^\d+$/.test(word ?? '')) return { why: t.search.noZone(word ?? '') };
    }
    const named = await byName(lower);
    return { route: named ?? `${to('exchange')}?q=${encodeURIComponent(line(text, 100))}` };
  } catch {
    return { why: t.search.unreachable };
  }
}
