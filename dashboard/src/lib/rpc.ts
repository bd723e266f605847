// JSON-RPC over HTTP, to the origin that served this page.

import { errors } from '../strings/errors';

/** A chain of the league: the hub, or a zone by its name. */
export type Chain = string;
export const HUB: Chain = 'hub';

/** How long one request may take. */
const TIMEOUT_MS = 15_000;
/** Calls in one batch: the node's own limit is 100. */
const MAX_BATCH = 50;

export const path = (chain: Chain): string => (chain === HUB ? '/rpc' : `/zones/${encodeURIComponent(chain)}`);

/** The code of an answer that says that the contract reverted. */
export const REVERTED = 3;

/** The code of an answer that says that a transaction was taken, and is in no block after the time that it was waited for (EIP-7966). */
export const NOT_YET = 4;

/** The code of an answer that says that the node does not keep blocks that old. */
export const GONE = 4444;

/** An answer of the node that says no. */
export class RpcError extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly data?: unknown,
  ) {
    super(message);
  }
}

/** Whether the node says that it does not keep what is that old. */
export const isGone = (error: unknown): boolean => error instanceof RpcError && (error.code === GONE || /^state of block \d+ is not available/.test(error.message));

/** The node was not reached, or did not answer as a node does. */
export class Unreachable extends Error {}

interface Answer {
  id?: number;
  result?: unknown;
  error?: { code: number; message: string; data?: unknown };
}

async function post(chain: Chain, body: unknown, signal?: AbortSignal): Promise<unknown> {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  let response: Response;
  try {
    response = await fetch(path(chain), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable(limit.aborted ? errors.late(TIMEOUT_MS / 1000) : errors.noAnswer);
  }
  if (response.status === 404 && chain !== HUB) throw new Unreachable(errors.noZone(chain));
  try {
    return await response.json();
  } catch {
    throw new Unreachable(errors.noJson(response.status));
  }
}

const value = <T>(answer: Answer | undefined): T => {
  if (answer?.error) throw new RpcError(answer.error.code, answer.error.message, answer.error.data);
  if (!answer || !('result' in answer)) throw new Unreachable(errors.unanswered);
  return answer.result as T;
};

export async function call<T>(chain: Chain, method: string, params: unknown[] = [], signal?: AbortSignal): Promise<T> {
  return value<T>((await post(chain, { jsonrpc: '2.0', id: 1, method, params }, signal)) as Answer);
}

export type Call = [method: string, params: unknown[]];

/** Many calls in few requests. Each answer stands alone: an error is returned in its place. */
export async function batch<T>(chain: Chain, calls: Call[], signal?: AbortSignal): Promise<(T | Error)[]> {
  const out: (T | Error)[] = [];
  for (let from = 0; from < calls.length; from += MAX_BATCH) {
    const part = calls.slice(from, from + MAX_BATCH);
    const body = part.map(([method, params], id) => ({ jsonrpc: '2.0', id, method, params }));
    const answers = await post(chain, body, signal);
    if (!Array.isArray(answers)) {
      const { error } = (answers ?? {}) as Answer;
      throw error ? new RpcError(error.code, error.message, error.data) : new Unreachable(errors.noBatch);
    }
    const byId = new Map((answers as Answer[]).map((answer) => [answer.id, answer]));
    for (let id = 0; id < part.length; id += 1) {
      try {
        out.push(value<T>(byId.get(id)));
      } catch (error) {
        out.push(error as Error);
      }
    }
  }
  return out;
}

/** As [batch], where one error fails all. */
export async function all<T>(chain: Chain, calls: Call[], signal?: AbortSignal): Promise<T[]> {
  const answers = await batch<T>(chain, calls, signal);
  for (const answer of answers) if (answer instanceof Error) throw answer;
  return answers as T[];
}
