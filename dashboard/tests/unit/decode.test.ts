import { encodeEventTopics, encodeErrorResult, encodeFunctionData, encodeAbiParameters, parseAbi } from 'viem/utils';
import { afterEach, expect, test, vi } from 'vitest';
import { addAbi, decodeCall, decodeError, decodeLog, hasOwnAbi, summary } from '../../src/lib/decode';
import { EXCHANGE, GUARD, MESSAGES, STAKING } from '../../src/lib/modules';
import { HUB } from '../../src/lib/rpc';

afterEach(() => void vi.unstubAllGlobals());

const someone = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';

test('a call of a module is read by its ABI, structs and lists by name', () => {
  const input = { targets: [someone], action: 2, severity: 4, expiry: 99n, objectId: `0x${'11'.repeat(32)}`, reason: 'why' };
  const decoded = decodeCall(HUB, GUARD.to, encodeFunctionData({ abi: GUARD.abi, functionName: 'raise', args: [input] }));
  expect(decoded?.by).toBe('guard');
  expect(decoded?.name).toBe('raise');
  const [struct] = decoded?.arguments ?? [];
  expect(struct?.parts?.map(({ name }) => name)).toEqual(['targets', 'action', 'severity', 'expiry', 'objectId', 'reason']);
  expect(struct?.parts?.find(({ name }) => name === 'reason')?.value).toBe('why');
});

test('lists of structs keep their parts', () => {
  const entry = { uuid: `0x${'22'.repeat(16)}`, objectType: 'indicator', version: 1n, tlp: 0, content: '0x7b7d' };
  const decoded = decodeCall(HUB, EXCHANGE.to, encodeFunctionData({ abi: EXCHANGE.abi, functionName: 'publish', args: [[entry, entry]] }));
  expect(decoded?.arguments[0]?.parts).toHaveLength(2);
  expect(decoded?.arguments[0]?.parts?.[1]?.parts?.[1]).toMatchObject({ name: 'objectType', value: 'indicator' });
});

test('what no ABI fits is no guess', () => {
  expect(decodeCall(HUB, someone, '0xdeadbeef')).toBeNull();
  expect(decodeCall(HUB, GUARD.to, '0xdeadbeef00')).toBeNull();
  expect(decodeCall(HUB, GUARD.to, '0x')).toBeNull();
  expect(decodeLog(HUB, { address: someone, topics: [], data: '0x' })).toBeNull();
  expect(decodeLog(HUB, { address: GUARD.to, topics: [`0x${'33'.repeat(32)}`], data: '0x' })).toBeNull();
  expect(decodeError(HUB, null, '0x12345678')).toBeNull();
});

test('ERC-20 and ERC-721 transfers differ by what is indexed', () => {
  const erc20 = parseAbi(['event Transfer(address indexed from, address indexed to, uint256 value)']);
  const topics = encodeEventTopics({ abi: erc20, eventName: 'Transfer', args: { from: someone, to: someone } }) as `0x${string}`[];
  const value = encodeAbiParameters([{ type: 'uint256' }], [5n]);
  expect(decodeLog(HUB, { address: someone, topics, data: value })).toMatchObject({ by: 'ERC-20', name: 'Transfer' });
  expect(decodeLog(HUB, { address: someone, topics: [...topics, value], data: '0x' })).toMatchObject({ by: 'ERC-721', name: 'Transfer' });
});

test('errors of modules are read wherever they come from', () => {
  const data = encodeErrorResult({ abi: GUARD.abi, errorName: 'Blocked', args: [someone, 1n, 99n] });
  expect(decodeError(HUB, someone, data)).toMatchObject({ by: 'guard', name: 'Blocked' });
  const text = encodeErrorResult({ abi: parseAbi(['error Error(string reason)']), errorName: 'Error', args: ['no'] });
  expect(decodeError(HUB, null, text)?.arguments[0]?.value).toBe('no');
});

test('transactions in a word', () => {
  expect(summary(HUB, null, '0x6000')).toBe('create contract');
  expect(summary(HUB, someone, '0x')).toBe('transfer');
  expect(summary(HUB, someone, '0xdeadbeef')).toBe('call 0xdeadbeef');
  const take = encodeFunctionData({ abi: STAKING.abi, functionName: 'withdraw', args: [1n] });
  expect(summary(HUB, STAKING.to, take)).toBe('staking.withdraw');
  expect(MESSAGES.to).toBe('0x48414e5341000000000000000000000000000006');
});

test('an ABI that the reader gave is of one contract on one chain', () => {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => kept.set(key, value) });
  const abi = parseAbi(['function barter(uint256 apples)']);
  const data = encodeFunctionData({ abi, functionName: 'barter', args: [7n] });
  // Of an older page, which kept none by chain.
  kept.set('hansa.abis', JSON.stringify({ [someone.toLowerCase()]: abi }));
  expect(decodeCall('market', someone, data)).toBeNull();
  expect(addAbi('market', someone, 'no JSON')).toBeTypeOf('string');
  expect(hasOwnAbi('market', someone)).toBe(false);
  expect(addAbi('market', someone, JSON.stringify(abi))).toBe(1);
  expect(decodeCall('market', someone, data)).toMatchObject({ by: 'your ABI', name: 'barter' });
  expect(hasOwnAbi('market', someone.toLowerCase())).toBe(true);
  expect(decodeCall(HUB, someone, data)).toBeNull();
  expect(hasOwnAbi(HUB, someone)).toBe(false);
  expect(addAbi(HUB, someone, JSON.stringify({ abi: [...abi, ...abi] }))).toBe(2);
  expect(Object.keys(JSON.parse(kept.get('hansa.abis') ?? ''))).toEqual([`market:${someone.toLowerCase()}`, `${HUB}:${someone.toLowerCase()}`]);
});
