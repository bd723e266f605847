import { useMemo } from 'react';
import { useNow } from '../../lib/clock';
import { useObjects } from '../../lib/exchange';
import { type Feed, feeds } from '../../lib/feeds';
import { count, duration, num } from '../../lib/format';
import { MEMBER_STATUS, useMembers, useStatus } from '../../lib/league';
import { to } from '../../lib/route';
import { HUB } from '../../lib/rpc';
import { t } from '../../strings';
import { Badge, Button, Empty, Panel, Problem, Title, type Tone, Waiting } from '../../ui/basics';
import { Cell, Table } from '../../ui/tables';
import { Address, Ago, BlockLink, Text } from '../../ui/values';
import { Tabs } from '../exchange';
import { Taxii } from './taxii';

const TONES: Record<Feed['state'], Tone> = { fresh: 'good', late: 'warn', quiet: 'bad' };
/** States change slowly: they are counted again this often, ms. */
const EVERY_MS = 10_000;

function Row({ of }: { of: Feed }) {
  return (
    <tr className={of.state === 'quiet' ? 'stale' : ''}>
      <Cell>
        <Address of={of.publisher} />
      </Cell>
      <Cell>
        <Badge tone={TONES[of.state]}>{t.feeds.states[of.state]}</Badge>
      </Cell>
      <Cell wide>
        <a href={to('exchange', 'object', of.newest.id)}>
          <Text of={of.newest.title || of.newest.id} most={80} />
        </a>
      </Cell>
      <Cell>
        <Ago even ms={of.newestMs} />
      </Cell>
      <Cell>{of.intervalMs === null ? t.feeds.once : t.feeds.every(duration(of.intervalMs))}</Cell>
      <Cell right>{count(of.lastDay)}</Cell>
      <Cell right>
        <a href={`${to('exchange')}?q=${of.publisher}`}>{count(of.versions)}</a>
      </Cell>
      <Cell right>{count(of.revoked)}</Cell>
    </tr>
  );
}

export function FeedsPage() {
  const status = useStatus().data;
  const members = useMembers().data ?? [];
  const objects = useObjects(status ? num(status.oldestBlock) : null);
  const tick = Math.floor(useNow() / EVERY_MS);
  const all = useMemo(() => feeds(objects.versions(), Date.now()), [objects.entries, tick]);
  const silent = members.filter(({ account, status: of }) => MEMBER_STATUS[of] === 'active' && !all.some(({ publisher }) => publisher === account.toLowerCase()));
  const isRead = objects.updatedAt > 0 && !objects.loading;
  return (
    <>
      <Title aside={<Tabs at="feeds" />}>{t.feeds.tab}</Title>
      <p className="mb-3 max-w-[80ch] text-muted">{t.feeds.what}</p>
      {objects.error !== null && <Problem error={objects.error} />}
      <Panel
        title={t.feeds.publishers}
        flush
        aside={objects.loading ? <span role="status">{t.exchange.loading}</span> : objects.since !== null && <span>{t.feeds.since} <BlockLink chain={HUB} number={objects.since} /></span>}
      >
        {all.length === 0 && !isRead && objects.error === null ? (
          <Waiting />
        ) : all.length === 0 && !objects.loading ? (
          <Empty next={t.exchange.noneNext}>{t.exchange.none}</Empty>
        ) : (
          <Table label={t.feeds.publishers} head={[t.exchange.publisher, t.explorer.state, t.feeds.newest, t.common.age, t.feeds.rhythm, { right: t.feeds.lastDay }, { right: t.feeds.versions }, { right: t.feeds.revoked }]}>
            {all.map((feed) => (
              <Row key={feed.publisher} of={feed} />
            ))}
          </Table>
        )}
        {objects.more && !objects.loading && (
          <p className="flex flex-wrap items-center gap-2 border-t border-line p-2 text-muted">
            {t.exchange.notAll} <Button onClick={objects.loadMore}>{t.exchange.loadMore}</Button>
          </p>
        )}
      </Panel>
      {silent.length > 0 && (
        <Panel title={t.feeds.silent} aside={t.feeds.silentNote} className="mt-3" flush>
          <ul className="divide-y divide-line">
            {silent.map(({ account }) => (
              <li key={account} className="px-3 py-1.5">
                <Address of={account} />
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <Taxii />
    </>
  );
}
