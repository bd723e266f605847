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

/** Changes the query of the present place without a new entry in the history. */
export function setQuery(changes: Record<string, string>): void {
  const query = new URLSearchParams(current.query);
  for (const [name, text] of Object.entries(changes)) {
    if (text) query.set(name, text);
    else query.delete(name);
  }
  const tail = query.size > 0 ? `?${query}` : '';
  history.replaceState(null, '', `${to(...current.parts)}${tail}`);
  current = { parts: current.parts, query };
  for (const listener of listeners) listener();
}
