import { encodeAbiParameters, toFunctionSelector } from 'viem/utils';
import { afterEach, expect, test, vi } from 'vitest';
import { units } from '../../src/lib/format';
import { logsBelow } from '../../src/lib/scan';
import { holdings, naming, TRANSFER } from '../../src/lib/token';
import type { Hex } from '../../src/lib/types';

const address = (number: number): Hex => `0x${number.toString(16).padStart(40, '0')}`;
const word = (number: number | string): Hex => `0x${(typeof number === 'string' ? number.slice(2) : number.toString(16)).padStart(64, '0')}`;
const HOLDER = address(0xaa);
const [GOOD, NFT, EMPTY, MUTE, LIAR] = [1, 2, 3, 4, 5].map(address) as [Hex, Hex, Hex, Hex, Hex];

const text = (of: string): Hex => encodeAbiParameters([{ type: 'string' }], [of]);
const selector = (of: string): string => toFunctionSelector(of);

/** What a contract answers to a call; an error for what it does not know. */
function answerOf(to: string, data: string): Hex {
  if (to === MUTE) throw new Error('execution reverted');
  // Whatever it is asked, it answers with a text that is no word.
  if (to === LIAR) return '0x1234';
  switch (data.slice(0, 10)) {
    case selector('function name()'):
      return text('A name \u202e');
    case selector('function symbol()'):
      return text('SYM');
    case selector('function decimals()'):
      return to === NFT ? '0x' : word(6);
    case selector('function totalSupply()'):
      return word(1_000);
    case selector('function supportsInterface(bytes4)'):
      return word(to === NFT ? 1 : 0);
    default:
      return word(to === EMPTY ? 0 : to === NFT ? 3 : 2_500_000);
  }
}

interface Filter {
  fromBlock: string;
  toBlock: string;
  topics?: (string | null)[];
}

/** A chain with these logs. */
function chain(head: number, logs: { block: number; address?: Hex; topics: Hex[]; data?: Hex }[]): void {
  const answer = (method: string, params: unknown[]): unknown => {
    if (method === 'eth_blockNumber') return word(head);
    if (method === 'eth_call') return answerOf((params[0] as { to: string }).to, (params[0] as { data: string }).data);
    const { fromBlock, toBlock, topics = [] } = params[0] as Filter;
    return logs.filter((log) => log.block >= Number(fromBlock) && log.block <= Number(toBlock) && topics.every((topic, index) => topic === null || topic === log.topics[index])).map((log) => ({ address: log.address ?? GOOD, topics: log.topics, data: log.data ?? word(1), blockNumber: `0x${log.block.toString(16)}` }));
  };
  vi.stubGlobal('fetch', async (_: string, { body }: { body: string }) => {
    const request = JSON.parse(body) as { id: number; method: string; params: unknown[] } | { id: number; method: string; params: unknown[] }[];
    const one = ({ id, method, params }: { id: number; method: string; params: unknown[] }): object => {
      try {
        return { id, result: answer(method, params) };
      } catch (error) {
        return { id, error: { code: 3, message: (error as Error).message } };
      }
    };
    return { status: 200, json: async () => (Array.isArray(request) ? request.map(one) : one(request)) };
  });
}

afterEach(() => vi.unstubAllGlobals());

test('contracts that name an address in a transfer are found in both directions, whichever did so last first', async () => {
  chain(100, [
    { block: 10, address: GOOD, topics: [TRANSFER, word(address(1)), word(HOLDER)] },
    { block: 20, address: NFT, topics: [TRANSFER, word(HOLDER), word(address(1)), word(7)], data: '0x' },
    { block: 30, address: GOOD, topics: [TRANSFER, word(HOLDER), word(address(1))] },
    // Of others, and one that is no transfer by its data.
    { block: 40, address: EMPTY, topics: [TRANSFER, word(address(1)), word(address(2))] },
    { block: 50, address: LIAR, topics: [TRANSFER, word(address(1)), word(HOLDER)], data: '0x12' },
  ]);
  expect(await naming('hub', HOLDER, 1, 0)).toEqual({ contracts: [GOOD, NFT], bottom: 0, top: 100 });
});

test('the search for tokens reaches back so many steps', async () => {
  chain(120_000, [{ block: 5, address: GOOD, topics: [TRANSFER, word(address(1)), word(HOLDER)] }]);
  expect(await naming('hub', HOLDER, 1, 0)).toEqual({ contracts: [], bottom: 70_001, top: 120_000 });
  expect(await naming('hub', HOLDER, 3, 0)).toEqual({ contracts: [GOOD], bottom: 0, top: 120_000 });
});

test('what an address holds is told by tokens that answer; others are counted', async () => {
  chain(1, []);
  const found = await holdings('hub', HOLDER, [GOOD, NFT, EMPTY, MUTE, LIAR], 50);
  expect(found.held.map(({ address: of, token, balance }) => [of, token.standard, token.decimals, balance])).toEqual([
    [GOOD, 'ERC-20', 6, 2_500_000n],
    [NFT, 'ERC-721', 0, 3n],
  ]);
  expect(found).toMatchObject({ gone: 1, mute: 2, left: 0 });
  expect(await holdings('hub', HOLDER, [EMPTY, MUTE, GOOD], 2)).toEqual({ held: [], gone: 1, mute: 1, left: 1 });
});

test('a balance that no table has room for is written short', () => {
  expect(units(10n ** 24n - 1n, 0)).toBe('999,999,999,999,999,999,999,999');
  expect(units(10n ** 24n, 0)).toBe('1.00 × 10^24');
  expect(units((1n << 256n) - 1n, 18)).toBe('1.15 × 10^59');
});

test('a page of logs is of whole blocks, and the next begins below it', async () => {
  const at = (block: number, times: number) => Array.from({ length: times }, () => ({ block, topics: [word(1)] }));
  chain(60_500, [...at(3, 1), ...at(400, 2), ...at(60_000, 2), ...at(60_100, 3)]);
  const first = await logsBelow('hub', {}, 4, null, 0);
  expect([first.logs.length, first.bottom, first.top, first.left]).toEqual([5, 60_000, 60_500, 0]);
  // So many blocks are looked at, also where there is nothing.
  const second = await logsBelow('hub', {}, 4, first.bottom, 0);
  expect([second.logs.length, second.bottom, second.top]).toEqual([0, 10_000, 59_999]);
  const third = await logsBelow('hub', {}, 4, second.bottom, 0);
  expect([third.logs.length, third.bottom]).toEqual([3, 0]);
  // Nothing is below the oldest block that the node has.
  expect(await logsBelow('hub', {}, 4, 500, 500)).toMatchObject({ logs: [], bottom: 500 });
});

test('of a large block a part is listed', async () => {
  chain(9, Array.from({ length: 230 }, () => ({ block: 9, topics: [word(1)] })));
  const page = await logsBelow('hub', {}, 25, null, 0);
  expect([page.logs.length, page.left, page.bottom]).toEqual([50, 180, 9]);
});
