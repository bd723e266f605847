import { useMemo } from 'react';
import { big, count, duration, gwei, num, percent } from '../../lib/format';
import { useFinality, useStatus } from '../../lib/league';
import { useRpc } from '../../lib/live';
import { to } from '../../lib/route';
import type { Chain } from '../../lib/rpc';
import { useStream } from '../../lib/stream';
import type { Hex, Status, Zone } from '../../lib/types';
import { t } from '../../strings';
import { Panel, Stat, Title } from '../../ui/basics';
import { part } from '../../ui/part';
import { Ago, BlockLink, Text } from '../../ui/values';
import { Crumbs } from '../chains';
import { About, Committee } from '../chains-parts/about';
import { Directives } from '../chains-parts/directives';
import { Life, Phase } from '../chains-parts/life';
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
    <Panel title={t.league.finality} source={finality} aside={data?.hour ? t.league.finalityHour(duration(data.hour.p50Ms), duration(data.hour.p99Ms)) : t.league.finalityWait}>
      {series.xs.length < 2 ? (
        <p className="text-muted">{t.chains.finalitySoon}</p>
      ) : (
        <Chart label={t.league.finality} xs={series.xs} ys={series.ys} unit={(value) => duration(value)} xUnit={clock} />
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
        <Chart label={t.chains.fullness} xs={series.xs} ys={series.full} unit={(value) => `${value.toFixed(value < 10 ? 1 : 0)} %`} xUnit={blockNumber} />
      </Panel>
      <Panel title={t.chains.baseFee} source={history} aside={t.chains.lastBlocks(count(series.xs.length))}>
        <Chart label={t.chains.baseFee} xs={series.xs} ys={series.fees} unit={(value) => gwei(BigInt(Math.max(0, Math.round(value))))} xUnit={blockNumber} />
      </Panel>
      <FinalityChart chain={chain} />
    </div>
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
        </div>
      </div>
    </>
  );
}
