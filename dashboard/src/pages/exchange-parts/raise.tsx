import { useMemo, useState } from 'react';
import { encodeFunctionData } from 'viem/utils';
import { useObjects } from '../../lib/exchange';
import { big, count, duration, num } from '../../lib/format';
import { ACTIONS, SEVERITIES, terms, useMembers, useStatus, useZones } from '../../lib/league';
import { useAsk, viewsOrFail } from '../../lib/live';
import { GUARD, MEMBERS } from '../../lib/modules';
import { check, MAX_REASON } from '../../lib/raise';
import { go, to, useRoute } from '../../lib/route';
import { HUB } from '../../lib/rpc';
import { line } from '../../lib/safe';
import type { Zone } from '../../lib/types';
import { useWallet } from '../../lib/wallet';
import { t } from '../../strings';
import { Empty, Facts, field, Labelled, Panel, Title } from '../../ui/basics';
import { Address, Ether } from '../../ui/values';
import { Submit } from '../../wallet/submit';
import { Tabs } from '../exchange';

const HOUR = 3_600;
const LASTS = [HOUR, 6 * HOUR, 24 * HOUR, 3 * 24 * HOUR, 7 * 24 * HOUR, 30 * 24 * HOUR];
/** Newest objects that are offered as grounds. */
const OFFERED = 200;
const WATCH = 0;
const BLOCK = 2;
const CRITICAL = 4;
/** A bit of a member's roles. */
const SENTINEL = 2;

const useBond = () =>
  useAsk<{ perTarget: bigint; maxSeconds: number }>(HUB, ['bond'], async (signal) => {
    const [answer] = await viewsOrFail(HUB, [{ ...GUARD, name: 'parameters' }], signal);
    const [perTarget, longest] = answer as readonly [bigint, bigint];
    return { perTarget, maxSeconds: Number(longest) };
  }, { on: [GUARD.to, MEMBERS.to] });

/** Which chains would do what, and when. */
function Next({ action, severity, zones, provisional }: { action: number; severity: number; zones: Zone[]; provisional: boolean }) {
  const obeys = [HUB, ...zones.filter((zone) => severity >= (terms(zone).minSeverity ?? 1)).map(({ name }) => name)];
  const not = zones.filter((zone) => severity < (terms(zone).minSeverity ?? 1)).map(({ name }) => name);
  const names = (of: string[]): string => of.map((name) => line(name, 32)).join(', ');
  return (
    <ol className="list-decimal pl-5 text-muted">
      <li>{t.raise.nextBond}</li>
      {provisional && action === BLOCK && <li>{t.raise.nextProvisional}</li>}
      <li>{t.raise.nextVotes}</li>
      <li>{action === WATCH ? t.raise.nextWatch : t.raise.nextBlock(names(obeys))}</li>
      {action === BLOCK && not.length > 0 && <li>{t.raise.nextNot(names(not))}</li>}
      <li>{t.raise.nextEnd}</li>
    </ol>
  );
}

export function RaisePage() {
  const { query } = useRoute();
  const { address } = useWallet();
  const status = useStatus().data;
  const members = useMembers().data;
  const zones = (useZones().data ?? []).filter(({ phase }) => phase === 'active' || phase === 'registered');
  const bond = useBond();
  const objects = useObjects(status ? num(status.oldestBlock) : null);
  const [targets, setTargets] = useState(query.get('target') ?? '');
  const [grounds, setGrounds] = useState(query.get('object') ?? '');
  const [action, setAction] = useState(BLOCK);
  const [severity, setSeverity] = useState(3);
  const [seconds, setSeconds] = useState(24 * HOUR);
  const [reason, setReason] = useState('');
  const [provisional, setProvisional] = useState(false);
  const me = members?.find(({ account }) => account.toLowerCase() === address?.toLowerCase());
  const isSentinel = me !== undefined && (me.roles & SENTINEL) !== 0;
  const longest = bond.data?.maxSeconds ?? HOUR;
  const lasts = Math.min(seconds, LASTS.filter((of) => of <= longest).at(-1) ?? HOUR);
  const form = JSON.stringify([targets, grounds, action, severity, lasts, reason]);
  // Its end counts from the last change of the form, so that what was looked at stays what is signed.
  const now = useMemo(() => Date.now(), [form]);
  const checked = check({ targets, grounds, action, severity, seconds: lasts, reason }, address, now, longest);
  const input = 'input' in checked ? checked.input : null;
  const total = input && bond.data ? bond.data.perTarget * BigInt(input.targets.length) : null;
  const asSentinel = provisional && isSentinel && action === BLOCK;
  const intent = input && total !== null ? { chain: HUB, to: GUARD.to, value: total, data: encodeFunctionData({ abi: GUARD.abi, functionName: asSentinel ? 'raiseProvisional' : 'raise', args: [input] }) } : null;
  return (
    <>
      <Title aside={<Tabs at="raise" />}>{t.raise.title}</Title>
      <p className="mb-3 max-w-[80ch] text-muted">{t.exchange.alertsWhat}</p>
      <div className="grid items-start gap-3 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <Panel title={t.raise.form} source={bond}>
          <div className="flex flex-col gap-3">
            <Labelled label={t.raise.targets}>
              <textarea value={targets} onChange={(event) => setTargets(event.target.value)} rows={2} maxLength={4_000} placeholder="0x…" className={`${field} font-mono`} />
            </Labelled>
            <Labelled label={t.raise.grounds}>
              <input value={grounds} onChange={(event) => setGrounds(event.target.value)} list="grounds" maxLength={120} placeholder="indicator--…" className={`${field} font-mono`} />
            </Labelled>
            <datalist id="grounds">
              {objects.entries.filter(({ revoked }) => !revoked).slice(0, OFFERED).map(({ id, title }) => (
                <option key={id} value={id}>
                  {line(title, 80)}
                </option>
              ))}
            </datalist>
            <p className="text-xs text-muted">
              {t.raise.groundsHint} <a href={to('exchange', 'publish')}>{t.raise.groundsNone}</a>
            </p>
            <div className="flex flex-wrap gap-3">
              <Labelled label={t.alert.action}>
                <select value={action} onChange={(event) => setAction(Number(event.target.value))} className={field}>
                  {[BLOCK, WATCH].map((of) => (
                    <option key={of} value={of}>
                      {ACTIONS[of]}
                    </option>
                  ))}
                </select>
              </Labelled>
              <Labelled label={t.alert.severity}>
                <select value={severity} onChange={(event) => setSeverity(Number(event.target.value))} className={field}>
                  {Array.from({ length: CRITICAL }, (_, index) => CRITICAL - index).map((of) => (
                    <option key={of} value={of}>
                      {SEVERITIES[of]}
                    </option>
                  ))}
                </select>
              </Labelled>
              <Labelled label={t.raise.lasts}>
                <select value={lasts} onChange={(event) => setSeconds(Number(event.target.value))} className={field}>
                  {LASTS.filter((of) => of <= longest).map((of) => (
                    <option key={of} value={of}>
                      {duration(of * 1_000)}
                    </option>
                  ))}
                </select>
              </Labelled>
            </div>
            <Labelled label={t.raise.reason(count(MAX_REASON))}>
              <input value={reason} onChange={(event) => setReason(event.target.value)} maxLength={MAX_REASON} className={field} />
            </Labelled>
            {isSentinel && action === BLOCK && (
              <label className="flex items-center gap-1.5">
                <input type="checkbox" checked={provisional} onChange={() => setProvisional(!provisional)} /> {t.raise.provisional}
              </label>
            )}
            {'wrong' in checked && checked.wrong && (
              <p role="alert" className="text-bad">
                {line(checked.wrong, 200)}
              </p>
            )}
            {address && members && (!me || me.weight === 0) && <p className="text-warn">{t.alert.notMember}</p>}
            <Submit
              key={`${form}${asSentinel}`}
              intent={intent}
              label={t.messages.look}
              says={
                input && total !== null ? (
                  <>
                    {t.raise.says(ACTIONS[action] ?? '', SEVERITIES[severity] ?? '', duration(lasts * 1_000))}{' '}
                    <span className="flex flex-col">
                      {input.targets.map((target) => (
                        <Address key={target} of={target} link={false} />
                      ))}
                    </span>
                    {t.raise.groundsSays} <span className="untrusted font-mono">{line(grounds, 120)}</span>
                    {reason && <span className="untrusted"> ({line(reason, MAX_REASON)})</span>}. {asSentinel && <>{t.raise.nextProvisional} </>}
                    {t.raise.bondSays} <Ether of={total} />.
                  </>
                ) : null
              }
              onDone={(receipt) => {
                const id = receipt.logs.find(({ address: of }) => of.toLowerCase() === GUARD.to)?.topics[1];
                if (id) go(to('exchange', 'alert', big(id)));
              }}
            />
          </div>
        </Panel>
        <div className="flex flex-col gap-3">
          <Panel title={t.alert.bond}>
            {bond.data ? (
              <Facts
                rows={[
                  [t.raise.perTarget, <Ether key="p" of={bond.data.perTarget} />],
                  [t.raise.total, total === null ? '–' : <Ether key="t" of={total} />],
                  [t.raise.longest, duration(bond.data.maxSeconds * 1_000)],
                ]}
              />
            ) : (
              <Empty>{t.common.loading}</Empty>
            )}
          </Panel>
          <Panel title={t.raise.next}>
            <Next action={action} severity={severity} zones={zones} provisional={asSentinel} />
          </Panel>
        </div>
      </div>
    </>
  );
}
