import { expect, test } from 'vitest';
import { firstNumber, follows } from '../../src/lib/obeys';

test('the first number is found in few steps, also at the ends', async () => {
  for (const [low, high] of [[1, 1], [1, 1_000], [7, 8]] as const) {
    for (const wanted of [low, high, high + 1, Math.floor((low + high) / 2)]) {
      let asked = 0;
      expect(await firstNumber(low, high, async (number) => ((asked += 1), number >= wanted))).toBe(wanted);
      expect(asked).toBeLessThanOrEqual(11);
    }
  }
});

test('a full directive after a provisional one is told by its later end, and an end by its being gone', () => {
  const [provisional, full] = [{ alertId: 3n, until: 600n }, { alertId: 3n, until: 9_000n }];
  const other = { alertId: 4n, until: 99_000n };
  expect(follows(3n, { kind: 'provisional' }, undefined)([other])).toBe(false);
  expect(follows(3n, { kind: 'provisional' }, undefined)([other, provisional])).toBe(true);
  expect(follows(3n, { kind: 'issued' }, provisional)([provisional])).toBe(false);
  expect(follows(3n, { kind: 'issued' }, provisional)([other, full])).toBe(true);
  expect(follows(3n, { kind: 'ended' }, full)([full])).toBe(false);
  expect(follows(3n, { kind: 'ended' }, full)([other])).toBe(true);
});
