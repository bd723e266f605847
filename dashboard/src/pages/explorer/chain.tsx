import { useMemo } from 'react';
import { useNewestBlocks } from '../../lib/blocks';
import { big, count, duration, gwei, num, percent } from '../../lib/format';
import { useFinality, useStatus, useZones } from '../../lib/league';
import { useRpc } from '../../lib/live';
import { to } from '../../lib/route';
import type { Chain } from '../../lib/rpc';
import { useStream } from '../../lib/stream';
import type { Hex, Status, Zone } from '../../lib/types';
import { t } from '../../strings';
import { Panel, Stat, Stats, Title, useAsOf } from '../../ui/basics';
import { part } from '../../ui/part';
import { Ago, BlockLink, Text } from '../../ui/values';
import { Crumbs } from '../chains';
import { About, Committee } from '../chains-parts/about';
import { Directives } from '../chains-parts/directives';
import { Life, Phase } from '../chains-parts/life';
import { Policy } from '../chains-parts/policy';
import { useThroughput } from './list';
import { Recent } from './recent';

const Chart = part(() => import('../../ui/chart'));

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
    <Panel title={t.league.finality} source={finality} room="min-h-44" aside={data?.hour ? t.league.finalityHour(duration(data.hour.p50Ms), duration(data.hour.p99Ms)) : t.league.finalityWait}>
      {series.xs.length < 2 ? (
        <p className="text-muted">{t.chains.finalitySoon}</p>
      ) : (
        <Chart label={t.league.finality} xs={series.xs} ys={series.ys} unit={(value) => duration(value)} xUnit={clock} at={(minute) => minute * 60_000} />
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
  const name = (value: number): string => `${t.common.block} ${blockNumber(value)}`;
  const times = new Map(useNewestBlocks(chain, CHARTED).data?.map(({ number, timestampMs }) => [num(number), num(timestampMs)]));
  const at = (number: number): number | null => times.get(number) ?? null;
  return (
    <div className="mb-3 grid gap-3 lg:grid-cols-2 xl:grid-cols-3">
      <Panel title={t.chains.fullness} source={history} room="min-h-44" aside={t.chains.lastBlocks(count(series.xs.length))}>
        <Chart label={t.chains.fullness} xs={series.xs} ys={series.full} unit={(value) => `${value.toFixed(value < 10 ? 1 : 0)} %`} xUnit={blockNumber} name={name} at={at} />
      </Panel>
      <Panel title={t.chains.baseFee} source={history} room="min-h-44" aside={t.chains.lastBlocks(count(series.xs.length))}>
        <Chart label={t.chains.baseFee} xs={series.xs} ys={series.fees} unit={(value) => gwei(BigInt(Math.max(0, Math.round(value))))} xUnit={blockNumber} name={name} at={at} />
      </Panel>
      <FinalityChart chain={chain} />
    </div>
  );
}

function Strip({ chain, zone }: { chain: Chain; zone: Zone | null }) {
  const { head } = useStream(chain);
  const asked = useStatus(chain);
  const status = asked.data;
  const statusAt = useAsOf(asked, chain);
  const zonesAt = useAsOf(useZones());
  const headAt = head?.seenAt ?? null;
  const { perSecond, blocks } = useThroughput(chain);
  return (
    <Stats label={t.league.health} columns="sm:grid-cols-3 xl:grid-cols-6" chain={chain}>
      <Stat label={t.league.height} note={head ? <Ago ms={num(head.timestampMs)} /> : ''}>
        {head ? <a href={to('chains', chain, 'block', num(head.number))}>{count(num(head.number))}</a> : '–'}
      </Stat>
      <Stat label={t.chains.throughput} note={t.chains.lastBlocks(count(blocks))} at={headAt}>
        {perSecond === null ? '–' : `${perSecond.toFixed(2)} /s`}
      </Stat>
      <Stat label={t.chains.baseFee} note={t.chains.next} at={statusAt}>
        {status ? gwei(big(status.nextBaseFeePerGas)) : '–'}
      </Stat>
      <Stat label={t.chains.gasUsed} note={head ? t.league.ofTotal(count(num(head.gasLimit))) : ''} at={headAt}>
        {head ? percent(num(head.gasUsed) / Math.max(1, num(head.gasLimit)), 2) : '–'}
      </Stat>
      <Stat label={t.chains.waiting} note={t.chains.inPool} at={statusAt}>
        {status ? count(status.pending + status.queued) : '–'}
      </Stat>
      {zone ? (
        <Stat label={t.chains.checkpoint} note={zone.checkpoint ? <Ago ms={zone.checkpoint.recordedTime * 1_000} /> : ''} at={zonesAt}>
          {zone.checkpoint ? <BlockLink chain={chain} number={num(zone.checkpoint.number)} /> : '–'}
        </Stat>
      ) : (
        <Stat label={t.league.peers} note="" at={statusAt}>
          {status ? count(status.peersConnected) : '–'}
        </Stat>
      )}
    </Stats>
  );
}

export function ChainPage({ chain, zone, hub }: { chain: Chain; zone: Zone | null; hub: Status | undefined }) {
  useStream(chain);
  return (
    <>
      <Crumbs chain={chain} />
      <Title aside={<Phase zone={zone} />}>
        <Text of={chain} most={40} />
      </Title>
      {zone && <Life zone={zone} />}
      <Strip chain={chain} zone={zone} />
      <Charts chain={chain} />
      <Recent chain={chain} />
      <div className="grid gap-3 lg:grid-cols-2">
        <About chain={chain} zone={zone} hub={hub} />
        <div className="flex min-w-0 flex-col gap-3">
          <Committee chain={chain} zone={zone} />
          <Directives chain={chain} zone={zone} />
          {zone && <Policy chain={chain} />}
        </div>
      </div>
    </>
  );
}
