import { useState } from 'react';
import { encodeFunctionData } from 'viem/utils';
import { Memory } from '../lib/blocks';
import { compose, type Composed, MAX_DATA_BYTES, way } from '../lib/compose';
import { decodeCall } from '../lib/decode';
import { bytes, count, num } from '../lib/format';
import { useStatus, useZones } from '../lib/league';
import { useAsk } from '../lib/live';
import { MESSAGES, ZONES } from '../lib/modules';
import { type Action, delivery, newest, ofTransaction, progress, type Progress, proofOf, type Proof, type Sent, type Step } from '../lib/messages';
import { go, setQuery, to, useRoute, whole, withQuery } from '../lib/route';
import { call, type Chain, HUB } from '../lib/rpc';
import { line } from '../lib/safe';
import { useStreams } from '../lib/stream';
import type { Hex, Status, Zone } from '../lib/types';
import { useWallet } from '../lib/wallet';
import { t } from '../strings';
import { Badge, Copy, Empty, Facts, Failed, field, Labelled, Panel, Problem, Title, type Tone, Waiting } from '../ui/basics';
import { Cell, Table } from '../ui/tables';
import { Address, Ago, BlockLink, Ether, Hash, Time, TxLink } from '../ui/values';
import { Bytes, DecodedView } from '../ui/decoded';
import { Submit } from '../wallet/submit';

/** Messages of each chain that are listed. */
const LISTED = 20;
/** Times that older ones are added. */
const MAX_PAGES = 50;
const TONES: Record<Progress['state'], Tone> = { 'on its way': 'warn', arrived: 'good', waits: 'warn', held: 'warn', kept: 'warn', returned: 'bad', taken: 'good' };

type State = Progress['state'];
/** What a message goes by leaves logs, but that a zone took it: while one is on its way, blocks tell. */
const ON_MESSAGES = [MESSAGES.to, ZONES.to];
const FILTERS: Record<'waiting' | 'failed', State[]> = { waiting: ['on its way', 'waits', 'held', 'kept'], failed: ['returned'] };
/** States that a message keeps. */
const LAST: State[] = ['arrived', 'returned'];
const ended = new Memory<State>();

interface World {
  status: Status;
  zones: Zone[];
}

const idOf = ({ status, zones }: World, chain: Chain): bigint => BigInt(chain === HUB ? status.chainId : (zones.find(({ name }) => name === chain)?.chainId ?? 0));
const nameOf = ({ status, zones }: World, id: bigint): string => (id === BigInt(status.chainId) ? HUB : (zones.find(({ chainId }) => BigInt(chainId) === id)?.name ?? String(id)));
const running = ({ zones }: World): Chain[] => [HUB, ...zones.filter(({ path }) => path !== null).map(({ name }) => name)];

const progressOf = (of: Sent, { status, zones }: World, signal: AbortSignal, whole: boolean): Promise<Progress> => progress(of, { hubId: BigInt(status.chainId), oldest: num(status.oldestBlock), zones }, signal, whole);

/** How far each message is, by its id; null where that is not known. */
const useStates = (all: Sent[] | undefined, world: World) =>
  useAsk<Record<Hex, State | null>>(
    HUB,
    ['states', (all ?? []).map(({ id }) => id)],
    async (signal) => {
      const states = (all ?? []).map(async (of): Promise<[Hex, State | null]> => {
        const known = ended.get(of.id);
        if (known) return [of.id, known];
        const found = await progressOf(of, world, signal, false).catch(() => null);
        if (found && LAST.includes(found.state)) ended.set(of.id, found.state);
        return [of.id, found?.state ?? null];
      });
      return Object.fromEntries(await Promise.all(states));
    },
    { enabled: all !== undefined, keep: true, on: ON_MESSAGES, alsoOn: running(world), unsettled: (states) => Object.values(states ?? {}).some((state) => state === null || state === 'on its way') },
  );

/** What the message will do there, by what is known of its receiver. */
function Hints({ message, from, into }: { message: Composed; from: Chain; into: Chain }) {
  const code = useAsk<Hex>(into, ['code', message.to], (signal) => call(into, 'eth_getCode', [message.to, 'latest'], signal), { on: [] });
  const isContract = (code.data ?? '0x').length > 2;
  const decoded = message.data === '0x' ? null : decodeCall(into, message.to, message.data);
  return (
    <div className="flex flex-col gap-2">
      {message.data !== '0x' && (
        <div className="min-w-0">
          <p className="text-xs text-muted">{t.messages.dataReads(count((message.data.length - 2) / 2))}</p>
          {decoded ? <DecodedView of={decoded} chain={into} /> : <Bytes hex={message.data} />}
        </div>
      )}
      <ul className="list-disc pl-5 text-sm text-muted">
        {message.data === '0x' ? <li>{t.messages.hintEther(from === HUB || into === HUB)}</li> : <li>{isContract ? t.messages.hintTakes : t.messages.hintAccount}</li>}
        {message.data !== '0x' && !decoded && <li>{t.messages.hintAbi} <a href={to('chains', into, 'address', message.to)}>{t.explorer.abi}</a></li>}
        {message.data === '0x' && isContract && <li>{t.messages.hintContract}</li>}
        {message.fee > 0n && <li>{t.messages.hintFee}</li>}
      </ul>
    </div>
  );
}

function Bridge({ world }: { world: World }) {
  const { address } = useWallet();
  const chains = running(world);
  const { query } = useRoute();
  const [from = HUB, into = chains.find((name) => name !== from) ?? HUB] = way(query.get('from'), query.get('to'), chains);
  const [receiver, setReceiver] = useState('');
  const [amount, setAmount] = useState('');
  const [data, setData] = useState('');
  const [dataIsText, setDataIsText] = useState(false);
  const [fee, setFee] = useState('');
  const [gas, setGas] = useState('');
  const composing = compose({ to: receiver.trim() || address || '', amount, data, dataIsText, fee, gas }, from === HUB);
  const message = 'message' in composing ? composing.message : null;
  const wrong = 'wrong' in composing && composing.wrong ? t.messages.wrong[composing.wrong] : null;
  const intent = message
    ? { chain: from, to: MESSAGES.to, value: message.value + message.fee, data: encodeFunctionData({ abi: MESSAGES.abi, functionName: 'send', args: [idOf(world, into), message.to, message.fee, message.data] }), ...(message.gas ? { gas: message.gas } : {}) }
    : null;
  // Both ways round: a chain sends nothing to itself.
  const choose = (source: Chain, target: Chain): void => setQuery({ from: source, to: target });
  const select = (label: string, at: Chain, change: (chain: Chain) => void) => (
    <Labelled label={label}>
      <select value={at} onChange={(event) => change(event.target.value)} className={field}>
        {chains.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </Labelled>
  );
  return (
    <Panel title={t.messages.bridge} className="mb-3">
      {chains.length < 2 ? (
        <Empty next={t.chains.noZonesNext}>{t.chains.noZones}</Empty>
      ) : (
        <div className="flex flex-col gap-3">
          <div className="flex flex-wrap items-end gap-3">
            {select(t.common.from, from, (chain) => choose(chain, chain === into ? from : into))}
            {select(t.common.to, into, (chain) => choose(chain === from ? into : from, chain))}
            <Labelled label={t.messages.amount}>
              <input value={amount} onChange={(event) => setAmount(event.target.value)} inputMode="decimal" placeholder="1.5" maxLength={32} className={`${field} w-28`} />
            </Labelled>
            <Labelled label={t.messages.receiver} wide>
              <input value={receiver} onChange={(event) => setReceiver(event.target.value)} placeholder={address ?? '0x…'} maxLength={42} className={`${field} font-mono`} />
            </Labelled>
          </div>
          <details>
            <summary className="cursor-pointer text-sm text-muted">{t.messages.more}</summary>
            <div className="mt-2 flex flex-col gap-3">
              <Labelled label={dataIsText ? t.messages.dataText : t.messages.dataHex}>
                <textarea value={data} onChange={(event) => setData(event.target.value)} rows={3} maxLength={2 * MAX_DATA_BYTES + 2} placeholder={dataIsText ? '' : '0x…'} className={`${field} font-mono text-xs`} />
              </Labelled>
              <div className="flex flex-wrap items-end gap-3">
                <label className="flex items-center gap-1.5 py-1 text-sm">
                  <input type="checkbox" checked={dataIsText} onChange={() => setDataIsText(!dataIsText)} /> {t.messages.asText}
                </label>
                {from !== HUB && (
                  <Labelled label={t.messages.feeFor}>
                    <input value={fee} onChange={(event) => setFee(event.target.value)} inputMode="decimal" placeholder="0" maxLength={32} className={`${field} w-28`} />
                  </Labelled>
                )}
                <Labelled label={t.messages.gasLimit}>
                  <input value={gas} onChange={(event) => setGas(event.target.value)} inputMode="numeric" placeholder={t.messages.estimated} maxLength={12} className={`${field} w-36`} />
                </Labelled>
              </div>
            </div>
          </details>
          {wrong && <p role="alert" className="text-sm text-bad">{wrong}</p>}
          <Submit
            key={JSON.stringify([from, into, composing], (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part))}
            intent={intent}
            label={t.messages.look}
            says={
              message && (
                <>
                  <p className="mb-2">
                    {message.value > 0n ? <Ether of={message.value} digits={6} /> : t.messages.aMessage} {t.messages.leaves(from, into)} <Address of={message.to} link={false} />
                    {message.fee > 0n && (
                      <>
                        {' '}
                        {t.messages.withFee} <Ether of={message.fee} digits={6} />
                      </>
                    )}
                  </p>
                  <Hints message={message} from={from} into={into} />
                </>
              )
            }
            onDone={(receipt) => go(to('messages', receipt.transactionHash))}
          />
        </div>
      )}
    </Panel>
  );
}

function StepLine({ of }: { of: Step }) {
  const [mark, tone] = { done: ['✓', 'text-good'], now: ['…', 'text-warn'], later: ['·', 'text-muted'], bad: ['✗', 'text-bad'] }[of.state] as [string, string];
  return (
    <li className="grid grid-cols-[1rem_minmax(0,1fr)] items-baseline gap-x-2">
      <span aria-hidden="true" className={`text-center font-semibold ${tone}`}>
        {mark}
      </span>
      <div className="flex flex-wrap items-baseline gap-x-2">
      <span className={of.state === 'later' ? 'text-muted' : ''}>
        {of.says} <span className="sr-only">({t.messages.states[of.state]})</span>
      </span>
      {of.chain && of.block !== undefined && (
        <span className="text-muted">
          {of.chain}, {t.common.block.toLowerCase()} <BlockLink chain={of.chain} number={of.block} />
          {of.timeMs !== undefined && (
            <>
              {', '}
              <Time ms={of.timeMs} />
            </>
          )}
        </span>
      )}
      {of.chain && of.transaction && <TxLink chain={of.chain} hash={of.transaction} />}
      {of.goesOn && <a href={to('messages', of.goesOn)}>{t.messages.steps.followBack}</a>}
      </div>
    </li>
  );
}

function Act({ message, action, chain, says }: { message: Sent['message']; action: Action; chain: Chain; says: string }) {
  const intent = action === 'deliver' ? { chain, to: message.to, data: delivery(message) } : { chain, to: MESSAGES.to, data: encodeFunctionData({ abi: MESSAGES.abi, functionName: action, args: [message] }) };
  return <Submit intent={intent} label={t.messages.actions[action]} says={says} />;
}

function Content({ of, into }: { of: Sent['message']; into: Chain }) {
  const decoded = decodeCall(into, of.to, of.data);
  return decoded ? <DecodedView of={decoded} chain={into} /> : <Bytes hex={of.data} />;
}

/** By what the hub knows that a zone sent it. */
function Proved({ of, zone }: { of: Sent; zone: Zone }) {
  const { data: proof, error } = useAsk<Proof | null>(HUB, ['proof', of.id], (signal) => proofOf(of, zone, signal), { on: ON_MESSAGES });
  if (error) return <Problem error={error} />;
  if (!proof) return null;
  const { checkpoint, siblings, taken } = proof;
  const whole = siblings ? `0x${siblings.map((sibling) => sibling.slice(2)).join('')}` : null;
  return (
    <details className="mt-3">
      <summary className="cursor-pointer text-sm text-muted">{taken ? t.messages.proof.was : t.messages.proof.canBe}</summary>
      <div className="mt-2">
        <Facts
          rows={[
            [t.messages.proof.block, <span key="b">{zone.path === null ? count(checkpoint.number) : <BlockLink chain={zone.name} number={Number(checkpoint.number)} />} <Hash of={checkpoint.blockHash} /></span>],
            [t.messages.proof.recorded, <BlockLink key="r" chain={HUB} number={Number(checkpoint.recordedAt)} />],
            [t.messages.proof.root, <Hash key="h" of={checkpoint.outboxRoot} full what={t.messages.proof.root} />],
            [t.messages.proof.entries, t.messages.proof.entry(count(of.message.nonce + 1n), count(checkpoint.outboxCount))],
            [t.messages.proof.siblings, siblings && whole ? <span key="s">{t.messages.proof.size(count(siblings.length), bytes((whole.length - 2) / 2))} <Copy text={whole} what={t.messages.proof.siblings.toLowerCase()} /></span> : t.messages.proof.notHere],
          ]}
        />
        {siblings && (
          <ol className="mt-2 max-h-64 overflow-auto rounded border border-line p-2 font-mono text-xs break-all" tabIndex={0} aria-label={t.messages.proof.siblings}>
            {siblings.map((sibling, index) => (
              <li key={index}>{sibling}</li>
            ))}
          </ol>
        )}
      </div>
    </details>
  );
}

function Follow({ of, world }: { of: Sent; world: World }) {
  const into = nameOf(world, of.message.destination);
  const state = useAsk<Progress>(HUB, ['progress', of.id], (signal) => progressOf(of, world, signal, true), { on: ON_MESSAGES, alsoOn: [of.chain, into], unsettled: (progress) => progress?.state === 'on its way' });
  const source = world.zones.find(({ name }) => name === of.chain);
  const kept = state.data?.standsFor;
  return (
    <Panel
      title={
        <span className="flex flex-wrap items-center gap-2">
          {t.messages.one(of.chain, line(into, 40))} {state.data && <Badge tone={TONES[state.data.state]}>{t.messages.whole[state.data.state]}</Badge>}
        </span>
      }
      source={state}
      className="mb-3"
      aside={<Hash of={of.id} />}
    >
      <p className="mb-2 flex flex-wrap gap-x-3">
        <Ether of={of.message.value} digits={6} />
        <span>
          {t.common.from.toLowerCase()} <Address of={of.message.sender} chain={of.chain} />
        </span>
        <span>
          {t.common.to.toLowerCase()} <Address of={of.message.to} chain={into} />
        </span>
        {of.message.fee > 0n && (
          <span>
            {t.messages.fee} <Ether of={of.message.fee} digits={6} />
          </span>
        )}
        {of.message.reward > 0n && (
          <span>
            {t.messages.reward} <Ether of={of.message.reward} digits={6} />
          </span>
        )}
      </p>
      {of.message.data !== '0x' && <Content of={of.message} into={into} />}
      <ol className="mt-2 flex flex-col gap-1">{state.data?.steps.map((step, index) => <StepLine key={index} of={step} />)}</ol>
      {source && <Proved of={of} zone={source} />}
      {state.data && state.data.actions.length > 0 && (
        <div className="mt-3 flex flex-col gap-2">
          {state.data.actions.map((action) => (
            <Act key={action} message={kept ?? of.message} action={action} chain={action === 'release' && !kept ? HUB : into} says={kept ? t.messages.releaseSays : t.messages.actionSays[action]} />
          ))}
        </div>
      )}
    </Panel>
  );
}

function One({ hash, world }: { hash: string; world: World }) {
  const chains = running(world);
  const found = useAsk<Sent[]>(HUB, ['sent-by', hash, chains], (signal) => ofTransaction(chains, hash as Hex, signal), { unsettled: (sent) => !sent || sent.length === 0 });
  if (found.isPending) return <Waiting />;
  if (found.isError && !found.data) return <Problem error={found.error} />;
  return (
    <>
      <p className="mb-2 text-sm">
        <a href={to('messages')}>← {t.messages.all}</a>
      </p>
      {found.data.length === 0 ? <Empty next={t.messages.noneOfNext}>{t.messages.noneOf}</Empty> : found.data.map((sent) => <Follow key={sent.id} of={sent} world={world} />)}
    </>
  );
}

function Row({ of, state, world }: { of: Sent; state: State | null; world: World }) {
  const into = nameOf(world, of.message.destination);
  return (
    <tr>
      <Cell>
        <a href={to('messages', of.transaction)} aria-label={t.messages.follow(of.id.slice(0, 10))}>
          {of.id.slice(0, 10)}…
        </a>
      </Cell>
      <Cell>{state ? <Badge tone={TONES[state]}>{t.messages.whole[state]}</Badge> : '…'}</Cell>
      <Cell>
        {of.chain} → {line(into, 40)}
      </Cell>
      <Cell right>
        <Ether of={of.message.value} digits={4} />
      </Cell>
      <Cell>
        <Address of={of.message.sender} chain={of.chain} />
      </Cell>
      <Cell>
        <Address of={of.message.to} chain={into} />
      </Cell>
      <Cell>{of.message.data === '0x' ? t.messages.etherOnly : t.messages.withData(count((of.message.data.length - 2) / 2))}</Cell>
      <Cell>{of.timeMs !== null ? <Ago even ms={of.timeMs} /> : <BlockLink chain={of.chain} number={of.block} />}</Cell>
    </tr>
  );
}

function List({ world }: { world: World }) {
  const chains = running(world);
  const route = useRoute();
  const { query } = route;
  const pages = whole(query.get('pages'), MAX_PAGES) ?? 1;
  const filter = query.get('show') === 'waiting' || query.get('show') === 'failed' ? (query.get('show') as keyof typeof FILTERS) : null;
  const most = LISTED * pages;
  const sent = useAsk<{ all: Sent[]; more: boolean }>(
    HUB,
    ['sent', chains, most],
    async (signal) => {
      const all = await Promise.all(chains.map((chain) => newest(chain, chain === HUB ? num(world.status.oldestBlock) : 0, most, signal)));
      return { all: all.flat().sort((a, b) => (b.timeMs ?? 0) - (a.timeMs ?? 0)), more: all.some(({ length }) => length >= most) };
    },
    { keep: true, on: [MESSAGES.to], alsoOn: chains },
  );
  const all = sent.data?.all ?? [];
  const states = useStates(sent.data?.all, world).data;
  const rows = all.map((of) => ({ of, state: states?.[of.id] ?? ended.get(of.id) ?? null })).filter(({ state }) => !filter || (state !== null && FILTERS[filter].includes(state)));
  const choose = (
    <label className="flex items-center gap-2">
      {t.messages.show}
      <select value={filter ?? ''} onChange={(event) => setQuery({ show: event.target.value })} className={field}>
        <option value="">{t.common.all}</option>
        <option value="waiting">{t.messages.waiting}</option>
        <option value="failed">{t.messages.failed}</option>
      </select>
    </label>
  );
  return (
    <Panel title={t.messages.newest} source={sent} aside={choose} flush>
      {all.length === 0 ? (
        <Empty next={t.messages.noneNext}>{t.messages.none}</Empty>
      ) : rows.length === 0 ? (
        filter && !states ? <Waiting /> : <Empty>{t.messages.noneSuch(count(all.length))}</Empty>
      ) : (
        <Table label={t.messages.newest} head={[t.messages.message, t.explorer.state, t.messages.way, { right: t.common.value }, t.common.from, t.common.to, t.messages.content, t.common.age]}>
          {rows.map(({ of, state }) => (
            <Row key={of.id} of={of} state={state} world={world} />
          ))}
        </Table>
      )}
      {sent.data?.more && (
        <p className="border-t border-line px-3 py-2">
          {sent.isPlaceholderData ? t.common.loading : pages < MAX_PAGES ? <a href={withQuery(route, { pages: pages + 1 })}>{t.messages.older}</a> : t.messages.most(count(most))}
        </p>
      )}
    </Panel>
  );
}

export default function MessagesPage({ parts }: { parts: string[] }) {
  const status = useStatus();
  const zones = useZones();
  const [hash] = parts;
  if (!status.data || !zones.data) return status.isError || zones.isError ? <Failed title={t.nav.messages} error={status.error ?? zones.error} /> : <Waiting />;
  return <Messages hash={hash} world={{ status: status.data, zones: zones.data }} />;
}

function Messages({ hash, world }: { hash: string | undefined; world: World }) {
  useStreams(running(world));
  const isHash = hash !== undefined && /^0x[0-9a-fA-F]{64}$/.test(hash);
  return (
    <>
      <Title>{t.nav.messages}</Title>
      {hash !== undefined && !isHash ? (
        <Empty next={<a href={to('messages')}>{t.messages.noHashNext}</a>}>{t.messages.noHash(line(hash, 80))}</Empty>
      ) : isHash ? (
        <One key={hash} hash={hash} world={world} />
      ) : (
        <>
          <p className="mb-3 max-w-[80ch] text-muted">{t.messages.what}</p>
          <Bridge world={world} />
          <List world={world} />
        </>
      )}
    </>
  );
}
