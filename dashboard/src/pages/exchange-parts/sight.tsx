import { useState } from 'react';
import { encodeFunctionData } from 'viem/utils';
import { count } from '../../lib/format';
import { EXCHANGE } from '../../lib/modules';
import { HUB } from '../../lib/rpc';
import type { Hex } from '../../lib/types';
import { t } from '../../strings';
import { field, Labelled } from '../../ui/basics';
import { Time } from '../../ui/values';
import { Submit } from '../../wallet/submit';

/** Of one sighting (crates/modules/src/limits.rs). */
const MAX_COUNT = 999_999_999;
const MINUTE_MS = 60_000;

/** For an input of type datetime-local, in the reader's zone. */
const local = (ms: number): string => new Date(ms - new Date(ms).getTimezoneOffset() * MINUTE_MS).toISOString().slice(0, 16);

/** Tells the league that the connected member saw what an object describes. */
export function Sight({ objectId }: { objectId: Hex }) {
  const [opened] = useState(() => Date.now());
  const [times, setTimes] = useState('1');
  const [first, setFirst] = useState(local(opened));
  const [last, setLast] = useState(local(opened));
  const [amount, from, until] = [Number(times), new Date(first).getTime(), new Date(last).getTime()];
  const isRight = /^\d{1,9}$/.test(times) && amount >= 1 && amount <= MAX_COUNT && from > 0 && until >= from && until <= opened + MINUTE_MS;
  const intent = isRight ? { chain: HUB, to: EXCHANGE.to, data: encodeFunctionData({ abi: EXCHANGE.abi, functionName: 'sight', args: [objectId, amount, BigInt(from), BigInt(until)] }) } : null;
  return (
    <div className="flex flex-col gap-2 p-3">
      <div className="flex flex-wrap gap-2">
        <Labelled label={t.sight.count}>
          <input value={times} onChange={(event) => setTimes(event.target.value)} inputMode="numeric" maxLength={9} className={`${field} w-24`} />
        </Labelled>
        <Labelled label={t.sight.first}>
          <input type="datetime-local" value={first} onChange={(event) => setFirst(event.target.value)} className={field} />
        </Labelled>
        <Labelled label={t.sight.last}>
          <input type="datetime-local" value={last} onChange={(event) => setLast(event.target.value)} className={field} />
        </Labelled>
      </div>
      {!isRight && (
        <p role="alert" className="text-bad">
          {t.sight.wrong}
        </p>
      )}
      <Submit
        key={`${times}${first}${last}`}
        intent={intent}
        label={t.sight.report}
        says={
          isRight ? (
            <>
              {t.sight.says(count(amount))} <Time ms={from} /> – <Time ms={until} />. {t.sight.public}
            </>
          ) : null
        }
      />
    </div>
  );
}
