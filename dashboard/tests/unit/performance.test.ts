import { encodeFunctionResult } from 'viem/utils';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { STAKING } from '../../src/lib/modules';

const key = (number: number): `0x${string}` => `0x${number.toString(16).padStart(64, '0')}`;
const EPOCH_BLOCKS = 32;

/** Blocks whose certificates were asked for. */
let asked: number[] = [];
/** Committees that were asked for. */
let committees = 0;
/** Whether a block has one; an error where the node fails. */
let certified: (number: number) => boolean | Error = () => true;
let performance: typeof import('../../src/lib/performance').performance;

beforeEach(async () => {
  asked = [];
  committees = 0;
  certified = () => true;
  const committee = encodeFunctionResult({ abi: STAKING.abi, functionName: 'committeeOf', result: [key(9), [{ operatorId: 1n, key: key(1), feeRecipient: `0x${'11'.repeat(20)}`, stake: 5n }]] });
  const answer = (method: string, [first]: string[]): unknown => {
    if (method === 'eth_call') {
      committees += 1;
      return committee;
    }
    const number = Number(first);
    if (method === 'eth_getBlockByNumber') return { number: first, proposer: key(1) };
    asked.push(number);
    const has = certified(number);
    if (has instanceof Error) throw has;
    return has ? { signers: [key(1)] } : null;
  };
  vi.stubGlobal('fetch', async (_: string, { body }: { body: string }) => ({
    status: 200,
    json: async () =>
      (JSON.parse(body) as { id: number; method: string; params: string[] }[]).map(({ id, method, params }) => {
        try {
          return { id, result: answer(method, params) };
        } catch (error) {
          return { id, error: { code: -32_000, message: (error as Error).message } };
        }
      }),
  }));
  // What it remembers is of the module: each test begins without.
  vi.resetModules();
  ({ performance } = await import('../../src/lib/performance'));
});
afterEach(() => vi.unstubAllGlobals());

/** The epochs up to this one, with the head at its end. */
const upTo = (epoch: number, head = (epoch + 1) * EPOCH_BLOCKS - 1) => performance({ epoch, first: epoch * EPOCH_BLOCKS, last: (epoch + 1) * EPOCH_BLOCKS - 1 }, head, 0);
const counted = (of: { sampled: number }[]): number[] => of.map(({ sampled }) => sampled);

test('a block far below the head that has no certificate is asked for once, a new one again', async () => {
  certified = (number) => number % 2 === 0;
  const head = 63;
  expect(counted(await upTo(1, head))).toEqual([16, 15]);
  expect(asked).toContain(5);
  asked = [];
  expect(counted(await upTo(1, head))).toEqual([16, 15]);
  expect(asked).toEqual([49, 51, 53, 55, 57, 59, 61, 63]);
  // Their certificates have come meanwhile.
  certified = () => true;
  expect(counted(await upTo(1, head))).toEqual([24, 15]);
});

test('the committee of an epoch is asked for once', async () => {
  await upTo(3);
  expect(committees).toBe(4);
  await upTo(4);
  await upTo(4);
  expect(committees).toBe(5);
});

test('what failed is asked for again', async () => {
  certified = (number) => (number === 3 ? new Error('busy') : true);
  expect(counted(await upTo(1))).toEqual([32, 30]);
  asked = [];
  certified = () => true;
  expect(counted(await upTo(1))).toEqual([32, 31]);
  expect(asked).toEqual([3]);
});

test('nothing of an answer is lost when more has been seen than is remembered', async () => {
  // 160 blocks each time, 1,280 in all.
  for (let epoch = 5; epoch <= 40; epoch += 5) expect(counted(await upTo(epoch))).toEqual([32, 32, 32, 32, 32]);
  asked = [];
  expect(counted(await upTo(40))).toEqual([32, 32, 32, 32, 32]);
  expect(asked).toEqual([]);
  await upTo(5);
  expect(asked.length).toBe(160);
});
