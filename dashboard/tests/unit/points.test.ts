import { expect, test } from 'vitest';
import { nearest, towards } from '../../src/lib/points';

test('arrows go from point to point, page keys by ten, and none leaves the series', () => {
  expect(['ArrowLeft', 'ArrowDown', 'ArrowRight', 'ArrowUp'].map((key) => towards(key, 5, 30))).toEqual([4, 4, 6, 6]);
  expect(['PageDown', 'PageUp', 'Home', 'End'].map((key) => towards(key, 15, 30))).toEqual([5, 25, 0, 29]);
  expect([towards('ArrowLeft', 0, 30), towards('ArrowRight', 29, 30), towards('PageDown', 3, 30), towards('PageUp', 25, 30)]).toEqual([0, 29, 0, 29]);
});

test('other keys are the page’s, and a series without points has nowhere to go', () => {
  expect(['Tab', 'a', 'Enter', 'toString'].map((key) => towards(key, 5, 30))).toEqual([null, null, null, null]);
  expect(towards('Home', 0, 0)).toBeNull();
});

test('a point that has left the series is the oldest that is there', () => {
  expect(nearest([10, 11, 12], 11)).toBe(1);
  expect(nearest([10, 11, 12], 4)).toBe(0);
  expect(nearest([10, 11, 12], 99)).toBe(2);
});
