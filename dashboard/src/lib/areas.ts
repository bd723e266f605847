// Circles whose areas compare amounts.

/** So small that it can still be seen and clicked. */
export const LEAST_RADIUS = 9;

/** The radii of circles with areas in proportion to these amounts, the largest `widest` wide; none is smaller than the least. */
export function radii(amounts: bigint[], widest: number): number[] {
  const most = amounts.reduce((sum, amount) => (amount > sum ? amount : sum), 1n);
  // Halves of a pixel, so that a picture stays as it is while amounts change by little.
  return amounts.map((amount) => Math.max(LEAST_RADIUS, Math.round(2 * widest * Math.sqrt(Number((amount * 1_000_000n) / most) / 1_000_000)) / 2));
}
