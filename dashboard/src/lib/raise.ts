// An alert from what somebody typed. What the guard would refuse is refused here, with why.
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

/** `now` in ms; `maxSeconds` is the longest that the chain lets an alert hold. */
export function check(form: AlertForm, raiser: string | null, now: number, maxSeconds: number): Checked {
  const targets = form.targets.split(/[\s,;]+/).filter(Boolean).map((target) => target.toLowerCase());
  const bad = targets.find((target) => !/^0x[0-9a-f]{40}$/.test(target));
  if (bad !== undefined) return { wrong: `“${bad.slice(0, 44)}” is no address: write 0x and 40 digits.` };
  if (targets.some((target) => zero.test(target))) return { wrong: 'The zero address cannot be a target.' };
  if (new Set(targets).size < targets.length) return { wrong: 'An address is named twice.' };
  if (targets.length > MAX_TARGETS) return { wrong: `One alert names ${MAX_TARGETS} addresses at most.` };
  if (raiser && targets.includes(raiser.toLowerCase())) return { wrong: 'You cannot warn about your own address.' };
  const grounds = form.grounds.trim().toLowerCase();
  if (grounds && !isReference(grounds)) return { wrong: 'The grounds are a STIX id: type--uuid. Choose one of the list, or publish one first.' };
  if (new TextEncoder().encode(form.reason).length > MAX_REASON) return { wrong: `The reason is longer than ${MAX_REASON} bytes.` };
  if (form.seconds > maxSeconds) return { wrong: `An alert holds ${Math.floor(maxSeconds / 86_400)} days at most.` };
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
