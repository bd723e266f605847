// Circles with their names, moved until none hides another.

/** What one takes up around its circle's middle. */
export interface Box {
  x: number;
  y: number;
  /** To each side. */
  half: number;
  up: number;
  down: number;
  /** Others make way for it. */
  fixed: boolean;
}

/** Between two boxes, and to the edges. */
export const GAP = 6;
/** From then on they move up and down only, where there is room for all. */
const ROUNDS_BOTH_WAYS = 60;
const ROUNDS = 400;

/** Moves boxes that overlap out of each other's way, inside of a width. How high it gets is theirs to say, so there is always room. */
export function apart(boxes: Box[], width: number): void {
  const place = boxes.map(({ x, y, half, up, down }) => ({ x, y: y + (down - up) / 2, half, tall: (up + down) / 2 }));
  const inside = (index: number): void => {
    const of = place[index];
    const box = boxes[index];
    if (of && box && !box.fixed) of.x = Math.min(width - of.half - GAP, Math.max(of.half + GAP, of.x));
  };
  for (let index = 0; index < boxes.length; index += 1) inside(index);
  for (let round = 0, moved = true; moved && round < ROUNDS; round += 1) {
    moved = false;
    for (let i = 0; i < place.length; i += 1) {
      for (let j = i + 1; j < place.length; j += 1) {
        const [one, other] = [place[i], place[j]];
        if (!one || !other) continue;
        const x = one.half + other.half + GAP - Math.abs(one.x - other.x);
        const y = one.tall + other.tall + GAP - Math.abs(one.y - other.y);
        // Less than this is nothing: fractions add up.
        if (x <= 0.01 || y <= 0.01) continue;
        moved = true;
        const [isFixed, isOtherFixed] = [boxes[i]?.fixed ?? false, boxes[j]?.fixed ?? false];
        const part = isFixed || isOtherFixed ? 1 : 0.5;
        if (x < y && round < ROUNDS_BOTH_WAYS) {
          const by = (one.x <= other.x ? x : -x) * part;
          if (!isFixed) one.x -= by;
          if (!isOtherFixed) other.x += by;
        } else {
          const by = (one.y <= other.y ? y : -y) * part;
          if (!isFixed) one.y -= by;
          if (!isOtherFixed) other.y += by;
        }
        inside(i);
        inside(j);
      }
    }
  }
  boxes.forEach((box, index) => {
    const of = place[index];
    if (!of || box.fixed) return;
    box.x = of.x;
    box.y = of.y - (box.down - box.up) / 2;
  });
}

/** Where on its line each text stands, as a part of it: in the middle, or beside that where another text or a box would lie on it. */
export function onLines(lines: { from: Point; to: Point; wide: number }[], boxes: Box[], tall: number): Point[] {
  const taken = boxes.map(({ x, y, half, up, down }) => ({ x, y: y + (down - up) / 2, half, tall: (up + down) / 2 }));
  return lines.map(({ from, to, wide }) => {
    const places = PARTS.map((part) => ({ x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }));
    const isFree = ({ x, y }: Point): boolean => taken.every((of) => Math.abs(of.x - x) >= of.half + wide / 2 || Math.abs(of.y - y) >= of.tall + tall / 2);
    const found = places.find(isFree) ?? (places[0] as Point);
    taken.push({ ...found, half: wide / 2, tall: tall / 2 });
    return found;
  });
}

interface Point {
  x: number;
  y: number;
}
const PARTS = [0.5, 0.42, 0.58, 0.34, 0.66];

/** About how wide a text is, px: signs of Chinese, Japanese and Korean are twice as wide as letters. */
export const textWidth = (text: string, perLetter: number): number => [...text].reduce((sum, letter) => sum + ((letter.codePointAt(0) ?? 0) >= 0x2e80 ? 2 : 1) * perLetter, 0);
