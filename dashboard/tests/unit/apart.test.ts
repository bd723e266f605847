import { expect, test } from 'vitest';
import { apart, type Box, GAP, onLines, textWidth } from '../../src/lib/apart';

const box = (x: number, y: number, more: Partial<Box> = {}): Box => ({ x, y, half: 40, up: 20, down: 40, fixed: false, ...more });

const overlaps = (boxes: Box[]): [number, number][] =>
  boxes.flatMap((one, i) =>
    boxes.slice(i + 1).flatMap((other, k): [number, number][] => {
      const x = Math.abs(one.x - other.x) < one.half + other.half;
      const y = one.y - one.up < other.y + other.down && other.y - other.up < one.y + one.down;
      return x && y ? [[i, i + 1 + k]] : [];
    }),
  );

test('boxes that lie on each other come apart, the fixed one stays, and none leaves the width', () => {
  for (const [width, count] of [[320, 6], [320, 24], [320, 48], [720, 48]] as const) {
    const hub = box(width / 2, 200, { half: 36, up: 36, down: 36, fixed: true });
    // All of them in a heap on the hub and beyond the edges.
    const boxes = [hub, ...Array.from({ length: count }, (_, index) => box(width * (((index * 7) % 10) / 10), 200 + ((index * 13) % 50), { half: 20 + ((index * 11) % 40), down: index % 2 ? 20 : 45 }))];
    expect(overlaps(boxes).length).toBeGreaterThan(3);
    apart(boxes, width);
    expect(overlaps(boxes), `${count} in ${width}`).toEqual([]);
    expect([hub.x, hub.y]).toEqual([width / 2, 200]);
    for (const { x, half, fixed } of boxes) if (!fixed) expect(x - half >= GAP - 0.1 && x + half <= width - GAP + 0.1).toBe(true);
  }
});

test('boxes with room stay where they are', () => {
  const boxes = [box(60, 100), box(250, 100), box(60, 300)];
  const before = structuredClone(boxes);
  apart(boxes, 320);
  expect(boxes).toEqual(before);
});

test('texts on lines that cross, or run past a box, stand beside each other', () => {
  const across = { from: { x: 0, y: 100 }, to: { x: 200, y: 100 }, wide: 40 };
  const down = { from: { x: 100, y: 0 }, to: { x: 100, y: 200 }, wide: 40 };
  expect(onLines([across, down], [], 12)).toEqual([{ x: 100, y: 100 }, { x: 100, y: 84 }]);
  // A name in the middle.
  expect(onLines([across], [box(100, 90, { half: 8 })], 12)).toEqual([{ x: 68, y: 100 }]);
  // Nowhere is free: in the middle all the same.
  expect(onLines([across], [box(100, 90, { half: 300 })], 12)).toEqual([{ x: 100, y: 100 }]);
});

test('wide signs count twice', () => {
  expect([textWidth('grid', 7), textWidth('港口', 7), textWidth('', 7)]).toEqual([28, 28, 0]);
});
