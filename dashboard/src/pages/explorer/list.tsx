import type { ReactNode } from 'react';
import { useNewestBlocks } from '../../lib/blocks';
import { useNow } from '../../lib/clock';
import { holding, usePolicy, useStands } from '../../lib/directives';
import { big, count, duration, gwei, num } from '../../lib/format';
import { isHalted } from '../../lib/halted';
import { useZones } from '../../lib/league';
import { useRpc } from '../../lib/live';
import { to } from '../../lib/route';
import { type Chain, HUB } from '../../lib/rpc';
import { useCommittee } from '../../lib/security';
import { useStream } from '../../lib/stream';
import type { Hex, Zone } from '../../lib/types';
import { t } from '../../strings';
import { Empty, Panel, Title } from '../../ui/basics';
import { Cell, Table } from '../../ui/tables';
import { Ago, BlockLink, Ether, Text } from '../../ui/values';
import { HaltedNote, Phase } from '../chains-parts/life';

/** Transactions per second over the newest blocks, and since when they count. */
export function useThroughput(chain: Chain): { perSecond: number | null; blocks: number } {
  const { data } = useNewestBlocks(chain, 40);
  const [newest, oldest] = [data?.[0], data?.at(-1)];
  if (!data || !newest || !oldest || newest === oldest) return { perSecond: null, blocks: data?.length ?? 0 };
  const seconds = (num(newest.timestampMs) - num(oldest.timestampMs)) / 1_000;
  const transactions = data.slice(0, -1).reduce((sum, block) => sum + block.transactions.length, 0);
  return { perSecond: seconds > 0 ? transactions / seconds : null, blocks: data.length - 1 };
}

function Pace({ chain }: { chain: Chain }) {
  const { head } = useStream(chain);
  const price = useRpc<Hex>(chain, 'eth_gasPrice');
  const { perSecond } = useThroughput(chain);
  return (
    <>
      <Cell>
        {head ? (
          <>
            <a href={to('chains', chain, 'block', num(head.number))}>{count(num(head.number))}</a> <Under><Ago even ms={num(head.timestampMs)} /></Under>
          </>
        ) : (
          <>–<Under>{'\u00a0'}</Under></>
        )}
      </Cell>
      <Cell right>{perSecond === null ? '–' : `${perSecond.toFixed(perSecond < 10 ? 2 : 0)} /s`}</Cell>
      <Cell right>{price.data ? gwei(big(price.data)) : '–'}</Cell>
    </>
  );
}

/** Directives against the targets of open alerts, and targets that it never blocks. */
function Held({ chain }: { chain: Chain }) {
  const now = useNow();
  const stands = useStands(chain).data;
  if (!stands) return <>–</>;
  const all = [...stands.of.values()];
  const held = all.reduce((sum, { directives }) => sum + holding(directives, now / 1_000).length, 0);
  const spared = all.filter(({ isProtected }) => isProtected).length;
  return (
    <>
      {(stands.left > 0 ? t.chains.directivesAtLeast : t.chains.directivesHold)(count(held))}
      {spared > 0 && <Under>{t.chains.protects(count(spared))}</Under>}
    </>
  );
}

const Under = ({ children }: { children: ReactNode }) => <span className="block text-xs text-muted">{children}</span>;

function Row({ chain, zone }: { chain: Chain; zone: Zone | null }) {
  const here = zone === null || zone.path !== null;
  const committee = useCommittee(zone).data;
  const guard = usePolicy(zone);
  const checkpoint = zone?.checkpoint;
  return (
    <tr>
      <Cell>
        <a href={to('chains', chain)} className="font-semibold">
          <Text of={chain} most={40} />
        </a>
      </Cell>
      <Cell>
        <Phase zone={zone} />
        {zone && isHalted(zone) && (
          <Under>
            <HaltedNote zone={zone} />
          </Under>
        )}
        {zone?.contradiction && (
          <Under>
            {t.life.contradictedShort(count(num(zone.contradiction.number)))}
            <br />
            {t.life.contradictedNext}
          </Under>
        )}
        {!here && <Under>{t.chains.notHereShort}</Under>}
      </Cell>
      {here ? (
        <Pace chain={chain} />
      ) : (
        <>
          <Cell>–</Cell>
          <Cell right>–</Cell>
          <Cell right>–</Cell>
        </>
      )}
      <Cell right>{committee ? count(committee.seats.length) : '–'}</Cell>
      <Cell right>{committee ? <Ether of={committee.answers} digits={2} /> : '–'}</Cell>
      <Cell right>{zone ? <Ether of={big(zone.locked)} digits={2} /> : '–'}</Cell>
      <Cell>
        {checkpoint ? (
          <>
            {here ? <BlockLink chain={chain} number={num(checkpoint.number)} /> : count(num(checkpoint.number))} <Under><Ago even ms={checkpoint.timestampMs} /></Under>
          </>
        ) : (
          '–'
        )}
      </Cell>
      <Cell>{guard ? t.chains.policy(t.chains.severities(guard.least), duration(guard.maxSeconds * 1_000)) : '–'}</Cell>
      <Cell>{here ? <Held chain={chain} /> : '–'}</Cell>
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
        <Table label={t.nav.chains} head={[t.common.chain, t.chains.state, t.chains.last, { right: t.chains.throughput }, { right: t.chains.gasPrice }, { right: t.chains.seats }, { right: t.security.answers }, { right: t.chains.locked }, t.chains.checkpoint, t.chains.guard, t.chains.directivesNow]}>
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
