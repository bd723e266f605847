import { encodeFunctionData } from 'viem/utils';
import { onAlert } from '../../lib/acts';
import { EXCHANGE, GUARD } from '../../lib/modules';
import { count, num } from '../../lib/format';
import { ACTIONS, type AlertWithVotes, isOpen, ON_ALERTS, SEVERITIES, type Tally, terms, useAlerts, useMembers, useStatus, useZones } from '../../lib/league';
import { PUBLISHED, version, type Version } from '../../lib/exchange';
import { useAsk, views, viewsOrFail } from '../../lib/live';
import { to } from '../../lib/route';
import { type Chain, HUB, REVERTED, RpcError } from '../../lib/rpc';
import { line } from '../../lib/safe';
import { scan } from '../../lib/scan';
import { useStream } from '../../lib/stream';
import type { Hex, Zone } from '../../lib/types';
import { t } from '../../strings';
import { useWallet } from '../../lib/wallet';
import { Submit } from '../../wallet/submit';
import { AlertBadge, AlertRows, Ends, Votes } from '../../ui/alerts';
import { Badge, Empty, Facts, Failed, joined, Nothing, Panel, type Source, Title, Waiting } from '../../ui/basics';
import { Cell, Table } from '../../ui/tables';
import { Address, Ether, Text, Time, Until } from '../../ui/values';
import { Tabs } from '../exchange';
import { Did } from './did';

export function AlertList() {
  const alerts = useAlerts();
  const all = alerts.data?.alerts ?? [];
  const [open, closed] = [all.filter(isOpen), all.filter((alert) => !isOpen(alert))];
  return (
    <>
      <Title aside={<Tabs at="alerts" />}>{t.alert.list}</Title>
      <p className="mb-3 max-w-[80ch] text-muted">
        {t.exchange.alertsWhat} <a href={to('exchange', 'raise')}>{t.raise.tab}</a>
      </p>
      <Panel title={t.exchange.open} source={alerts} className="mb-3" flush>
        {open.length === 0 ? <Empty next={t.league.noAlertsNext}>{t.league.noAlerts}</Empty> : <AlertRows of={open} />}
      </Panel>
      {closed.length > 0 && (
        <Panel title={t.exchange.closed} flush>
          <AlertRows of={closed} />
        </Panel>
      )}
    </>
  );
}

/** What one chain does about the targets now, by its own word. */
function ChainRow({ chain, zone, alert }: { chain: Chain; zone: Zone | null; alert: AlertWithVotes }) {
  useStream(chain);
  const blocked = useAsk<unknown[]>(chain, ['blocked', alert.targets], (signal) => views(chain, alert.targets.map((target) => ({ ...GUARD, name: 'blockedUntil', args: [target] })), signal));
  const holds = (blocked.data ?? []).flatMap((answer) => (Array.isArray(answer) && (answer[0] as bigint) > 0n ? [Number(answer[0] as bigint)] : []));
  const least = zone ? terms(zone).minSeverity : undefined;
  return (
    <tr>
      <Cell>
        <a href={to('chains', chain)}>
          <Text of={chain} most={40} />
        </a>
      </Cell>
      <Cell>
        {blocked.isPending ? (
          t.common.loading
        ) : holds.length > 0 ? (
          <>
            <Badge tone="bad">{t.alert.blockedUntil}</Badge> {t.alert.until} <Until ms={Math.max(...holds) * 1_000} over={t.alert.over} />
            {holds.length < alert.targets.length && ` (${t.league.ofTotal(count(alert.targets.length))} ${count(holds.length)})`}
          </>
        ) : (
          <span className="text-muted">{least !== undefined && alert.severity < least ? t.alert.belowPolicy(SEVERITIES[least] ?? '') : t.alert.notBlocked}</span>
        )}
      </Cell>
    </tr>
  );
}

function Effect({ alert, source }: { alert: AlertWithVotes; source: Source }) {
  const listed = useZones();
  const zones = (listed.data ?? []).filter(({ path }) => path !== null);
  return (
    <Panel title={t.alert.effect} source={joined(source, listed)} flush>
      <Table label={t.alert.effect} head={[t.common.chain, t.chains.here]}>
        <ChainRow chain={HUB} zone={null} alert={alert} />
        {zones.map((zone) => (
          <ChainRow key={zone.id} chain={zone.name} zone={zone} alert={alert} />
        ))}
      </Table>
    </Panel>
  );
}

/** The object that an alert rests on. */
function Grounds({ objectId }: { objectId: Hex }) {
  const status = useStatus().data;
  const found = useAsk<Version | null>(HUB, ['grounds', objectId], async (signal) => {
    const page = await scan(HUB, { address: EXCHANGE.to, topics: [PUBLISHED, objectId] }, 1, null, num(status?.oldestBlock), signal);
    return page.logs.flatMap((log) => version(log) ?? [])[0] ?? null;
  }, { enabled: status !== undefined, on: [EXCHANGE.to] });
  if (!found.data) return <span className="font-mono text-xs break-all">{objectId}</span>;
  return (
    <a href={to('exchange', 'object', found.data.id)}>
      <Text of={found.data.title || found.data.id} most={120} />
    </a>
  );
}

const ACTS = {
  endorse: ['endorse', t.alert.endorse, t.alert.endorseSays],
  endorseAgain: ['endorse', t.alert.again, t.alert.endorseAgainSays],
  revoke: ['voteRevoke', t.alert.revoke, t.alert.revokeSays],
  revokeAgain: ['voteRevoke', t.alert.again, t.alert.revokeAgainSays],
  claimBond: ['claimBond', t.alert.claimBond, t.alert.claimBondSays],
} as const;

/** What the connected account can do about an alert. */
function Act({ alert }: { alert: AlertWithVotes }) {
  const { address } = useWallet();
  const members = useMembers();
  const me = members.data?.find(({ account }) => account.toLowerCase() === address?.toLowerCase());
  const weight = me?.status === 1 ? me.weight : 0;
  const has = (list: readonly Hex[]): boolean => list.some((member) => member.toLowerCase() === address?.toLowerCase());
  const isOver = !isOpen(alert);
  if (!address) return <p className="text-muted">{alert.status === 3 || (isOver && alert.bondClaimed) ? t.alert.nothingToDo : t.alert.connect}</p>;
  const acts = onAlert(alert, address, weight);
  return (
    <div className="flex flex-col gap-3">
      {alert.status === 1 && has(alert.tally.endorsers) && <p className="text-muted">{t.alert.voted}</p>}
      {has(alert.tally.revokers) && <p className="text-muted">{t.alert.votedAgainst}</p>}
      {acts.map((act) => {
        const [functionName, label, says] = ACTS[act];
        return <Submit key={act} intent={{ chain: HUB, to: GUARD.to, data: encodeFunctionData({ abi: GUARD.abi, functionName, args: [alert.id] }) }} label={label} says={act === 'revoke' && isOver ? t.alert.revokeOverSays : says} />;
      })}
      {acts.length === 0 && (isOver ? <p className="text-muted">{t.alert.nothingToDo}</p> : members.data && weight === 0 && <p className="text-muted">{t.alert.notMember}</p>)}
    </div>
  );
}

export function AlertPage({ id }: { id: string }) {
  const valid = /^\d{1,18}$/.test(id);
  const found = useAsk<AlertWithVotes>(
    HUB,
    ['alert', id],
    async (signal) => {
      const args = [BigInt(id)];
      const [alert, tally] = await viewsOrFail(HUB, [{ ...GUARD, name: 'alert', args }, { ...GUARD, name: 'tally', args }], signal);
      return { ...(alert as AlertWithVotes), tally: tally as Tally };
    },
    { enabled: valid, on: ON_ALERTS },
  );
  // The guard refuses to tell of an alert that was never raised.
  const isThere = valid && !(found.error instanceof RpcError && found.error.code === REVERTED) && found.data?.status !== 0;
  if (!isThere) return <Nothing title={t.alert.list} next={<a href={to('exchange', 'alerts')}>{t.alert.noneNext}</a>}>{t.alert.noneWithId(line(id, 40))}</Nothing>;
  if (found.isError && !found.data) return <Failed title={t.alert.title(id)} error={found.error} />;
  if (!found.data) return <Waiting />;
  const alert = found.data;
  const seconds = (of: bigint) => <Time ms={Number(of) * 1_000} />;
  const people = (of: readonly Hex[]) => (of.length === 0 ? t.common.none : <span className="flex flex-wrap gap-x-4">{of.map((member) => <Address key={member} of={member} />)}</span>);
  const rows: [string, React.ReactNode][] = [
    [t.alert.action, `${ACTIONS[alert.action]}, ${SEVERITIES[alert.severity]}`],
    [t.alert.targets, <span key="t" className="flex flex-col">{alert.targets.map((target) => <Address key={target} of={target} />)}</span>],
    [t.alert.reason, alert.reason ? <Text key="r" of={alert.reason} lines /> : t.common.none],
    [t.alert.object, <Grounds key="g" objectId={alert.objectId} />],
    [t.alert.raiser, <Address key="a" of={alert.raiser} />],
    [t.alert.raisedAt, seconds(alert.raisedAt)],
    [t.alert.acceptedAt, alert.acceptedAt > 0n ? seconds(alert.acceptedAt) : t.common.no],
    [t.alert.expiry, <span key="e">{seconds(alert.expiry)} ({alert.status === 3 || alert.status === 4 ? t.alert.over : <Ends of={alert} />})</span>],
    [t.alert.bond, <span key="b"><Ether of={alert.bond} /> <Badge tone={alert.bondClaimed ? 'muted' : 'warn'}>{alert.bondClaimed ? t.alert.bondBack : t.alert.bondHeld}</Badge></span>],
  ];
  if (alert.provisionalUntil > 0n) rows.push([t.alert.provisional, <span key="p">{t.alert.until} {seconds(alert.provisionalUntil)}</span>]);
  return (
    <>
      <Title aside={<Tabs at="alerts" />}>
        {t.alert.title(id)} <AlertBadge of={alert} />
      </Title>
      <div className="grid items-start gap-3 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <Panel title={t.explorer.details} source={found}>
          <Facts rows={rows} />
        </Panel>
        <div className="flex min-w-0 flex-col gap-3">
          <Panel title={t.alert.votes} source={found}>
            <Votes of={alert} />
            <div className="mt-2">
              <Facts
                rows={[
                  [t.alert.endorsers, people(alert.tally.endorsers)],
                  [t.alert.revokers, people(alert.tally.revokers)],
                ]}
              />
            </div>
          </Panel>
          <Effect alert={alert} source={found} />
          <Panel title={t.alert.act}>
            <Act alert={alert} />
          </Panel>
        </div>
      </div>
      <Did alert={alert} />
    </>
  );
}
