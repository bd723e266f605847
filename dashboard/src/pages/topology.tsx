// The hub in the middle, zones and operators around it. Positions are computed once for each set of nodes, so nothing jumps.
import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY, type SimulationLinkDatum, type SimulationNodeDatum } from 'd3-force';
import { type ReactNode, useMemo, useSyncExternalStore } from 'react';
import { apart, type Box, textWidth } from '../lib/apart';
import { radii } from '../lib/areas';
import { big, count, duration, ether, num } from '../lib/format';
import { isHalted } from '../lib/halted';
import { hubHeartbeatMs, isMute, isUp, standing, stands } from '../lib/health';
import { useKnownAt, useOperators, usePeers, useStatus, useZoneHeads, useZones } from '../lib/league';
import { to } from '../lib/route';
import { type Chain, HUB } from '../lib/rpc';
import { line, quoted } from '../lib/safe';
import { useServing } from '../lib/security';
import { useStream } from '../lib/stream';
import { type Moved, perMinute, useBusy, useMoved } from '../lib/traffic';
import type { Operator, Zone } from '../lib/types';
import { t } from '../strings';
import { Badge } from '../ui/basics';
import { Chosen, Ether, Text } from '../ui/values';

interface Size {
  width: number;
  height: number;
}
const WIDE: Size = { width: 720, height: 380 };
/** About as wide as there is room on a small screen, so that letters keep their size. */
const NARROW: Size = { width: 320, height: 400 };
const narrow = matchMedia('(max-width: 40rem)');
const useSize = (): Size =>
  useSyncExternalStore(
    (changed) => {
      narrow.addEventListener('change', changed);
      return () => narrow.removeEventListener('change', changed);
    },
    () => (narrow.matches ? NARROW : WIDE),
  );
/** More than these are left to the list in words. */
const MAX_DRAWN = 24;
/** More lines to zones than these would hide each other. */
const MAX_SERVING = 48;
/** Zones that are named at each operator. */
const MOST_NAMED = 4;
const TICKS = 240;
/** The widest circle of each kind. */
const WIDEST = { operator: 24, zone: 36 };
/** Of the letters of names, px. */
const LETTER = { operator: 6.6, zone: 7.6 };
/** Of a name's line, and of the one below it that tells of traffic; how wide that is. */
const [NAME_HEIGHT, TRAFFIC_HEIGHT, TRAFFIC_WIDTH] = [18, 13, 60];

interface Node extends SimulationNodeDatum {
  id: string;
  kind: 'hub' | 'zone' | 'operator';
  label: string;
  radius: number;
  bad: boolean;
  href: string;
  /** Its name stands below it and takes so much, px; 0 for one that stands inside. */
  below: number;
  /** How wide that is. */
  wide: number;
  /** Where this node runs it. */
  chain?: Chain;
}
interface Link extends SimulationLinkDatum<Node> {
  kind: 'messages' | 'stake';
  /** Of a line to a zone. */
  zoneId?: number;
}

interface Radii {
  operators: number[];
  zones: number[];
}

function layout(operators: Operator[], zones: Zone[], of: Radii, down: Set<number>, ill: Set<number>, hubStands: boolean, { width, height }: Size): { nodes: Node[]; links: Link[] } {
  const hub: Node = { id: HUB, kind: 'hub', label: t.common.hub, radius: 36, below: 0, wide: 0, bad: hubStands, href: to('chains', HUB), chain: HUB, fx: width / 2, fy: height / 2 };
  const stretch = Math.min(1.5, (width / 2 - 60) / 165);
  const around = (index: number, all: number, distance: number): { x: number; y: number } => {
    const angle = (index / Math.max(1, all)) * 2 * Math.PI - Math.PI / 2;
    return { x: width / 2 + stretch * distance * Math.cos(angle), y: height / 2 + distance * Math.sin(angle) };
  };
  const ofZones: Node[] = zones.slice(0, MAX_DRAWN).map((zone, index) => ({
    id: `zone:${zone.name}`,
    kind: 'zone',
    ...named(line(zone.name, 16), of.zones[index] ?? 0, zone.path !== null),
    bad: ill.has(zone.id) || (zone.path === null && zone.serves) || zone.phase === 'closing' || zone.phase === 'stopped',
    href: to('chains', zone.name),
    ...(zone.path === null ? {} : { chain: zone.name }),
    ...around(index, zones.length, 95),
  }));
  const ofOperators: Node[] = operators.slice(0, MAX_DRAWN).map((operator, index) => ({
    id: `operator:${operator.id}`,
    kind: 'operator',
    label: quoted(operator.name, 16),
    radius: of.operators[index] ?? 0,
    below: NAME_HEIGHT,
    wide: textWidth(quoted(operator.name, 16), LETTER.operator),
    bad: down.has(operator.id) || operator.bar !== 'none',
    href: to('stake', 'operator', operator.id),
    ...around(index + 0.5, operators.length, 165),
  }));
  const nodes = [hub, ...ofZones, ...ofOperators];
  const links: Link[] = [
    ...ofZones.map((node, index): Link => ({ source: node.id, target: HUB, kind: 'messages', zoneId: zones[index]?.id ?? 0 })),
    ...ofOperators.filter((_, index) => operators[index]?.seat).map((node): Link => ({ source: node.id, target: HUB, kind: 'stake' })),
  ];
  const simulation = forceSimulation(nodes)
    .force('link', forceLink<Node, Link>(links).id(({ id }) => id).distance(({ kind }) => (kind === 'messages' ? 110 : Math.min(165, width / 2 - 50))).strength(0.4))
    .force('charge', forceManyBody().strength(-260))
    .force('collide', forceCollide<Node>(({ radius, below }) => radius + Math.max(18, below - 4)))
    .force('x', forceX(width / 2).strength(width > height ? 0.03 : 0.1))
    .force('y', forceY(height / 2).strength(width > height ? 0.14 : 0.06))
    .stop();
  simulation.tick(TICKS);
  const boxes = nodes.map(({ x = 0, y = 0, kind, radius, below, wide }): Box => ({ x, y, half: Math.max(radius, wide / 2), up: radius, down: radius + below, fixed: kind === 'hub' }));
  apart(boxes, width);
  boxes.forEach(({ x, y }, index) => Object.assign(nodes[index] as Node, { x, y }));
  return { nodes, links };
}

/** Where a zone's name stands: inside its circle where it fits. */
function named(label: string, radius: number, hasTraffic: boolean): Pick<Node, 'label' | 'radius' | 'below' | 'wide'> {
  const wide = Math.max(textWidth(label, LETTER.zone), hasTraffic ? TRAFFIC_WIDTH : 0);
  return wide + 8 <= 2 * radius ? { label, radius, below: 0, wide: 0 } : { label, radius, below: NAME_HEIGHT + (hasTraffic ? TRAFFIC_HEIGHT : 0), wide };
}

/** Where the number of a line stands: in the middle of what is seen of it. */
function middle(from: Node, into: Node): { x: number; y: number } {
  const [x, y] = [(into.x ?? 0) - (from.x ?? 0), (into.y ?? 0) - (from.y ?? 0)];
  const length = Math.max(1, Math.hypot(x, y));
  const part = (from.radius + Math.max(0, length - from.radius - into.radius) / 2) / length;
  return { x: (from.x ?? 0) + x * part, y: (from.y ?? 0) + y * part };
}

/** Thicker where more messages went lately. */
const width = (messages: number): number => 1.5 + Math.min(6, 1.5 * Math.log2(1 + messages));
const sum = (of: Moved | undefined): number => (of ? of.into + of.from : 0);

/** Transactions per minute of a chain. Its stream is open while the picture is there, so that the number keeps up. */
function Traffic({ chain, x, y, on, isOnLines }: { chain: Chain; x: number; y: number; on: string; isOnLines: boolean }) {
  useStream(chain);
  const busy = useBusy(chain);
  return busy ? (
    <text x={x} y={y} textAnchor="middle" fontSize="11" fill={on} {...(isOnLines ? halo : {})}>
      {perMinute(busy)} {t.league.perMinute}
    </text>
  ) : null;
}

function TrafficInWords({ chain, of }: { chain: Chain; of: Moved | null }) {
  const busy = useBusy(chain);
  return (
    <span className="text-muted">
      {busy && t.league.transactionsLately(perMinute(busy))}
      {of && `, ${t.league.messagesLately(count(of.into), count(of.from))}`}
    </span>
  );
}

/** Which zones an operator serves; more than a few are counted. */
function Served({ zones }: { zones: Zone[] }) {
  return <span className="text-muted">{zones.length === 0 ? t.league.servesNone : t.league.serves(zones.length > MOST_NAMED ? t.league.someZones(count(zones.length)) : zones.map(({ name }) => line(name, 24)).join(', '))}</span>;
}

/** A line of the list in words; what does not fit on it goes on below its beginning, not below its mark. */
function Entry({ mark, tone, children }: { mark: string; tone: string; children: ReactNode }) {
  return (
    <li className="flex items-baseline gap-x-1.5">
      <span aria-hidden="true" className={tone}>
        {mark}
      </span>
      <span className="flex min-w-0 flex-wrap items-baseline gap-x-1.5">{children}</span>
    </li>
  );
}

/** Names stand on lines. */
const halo = { stroke: 'var(--panel)', strokeWidth: 4, strokeLinejoin: 'round', paintOrder: 'stroke' } as const;
const fill = { hub: 'var(--accent)', zone: 'var(--accent-soft)', operator: 'var(--good-soft)' };
const stroke = { hub: 'var(--accent)', zone: 'var(--accent)', operator: 'var(--good)' };

export default function Topology() {
  const operators = useOperators().data?.operators;
  const zones = useZones().data;
  const peers = usePeers().data;
  const status = useStatus().data;
  const moved = useMoved(zones).data;
  const serves = useServing(zones).data;
  const serving = useMemo(() => (operators ?? []).filter(({ exited, seat }) => !exited || seat), [operators]);
  const down = serving.filter((operator) => peers && status && !isUp(operator, status, peers)).map(({ id }) => id);
  const heads = useZoneHeads(zones);
  const now = useKnownAt();
  const { head } = useStream(HUB);
  const hubAge = head ? now - num(head.timestampMs) : 0;
  const hubStands = head !== null && stands(now, num(head.timestampMs), hubHeartbeatMs(status));
  const still = new Map((zones ?? []).map((zone) => [zone.id, standing(zone, heads ?? [], now)]));
  const standingIds = (zones ?? []).map(({ id }) => id).filter((id) => (still.get(id) ?? null) !== null);
  const mute = (zones ?? []).filter((zone) => isMute(zone, heads ?? [])).map(({ id }) => id);
  const contradicted = (zones ?? []).filter(({ contradiction }) => contradiction).map(({ id }) => id);
  const ill = [...standingIds, ...mute, ...contradicted];
  const sizes: Radii = { operators: radii(serving.map(({ stake }) => big(stake)), WIDEST.operator), zones: radii((zones ?? []).map(({ locked }) => big(locked)), WIDEST.zone) };
  // Only what is drawn decides where it is drawn.
  const key = JSON.stringify([serving.map(({ id, seat, bar }) => [id, seat, bar]), zones?.map(({ name, phase, path }) => [name, phase, path]), sizes, down, ill, hubStands]);
  const size = useSize();
  const drawn = useMemo(() => layout(serving, zones ?? [], sizes, new Set(down), new Set(ill), hubStands, size), [key, size]);
  if (!operators || !zones) return null;
  const place = (of: Link['source']): Node => of as Node;
  const edges = drawn.nodes.map(({ y, radius, below }) => [(y ?? 0) - radius, (y ?? 0) + radius + below] as const);
  const at = new Map(drawn.nodes.map((node) => [node.id, node]));
  const dotted = serving.flatMap((operator) =>
    zones.flatMap((zone) => {
      const [from, into] = [at.get(`operator:${operator.id}`), at.get(`zone:${zone.name}`)];
      return from && into && serves?.[zone.id]?.includes(operator.id) ? [{ operator, zone, from, into }] : [];
    }),
  );
  const areMany = dotted.length > MAX_SERVING;
  const [top, bottom] = [Math.min(...edges.map(([least]) => least)) - 6, Math.max(...edges.map(([, most]) => most)) + 6];
  return (
    <>
      <svg viewBox={`0 ${top} ${size.width} ${bottom - top}`} aria-hidden="true" className="mx-auto w-full max-w-[46rem]">
        {!areMany &&
          dotted.map(({ operator, zone, from, into }) => (
            <line key={`${operator.id}:${zone.id}`} x1={from.x} y1={from.y} x2={into.x} y2={into.y} stroke={from.bad ? 'var(--bad)' : 'var(--muted)'} strokeWidth={2} strokeLinecap="round" strokeDasharray="0.1 6" data-serves={zone.name}>
              <title>{t.league.servesLine(quoted(operator.name, 40), line(zone.name, 40))}</title>
            </line>
          ))}
        {drawn.links.map((link, index) => {
          const [from, into] = [place(link.source), place(link.target)];
          const messages = sum(moved?.get(link.zoneId ?? -1));
          const number = middle(from, into);
          return (
            <g key={index}>
              <line
                x1={from.x}
                y1={from.y}
                x2={into.x}
                y2={into.y}
                stroke={link.kind === 'messages' ? 'var(--accent)' : 'var(--muted)'}
                strokeWidth={link.kind === 'messages' ? width(messages) : 1}
                strokeDasharray={link.kind === 'stake' ? '4 4' : undefined}
              />
              {messages > 0 && (
                <>
                  <circle cx={number.x} cy={number.y} r={11} fill="var(--panel)" stroke="var(--accent)" />
                  <text x={number.x} y={number.y + 4} textAnchor="middle" fontSize="11" fill="var(--text)">
                    {messages > 99 ? '99+' : messages}
                  </text>
                </>
              )}
            </g>
          );
        })}
        {drawn.nodes.map((node) => (
          <a key={node.id} href={node.href} tabIndex={-1}>
            <circle cx={node.x} cy={node.y} r={node.radius} fill={node.bad ? 'var(--bad-soft)' : fill[node.kind]} stroke={node.bad ? 'var(--bad)' : stroke[node.kind]} strokeWidth={2} strokeDasharray={node.bad ? '5 3' : undefined} />
          </a>
        ))}
        {/* No circle hides a name. */}
        {drawn.nodes.map((node) => (
          <a key={node.id} href={node.href} tabIndex={-1}>
            {node.kind === 'operator' ? (
              <text x={node.x} y={(node.y ?? 0) + node.radius + 14} textAnchor="middle" fontSize="12" fill={node.bad ? 'var(--bad)' : 'var(--text)'} {...halo}>
                {node.label}
              </text>
            ) : (
              <>
                <text x={node.x} y={(node.y ?? 0) + (node.below > 0 ? node.radius + 14 : node.chain ? 0 : 4)} textAnchor="middle" fontSize={node.kind === 'hub' ? 15 : 12} fontWeight="600" fill={node.kind === 'hub' && !node.bad ? 'var(--on-accent)' : 'var(--text)'} {...(node.below > 0 ? halo : {})}>
                  {node.label}
                </text>
                {node.chain && <Traffic chain={node.chain} x={node.x ?? 0} y={(node.y ?? 0) + (node.below > 0 ? node.radius + 27 : 14)} on={node.kind === 'hub' && !node.bad ? 'var(--on-accent)' : 'var(--muted)'} isOnLines={node.below > 0} />}
              </>
            )}
          </a>
        ))}
      </svg>
      <p className="text-center text-xs text-muted">{areMany ? t.league.manyLines : t.league.lines}</p>
      <p className="text-center text-xs text-muted">{t.league.lately}</p>
      <div className="mt-2 grid gap-x-6 gap-y-1.5 text-sm sm:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
        <ul>
          {serving.map((operator) => (
            <Entry key={operator.id} mark="●" tone={down.includes(operator.id) ? 'text-bad' : 'text-good'}>
              <a href={to('stake', 'operator', operator.id)}>
                <Chosen of={operator.name} />
              </a>
              <Ether of={big(operator.stake)} />
              {down.includes(operator.id) ? <Badge tone="bad">{t.node.down}</Badge> : <span className="text-muted">{operator.seat ? t.league.seat : t.league.noSeat}</span>}
              {serves && <Served zones={zones.filter(({ id }) => serves[id]?.includes(operator.id))} />}
            </Entry>
          ))}
        </ul>
        <ul>
          <Entry mark="◆" tone={hubStands ? 'text-bad' : 'text-accent'}>
            <a href={to('chains', HUB)}>{t.common.hub}</a>
            {hubStands && <Badge tone="bad">{t.league.noBlockFor(duration(hubAge))}</Badge>}
            <TrafficInWords chain={HUB} of={null} />
          </Entry>
          {zones.map((zone) => (
            <Entry key={zone.id} mark="◆" tone={ill.includes(zone.id) ? 'text-bad' : zone.path === null || zone.phase !== 'active' ? 'text-warn' : 'text-accent'}>
              <a href={to('chains', zone.name)}>
                <Text of={zone.name} most={40} />
              </a>
              <span title={t.league.messages(count(zone.sent), count(zone.delivered))}>{ether(big(zone.locked), 2)} ETH</span>
              {zone.phase !== 'active' && <Badge tone={isHalted(zone) ? 'bad' : 'warn'}>{isHalted(zone) ? t.life.badge : zone.phase}</Badge>}
              {standingIds.includes(zone.id) && <Badge tone="bad">{t.league.noBlockFor(duration(still.get(zone.id) ?? 0))}</Badge>}
              {mute.includes(zone.id) && <Badge tone="bad">{t.league.noAnswer}</Badge>}
              {contradicted.includes(zone.id) && <Badge tone="bad">{t.life.contradictedBadge}</Badge>}
              {zone.path !== null && <TrafficInWords chain={zone.name} of={moved?.get(zone.id) ?? null} />}
            </Entry>
          ))}
        </ul>
      </div>
    </>
  );
}
