// Newest blocks and transactions. What is final never changes, so each is asked for once.
import { useAsk } from './live';
import { stream } from './stream';
import { all, call, type Chain } from './rpc';
import type { Block, Header, Hex, Receipt, Transaction } from './types';

/** Finalized things that are remembered. */
const REMEMBERED = 1_000;

/** What is remembered under a key; what came first is forgotten first. */
export class Memory<T> {
  private readonly items = new Map<string, T>();
  get(key: string): T | undefined {
    return this.items.get(key);
  }
  set(key: string, item: T): void {
    if (this.items.size >= REMEMBERED) this.items.delete(this.items.keys().next().value as string);
    this.items.set(key, item);
  }
}

export interface BlockHead extends Header {
  size: Hex;
  transactions: Hex[];
}

const blocks = new Memory<BlockHead>();
const transactions = new Memory<Transaction>();

/** The blocks of these numbers that exist, in the same order. */
export async function headers(chain: Chain, numbers: number[], signal?: AbortSignal): Promise<BlockHead[]> {
  const missing = numbers.filter((number) => number >= 0 && !blocks.get(`${chain}:${number}`));
  const found = await all<BlockHead | null>(
    chain,
    missing.map((number) => ['eth_getBlockByNumber', [`0x${number.toString(16)}`, false]]),
    signal,
  );
  for (const block of found) if (block) blocks.set(`${chain}:${Number(block.number)}`, block);
  return numbers.flatMap((number) => blocks.get(`${chain}:${number}`) ?? []);
}

/** The newest `most` blocks, newest first. */
export const useNewestBlocks = (chain: Chain, most: number) =>
  useAsk<BlockHead[]>(chain, ['newest', most], async (signal) => {
    const { state, head: heard } = stream(chain).snapshot;
    const head = Number(state === 'live' && heard ? heard.number : await call<Hex>(chain, 'eth_blockNumber', [], signal));
    const numbers = Array.from({ length: Math.min(most, head + 1) }, (_, index) => head - index);
    return headers(chain, numbers, signal);
  });

/** Numbers below `before`, newest first. */
const below = (before: number, most: number): number[] => Array.from({ length: Math.min(most, before) }, (_, index) => before - 1 - index);

/** The blocks below `before` that exist, newest first. */
export const useHeadersBelow = (chain: Chain, before: number, most: number) =>
  useAsk<BlockHead[]>(chain, ['below', before, most], (signal) => headers(chain, below(before, most), signal), { fixed: true });

/** The transactions of these hashes that exist. */
export async function transactionsOf(chain: Chain, hashes: Hex[], signal?: AbortSignal): Promise<Transaction[]> {
  const missing = hashes.filter((hash) => !transactions.get(`${chain}:${hash}`));
  const found = await all<Transaction | null>(
    chain,
    missing.map((hash) => ['eth_getTransactionByHash', [hash]]),
    signal,
  );
  for (const transaction of found) if (transaction?.blockNumber) transactions.set(`${chain}:${transaction.hash}`, transaction);
  return hashes.flatMap((hash) => transactions.get(`${chain}:${hash}`) ?? []);
}

/** The newest `most` transactions of these blocks, newest first. */
export const useTransactionsOf = (chain: Chain, of: BlockHead[] | undefined, most: number) => {
  const hashes = (of ?? []).flatMap(({ transactions: inBlock }) => [...inBlock].reverse()).slice(0, most);
  return useAsk<Transaction[]>(chain, ['transactions', hashes], (signal) => transactionsOf(chain, hashes, signal), { fixed: true, enabled: of !== undefined });
};

/** Most blocks that one page of older transactions looks at, and how many are asked for at once. */
const LOOKED = 600;
const AT_ONCE = 50;
/** Most transactions of one page: the rest of a large block is on the block's own page. */
const MOST = 100;

export interface Past {
  transactions: Transaction[];
  /** The lowest block that was looked at; `before` itself where there is none. */
  bottom: number;
  /** Transactions of that block that are not listed. */
  left: number;
}

/** Transactions below block `before`, newest first: of whole blocks, until there are `enough`. */
export async function transactionsBelow(chain: Chain, before: number, enough: number, signal?: AbortSignal): Promise<Past> {
  const hashes: Hex[] = [];
  let bottom = before;
  while (bottom > 0 && hashes.length < enough && before - bottom < LOOKED) {
    const numbers = below(bottom, AT_ONCE);
    const found = await headers(chain, numbers, signal);
    for (const block of found) {
      hashes.push(...[...block.transactions].reverse());
      bottom = Number(block.number);
      if (hashes.length >= enough) break;
    }
    if (found.length < numbers.length) break;
  }
  return { transactions: await transactionsOf(chain, hashes.slice(0, MOST), signal), bottom, left: Math.max(0, hashes.length - MOST) };
}

export const useTransactionsBelow = (chain: Chain, before: number, enough: number) =>
  useAsk<Past>(chain, ['past', before, enough], (signal) => transactionsBelow(chain, before, enough, signal), { fixed: true });

export const useBlock = (chain: Chain, id: string) =>
  useAsk<Block | null>(
    chain,
    ['block', id],
    (signal) =>
      id.length === 66
        ? call(chain, 'eth_getBlockByHash', [id, true], signal)
        : call(chain, 'eth_getBlockByNumber', [`0x${Number(id).toString(16)}`, true], signal),
    { unsettled: (block) => !block },
  );

export interface Found {
  transaction: Transaction;
  receipt: Receipt | null;
  block: Header | null;
}

export const useTransaction = (chain: Chain, hash: string) =>
  useAsk<Found | null>(chain, ['transaction', hash], async (signal) => {
    const [transaction, receipt] = (await all<unknown>(
      chain,
      [
        ['eth_getTransactionByHash', [hash]],
        ['eth_getTransactionReceipt', [hash]],
      ],
      signal,
    )) as [Transaction | null, Receipt | null];
    if (!transaction) return null;
    const { blockNumber } = transaction;
    const [block] = blockNumber ? await headers(chain, [Number(blockNumber)], signal) : [];
    return { transaction, receipt, block: block ?? null };
  }, { unsettled: (found) => !found?.receipt || !found.block });
