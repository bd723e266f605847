// The events of one chain: new heads, and the logs of its native modules, over one WebSocket. The node answers for each chain at a path of
// its own, so each chain that is looked at needs a socket of its own; one that nobody looks at any more is closed.
//
// A stream that breaks is opened again, later each time. It then goes on where it was: the heads and logs of the blocks in between are
// asked for, so that listeners see every block once and in order, or are told that too many were missed (`gap`).
import { useEffect, useSyncExternalStore } from 'react';
import { useNow } from './clock';
import { type Chain, all, HUB, path } from './rpc';
import type { Header, Log } from './types';

/** Native modules: their logs are pushed. */
export const MODULES = [1, 2, 3, 4, 5, 6].map((number) => `0x48414e5341${number.toString(16).padStart(30, '0')}` as const);
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;
/** Blocks that are caught up with after a break. */
const MAX_MISSED = 100;
/** A page asks before its stream is there: logs of so many blocks before are told too, so that nothing falls in between. */
const BEFORE = 10;
/** A stream that nobody wants ends after this: pages change often. */
const LINGER_MS = 5_000;
/** Chains that are listened to at once, where a page shows all. */
const MAX_STREAMS = 24;
/** Without any message for this long the socket is taken for dead: an idle chain makes a block every 5 s, at most every 60 s. */
const SILENCE_MS = 75_000;
/** Heads that are kept. */
const KEPT_HEADS = 256;

export interface Head extends Header {
  /** When this page heard of it, ms. */
  seenAt: number;
  /** It came as it happened, not from catching up. */
  live: boolean;
}

export type State = 'connecting' | 'live' | 'lost';
export type Event = { kind: 'head'; head: Head } | { kind: 'log'; log: Log } | { kind: 'gap' } | { kind: 'state'; state: State };

export interface Snapshot {
  state: State;
  /** Since when it is lost, ms. */
  lostAt: number | null;
  head: Head | null;
}

type Listener = (event: Event) => void;
type Observer = (chain: Chain, event: Event) => void;

/** See the events of all streams that others have opened. */
const observers = new Set<Observer>();
export const observe = (observer: Observer): void => void observers.add(observer);

export class ChainStream {
  readonly heads: Head[] = [];
  snapshot: Snapshot = { state: 'connecting', lostAt: null, head: null };
  private readonly listeners = new Set<Listener>();
  private socket: WebSocket | null = null;
  private kinds = new Map<string, 'head' | 'log'>();
  private retryMs = FIRST_RETRY_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private watchdog: ReturnType<typeof setTimeout> | undefined;
  private catching = false;
  private held: Header[] = [];
  private seenLogs = new Set<string>();

  constructor(readonly chain: Chain) {}

  /** For React: tells of new heads and states. */
  readonly subscribe = (changed: () => void): (() => void) =>
    this.listen((event) => (event.kind === 'head' || event.kind === 'state') && changed());

  readonly read = (): Snapshot => this.snapshot;

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    if (this.listeners.size === 1) this.open();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) setTimeout(() => this.listeners.size === 0 && this.close(), LINGER_MS);
    };
  }

  private emit(event: Event): void {
    for (const listener of this.listeners) listener(event);
    for (const observer of observers) observer(this.chain, event);
  }

  private set(change: Partial<Snapshot>): void {
    this.snapshot = { ...this.snapshot, ...change };
    this.emit({ kind: 'state', state: this.snapshot.state });
  }

  private open(): void {
    if (this.socket) return;
    clearTimeout(this.timer);
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${location.host}${path(this.chain)}`);
    this.socket = socket;
    this.kinds = new Map();
    socket.onopen = () => {
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newHeads'] }));
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'eth_subscribe', params: ['logs', { address: MODULES }] }));
    };
    socket.onmessage = ({ data }) => this.receive(socket, data as string);
    socket.onclose = () => this.broken(socket);
    this.watch();
  }

  private watch(): void {
    clearTimeout(this.watchdog);
    const heardAt = Date.now();
    this.watchdog = setTimeout(() => this.socket && this.broken(this.socket, heardAt), SILENCE_MS);
  }

  private close(): void {
    clearTimeout(this.timer);
    clearTimeout(this.watchdog);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.snapshot = { ...this.snapshot, state: 'connecting', lostAt: null };
  }

  /** `at`: since when nothing came. */
  private broken(socket: WebSocket, at = Date.now()): void {
    if (this.socket !== socket) return;
    this.socket = null;
    socket.onclose = null;
    socket.close();
    clearTimeout(this.watchdog);
    if (this.listeners.size === 0) return;
    this.set({ state: 'lost', lostAt: this.snapshot.lostAt ?? at });
    this.timer = setTimeout(() => this.open(), this.retryMs);
    this.retryMs = Math.min(this.retryMs * 2, LONGEST_RETRY_MS);
  }

  private receive(socket: WebSocket, data: string): void {
    if (this.socket !== socket) return;
    this.watch();
    let message: { id?: number; result?: unknown; error?: unknown; params?: { subscription: string; result?: unknown; error?: unknown } };
    try {
      message = JSON.parse(data);
    } catch {
      return this.broken(socket);
    }
    if (message.id !== undefined) {
      if (typeof message.result !== 'string') return this.broken(socket);
      this.kinds.set(message.result, message.id === 1 ? 'head' : 'log');
      if (this.kinds.size === 2) void this.subscribed(socket);
      return;
    }
    const { params } = message;
    if (!params) return;
    // The node ends a subscription that reads too slowly: begin again.
    if (params.error !== undefined) return this.broken(socket);
    const kind = this.kinds.get(params.subscription);
    if (kind === 'head') this.head(params.result as Header);
    else if (kind === 'log') this.log(params.result as Log);
  }

  /** Everything from now on is pushed; what came before it is fetched. */
  private async subscribed(socket: WebSocket): Promise<void> {
    this.catching = true;
    try {
      const [newest] = await all<Header>(this.chain, [['eth_getBlockByNumber', ['latest', false]]]);
      if (this.socket !== socket || !newest) return;
      const last = this.snapshot.head ? Number(this.snapshot.head.number) : null;
      const missed = last === null ? 0 : Number(newest.number) - last;
      const another = last !== null && missed < 0;
      if (another || missed > MAX_MISSED) {
        this.heads.length = 0;
        this.emit({ kind: 'gap' });
      }
      const from = last !== null && !another && missed <= MAX_MISSED ? last + 1 : Number(newest.number);
      const numbers = Array.from({ length: Math.max(0, Number(newest.number) - from) }, (_, index) => from + index);
      const between = await all<Header>(
        this.chain,
        numbers.map((number) => ['eth_getBlockByNumber', [`0x${number.toString(16)}`, false]]),
      );
      const logsFrom = last === null ? Math.max(0, from - BEFORE) : from;
      const logs =
        logsFrom <= Number(newest.number)
          ? await all<Log[]>(this.chain, [['eth_getLogs', [{ address: MODULES, fromBlock: `0x${logsFrom.toString(16)}`, toBlock: newest.number }]]])
          : [];
      if (this.socket !== socket) return;
      for (const log of logs[0] ?? []) this.log(log);
      if (another) this.snapshot = { ...this.snapshot, head: null };
      for (const header of [...between, newest]) this.take(header, false);
      this.retryMs = FIRST_RETRY_MS;
      this.set({ state: 'live', lostAt: null });
    } catch {
      this.broken(socket);
    } finally {
      this.catching = false;
      const held = this.held;
      this.held = [];
      for (const header of held) this.take(header, true);
    }
  }

  private head(header: Header): void {
    if (this.catching) this.held.push(header);
    else this.take(header, true);
  }

  private take(header: Header, live: boolean): void {
    const { head } = this.snapshot;
    if (head && Number(header.number) <= Number(head.number)) return;
    const next: Head = { ...header, seenAt: Date.now(), live };
    this.heads.push(next);
    if (this.heads.length > KEPT_HEADS) this.heads.splice(0, this.heads.length - KEPT_HEADS);
    this.snapshot = { ...this.snapshot, head: next };
    this.emit({ kind: 'head', head: next });
  }

  private log(log: Log): void {
    const id = `${log.blockHash}:${log.logIndex}`;
    if (this.seenLogs.has(id)) return;
    if (this.seenLogs.size > 4_096) this.seenLogs.clear();
    this.seenLogs.add(id);
    this.emit({ kind: 'log', log });
  }
}

const streams = new Map<Chain, ChainStream>();

export function stream(chain: Chain): ChainStream {
  let found = streams.get(chain);
  if (!found) {
    found = new ChainStream(chain);
    streams.set(chain, found);
  }
  return found;
}

/** The state and head of a chain's stream, which is open while somebody looks. */
export function useStream(chain: Chain): Snapshot {
  const of = stream(chain);
  return useSyncExternalStore(of.subscribe, of.read);
}

/** A moment without a node is no news, ms. */
const NEWS_MS = 1_500;

/** Since when the node is lost, ms; null while it is there. */
export function useLost(): number | null {
  const { lostAt } = useStream(HUB);
  const now = useNow();
  return lostAt !== null && now - lostAt >= NEWS_MS ? lostAt : null;
}

/** Keeps the streams of these chains open while somebody looks. */
export function useStreams(chains: readonly Chain[]): void {
  const key = JSON.stringify(chains.slice(0, MAX_STREAMS));
  useEffect(() => {
    const ends = (JSON.parse(key) as Chain[]).map((chain) => stream(chain).listen(() => undefined));
    return () => ends.forEach((end) => end());
  }, [key]);
}

export function useEvents(chain: Chain, listener: Listener): void {
  // The listener may change with each render; who listens does not.
  useEffect(() => stream(chain).listen(listener), [chain, listener]);
}
