import { afterEach, expect, test, vi } from 'vitest';
import { transactionsBelow } from '../../src/lib/blocks';
import { whole } from '../../src/lib/route';

/** A chain in whose blocks of these numbers there are so many transactions; `oldest` is the first that the node has. */
function chain(full: Record<number, number>, oldest = 0): void {
  const answer = (method: string, [of]: [string]): unknown => {
    if (method === 'eth_getTransactionByHash') return { hash: of, blockNumber: `0x${Number(of.split('-')[1]).toString(16)}` };
    const number = Number(of);
    return number < oldest ? null : { number: of, transactions: Array.from({ length: full[number] ?? 0 }, (_, index) => `tx-${number}-${index}`) };
  };
  vi.stubGlobal('fetch', async (_: string, { body }: { body: string }) => {
    const request = JSON.parse(body) as { id: number; method: string; params: [string] }[];
    return { status: 200, json: async () => request.map(({ id, method, params }) => ({ id, result: answer(method, params) })) };
  });
}

afterEach(() => vi.unstubAllGlobals());

test('older transactions come of whole blocks, and the last block that was looked at is told', async () => {
  chain({ 90: 2, 40: 3, 39: 4, 2: 1 });
  const page = await transactionsBelow('a', 95, 4);
  expect(page.transactions.map(({ hash }) => hash)).toEqual(['tx-90-1', 'tx-90-0', 'tx-40-2', 'tx-40-1', 'tx-40-0']);
  expect(page).toMatchObject({ bottom: 40, left: 0 });
  const next = await transactionsBelow('a', page.bottom, 100);
  expect(next.transactions.map(({ hash }) => hash)).toEqual(['tx-39-3', 'tx-39-2', 'tx-39-1', 'tx-39-0', 'tx-2-0']);
  expect(next.bottom).toBe(0);
});

test('the search for them ends after a while, and where the node has no more', async () => {
  chain({});
  expect(await transactionsBelow('b', 5_000, 1)).toEqual({ transactions: [], bottom: 4_400, left: 0 });
  chain({}, 4_000);
  expect((await transactionsBelow('c', 4_010, 1)).bottom).toBe(4_000);
  expect((await transactionsBelow('c', 4_000, 1)).bottom).toBe(4_000);
});

test('of a large block a part is listed', async () => {
  chain({ 7: 130 });
  const { transactions, bottom, left } = await transactionsBelow('d', 8, 15);
  expect([transactions.length, bottom, left]).toEqual([100, 7, 30]);
});

test('a page of the past begins at a number', () => {
  expect(['12', '0', 'x', '-3', '1e3', '9'.repeat(16), null].map((text) => whole(text))).toEqual([12, null, null, null, null, null, null]);
  expect(whole('12', 5)).toBe(5);
});
