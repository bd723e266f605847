// Blocks and transactions of a chain: the newest, or those below block `before`.
import { useHeadersBelow, useNewestBlocks, useTransactionsBelow, useTransactionsOf } from '../../lib/blocks';
import { count, num } from '../../lib/format';
import { to, useRoute, whole } from '../../lib/route';
import type { Chain } from '../../lib/rpc';
import { t } from '../../strings';
import { Empty, Panel } from '../../ui/basics';
import { BlockRows, TransactionRows } from '../../ui/tables';
import { BlockLink } from '../../ui/values';

const LISTED = 15;
/** Blocks in which the newest transactions are looked for. */
const LOOKED = 120;

function Turn({ chain, older, paged }: { chain: Chain; older: number | null; paged: boolean }) {
  if (!paged && !older) return null;
  return (
    <p className="flex gap-4 px-3 py-2">
      {paged && <a href={to('chains', chain)}>{t.common.newest}</a>}
      {older !== null && older > 0 && <a href={`${to('chains', chain)}?before=${older}`}>{t.common.older}</a>}
    </p>
  );
}

const Looked = ({ from, upTo }: { from: number; upTo: number }) => <p className="px-3 py-2 text-muted">{t.chains.looked(count(from), count(upTo))}</p>;

function NewestBlocks({ chain }: { chain: Chain }) {
  const blocks = useNewestBlocks(chain, LISTED);
  const last = blocks.data?.at(-1);
  return (
    <Panel title={t.league.blocks} source={blocks} room="min-h-[34.75rem]" flush>
      <BlockRows chain={chain} of={blocks.data ?? []} />
      <Turn chain={chain} older={last ? num(last.number) : null} paged={false} />
    </Panel>
  );
}

function NewestTransactions({ chain }: { chain: Chain }) {
  const recent = useNewestBlocks(chain, LOOKED);
  const transactions = useTransactionsOf(chain, recent.data, LISTED);
  const [first, last, shown] = [recent.data?.[0], recent.data?.at(-1), transactions.data?.at(-1)];
  const all = (recent.data ?? []).reduce((sum, { transactions: of }) => sum + of.length, 0);
  // A block that is shown in part is shown again.
  const bottom = all > LISTED && shown?.blockNumber ? num(shown.blockNumber) + 1 : last ? num(last.number) : null;
  return (
    <Panel title={t.league.transactions} source={transactions} flush>
      {transactions.data?.length === 0 ? <Empty next={t.league.noTransactionsNext}>{t.league.noTransactions}</Empty> : <TransactionRows chain={chain} of={transactions.data ?? []} />}
      {first && last && all <= LISTED && <Looked from={num(last.number)} upTo={num(first.number)} />}
      <Turn chain={chain} older={bottom} paged={false} />
    </Panel>
  );
}

function BlocksBelow({ chain, before }: { chain: Chain; before: number }) {
  const blocks = useHeadersBelow(chain, before, LISTED);
  const last = blocks.data?.at(-1);
  return (
    <Panel title={t.chains.blocksBelow(count(before))} source={blocks} flush>
      {blocks.data?.length === 0 ? <Empty>{t.chains.noBlocksBelow}</Empty> : <BlockRows chain={chain} of={blocks.data ?? []} label={t.chains.blocksBelow(count(before))} />}
      <Turn chain={chain} older={last ? num(last.number) : null} paged />
    </Panel>
  );
}

function TransactionsBelow({ chain, before }: { chain: Chain; before: number }) {
  const found = useTransactionsBelow(chain, before, LISTED);
  const { data } = found;
  return (
    <Panel title={t.chains.transactionsBelow(count(before))} source={found} flush>
      {data?.transactions.length === 0 ? <Empty>{t.chains.noTransactionsThere}</Empty> : <TransactionRows chain={chain} of={data?.transactions ?? []} label={t.chains.transactionsBelow(count(before))} />}
      {data && data.left > 0 && (
        <p className="px-3 pt-2 text-muted">
          {t.common.more(count(data.left))} {t.wallet.inBlock} <BlockLink chain={chain} number={data.bottom} />
        </p>
      )}
      {data && data.bottom < before && <Looked from={data.bottom} upTo={before - 1} />}
      <Turn chain={chain} older={data && data.bottom < before ? data.bottom : null} paged />
    </Panel>
  );
}

export function Recent({ chain }: { chain: Chain }) {
  const before = whole(useRoute().query.get('before'));
  return (
    <div className="mb-3 grid items-start gap-3 2xl:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
      {before === null ? <NewestBlocks chain={chain} /> : <BlocksBelow chain={chain} before={before} />}
      {before === null ? <NewestTransactions chain={chain} /> : <TransactionsBelow chain={chain} before={before} />}
    </div>
  );
}
