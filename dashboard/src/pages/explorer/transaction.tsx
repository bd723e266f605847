import { useState } from 'react';
import { useTransaction } from '../../lib/blocks';
import { decodeCall, decodeError } from '../../lib/decode';
import { big, count, gwei, num, percent } from '../../lib/format';
import { useAsk } from '../../lib/live';
import { sentBy } from '../../lib/messages';
import { useRecognised } from '../../lib/recognised';
import { to } from '../../lib/route';
import { call, type Chain } from '../../lib/rpc';
import { line } from '../../lib/safe';
import type { Hex, Log, Receipt, Trace, Transaction } from '../../lib/types';
import { t } from '../../strings';
import { Badge, Button, Empty, Facts, Nothing, Panel, Problem, Title, Waiting } from '../../ui/basics';
import { Bytes, DecodedView, LogView } from '../../ui/decoded';
import { Scrolls } from '../../ui/scrolls';
import { Address, Ago, BlockLink, Ether, Hash, Text, Time } from '../../ui/values';
import { Crumbs } from '../chains';

/** Logs and frames of a trace that are shown. */
const MAX_LOGS = 100;
const MAX_FRAMES = 200;

function LogItem({ log, chain }: { log: Log; chain: Chain }) {
  return (
    <div className="flex min-w-0 flex-col gap-1 px-3 py-2">
      <p className="flex flex-wrap items-center gap-2 text-xs text-muted">
        {t.explorer.log(count(num(log.logIndex)))} <Address of={log.address} chain={chain} />
      </p>
      <LogView of={log} chain={chain} />
    </div>
  );
}

/** Why it reverted: the call run again on the block before. */
function Revert({ chain, of }: { chain: Chain; of: Transaction }) {
  const why = useAsk<{ words: string; data: Hex | null }>(
    chain,
    ['revert', of.hash],
    async (signal) => {
      try {
        const parent = `0x${(num(of.blockNumber) - 1).toString(16)}`;
        await call(chain, 'eth_call', [{ from: of.from, to: of.to, data: of.input, value: of.value, gas: of.gas }, parent], signal);
        return { words: t.explorer.noLonger, data: null };
      } catch (error) {
        const data = (error as { data?: unknown }).data;
        return { words: (error as Error).message, data: typeof data === 'string' ? (data as Hex) : null };
      }
    },
    { fixed: true },
  );
  if (!why.data) return null;
  const decoded = why.data.data ? decodeError(chain, of.to, why.data.data) : null;
  return (
    <Panel title={t.explorer.reverted} className="mb-3 border-bad">
      {decoded ? <DecodedView of={decoded} chain={chain} /> : <Text of={why.data.words} lines />}
    </Panel>
  );
}

function Frame({ of, chain, left }: { of: Trace; chain: Chain; left: { frames: number } }) {
  if (left.frames <= 0) return null;
  left.frames -= 1;
  const decoded = of.to ? decodeCall(chain, of.to, of.input as Hex) : null;
  return (
    <li>
      <div className="flex flex-wrap items-baseline gap-x-2">
        <Badge tone={of.error ? 'bad' : 'muted'}>{line(of.type, 14)}</Badge>
        {of.to && <Address of={of.to} chain={chain} />}
        <span className="font-medium">{decoded ? <Text of={decoded.name} most={60} /> : of.input.length > 10 ? of.input.slice(0, 10) : ''}</span>
        {big(of.value) > 0n && <Ether of={big(of.value)} digits={6} />}
        <span className="text-xs text-muted">
          {count(num(of.gasUsed))} {t.explorer.gas}
        </span>
        {of.error && <span className="text-bad"><Text of={of.revertReason ?? of.error} most={120} /></span>}
      </div>
      {of.calls && (
        <ul className="ml-2 border-l border-line pl-3">
          {of.calls.map((inner, index) => (
            <Frame key={index} of={inner} chain={chain} left={left} />
          ))}
        </ul>
      )}
    </li>
  );
}

function CallTrace({ chain, hash }: { chain: Chain; hash: string }) {
  const [wanted, setWanted] = useState(false);
  const trace = useAsk<Trace>(chain, ['trace', hash], (signal) => call(chain, 'debug_traceTransaction', [hash, { tracer: 'callTracer' }], signal), { fixed: true, enabled: wanted });
  return (
    <Panel title={t.explorer.trace} className="mt-3" {...(wanted ? { source: trace } : {})}>
      {wanted ? (
        trace.data && (
          <Scrolls label={t.explorer.trace}>
            <ul>
              <Frame of={trace.data} chain={chain} left={{ frames: MAX_FRAMES }} />
            </ul>
          </Scrolls>
        )
      ) : (
        <Button onClick={() => setWanted(true)}>{t.explorer.runTrace}</Button>
      )}
    </Panel>
  );
}

function details(chain: Chain, transaction: Transaction, receipt: Receipt | null, ms: number | null): [string, React.ReactNode][] {
  const rows: [string, React.ReactNode][] = [
    [t.explorer.state, receipt ? <Badge key="s" tone={num(receipt.status) === 1 ? 'good' : 'bad'}>{num(receipt.status) === 1 ? t.explorer.succeeded : t.explorer.revertedShort}</Badge> : <Badge key="s" tone="warn">{t.explorer.pending}</Badge>],
  ];
  if (transaction.blockNumber) rows.push([t.common.block, <span key="b"><BlockLink chain={chain} number={num(transaction.blockNumber)} />, {t.explorer.place(count(num(transaction.transactionIndex)))}</span>]);
  if (ms !== null) rows.push([t.explorer.time, <span key="t"><Time ms={ms} /> (<Ago ms={ms} />)</span>]);
  rows.push([t.common.from, <Address key="f" of={transaction.from} chain={chain} full />]);
  rows.push([t.common.to, transaction.to ? <Address key="to" of={transaction.to} chain={chain} full /> : receipt?.contractAddress ? <span key="to">{t.explorer.created} <Address of={receipt.contractAddress} chain={chain} full /></span> : t.explorer.creation]);
  rows.push([t.common.value, <Ether key="v" of={big(transaction.value)} digits={18} />]);
  if (receipt) {
    rows.push([t.explorer.fee, <span key="fee"><Ether of={big(receipt.gasUsed) * big(receipt.effectiveGasPrice)} digits={9} /> ({count(num(receipt.gasUsed))} {t.explorer.gas}, {percent(num(receipt.gasUsed) / Math.max(1, num(transaction.gas)), 0)} {t.explorer.ofLimit}; {gwei(big(receipt.effectiveGasPrice))})</span>]);
  }
  rows.push([t.explorer.nonce, count(num(transaction.nonce))], [t.common.hashTitle, <Hash key="h" of={transaction.hash} full />]);
  return rows;
}

export function TransactionPage({ chain, hash }: { chain: Chain; hash: string }) {
  const isHash = /^0x[0-9a-fA-F]{64}$/.test(hash);
  const found = useTransaction(chain, isHash ? hash : `0x${'0'.repeat(64)}`);
  const calls = found.data?.transaction;
  useRecognised(chain, [...(calls?.to && calls.input !== '0x' ? [calls.to] : []), ...(found.data?.receipt?.logs ?? []).map(({ address }) => address)]);
  if (!isHash) return <Nothing title={t.common.transaction} next={<a href={to('chains', chain)}>{t.explorer.noHashNext}</a>}>{t.explorer.noHash(line(hash, 80))}</Nothing>;
  if (found.isError) return <Problem error={found.error} />;
  if (found.isPending) return <Waiting />;
  if (!found.data)
    return (
      <>
        <Crumbs chain={chain} more={t.common.transaction} />
        <Nothing title={t.common.transaction} next={t.explorer.transactionNext}>{t.explorer.noTransaction(line(chain, 40))}</Nothing>
      </>
    );
  const { transaction, receipt, block } = found.data;
  const decoded = decodeCall(chain, transaction.to, transaction.input);
  const logs = receipt?.logs ?? [];
  const messages = logs.filter((log) => sentBy(chain, log) !== null).length;
  return (
    <>
      <Crumbs chain={chain} more={t.common.transaction} />
      <Title>{t.common.transaction}</Title>
      {receipt && num(receipt.status) === 0 && <Revert chain={chain} of={transaction} />}
      <Panel title={t.explorer.details} className="mb-3">
        <Facts rows={details(chain, transaction, receipt, block ? num(block.timestampMs) : null)} />
      </Panel>
      {messages > 0 && (
        <p className="mb-3">
          <a href={to('messages', hash)}>{t.explorer.sentMessages(count(messages))}</a>
        </p>
      )}
      {transaction.input !== '0x' && (
        <Panel title={t.explorer.input} className="mb-3">
          {decoded ? <DecodedView of={decoded} chain={chain} /> : <Bytes hex={transaction.input} />}
        </Panel>
      )}
      <Panel title={`${t.explorer.logs} (${count(logs.length)})`} flush>
        {logs.length === 0 ? <Empty>{t.explorer.noLogs}</Empty> : <div className="divide-y divide-line">{logs.slice(0, MAX_LOGS).map((log) => <LogItem key={log.logIndex} log={log} chain={chain} />)}</div>}
        {logs.length > MAX_LOGS && <p className="p-3 text-muted">{t.common.more(count(logs.length - MAX_LOGS))}</p>}
      </Panel>
      {receipt && <CallTrace chain={chain} hash={hash} />}
    </>
  );
}
