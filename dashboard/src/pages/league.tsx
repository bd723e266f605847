import { useRef } from 'react';
import { useNewestBlocks, useTransactionsOf } from '../lib/blocks';
import { big, clock, count, duration, ether, inSeconds, num } from '../lib/format';
import { health, type Health, hubHeartbeatMs, stands } from '../lib/health';
import { isDevelopment, isOpen, useAlerts, useFinality, useKnownAt, useMembers, useOperators, usePeers, useStatus, useZoneHeads, useZones } from '../lib/league';
import { setQuery, useRoute } from '../lib/route';
import { type Chain, HUB } from '../lib/rpc';
import { useLost, useStream } from '../lib/stream';
import { t } from '../strings';
import { plural } from '../strings/plural';
import { AlertRows } from '../ui/alerts';
import { Badge, Button, Empty, joined, Later, Panel, Stat, Stats, Title, useAsOf } from '../ui/basics';
import { part } from '../ui/part';
import { Spark } from '../ui/spark';
import { BlockRows, TransactionRows } from '../ui/tables';
import { TryIt } from '../wallet/try';

const Topology = part(() => import('./topology'));
const Incident = part(() => import('../incident/incident'));

/** Blocks that are listed, and transactions. */
const LISTED = 10;
/** Blocks in which transactions are looked for: an idle chain makes one every five seconds. */
const SEARCHED = 120;

function useHealth(): { health: Health | null; headMs: number | null } {
  const now = useKnownAt();
  const { head } = useStream(HUB);
  const status = useStatus().data;
  const operators = useOperators().data?.operators;
  const peers = usePeers().data;
  const zones = useZones().data;
  const zoneHeads = useZoneHeads(zones);
  const headMs = head ? num(head.timestampMs) : status ? num(status.head.timestampMs) : null;
  const ready = status && operators && peers && zones;
  return { health: ready ? health({ now, status, headMs, operators, peers, zones, zoneHeads: zoneHeads ?? [] }) : null, headMs };
}

/** The oldest of these times; null where one is not there. */
const oldest = (...times: (number | null | undefined)[]): number | null => (times.every((time) => time) ? Math.min(...(times as number[])) : null);

function Strip({ of, headMs }: { of: Health | null; headMs: number | null }) {
  const now = useKnownAt();
  const { head, lostAt } = useStream(HUB);
  const status = useStatus();
  const peers = usePeers();
  const alerts = useAlerts();
  const finality = useFinality();
  const operatorsAt = useAsOf(useOperators());
  const zonesAt = useAsOf(useZones());
  const alertsAt = useAsOf(alerts);
  const open = alerts.data?.alerts.filter(isOpen) ?? [];
  const enforced = open.filter(({ status: of, action }) => of === 2 && action === 2).length;
  const age = headMs === null ? null : now - headMs;
  const height = head ? num(head.number) : status.data ? num(status.data.head.number) : null;
  const headAt = Math.max(head?.seenAt ?? 0, status.dataUpdatedAt) || null;
  const { newest, hour, minutes } = finality.data ?? { newest: null, hour: null, minutes: [] };
  const lacking = (up: number, all: number) => (up < all ? { tone: 'bad' as const } : {});
  return (
    <Stats label={t.league.health} columns="divide-line sm:grid-cols-4 xl:grid-cols-7 xl:divide-x">
      <Stat label={t.league.height} note={t.league.finalNote} at={headAt}>
        {height === null ? '–' : count(height)}
      </Stat>
      <Stat label={t.league.sinceLast} note={t.league.secondsAgo} {...(lostAt === null ? {} : { at: lostAt })} {...(headMs !== null && stands(now, headMs, hubHeartbeatMs(status.data)) ? { tone: 'bad' as const } : {})}>
        {age === null ? '–' : inSeconds(age)}
      </Stat>
      <Stat
        label={
          <>
            {t.league.finality} <Spark of={minutes.map(({ p50Ms }) => p50Ms)} />
          </>
        }
        note={hour ? <span title={t.league.finalityTitle(count(hour.count), duration(hour.p90Ms), duration(hour.maxMs))}>{t.league.finalityHalf(duration(hour.p50Ms))}<br />{t.league.finalityMost(duration(hour.p99Ms))}</span> : t.league.finalityWait}
        at={oldest(finality.dataUpdatedAt, headMs)}
      >
        {newest ? duration(newest.ms) : '–'}
      </Stat>
      <Stat label={t.league.operatorsUp} note={t.league.ofTotal(of ? count(of.operatorsTotal) : '–')} at={of && oldest(peers.dataUpdatedAt, operatorsAt)} {...(of && lacking(of.operatorsUp, of.operatorsTotal))}>
        {of ? count(of.operatorsUp) : '–'}
      </Stat>
      <Stat label={t.league.chainsUp} note={of ? t.league.ofTotal(count(of.chainsTotal)) : ''} at={of && oldest(headAt, zonesAt)} {...(of && lacking(of.chainsUp, of.chainsTotal))}>
        {of ? count(of.chainsUp) : '–'}
      </Stat>
      <Stat label={t.league.openAlerts} note={t.league.enforcedNote(count(enforced))} at={alertsAt} {...(open.length > 0 ? { tone: 'warn' as const } : {})}>
        {alerts.data ? count(open.length) : '–'}
      </Stat>
      <Stat label={t.league.peers} note={t.league.peersNote} at={status.dataUpdatedAt || null}>
        {status.data ? count(status.data.peersConnected) : '–'}
      </Stat>
    </Stats>
  );
}

/** What takes the place of the sentence until its numbers are there: about as much. */
const ROOM = t.league.what('4 operators', '400 ETH', '2 chains', '4 members');

function Introduction({ of }: { of: Health | null }) {
  const lostAt = useLost();
  const operators = useOperators().data;
  const members = useMembers().data;
  const zones = useZones().data;
  const isReady = operators && members && zones;
  const stake = (operators?.operators ?? []).reduce((sum, { stake: one }) => sum + big(one), 0n);
  return (
    <div className="mb-3">
      <Title
        aside={
          of && (
            <span role="status">
              {lostAt !== null ? <Badge tone="warn">{t.league.unknownSince(clock(lostAt))}</Badge> : <Badge tone={of.problems.length === 0 ? 'good' : 'bad'}>{of.problems.length === 0 ? t.league.healthy : t.league.trouble(of.problems.length)}</Badge>}
            </span>
          )
        }
      >
        {t.nav.league}
      </Title>
      <p className={`max-w-[80ch] text-muted ${isReady ? '' : 'invisible'}`}>
        {isReady ? t.league.what(plural(count(operators.operators.length), 'operator'), `${ether(stake, 0)} ETH`, plural(count(zones.filter(({ phase }) => phase !== 'settled').length + 1), 'chain'), plural(count(members.length), 'member')) : ROOM} {t.league.zone}
      </p>
      {of && of.problems.length > 0 && (
        <ul className={`mt-2 rounded-md border border-bad bg-bad-soft px-3 py-2 ${lostAt !== null ? 'stale' : ''}`}>
          {of.problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

export function ChainPicker({ value, onChange }: { value: Chain; onChange: (chain: Chain) => void }) {
  const zones = useZones().data ?? [];
  const running = zones.filter(({ path }) => path !== null);
  if (running.length === 0) return null;
  return (
    <select aria-label={t.common.chain} value={value} onChange={(event) => onChange(event.target.value)} className="rounded border border-line bg-bg px-1 py-0.5 text-ink">
      {[HUB, ...running.map(({ name }) => name)].map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}

function Newest() {
  const asked = useRoute().query.get('chain');
  const zones = useZones().data ?? [];
  const chain: Chain = zones.some(({ name, path }) => name === asked && path !== null) ? (asked as Chain) : HUB;
  useStream(chain);
  const blocks = useNewestBlocks(chain, SEARCHED);
  const transactions = useTransactionsOf(chain, blocks.data, LISTED);
  const picker = <ChainPicker value={chain} onChange={(of) => setQuery({ chain: of === HUB ? '' : of })} />;
  return (
    <div className="grid items-start gap-3 2xl:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
      <Panel title={t.league.blocks} source={blocks} aside={picker} flush>
        <BlockRows chain={chain} of={(blocks.data ?? []).slice(0, LISTED)} />
      </Panel>
      <Panel title={t.league.transactions} source={transactions} flush>
        {transactions.data?.length === 0 ? <Empty next={t.league.noTransactionsNext}>{t.league.noTransactions}</Empty> : <TransactionRows chain={chain} of={transactions.data ?? []} />}
      </Panel>
    </div>
  );
}

export function LeaguePage() {
  const { health: of, headMs } = useHealth();
  const status = useStatus().data;
  const alerts = useAlerts();
  const drawn = joined(useOperators(), useZones(), usePeers());
  const incident = useRoute().query.get('simulate') === 'incident';
  const setIncident = (isOpen: boolean): void => setQuery({ simulate: isOpen ? 'incident' : '' });
  const simulate = useRef<HTMLDivElement>(null);
  const closeIncident = (): void => {
    setIncident(false);
    simulate.current?.querySelector('button')?.focus();
  };
  const open = (alerts.data?.alerts ?? []).filter(isOpen);
  const shown = open.length > 0 ? open : (alerts.data?.alerts ?? []).slice(0, 3);
  return (
    <>
      <Introduction of={of} />
      <Strip of={of} headMs={headMs} />
      {/* What a development league has besides comes with its answers. */}
      <div className="mb-3 flex min-h-[4.5rem] flex-wrap content-start items-center gap-2 sm:min-h-8">
        <TryIt />
        {isDevelopment(status) && (
          <div ref={simulate}>
            <Button kind="danger" onClick={() => setIncident(true)} expanded={incident}>
              {t.league.incident}
            </Button>
          </div>
        )}
      </div>
      {incident && isDevelopment(status) && <Incident onClose={closeIncident} />}
      <div className="mb-3 grid gap-3 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <Panel title={t.league.topology} aside={t.league.topologyNote} source={drawn} room="min-h-[20rem] sm:min-h-[21rem]">
          <Later>
            <Topology />
          </Later>
        </Panel>
        <Panel title={t.league.alerts} source={alerts} flush aside={alerts.data && <a href="#/exchange/alerts">{`${t.common.all} ${count(alerts.data.total)}`}</a>}>
          {shown.length === 0 ? <Empty next={t.league.noAlertsNext}>{t.league.noAlerts}</Empty> : <AlertRows of={shown} />}
        </Panel>
      </div>
      <Later>
        <Newest />
      </Later>
    </>
  );
}
