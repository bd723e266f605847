import { expect, test } from 'vitest';
import { LEAST_RADIUS, radii } from '../../src/lib/areas';

test('areas are in proportion, and nothing is too small to be seen', () => {
  expect(radii([100n, 400n, 225n], 40)).toEqual([20, 40, 30]);
  expect(radii([0n, 1n, 10n ** 30n], 40)).toEqual([LEAST_RADIUS, LEAST_RADIUS, 40]);
  expect(radii([0n], 40)).toEqual([LEAST_RADIUS]);
  expect(radii([], 40)).toEqual([]);
});
