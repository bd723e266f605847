import { useState } from 'react';
import { encodeFunctionData } from 'viem/utils';
import { EXCHANGE } from '../../lib/modules';
import { MAX_REASON } from '../../lib/raise';
import { count } from '../../lib/format';
import { HUB } from '../../lib/rpc';
import type { Hex } from '../../lib/types';
import { useWallet } from '../../lib/wallet';
import { t } from '../../strings';
import { field, Labelled } from '../../ui/basics';
import { Submit } from '../../wallet/submit';

/** Lets its publisher take an object back. */
export function Withdraw({ objectId, publisher }: { objectId: Hex; publisher: Hex }) {
  const { address } = useWallet();
  const [reason, setReason] = useState('');
  if (address?.toLowerCase() !== publisher.toLowerCase()) return null;
  const isRight = new TextEncoder().encode(reason).length <= MAX_REASON;
  return (
    <details className="rounded-lg border border-line bg-panel">
      <summary className="cursor-pointer px-3 py-2 text-[0.8125rem] font-semibold">{t.withdraw.title}</summary>
      <div className="flex flex-col gap-2 border-t border-line p-3">
        <Labelled label={t.withdraw.reason(count(MAX_REASON))}>
          <input value={reason} onChange={(event) => setReason(event.target.value)} maxLength={MAX_REASON} className={field} />
        </Labelled>
        {!isRight && (
          <p role="alert" className="text-bad">
            {t.withdraw.tooLong}
          </p>
        )}
        <Submit
          key={reason}
          intent={isRight ? { chain: HUB, to: EXCHANGE.to, data: encodeFunctionData({ abi: EXCHANGE.abi, functionName: 'revoke', args: [objectId, reason] }) } : null}
          label={t.withdraw.withdraw}
          says={t.withdraw.says}
        />
      </div>
    </details>
  );
}
