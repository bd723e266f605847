// Newest blocks and transactions. What is final never changes, so each is asked for once.
import { useAsk } from './live';
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
    const head = Number(await call<Hex>(chain, 'eth_blockNumber', [], signal));
    const numbers = Array.from({ length: Math.min(most, head + 1) }, (_, index) => head - index);
    return headers(chain, numbers, signal);
  });

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

export const useBlock = (chain: Chain, id: string) =>
  useAsk<Block | null>(
    chain,
    ['block', id],
    (signal) =>
      id.length === 66
        ? call(chain, 'eth_getBlockByHash', [id, true], signal)
        : call(chain, 'eth_getBlockByNumber', [`0x${Number(id).toString(16)}`, true], signal),
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
  });
