import { describe, expect, test } from 'vitest';
import { checksummed, count, countdown, dateTime, duration, ether, exactEther, gwei, inSeconds, parseEther, short, timed, utc } from '../../src/lib/format';

const ETHER = 10n ** 18n;

test.each([
  [0n, '0'],
  [ETHER, '1'],
  [1_234_567n * ETHER, '1,234,567'],
  [ETHER / 2n, '0.5'],
  [1n, '<0.0001'],
  [-ETHER, '−1'],
  [ETHER + 99_999_999_999_999n, '1'],
])('%d wei in ether', (wei, text) => expect(ether(wei)).toBe(text));

test('an amount is never rounded up', () => {
  expect(ether(2n * ETHER - 1n)).toBe('1.9999');
  expect(exactEther(2n * ETHER - 1n)).toBe('1.999999999999999999 ETH');
});

test('what was typed as ether comes back to the wei, or is refused', () => {
  for (const wei of [0n, 1n, ETHER, 123_456_789_012_345_678n]) expect(parseEther(exactEther(wei).replace(' ETH', ''))).toBe(wei);
  expect(parseEther('1.5')).toBe((3n * ETHER) / 2n);
  for (const text of ['', '-1', '1e3', '1,5', '0x1', '1.', '.5', '1.0000000000000000001', '9'.repeat(13)]) expect(parseEther(text)).toBeNull();
});

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [4_200, '4.2 s'],
  [59_999, '60 s'],
  [180_000, '3 min'],
  [7_200_000, '2 h'],
  [5 * 86_400_000, '5 d'],
  [-5, '0 ms'],
])('%d ms', (ms, text) => expect(duration(ms)).toBe(text));

test('countdowns say when it is over, not before', () => {
  expect(countdown(1)).toBe('0:01');
  expect(countdown(61_000)).toBe('1:01');
  expect(countdown(3_661_000)).toBe('1:01:01');
  expect(countdown(0)).toBe('0:00');
  expect(countdown(50 * 3_600_000)).toBe('2 d 2 h');
});

describe('ids and fees', () => {
  test('addresses get their checksum, and what is none stays as it is', () => {
    expect(checksummed('0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266')).toBe('0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266');
    expect(checksummed('0xnothing')).toBe('0xnothing');
  });
  test('short forms keep both ends', () => {
    expect(short('0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266')).toBe('0xf39F…2266');
    expect(short('0x1234')).toBe('0x1234');
  });
  test('fees name their unit', () => {
    expect(gwei(1n)).toBe('1 wei');
    expect(gwei(1_000_000n)).toBe('0.001 gwei');
    expect(gwei(1_500_000_000n)).toBe('1.5 gwei');
  });
  test('a date that is none is said to be none', () => {
    expect(utc(0)).toBe('1970-01-01 00:00:00.000 UTC');
    expect(utc(Number.NaN)).toBe('no date');
  });
  test('numbers are grouped', () => {
    for (const [of, text] of [[0, '0'], [999, '999'], [1_000, '1,000'], [-1_234_567, '-1,234,567'], [1_234.6, '1,235'], [12_345n, '12,345'], [2n ** 64n, '18,446,744,073,709,551,616']] as const) expect(count(of)).toBe(text);
  });
  test('times that a node says are in the reader’s zone', () => {
    expect(timed('blocked until 1795765662 (unix seconds): 1795765662')).toBe(`blocked until ${dateTime(1_795_765_662_000)}: 1795765662`);
  });
});

test('what ticks does so in whole seconds', () => expect([0, 999, 1_000, 3_900, 61_500, 130_000].map(inSeconds)).toEqual(['<1 s', '<1 s', '1 s', '3 s', '61 s', '2 min']));
