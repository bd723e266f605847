// Routes live behind the `#`: the node serves one page, and every place in it has a link.
import { useSyncExternalStore } from 'react';

export interface Route {
  parts: string[];
  query: URLSearchParams;
}

/** Longest address that is looked at. */
const MAX_HASH = 2_000;

export function parse(hash: string): Route {
  const text = hash.slice(0, MAX_HASH).replace(/^#?\/?/, '');
  const [path = '', query = ''] = text.split('?', 2);
  const parts = path
    .split('/')
    .filter(Boolean)
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
  return { parts, query: new URLSearchParams(query) };
}

export function to(...parts: (string | number | bigint)[]): string {
  return `#/${parts.map((part) => encodeURIComponent(String(part))).join('/')}`;
}

let current: Route = parse(typeof location === 'undefined' ? '' : location.hash);
const listeners = new Set<() => void>();
if (typeof window !== 'undefined') {
  window.addEventListener('hashchange', () => {
    current = parse(location.hash);
    for (const listener of listeners) listener();
  });
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useRoute = (): Route => useSyncExternalStore(subscribe, () => current);

export function go(hash: string): void {
  location.hash = hash;
}

/** The address of a place with other values in its query; an empty one takes its name out. A link to it makes an entry in the history. */
export function withQuery({ parts, query: now }: Route, changes: Record<string, string | number>): string {
  const query = new URLSearchParams(now);
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') query.delete(name);
    else query.set(name, String(value));
  }
  return `${to(...parts)}${query.size > 0 ? `?${query}` : ''}`;
}

/** Changes the query of the present place: without a new entry in the history, or with one that the back button leaves. */
export function setQuery(changes: Record<string, string | number>, entry: 'same' | 'new' = 'same'): void {
  const hash = withQuery(current, changes);
  if (entry === 'new') history.pushState(null, '', hash);
  else history.replaceState(null, '', hash);
  current = parse(hash);
  for (const listener of listeners) listener();
}

/** A whole number from 1 to `most` that the query has under a name; null where it has none. */
export function whole(text: string | null, most: number = Number.MAX_SAFE_INTEGER): number | null {
  const number = text !== null && /^\d{1,15}$/.test(text) ? Number(text) : 0;
  return number > 0 ? Math.min(number, most) : null;
}

/** A column that a table is sorted by. */
interface By {
  id: string;
  desc: boolean;
}

/** The order that the query names: one of these columns, with a minus before it for the other way round. */
export function readSort(text: string | null, columns: readonly string[]): By[] {
  const [, minus, id = ''] = /^(-?)([a-z]+)$/.exec(text ?? '') ?? [];
  return columns.includes(id) ? [{ id, desc: minus === '-' }] : [];
}

export const writeSort = ([by]: By[]): string => (by ? `${by.desc ? '-' : ''}${by.id}` : '');
