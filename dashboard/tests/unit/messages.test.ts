import { decodeFunctionData, encodeEventTopics, encodeFunctionResult, toFunctionSelector } from 'viem/utils';
import { afterEach, expect, test, vi } from 'vitest';
import { delivery, idOf, type Message, progress, type Sent, standIn } from '../../src/lib/messages';
import { MESSAGES, ZONES } from '../../src/lib/modules';
import type { Hex, Zone } from '../../src/lib/types';
import { t } from '../../src/strings';
import committed from '../../../crates/modules/vectors/messages.txt?raw';

test('a gateway is called with the arguments of take', () => {
  const message: Message = { source: 1n, destination: 2n, nonce: 3n, sender: `0x${'11'.repeat(20)}`, to: `0x${'22'.repeat(20)}`, value: 4n, fee: 0n, gas: 5n, reward: 6n, data: '0xabcd' };
  const data = delivery(message);
  expect(data.slice(0, 10)).toBe(toFunctionSelector('deliver((uint64,uint64,uint64,address,address,uint256,uint256,uint64,uint256,bytes))'));
  const take = `${toFunctionSelector('take((uint64,uint64,uint64,address,address,uint256,uint256,uint64,uint256,bytes))')}${data.slice(10)}` as const;
  expect(decodeFunctionData({ abi: MESSAGES.abi, data: take }).args).toEqual([message]);
});

/** What the module itself says: a test of hansa-modules keeps the file right. */
const vectors = committed
  .split('\n')
  .filter((line) => line && !line.startsWith('#'))
  .map((line) => line.split(' '));
const ofKind = (kind: string): string[][] => vectors.filter(([of]) => of === kind).map(([, ...fields]) => fields);

test('ids are those of the module, of messages and of what stands for ether that a zone keeps', () => {
  const [messages, kept] = [ofKind('message'), ofKind('kept')];
  expect([messages.length, kept.length, vectors.length]).toEqual([5, 2, 7]);
  for (const [source, destination, nonce, sender, to, value, fee, gas, reward, data, id] of messages as [string, string, string, Hex, Hex, string, string, string, string, Hex, Hex][]) {
    const message: Message = { source: BigInt(source), destination: BigInt(destination), nonce: BigInt(nonce), sender, to, value: BigInt(value), fee: BigInt(fee), gas: BigInt(gas), reward: BigInt(reward), data };
    expect(idOf(message), `message ${nonce} of ${source}`).toBe(id);
  }
  for (const [chainId, of, id] of kept as [string, Hex, Hex][]) expect(idOf(standIn(BigInt(chainId), of)), of).toBe(id);
});

/** Fields of a checkpoint, as the module has them. */
const CHECKPOINT = (ZONES.abi.find((item) => item.type === 'function' && item.name === 'checkpointOf') as unknown as { outputs: [{ components: { name: string; type: string }[] }] }).outputs[0].components;
const HUB_ID = 1n;
const ZONE = { id: 1, name: 'market', chainId: '0x64', createdAt: '0x1', path: '/zones/market', sent: 5 } as unknown as Zone;
const sent = (chain: string, more: Partial<Message> = {}): Sent => ({ id: `0x${'aa'.repeat(32)}`, message: { source: 1n, destination: 100n, nonce: 0n, sender: `0x${'11'.repeat(20)}`, to: `0x${'22'.repeat(20)}`, value: 0n, fee: 0n, gas: 0n, reward: 0n, data: '0xab', ...more }, chain, block: 3, transaction: `0x${'bb'.repeat(32)}`, timeMs: 1_000 });

/** A node that answers these views and refuses all others. */
const node = (answers: Record<string, unknown>): void =>
  void vi.stubGlobal('fetch', async (_: string, { body }: { body: string }) => {
    const one = ({ id, method, params }: { id: number; method: string; params: [{ data: Hex }] }) => {
      if (method !== 'eth_call') return { id, result: method === 'eth_getLogs' ? [] : '0x5' };
      const { functionName } = decodeFunctionData({ abi: [...MESSAGES.abi, ...ZONES.abi], data: params[0].data });
      const abi = [MESSAGES.abi, ZONES.abi].find((of) => of.some((item) => item.type === 'function' && item.name === functionName));
      return abi && functionName in answers ? { id, result: encodeFunctionResult({ abi, functionName, result: answers[functionName] }) } : { id, error: { code: -32_005, message: 'limit exceeded' } };
    };
    const request = JSON.parse(body);
    return { status: 200, json: async () => (Array.isArray(request) ? request.map(one) : one(request)) };
  });
const look = (of: Sent) => progress(of, { hubId: HUB_ID, oldest: 1, zones: [ZONE] });

afterEach(() => void vi.unstubAllGlobals());

test('a refused question is no answer: a message that waits is not taken for taken, nor one that has left for lost', async () => {
  node({ arrived: 1n, waiting: [1_700_000_000n, 0n] });
  expect(await look(sent('hub'))).toMatchObject({ state: 'waits', actions: ['take'] });
  node({ arrived: 1n });
  await expect(look(sent('hub'))).rejects.toThrow('limit exceeded');
  node({ waiting: [1_700_000_000n, 0n] });
  await expect(look(sent('hub'))).rejects.toThrow('limit exceeded');
  node({});
  await expect(look(sent('market', { source: 100n, destination: 1n }))).rejects.toThrow('limit exceeded');
});

const TO: Hex = `0x${'22'.repeat(20)}`;
const HEAD = 16;
const gone = { code: -32_000, message: 'state of block 6 is not available: this node keeps it from block 9 on' };
const log = (eventName: string, id: Hex, block: number) => ({ address: MESSAGES.to, topics: [encodeEventTopics({ abi: MESSAGES.abi, eventName })[0], id], data: '0x', blockNumber: `0x${block.toString(16)}`, blockTimestamp: `0x${block.toString(16)}`, transactionHash: `0x${'cc'.repeat(32)}`, logIndex: '0x0' });

/** Chains of 16 blocks, a second each: views by block, and logs by path. */
function chain(view: (name: string, block: number, args: readonly unknown[]) => unknown, logs: Record<string, unknown[]> = {}): void {
  vi.stubGlobal('fetch', async (path: string, { body }: { body: string }) => {
    const one = ({ id, method, params }: { id: number; method: string; params: [string, ...unknown[]] }) => {
      const number = (tag: string) => (tag === 'latest' ? HEAD : Number(tag));
      if (method === 'eth_blockNumber') return { id, result: `0x${HEAD.toString(16)}` };
      if (method === 'eth_getBlockByNumber') return { id, result: { number: params[0], timestampMs: `0x${(number(params[0]) * 1_000).toString(16)}` } };
      if (method === 'eth_getLogs') return { id, result: (logs[path] ?? []).filter((of) => [(params[0] as unknown as { topics: unknown[][] }).topics[0]].flat().includes((of as { topics: string[] }).topics[0])) };
      const [{ data }, tag] = params as unknown as [{ data: Hex }, string];
      const { functionName, args } = decodeFunctionData({ abi: [...MESSAGES.abi, ...ZONES.abi], data });
      const abi = [MESSAGES.abi, ZONES.abi].find((of) => of.some((item) => item.type === 'function' && item.name === functionName))!;
      const result = view(functionName, number(tag), args ?? []);
      return result === gone ? { id, error: gone } : { id, result: encodeFunctionResult({ abi, functionName, result }) };
    };
    const request = JSON.parse(body);
    return { status: 200, json: async () => (Array.isArray(request) ? request.map(one) : one(request)) };
  });
}

/** A message that no other test remembers anything of. */
const fresh = (byte: string, chainName: string, more: Partial<Message> = {}): Sent => ({ ...sent(chainName, more), id: `0x${byte.repeat(32)}` });

test('ether that a zone kept for a blocked address is told as kept, and let go by what stands for it', async () => {
  const it = (byte: string) => fresh(byte, 'hub', { data: '0x', value: 5n, to: TO });
  const stand = standIn(100n, TO);
  expect(stand).toMatchObject({ source: 100n, destination: 100n, sender: TO, to: TO, nonce: 0n, value: 0n, fee: 0n, gas: 0n, reward: 0n, data: '0x' });
  /** The zone takes it with block 6, and keeps for the address so much after each block. */
  const keeping = (kept: (block: number) => bigint | typeof gone, arrives: (block: number) => bigint | typeof gone = (block) => (block >= 6 ? 1n : 0n)) =>
    chain((name, block, [id]) => {
      const held = kept(block);
      return name === 'arrived' ? arrives(block) : held === gone ? gone : [0n, id === idOf(stand) ? held : 0n];
    });
  keeping((block) => (block >= 6 ? 7n : 2n));
  const found = await look(it('01'));
  expect(found).toMatchObject({ state: 'kept', actions: ['release'], standsFor: stand });
  expect(found.steps.at(-1)?.says).toMatch(/^market keeps it.*<0\.000001 ETH in all/);
  // It was kept when this one was there already; or all is paid by now; or less is kept than came.
  keeping((block) => (block >= 8 ? 7n : 0n));
  expect(await look(it('02'))).toMatchObject({ state: 'arrived', actions: [] });
  keeping((block) => (block >= 6 && block < 12 ? 7n : 0n));
  expect(await look(it('03'))).toMatchObject({ state: 'arrived', actions: [] });
  keeping((block) => (block >= 6 ? 4n : 0n));
  expect(await look(it('04'))).toMatchObject({ state: 'arrived', actions: [] });
  // Where the states of then are gone, nobody knows; the sum is told.
  keeping((block) => (block < 9 ? gone : 7n), (block) => (block < 9 ? gone : 1n));
  const maybe = await look(it('05'));
  expect(maybe).toMatchObject({ state: 'arrived', actions: ['release'], standsFor: stand });
  expect(maybe.steps.at(-1)?.says).toMatch(/^market keeps .* is not known/);
});

test('after a week what nobody took can be sent back', async () => {
  const now = Math.floor(Date.now() / 1_000);
  const waits = (since: number) => chain((name) => (name === 'arrived' ? 1n : [BigInt(since), 0n]));
  waits(now - 7 * 86_400 + 60);
  expect(await look(fresh('11', 'hub', { value: 5n }))).toMatchObject({ state: 'waits', actions: ['take'] });
  waits(now - 7 * 86_400 - 1);
  expect(await look(fresh('12', 'hub', { value: 5n }))).toMatchObject({ state: 'waits', actions: ['take', 'refund'] });
  // One without value waits on.
  expect(await look(fresh('13', 'hub'))).toMatchObject({ state: 'waits', actions: ['take'] });
});

test('a message that was sent back is told as returned, with the way that its value goes', async () => {
  const ends = (name: string) => (name === 'arrived' ? 1n : [0n, 0n]);
  // On a zone: the value leaves as another message, in the same transaction.
  const there = fresh('21', 'hub', { value: 5n });
  chain(ends, { '/zones/market': [log('Refunded', there.id, 9)] });
  const back = await look(there);
  expect(back).toMatchObject({ state: 'returned', actions: [] });
  expect(back.steps.slice(-2)).toEqual([
    { says: t.messages.steps.sentBack, state: 'bad', chain: 'market', block: 9, transaction: `0x${'cc'.repeat(32)}`, timeMs: 9_000 },
    { says: t.messages.steps.isMessage, state: 'done', goesOn: `0x${'cc'.repeat(32)}` },
  ]);
  // One that was taken is not.
  const taken = fresh('22', 'hub', { value: 5n });
  chain(ends, { '/zones/market': [log('Taken', taken.id, 9)] });
  expect(await look(taken)).toMatchObject({ state: 'taken', actions: [] });
});

test('what waited on the hub goes back with what the hub has for the zone that it came from', async () => {
  const delivered = (id: Hex) => ({ ...log('Delivered', id, 4), topics: [...encodeEventTopics({ abi: MESSAGES.abi, eventName: 'Delivered', args: { id, zoneId: 1n, to: TO } })], data: `0x${[0, 5, 1].map((word) => word.toString(16).padStart(64, '0')).join('')}` });
  const back = async (byte: string, arrivals: bigint, phase = 'active') => {
    const of = fresh(byte, 'market', { source: 100n, destination: 1n, value: 5n });
    const lane = { locked: 0n, held: 0n, sent: 3n, delivered: 1n, outflow: 0n, outflowLimit: 0n };
    const checkpoint = { number: 1n, blockHash: of.id, stateRoot: of.id, outboxCount: 1n, outboxRoot: of.id, recordedAt: 1n };
    chain((name) => ({ arrived: arrivals, waiting: [0n, 0n], lane, checkpointOf: Object.fromEntries(CHECKPOINT.map(({ name: field, type }) => [field, field in checkpoint ? checkpoint[field as keyof typeof checkpoint] : type.startsWith('bytes32') ? of.id : 0n])) })[name], { '/rpc': [delivered(of.id), log('Refunded', of.id, 9)] });
    const found = await progress(of, { hubId: HUB_ID, oldest: 1, zones: [{ ...ZONE, phase } as Zone] });
    expect(found).toMatchObject({ state: 'returned', actions: [] });
    return found.steps.at(-1);
  };
  expect(await back('31', 2n)).toEqual({ says: t.messages.steps.zoneTakes('market'), state: 'now' });
  expect(await back('32', 3n)).toEqual({ says: t.messages.steps.zoneTookBack('market'), state: 'done' });
  expect(await back('33', 2n, 'settled')).toEqual({ says: t.messages.steps.paidOnHub, state: 'done' });
});
