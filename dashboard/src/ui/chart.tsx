// A time series. The library is loaded with the first chart; sizes and colours come from the page.
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import { dateTime } from '../lib/format';
import { nearest, towards } from '../lib/points';
import { t } from '../strings';
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
  /** The index that the mouse points at. */
  const [pointed, setPointed] = useState<number | null>(null);
  /** Where on the x axis the keyboard is: it stays there while newer points come. */
  const [kept, setKept] = useState<number | null>(null);
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
  useEffect(() => {
    const x = kept === null ? undefined : xs[nearest(xs, kept)];
    if (x !== undefined) plot.current?.setCursor({ left: plot.current.valToPos(x, 'x'), top: 0 });
  }, [kept, xs]);
  const says = (value: number | null | undefined): string => (value === null || value === undefined ? '–' : unit(value));
  // What the keyboard or the mouse points at, or else the newest.
  const index = kept !== null ? nearest(xs, kept) : pointed !== null && pointed < xs.length ? pointed : xs.length - 1;
  const x = xs[index];
  const when = x === undefined ? null : at(x);
  const press = (event: KeyboardEvent): void => {
    const to = event.altKey || event.ctrlKey || event.metaKey ? null : towards(event.key, index, xs.length);
    if (to === null) return;
    event.preventDefault();
    setKept(xs[to] ?? null);
  };
  const leave = (): void => {
    setKept(null);
    plot.current?.setCursor({ left: -10, top: -10 });
  };
  return (
    <>
      <p className="flex flex-wrap items-baseline gap-x-2 text-xs text-muted" aria-hidden="true">
        <strong className="text-ink">{says(ys[index])}</strong> {x !== undefined && name?.(x)} {when !== null && <Time ms={when} />}
      </p>
      {/* A slider is what can be moved along by keys and says where it is; the line above says the same to the eye. */}
      <div
        ref={box}
        role="slider"
        tabIndex={0}
        aria-roledescription={t.common.chart}
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, xs.length - 1)}
        aria-valuenow={Math.max(0, index)}
        aria-valuetext={[says(ys[index]), x !== undefined && name?.(x), when !== null && dateTime(when)].filter(Boolean).join(', ')}
        onKeyDown={press}
        onFocus={() => setKept(x ?? null)}
        onBlur={leave}
        onMouseMove={() => setKept(null)}
        className="h-[130px] w-full"
      />
    </>
  );
}
