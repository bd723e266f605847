// Objects of the exchange, from the ledger's own events: each comes with its block, transaction, publisher and digest.
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Abi } from 'viem';
import { decodeEventLog, encodeEventTopics, keccak256 } from 'viem/utils';
import { EXCHANGE } from './modules';
import { HUB } from './rpc';
import { scan } from './scan';
import { hexBytes, labels, read, type Ref, references, stixId, title, type Stix } from './stix';
import { type Event, useEvents } from './stream';
import type { Hex, Log } from './types';

/** Objects that are held at once; for more, search by id. */
export const MAX_OBJECTS = 20_000;
/** References of one object that are kept. */
const MAX_REFS = 20;
/** Objects that one step asks for. */
const STEP = 2_000;

const topic = (eventName: string): Hex => encodeEventTopics({ abi: EXCHANGE.abi as Abi, eventName })[0] as Hex;
export const PUBLISHED = topic('ObjectPublished');
export const REVOKED = topic('ObjectRevoked');
export const SIGHTED = topic('ObjectSighted');

/** One version of an object, as the list keeps it: without its content. */
export interface Entry {
  key: Hex;
  id: string;
  type: string;
  title: string;
  labels: string[];
  tlp: number;
  publisher: Hex;
  version: number;
  digest: Hex;
  block: number;
  timeMs: number | null;
  transaction: Hex;
  size: number;
  revoked: boolean;
  /** Objects that it points at. */
  refs: Ref[];
}

export interface Version extends Entry {
  stix: Stix | null;
  content: Hex;
  /** The content is what the digest says. */
  isIntact: boolean;
}

interface Published {
  objectId: Hex;
  publisher: Hex;
  version: bigint;
  uuid: Hex;
  objectType: string;
  tlp: number;
  digest: Hex;
  content: Hex;
}

/** A version with its content; null where the log is something else. */
export function version(log: Log): Version | null {
  if (log.topics[0] !== PUBLISHED) return null;
  let of: Published;
  try {
    of = decodeEventLog({ abi: EXCHANGE.abi as Abi, topics: log.topics as [Hex, ...Hex[]], data: log.data }).args as unknown as Published;
  } catch {
    return null;
  }
  const content = hexBytes(of.content);
  const stix = read(content);
  return {
    key: of.objectId,
    id: stixId(of.objectType, of.uuid),
    type: of.objectType,
    title: title(stix),
    labels: labels(stix),
    tlp: of.tlp,
    publisher: of.publisher,
    version: Number(of.version),
    digest: of.digest,
    block: Number(log.blockNumber),
    timeMs: log.blockTimestamp ? Number(log.blockTimestamp) * 1_000 : null,
    transaction: log.transactionHash,
    size: content.length,
    revoked: false,
    refs: stix ? references(stix).slice(0, MAX_REFS) : [],
    stix,
    content: of.content,
    isIntact: keccak256(of.content) === of.digest,
  };
}

function slim(log: Log): Entry | null {
  const found = version(log);
  if (!found) return null;
  const { stix: _, content: __, isIntact: ___, ...entry } = found;
  return entry;
}

/** The newest version of each object, newest first; revocations marked. */
export function newest(entries: Iterable<Entry>, revoked: ReadonlySet<Hex>): Entry[] {
  const byKey = new Map<Hex, Entry>();
  for (const entry of entries) {
    const other = byKey.get(entry.key);
    if (!other || entry.version > other.version) byKey.set(entry.key, entry);
  }
  return [...byKey.values()].map((entry) => (revoked.has(entry.key) ? { ...entry, revoked: true } : entry)).sort((a, b) => b.block - a.block || b.version - a.version);
}

export interface Objects {
  entries: Entry[];
  /** Every version that is loaded, in no order; the older ones of an object too. */
  versions: () => Entry[];
  /** Blocks from this one on were looked through; null before the first answer. */
  since: number | null;
  loading: boolean;
  error: unknown;
  /** There is older history that was not looked through yet. */
  more: boolean;
  loadMore: () => void;
  updatedAt: number;
}

// Kept while the page is open: going to an object and back asks for nothing again.
const kept = { entries: new Map<string, Entry>(), revoked: new Set<Hex>(), before: null as number | null, begun: false, done: false, updatedAt: 0 };

function take(log: Log): boolean {
  if (log.topics[0] === REVOKED && log.topics[1]) {
    kept.revoked.add(log.topics[1]);
    return true;
  }
  const entry = slim(log);
  if (!entry) return false;
  kept.entries.set(`${entry.key}:${entry.version}`, entry);
  return true;
}

const loaded = (): Entry[] => [...kept.entries.values()].map((entry) => (kept.revoked.has(entry.key) ? { ...entry, revoked: true } : entry));

export function useObjects(oldest: number | null): Objects {
  const [entries, setEntries] = useState<Entry[]>(() => newest(kept.entries.values(), kept.revoked));
  const [loading, setLoading] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const abort = useRef<AbortController | null>(null);
  const show = useCallback(() => {
    kept.updatedAt = Date.now();
    setEntries(newest(kept.entries.values(), kept.revoked));
  }, []);
  const load = useCallback(
    async (steps: number) => {
      if (oldest === null || abort.current) return;
      const controller = new AbortController();
      abort.current = controller;
      setLoading(true);
      try {
        for (let step = 0; step < steps && !kept.done && kept.entries.size < MAX_OBJECTS; step += 1) {
          const page = await scan(HUB, { address: EXCHANGE.to, topics: [[PUBLISHED, REVOKED]] }, STEP, kept.begun ? kept.before : null, oldest, controller.signal);
          kept.begun = true;
          for (const log of page.logs) take(log);
          kept.before = page.before;
          kept.done = page.before === null;
          show();
        }
        setError(null);
      } catch (failure) {
        if (!controller.signal.aborted) setError(failure);
      }
      abort.current = null;
      setLoading(false);
    },
    [oldest, show],
  );
  useEffect(() => {
    if (!kept.begun) void load(1);
  }, [load]);
  const heard = useCallback(
    (event: Event) => {
      if (event.kind === 'log' && event.log.address.toLowerCase() === EXCHANGE.to && take(event.log)) show();
      else if (event.kind === 'gap') {
        kept.begun = false;
        kept.done = false;
        void load(1);
      }
    },
    [load, show],
  );
  useEvents(HUB, heard);
  return { entries, versions: loaded, since: kept.done ? oldest : kept.before, loading, error, more: !kept.done && kept.entries.size < MAX_OBJECTS, loadMore: () => void load(10), updatedAt: kept.updatedAt };
}
