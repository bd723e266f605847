import { useEffect, useState } from 'react';
import { count, num, percent, units } from '../../lib/format';
import { useStatus } from '../../lib/league';
import { useAsk } from '../../lib/live';
import { to, useRoute, whole, withQuery } from '../../lib/route';
import type { Chain } from '../../lib/rpc';
import { line } from '../../lib/safe';
import { scan } from '../../lib/scan';
import { type Holder, holders, isBurn, isMint, parties, type Token, TRANSFER, transfer, type Transfer, useToken } from '../../lib/token';
import type { Hex } from '../../lib/types';
import { t } from '../../strings';
import { Badge, Empty, Facts, Nothing, Panel, Problem, Title, Waiting } from '../../ui/basics';
import { Cell, Table } from '../../ui/tables';
import { Address, Ago, BlockLink, Text, TxLink } from '../../ui/values';
import { Crumbs } from '../chains';

/** Transfers of one step, that are read at all, and that are listed at once. */
const STEP = 200;
const MOST = 5_000;
const LISTED = 50;
/** Parties that are asked for what they hold, and holders that are listed. */
const ASKED = 200;
const SHOWN = 50;

interface Read {
  transfers: Transfer[];
  /** Where the next step begins; null where there is nothing older. */
  before: number | null;
}

/** The transfers of so many steps, the newest first. A step is read once. */
function useTransfers(chain: Chain, token: Hex, oldest: number | null, steps: number): { read: Read | null; loading: boolean; error: unknown } {
  const [pages, setPages] = useState<Read[]>([]);
  const [error, setError] = useState<unknown>(null);
  const last = pages.at(-1);
  const wants = oldest !== null && error === null && pages.length < steps && last?.before !== null;
  useEffect(() => setError(null), [steps]);
  useEffect(() => {
    if (!wants) return;
    const stop = new AbortController();
    scan(chain, { address: token, topics: [TRANSFER] }, STEP, last?.before ?? null, oldest, stop.signal).then(
      ({ logs, before }) => setPages([...pages, { transfers: logs.flatMap((log) => transfer(log) ?? []), before }]),
      (failure: unknown) => {
        if (!stop.signal.aborted) setError(failure);
      },
    );
    return () => stop.abort();
  }, [chain, token, oldest, wants, pages, last]);
  const shown = pages.slice(0, steps);
  const bottom = shown.at(-1);
  return { read: bottom ? { transfers: shown.flatMap(({ transfers }) => transfers).slice(0, MOST), before: bottom.before } : null, loading: wants, error };
}

function Amount({ of, token }: { of: Transfer; token: Token }) {
  return of.isId ? <>{t.explorer.tokenId} {line(`#${of.value}`, 30)}</> : <>{units(of.value, token.decimals)} <Text of={token.symbol} most={12} /></>;
}

function Transfers({ chain, of, token }: { chain: Chain; of: Transfer[]; token: Token }) {
  const route = useRoute();
  const shown = whole(route.query.get('shown'), MOST) ?? LISTED;
  if (of.length === 0) return <Empty next={t.explorer.noTransfersNext}>{t.explorer.noTransfers}</Empty>;
  return (
    <>
      <Table label={t.explorer.transfers} head={[t.common.transaction, t.common.block, t.common.age, t.common.from, t.common.to, { right: t.stake.amount }]}>
        {of.slice(0, shown).map((item) => (
          <tr key={`${item.log.blockHash}${item.log.logIndex}`}>
            <Cell>
              <TxLink chain={chain} hash={item.log.transactionHash} />
            </Cell>
            <Cell>
              <BlockLink chain={chain} number={num(item.log.blockNumber)} />
            </Cell>
            <Cell>{item.log.blockTimestamp ? <Ago even ms={num(item.log.blockTimestamp) * 1_000} /> : '–'}</Cell>
            <Cell>{isMint(item) ? <Badge tone="good">{t.explorer.minted}</Badge> : <Address of={item.from} chain={chain} />}</Cell>
            <Cell>{isBurn(item) ? <Badge tone="warn">{t.explorer.burnt}</Badge> : <Address of={item.to} chain={chain} />}</Cell>
            <Cell right>
              <Amount of={item} token={token} />
            </Cell>
          </tr>
        ))}
      </Table>
      {of.length > shown && (
        <p className="border-t border-line px-3 py-2">
          <a href={withQuery(route, { shown: shown + LISTED })}>{t.common.showMore}</a>
        </p>
      )}
    </>
  );
}

function Holders({ chain, token, address, of }: { chain: Chain; token: Token; address: Hex; of: Transfer[] }) {
  const all = parties(of).slice(0, ASKED);
  const found = useAsk<Holder[]>(chain, ['holders', address, all.length, of[0]?.log.blockHash], (signal) => holders(chain, address, all, signal), { enabled: all.length > 0, fixed: true });
  const rows = (found.data ?? []).slice(0, SHOWN);
  return (
    <Panel title={t.explorer.holders} aside={t.explorer.holdersNote(count(all.length))} {...(all.length > 0 ? { source: found } : {})} flush>
      {rows.length === 0 ? (
        <Empty next={t.explorer.noTransfersNext}>{t.explorer.noHolders}</Empty>
      ) : (
        <Table label={t.explorer.holders} head={[t.node.address, { right: t.explorer.balance }, { right: t.chains.part }]}>
          {rows.map(({ address: holder, balance }) => (
            <tr key={holder}>
              <Cell>
                <Address of={holder} chain={chain} />
              </Cell>
              <Cell right>
                {units(balance, token.decimals)} <Text of={token.symbol} most={12} />
              </Cell>
              <Cell right>{token.supply !== null && token.supply > 0n && balance <= token.supply ? percent(Number((balance * 1_000_000n) / token.supply) / 1_000_000, 2) : '–'}</Cell>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}

export function TokenPage({ chain, address }: { chain: Chain; address: string }) {
  const isAddress = /^0x[0-9a-fA-F]{40}$/.test(address);
  const of = (isAddress ? address.toLowerCase() : `0x${'0'.repeat(40)}`) as Hex;
  const status = useStatus(chain).data;
  const token = useToken(chain, of, isAddress);
  const route = useRoute();
  const steps = whole(route.query.get('steps'), MOST / STEP) ?? 1;
  const { read, loading, error } = useTransfers(chain, of, status ? num(status.oldestBlock) : null, steps);
  if (!isAddress) return <Nothing title={t.explorer.token} next={t.explorer.noAddressNext}>{t.explorer.noAddress(line(address, 80))}</Nothing>;
  if (token.isError) return <Problem error={token.error} />;
  if (token.isPending) return <Waiting />;
  if (!token.data) return <Nothing title={t.explorer.token} next={t.explorer.noTokenNext}>{t.explorer.noToken}</Nothing>;
  const { standard, name, symbol, decimals, supply } = token.data;
  const transfers = read?.transfers ?? [];
  const full = transfers.length >= MOST;
  return (
    <>
      <Crumbs chain={chain} more={t.explorer.token} />
      <Title aside={<Badge tone="accent">{standard}</Badge>}>
        <Text of={name || symbol} most={80} />
      </Title>
      <Panel title={t.explorer.details} source={token} className="mb-3">
        <Facts
          rows={[
            [t.node.address, <Address key="a" of={of} chain={chain} full />],
            [t.explorer.name, <span key="n"><Text of={name} most={80} /> (<Text of={symbol} most={24} />) <span className="text-muted">{t.explorer.saysItself}</span></span>],
            [t.explorer.supplyTitle, supply === null ? '–' : units(supply, decimals)],
            ...(standard === 'ERC-20' ? ([[t.explorer.decimals, String(decimals)]] as [string, React.ReactNode][]) : []),
          ]}
        />
      </Panel>
      {error !== null && <Problem error={error} />}
      <div className="grid items-start gap-3 2xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <Panel title={t.explorer.transfers} flush aside={loading ? <span role="status" className="min-w-72">{t.common.loading}</span> : read && <span>{t.explorer.readFrom(count(transfers.length))} <BlockLink chain={chain} number={read.before ?? num(status?.oldestBlock)} />{read.before === null && `: ${t.explorer.readAll}`}</span>}>
          {read === null || (loading && transfers.length === 0) ? <Waiting /> : <Transfers chain={chain} of={transfers} token={token.data} />}
          {read && read.before !== null && !loading && !full && (
            <p className="border-t border-line px-3 py-2">
              <a href={withQuery(route, { steps: steps + 1 })}>{t.exchange.loadMore}</a>
            </p>
          )}
          {full && <p className="border-t border-line p-2 text-muted">{t.explorer.readMost(count(MOST))}</p>}
        </Panel>
        <Holders chain={chain} token={token.data} address={of} of={transfers} />
      </div>
      <p className="mt-3 text-sm">
        <a href={to('chains', chain, 'address', of)}>{t.explorer.itsAddress}</a>
      </p>
    </>
  );
}
