// Rows of blocks and of transactions, for every page that lists them.
import type { ReactNode } from 'react';
import type { BlockHead } from '../lib/blocks';
import { decodeCall, summary } from '../lib/decode';
import { big, count, num, percent } from '../lib/format';
import { useOperators } from '../lib/league';
import { useRecognised } from '../lib/recognised';
import { to } from '../lib/route';
import type { Chain } from '../lib/rpc';
import type { Transaction } from '../lib/types';
import { t } from '../strings';
import { Scrolls } from './scrolls';
import { Address, Ago, BlockLink, Chosen, Ether, Hash, Text, TxLink } from './values';

const cell = 'px-3 py-1.5 align-baseline';

/** A title over numbers, which stand on the right. */
interface Right {
  right: ReactNode;
}
const isRight = (title: ReactNode | Right): title is Right => typeof title === 'object' && title !== null && 'right' in title;

export function Table({ head, children, label }: { head: (ReactNode | Right)[]; children: ReactNode; label: string }) {
  return (
    <Scrolls label={label}>
      <table className="w-full border-collapse text-sm">
        <thead>
          <tr className="border-b border-line text-xs text-muted">
            {head.map((title, index) => (
              <th key={index} scope="col" className={`px-3 py-1 whitespace-nowrap ${isRight(title) ? 'text-right' : ''}`}>
                {isRight(title) ? title.right : title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-y divide-line">{children}</tbody>
      </table>
    </Scrolls>
  );
}

export function Cell({ children, right = false, wide = false }: { children: ReactNode; right?: boolean; wide?: boolean }) {
  return <td className={`${cell} ${right ? 'text-right' : ''} ${wide ? 'min-w-60' : 'whitespace-nowrap'}`}>{children}</td>;
}

export function useProposer(): (key: string | undefined, miner: string) => ReactNode {
  const operators = useOperators().data?.operators ?? [];
  return (key, miner) => {
    const found = operators.find((operator) => operator.key.toLowerCase() === key?.toLowerCase());
    return found ? <Chosen of={found.name} /> : <Address of={miner} />;
  };
}

export function BlockRows({ chain, of, label = t.league.blocks }: { chain: Chain; of: BlockHead[]; label?: string }) {
  const proposer = useProposer();
  return (
    <Table label={label} head={[t.common.block, t.common.age, t.league.txs, t.league.gas, t.league.proposer]}>
      {of.map((block) => (
        <tr key={block.hash} className="fresh">
          <Cell>
            <BlockLink chain={chain} number={num(block.number)} />
          </Cell>
          <Cell>
            <Ago even ms={num(block.timestampMs)} />
          </Cell>
          <Cell>{count(block.transactions.length)}</Cell>
          <Cell>{percent(num(block.gasUsed) / Math.max(1, num(block.gasLimit)), num(block.gasUsed) / num(block.gasLimit) < 0.1 ? 2 : 0)}</Cell>
          <Cell>{proposer(block.proposer, block.miner)}</Cell>
        </tr>
      ))}
    </Table>
  );
}

export function TransactionRows({ chain, of, label = t.league.transactions }: { chain: Chain; of: Transaction[]; label?: string }) {
  useRecognised(chain, of.flatMap(({ to: into, input }) => (into !== null && input !== '0x' && !decodeCall(chain, into, input) ? [into] : [])));
  return (
    <Table label={label} head={[t.common.transaction, t.common.block, t.league.action, t.common.from, t.common.to, { right: t.common.value }]}>
      {of.map((transaction) => (
        <tr key={transaction.hash} className="fresh">
          <Cell>
            <TxLink chain={chain} hash={transaction.hash} />
          </Cell>
          <Cell>{transaction.blockNumber ? <BlockLink chain={chain} number={num(transaction.blockNumber)} /> : '–'}</Cell>
          <Cell>
            <Text of={summary(chain, transaction.to, transaction.input)} most={60} />
          </Cell>
          <Cell>
            <Address of={transaction.from} chain={chain} />
          </Cell>
          <Cell>{transaction.to ? <Address of={transaction.to} chain={chain} /> : '–'}</Cell>
          <Cell right>
            <Ether of={big(transaction.value)} />
          </Cell>
        </tr>
      ))}
    </Table>
  );
}

export const HashLink = ({ chain, hash }: { chain: Chain; hash: string }) => <Hash of={hash} href={to('chains', chain, 'block', hash)} />;
