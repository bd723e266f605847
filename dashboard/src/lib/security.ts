// What answers for a zone, against what it holds. What answers is what is surely lost if its committee contradicts
// itself, which is less than the stake of all its seats.
import { big } from './format';
import type { Hex, Zone } from './types';

/** A zone as hansa_zone tells of it. */
export interface ZoneDetails extends Zone {
  /** Of all seats. */
  stake: Hex;
  /** Of as many seats as a contradiction takes, the least. */
  answers: Hex;
}

export interface Security {
  answers: bigint;
  stake: bigint;
  value: bigint;
  /** Hundredths; null where there is no value. */
  ratio: bigint | null;
  /** It holds more than answers for it. */
  exceeds: boolean;
}

export function security({ answers, stake, locked }: Pick<ZoneDetails, 'answers' | 'stake' | 'locked'>): Security {
  const [least, value] = [big(answers), big(locked)];
  return { answers: least, stake: big(stake), value, ratio: value > 0n ? (least * 100n) / value : null, exceeds: value > least };
}

/** Hundredths as 0.25 ×; what is smaller than one is said to be. */
export const times = (ratio: bigint): string => (ratio === 0n ? '<0.01 ×' : ratio >= 10_000n ? `${String(ratio / 100n).replace(/\B(?=(\d{3})+$)/g, ',')} ×` : `${ratio / 100n}.${String(ratio % 100n).padStart(2, '0')} ×`);
