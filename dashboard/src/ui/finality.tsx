// The signatures that make a block final, by the operators' names.
import type { ReactNode } from 'react';
import { count, short } from '../lib/format';
import { useOperators } from '../lib/league';
import { useAsk, useRpc, viewsOrFail } from '../lib/live';
import { STAKING } from '../lib/modules';
import type { Seat } from '../lib/performance';
import type { Chain } from '../lib/rpc';
import type { Hex } from '../lib/types';
import { t } from '../strings';
import { Badge } from './basics';
import { Chosen } from './values';

interface Certificate {
  epoch: number;
  view: number;
  /** Keys of those who signed. */
  signers: Hex[];
  /** Seats of the committee. */
  committee: number;
}

/** Who signed that the block is final, and who of the committee did not in time. */
export function Finality({ chain, number }: { chain: Chain; number: number }) {
  const certificate = useRpc<Certificate | null>(chain, 'hansa_getCertificate', [`0x${number.toString(16)}`], { unsettled: (found) => !found, enabled: number > 0 });
  const operators = useOperators().data?.operators ?? [];
  const epoch = certificate.data?.epoch;
  // Staking keeps the committees of every epoch, on zones too: keys change, so only this one tells whose a key was.
  const seats = useAsk<Seat[]>(chain, ['seats', epoch], async (signal) => [...((await viewsOrFail(chain, [{ ...STAKING, name: 'committeeOf', args: [BigInt(epoch ?? 0)] }], signal))[0] as [Hex, Seat[]])[1]], { fixed: true, enabled: epoch !== undefined });
  if (number === 0) return <>{t.explorer.genesis}</>;
  // What follows moves when they come.
  if (certificate.isPending || (certificate.data && seats.isPending)) return <span data-waiting>{t.common.loading}</span>;
  const { data } = certificate;
  if (!data) return <>{t.explorer.noCertificate}</>;
  const signers = new Set(data.signers.map((key) => key.toLowerCase()));
  const nameOf = (key: string): ReactNode => {
    const id = seats.data?.find((seat) => seat.key.toLowerCase() === key)?.operatorId;
    const found = operators.find((of) => of.key.toLowerCase() === key || (id !== undefined && BigInt(of.id) === id));
    return found ? <Chosen of={found.name} /> : short(key, 10, 6);
  };
  const absent = (seats.data ?? []).map(({ key }) => key.toLowerCase()).filter((key) => !signers.has(key));
  return (
    <>
      {t.explorer.signed(count(signers.size), count(data.committee), count(data.epoch), count(data.view))}
      <span className="mt-1 flex flex-wrap gap-1">
        {[...signers].map((key) => (
          <Badge key={key} tone="good">
            ✓ {nameOf(key)}
          </Badge>
        ))}
        {absent.map((key) => (
          <Badge key={key} title={t.explorer.absentTitle}>
            {nameOf(key)} {t.explorer.absent}
          </Badge>
        ))}
      </span>
    </>
  );
}
