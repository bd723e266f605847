// How numbers, amounts, times and ids are written. Every number has its unit.
import { getAddress } from 'viem/utils';
import { t } from '../strings';
import type { Hex } from './types';

export const num = (hex: Hex | number | string | null | undefined): number => Number(hex ?? 0);
export const big = (hex: Hex | bigint | number | string | null | undefined): bigint => BigInt(hex ?? 0);

const WEI = 10n ** 18n;

/** 12,345. By hand: the language's own formatter takes longer to begin than all that it is needed for at first. */
export const count = (of: number | bigint): string => String(typeof of === 'bigint' ? of : Math.round(of)).replace(/\B(?=(\d{3})+$)/g, ',');

/** An amount of wei in ether, rounded down to `digits`; what is smaller than that is said to be. */
export function ether(wei: bigint, digits = 4): string {
  const negative = wei < 0n;
  const amount = negative ? -wei : wei;
  const whole = amount / WEI;
  const rest = ((amount % WEI) * 10n ** BigInt(digits)) / WEI;
  const sign = negative ? '−' : '';
  if (amount > 0n && whole === 0n && rest === 0n) return `${sign}<0.${'0'.repeat(digits - 1)}1`;
  const decimals = rest.toString().padStart(digits, '0').replace(/0+$/, '');
  return `${sign}${count(whole)}${decimals ? `.${decimals}` : ''}`;
}

/** Digits before the point that are written out. */
const MAX_DIGITS = 24;

/** An amount of a token in its unit, with its digits as far as they say something. A token may say any number: what no table has room for is written as 1.15 × 10^59. */
export function units(amount: bigint, decimals: number, digits = 6): string {
  const unit = 10n ** BigInt(decimals);
  const large = String(amount / unit);
  if (large.length > MAX_DIGITS) return `${large[0]}.${large.slice(1, 3)} × 10^${large.length - 1}`;
  if (decimals === 0) return count(amount);
  const shown = Math.min(digits, decimals);
  const rest = ((amount % unit) * 10n ** BigInt(shown)) / unit;
  const whole = amount / unit;
  if (amount > 0n && whole === 0n && rest === 0n) return `<0.${'0'.repeat(shown - 1)}1`;
  const decimal = rest.toString().padStart(shown, '0').replace(/0+$/, '');
  return `${count(whole)}${decimal ? `.${decimal}` : ''}`;
}

/** All 18 digits, for a tooltip. */
export const exactEther = (wei: bigint): string => {
  const amount = wei < 0n ? -wei : wei;
  return `${wei < 0n ? '−' : ''}${amount / WEI}.${(amount % WEI).toString().padStart(18, '0')} ETH`;
};

/** Fees: gwei, or wei where that is less than a thousandth of one. */
export function gwei(wei: bigint): string {
  if (wei < 1_000_000n) return `${count(wei)} wei`;
  const thousandths = Number(wei / 1_000_000n);
  return `${(thousandths / 1000).toLocaleString('en', { maximumFractionDigits: 3 })} gwei`;
}

export const percent = (part: number, digits = 1): string => `${(part * 100).toFixed(digits)} %`;
export const bps = (of: number): string => `${(of / 100).toLocaleString('en', { maximumFractionDigits: 2 })} %`;

/** What a node says, with its times in the reader's zone: it writes them as seconds since 1970. */
export const timed = (text: string): string => text.replace(/\b(\d{10}) \(unix seconds\)/g, (_, seconds) => dateTime(Number(seconds) * 1_000));

/** A duration: 350 ms, 4.2 s, 3 min, 2 h, 5 d. */
export function duration(ms: number): string {
  const of = Math.max(0, ms);
  if (of < 1_000) return `${Math.round(of)} ms`;
  if (of < 10_000) return `${(of / 1_000).toFixed(1)} s`;
  if (of < 120_000) return `${Math.round(of / 1_000)} s`;
  if (of < 7_200_000) return `${Math.floor(of / 60_000)} min`;
  if (of < 172_800_000) return `${Math.floor(of / 3_600_000)} h`;
  return `${Math.floor(of / 86_400_000)} d`;
}

/** A duration in whole seconds, for what ticks. */
export const inSeconds = (ms: number): string => (ms < 1_000 ? '<1 s' : duration(Math.floor(ms / 1_000) * 1_000).replace('.0 s', ' s'));

/** m:ss or h:mm:ss, for countdowns. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  const two = (of: number): string => of.toString().padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60)];
  if (hours >= 48) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

export const bytes = (of: number): string => (of < 10_000 ? `${count(of)} B` : of < 10_000_000 ? `${count(Math.round(of / 1_000))} kB` : `${count(Math.round(of / 1_000_000))} MB`);

/** In the reader's zone. */
export const clock = (ms: number): string => new Date(ms).toLocaleTimeString(undefined, { hour12: false });
export const dateTime = (ms: number): string =>
  new Date(ms).toLocaleString(undefined, { year: 'numeric', month: 'short', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
export const utc = (ms: number): string => (Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? `${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')} UTC` : t.common.noDate);

/** 0x1234…abcd, of anything hexadecimal. */
export const short = (hex: string, front = 6, back = 4): string => (hex.length <= front + back + 3 ? hex : `${hex.slice(0, front)}…${hex.slice(-back)}`);

/** With its checksum. */
export function checksummed(address: string): string {
  try {
    return getAddress(address);
  } catch {
    return address;
  }
}

/** Capitals in an address are a checksum (EIP-55): where they do not fit, a digit is wrong. */
export const isMistyped = (address: string): boolean => /[a-f]/.test(address.slice(2)) && /[A-F]/.test(address) && checksummed(address.toLowerCase()) !== address;

/** What somebody typed as ether, in wei; null where it is no amount. */
export function parseEther(text: string): bigint | null {
  const match = /^(\d{1,12})(?:\.(\d{1,18}))?$/.exec(text.trim());
  if (!match) return null;
  return BigInt(match[1] ?? '0') * WEI + BigInt((match[2] ?? '').padEnd(18, '0') || '0');
}
