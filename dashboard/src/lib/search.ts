// One box for everything: numbers, hashes, addresses, STIX ids, names.
import { keccak256, stringToBytes } from 'viem/utils';
import { t } from '../strings';
import { count, short } from './format';
import { DEVELOPMENT_ACCOUNTS, isDevelopment, members } from './league';
import { client } from './live';
import { MESSAGES, MODULE_NAMES } from './modules';
import { bounds } from './performance';
import { batch, call, type Chain, HUB, isGone } from './rpc';
import { to } from './route';
import { line } from './safe';
import type { Epoch, Hex, Operator, Status, Zone } from './types';

/** Where one of several things is that are meant by the same words. */
export interface Choice {
  label: string;
  route: string;
}

export type Found = { route: string } | { choices: Choice[] } | { why: string };

/** The id of an object on the exchange: keccak256 of its STIX id as text. */
export const objectKey = (stixId: string): `0x${string}` => keccak256(stringToBytes(stixId));

const STIX_ID = /^[a-z][a-z0-9-]*--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const zones = (): Promise<Zone[]> => client.fetchQuery({ queryKey: [HUB, 'hansa_zones', []], queryFn: () => call<Zone[]>(HUB, 'hansa_zones') });

const chains = async (): Promise<Chain[]> => [HUB, ...(await zones()).filter(({ path }) => path !== null).map(({ name }) => name)];

/** Takes note of a chain that did not answer. One that does not keep what is that old has answered. */
const note = (silent: Set<Chain>, chain: Chain, error: unknown): void => {
  if (!isGone(error)) silent.add(chain);
};

/** The chain that first answers that it has such a thing: nobody waits for a chain that is slow. */
async function where(method: string, params: unknown[], silent: Set<Chain>): Promise<Chain | undefined> {
  const asked = (await chains()).map(async (chain) => {
    const answer = await call<unknown>(chain, method, params).catch((error: unknown) => note(silent, chain, error));
    if (answer === null || answer === undefined) throw new Error('not here');
    return chain;
  });
  return Promise.any(asked).catch(() => undefined);
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

/** Messages of each chain among which the beginning of an id is looked for. */
const LOOKED_AT = 500;

/** The messages whose id begins so, newest first; the whole of it is found however old the message is. */
async function messagesOf(id: string, silent: Set<Chain>): Promise<Choice[]> {
  const [{ SENT }, { scan }, all] = await Promise.all([import('./messages'), import('./scan'), chains()]);
  const isWhole = id.length === 66;
  const found = await Promise.all(all.map((chain) => scan(chain, { address: MESSAGES.to, topics: isWhole ? [SENT, id as Hex] : [SENT] }, isWhole ? 1 : LOOKED_AT, null, 0).catch((error: unknown) => (note(silent, chain, error), { logs: [] }))));
  return found.flatMap(({ logs }, index) =>
    logs.filter(({ topics }) => isWhole || topics[1]?.startsWith(id)).map(({ topics, transactionHash }) => ({ label: t.search.message(short(topics[1] ?? id, 10, 6), all[index] ?? ''), route: to('messages', transactionHash) })),
  );
}

/** More than these are not offered. */
const MOST_CHOICES = 12;

/** Goes there where there is only one. */
const only = (choices: Choice[], why: string): Found => (choices.length === 0 ? { why } : choices.length === 1 && choices[0] ? { route: choices[0].route } : { choices: choices.slice(0, MOST_CHOICES) });

/** Why nothing was found: from a chain that did not answer follows nothing. */
async function nothing(silent: Set<Chain>, why: string): Promise<string> {
  if (silent.size === 0) return why;
  const all = await chains();
  return all.every((chain) => silent.has(chain)) ? t.search.allSilent : t.search.someSilent(all.filter((chain) => silent.has(chain)).map((chain) => line(chain, 40)).join(', '));
}

/** Messages whose id begins so. */
async function byMessage(id: string, silent: Set<Chain>, why: string): Promise<Found> {
  const choices = await messagesOf(id, silent);
  return only(choices, choices.length === 0 ? await nothing(silent, why) : why);
}

/** The block of this number, on each chain that has it. */
async function byNumber(number: number): Promise<Found> {
  const all = await chains();
  const heads = await Promise.allSettled(all.map((chain) => call<Hex>(chain, 'eth_blockNumber')));
  const found = all.filter((_, index) => heads[index]?.status === 'fulfilled' && Number((heads[index] as PromiseFulfilledResult<Hex>).value) >= number);
  if (heads.every(({ status }) => status === 'rejected')) throw new Error('no chain answers');
  // The hub's page says what to expect of one that is not there yet.
  if (found.length === 0) return { route: to('chains', HUB, 'block', number) };
  return only(found.map((chain) => ({ label: t.search.block(count(number), line(chain, 40)), route: to('chains', chain, 'block', number) })), '');
}

/** The blocks of the hub that an epoch begins and ends with. */
async function byEpoch(number: number): Promise<Found> {
  const { epoch, firstBlock, lastBlock } = await call<Epoch>(HUB, 'hansa_epoch');
  if (number > epoch) return { why: t.search.noEpoch(count(number), count(epoch)) };
  const of = bounds({ epoch, first: Number(firstBlock), last: Number(lastBlock) }, number);
  return { choices: [{ label: t.search.epochFirst(count(number), count(of.first)), route: to('chains', HUB, 'block', of.first) }, ...(number < epoch ? [{ label: t.search.epochLast(count(number), count(of.last)), route: to('chains', HUB, 'block', of.last) }] : []), { label: t.search.epochStake, route: to('stake') }] };
}

async function byHash(hash: string): Promise<Found> {
  const silent = new Set<Chain>();
  const of = async (kind: string, method: string, params: unknown[]): Promise<Found> => {
    const chain = await where(method, params, silent);
    if (chain === undefined) throw new Error('nowhere');
    return { route: to('chains', chain, kind, hash) };
  };
  // A hash is of one thing only, so the first that is found is it.
  return Promise.any([of('tx', 'eth_getTransactionByHash', [hash]), of('block', 'eth_getBlockByHash', [hash, false])]).catch(() => byMessage(hash, silent, t.search.noHash));
}

/** What has a name, in this order: the protocol's own, then zones, operators and members. Only the first of them. */
async function byName(name: string): Promise<string | null> {
  if (name === HUB) return to('chains', HUB);
  const module = [...MODULE_NAMES].find(([, of]) => name === of || name === t.names.module(of).toLowerCase());
  if (module && name.startsWith('module')) return to('chains', HUB, 'address', module[0]);
  const zone = (await zones()).find((of) => of.name === name);
  if (zone) return to('chains', zone.name);
  if (module) return to('chains', HUB, 'address', module[0]);
  const account = DEVELOPMENT_ACCOUNTS.findIndex((_, index) => name === t.names.account(index + 1));
  if (account >= 0 && isDevelopment(await client.fetchQuery({ queryKey: [HUB, 'hansa_status', []], queryFn: () => call<Status>(HUB, 'hansa_status') }))) return to('chains', HUB, 'address', DEVELOPMENT_ACCOUNTS[account] ?? '');
  const { operators } = await client.fetchQuery({ queryKey: [HUB, 'hansa_operators', [0, 64]], queryFn: () => call<{ operators: Operator[] }>(HUB, 'hansa_operators', [0, 64]) });
  const operator = operators.find((of) => of.name.toLowerCase() === name);
  if (operator) return to('stake', 'operator', operator.id);
  const member = (await client.fetchQuery({ queryKey: [HUB, 'members'], queryFn: () => members() })).find((of) => of.name.toLowerCase() === name);
  return member ? to('chains', HUB, 'address', member.account.toLowerCase()) : null;
}

/** What has a number of its own kind. */
async function byKind(kind: string, word: string): Promise<Found | null> {
  const number = /^\d{1,15}$/.test(word) ? Number(word) : null;
  if (kind === 'zone') {
    const zone = (await zones()).find(({ id, name }) => String(id) === word || name === word);
    return zone ? { route: to('chains', zone.name) } : number !== null ? { why: t.search.noZone(word) } : null;
  }
  if (number === null) return null;
  if (kind === 'alert') return { route: to('exchange', 'alert', number) };
  if (kind === 'slash') return { route: to('stake', 'slash', number) };
  if (kind === 'block') return byNumber(number);
  return kind === 'epoch' ? byEpoch(number) : null;
}

export async function search(input: string): Promise<Found> {
  const text = input.trim();
  const lower = text.toLowerCase();
  try {
    if (/^\d{1,15}$/.test(text.replaceAll(',', ''))) return await byNumber(Number(text.replaceAll(',', '')));
    if (/^0x[0-9a-f]{40}$/.test(lower)) return { route: to('chains', await home(lower), 'address', lower) };
    if (/^0x[0-9a-f]{64}$/.test(lower)) return await byHash(lower);
    if (STIX_ID.test(lower)) return { route: to('exchange', 'object', lower) };
    const [, begun] = /^(0x[0-9a-f]{6,63})…?$/.exec(lower) ?? [];
    if (begun) return await byMessage(begun, new Set(), t.search.noBeginning);
    const [, kind, word] = /^(alert|zone|slash|block|epoch)\s+#?(\S+)$/.exec(lower) ?? [];
    const counted = kind && word ? await byKind(kind, word.replaceAll(',', '')) : null;
    if (counted) return counted;
    const named = await byName(lower);
    // The list of objects says that nothing has this name.
    return { route: named ?? `${to('exchange')}?q=${encodeURIComponent(line(text, 100))}&from=search` };
  } catch {
    return { why: t.search.unreachable };
  }
}
