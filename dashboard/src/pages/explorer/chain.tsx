import { lazy, Suspense, useMemo } from 'react';
import { bps, big, count, duration, gwei, num, percent } from '../../lib/format';
import { ACTIONS, isOpen, SEVERITIES, terms, useAlerts, useEpoch, useFinality, useOperators, useStatus } from '../../lib/league';
import { useAsk, useRpc, viewsOrFail } from '../../lib/live';
import { GUARD, STAKING, ZONES } from '../../lib/modules';
import { to } from '../../lib/route';
import { type Chain, HUB } from '../../lib/rpc';
import { useStream } from '../../lib/stream';
import type { Hex, Status, Zone } from '../../lib/types';
import { t } from '../../strings';
import { Badge, Empty, Facts, Panel, Stat, Title, Waiting } from '../../ui/basics';
import { Cell, Table } from '../../ui/tables';
import { Address, Ago, BlockLink, Ether, Text, Time, Until } from '../../ui/values';
import { Crumbs } from '../chains';
import { policy, useThroughput } from './list';
import { Recent } from './recent';

const Chart = lazy(() => import('../../ui/chart'));

/** Blocks of the charts. */
const CHARTED = 120;

interface FeeHistory {
  oldestBlock: Hex;
  baseFeePerGas: Hex[];
  gasUsedRatio: number[];
}

/** How long blocks took until they were final here, by minutes of the last hour. */
function FinalityChart({ chain }: { chain: Chain }) {
  const finality = useFinality(chain);
  const { data } = finality;
  const series = useMemo(() => ({ xs: (data?.minutes ?? []).map(({ at }) => at / 60), ys: (data?.minutes ?? []).map(({ p50Ms }) => p50Ms) }), [data]);
  const clock = (minute: number): string => (Number.isInteger(minute) ? new Date(minute * 60_000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false }) : '');
  return (
    <Panel title={t.league.finality} source={finality} aside={data?.hour ? t.league.finalityHour(duration(data.hour.p50Ms), duration(data.hour.p99Ms)) : t.league.finalityWait}>
      {series.xs.length < 2 ? (
        <p className="text-muted">{t.chains.finalitySoon}</p>
      ) : (
        <Suspense fallback={<Waiting />}>
          <Chart label={t.league.finality} xs={series.xs} ys={series.ys} unit={(value) => duration(value)} xUnit={clock} />
        </Suspense>
      )}
    </Panel>
  );
}

function Charts({ chain }: { chain: Chain }) {
  const history = useRpc<FeeHistory>(chain, 'eth_feeHistory', [`0x${CHARTED.toString(16)}`, 'latest', []]);
  const { data } = history;
  const series = useMemo(() => {
    const oldest = num(data?.oldestBlock);
    const full = data?.gasUsedRatio ?? [];
    return {
      xs: full.map((_, index) => oldest + index),
      fees: (data?.baseFeePerGas ?? []).slice(0, full.length).map((fee) => Number(big(fee))),
      full: full.map((part) => part * 100),
    };
  }, [data]);
  const blockNumber = (value: number): string => count(Math.round(value));
  return (
    <div className="mb-3 grid gap-3 lg:grid-cols-2 xl:grid-cols-3">
      <Panel title={t.chains.fullness} source={history} aside={t.chains.lastBlocks(count(series.xs.length))}>
        <Suspense fallback={<Waiting />}>
          <Chart label={t.chains.fullness} xs={series.xs} ys={series.full} unit={(value) => `${value.toFixed(value < 10 ? 1 : 0)} %`} xUnit={blockNumber} />
        </Suspense>
      </Panel>
      <Panel title={t.chains.baseFee} source={history} aside={t.chains.lastBlocks(count(series.xs.length))}>
        <Suspense fallback={<Waiting />}>
          <Chart label={t.chains.baseFee} xs={series.xs} ys={series.fees} unit={(value) => gwei(BigInt(Math.max(0, Math.round(value))))} xUnit={blockNumber} />
        </Suspense>
      </Panel>
      <FinalityChart chain={chain} />
    </div>
  );
}

interface Seat {
  operatorId: bigint;
  key: Hex;
  feeRecipient: Hex;
  stake: bigint;
}

function Committee({ chain, zone }: { chain: Chain; zone: Zone | null }) {
  const epoch = useEpoch().data?.epoch;
  const operators = useOperators().data?.operators ?? [];
  const committee = useAsk<Seat[]>(
    HUB,
    ['committee', zone?.id ?? 0, epoch],
    async (signal) => {
      const asked = zone ? { ...ZONES, name: 'committeeOf', args: [BigInt(zone.id), BigInt(epoch ?? 0)] } : { ...STAKING, name: 'committeeOf', args: [BigInt(epoch ?? 0)] };
      const [answer] = await viewsOrFail(HUB, [asked], signal);
      return [...(answer as [Hex, Seat[]])[1]];
    },
    { enabled: epoch !== undefined },
  );
  const seats = committee.data ?? [];
  const total = seats.reduce((sum, { stake }) => sum + stake, 0n);
  return (
    <Panel title={t.chains.committee} source={committee} aside={epoch !== undefined && t.chains.epoch(count(epoch))} flush>
      <Table label={t.chains.committee} head={[t.stake.operator, { right: chain === HUB ? t.stake.stake : t.chains.answers }, { right: t.chains.part }]}>
        {seats.map((seat) => {
          const operator = operators.find(({ id }) => BigInt(id) === seat.operatorId);
          return (
            <tr key={seat.key}>
              <Cell>
                <a href={to('stake')}>
                  <Text of={operator?.name ?? `#${seat.operatorId}`} most={40} />
                </a>
              </Cell>
              <Cell right>
                <Ether of={seat.stake} />
              </Cell>
              <Cell right>{total > 0n ? bps(Number((seat.stake * 10_000n) / total)) : '–'}</Cell>
            </tr>
          );
        })}
      </Table>
    </Panel>
  );
}

/** What this chain itself says of each target of an open alert. */
function Directives({ chain, zone }: { chain: Chain; zone: Zone | null }) {
  const alerts = useAlerts().data?.alerts.filter(isOpen) ?? [];
  const targets = [...new Set(alerts.flatMap(({ targets: of }) => of.map((target) => target.toLowerCase() as Hex)))];
  const blocked = useAsk<(readonly [bigint, bigint])[]>(chain, ['blocked', targets], async (signal) => (await viewsOrFail(chain, targets.map((target) => ({ ...GUARD, name: 'blockedUntil', args: [target] })), signal)) as (readonly [bigint, bigint])[], { enabled: targets.length > 0 });
  const least = zone ? terms(zone).minSeverity : undefined;
  return (
    <Panel title={t.chains.directives} {...(targets.length > 0 ? { source: blocked } : {})} flush>
      {alerts.length === 0 ? (
        <Empty>{t.chains.noDirectives}</Empty>
      ) : (
        <Table label={t.chains.directives} head={[t.alert.targets, t.alert.title(''), t.alert.severity, t.chains.here]}>
          {alerts.flatMap((alert) =>
            alert.targets.map((target) => {
              const [until, by] = blocked.data?.[targets.indexOf(target.toLowerCase() as Hex)] ?? [0n, 0n];
              const holds = until > 0n && by === alert.id;
              return (
                <tr key={`${alert.id}${target}`}>
                  <Cell>
                    <Address of={target} chain={chain} />
                  </Cell>
                  <Cell>
                    <a href={to('exchange', 'alert', alert.id)}>{String(alert.id)}</a> {ACTIONS[alert.action]}
                  </Cell>
                  <Cell>{SEVERITIES[alert.severity]}</Cell>
                  <Cell>
                    {until > 0n ? (
                      <>
                        <Badge tone="bad">{t.alert.blockedUntil}</Badge> <Until ms={Number(until) * 1_000} over={t.alert.over} />
                        {!holds && <span className="text-muted"> ({t.alert.title(String(by)).toLowerCase()})</span>}
                      </>
                    ) : (
                      <span className="text-muted">{least !== undefined && alert.severity < least ? t.alert.belowPolicy(SEVERITIES[least] ?? '') : t.alert.notBlocked}</span>
                    )}
                  </Cell>
                </tr>
              );
            }),
          )}
        </Table>
      )}
    </Panel>
  );
}

function Strip({ chain, zone }: { chain: Chain; zone: Zone | null }) {
  const { head, state } = useStream(chain);
  const status = useStatus(chain).data;
  const { perSecond, blocks } = useThroughput(chain);
  return (
    <section aria-label={t.league.health} className={`mb-3 rounded-lg border border-line bg-panel ${state === 'lost' ? 'stale' : ''}`}>
      <dl className="grid grid-cols-2 sm:grid-cols-3 xl:grid-cols-6">
        <Stat label={t.league.height} note={head ? <Ago ms={num(head.timestampMs)} /> : ''}>
          {head ? <a href={to('chains', chain, 'block', num(head.number))}>{count(num(head.number))}</a> : '–'}
        </Stat>
        <Stat label={t.chains.throughput} note={t.chains.lastBlocks(count(blocks))}>
          {perSecond === null ? '–' : `${perSecond.toFixed(2)} /s`}
        </Stat>
        <Stat label={t.chains.baseFee} note={t.chains.next}>
          {status ? gwei(big(status.nextBaseFeePerGas)) : '–'}
        </Stat>
        <Stat label={t.chains.gasUsed} note={head ? t.league.ofTotal(count(num(head.gasLimit))) : ''}>
          {head ? percent(num(head.gasUsed) / Math.max(1, num(head.gasLimit)), 2) : '–'}
        </Stat>
        <Stat label={t.chains.waiting} note={t.chains.inPool}>
          {status ? count(status.pending + status.queued) : '–'}
        </Stat>
        {zone ? (
          <Stat label={t.chains.checkpoint} note={zone.checkpoint ? <Ago ms={zone.checkpoint.recordedTime * 1_000} /> : ''}>
            {zone.checkpoint ? <BlockLink chain={chain} number={num(zone.checkpoint.number)} /> : '–'}
          </Stat>
        ) : (
          <Stat label={t.league.peers}>{status ? count(status.peersConnected) : '–'}</Stat>
        )}
      </dl>
    </section>
  );
}

function About({ zone, hub, chain }: { zone: Zone | null; hub: Status | undefined; chain: Chain }) {
  const id = zone ? num(zone.chainId) : num(hub?.chainId);
  const rows: [string, React.ReactNode][] = [[t.chains.chainId, count(id).replaceAll(',', '')]];
  if (zone) {
    rows.push(
      [t.chains.creator, <Address key="c" of={zone.creator} />],
      [t.chains.createdAt, <span key="b"><BlockLink chain={HUB} number={num(zone.createdAt)} />, <Time ms={zone.timestamp * 1_000} /></span>],
      [t.chains.escrow, <Ether key="e" of={big(zone.escrow)} />],
      [t.chains.lockedLong, <Ether key="l" of={big(zone.locked)} />],
      [t.chains.outflow, <span key="o"><Ether of={big(zone.outflow)} /> {t.league.ofTotal('')}<Ether of={big(zone.outflowLimit)} /></span>],
    );
    for (const row of policy(zone)) rows.push(row);
    if (zone.closesAt !== null) rows.push([t.chains.closes, <Time key="t" ms={zone.closesAt * 1_000} />]);
  } else if (hub) rows.push([t.chains.genesis, <span key="g" className="font-mono text-xs break-all">{hub.genesis}</span>]);
  rows.push([t.chains.rpc, <code key="r" className="text-xs break-all">{`${location.origin}${chain === HUB ? '/rpc' : `/zones/${chain}`}`}</code>]);
  return (
    <Panel title={t.chains.about}>
      <Facts rows={rows} />
    </Panel>
  );
}

export function ChainPage({ chain, zone, hub }: { chain: Chain; zone: Zone | null; hub: Status | undefined }) {
  useStream(chain);
  return (
    <>
      <Crumbs chain={chain} />
      <Title aside={<Badge tone={!zone || zone.phase === 'active' ? 'good' : 'warn'}>{zone ? zone.phase : t.chains.active}</Badge>}>
        <Text of={chain} most={40} />
      </Title>
      <Strip chain={chain} zone={zone} />
      <Charts chain={chain} />
      <Recent chain={chain} />
      <div className="grid gap-3 lg:grid-cols-2">
        <About chain={chain} zone={zone} hub={hub} />
        <div className="flex min-w-0 flex-col gap-3">
          <Committee chain={chain} zone={zone} />
          <Directives chain={chain} zone={zone} />
        </div>
      </div>
    </>
  );
}
