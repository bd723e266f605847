// What lies around an object: a graph of those that point at each other. A relationship object is drawn as a line, not as a node.
import type { Entry } from './exchange';
import { line } from './safe';

export interface GraphNode {
  id: string;
  type: string;
  title: string;
  /** Published here, so that there is something to open. */
  isKnown: boolean;
  distance: number;
}

export interface GraphLink {
  from: string;
  to: string;
  label: string;
}

export interface Graph {
  nodes: GraphNode[];
  links: GraphLink[];
  /** There is more around it than is drawn. */
  cut: boolean;
}

/** More than these cannot be read. */
export const MAX_NODES = 28;
/** Of a whole list: its shape is seen, and what is in it by pointing. */
export const MAX_LISTED = 200;
/** With so many neighbours, what lies behind them is left out. */
const ENOUGH = 8;
/** Everything points at who made it, which says nothing. */
const DULL = /^(identity|marking-definition)--/;

const isLine = (entry: Entry): boolean => entry.type === 'relationship' && entry.refs.length >= 2;

/** The lines between all objects: pointers, and what relationship objects say. */
function lines(entries: Entry[]): GraphLink[] {
  return entries.flatMap((entry) => {
    if (!isLine(entry)) return entry.refs.map(({ by, to }) => ({ from: entry.id, to, label: by.replace(/_refs?$/, '').replaceAll('_', ' ') }));
    const from = entry.refs.find(({ by }) => by === 'source_ref')?.to;
    const to = entry.refs.find(({ by }) => by === 'target_ref')?.to;
    // Its title is "<source> <kind> <target>".
    const label = entry.title.split(' ').slice(1, -1).join(' ') || 'related';
    return from && to ? [{ from, to, label }] : [];
  });
}

/** So much of each end's name is in that of a relationship, characters. */
const END = 48;

/** Objects as they are called in a list: a relationship by the names of its two ends, where they are loaded. */
export function called(entries: Entry[]): Entry[] {
  const titles = new Map(entries.map(({ id, title }) => [id, title]));
  const name = (id: string): string => line(titles.get(id) || (id.split('--')[0] ?? id), END);
  return entries.map((entry) => {
    const [link] = isLine(entry) ? lines([entry]) : [];
    return link ? { ...entry, title: `${name(link.from)} ${link.label} ${name(link.to)}` } : entry;
  });
}

/** The objects next to one, nearest first; with few of them, also those next to these. */
export function around(entries: Entry[], id: string): Graph {
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const all = lines(entries).filter(({ from, to }) => !DULL.test(from) && !DULL.test(to));
  const touching = new Map<string, GraphLink[]>();
  for (const link of all) for (const end of [link.from, link.to]) touching.set(end, [...(touching.get(end) ?? []), link]);
  const distance = new Map([[id, 0]]);
  const queue = [id];
  let cut = false;
  let reach: number | null = null;
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    const far = (distance.get(at) ?? 0) + 1;
    // The first ring is complete when its first node comes: that decides whether there is a second.
    reach ??= far === 2 ? (distance.size > ENOUGH ? 1 : 2) : null;
    if (reach !== null && far > reach) continue;
    for (const { from, to } of touching.get(at) ?? []) {
      const other = from === at ? to : from;
      if (distance.has(other)) continue;
      if (distance.size >= MAX_NODES) {
        cut = true;
        continue;
      }
      distance.set(other, far);
      queue.push(other);
    }
  }
  return drawn(byId, all, distance, cut);
}

function drawn(byId: ReadonlyMap<string, Entry>, all: GraphLink[], distance: ReadonlyMap<string, number>, cut: boolean): Graph {
  const nodes = [...distance].map(([node, far]): GraphNode => {
    const entry = byId.get(node);
    return { id: node, type: entry?.type ?? node.split('--')[0] ?? '', title: entry?.title || node.split('--')[0] || node, isKnown: entry !== undefined, distance: far };
  });
  const links = new Map<string, GraphLink>();
  for (const link of all) if (distance.has(link.from) && distance.has(link.to)) links.set(`${link.from} ${link.to} ${link.label}`, link);
  return { nodes, links: [...links.values()], cut };
}

/** How the objects of a list are connected; those that are not are left out. A relationship stands for its two ends. */
export function among(shown: Entry[], entries: Entry[]): Graph {
  const listed = shown.slice(0, MAX_LISTED);
  const ids = new Set(listed.flatMap((entry) => (isLine(entry) ? lines([entry]).flatMap(({ from, to }) => [from, to]) : [entry.id])));
  const all = lines(entries).filter(({ from, to }) => from !== to && ids.has(from) && ids.has(to) && !DULL.test(from) && !DULL.test(to));
  const connected = [...new Set(all.flatMap(({ from, to }) => [from, to]))].slice(0, MAX_LISTED);
  return drawn(new Map(entries.map((entry) => [entry.id, entry])), all, new Map(connected.map((id) => [id, 1])), shown.length > listed.length);
}
