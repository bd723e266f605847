import { expect, test } from 'vitest';
import { compose } from '../../src/lib/compose';
import type { Entry } from '../../src/lib/exchange';
import { feeds } from '../../src/lib/feeds';
import { units } from '../../src/lib/format';
import { SENT } from '../../src/lib/messages';
import { epochs, sample, SAMPLE, tally } from '../../src/lib/performance';
import { check, MAX_REASON, MAX_TARGETS } from '../../src/lib/raise';
import { objectKey } from '../../src/lib/search';
import { parties, transfer, TRANSFER } from '../../src/lib/token';
import { busy, LATELY_MS, moved, perMinute } from '../../src/lib/traffic';
import type { Log, Zone } from '../../src/lib/types';

const address = (number: number): `0x${string}` => `0x${number.toString(16).padStart(40, '0')}`;
const word = (number: number | bigint): `0x${string}` => `0x${number.toString(16).padStart(64, '0')}`;
const HOUR = 3_600_000;

test('an alert takes what the guard takes, and says what it would refuse', () => {
  const form = { targets: `${address(1)}, ${address(2)}\n${address(3).toUpperCase().replace('0X', '0x')}`, grounds: 'indicator--11111111-2222-4333-8444-555555555555', action: 2, severity: 4, seconds: 3_600, reason: 'x' };
  const good = check(form, address(9), 1_000_000, 86_400);
  expect('input' in good && good.input).toMatchObject({ targets: [address(1), address(2), address(3)], expiry: 4_600n, objectId: objectKey(form.grounds) });
  const wrong = (change: Partial<typeof form>, by = address(9)) => (check({ ...form, ...change }, by, 0, 86_400) as { wrong: string | null }).wrong;
  expect(wrong({ targets: '0x12' })).toContain('no address');
  expect(wrong({ targets: `${address(1)} ${address(1)}` })).toContain('twice');
  expect(wrong({ targets: address(0) })).toContain('zero');
  expect(wrong({}, address(2))).toContain('your own');
  expect(wrong({ grounds: 'that one' })).toContain('STIX id');
  expect(wrong({ seconds: 86_401 })).toContain('1 days at most');
  expect(wrong({ reason: 'é'.repeat(MAX_REASON / 2 + 1) })).toContain('bytes');
  expect('input' in check({ ...form, reason: 'é'.repeat(MAX_REASON / 2) }, null, 0, 86_400)).toBe(true);
  const many = (count: number) => Array.from({ length: count }, (_, index) => address(index + 100)).join(' ');
  expect('input' in check({ ...form, targets: many(MAX_TARGETS) }, null, 0, 86_400)).toBe(true);
  expect(wrong({ targets: many(MAX_TARGETS + 1) })).toContain('at most');
  // What is only not complete is not wrong.
  expect(wrong({ targets: '' })).toBeNull();
  expect(wrong({ grounds: '' })).toBeNull();
});

test('a feed is late or quiet by its own rhythm', () => {
  const now = 1_000 * HOUR;
  const entry = (publisher: number, hoursAgo: number, block: number): Entry => ({ key: word(block), id: `x--${block}`, type: 'x', title: '', labels: [], tlp: 0, publisher: address(publisher), version: 1, digest: '0x', block, timeMs: now - hoursAgo * HOUR, transaction: '0x', size: 1, revoked: false, refs: [] });
  const all = feeds([entry(1, 3, 1), entry(1, 2, 2), entry(1, 1, 3), entry(1, 1, 3), entry(2, 30, 4), entry(2, 29, 5), entry(3, 24 * 8, 6), entry(4, 10, 7), entry(4, 9, 8), { ...entry(5, 1, 9), timeMs: null }], now);
  expect(all.map(({ publisher, state, versions }) => [Number(publisher), state, versions])).toEqual([
    [1, 'fresh', 4],
    [4, 'late', 2],
    [2, 'quiet', 2],
    [3, 'late', 1],
  ]);
  expect(all[0]).toMatchObject({ intervalMs: HOUR, lastDay: 4 });
  expect(all[3]?.intervalMs).toBeNull();
});

test('what comes in a burst has the rhythm of bursts, and one burst has none', () => {
  const now = 1_000 * HOUR;
  const entry = (agoMs: number, block: number): Entry => ({ key: word(block), id: `x--${block}`, type: 'x', title: '', labels: [], tlp: 0, publisher: address(1), version: 1, digest: '0x', block, timeMs: now - agoMs, transaction: '0x', size: 1, revoked: false, refs: [] });
  const burst = (agoMs: number, from: number) => Array.from({ length: 5 }, (_, index) => entry(agoMs - index * 1_000, from + index));
  expect(feeds(burst(HOUR, 1), now)[0]).toMatchObject({ intervalMs: null, versions: 5 });
  expect(feeds([...burst(3 * HOUR, 1), ...burst(HOUR, 10)], now)[0]?.intervalMs).toBe(2 * HOUR);
});

test('epochs and their samples stay where they are while the head moves', () => {
  const now = { epoch: 3, first: 1_801, last: 2_400 };
  expect(epochs(now).map(({ epoch, first, last }) => [epoch, first, last])).toEqual([[3, 1_801, 2_400], [2, 1_201, 1_800], [1, 601, 1_200], [0, 1, 600]]);
  const whole = sample({ epoch: 2, first: 1_201, last: 1_800 }, 9_999, 1);
  expect(whole).toHaveLength(SAMPLE);
  const half = sample({ epoch: 2, first: 1_201, last: 1_800 }, 1_500, 1);
  expect(whole.slice(0, half.length)).toEqual(half);
  expect(sample(now, 1_810, 1)).toEqual([1_801]);
  expect(sample(now, 2_400, 2_300).every((number) => number >= 2_300)).toBe(true);
});

test('who made and who signed is counted by seat, each once', () => {
  const seats = [1, 2].map((id) => ({ operatorId: BigInt(id), key: word(id), stake: BigInt(id * 10) }));
  const { byOperator, sampled } = tally({ epoch: 0, first: 1, last: 10 }, seats, [{ proposer: word(1), signers: [word(1), word(2), word(2)] }, { proposer: word(7), signers: [word(1)] }]);
  expect(sampled).toBe(2);
  expect(byOperator.get(1)).toEqual({ stake: 10n, made: 1, signed: 2 });
  expect(byOperator.get(2)).toEqual({ stake: 20n, made: 0, signed: 1 });
});

test('a message is checked before it costs anything', () => {
  const draft = { to: address(5), amount: '', data: '', dataIsText: false, fee: '', gas: '' };
  const wrong = (change: Partial<typeof draft>, isFromHub = true) => (compose({ ...draft, ...change }, isFromHub) as { wrong: string | null }).wrong;
  expect(compose({ ...draft, amount: '1.5' }, true)).toEqual({ message: { to: address(5), value: 15n * 10n ** 17n, data: '0x', fee: 0n, gas: null } });
  expect(compose({ ...draft, data: 'grüße', dataIsText: true, fee: '0.01', gas: '100,000' }, false)).toMatchObject({ message: { data: '0x6772c3bcc39f65', value: 0n, fee: 10n ** 16n, gas: 100_000n } });
  expect(wrong({})).toBeNull();
  expect(wrong({ amount: '0' })).toBe('nothing');
  expect(wrong({ amount: '1,5' })).toBe('noAmount');
  expect(wrong({ data: '0x123' })).toBe('noHex');
  expect(wrong({ amount: '1', fee: '0.1' })).toBe('feeOfHub');
  expect(wrong({ amount: '1', fee: '1.1' }, false)).toBe('feeTooHigh');
  expect(wrong({ amount: '1', gas: '20999' })).toBe('noGas');
  expect(wrong({ amount: '1', to: '0x12' })).toBe('noReceiver');
  expect('message' in compose({ ...draft, data: `0x${'00'.repeat(32_768)}` }, true)).toBe(true);
  expect(wrong({ data: `0x${'00'.repeat(32_769)}` })).toBe('tooLong');
});

test('transfers of both standards are read, and nothing else', () => {
  const log = (topics: string[], data: string) => ({ topics, data }) as unknown as Log;
  expect(transfer(log([TRANSFER, word(1), word(2)], word(500)))).toMatchObject({ from: address(1), to: address(2), value: 500n, isId: false });
  expect(transfer(log([TRANSFER, word(0), word(2), word(7)], '0x'))).toMatchObject({ value: 7n, isId: true });
  for (const bad of [log([TRANSFER], word(1)), log([TRANSFER, word(1), word(2)], '0x'), log([TRANSFER, word(1), word(2)], `${word(1)}00`), log([word(1), word(1), word(2)], word(1))]) expect(transfer(bad)).toBeNull();
  const all = [log([TRANSFER, word(0), word(2)], word(1)), log([TRANSFER, word(2), word(3)], word(1))].map((one) => transfer(one)!);
  expect(parties(all)).toEqual([address(2), address(3)]);
  expect(units(1_234_567n, 6)).toBe('1.234567');
  expect(units(1n, 18)).toBe('<0.000001');
  expect(units(2_500n * 10n ** 18n, 18)).toBe('2,500');
});

test('messages of the last minutes are counted by zone and way', () => {
  const zones = [{ id: 1, name: 'one', chainId: '0x64' }, { id: 2, name: 'two', chainId: '0x65' }] as unknown as Zone[];
  const log = (destination: bigint, seconds: number, topic: string = SENT) => ({ topics: [topic, word(9), word(destination)], blockTimestamp: `0x${seconds.toString(16)}` }) as unknown as Log;
  const out = moved([{ chain: 'hub', logs: [log(0x64n, 100), log(0x64n, 49), log(0x999n, 100), log(0x64n, 100, TRANSFER)] }, { chain: 'one', logs: [log(0x65n, 50), log(0x1n, 100)] }], zones, 50_000);
  expect(out.get(1)).toEqual({ into: 1, from: 2 });
  expect(out.get(2)).toEqual({ into: 1, from: 0 });
});

test('traffic is per minute, over no more than was seen', () => {
  const now = 10 * LATELY_MS;
  const block = (ago: number, count: number) => ({ timestampMs: String(now - ago), transactions: Array(count).fill(0) });
  expect(busy([], now)).toBeNull();
  expect(busy([block(LATELY_MS + 1, 5)], now)).toEqual({ transactions: 0, overMs: LATELY_MS });
  expect(busy([block(1_000, 5), block(LATELY_MS + 1, 50)], now)).toEqual({ transactions: 5, overMs: LATELY_MS });
  const fast = busy([block(1_000, 30), block(6_000, 30)], now)!;
  expect(fast).toEqual({ transactions: 60, overMs: 6_000 });
  expect(perMinute(fast)).toBe('600');
  expect(perMinute({ transactions: 5, overMs: LATELY_MS })).toBe('1.0');
});
