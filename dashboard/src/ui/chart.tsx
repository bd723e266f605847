// A time series. The library is loaded with the first chart; sizes and colours come from the page.
import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import { Time } from './values';

interface Props {
  label: string;
  xs: number[];
  ys: (number | null)[];
  /** What is written at the axis. */
  unit: (value: number) => string;
  xUnit: (value: number) => string;
  /** What a place on the x axis is, where it is no time. */
  name?: (x: number) => string;
  /** When it was, ms; null where that is not known. */
  at: (x: number) => number | null;
}

const HEIGHT = 130;
/** Between two labels of the x axis: whole blocks. */
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

export default function Chart({ label, xs, ys, unit, xUnit, name, at }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const written = useRef({ unit, xUnit });
  written.current = { unit, xUnit };
  const [pointed, setPointed] = useState<number | null>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const colour = (name: string): string => getComputedStyle(element).getPropertyValue(name);
    const axis = { stroke: () => colour('--muted'), grid: { stroke: () => colour('--line'), width: 1 }, ticks: { show: false }, font: '11px system-ui' };
    const made = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { y: false },
        hooks: { setCursor: [({ cursor: { idx } }) => setPointed(idx ?? null)] },
        scales: { x: { time: false }, y: { range: (_, least, most) => [Math.min(0, least ?? 0), (most ?? 1) * 1.1 || 1] } },
        axes: [
          { ...axis, size: 26, incrs: STEPS, values: (_, values) => values.map((value) => written.current.xUnit(value)) },
          { ...axis, size: 84, values: (_, values) => values.map((value) => written.current.unit(value)) },
        ],
        series: [{}, { stroke: () => colour('--accent'), fill: () => colour('--accent-soft'), width: 1.5, points: { show: false } }],
      },
      [xs, ys] as uPlot.AlignedData,
      element,
    );
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    const themed = new MutationObserver(() => made.redraw());
    themed.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => {
      resized.disconnect();
      themed.disconnect();
      made.destroy();
      plot.current = null;
    };
    // Made once; data come below.
  }, []);
  useEffect(() => {
    plot.current?.setData([xs, ys] as uPlot.AlignedData);
  }, [xs, ys]);
  const says = (value: number | null | undefined): string => (value === null || value === undefined ? '–' : unit(value));
  // What the cursor points at, or else the newest.
  const index = pointed !== null && pointed < xs.length ? pointed : xs.length - 1;
  const x = xs[index];
  const when = x === undefined ? null : at(x);
  return (
    <>
      <p className="flex flex-wrap items-baseline gap-x-2 text-xs text-muted" aria-hidden="true">
        <strong className="text-ink">{says(ys[index])}</strong> {x !== undefined && name?.(x)} {when !== null && <Time ms={when} />}
      </p>
      <div ref={box} role="img" aria-label={`${label}: ${says(ys.at(-1))}`} className="h-[130px] w-full" />
    </>
  );
}
