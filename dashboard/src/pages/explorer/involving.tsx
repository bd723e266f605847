import { summary } from '../../lib/decode';
import { big, count, num } from '../../lib/format';
import { useRpc } from '../../lib/live';
import { useRoute, withQuery } from '../../lib/route';
import type { Chain } from '../../lib/rpc';
import type { Hex, Transaction } from '../../lib/types';
import { t } from '../../strings';
import { Badge, Empty, Panel } from '../../ui/basics';
import { Cell, Table } from '../../ui/tables';
import { Address, Ago, BlockLink, Ether, Text, TxLink } from '../../ui/values';

/** Transactions on one page. */
const LISTED: Hex = '0x19';

interface Place {
  blockNumber: Hex;
  transactionIndex: Hex;
}

interface Page {
  transactions: { transaction: Transaction; timestampMs: Hex; succeeded: boolean }[];
  next: Place | null;
}

/** A place as BLOCK-INDEX; null where it is none. */
export function readPlace(text: string | null): Place | null {
  const [, block, index] = /^(\d{1,15})-(\d{1,9})$/.exec(text ?? '') ?? [];
  return block && index ? { blockNumber: `0x${Number(block).toString(16)}`, transactionIndex: `0x${Number(index).toString(16)}` } : null;
}

/** The node looks through all that it has of an address. */
const REFRESH_MS = 5_000;

/** Every final transaction that an address signed, that calls it, or that created it; the node's index has them. */
export function Involving({ chain, address }: { chain: Chain; address: Hex }) {
  const route = useRoute();
  // Where the page begins; the first follows the chain.
  const before = readPlace(route.query.get('txs'));
  const page = useRpc<Page>(chain, 'hansa_getTransactionsByAddress', [address, { limit: LISTED, ...(before ? { before } : {}) }], before === null ? { everyMs: REFRESH_MS } : { fixed: true });
  const rows = page.data?.transactions ?? [];
  const next = page.data?.next;
  return (
    <Panel title={before ? t.league.txs : t.league.transactions} source={page} flush className="mt-3" aside={before && t.explorer.beforePlace(count(num(before.transactionIndex)), count(num(before.blockNumber)))}>
      {rows.length === 0 ? (
        <Empty next={t.explorer.noneInvolvingNext}>{t.explorer.noneInvolving}</Empty>
      ) : (
        <Table label={t.league.transactions} head={[t.common.transaction, t.common.block, t.common.age, t.explorer.state, t.league.action, t.common.from, t.common.to, { right: t.common.value }]}>
          {rows.map(({ transaction: of, timestampMs, succeeded }) => (
            <tr key={of.hash}>
              <Cell>
                <TxLink chain={chain} hash={of.hash} />
              </Cell>
              <Cell>
                <BlockLink chain={chain} number={num(of.blockNumber)} />
              </Cell>
              <Cell>
                <Ago even ms={num(timestampMs)} />
              </Cell>
              <Cell>
                <Badge tone={succeeded ? 'good' : 'bad'}>{succeeded ? t.explorer.succeeded : t.explorer.revertedShort}</Badge>
              </Cell>
              <Cell>
                <Text of={summary(chain, of.to, of.input)} most={60} />
              </Cell>
              <Cell>{of.from.toLowerCase() === address.toLowerCase() ? <Badge>{t.explorer.itself}</Badge> : <Address of={of.from} chain={chain} />}</Cell>
              <Cell>{of.to === null ? t.explorer.creation : of.to.toLowerCase() === address.toLowerCase() ? <Badge>{t.explorer.itself}</Badge> : <Address of={of.to} chain={chain} />}</Cell>
              <Cell right>
                <Ether of={big(of.value)} />
              </Cell>
            </tr>
          ))}
        </Table>
      )}
      {(next || before) && (
        <p className="flex gap-4 border-t border-line px-3 py-2">
          {before && <a href={withQuery(route, { txs: '' })}>{t.common.newest}</a>}
          {next && <a href={withQuery(route, { txs: `${num(next.blockNumber)}-${num(next.transactionIndex)}` })}>{t.common.older}</a>}
        </p>
      )}
    </Panel>
  );
}
