import { big, count, duration, ether, gwei, num } from '../../lib/format';
import { useNewestBlocks } from '../../lib/blocks';
import { terms, useOperators, useZones } from '../../lib/league';
import { useRpc } from '../../lib/live';
import { to } from '../../lib/route';
import { type Chain, HUB } from '../../lib/rpc';
import { useStream } from '../../lib/stream';
import type { Hex, Zone } from '../../lib/types';
import { t } from '../../strings';
import { Badge, Empty, Panel, Title } from '../../ui/basics';
import { Cell, Table } from '../../ui/tables';
import { Ago, Ether, Text } from '../../ui/values';

const TONES = { registered: 'muted', active: 'good', closing: 'warn', stopped: 'bad', settled: 'muted' } as const;

/** Transactions per second over the newest blocks, and since when they count. */
export function useThroughput(chain: Chain): { perSecond: number | null; blocks: number } {
  const { data } = useNewestBlocks(chain, 40);
  const [newest, oldest] = [data?.[0], data?.at(-1)];
  if (!data || !newest || !oldest || newest === oldest) return { perSecond: null, blocks: data?.length ?? 0 };
  const seconds = (num(newest.timestampMs) - num(oldest.timestampMs)) / 1_000;
  const transactions = data.slice(0, -1).reduce((sum, block) => sum + block.transactions.length, 0);
  return { perSecond: seconds > 0 ? transactions / seconds : null, blocks: data.length - 1 };
}

function Row({ chain, zone }: { chain: Chain; zone: Zone | null }) {
  const here = zone === null || zone.path !== null;
  return here ? <Running chain={chain} zone={zone} /> : <Elsewhere zone={zone} />;
}

function Elsewhere({ zone }: { zone: Zone }) {
  return (
    <tr>
      <Cell>
        <Text of={zone.name} most={40} />
      </Cell>
      <Cell>
        <Badge tone={TONES[zone.phase]}>{zone.phase}</Badge>
      </Cell>
      <td colSpan={6} className="px-3 py-1.5 text-muted">
        {t.chains.notHereShort}
      </td>
    </tr>
  );
}

function Running({ chain, zone }: { chain: Chain; zone: Zone | null }) {
  const { head } = useStream(chain);
  const price = useRpc<Hex>(chain, 'eth_gasPrice');
  const { perSecond } = useThroughput(chain);
  const operators = useOperators().data?.operators ?? [];
  const secured = zone ? (zone.checkpoint ? big(zone.checkpoint.answers) : null) : operators.filter(({ seat }) => seat).reduce((sum, { stake }) => sum + big(stake), 0n);
  return (
    <tr>
      <Cell>
        <a href={to('chains', chain)} className="font-semibold">
          <Text of={chain} most={40} />
        </a>
      </Cell>
      <Cell>
        <Badge tone={zone ? TONES[zone.phase] : 'good'}>{zone ? zone.phase : t.chains.active}</Badge>
      </Cell>
      <Cell>{head ? <a href={to('chains', chain, 'block', num(head.number))}>{count(num(head.number))}</a> : '–'}</Cell>
      <Cell>{head ? <Ago ms={num(head.timestampMs)} /> : '–'}</Cell>
      <Cell right>{perSecond === null ? '–' : `${perSecond.toFixed(perSecond < 10 ? 2 : 0)} /s`}</Cell>
      <Cell right>{price.data ? gwei(big(price.data)) : '–'}</Cell>
      <Cell right>{secured === null ? '–' : <Ether of={secured} digits={2} />}</Cell>
      <Cell right>{zone ? <Ether of={big(zone.locked)} digits={2} /> : '–'}</Cell>
      <Cell>{zone?.checkpoint ? <Ago ms={zone.checkpoint.recordedTime * 1_000} /> : '–'}</Cell>
    </tr>
  );
}

export function ChainList() {
  const zones = useZones();
  const all = zones.data ?? [];
  return (
    <>
      <Title>{t.nav.chains}</Title>
      <p className="mb-3 max-w-[80ch] text-muted">{t.chains.what}</p>
      <Panel title={t.nav.chains} source={zones} flush>
        <Table label={t.nav.chains} head={[t.common.chain, t.chains.state, t.common.block, t.chains.last, { right: t.chains.throughput }, { right: t.chains.gasPrice }, { right: t.chains.answers }, { right: t.chains.locked }, t.chains.checkpoint]}>
          <Row chain={HUB} zone={null} />
          {all.map((zone) => (
            <Row key={zone.id} chain={zone.name} zone={zone} />
          ))}
        </Table>
        {zones.data?.length === 0 && <Empty next={t.chains.noZonesNext}>{t.chains.noZones}</Empty>}
      </Panel>
    </>
  );
}

export const policy = (zone: Zone): [string, string][] => {
  const of = terms(zone);
  const rows: [string, string][] = [];
  if (of.minSeverity !== undefined) rows.push([t.chains.minSeverity, t.chains.severityAndAbove(of.minSeverity)]);
  if (of.maxDirectiveSeconds !== undefined) rows.push([t.chains.maxDirective, duration(of.maxDirectiveSeconds * 1_000)]);
  if (of.blockIntervalMs !== undefined) rows.push([t.chains.interval, duration(of.blockIntervalMs)]);
  if (of.heartbeatMs !== undefined) rows.push([t.chains.heartbeat, duration(of.heartbeatMs)]);
  if (of.epochBlocks !== undefined) rows.push([t.chains.epochBlocks, String(of.epochBlocks)]);
  if (of.noticeSeconds !== undefined) rows.push([t.chains.notice, duration(of.noticeSeconds * 1_000)]);
  if (of.rentPerDay !== undefined) rows.push([t.chains.rent, `${ether(big(of.rentPerDay))} ETH`]);
  return rows;
};
