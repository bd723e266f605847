// The hub in the middle, zones and operators around it. Positions are computed once for each set of nodes, so nothing jumps.
import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY, type SimulationLinkDatum, type SimulationNodeDatum } from 'd3-force';
import { useMemo } from 'react';
import { big, count, ether } from '../lib/format';
import { isUp } from '../lib/health';
import { useOperators, usePeers, useStatus, useZones } from '../lib/league';
import { to } from '../lib/route';
import { HUB } from '../lib/rpc';
import { line } from '../lib/safe';
import type { Operator, Zone } from '../lib/types';
import { t } from '../strings';
import { Badge } from '../ui/basics';
import { Ether, Text } from '../ui/values';

const WIDTH = 720;
const HEIGHT = 380;
/** More than these are left to the list in words. */
const MAX_DRAWN = 24;
const TICKS = 240;

interface Node extends SimulationNodeDatum {
  id: string;
  kind: 'hub' | 'zone' | 'operator';
  label: string;
  radius: number;
  bad: boolean;
  href: string;
}
interface Link extends SimulationLinkDatum<Node> {
  kind: 'messages' | 'stake';
  weight: number;
}

function layout(operators: Operator[], zones: Zone[], down: Set<number>): { nodes: Node[]; links: Link[] } {
  const most = operators.reduce((sum, { stake }) => (big(stake) > sum ? big(stake) : sum), 1n);
  const area = (stake: bigint): number => 10 + 14 * Math.sqrt(Number((stake * 1000n) / most) / 1000);
  const hub: Node = { id: HUB, kind: 'hub', label: t.common.hub, radius: 34, bad: false, href: to('chains', HUB), fx: WIDTH / 2, fy: HEIGHT / 2 };
  const around = (index: number, all: number, distance: number): { x: number; y: number } => {
    const angle = (index / Math.max(1, all)) * 2 * Math.PI - Math.PI / 2;
    return { x: WIDTH / 2 + 1.5 * distance * Math.cos(angle), y: HEIGHT / 2 + distance * Math.sin(angle) };
  };
  const ofZones: Node[] = zones.slice(0, MAX_DRAWN).map((zone, index) => ({
    id: `zone:${zone.name}`,
    kind: 'zone',
    label: line(zone.name, 16),
    radius: 22,
    bad: zone.path === null || zone.phase === 'closing' || zone.phase === 'stopped',
    href: to('chains', zone.name),
    ...around(index, zones.length, 95),
  }));
  const ofOperators: Node[] = operators.slice(0, MAX_DRAWN).map((operator, index) => ({
    id: `operator:${operator.id}`,
    kind: 'operator',
    label: line(operator.name, 16),
    radius: area(big(operator.stake)),
    bad: down.has(operator.id) || operator.bar !== 'none',
    href: to('stake'),
    ...around(index + 0.5, operators.length, 165),
  }));
  const nodes = [hub, ...ofZones, ...ofOperators];
  const links: Link[] = [
    ...ofZones.map((node, index): Link => ({ source: node.id, target: HUB, kind: 'messages', weight: (zones[index]?.sent ?? 0) + (zones[index]?.delivered ?? 0) })),
    ...ofOperators.filter((_, index) => operators[index]?.seat).map((node): Link => ({ source: node.id, target: HUB, kind: 'stake', weight: 1 })),
  ];
  const simulation = forceSimulation(nodes)
    .force('link', forceLink<Node, Link>(links).id(({ id }) => id).distance(({ kind }) => (kind === 'messages' ? 100 : 165)).strength(0.4))
    .force('charge', forceManyBody().strength(-260))
    .force('collide', forceCollide<Node>(({ radius }) => radius + 18))
    .force('x', forceX(WIDTH / 2).strength(0.03))
    .force('y', forceY(HEIGHT / 2).strength(0.14))
    .stop();
  simulation.tick(TICKS);
  for (const node of nodes) {
    node.x = Math.min(WIDTH - node.radius - 40, Math.max(node.radius + 40, node.x ?? 0));
    node.y = Math.min(HEIGHT - node.radius - 22, Math.max(node.radius + 6, node.y ?? 0));
  }
  return { nodes, links };
}

const fill = { hub: 'var(--accent)', zone: 'var(--accent-soft)', operator: 'var(--good-soft)' };
const stroke = { hub: 'var(--accent)', zone: 'var(--accent)', operator: 'var(--good)' };

export default function Topology() {
  const operators = useOperators().data?.operators;
  const zones = useZones().data;
  const peers = usePeers().data;
  const status = useStatus().data;
  const serving = useMemo(() => (operators ?? []).filter(({ exited, seat }) => !exited || seat), [operators]);
  const down = serving.filter((operator) => peers && status && !isUp(operator, status, peers)).map(({ id }) => id);
  // Only what is drawn decides where it is drawn.
  const key = JSON.stringify([serving.map(({ id, stake, seat, bar }) => [id, stake, seat, bar]), zones?.map(({ name, phase, path, sent, delivered }) => [name, phase, path, sent, delivered]), down]);
  const drawn = useMemo(() => layout(serving, zones ?? [], new Set(down)), [key]);
  if (!operators || !zones) return null;
  const place = (of: Link['source']): Node => of as Node;
  const edges = drawn.nodes.map(({ y, radius, kind }) => [(y ?? 0) - radius, (y ?? 0) + radius + (kind === 'operator' ? 20 : 0)] as const);
  const [top, bottom] = [Math.min(...edges.map(([least]) => least)) - 6, Math.max(...edges.map(([, most]) => most)) + 6];
  return (
    <>
      <svg viewBox={`0 ${top} ${WIDTH} ${bottom - top}`} aria-hidden="true" className="mx-auto w-full max-w-[46rem]">
        {drawn.links.map((link, index) => (
          <line
            key={index}
            x1={place(link.source).x}
            y1={place(link.source).y}
            x2={place(link.target).x}
            y2={place(link.target).y}
            stroke={link.kind === 'messages' ? 'var(--accent)' : 'var(--line)'}
            strokeWidth={link.kind === 'messages' ? 1.5 + Math.min(6, Math.log2(1 + link.weight)) : 1.5}
            strokeDasharray={link.kind === 'stake' ? '4 4' : undefined}
          />
        ))}
        {drawn.nodes.map((node) => (
          <a key={node.id} href={node.href} tabIndex={-1}>
            <circle cx={node.x} cy={node.y} r={node.radius} fill={node.bad ? 'var(--bad-soft)' : fill[node.kind]} stroke={node.bad ? 'var(--bad)' : stroke[node.kind]} strokeWidth={2} strokeDasharray={node.bad ? '5 3' : undefined} />
            {node.kind === 'operator' ? (
              <text x={node.x} y={(node.y ?? 0) + node.radius + 14} textAnchor="middle" fontSize="12" fill={node.bad ? 'var(--bad)' : 'var(--text)'}>
                {node.label}
              </text>
            ) : (
              <text x={node.x} y={(node.y ?? 0) + 4} textAnchor="middle" fontSize={node.kind === 'hub' ? 15 : 12} fontWeight="600" fill={node.kind === 'hub' ? 'var(--on-accent)' : 'var(--text)'}>
                {node.label}
              </text>
            )}
          </a>
        ))}
      </svg>
      <ul className="mt-2 grid gap-x-6 gap-y-0.5 text-sm sm:grid-cols-2">
        {serving.map((operator) => (
          <li key={operator.id} className="flex flex-wrap items-center gap-1.5">
            <span aria-hidden="true" className={down.includes(operator.id) ? 'text-bad' : 'text-good'}>
              ●
            </span>
            <a href={to('stake')}>
              <Text of={operator.name} most={40} />
            </a>
            <Ether of={big(operator.stake)} />
            {down.includes(operator.id) ? <Badge tone="bad">{t.node.down}</Badge> : <span className="text-muted">{operator.seat ? t.league.seat : t.league.noSeat}</span>}
          </li>
        ))}
        {zones.map((zone) => (
          <li key={zone.id} className="flex flex-wrap items-center gap-1.5">
            <span aria-hidden="true" className={zone.path === null || zone.phase !== 'active' ? 'text-warn' : 'text-accent'}>
              ◆
            </span>
            <a href={to('chains', zone.name)}>
              <Text of={zone.name} most={40} />
            </a>
            <span title={t.league.messages(count(zone.sent), count(zone.delivered))}>{ether(big(zone.locked), 2)} ETH</span>
            {zone.phase === 'active' ? <span className="text-muted">{t.league.messages(count(zone.sent), count(zone.delivered))}</span> : <Badge tone="warn">{zone.phase}</Badge>}
          </li>
        ))}
      </ul>
    </>
  );
}
