// What a zone's blocks keep to, in words, and what an announced upgrade changes of it.
import { t } from '../strings';
import { big, count, duration, gwei, num } from './format';
import { line } from './safe';
import type { Terms } from './types';

/** Each by its name, as far as the node tells it. */
const SHOWN: [label: string, of: (terms: Partial<Terms>) => string | undefined][] = [
  [t.chains.fork, ({ fork }) => fork && line(fork, 40)],
  [t.chains.gasLimit, ({ gasLimit }) => gasLimit && count(num(gasLimit))],
  [t.chains.minBaseFee, ({ minBaseFee }) => minBaseFee && gwei(big(minBaseFee))],
  [t.chains.interval, ({ blockIntervalMs: ms }) => (ms === undefined ? undefined : duration(ms))],
  [t.chains.heartbeat, ({ heartbeatMs: ms }) => (ms === undefined ? undefined : duration(ms))],
  [t.chains.minSeverity, ({ minSeverity: least }) => (least === undefined ? undefined : t.chains.severities(least))],
  [t.chains.maxDirective, ({ maxDirectiveSeconds: seconds }) => (seconds === undefined ? undefined : duration(seconds * 1_000))],
];

export const shown = (terms: Partial<Terms>): [label: string, value: string][] =>
  SHOWN.flatMap(([label, of]) => {
    const value = of(terms);
    return value === undefined ? [] : [[label, value] as [string, string]];
  });

/** What is another value in the terms to come. */
export function changes(now: Partial<Terms>, next: Partial<Terms>): { label: string; from: string; to: string }[] {
  const before = new Map(shown(now));
  return shown(next).flatMap(([label, to]) => {
    const from = before.get(label);
    return from === undefined || from === to ? [] : [{ label, from, to }];
  });
}
