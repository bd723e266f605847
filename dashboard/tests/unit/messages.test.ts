import { decodeFunctionData, encodeFunctionResult, toFunctionSelector } from 'viem/utils';
import { afterEach, expect, test, vi } from 'vitest';
import { delivery, type Message, progress, type Sent } from '../../src/lib/messages';
import { MESSAGES, ZONES } from '../../src/lib/modules';
import type { Hex, Zone } from '../../src/lib/types';

test('a gateway is called with the arguments of take', () => {
  const message: Message = { source: 1n, destination: 2n, nonce: 3n, sender: `0x${'11'.repeat(20)}`, to: `0x${'22'.repeat(20)}`, value: 4n, fee: 0n, data: '0xabcd' };
  const data = delivery(message);
  expect(data.slice(0, 10)).toBe(toFunctionSelector('deliver((uint64,uint64,uint64,address,address,uint256,uint256,bytes))'));
  const take = `${toFunctionSelector('take((uint64,uint64,uint64,address,address,uint256,uint256,bytes))')}${data.slice(10)}` as const;
  expect(decodeFunctionData({ abi: MESSAGES.abi, data: take }).args).toEqual([message]);
});

const HUB_ID = 1n;
const ZONE = { id: 1, name: 'market', chainId: '0x64', createdAt: '0x1', path: '/zones/market', sent: 5 } as unknown as Zone;
const sent = (chain: string, more: Partial<Message> = {}): Sent => ({ id: `0x${'aa'.repeat(32)}`, message: { source: 1n, destination: 100n, nonce: 0n, sender: `0x${'11'.repeat(20)}`, to: `0x${'22'.repeat(20)}`, value: 0n, fee: 0n, data: '0xab', ...more }, chain, block: 3, transaction: `0x${'bb'.repeat(32)}`, timeMs: 1_000 });

/** A node that answers these views and refuses all others. */
const node = (answers: Record<string, unknown>): void =>
  void vi.stubGlobal('fetch', async (_: string, { body }: { body: string }) => {
    const one = ({ id, method, params }: { id: number; method: string; params: [{ data: Hex }] }) => {
      if (method !== 'eth_call') return { id, result: method === 'eth_getLogs' ? [] : '0x5' };
      const { functionName } = decodeFunctionData({ abi: [...MESSAGES.abi, ...ZONES.abi], data: params[0].data });
      const abi = [MESSAGES.abi, ZONES.abi].find((of) => of.some((item) => item.type === 'function' && item.name === functionName));
      return abi && functionName in answers ? { id, result: encodeFunctionResult({ abi, functionName, result: answers[functionName] }) } : { id, error: { code: -32_005, message: 'limit exceeded' } };
    };
    const request = JSON.parse(body);
    return { status: 200, json: async () => (Array.isArray(request) ? request.map(one) : one(request)) };
  });
const look = (of: Sent) => progress(of, { hubId: HUB_ID, oldest: 1, zones: [ZONE] });

afterEach(() => void vi.unstubAllGlobals());

test('a refused question is no answer: a message that waits is not taken for taken, nor one that has left for lost', async () => {
  node({ arrived: 1n, waiting: [1_700_000_000n, 0n] });
  expect(await look(sent('hub'))).toMatchObject({ state: 'waits', actions: ['take'] });
  node({ arrived: 1n });
  await expect(look(sent('hub'))).rejects.toThrow('limit exceeded');
  node({ waiting: [1_700_000_000n, 0n] });
  await expect(look(sent('hub'))).rejects.toThrow('limit exceeded');
  node({});
  await expect(look(sent('market', { source: 100n, destination: 1n }))).rejects.toThrow('limit exceeded');
});
