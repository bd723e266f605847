// What an account can do against an alert or a slash now, by the rules of the modules. What it does is previewed by the node before it is
// signed, so a rule that is missed here costs a refusal and nothing else.
import type { AlertWithVotes } from './league';
import type { Slash } from './types';

/** Of an alert, as ALERT_STATUS has them. */
const [PENDING, ACCEPTED, LAPSED, EXPIRED] = [1, 2, 4, 5] as const;

/** `again` counts the votes anew: weights have changed so that they suffice by now. */
export type OnAlert = 'endorse' | 'endorseAgain' | 'revoke' | 'revokeAgain' | 'claimBond';

const has = (list: readonly string[], address: string): boolean => list.some((one) => one.toLowerCase() === address.toLowerCase());

/** `weight` is the account's as a member, 0 where it is none that votes. */
export function onAlert({ status, raiser, bondClaimed, tally }: Pick<AlertWithVotes, 'status' | 'raiser' | 'bondClaimed' | 'tally'>, address: string, weight: number): OnAlert[] {
  const acts: OnAlert[] = [];
  const hasEnded = status === LAPSED || status === EXPIRED;
  // Members can find a claim false as long as its bond is there to be lost, also after its end.
  const isAtStake = !bondClaimed && (status === PENDING || status === ACCEPTED || hasEnded);
  if (weight > 0 && status === PENDING) {
    if (!has(tally.endorsers, address)) acts.push('endorse');
    else if (tally.endorsing * 3n >= tally.total * 2n) acts.push('endorseAgain');
  }
  if (weight > 0 && isAtStake) {
    if (!has(tally.revokers, address)) acts.push('revoke');
    else if (tally.revoking * 2n > tally.total) acts.push('revokeAgain');
  }
  if (hasEnded && !bondClaimed && raiser.toLowerCase() === address.toLowerCase()) acts.push('claimBond');
  return acts;
}

export type OnSlash = 'appeal' | 'approve' | 'settle';

/** Who looks at a slash: `answers`, it owns the operator or has stake that answers for the fault; `approved`, it has approved the appeal. */
export interface Looker {
  answers: boolean;
  weight: number;
  approved: boolean;
}

/** What an account can do about a slash in an epoch of the hub. */
export function onSlash({ state, settlesAt, appellant }: Pick<Slash, 'state' | 'settlesAt' | 'appellant'>, epoch: number, { answers, weight, approved }: Looker): OnSlash | null {
  if (state !== 'pending') return null;
  if (epoch >= settlesAt) return 'settle';
  if (appellant === null) return answers ? 'appeal' : null;
  return weight > 0 && !approved ? 'approve' : null;
}
