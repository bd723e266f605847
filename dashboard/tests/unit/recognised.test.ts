import { encodeFunctionData } from 'viem/utils';
import { afterEach, expect, test, vi } from 'vitest';
import { LeakyVault, LeakyVaultCode } from '../../src/abi/LeakyVault';
import { decodeCall, summary } from '../../src/lib/decode';
import { recognise } from '../../src/lib/recognised';
import { HUB } from '../../src/lib/rpc';

const [VAULT, OTHER, NONE] = ['11', '22', '33'].map((byte) => `0x${byte.repeat(20)}`) as [string, string, string];
/** What the constructor returns: all behind it. */
const runtime = `0x${LeakyVaultCode.slice(LeakyVaultCode.indexOf('f3fe') + 4)}`;

afterEach(() => void vi.unstubAllGlobals());

/** Chains that answer with these codes; what they were asked about. */
function chains(codes: Record<string, string>): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (path: string, { body }: { body: string }) => {
    const answers = (JSON.parse(body) as { id: number; params: [string] }[]).map(({ id, params: [address] }) => (asked.push(address), { id, result: /zones/.test(path) ? codes[address] : '0x' }));
    return { status: 200, json: async () => answers };
  });
  return asked;
}

test('the vault of an incident is known by its code, at any address, and asked about once', async () => {
  const asked = chains({ [VAULT]: runtime, [OTHER]: `${runtime}00`, [NONE]: '0x' });
  const data = encodeFunctionData({ abi: LeakyVault, functionName: 'withdraw', args: [5n] });
  expect(decodeCall('market', VAULT, data)).toBeNull();
  expect(await recognise('market', [VAULT, OTHER, NONE])).toEqual(['LeakyVault', null, null]);
  expect(decodeCall('market', VAULT, data)).toMatchObject({ by: 'LeakyVault', name: 'withdraw', arguments: [{ value: 5n }] });
  expect(decodeCall('market', OTHER, data)).toBeNull();
  await recognise('market', [VAULT, OTHER, NONE]);
  // Only that it is known is final.
  expect(asked).toEqual([VAULT, OTHER, NONE, OTHER, NONE]);
});

test('at the same address of another chain it is known only if it is there too', async () => {
  const data = encodeFunctionData({ abi: LeakyVault, functionName: 'withdraw', args: [5n] });
  const at = `0x${'44'.repeat(20)}`;
  chains({ [at]: runtime });
  expect(await recognise(HUB, [at])).toEqual([null]);
  expect(await recognise('market', [at])).toEqual(['LeakyVault']);
  expect(decodeCall('market', at, data)).toMatchObject({ by: 'LeakyVault' });
  expect(decodeCall(HUB, at, data)).toBeNull();
  expect(summary(HUB, at, data)).toMatch(/^call 0x/);
  expect(await recognise(HUB, [at])).toEqual([null]);
});

test('a vault that comes to an address later is known then', async () => {
  const at = `0x${'55'.repeat(20)}`;
  for (const code of ['0x', '0x60']) {
    chains({ [at]: code });
    expect(await recognise('market', [at])).toEqual([null]);
  }
  chains({ [at]: runtime });
  expect(await recognise('market', [at])).toEqual(['LeakyVault']);
});
