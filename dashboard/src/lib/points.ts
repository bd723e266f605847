// Which of the points of a series a key leads to.

/** Points that a page key passes. */
const PAGE = 10;

/** The index of the point that `key` leads to from `index`, of so many; null where the key is none of these. */
export function towards(key: string, index: number, points: number): number | null {
  const last = points - 1;
  const steps: Record<string, number> = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -PAGE, PageUp: PAGE, Home: -points, End: points };
  const by = Object.hasOwn(steps, key) ? steps[key] : undefined;
  return by === undefined || points === 0 ? null : Math.min(last, Math.max(0, index + by));
}

/** The point at `x`, or the first behind it where that is gone from the series; the last where none is. Ascending. */
export function nearest(xs: readonly number[], x: number): number {
  const found = xs.findIndex((of) => of >= x);
  return found < 0 ? xs.length - 1 : found;
}
