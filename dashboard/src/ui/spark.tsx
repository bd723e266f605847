// A line of some numbers in the place of a word: how something went. What it says is also said in words beside it.
const WIDTH = 60;
const HEIGHT = 14;

export function Spark({ of }: { of: number[] }) {
  if (of.length < 2) return null;
  const most = Math.max(...of, 1);
  const points = of.map((value, index) => `${((index / (of.length - 1)) * WIDTH).toFixed(1)},${(HEIGHT - 1 - (value / most) * (HEIGHT - 2)).toFixed(1)}`);
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden="true" className="-my-0.5 inline-block align-middle">
      <polyline points={points.join(' ')} fill="none" stroke="var(--accent)" strokeWidth="1.5" />
    </svg>
  );
}
