import { expect, test } from 'vitest';
import { holding, MOST_TARGETS, openTargets } from '../../src/lib/directives';
import type { Hex } from '../../src/lib/types';

const target = (number: number): Hex => `0x${number.toString(16).padStart(40, '0')}`;

test('a chain is asked about each target of the alerts that are open once, and about so many at most', () => {
  const [pending, accepted, expired] = [1, 2, 5];
  const shouted = target(0xab).replace('ab', 'AB') as Hex;
  expect(openTargets([{ status: pending, targets: [target(1), target(0xab)] }, { status: accepted, targets: [shouted] }, { status: expired, targets: [target(9)] }])).toEqual({ targets: [target(1), target(0xab)], left: 0 });
  const many = Array.from({ length: MOST_TARGETS + 1 }, (_, index) => target(index));
  expect(openTargets([{ status: accepted, targets: many.slice(0, MOST_TARGETS) }]).left).toBe(0);
  const cut = openTargets([{ status: accepted, targets: many }]);
  expect([cut.targets.length, cut.left]).toEqual([MOST_TARGETS, 1]);
});

test('a directive holds until its time', () => {
  const of = [{ alertId: 1n, until: 100n }, { alertId: 2n, until: 101n }];
  expect(holding(of, 99)).toHaveLength(2);
  expect(holding(of, 100).map(({ alertId }) => alertId)).toEqual([2n]);
  expect(holding(of, 101)).toHaveLength(0);
});
