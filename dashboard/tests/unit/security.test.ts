import { afterEach, expect, test, vi } from 'vitest';
import { escrowLastsMs } from '../../src/lib/league';
import { cheapestFault, leastAnswering, security, serving, times } from '../../src/lib/security';
import type { Zone } from '../../src/lib/types';

test('a zone that holds more than answers for it is told, and one that holds nothing has no ratio', () => {
  expect(security({ answers: 2n, stake: 4n }, '0x8')).toEqual({ answers: 2n, stake: 4n, value: 8n, ratio: 25n, exceeds: true });
  expect(security({ answers: 8n, stake: 9n }, '0x8')).toMatchObject({ ratio: 100n, exceeds: false });
  expect(security({ answers: 8n, stake: 9n }, '0x0')).toMatchObject({ ratio: null, exceeds: false });
});

test('what answers at least are the smallest seats that two quorums have in common', () => {
  // Of four seats two quorums of three share two; of seven, quorums of five share three; of three, all.
  expect(leastAnswering([40n, 10n, 30n, 20n])).toBe(30n);
  expect(leastAnswering([7n, 6n, 5n, 4n, 3n, 2n, 1n])).toBe(6n);
  expect(leastAnswering([3n, 2n, 1n])).toBe(6n);
  expect(leastAnswering([5n])).toBe(5n);
  expect(leastAnswering([])).toBe(0n);
});

test('a seat answers with what its cheapest fault costs: the lesser of its own terms and of the league’s', () => {
  expect(cheapestFault(1_000n, [500, 1_000, 700], [600, 2_000, 700])).toBe(50n);
  expect(cheapestFault(1_000n, [500, 1_000, 700], [600, 200, 700])).toBe(20n);
  expect(cheapestFault(1_000n, [10_000, 10_000, 10_000], [10_000, 10_000, 10_000])).toBe(1_000n);
  // As the hub has it, rounded down.
  expect(cheapestFault(199n, [100, 100, 100], [100, 100, 100])).toBe(1n);
});

test('ratios are short', () => {
  expect([0n, 25n, 100n, 9_999n, 1_234_567n].map(times)).toEqual(['<0.01 ×', '0.25 ×', '1.00 ×', '99.99 ×', '12,345 ×']);
});

test('an escrow lasts until what is left pays the time of notice', () => {
  const zone = (escrow: number, rentPerDay: number, noticeSeconds = 0): Zone => ({ escrow: `0x${escrow.toString(16)}`, rentPerDay: `0x${rentPerDay.toString(16)}`, noticeSeconds }) as unknown as Zone;
  const day = 86_400_000;
  expect(escrowLastsMs(zone(100, 10))).toBe(10 * day);
  expect(escrowLastsMs(zone(100, 10, 86_400))).toBe(9 * day);
  expect(escrowLastsMs(zone(5, 10, 86_400))).toBe(0);
  expect(escrowLastsMs(zone(100, 0))).toBeNull();
});

afterEach(() => void vi.unstubAllGlobals());

test('who serves which zone, of those that the hub tells of', async () => {
  let answers: Record<string, unknown> = { market: { result: { committee: [{ operator: 1 }, { operator: 3 }] } }, grid: { error: { code: -32_005, message: 'limit' } }, far: { result: null } };
  vi.stubGlobal('fetch', async (_: string, { body }: { body: string }) => ({ status: 200, json: async () => (JSON.parse(body) as { id: number; params: [string] }[]).map(({ id, params: [name] }) => ({ id, ...(answers[name] as object) })) }));
  const zones = ['market', 'grid', 'far'].map((name, index) => ({ id: index + 1, name }));
  expect(await serving(zones)).toEqual({ 1: [1, 3] });
  expect(await serving([])).toEqual({});
  // That nothing was told is not that nobody serves.
  answers = Object.fromEntries(zones.map(({ name }) => [name, answers.grid]));
  await expect(serving(zones)).rejects.toThrow('limit');
});
