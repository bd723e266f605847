import { useBlock } from '../../lib/blocks';
import { big, bytes, count, gwei, num, percent, short } from '../../lib/format';
import { useOperators } from '../../lib/league';
import { useAsk, useRpc, viewsOrFail } from '../../lib/live';
import { STAKING } from '../../lib/modules';
import type { Seat } from '../../lib/performance';
import { to } from '../../lib/route';
import type { Chain } from '../../lib/rpc';
import { line } from '../../lib/safe';
import type { Hex } from '../../lib/types';
import { t } from '../../strings';
import { Badge, Empty, Facts, Nothing, Panel, Problem, Title, Waiting } from '../../ui/basics';
import { TransactionRows, useProposer } from '../../ui/tables';
import { Ago, Hash, Text, Time } from '../../ui/values';
import { Crumbs } from '../chains';

interface Certificate {
  epoch: number;
  view: number;
  /** Keys of those who signed. */
  signers: Hex[];
  /** Seats of the committee. */
  committee: number;
}

/** Transactions of a block that are listed. */
const LISTED = 200;

/** Who signed that the block is final, and who of the committee did not in time. */
export function Finality({ chain, number }: { chain: Chain; number: number }) {
  const certificate = useRpc<Certificate | null>(chain, 'hansa_getCertificate', [`0x${number.toString(16)}`], { unsettled: (found) => !found, enabled: number > 0 });
  const operators = useOperators().data?.operators ?? [];
  const epoch = certificate.data?.epoch;
  // Staking keeps the committees of every epoch, on zones too: keys change, so only this one tells whose a key was.
  const seats = useAsk<Seat[]>(chain, ['seats', epoch], async (signal) => [...((await viewsOrFail(chain, [{ ...STAKING, name: 'committeeOf', args: [BigInt(epoch ?? 0)] }], signal))[0] as [Hex, Seat[]])[1]], { fixed: true, enabled: epoch !== undefined });
  if (number === 0) return <>{t.explorer.genesis}</>;
  if (certificate.isPending) return <>{t.common.loading}</>;
  const { data } = certificate;
  if (!data) return <>{t.explorer.noCertificate}</>;
  const signers = new Set(data.signers.map((key) => key.toLowerCase()));
  const nameOf = (key: string): string => {
    const id = seats.data?.find((seat) => seat.key.toLowerCase() === key)?.operatorId;
    return operators.find((of) => of.key.toLowerCase() === key || (id !== undefined && BigInt(of.id) === id))?.name ?? short(key, 10, 6);
  };
  const absent = (seats.data ?? []).map(({ key }) => key.toLowerCase()).filter((key) => !signers.has(key));
  return (
    <>
      {t.explorer.signed(count(signers.size), count(data.committee), count(data.epoch), count(data.view))}
      <span className="mt-1 flex flex-wrap gap-1">
        {[...signers].map((key) => (
          <Badge key={key} tone="good">
            ✓ <Text of={nameOf(key)} most={40} />
          </Badge>
        ))}
        {absent.map((key) => (
          <Badge key={key} title={t.explorer.absentTitle}>
            <Text of={nameOf(key)} most={40} /> {t.explorer.absent}
          </Badge>
        ))}
      </span>
    </>
  );
}

export function BlockPage({ chain, id }: { chain: Chain; id: string }) {
  const isId = /^(\d{1,15}|0x[0-9a-fA-F]{64})$/.test(id);
  const block = useBlock(chain, isId ? id : '0');
  const proposer = useProposer();
  if (!isId) return <Nothing title={t.common.block} next={t.explorer.blockNext}>{t.explorer.noBlockId(line(id, 80))}</Nothing>;
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
