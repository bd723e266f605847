// The neighbourhood of an object, or how those of a list are connected. Positions are computed once for each set of nodes; a list says the
// same in words.
import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY, type SimulationNodeDatum } from 'd3-force';
import { useMemo } from 'react';
import { apart, type Box, onLines, textWidth } from '../../lib/apart';
import type { Graph, GraphNode } from '../../lib/graph';
import { to } from '../../lib/route';
import { line } from '../../lib/safe';
import { t } from '../../strings';
import { Text } from '../../ui/values';
import { useWidth } from '../../ui/width';

/** Letters keep their size, so the picture is as wide as its place, between these. */
const [NARROWEST, WIDEST] = [300, 832];
/** Narrower than this, names are short and lines have none. */
const NARROW = 520;
const HEIGHT = 420;
/** For many nodes, which are closer to each other and have no names. */
const TALL = 620;
const MANY = 40;
/** Few enough that names lie beside each other. */
const FEW = 14;
const TICKS = 260;
/** More labels would lie over each other. */
const MAX_LABELS = 14;

/** Radii: of the one that all lies around, of others, and of those without names. */
const [FIRST, OTHER, TINY] = [11, 8, 5];
/** A name stands below its circle, and takes so much with it, px; so wide is a letter. */
const [BELOW, LETTER] = [27, 6];
/** Of the text on a line, px. */
const LABEL_HEIGHT = 13;
/** Of many, from the edges. */
const EDGE = 14;
/** Names stand on lines. */
const halo = { stroke: 'var(--panel)', strokeWidth: 4, strokeLinejoin: 'round', paintOrder: 'stroke' } as const;

const name = (title: string, isNarrow: boolean): string => line(title, isNarrow ? 12 : 22);

type Placed = GraphNode & SimulationNodeDatum;

interface Drawn {
  nodes: Placed[];
  /** `at`: where its label stands, if it has one. */
  links: { from: Placed; to: Placed; label: string; at?: { x: number; y: number } }[];
  top: number;
  height: number;
}

function place(graph: Graph, width: number): Drawn {
  const isMany = graph.nodes.length > MANY;
  const isFew = graph.nodes.length <= FEW;
  const height = isMany ? TALL : HEIGHT;
  const isNarrow = width < NARROW;
  const stretch = width / 720;
  // A spiral has room for any number.
  const far = (node: GraphNode, index: number): number => (isMany ? 12 * Math.sqrt(index) : 100 * node.distance);
  const nodes: Placed[] = graph.nodes.map((node, index) => ({
    ...node,
    ...(node.distance === 0 ? { fx: width / 2, fy: height / 2 } : { x: width / 2 + 1.2 * stretch * far(node, index) * Math.cos(index * 2.4), y: height / 2 + 0.8 * far(node, index) * Math.sin(index * 2.4) }),
  }));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const links = graph.links.flatMap(({ from, to: target, label }) => {
    const [a, b] = [byId.get(from), byId.get(target)];
    return a && b ? [{ from: a, to: b, label }] : [];
  });
  const simulation = forceSimulation(nodes)
    .force('link', forceLink<Placed, { source: Placed; target: Placed }>(links.map(({ from, to: target }) => ({ source: from, target }))).distance(isMany ? 40 : isNarrow ? (isFew ? 105 : 70) : isFew ? 140 : 90))
    .force('charge', forceManyBody().strength(isMany ? -60 : isNarrow ? -160 : -320))
    .force('collide', forceCollide(isMany ? (isNarrow ? 6 : 10) : isNarrow ? (isFew ? 42 : 30) : isFew ? 55 : 34))
    .force('x', forceX(width / 2).strength(isMany ? 0.09 : 0.04))
    .force('y', forceY(height / 2).strength(isMany ? 0.12 : 0.08))
    .stop();
  simulation.tick(TICKS);
  let boxes: Box[] = [];
  if (isMany) {
    for (const node of nodes) {
      node.x = Math.min(width - EDGE, Math.max(EDGE, node.x ?? 0));
      node.y = Math.min(height - EDGE, Math.max(EDGE, node.y ?? 0));
    }
  } else {
    boxes = nodes.map(({ x = 0, y = 0, distance, title }): Box => ({ x, y, half: Math.max(FIRST, textWidth(name(title, isNarrow), LETTER) / 2), up: FIRST, down: BELOW, fixed: distance === 0 }));
    apart(boxes, width);
    boxes.forEach(({ x, y }, index) => Object.assign(nodes[index] as Placed, { x, y }));
  }
  const isLabelled = !isNarrow && links.length <= MAX_LABELS;
  const point = ({ x = 0, y = 0 }: Placed) => ({ x, y });
  const labels = isLabelled ? onLines(links.map(({ from, to: target, label }) => ({ from: point(from), to: point(target), wide: textWidth(line(label, 24), LETTER) })), boxes, LABEL_HEIGHT) : [];
  // What is empty above and below is not shown.
  const [top, bottom] = [Math.min(...nodes.map(({ y }) => y ?? 0)) - 20, Math.max(...nodes.map(({ y }) => y ?? 0)) + 34];
  return { nodes, links: links.map((link, index) => ({ ...link, ...(labels[index] ? { at: labels[index] } : {}) })), top, height: bottom - top };
}

export default function ObjectGraph({ of }: { of: Graph }) {
  const key = JSON.stringify([of.nodes.map(({ id }) => id), of.links]);
  const [box, room] = useWidth<HTMLDivElement>();
  const width = Math.min(WIDEST, Math.max(NARROWEST, room ?? WIDEST));
  const drawn = useMemo(() => place(of, width), [key, width]);
  const isNarrow = width < NARROW;
  const isMany = drawn.nodes.length > MANY;
  const centred = of.nodes.some(({ distance }) => distance === 0);
  return (
    <>
      <div ref={box}>
        <svg viewBox={`0 ${drawn.top} ${width} ${drawn.height}`} aria-hidden="true" className="mx-auto w-full max-w-[52rem]">
          {drawn.links.map(({ from, to: target, label, at }, index) => (
            <g key={index}>
              <line x1={from.x} y1={from.y} x2={target.x} y2={target.y} stroke="var(--muted)" strokeOpacity={0.5} strokeWidth={1.5} />
              {at && <text x={at.x} y={at.y + 3} textAnchor="middle" fontSize="10" fill="var(--muted)" {...halo}>
                {line(label, 24)}
              </text>}
            </g>
          ))}
          {drawn.nodes.map((node) => (
            <a key={node.id} href={to('exchange', 'object', node.id)} tabIndex={-1}>
              <title>{`${line(node.type, 30)}: ${line(node.title, 80)}`}</title>
              <circle cx={node.x} cy={node.y} r={node.distance === 0 ? FIRST : isMany ? TINY : OTHER} fill={node.distance === 0 ? 'var(--accent)' : node.isKnown ? 'var(--accent-soft)' : 'var(--raised)'} stroke="var(--accent)" strokeWidth={1.5} strokeDasharray={node.isKnown ? undefined : '3 2'} />
              {!isMany && (
                <text x={node.x} y={(node.y ?? 0) + 22} textAnchor="middle" fontSize="11" fill="var(--text)" {...halo}>
                  {name(node.title, isNarrow)}
                </text>
              )}
            </a>
          ))}
        </svg>
      </div>
      {centred ? <Around of={of} /> : <Connections of={of} />}
    </>
  );
}

function Around({ of }: { of: Graph }) {
  return (
    <>
      <ul className="mt-2 grid gap-x-6 text-sm sm:grid-cols-2">
        {of.nodes
          .filter(({ distance }) => distance > 0)
          .map((node) => (
            <li key={node.id} className="min-w-0 truncate">
              <span className="text-muted">{line(node.type, 30)}</span>{' '}
              <a href={to('exchange', 'object', node.id)}>
                <Text of={node.title} most={60} />
              </a>{' '}
              {!node.isKnown && <span className="text-muted">{t.exchange.notHere}</span>}
            </li>
          ))}
      </ul>
      {of.cut && <p className="mt-1 text-muted">{t.exchange.graphCut}</p>}
    </>
  );
}

/** What points at what, in words. */
function Connections({ of }: { of: Graph }) {
  const byId = new Map(of.nodes.map((node) => [node.id, node]));
  const link = (id: string) => (
    <a href={to('exchange', 'object', id)}>
      <Text of={byId.get(id)?.title ?? id} most={60} />
    </a>
  );
  return (
    <ul className="mt-2 grid max-h-72 gap-x-6 overflow-auto text-sm sm:grid-cols-2" tabIndex={0} aria-label={t.exchange.listGraph}>
      {of.links.map(({ from, to: target, label }) => (
        <li key={`${from} ${target} ${label}`} className="min-w-0 truncate">
          {link(from)} <span className="text-muted">{line(label, 30)}</span> {link(target)}
        </li>
      ))}
    </ul>
  );
}
