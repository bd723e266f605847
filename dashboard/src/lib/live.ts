// What pages read, kept up to date by the streams of chains (stream.ts): an answer that changes with each block is asked for again with each
// block, one that changes only by what the native modules do, with the logs of these modules. Besides these, a slow refresh sees to what no
// log tells, such as time that passes. Only what somebody looks at is asked for, and nothing while the page is hidden.
//
// What a chain tells is gathered into rounds: no faster than one in `LEAST_MS`, and no new one while the questions of the last are under way
// (for `PATIENCE_MS` at most), so a slow node is never asked the faster. After a break of a stream everything is asked again once.
import { keepPreviousData, type Query, QueryClient, useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { Abi } from 'viem';
import { decodeFunctionResult, encodeFunctionData } from 'viem/utils';
import { errors } from '../strings/errors';
import { batch, call, type Call, type Chain, HUB, Unreachable } from './rpc';
import { Told } from './errors';
import { observe, type State } from './stream';
import type { Hex } from './types';

/** Least time between two rounds of questions to one chain. */
const LEAST_MS = 1_000;
/** What comes within this is one round: a block comes with its logs. */
const GATHER_MS = 40;
/** A round that takes longer does not hold up the next. */
const PATIENCE_MS = 5_000;
/** Where no stream is open, an answer counts as old after this. */
const OLD_MS = 15_000;
/** What changes with logs is asked again after this all the same. */
const SLOW_MS = 60_000;

export const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: OLD_MS,
      gcTime: 5 * 60_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) => error instanceof Unreachable && failures < 2,
      retryDelay: 500,
    },
  },
});

/** What happened on a chain since its last round. */
interface News {
  block: boolean;
  modules: Set<string>;
  /** Something was missed. */
  all: boolean;
}

/** When a question is asked again. */
interface Meta {
  when: 'never' | 'timer' | 'block' | 'logs';
  chains: readonly Chain[];
  modules: readonly string[];
  unsettled: ((data: never) => boolean) | null;
}

/** Whether news of a chain concern a question whose answer is `data`. */
export function concerns({ when, chains, modules, unsettled }: Meta, chain: Chain, news: News, data: unknown, failed: boolean): boolean {
  if (when === 'never' || !chains.includes(chain)) return false;
  if (news.all) return true;
  if (when === 'timer') return false;
  if (news.block && (when === 'block' ? !unsettled || unsettled(data as never) : failed || (unsettled?.(data as never) ?? false))) return true;
  return modules.some((module) => news.modules.has(module));
}

/** Those who look at it decide; where nobody does, the last who did. */
const asks = (query: Query): Meta[] => {
  const looking = query.observers.map(({ options }) => options.meta);
  return (looking.length > 0 ? looking : [query.meta]).flatMap((meta) => (meta && 'when' in meta ? [meta as unknown as Meta] : []));
};

interface Rounds {
  news: News;
  /** When the last one began, ms. */
  last: number;
  busy: boolean;
  timer?: ReturnType<typeof setTimeout>;
}

const nothing = (): News => ({ block: false, modules: new Set(), all: false });
const rounds = new Map<Chain, Rounds>();

const isHidden = (): boolean => typeof document !== 'undefined' && document.hidden;

function plan(chain: Chain): void {
  const of = rounds.get(chain);
  if (!of || of.timer || of.busy || isHidden() || !(of.news.block || of.news.all || of.news.modules.size > 0)) return;
  of.timer = setTimeout(() => void round(chain, of), Math.max(GATHER_MS, of.last + LEAST_MS - Date.now()));
}

async function round(chain: Chain, of: Rounds): Promise<void> {
  const { news } = of;
  Object.assign(of, { news: nothing(), last: Date.now(), busy: true, timer: undefined });
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  const asked = client.invalidateQueries({ predicate: (query) => asks(query).some((meta) => concerns(meta, chain, news, query.state.data, query.state.status === 'error')) });
  await Promise.race([asked, late]);
  of.busy = false;
  plan(chain);
}

function tell(chain: Chain, change: (news: News) => void): void {
  const of = rounds.get(chain) ?? { news: nothing(), last: 0, busy: false };
  rounds.set(chain, of);
  change(of.news);
  plan(chain);
}

/** As if these modules of the chain had written logs: for what changes by itself at a known time. */
export const touch = (chain: Chain, ...modules: readonly Hex[]): void => tell(chain, (news) => modules.forEach((module) => news.modules.add(module)));

const states = new Map<Chain, State>();

observe((chain, event) => {
  // A page that has just begun to look at a chain has just asked: only what is heard live is news.
  if (event.kind === 'head' && event.head.live) tell(chain, (news) => (news.block = true));
  else if (event.kind === 'log') tell(chain, (news) => news.modules.add(event.log.address.toLowerCase()));
  else if (event.kind === 'gap') tell(chain, (news) => (news.all = true));
  else if (event.kind === 'state') {
    if (event.state === 'live' && states.get(chain) === 'lost') tell(chain, (news) => (news.all = true));
    states.set(chain, event.state);
  }
});

if (typeof document !== 'undefined') document.addEventListener('visibilitychange', () => [...rounds.keys()].forEach(plan));

/** When the node last told how it is, which every page asks for, ms; 0 before that. */
export const statusAt = (): number => client.getQueryState([HUB, 'hansa_status', []])?.dataUpdatedAt ?? 0;

/** When a question is asked again: with each block of its chain, unless this says otherwise. */
export interface Options<T> {
  /** Its answer never changes. */
  fixed?: boolean;
  /** No event tells that it changed: this often, while the page is looked at. */
  everyMs?: number;
  /** It changes with the logs of these modules, and besides slowly. */
  on?: readonly Hex[];
  /** Chains besides its own whose logs it changes with; their streams are to be open. */
  alsoOn?: readonly Chain[];
  /** While this holds of its answer, blocks change it too; where nothing else, or a time, is said, only while this holds. */
  unsettled?: (data: T | undefined) => boolean;
  enabled?: boolean;
  /** What was there is shown until more of the same comes. */
  keep?: boolean;
}

/** What [useQuery] is told for them. */
export const settings = <T>(chain: Chain, { fixed = false, everyMs, on, alsoOn = [], unsettled, enabled = true, keep = false }: Options<T>): object => {
  const meta: Meta = { when: fixed ? 'never' : everyMs !== undefined ? 'timer' : on ? 'logs' : 'block', chains: [chain, ...alsoOn], modules: on ?? [], unsettled: unsettled ?? null };
  return {
    enabled,
    meta,
    ...(keep ? { placeholderData: keepPreviousData } : {}),
    // A page that is opened again asks at once for what is older than it is to be.
    staleTime: fixed ? Number.POSITIVE_INFINITY : (everyMs ?? (on ? SLOW_MS : OLD_MS)),
    ...(everyMs === undefined && !on ? {} : { refetchInterval: ({ state }: Query<T>) => (everyMs !== undefined && unsettled && !unsettled(state.data) ? false : (everyMs ?? SLOW_MS)) }),
  };
};

export function useRpc<T>(chain: Chain, method: string, params: unknown[] = [], options: Options<T> = {}): UseQueryResult<T> {
  return useQuery<T>({
    queryKey: [chain, method, params],
    queryFn: ({ signal }) => call<T>(chain, method, params, signal),
    ...settings(chain, options),
  });
}

/** Any question about a chain. */
export function useAsk<T>(chain: Chain, name: unknown[], ask: (signal: AbortSignal) => Promise<T>, options: Options<T> = {}): UseQueryResult<T> {
  return useQuery<T>({ queryKey: [chain, ...name], queryFn: ({ signal }) => ask(signal), ...settings(chain, options) });
}

export interface View {
  to: Hex;
  abi: Abi;
  name: string;
  args?: unknown[];
}

export const viewCall = ({ to, abi, name, args = [] }: View, block = 'latest'): Call => [
  'eth_call',
  [{ to, data: encodeFunctionData({ abi, functionName: name, args }) }, block],
];

/** The answers of views, in order; an error in the place of one that reverted. */
export async function views(chain: Chain, asked: View[], signal?: AbortSignal, block = 'latest'): Promise<unknown[]> {
  const answers = await batch<Hex>(
    chain,
    asked.map((view) => viewCall(view, block)),
    signal,
  );
  return answers.map((data, index) => {
    const view = asked[index];
    if (data instanceof Error || !view) return data;
    try {
      return decodeFunctionResult({ abi: view.abi, functionName: view.name, data });
    } catch {
      return new Told(errors.notByAbi, errors.failedNext);
    }
  });
}

/** As [views], where one error fails all. */
export async function viewsOrFail(chain: Chain, asked: View[], signal?: AbortSignal, block = 'latest'): Promise<unknown[]> {
  const answers = await views(chain, asked, signal, block);
  for (const answer of answers) if (answer instanceof Error) throw answer;
  return answers;
}
