import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parse, to } from '../../src/lib/route';
import { batch, call, RpcError, Unreachable } from '../../src/lib/rpc';
import { scan } from '../../src/lib/scan';
import { ChainStream, type Event } from '../../src/lib/stream';
import { follow, load, MAX_LINES, said } from '../../src/lib/local';
import { byName } from '../../src/incident/run';

type Answer = (method: string, params: never[]) => unknown;
let asked: [string, never[]][] = [];

/** A node that answers as told. */
function node(answer: Answer): void {
  vi.stubGlobal('fetch', async (_: string, { body }: { body: string }) => {
    const one = ({ id, method, params }: { id: number; method: string; params: never[] }) => {
      asked.push([method, params]);
      try {
        return { jsonrpc: '2.0', id, result: answer(method, params) };
      } catch (error) {
        return { jsonrpc: '2.0', id, error: { code: -32_000, message: (error as Error).message } };
      }
    };
    const request = JSON.parse(body);
    return { status: 200, json: async () => (Array.isArray(request) ? request.map(one).reverse() : one(request)) };
  });
}

class Socket {
  static all: Socket[] = [];
  onopen?: () => void;
  onmessage?: (event: { data: string }) => void;
  onclose?: (() => void) | null;
  closed = false;
  constructor(readonly url: string) {
    Socket.all.push(this);
  }
  send(text: string): void {
    const { id } = JSON.parse(text);
    queueMicrotask(() => this.say({ id, result: `sub-${id}` }));
  }
  say(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  push(kind: 1 | 2, result: unknown): void {
    this.say({ method: 'eth_subscription', params: { subscription: `sub-${kind}`, result } });
  }
  close(): void {
    this.closed = true;
    this.onclose?.();
  }
}

const header = (number: number) => ({ number: `0x${number.toString(16)}`, hash: `0xh${number}`, timestampMs: '0x0' });
const settle = () => vi.advanceTimersByTimeAsync(20);

beforeEach(() => {
  asked = [];
  Socket.all = [];
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', Socket);
  vi.stubGlobal('location', { protocol: 'http:', host: 'node', hash: '', origin: 'http://node' });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('a stream that breaks goes on where it was, with every head once and in order', async () => {
  let head = 5;
  node((method, [first]) => (method === 'eth_getLogs' ? [] : header(first === 'latest' ? head : Number(first))));
  const stream = new ChainStream('hub');
  const seen: number[] = [];
  stream.listen((event: Event) => event.kind === 'head' && seen.push(Number(event.head.number)));
  Socket.all[0]!.onopen?.();
  await settle();
  expect(stream.snapshot.state).toBe('live');
  Socket.all[0]!.push(1, header(6));
  Socket.all[0]!.push(1, header(6));
  Socket.all[0]!.onclose?.();
  expect(stream.snapshot.state).toBe('lost');
  head = 9;
  await vi.advanceTimersByTimeAsync(600);
  Socket.all[1]!.onopen?.();
  await settle();
  expect(stream.snapshot).toMatchObject({ state: 'live', lostAt: null });
  expect(seen).toEqual([5, 6, 7, 8, 9]);
  expect(asked.some(([method]) => method === 'eth_getLogs')).toBe(true);
});

test('what came between the page’s first questions and its stream is told', async () => {
  node((method) => (method === 'eth_getLogs' ? [{ address: '0xa', blockHash: '0xh4', logIndex: '0x0' }] : header(5)));
  const stream = new ChainStream('hub');
  const kinds: string[] = [];
  stream.listen((event: Event) => kinds.push(event.kind));
  Socket.all[0]!.onopen?.();
  await settle();
  expect(asked.find(([method]) => method === 'eth_getLogs')?.[1]).toMatchObject([{ fromBlock: '0x0', toBlock: '0x5' }]);
  expect(kinds).toEqual(['log', 'head', 'state']);
});

test('too long a break is said, not filled', async () => {
  let head = 5;
  node((method, [first]) => (method === 'eth_getLogs' ? [] : header(first === 'latest' ? head : Number(first))));
  const stream = new ChainStream('hub');
  const kinds: string[] = [];
  stream.listen((event: Event) => kinds.push(event.kind));
  Socket.all[0]!.onopen?.();
  await settle();
  Socket.all[0]!.onclose?.();
  head = 5_000;
  await vi.advanceTimersByTimeAsync(600);
  Socket.all[1]!.onopen?.();
  await settle();
  expect(kinds).toContain('gap');
  expect(stream.heads.map(({ number }) => Number(number))).toEqual([5_000]);
});

test('it tries again later and later, and a silent socket counts as broken', async () => {
  node(() => header(1));
  const stream = new ChainStream('hub');
  const stop = stream.listen(() => undefined);
  for (let attempt = 0; attempt < 4; attempt += 1) {
    Socket.all.at(-1)!.onclose?.();
    await vi.advanceTimersByTimeAsync(500 * 2 ** attempt - 50);
    expect(Socket.all).toHaveLength(attempt + 1);
    await vi.advanceTimersByTimeAsync(60);
    expect(Socket.all).toHaveLength(attempt + 2);
  }
  await vi.advanceTimersByTimeAsync(80_000);
  expect(stream.snapshot.state).toBe('lost');
  stop();
});

test('answers of a batch find their questions, and errors stay alone', async () => {
  node((method) => {
    if (method === 'bad') throw new Error('no');
    return method;
  });
  const answers = await batch<string>('hub', [['a', []], ['bad', []], ['b', []]]);
  expect(answers[0]).toBe('a');
  expect(answers[1]).toBeInstanceOf(RpcError);
  expect(answers[2]).toBe('b');
});

test('a node that is not there, or answers nonsense, is unreachable', async () => {
  vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('refused')));
  await expect(call('hub', 'x')).rejects.toBeInstanceOf(Unreachable);
  vi.stubGlobal('fetch', async () => ({ status: 502, json: async () => JSON.parse('<html>') }));
  await expect(call('hub', 'x')).rejects.toThrow('502');
});

test('logs are asked for in smaller ranges where an answer would be too large, and none is lost', async () => {
  node((method, [filter]) => {
    if (method === 'eth_blockNumber') return '0x3e8';
    const { fromBlock, toBlock } = filter as unknown as { fromBlock: string; toBlock: string };
    const [from, until] = [Number(fromBlock), Number(toBlock)];
    if (until - from > 100) throw new Error('limit exceeded: more logs than rpc.limits.max_log_results');
    return Array.from({ length: until - from + 1 }, (_, index) => ({ blockNumber: `0x${(from + index).toString(16)}` }));
  });
  const { logs, before } = await scan('hub', {}, 10_000, null, 0);
  expect(before).toBeNull();
  expect(logs.map(({ blockNumber }) => Number(blockNumber))).toEqual(Array.from({ length: 1_001 }, (_, index) => 1_000 - index));
});

test('places survive the way into the address and back', () => {
  for (const parts of [['chains', 'a/b', 'tx', '0x1'], ['exchange', 'object', 'x--1'], ['é?#&']]) expect(parse(to(...parts)).parts).toEqual(parts);
  expect(parse('#/exchange?q=a%20b').query.get('q')).toBe('a b');
  expect(parse('#/%E0%A4%A').parts).toEqual(['%E0%A4%A']);
});

test('structs are filled by name, however they are nested', () => {
  const flat = { name: 'p', type: 'tuple', components: [{ name: 'a', type: 'uint256' }, { name: 'b', type: 'uint8' }] };
  const nested = { name: 'p', type: 'tuple', components: [{ name: 'a', type: 'uint256' }, { name: 'terms', type: 'tuple', components: [{ name: 'b', type: 'uint8' }] }] };
  expect(byName(flat, { a: 1n, b: 2 })).toEqual({ a: 1n, b: 2 });
  expect(byName(nested, { a: 1n, b: 2 })).toEqual({ a: 1n, terms: { b: 2 } });
  expect(() => byName(flat, { a: 1n })).toThrow('“b”');
});

test('a log is followed without a line twice, and begins anew with the node', () => {
  const line = (number: number) => ({ number, level: 3, atMs: 0, text: '' });
  const held = follow([], { lines: [line(3), line(4)], oldest: 0, next: 5 });
  const more = follow(held, { lines: [line(4), line(5)], oldest: 0, next: 6 });
  expect(more.map(({ number }) => number)).toEqual([3, 4, 5]);
  expect(follow(more, { lines: [line(0), line(1)], oldest: 0, next: 2 }).map(({ number }) => number)).toEqual([0, 1]);
  const many = follow(more, { lines: Array.from({ length: MAX_LINES + 5 }, (_, index) => line(index + 6)), oldest: 0, next: MAX_LINES + 11 });
  expect(many).toHaveLength(MAX_LINES);
  expect(load(null, 10, 5)).toBeNull();
  expect(load({ at: 0, cpuMs: 100 }, 1_000, 350)).toBe(0.25);
});

test('a line of the log says its time once', () => {
  expect(said('2026-11-27T08:50:15.210019Z  WARN hansa_node: it is 2026-11-27T08:50:15Z')).toBe('hansa_node: it is 2026-11-27T08:50:15Z');
  expect(said('INFO no time')).toBe('INFO no time');
});
