import type { ReactNode } from 'react';
import { contradiction, decodeEvidence, evidenceIn, evidenceWithin, FAULTS, MalformedEvidence, type Vote } from '../../lib/evidence';
import { bps, big, count, num } from '../../lib/format';
import { useOperators, useStatus, useZones } from '../../lib/league';
import { explain } from '../../lib/errors';
import { useAsk, views } from '../../lib/live';
import { STAKING, ZONES } from '../../lib/modules';
import type { Seat } from '../../lib/performance';
import { to } from '../../lib/route';
import { all, call, type Chain, HUB, RpcError } from '../../lib/rpc';
import { line, quoted, safe } from '../../lib/safe';
import { scan } from '../../lib/scan';
import type { Header, Hex, Slash, Trace, Transaction } from '../../lib/types';
import { t } from '../../strings';
import { Badge, Empty, Facts, Nothing, Panel, Problem, Title, Waiting } from '../../ui/basics';
import { Cell, Table } from '../../ui/tables';
import { Address, BlockLink, Chosen, Ether, Hash, Text, TxLink } from '../../ui/values';
import { Appeal } from './appeal';
import { SLASH_RAISED } from './history';

export function SlashBadge({ of }: { of: Slash }) {
  return <Badge tone={of.state === 'settled' ? 'bad' : of.state === 'pending' ? 'warn' : 'muted'}>{of.state}</Badge>;
}

/** The transaction that brought the evidence, and the two votes in it, or why they cannot be shown and what to do. */
interface Brought {
  hash: Hex;
  votes: [Vote, Vote] | null;
  why: { what: string; next: string } | null;
}

/** What a transaction gave to staking: by its own call, or by one inside of it, for which the node runs it again. */
async function given(transaction: Transaction, slashId: number, signal: AbortSignal): Promise<{ kind: number; evidence: Hex } | Brought['why']> {
  const byItself = evidenceIn(transaction.to, transaction.input);
  if (byItself) return byItself;
  try {
    const trace = await call<Trace>(HUB, 'debug_traceTransaction', [transaction.hash, { tracer: 'callTracer' }], signal);
    return evidenceWithin(trace, slashId) ?? { what: `${t.slash.byContract} ${t.slash.notInside}`, next: t.slash.byContractNext };
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    const { what, next } = explain(error);
    return { what: `${t.slash.byContract} ${t.slash.untraced(what)}`, next: `${next} ${t.slash.byContractNext}` };
  }
}

async function brought(id: number, oldest: number, signal: AbortSignal): Promise<Brought | null> {
  const topic: Hex = `0x${id.toString(16).padStart(64, '0')}`;
  const [log] = (await scan(HUB, { address: STAKING.to, topics: [SLASH_RAISED, topic] }, 1, null, oldest, signal)).logs;
  const hash = log?.transactionHash;
  const transaction = hash && (await call<Transaction | null>(HUB, 'eth_getTransactionByHash', [hash], signal));
  if (!transaction) return null;
  const found = await given(transaction, id, signal);
  if (!found || 'what' in found) return { hash, votes: null, why: found };
  try {
    return { hash, votes: decodeEvidence(found.kind, found.evidence), why: null };
  } catch (error) {
    if (!(error instanceof MalformedEvidence)) throw error;
    return { hash, votes: null, why: { what: t.slash.malformed(error.message), next: t.slash.malformedNext } };
  }
}

/** What became of the block that a vote names, on the chain of the fault. */
function Became({ of, chain, block, failed }: { of: Vote; chain: Chain | null; block: Header | null | undefined; failed: boolean }) {
  if (of.block === null || failed) return <>–</>;
  if (chain === null) return <span className="text-muted">{t.slash.becameUnknown}</span>;
  if (block === undefined) return <>{t.common.loading}</>;
  if (block === null) return <span className="text-muted">{t.slash.becameNothing}</span>;
  return (
    <>
      {t.slash.becameBlock} <BlockLink chain={chain} number={num(block.number)} />
    </>
  );
}

function Votes({ of, slash, chain }: { of: [Vote, Vote]; slash: Slash; chain: Chain | null }) {
  const [one] = of;
  // By its place in the committee of the fault: keys change, and staking keeps the committees of every epoch.
  const committee = slash.zoneId === 0 ? { ...STAKING, name: 'committeeOf', args: [one.epoch] } : { ...ZONES, name: 'committeeOf', args: [BigInt(slash.zoneId), BigInt(slash.epoch)] };
  const seats = useAsk<readonly Seat[]>(HUB, ['seats-of', slash.id], async (signal) => {
    const [answer] = await views(HUB, [committee], signal);
    return Array.isArray(answer) ? (answer[1] as Seat[]) : [];
  }, { fixed: true });
  const blocks = useAsk<(Header | null)[]>(chain ?? HUB, ['blocks-of', slash.id], (signal) => all(chain ?? HUB, of.map(({ block }) => ['eth_getBlockByHash', [block ?? `0x${'0'.repeat(64)}`, false]]), signal), { enabled: chain !== null });
  const seat = seats.data?.[one.signer];
  const row = (name: string, value: (vote: Vote, index: number) => ReactNode, differs = false) => (
    <tr key={name} className={differs ? 'bg-bad-soft' : ''}>
      <Cell>
        <span className={differs ? 'text-ink' : 'text-muted'}>{name}</span> {differs && <Badge tone="bad">{t.slash.differs}</Badge>}
      </Cell>
      {of.map((vote, index) => (
        <Cell key={index}>{value(vote, index)}</Cell>
      ))}
    </tr>
  );
  const [, other] = of;
  const says = contradiction(of);
  return (
    <>
      <p className="max-w-[90ch] p-3">{t.slash.why[says](quoted(slash.name, 40), count(one.view), count(one.epoch))}</p>
      <Table label={t.slash.votes} head={['', t.slash.vote('1'), t.slash.vote('2')]}>
        {row(t.slash.kind, ({ kind }) => <>{t.slash.kinds[kind]} <span className="block text-xs text-muted">{t.slash.means[kind]}</span></>, one.kind !== other.kind)}
        {row(t.slash.epoch, ({ epoch }) => count(epoch))}
        {row(t.slash.view, ({ view }) => count(view))}
        {row(t.slash.parent, ({ parent }) => (parent === null ? '–' : count(parent)), one.parent !== null && one.parent !== other.parent)}
        {row(t.slash.block, ({ block }) => (block === null ? <span className="text-muted">{t.slash.noBlock}</span> : <Hash of={block} what={t.common.hash} />), one.block !== null && one.block !== other.block)}
        {row(t.slash.became, (vote, index) => <Became of={vote} chain={chain} block={blocks.data?.[index]} failed={blocks.isError} />)}
        {row(t.slash.signer, ({ signer }) => (
          <>
            <Chosen of={slash.name} /> <span className="text-muted">{t.slash.seat(count(signer + 1))}</span>
          </>
        ))}
        {row(t.slash.key, () => (seat ? <Hash of={seat.key} what={t.stake.key} /> : seats.isPending ? t.common.loading : '–'))}
        {row(t.slash.signature, ({ signature }) => <Hash of={signature} what={t.slash.signature} />)}
      </Table>
    </>
  );
}

function Evidence({ slash, chain }: { slash: Slash; chain: Chain | null }) {
  const oldest = useStatus().data?.oldestBlock;
  const evidence = useAsk<Brought | null>(HUB, ['evidence-of', slash.id], (signal) => brought(slash.id, num(oldest), signal), { fixed: true, enabled: oldest !== undefined });
  const of = evidence.data;
  const link = of && <TxLink chain={HUB} hash={of.hash} />;
  return (
    <Panel title={t.slash.votes} aside={of?.votes ? t.slash.votesFrom : undefined} source={evidence} className="mb-3" flush>
      {!of ? (
        <Empty next={t.slash.noEvidenceNext}>{t.slash.noEvidence}</Empty>
      ) : of.votes ? (
        <Votes of={of.votes} slash={slash} chain={chain} />
      ) : (
        <Empty next={<>{of.why?.next} {link}</>}>
          <span className="untrusted">{safe(of.why?.what, 600)}</span>
        </Empty>
      )}
      {of && (
        <p className="border-t border-line px-3 py-2 text-sm text-muted">
          {t.stake.evidence}: {link}
        </p>
      )}
    </Panel>
  );
}

export function SlashPage({ id }: { id: string }) {
  const valid = /^[1-9]\d{0,14}$/.test(id);
  const found = useAsk<Slash | null>(HUB, ['slash', id], async (signal) => (await call<{ slashes: Slash[] }>(HUB, 'hansa_slashes', [Number(id) - 1, 1], signal)).slashes[0] ?? null, { enabled: valid });
  const zones = useZones().data;
  const operator = (useOperators().data?.operators ?? []).find((of) => of.id === found.data?.operatorId);
  const none = <Nothing title={t.stake.slashes} next={<a href={to('stake')}>{t.slash.noneNext}</a>}>{t.slash.noneWithId(line(id, 40))}</Nothing>;
  if (!valid) return none;
  if (found.isError) return <Problem error={found.error} />;
  if (found.isPending) return <Waiting />;
  const slash = found.data;
  if (!slash) return none;
  const zone = zones?.find((of) => of.id === slash.zoneId);
  const chain: Chain | null = slash.zoneId === 0 ? HUB : zone?.path ? zone.name : null;
  const rows: [string, ReactNode][] = [
    [t.stake.operator, <Chosen key="o" of={slash.name} />],
    [t.slash.owner, operator ? <Address key="w" of={operator.owner} /> : '–'],
    [t.stake.fault, FAULTS[slash.kind] ?? slash.kind],
    [t.common.chain, slash.zoneId === 0 ? <a key="c" href={to('chains', HUB)}>{HUB}</a> : zone ? <a key="c" href={to('chains', zone.name)}><Text of={zone.name} most={32} /></a> : `#${slash.zoneId}`],
    [t.stake.epoch, t.stake.epochView(count(slash.epoch), count(slash.view))],
    [t.stake.part, bps(slash.bps)],
    [t.stake.amount, <Ether key="a" of={big(slash.amount)} digits={6} />],
    [t.stake.finder, <Address key="f" of={slash.finder} />],
    [t.stake.settles, t.stake.epochOf(count(slash.settlesAt))],
  ];
  if (slash.appellant) {
    rows.push([t.slash.appellant, <Address key="p" of={slash.appellant} />]);
    rows.push([t.slash.bond, <Ether key="b" of={big(slash.bond)} />]);
  }
  return (
    <>
      <nav aria-label={t.chains.path} className="mb-1 text-xs text-muted">
        <a href={to('stake')}>{t.nav.stake}</a> / {t.slash.title(id)}
      </nav>
      <Title>
        {t.slash.title(id)} <SlashBadge of={slash} />
      </Title>
      <div className="mb-3 grid items-start gap-3 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <Panel title={t.explorer.details} source={found}>
          <Facts rows={rows} />
        </Panel>
        <Appeal slash={slash} owner={operator?.owner} />
      </div>
      <Evidence slash={slash} chain={chain} />
    </>
  );
}
