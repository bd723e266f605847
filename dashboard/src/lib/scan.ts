// Logs over a long history: asked for backwards from the head in ranges, each made smaller where an answer would be too large.
import { call, type Chain, RpcError } from './rpc';
import type { Hex, Log } from './types';

/** Widest range of one question: the node's own limit is 10,000 blocks. */
const WIDEST = 10_000;

export interface Filter {
  address?: Hex | readonly Hex[];
  topics?: (Hex | Hex[] | null)[];
}

export interface Page {
  /** Newest first. */
  logs: Log[];
  /** The next page ends before this block; null where there is nothing older. */
  before: number | null;
}

const quantity = (of: number): Hex => `0x${of.toString(16)}`;

/** How often a search that may go through the whole chain is made again. */
export const SCAN_EVERY_MS = 30_000;

/** The newest logs below block `before` (of all, without one), at least `enough` of them where there are as many. */
export async function scan(chain: Chain, filter: Filter, enough: number, before: number | null, oldest: number, signal?: AbortSignal): Promise<Page> {
  let top = before === null ? Number(await call<Hex>(chain, 'eth_blockNumber', [], signal)) : before - 1;
  let width = WIDEST;
  const logs: Log[] = [];
  while (top >= oldest && logs.length < enough) {
    const bottom = Math.max(oldest, top - width + 1);
    try {
      const found = await call<Log[]>(chain, 'eth_getLogs', [{ ...filter, fromBlock: quantity(bottom), toBlock: quantity(top) }], signal);
      logs.push(...found.reverse());
      top = bottom - 1;
    } catch (error) {
      // One block that is too large by itself cannot be asked for in parts.
      if (!(error instanceof RpcError) || width <= 1 || !/limit exceeded|max_log/i.test(error.message)) throw error;
      width = Math.max(1, Math.floor(Math.min(width, top - bottom + 1) / 4));
    }
  }
  return { logs, before: top >= oldest ? top + 1 : null };
}

/** Blocks that one page looks at, and the most logs of one page: the rest of a large block is in its transactions. */
const LOOKED = 50_000;
const MOST = 50;

export interface Past {
  /** Newest first, of whole blocks. */
  logs: Log[];
  /** The blocks that were looked at. */
  bottom: number;
  top: number;
  /** Logs of the bottom block that are not listed. */
  left: number;
}

/** The logs below block `before` (of all, without one), of whole blocks, until there are `enough`; a page of a list that reaches to block `oldest`. */
export async function logsBelow(chain: Chain, filter: Filter, enough: number, before: number | null, oldest: number, signal?: AbortSignal): Promise<Past> {
  const top = before === null ? Number(await call<Hex>(chain, 'eth_blockNumber', [], signal)) : before - 1;
  const floor = Math.max(oldest, top - LOOKED + 1);
  const { logs } = await scan(chain, filter, enough, top + 1, floor, signal);
  const cut = logs[enough - 1];
  const bottom = cut ? Number(cut.blockNumber) : Math.min(floor, top + 1);
  const all = logs.filter(({ blockNumber }) => Number(blockNumber) >= bottom);
  return { logs: all.slice(0, MOST), bottom, top, left: Math.max(0, all.length - MOST) };
}
