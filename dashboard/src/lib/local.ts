// What a node tells its own machine only: logs, settings, resources, checks. Anybody else is refused, which is no error of the page.
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { errors } from '../strings/errors';
import { Unreachable } from './rpc';

/** Who asks from elsewhere. */
export class NotLocal extends Error {}

const TIMEOUT_MS = 10_000;
/** New lines are asked for this often while somebody follows, ms. */
const FOLLOW_MS = 2_000;
/** Lines that the page holds. */
export const MAX_LINES = 1_000;

async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  let response: Response;
  try {
    response = await fetch(`/local/${path}`, { signal: signal ? AbortSignal.any([signal, limit]) : limit });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable(errors.noAnswer);
  }
  let body: unknown;
  try {
    body = await response.json();
  } catch {
    throw new Unreachable(errors.noJson(response.status));
  }
  if (response.status === 403) throw new NotLocal(String((body as { error?: unknown }).error ?? ''));
  if (!response.ok) throw new Unreachable(errors.answered(response.status));
  return body as T;
}

/** Asked again every `everyMs`; once without it. Who is refused does not ask again. */
export const useLocal = <T>(path: string, everyMs?: number): UseQueryResult<T> =>
  useQuery<T>({
    queryKey: ['local', path],
    queryFn: ({ signal }) => get<T>(path, signal),
    staleTime: everyMs ?? Number.POSITIVE_INFINITY,
    refetchInterval: ({ state }) => (everyMs === undefined || state.error instanceof NotLocal ? false : everyMs),
  });

export interface LogLine {
  number: number;
  /** 1 error to 5 trace. */
  level: number;
  atMs: number;
  text: string;
}

/** What a line says, without the time and the level that it begins with: the page shows these itself, the time in the reader's zone. */
export const said = (text: string): string => text.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z\s+(?:(?:ERROR|WARN|INFO|DEBUG|TRACE)\s+)?/, '');

interface LogPage {
  lines: LogLine[];
  oldest: number | null;
  next: number;
}

/** What is held, and what came; without what is too old. A node that was started again counts anew. */
export function follow(held: LogLine[], { lines, next }: LogPage): LogLine[] {
  const last = held.at(-1)?.number ?? -1;
  const kept = next <= last ? [] : held;
  const newest = kept.at(-1)?.number ?? -1;
  return [...kept, ...lines.filter(({ number }) => number > newest)].slice(-MAX_LINES);
}

/** The newest lines of at least this level, and new ones as they come while `on`. */
export function useLogs(level: number, on: boolean): { lines: LogLine[]; error: unknown; at: number } {
  const [state, setState] = useState<{ lines: LogLine[]; error: unknown; at: number }>({ lines: [], error: null, at: 0 });
  const lines = useRef<LogLine[]>([]);
  useEffect(() => {
    lines.current = [];
    setState({ lines: [], error: null, at: 0 });
  }, [level]);
  useEffect(() => {
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      try {
        if (!document.hidden) {
          const last = lines.current.at(-1)?.number;
          let page = await get<LogPage>(`logs?level=${level}${last === undefined ? '' : `&after=${last}`}`, controller.signal);
          // Its numbers begin anew: what is there since is asked for again.
          if (last !== undefined && page.next <= last) page = await get<LogPage>(`logs?level=${level}`, controller.signal);
          lines.current = follow(lines.current, page);
          setState({ lines: lines.current, error: null, at: Date.now() });
        }
      } catch (error) {
        if (controller.signal.aborted) return;
        setState((before) => ({ ...before, error }));
        if (error instanceof NotLocal) return;
      }
      if (on) timer = setTimeout(() => void look(), FOLLOW_MS);
    };
    void look();
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [level, on]);
  return state;
}

export interface Setting {
  name: string;
  value: unknown;
  origin: string;
}

export interface Resources {
  uptimeMs: number;
  memoryBytes: number | null;
  openFiles: number | null;
  openFilesLimit: number | null;
  cores: number | null;
  threads: { name: string; threads: number; cpuMs: number }[];
  diskFreeBytes: number | null;
  folder: string;
  chains: { name: string; diskBytes: number }[];
}

/** How busy each chain kept the machine lately (`hansa_load`). */
export interface Load {
  chains: {
    /** The zone's name; null for the hub. */
    zone: string | null;
    /** Cores that its consensus, network and storage kept busy. */
    cores: number | null;
    /** Likewise, those that executed its transactions. */
    executing: number | null;
    gasPerSecond: number | null;
    /** Over how long; a minute at most. */
    seconds: number;
  }[];
}

export interface Finding {
  check: string;
  level: 'ok' | 'warning' | 'problem';
  found: string;
  advice: string | null;
}

/** The part of one core that threads had between two looks; null before the second. */
export function load(before: { at: number; cpuMs: number } | null, at: number, cpuMs: number): number | null {
  if (!before || at <= before.at) return null;
  return Math.max(0, cpuMs - before.cpuMs) / (at - before.at);
}
