import { expect, test } from 'vitest';
import { Attack } from '../../src/incident/attack';
import { RpcError } from '../../src/lib/rpc';
import type { Hex, Receipt } from '../../src/lib/types';

const BLOCKED = new RpcError(-32_000, 'sender is blocked by directive 1');
const receipt = (transactionHash: Hex, status: Hex = '0x1') => ({ transactionHash, status }) as Receipt;

/** Attacks where each withdrawal has its receipt after so many looks; null where no block ever takes it. */
async function attacked(looks: (number | null)[], status: Hex = '0x1') {
  const [told, asked, words]: [string[], Map<Hex, number>, string[]] = [[], new Map(), []];
  let sent = 0;
  const attack = new Attack(
    {
      send: async () => {
        if (sent === looks.length) throw BLOCKED;
        sent += 1;
        return `0x${sent}`;
      },
      receipt: async (hash) => {
        const times = (asked.get(hash) ?? 0) + 1;
        asked.set(hash, times);
        const needs = looks[Number(hash) - 1];
        return needs !== null && needs !== undefined && times >= needs ? receipt(hash, status) : null;
      },
      pause: async () => undefined,
    },
    { took: ({ transactionHash }, count) => void told.push(`${count}: ${transactionHash}`), refused: (text) => void words.push(text) },
  );
  await attack.run(() => false);
  return { attack, told, words };
}

test('each withdrawal is told of once, and the refusal ends it', async () => {
  const { attack, told, words } = await attacked([1, 3]);
  expect(told).toEqual(['1: 0x1', '2: 0x2']);
  expect([attack.isRefused, attack.taken, words]).toEqual([true, 2, [BLOCKED.message]]);
});

test('one whose receipt is late is told of before the outcome, one that no block takes never', async () => {
  const { attack, told } = await attacked([1, 20, null, 60]);
  await attack.settle();
  expect(told).toEqual(['1: 0x1', '2: 0x2']);
  for (let look = 0; look < 60; look += 1) await attack.settle();
  expect(told).toEqual(['1: 0x1', '2: 0x2', '3: 0x4']);
});

test('what reverted stole nothing; other answers do not end the attack, and a broken page does', async () => {
  expect((await attacked([1, 1], '0x0')).told).toEqual([]);
  let left = 3;
  const means = { receipt: async () => null, pause: async () => undefined };
  const tell = { took: () => undefined, refused: () => undefined };
  const empty = new Attack({ ...means, send: async () => Promise.reject(new RpcError(3, 'execution reverted')) }, tell);
  await empty.run(() => (left -= 1) < 0);
  expect(empty.isRefused).toBe(false);
  await expect(new Attack({ ...means, send: async () => Promise.reject(new Error('broken')) }, tell).run(() => false)).rejects.toThrow('broken');
});
