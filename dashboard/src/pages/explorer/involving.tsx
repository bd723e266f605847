import { useState } from 'react';
import { summary } from '../../lib/decode';
import { big, num } from '../../lib/format';
import { useRpc } from '../../lib/live';
import type { Chain } from '../../lib/rpc';
import type { Hex, Transaction } from '../../lib/types';
import { t } from '../../strings';
import { Badge, Button, Empty, Panel } from '../../ui/basics';
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

/** The node looks through all that it has of an address. */
const REFRESH_MS = 5_000;

/** Every final transaction that an address signed, that calls it, or that created it; the node's index has them. */
export function Involving({ chain, address }: { chain: Chain; address: Hex }) {
  // Where each page that was opened begins; the first follows the chain.
  const [begins, setBegins] = useState<(Place | null)[]>([null]);
  const before = begins.at(-1) ?? null;
  const page = useRpc<Page>(chain, 'hansa_getTransactionsByAddress', [address, { limit: LISTED, ...(before ? { before } : {}) }], before === null ? { everyMs: REFRESH_MS } : { fixed: true });
  const rows = page.data?.transactions ?? [];
  const next = page.data?.next;
  return (
    <Panel title={t.league.transactions} source={page} flush className="mt-3" aside={begins.length > 1 && t.explorer.pageOf(String(begins.length))}>
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
                <Ago ms={num(timestampMs)} />
              </Cell>
              <Cell>
                <Badge tone={succeeded ? 'good' : 'bad'}>{succeeded ? t.explorer.succeeded : t.explorer.revertedShort}</Badge>
              </Cell>
              <Cell>
                <Text of={summary(of.to, of.input)} most={60} />
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
      {(next || begins.length > 1) && (
        <div className="flex gap-2 border-t border-line p-2">
          <Button onClick={() => setBegins(begins.slice(0, -1))} disabled={begins.length === 1}>
            {t.common.newer}
          </Button>
          <Button onClick={() => next && setBegins([...begins, next])} disabled={!next}>
            {t.common.older}
          </Button>
        </div>
      )}
    </Panel>
  );
}
