import { useBlock } from '../../lib/blocks';
import { big, bytes, count, gwei, num, percent } from '../../lib/format';
import { to } from '../../lib/route';
import type { Chain } from '../../lib/rpc';
import { line } from '../../lib/safe';
import { t } from '../../strings';
import { Empty, Facts, Nothing, Panel, Problem, Title, Waiting } from '../../ui/basics';
import { Finality } from '../../ui/finality';
import { TransactionRows, useProposer } from '../../ui/tables';
import { Ago, Hash, Time } from '../../ui/values';
import { Crumbs } from '../chains';

/** Transactions of a block that are listed. */
const LISTED = 200;

export function BlockPage({ chain, id }: { chain: Chain; id: string }) {
  const isId = /^(\d{1,15}|0x[0-9a-fA-F]{64})$/.test(id);
  const block = useBlock(chain, isId ? id : '0');
  const proposer = useProposer();
  if (!isId) return <Nothing title={t.common.block} next={<a href={to('chains', chain)}>{t.explorer.noBlockIdNext}</a>}>{t.explorer.noBlockId(line(id, 80))}</Nothing>;
  if (block.isError) return <Problem error={block.error} />;
  if (block.isPending) return <Waiting />;
  const of = block.data;
  if (!of)
    return (
      <>
        <Crumbs chain={chain} more={t.common.block} />
        <Nothing title={t.common.block} next={t.explorer.blockNext}>{t.explorer.noBlock(line(id, 80), line(chain, 40))}</Nothing>
      </>
    );
  const number = num(of.number);
  const ms = num(of.timestampMs);
  return (
    <>
      <Crumbs chain={chain} more={t.common.block} />
      <Title
        aside={
          <span className="flex gap-3 text-sm">
            {number > 0 && <a href={to('chains', chain, 'block', number - 1)}>← {t.common.older}</a>}
            <a href={to('chains', chain, 'block', number + 1)}>{t.common.newer} →</a>
          </span>
        }
      >
        {t.common.block} {count(number)}
      </Title>
      <Panel title={t.explorer.details} className="mb-3">
        <Facts
          rows={[
            [t.explorer.time, <span key="t"><Time ms={ms} /> (<Ago ms={ms} />)</span>],
            [t.explorer.finality, <Finality key="f" chain={chain} number={number} />],
            [t.league.proposer, proposer(of.proposer, of.miner)],
            [t.common.hashTitle, <Hash key="h" of={of.hash} full />],
            [t.explorer.parent, <Hash key="p" of={of.parentHash} href={to('chains', chain, 'block', of.parentHash)} full />],
            [t.explorer.stateRoot, <Hash key="s" of={of.stateRoot} full />],
            [t.chains.gasUsed, `${count(num(of.gasUsed))} ${t.league.ofTotal(count(num(of.gasLimit)))} (${percent(num(of.gasUsed) / Math.max(1, num(of.gasLimit)), 2)})`],
            [t.chains.baseFee, `${gwei(big(of.baseFeePerGas))} ${t.explorer.perGas}`],
            [t.explorer.size, bytes(num(of.size))],
          ]}
        />
      </Panel>
      <Panel title={`${t.league.txs} (${count(of.transactions.length)})`} flush>
        {of.transactions.length === 0 ? <Empty next={t.league.noTransactionsNext}>{t.explorer.emptyBlock}</Empty> : <TransactionRows chain={chain} of={of.transactions.slice(0, LISTED)} />}
        {of.transactions.length > LISTED && <p className="p-3 text-muted">{t.common.more(count(of.transactions.length - LISTED))}</p>}
      </Panel>
    </>
  );
}
