// What pages read, kept up to date: a chain's questions are asked again when its stream tells of a block, never faster than
// `LEAST_MS`, and only those that somebody looks at.
import { keepPreviousData, QueryClient, useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { Abi } from 'viem';
import { decodeFunctionResult, encodeFunctionData } from 'viem/utils';
import { batch, call, type Call, type Chain, RpcError, Unreachable } from './rpc';
import { observe } from './stream';
import type { Hex } from './types';

/** Least time between two rounds of questions to one chain. */
const LEAST_MS = 1_000;
/** Where no stream is open, an answer counts as old after this. */
const OLD_MS = 15_000;

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

const due = new Map<Chain, { last: number; timer?: ReturnType<typeof setTimeout> }>();

function refresh(chain: Chain): void {
  // A page that has just begun to look at a chain has just asked.
  const state = due.get(chain) ?? { last: Date.now() };
  due.set(chain, state);
  if (state.timer) return;
  const wait = Math.max(0, state.last + LEAST_MS - Date.now());
  state.timer = setTimeout(() => {
    delete state.timer;
    state.last = Date.now();
    void client.invalidateQueries({ predicate: ({ queryKey, meta }) => queryKey[0] === chain && meta?.fixed !== true });
  }, wait);
}

observe((chain, event) => {
  if (event.kind === 'head' || event.kind === 'gap') refresh(chain);
});

/** When a question is asked again: with each block of its chain, once a second at most, unless this says otherwise. */
export interface Options {
  /** Its answer never changes. */
  fixed?: boolean;
  /** It costs the node too much for each block: this often, while the page is looked at. */
  everyMs?: number;
  enabled?: boolean;
  /** What was there is shown until more of the same comes. */
  keep?: boolean;
}

const settings = ({ fixed = false, everyMs, enabled = true, keep = false }: Options): object => ({
  enabled,
  meta: { fixed: fixed || everyMs !== undefined },
  ...(keep ? { placeholderData: keepPreviousData } : {}),
  ...(fixed || everyMs !== undefined ? { staleTime: Number.POSITIVE_INFINITY } : {}),
  ...(everyMs === undefined ? {} : { refetchInterval: everyMs }),
});

export function useRpc<T>(chain: Chain, method: string, params: unknown[] = [], options: Options = {}): UseQueryResult<T> {
  return useQuery<T>({
    queryKey: [chain, method, params],
    queryFn: ({ signal }) => call<T>(chain, method, params, signal),
    ...settings(options),
  });
}

/** Any question about a chain. */
export function useAsk<T>(chain: Chain, name: unknown[], ask: (signal: AbortSignal) => Promise<T>, options: Options = {}): UseQueryResult<T> {
  return useQuery<T>({ queryKey: [chain, ...name], queryFn: ({ signal }) => ask(signal), ...settings(options) });
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
      return new Error('the contract answered something else than its ABI says');
    }
  });
}

/** As [views], where one error fails all. */
export async function viewsOrFail(chain: Chain, asked: View[], signal?: AbortSignal, block = 'latest'): Promise<unknown[]> {
  const answers = await views(chain, asked, signal, block);
  for (const answer of answers) if (answer instanceof Error) throw answer;
  return answers;
}

/** What went wrong, in plain words, and what to do. */
export function explain(error: unknown): { what: string; next: string } {
  if (error instanceof Unreachable) return { what: `The node was not reached: ${error.message}.`, next: 'It is tried again by itself. If it stays so, look at the node: hansa status.' };
  if (error instanceof RpcError) {
    if (error.code === 4444) return { what: 'This node has no history that old: it joined the league from a newer state.', next: 'Ask a node that has all blocks.' };
    if (error.code === -32601) return { what: 'This node does not answer this kind of question.', next: 'Its operator can switch it on: rpc.namespaces in node.toml.' };
    if (/limit exceeded/i.test(error.message)) return { what: error.message, next: 'Ask for less at once.' };
    return { what: error.message, next: 'Reload the page if this does not make sense.' };
  }
  return { what: error instanceof Error ? error.message : String(error), next: 'Reload the page; if it happens again, report it.' };
}
