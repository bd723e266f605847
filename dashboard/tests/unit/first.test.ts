import { QueryClient } from '@tanstack/react-query';
import { expect, test, vi } from 'vitest';
import start from '../../public/start.js?raw';
import { first } from '../../src/lib/first';
import league from '../../src/lib/league.ts?raw';
import { HUB, type Call } from '../../src/lib/rpc';

const calls: Call[] = [['hansa_status', []], ['hansa_operators', [0, 64]]];

test('what was answered before the page began is there at once, in any order', async () => {
  const client = new QueryClient();
  await first(client, { calls, answers: Promise.resolve([{ id: 1, result: { total: 4 } }, { id: 0, result: { name: 'league' } }]) });
  expect(client.getQueryData([HUB, 'hansa_status', []])).toEqual({ name: 'league' });
  expect(client.getQueryData([HUB, 'hansa_operators', [0, 64]])).toEqual({ total: 4 });
});

test('what failed, makes no sense or is late is asked for as usual', async () => {
  vi.useFakeTimers();
  const client = new QueryClient();
  for (const answers of [null, { error: {} }, [null, {}, { id: 7, result: 1 }, { id: 0, error: { code: 1 } }]]) await first(client, { calls, answers: Promise.resolve(answers) });
  const late = first(client, { calls, answers: new Promise(() => undefined) });
  await vi.advanceTimersByTimeAsync(1_000);
  await late;
  await first(client, undefined);
  expect(client.getQueryCache().getAll()).toEqual([]);
  vi.useRealTimers();
});

test('the first questions are one request, and those that pages ask', async () => {
  const asked: unknown[] = [];
  const window = { document: { documentElement: { dataset: {} } }, localStorage: { getItem: () => null }, fetch: async (path: string, { body }: { body: string }) => (asked.push(path, JSON.parse(body)), { json: async () => [] }) } as Record<string, unknown>;
  new Function('globalThis', 'document', 'localStorage', 'fetch', start)(window, window.document, window.localStorage, window.fetch);
  const made = window.hansaFirst as { calls: Call[]; answers: Promise<unknown> };
  expect(await made.answers).toEqual([]);
  expect(asked[0]).toBe('/rpc');
  expect((asked[1] as { id: number; method: string; params: unknown[] }[]).map(({ id, method, params }) => [made.calls[id]?.[0] === method, params])).toEqual(made.calls.map(([, params]) => [true, params]));
  // Keys of answers are methods with their parameters: these have to be the same there.
  const page = /const PAGE = (\d+);/.exec(league)?.[1];
  for (const [method, params] of made.calls) expect(league).toMatch(new RegExp(params.length > 0 ? `'${method}', \\[0, PAGE\\][,)]` : `'${method}'(, \\[\\])?[,)]`));
  expect(made.calls.filter(([, params]) => params.length > 0)).toEqual([['hansa_operators', [0, Number(page)]]]);
});
