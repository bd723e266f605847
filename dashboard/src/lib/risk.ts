// What somebody loses if operators fail together: now, and once all that is delegated counts.
import { errors } from '../strings/errors';
import { big } from './format';
import { Unreachable } from './rpc';
import type { ByKind, Delegation, Hex } from './types';

/** Faults by their numbers, as staking counts them. */
export const KINDS = ['conflictingNotarize', 'conflictingFinalize', 'nullifyAndFinalize'] as const satisfies readonly (keyof ByKind<unknown>)[];

/** An answer of hansa_previewSlash for one operator. */
export interface Preview {
  operatorId: number;
  name: string;
  amount: Hex;
  /** Of the account that was asked about. */
  loss?: Hex;
}

export interface Together {
  /** The fault that costs most. */
  kind: number;
  loss: bigint;
  /** From which epoch on all of it counts, and what may be lost then; null where all of it counts. */
  soon: { epoch: number; loss: bigint } | null;
}

type Lots = Pick<Delegation, 'lots' | 'maxLossBps'>;

const pending = ({ lots }: Lots, epoch: number) => lots.filter(({ from }) => from > epoch);

/** What the lots that do not count yet may lose by a fault: no slash takes more than was signed. */
const later = (of: Lots, kind: number, epoch: number): bigint => pending(of, epoch).reduce((sum, { amount }) => sum + (big(amount) * BigInt(of.maxLossBps[KINDS[kind] ?? KINDS[0]])) / 10_000n, 0n);

const largest = (of: bigint[]): number => of.reduce((best, one, index) => (one > (of[best] ?? 0n) ? index : best), 0);

/** `previews`: of each kind of fault, what each operator's fault would cost. */
export function together(previews: Preview[][], positions: Lots[], epoch: number): Together {
  const losses = previews.map((of) =>
    of.reduce((sum, { loss }) => {
      if (loss === undefined) throw new Unreachable(errors.unanswered);
      return sum + big(loss);
    }, 0n),
  );
  const kind = largest(losses);
  const from = positions.flatMap((of) => pending(of, epoch)).map(({ from: one }) => one);
  const then = losses.map((loss, index) => loss + positions.reduce((sum, of) => sum + later(of, index, epoch), 0n));
  return { kind, loss: losses[kind] ?? 0n, soon: from.length > 0 ? { epoch: Math.max(...from), loss: then[largest(then)] ?? 0n } : null };
}
