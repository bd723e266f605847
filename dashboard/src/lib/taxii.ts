// The exchange as TAXII 2.1 gives it out: collections for other tools, from the node that served this page. The server does not say how much a
// collection holds; its manifest does, page by page, and from then on only what was added is asked for.
import { useState } from 'react';
import { t } from '../strings';
import { client, useAsk } from './live';
import { EXCHANGE, GUARD } from './modules';
import { HUB } from './rpc';

export const DISCOVERY = '/taxii2/';
const MEDIA_TYPE = 'application/taxii+json;version=2.1';
const TIMEOUT_MS = 15_000;
/** Entries of a page of a manifest, and pages that are read at once. */
const PAGE = 2_000;
const MAX_PAGES = 10;
/** Collections that are listed; a league has nine. */
const MAX_COLLECTIONS = 32;

export interface Login {
  member: string;
  password: string;
}

export interface Collection {
  id: string;
  title: string;
  description: string;
}

export interface Holding {
  /** By id. One that was withdrawn later stays until the page is loaded anew. */
  objects: ReadonlySet<string>;
  /** When the last one was added, as the server writes it; null in an empty one. */
  last: string | null;
  /** There are more objects than were counted. */
  more: boolean;
}

export interface Server {
  title: string;
  /** Addresses as a client needs them. */
  discovery: string;
  root: string;
  collections: Collection[];
}

interface Envelope {
  more?: boolean;
  next?: string;
  objects?: { id: string; date_added: string }[];
}

const basic = ({ member, password }: Login): string => `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${member}:${password}`)))}`;
const text = (of: unknown): string => (typeof of === 'string' ? of : '');

/** The path of an address of the server: the page asks its own origin only, wherever clients are to go. */
const pathOf = (address: string): string => new URL(address, location.origin).pathname;

/** Null where the node wants to know who reads. */
async function get<T>(path: string, login: Login | null, signal?: AbortSignal): Promise<T | null> {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  // Without credentials of its own the browser asks its reader for none.
  const response = await fetch(path, { credentials: 'omit', headers: { accept: MEDIA_TYPE, ...(login ? { authorization: basic(login) } : {}) }, signal: signal ? AbortSignal.any([signal, limit]) : limit });
  if (response.status === 401) return null;
  if (!response.ok) throw new Error(t.taxii.failed(String(response.status)));
  return (await response.json()) as T;
}

/** What the server offers; null where it wants to know who reads, or does not believe it. */
export async function discover(login: Login | null, signal?: AbortSignal): Promise<Server | null> {
  const discovery = await get<{ title?: unknown; default?: unknown; api_roots?: unknown }>(DISCOVERY, login, signal);
  if (!discovery) return null;
  const roots = Array.isArray(discovery.api_roots) ? discovery.api_roots : [];
  const root = text(discovery.default) || text(roots[0]);
  if (!root) throw new Error(t.taxii.noRoot);
  const listed = await get<{ collections?: Record<string, unknown>[] }>(`${pathOf(root)}collections/`, login, signal);
  if (!listed) return null;
  const base = new URL(root, location.origin);
  return {
    title: text(discovery.title),
    discovery: new URL(DISCOVERY, base).href,
    root: base.href,
    collections: (listed.collections ?? []).slice(0, MAX_COLLECTIONS).map(({ id, title, description }) => ({ id: text(id), title: text(title), description: text(description) })),
  };
}

/** Counts what a collection holds, or what was added to it since `known`. */
export async function count(root: string, { id }: Collection, login: Login | null, known: Holding | undefined, signal?: AbortSignal): Promise<Holding> {
  const path = `${pathOf(root)}collections/${encodeURIComponent(id)}/manifest/`;
  const objects = new Set(known?.objects);
  let last = known?.last ?? null;
  let next: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    // A place in a walk goes with what the walk began with.
    const query = new URLSearchParams({ limit: String(PAGE), ...(known?.last ? { added_after: known.last } : {}), ...(next ? { next } : {}) });
    const envelope = await get<Envelope>(`${path}?${query}`, login, signal);
    for (const { id: object } of envelope?.objects ?? []) objects.add(object);
    last = envelope?.objects?.at(-1)?.date_added ?? last;
    next = envelope?.next;
    if (!envelope?.more || !next) return { objects, last, more: false };
  }
  return { objects, last, more: true };
}

export const address = ({ root }: Server, { id }: Collection): string => new URL(`collections/${encodeURIComponent(id)}/`, root).href;

// In memory only: it is gone with the page.
let remembered: Login | null = null;

/** Who reads, as long as the page is open. */
export function useLogin(): [Login | null, (login: Login) => void] {
  const [login, setLogin] = useState(remembered);
  return [login, (to) => setLogin((remembered = to))];
}

export const useServer = (login: Login | null) => useAsk<Server | null>(HUB, ['taxii', login], (signal) => discover(login, signal), { on: [] });

/** What each collection holds, by its id. */
export function useHoldings(server: Server | null | undefined, login: Login | null) {
  const name = ['taxii-holdings', server?.root, login];
  return useAsk<Record<string, Holding>>(
    HUB,
    name,
    async (signal) => {
      const known = client.getQueryData<Record<string, Holding>>([HUB, ...name]);
      const out: Record<string, Holding> = {};
      for (const collection of server?.collections ?? []) out[collection.id] = await count(server?.root ?? '', collection, login, known?.[collection.id], signal);
      return out;
    },
    { enabled: Boolean(server), on: [EXCHANGE.to, GUARD.to] },
  );
}
