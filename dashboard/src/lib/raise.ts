// An alert from what somebody typed. What the guard would refuse is refused here, with why.
import { wrong } from '../strings/forms';
import { objectKey } from './search';
import { isReference } from './stix';
import type { Hex } from './types';

/** Of one alert (crates/modules/src/limits.rs). */
export const MAX_TARGETS = 64;
/** Bytes of a reason. */
export const MAX_REASON = 256;

export interface AlertForm {
  /** Addresses, apart by spaces, commas or lines. */
  targets: string;
  /** The STIX id of the grounds. */
  grounds: string;
  action: number;
  severity: number;
  seconds: number;
  reason: string;
}

export interface AlertInput {
  targets: Hex[];
  action: number;
  severity: number;
  expiry: bigint;
  objectId: Hex;
  reason: string;
}

/** Where the form is not complete yet, nothing is wrong with it. */
export type Checked = { input: AlertInput } | { wrong: string | null };

const zero = /^0x0{40}$/;
const say = wrong.raise;

/** `now` in ms; `maxSeconds` is the longest that the chain lets an alert hold. */
export function check(form: AlertForm, raiser: string | null, now: number, maxSeconds: number): Checked {
  const targets = form.targets.split(/[\s,;]+/).filter(Boolean).map((target) => target.toLowerCase());
  const bad = targets.find((target) => !/^0x[0-9a-f]{40}$/.test(target));
  if (bad !== undefined) return { wrong: say.noAddress(bad.slice(0, 44)) };
  if (targets.some((target) => zero.test(target))) return { wrong: say.zero };
  if (new Set(targets).size < targets.length) return { wrong: say.twice };
  if (targets.length > MAX_TARGETS) return { wrong: say.tooMany(MAX_TARGETS) };
  if (raiser && targets.includes(raiser.toLowerCase())) return { wrong: say.own };
  const grounds = form.grounds.trim().toLowerCase();
  if (grounds && !isReference(grounds)) return { wrong: say.grounds };
  if (new TextEncoder().encode(form.reason).length > MAX_REASON) return { wrong: say.reason(MAX_REASON) };
  if (form.seconds > maxSeconds) return { wrong: say.tooLong(Math.floor(maxSeconds / 86_400)) };
  if (targets.length === 0 || !grounds) return { wrong: null };
  return {
    input: {
      targets: targets as Hex[],
      action: form.action,
      severity: form.severity,
      expiry: BigInt(Math.floor(now / 1_000) + form.seconds),
      objectId: objectKey(grounds),
      reason: form.reason.trim(),
    },
  };
}
