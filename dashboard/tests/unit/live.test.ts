import { QueryObserver } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hasTurned } from '../../src/lib/league';
import { client, concerns, settings, touch } from '../../src/lib/live';

const MODULE = '0xaa';
const OTHER = '0xbb';
const none = { block: false, modules: new Set<string>(), all: false };
const block = { ...none, block: true };
const log = { ...none, modules: new Set([MODULE]) };
const all = { ...none, all: true };
const meta = (options: Parameters<typeof settings>[1] = {}) => (settings('hub', options) as { meta: Parameters<typeof concerns>[0] }).meta;

test('which news concern which questions', () => {
  const cases: [string, Parameters<typeof settings>[1], boolean[]][] = [
    // A block; a log of the module; a break.
    ['with blocks', {}, [true, false, true]],
    ['never', { fixed: true }, [false, false, false]],
    ['by time', { everyMs: 1_000 }, [false, false, true]],
    ['with logs', { on: [MODULE] }, [false, true, true]],
    ['with logs of another module', { on: [OTHER] }, [false, false, true]],
    ['with logs, and blocks while unsettled', { on: [MODULE], unsettled: (data) => data === 'open' }, [true, true, true]],
    ['with logs, settled', { on: [MODULE], unsettled: (data) => data !== 'open' }, [false, true, true]],
    ['with blocks until settled', { unsettled: (data) => data !== 'open' }, [false, false, true]],
  ];
  for (const [name, options, expected] of cases) expect([block, log, all].map((news) => concerns(meta(options), 'hub', news, 'open', false)), name).toEqual(expected);
  // Other chains only where it says so; what failed is tried with the next block.
  expect(concerns(meta({ on: [MODULE] }), 'market', log, 'x', false)).toBe(false);
  expect(concerns(meta({ on: [MODULE], alsoOn: ['market'] }), 'market', log, 'x', false)).toBe(true);
  expect(concerns(meta({ on: [MODULE] }), 'hub', block, undefined, true)).toBe(true);
});

test('a page that is opened again asks for what is older than it is to be', () => {
  const stale = (options: Parameters<typeof settings>[1]) => (settings('hub', options) as { staleTime: number }).staleTime;
  expect([{ fixed: true }, { everyMs: 5_000 }, {}].map(stale)).toEqual([Number.POSITIVE_INFINITY, 5_000, 15_000]);
  expect(stale({ on: [MODULE] })).toBeGreaterThan(15_000);
});

test('an epoch turns after its last block, and where the next committee is to be fixed', () => {
  const epoch = { epoch: 1, firstBlock: '0xa', freezeBlock: '0x12', lastBlock: '0x13', block: '0xb', epochBlocks: '0xa', nextCommittee: null } as const;
  expect([17, 18, 19, 20].map((head) => hasTurned(epoch, head))).toEqual([false, true, true, true]);
  expect([18, 19, 20].map((head) => hasTurned({ ...epoch, nextCommittee: '0x1' }, head))).toEqual([false, false, true]);
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  client.clear();
  vi.useRealTimers();
});

test('many logs are one round; the next waits for a second, and for answers that are on their way', async () => {
  let asked = 0;
  let tookMs = 0;
  const options = { queryKey: ['here', 'x'], queryFn: () => new Promise<number>((resolve) => setTimeout(() => resolve((asked += 1)), tookMs)), ...settings('here', { on: [MODULE] }) };
  const stop = new QueryObserver(client, options).subscribe(() => undefined);
  await vi.advanceTimersByTimeAsync(10);
  expect(asked).toBe(1);
  for (let index = 0; index < 20; index += 1) touch('here', MODULE);
  await vi.advanceTimersByTimeAsync(100);
  expect(asked).toBe(2);
  touch('here', MODULE);
  await vi.advanceTimersByTimeAsync(500);
  expect(asked).toBe(2);
  await vi.advanceTimersByTimeAsync(600);
  expect(asked).toBe(3);
  // A slow node: no round before the last one is answered.
  tookMs = 3_000;
  touch('here', MODULE);
  await vi.advanceTimersByTimeAsync(1_500);
  touch('here', MODULE);
  await vi.advanceTimersByTimeAsync(2_500);
  expect(asked).toBe(4);
  await vi.advanceTimersByTimeAsync(3_500);
  expect(asked).toBe(5);
  touch('here', OTHER);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).toBe(5);
  stop();
});
