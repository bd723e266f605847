import { parseTransaction } from 'viem';
import { keccak256 } from 'viem/utils';
import { afterEach, expect, test, vi } from 'vitest';
import { HUB, RpcError } from '../../src/lib/rpc';
import { developmentAccount, sendAs } from '../../src/lib/signer';
import type { Hex } from '../../src/lib/types';

afterEach(() => void vi.unstubAllGlobals());

/** A node that takes transactions and answers so to the one that waits for its block; `receipts` are its answers about it later, one after the other. */
function node(answer: object, receipts: unknown[] = []): { asked: Hex[]; sent: Hex[] } {
  const [asked, sent]: [Hex[], Hex[]] = [[], []];
  vi.stubGlobal('fetch', async (_: string, { body }: { body: string }) => {
    const { id, method, params } = JSON.parse(body) as { id: number; method: string; params: [Hex] };
    const json = (of: object) => ({ status: 200, json: async () => ({ jsonrpc: '2.0', id, ...of }) });
    if (method === 'eth_sendRawTransactionSync') {
      sent.push(params[0]);
      return json(answer);
    }
    if (method === 'eth_getTransactionReceipt') {
      asked.push(params[0]);
      return json({ result: receipts.shift() ?? null });
    }
    return json({ result: '0x5' });
  });
  return { asked, sent };
}

const send = () => sendAs(developmentAccount(0), HUB, { to: developmentAccount(1).address, value: 1n, gas: 21_000n });

test('what the node took and could not wait for is waited for by its hash, and not sent again', async () => {
  const { asked, sent } = node({ error: { code: 4, message: 'The transaction was added to the mempool but wasn\'t processed in 10000ms' } }, [null, { status: '0x1', blockNumber: '0x9' }]);
  expect(await send()).toEqual({ status: '0x1', blockNumber: '0x9' });
  expect(sent).toHaveLength(1);
  const [raw] = sent as [Hex];
  expect(parseTransaction(raw)).toMatchObject({ chainId: 5, nonce: 5, value: 1n });
  expect(asked).toEqual([keccak256(raw), keccak256(raw)]);
});

test('a receipt that comes at once is all that it takes, and what the node refuses is not waited for', async () => {
  const atOnce = node({ result: { status: '0x1', blockNumber: '0x7' } });
  expect(await send()).toMatchObject({ blockNumber: '0x7' });
  expect(atOnce.asked).toEqual([]);
  const refused = node({ error: { code: -32_000, message: 'nonce too low: next nonce 5, tx nonce 3' } });
  await expect(send()).rejects.toThrow(RpcError);
  expect(refused.asked).toEqual([]);
});
