import { encodeFunctionData } from 'viem/utils';
import { afterEach, expect, test, vi } from 'vitest';
import { LeakyVault, LeakyVaultCode } from '../../src/abi/LeakyVault';
import { decodeCall } from '../../src/lib/decode';
import { recognise } from '../../src/lib/recognised';

const [VAULT, OTHER, NONE] = ['11', '22', '33'].map((byte) => `0x${byte.repeat(20)}`) as [string, string, string];
/** What the constructor returns: all behind it. */
const runtime = `0x${LeakyVaultCode.slice(LeakyVaultCode.indexOf('f3fe') + 4)}`;

afterEach(() => void vi.unstubAllGlobals());

test('the vault of an incident is known by its code, at any address, and asked about once', async () => {
  const codes: Record<string, string> = { [VAULT]: runtime, [OTHER]: `${runtime}00`, [NONE]: '0x' };
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (_: string, { body }: { body: string }) => {
    const answers = (JSON.parse(body) as { id: number; params: [string] }[]).map(({ id, params: [address] }) => (asked.push(address), { id, result: codes[address] }));
    return { status: 200, json: async () => answers };
  });
  const data = encodeFunctionData({ abi: LeakyVault, functionName: 'withdraw', args: [5n] });
  expect(decodeCall(VAULT, data)).toBeNull();
  expect(await recognise('market', [VAULT, OTHER, NONE])).toEqual(['LeakyVault', null, null]);
  expect(decodeCall(VAULT, data)).toMatchObject({ by: 'LeakyVault', name: 'withdraw', arguments: [{ value: 5n }] });
  expect(decodeCall(OTHER, data)).toBeNull();
  await recognise('market', [VAULT, OTHER, NONE]);
  // What has no code may get some.
  expect(asked).toEqual([VAULT, OTHER, NONE, NONE]);
});
