import { useState } from 'react';
import { encodeFunctionData } from 'viem/utils';
import { count, num, parseEther } from '../lib/format';
import { useStatus, useZones } from '../lib/league';
import { useAsk } from '../lib/live';
import { MESSAGES } from '../lib/modules';
import { type Action, newest, ofTransaction, progress, type Progress, type Sent, type Step } from '../lib/messages';
import { go, to } from '../lib/route';
import { type Chain, HUB } from '../lib/rpc';
import { line } from '../lib/safe';
import type { Hex, Status, Zone } from '../lib/types';
import { useWallet } from '../lib/wallet';
import { t } from '../strings';
import { Badge, Empty, field, Panel, Problem, Title, type Tone, Waiting } from '../ui/basics';
import { Cell, Table } from '../ui/tables';
import { Address, Ago, BlockLink, Ether, Hash, TxLink } from '../ui/values';
import { Bytes } from '../ui/decoded';
import { Submit } from '../wallet/submit';

/** Messages of each chain that are listed. */
const LISTED = 20;
const TONES: Record<Progress['state'], Tone> = { 'on its way': 'warn', arrived: 'good', waits: 'warn', held: 'warn', returned: 'bad', taken: 'good' };

interface World {
  status: Status;
  zones: Zone[];
}

const idOf = ({ status, zones }: World, chain: Chain): bigint => BigInt(chain === HUB ? status.chainId : (zones.find(({ name }) => name === chain)?.chainId ?? 0));
const nameOf = ({ status, zones }: World, id: bigint): string => (id === BigInt(status.chainId) ? HUB : (zones.find(({ chainId }) => BigInt(chainId) === id)?.name ?? String(id)));
const running = ({ zones }: World): Chain[] => [HUB, ...zones.filter(({ path }) => path !== null).map(({ name }) => name)];

const useProgress = (of: Sent, world: World) => useAsk<Progress>(HUB, ['progress', of.id], (signal) => progress(of, { hubId: BigInt(world.status.chainId), zones: world.zones }, signal));

function Bridge({ world }: { world: World }) {
  const { address } = useWallet();
  const chains = running(world);
  const [from, setFrom] = useState<Chain>(HUB);
  const [into, setInto] = useState<Chain>(chains[1] ?? HUB);
  const [receiver, setReceiver] = useState('');
  const [text, setText] = useState('');
  const value = parseEther(text);
  const recipient = receiver.trim() || address || '';
  const isRight = value !== null && value > 0n && from !== into && /^0x[0-9a-fA-F]{40}$/.test(recipient);
  const intent = isRight ? { chain: from, to: MESSAGES.to, value, data: encodeFunctionData({ abi: MESSAGES.abi, functionName: 'send', args: [idOf(world, into), recipient, 0n, '0x'] }) } : null;
  const wrong = text && value === null ? t.messages.noAmount : from === into ? t.messages.sameChain : receiver && !/^0x[0-9a-fA-F]{40}$/.test(receiver.trim()) ? t.messages.noReceiver : null;
  const select = (label: string, at: Chain, change: (chain: Chain) => void) => (
    <label className="flex flex-col gap-0.5 text-xs text-muted">
      {label}
      <select value={at} onChange={(event) => change(event.target.value)} className={field}>
        {chains.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
  return (
    <Panel title={t.messages.bridge} className="mb-3">
      {chains.length < 2 ? (
        <Empty next={t.chains.noZonesNext}>{t.chains.noZones}</Empty>
      ) : (
        <div className="flex flex-col gap-3">
          <div className="flex flex-wrap items-end gap-3">
            {select(t.common.from, from, setFrom)}
            {select(t.common.to, into, setInto)}
            <label className="flex flex-col gap-0.5 text-xs text-muted">
              {t.messages.amount}
              <input value={text} onChange={(event) => setText(event.target.value)} inputMode="decimal" placeholder="1.5" maxLength={32} className={`${field} w-28`} />
            </label>
            <label className="flex flex-1 basis-64 flex-col gap-0.5 text-xs text-muted">
              {t.messages.receiver}
              <input value={receiver} onChange={(event) => setReceiver(event.target.value)} placeholder={address ?? '0x…'} maxLength={42} className={`${field} font-mono`} />
            </label>
          </div>
          {wrong && <p role="alert" className="text-sm text-bad">{wrong}</p>}
          <Submit
            key={`${from}${into}${text}${recipient}`}
            intent={intent}
            label={t.messages.look}
            says={<>{value !== null && <Ether of={value} digits={6} />} {t.messages.leaves(from, into)} <Address of={recipient || '0x'} link={false} /></>}
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
    <li className="flex flex-wrap items-baseline gap-2">
      <span aria-hidden="true" className={`w-4 text-center font-semibold ${tone}`}>
        {mark}
      </span>
      <span className={of.state === 'later' ? 'text-muted' : ''}>
        {of.says} <span className="sr-only">({t.messages.states[of.state]})</span>
      </span>
      {of.chain && of.block !== undefined && (
        <span className="text-muted">
          {of.chain}, {t.common.block.toLowerCase()} <BlockLink chain={of.chain} number={of.block} />
        </span>
      )}
      {of.chain && of.transaction && <TxLink chain={of.chain} hash={of.transaction} />}
    </li>
  );
}

function Act({ of, action, chain }: { of: Sent; action: Action; chain: Chain }) {
  const data = encodeFunctionData({ abi: MESSAGES.abi, functionName: action, args: [of.message] });
  return <Submit intent={{ chain, to: MESSAGES.to, data }} label={t.messages.actions[action]} says={t.messages.actionSays[action]} />;
}

function Follow({ of, world }: { of: Sent; world: World }) {
  const state = useProgress(of, world);
  const into = nameOf(world, of.message.destination);
  return (
    <Panel
      title={
        <span className="flex flex-wrap items-center gap-2">
          {t.messages.one(of.chain, line(into, 40))} {state.data && <Badge tone={TONES[state.data.state]}>{state.data.state}</Badge>}
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
      </p>
      {of.message.data !== '0x' && <Bytes hex={of.message.data} />}
      <ol className="mt-2 flex flex-col gap-1">{state.data?.steps.map((step, index) => <StepLine key={index} of={step} />)}</ol>
      {state.data && state.data.actions.length > 0 && (
        <div className="mt-3 flex flex-col gap-2">
          {state.data.actions.map((action) => (
            <Act key={action} of={of} action={action} chain={action === 'release' ? HUB : into} />
          ))}
        </div>
      )}
    </Panel>
  );
}

function One({ hash, world }: { hash: string; world: World }) {
  const chains = running(world);
  const found = useAsk<Sent[]>(HUB, ['sent-by', hash, chains], (signal) => ofTransaction(chains, hash as Hex, signal));
  if (found.isPending) return <Waiting />;
  if (found.isError) return <Problem error={found.error} />;
  return (
    <>
      <p className="mb-2 text-sm">
        <a href={to('messages')}>← {t.messages.all}</a>
      </p>
      {found.data.length === 0 ? <Empty next={t.messages.noneOfNext}>{t.messages.noneOf}</Empty> : found.data.map((sent) => <Follow key={sent.id} of={sent} world={world} />)}
    </>
  );
}

function Row({ of, world }: { of: Sent; world: World }) {
  const state = useProgress(of, world);
  const into = nameOf(world, of.message.destination);
  return (
    <tr>
      <Cell>
        <a href={to('messages', of.transaction)} aria-label={t.messages.follow(of.id.slice(0, 10))}>
          {of.id.slice(0, 10)}…
        </a>
      </Cell>
      <Cell>{state.data ? <Badge tone={TONES[state.data.state]}>{state.data.state}</Badge> : '…'}</Cell>
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
      <Cell>{of.timeMs !== null ? <Ago ms={of.timeMs} /> : <BlockLink chain={of.chain} number={of.block} />}</Cell>
    </tr>
  );
}

function List({ world }: { world: World }) {
  const chains = running(world);
  const sent = useAsk<Sent[]>(HUB, ['sent', chains], async (signal) => {
    const all = await Promise.all(chains.map((chain) => newest(chain, chain === HUB ? num(world.status.oldestBlock) : 0, LISTED, signal)));
    return all.flat().sort((a, b) => (b.timeMs ?? 0) - (a.timeMs ?? 0));
  });
  return (
    <Panel title={t.messages.newest} source={sent} flush>
      {sent.data?.length === 0 ? (
        <Empty next={t.messages.noneNext}>{t.messages.none}</Empty>
      ) : (
        <Table label={t.messages.newest} head={[t.messages.message, t.explorer.state, t.messages.way, { right: t.common.value }, t.common.from, t.common.to, t.messages.content, t.common.age]}>
          {(sent.data ?? []).map((of) => (
            <Row key={of.id} of={of} world={world} />
          ))}
        </Table>
      )}
    </Panel>
  );
}

export default function MessagesPage({ parts }: { parts: string[] }) {
  const status = useStatus();
  const zones = useZones();
  const [hash] = parts;
  if (status.isError || zones.isError) return <Problem error={status.error ?? zones.error} />;
  if (!status.data || !zones.data) return <Waiting />;
  const world = { status: status.data, zones: zones.data };
  const isHash = hash !== undefined && /^0x[0-9a-fA-F]{64}$/.test(hash);
  return (
    <>
      <Title>{t.nav.messages}</Title>
      {isHash ? (
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
