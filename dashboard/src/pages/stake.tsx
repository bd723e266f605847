import { useState } from 'react';
import { FAULTS } from '../lib/evidence';
import { bps, count, ether, big } from '../lib/format';
import { isUp } from '../lib/health';
import { useEpoch, useOperators, usePeers, useStatus, useZones } from '../lib/league';
import { useAsk, useRpc, views } from '../lib/live';
import { STAKING } from '../lib/modules';
import { setQuery, to, useRoute } from '../lib/route';
import { call, HUB } from '../lib/rpc';
import { SCAN_EVERY_MS, scan } from '../lib/scan';
import { useStream } from '../lib/stream';
import type { Exposure, Hex, Log, Operator, Slash, Zone } from '../lib/types';
import { useWallet } from '../lib/wallet';
import { t } from '../strings';
import { Badge, Empty, field, Panel, Stat, Title } from '../ui/basics';
import { Cell, Table } from '../ui/tables';
import { Address, Ether, Hash, Text, TxLink } from '../ui/values';
import { Changes, Performance, SLASH_RAISED } from './stake-parts/history';
import { Positions } from './stake-parts/positions';
import { SlashBadge, SlashPage } from './stake-parts/slash';

/** Zones whose shares are shown. */
const MAX_ZONES = 12;
/** Slashes that are listed. */
const MAX_SLASHES = 64;

function Epochs() {
  const epoch = useEpoch().data;
  const { head } = useStream(HUB);
  const exposure = useRpc<Exposure>(HUB, 'hansa_exposure', []).data;
  const operators = useOperators().data?.operators ?? [];
  const number = head ? Number(head.number) : Number(epoch?.block ?? 0);
  const seats = operators.filter(({ seat }) => seat).length;
  return (
    <section aria-label={t.stake.now} className="mb-3 rounded-lg border border-line bg-panel">
      <dl className="grid grid-cols-2 sm:grid-cols-5">
        <Stat label={t.stake.total}>{exposure ? <Ether of={big(exposure.concentration.total)} digits={2} /> : '–'}</Stat>
        <Stat label={t.stake.seats} note={t.league.ofTotal(count(operators.length))}>
          {count(seats)}
        </Stat>
        <Stat label={t.stake.epoch} note={epoch ? t.stake.blocks(count(Number(epoch.firstBlock)), count(Number(epoch.lastBlock))) : ''}>
          {epoch ? count(epoch.epoch) : '–'}
        </Stat>
        <Stat label={t.stake.nextCommittee} note={epoch ? (number < Number(epoch.freezeBlock) ? t.stake.fixedIn(count(Number(epoch.freezeBlock) - number)) : t.stake.fixed) : ''}>
          {epoch ? t.stake.inBlocks(count(Math.max(0, Number(epoch.lastBlock) - number + 1))) : '–'}
        </Stat>
        <Stat label={t.stake.nakamoto} note={t.stake.nakamotoNote}>
          {exposure ? count(exposure.concentration.nakamoto) : '–'}
        </Stat>
      </dl>
    </section>
  );
}

function State({ of, up }: { of: Operator; up: boolean | null }) {
  if (of.slashedOut) return <Badge tone="bad">{t.stake.slashedOut}</Badge>;
  if (of.bar !== 'none') return <Badge tone="bad">{of.bar}</Badge>;
  if (of.exited) return <Badge>{t.stake.exited}</Badge>;
  if (up === false) return <Badge tone="bad">{t.node.down}</Badge>;
  return <Badge tone={of.seat ? 'good' : 'muted'}>{of.seat ? t.stake.seat : t.stake.noSeat}</Badge>;
}

/** For one ether, over so many epochs, per hundred ether: what delegators look at. */
function Reward({ of }: { of: Operator }) {
  const { epochs, perEther } = of.rewardRate;
  if (epochs === 0) return <>–</>;
  return <span title={t.stake.rewardTitle(count(epochs))}>{ether(big(perEther), 6)} ETH</span>;
}

function Operators() {
  const operators = useOperators();
  const peers = usePeers().data;
  const status = useStatus().data;
  const all = operators.data?.operators ?? [];
  return (
    <Panel title={t.stake.operators} source={operators} className="mb-3" flush>
      <Table label={t.stake.operators} head={[t.stake.operator, t.explorer.state, { right: t.stake.stake }, { right: t.stake.own }, { right: t.stake.commission }, { right: t.stake.reward }, { right: t.stake.risk }, { right: t.stake.unbonding }, t.stake.owner, t.stake.key]}>
        {all.map((of) => (
          <tr key={of.id}>
            <Cell>
              <Text of={of.name} most={40} /> <span className="text-muted">#{of.id}</span>
            </Cell>
            <Cell>
              <State of={of} up={peers && status ? isUp(of, status, peers) : null} />{' '}
              {of.offences > 0 && <Badge tone="warn">{t.stake.offences(count(of.offences))}</Badge>}
            </Cell>
            <Cell right>
              <Ether of={big(of.stake)} />
            </Cell>
            <Cell right>
              <Ether of={big(of.selfStake)} />
            </Cell>
            <Cell right>{bps(of.commissionBps)}</Cell>
            <Cell right>
              <Reward of={of} />
            </Cell>
            <Cell right>
              <span title={t.stake.riskTitle(bps(of.riskBps.conflictingNotarize), bps(of.riskBps.conflictingFinalize), bps(of.riskBps.nullifyAndFinalize))}>{bps(Math.max(of.riskBps.conflictingNotarize, of.riskBps.conflictingFinalize, of.riskBps.nullifyAndFinalize))}</span>
            </Cell>
            <Cell right>
              <Ether of={big(of.unbonding)} />
            </Cell>
            <Cell>
              <Address of={of.owner} />
            </Cell>
            <Cell>
              <Hash of={of.key} what={t.stake.key} />
            </Cell>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}

type Share = readonly [bps: number, nextBps: number, fromEpoch: bigint];

/** How much of each operator's stake answers for each zone. */
function Allocations({ zones }: { zones: Zone[] }) {
  const operators = useOperators().data?.operators ?? [];
  const shown = zones.filter(({ phase }) => phase !== 'settled').slice(0, MAX_ZONES);
  const key = [operators.map(({ id }) => id), shown.map(({ id }) => id)];
  const shares = useAsk<unknown[]>(
    HUB,
    ['shares', key],
    (signal) =>
      views(
        HUB,
        operators.flatMap((operator) => shown.map((zone) => ({ ...STAKING, name: 'zoneShare', args: [BigInt(operator.id), BigInt(zone.id)] }))),
        signal,
      ),
    { enabled: operators.length > 0 && shown.length > 0 },
  );
  return (
    <Panel title={t.stake.allocations} aside={t.stake.allocationsNote} className="mb-3" {...(shown.length > 0 ? { source: shares } : {})} flush>
      {shown.length === 0 ? (
        <Empty next={t.chains.noZonesNext}>{t.chains.noZones}</Empty>
      ) : (
        <Table label={t.stake.allocations} head={[t.stake.operator, ...shown.map(({ name, id }) => <a key={id} href={to('chains', name)}><Text of={name} most={32} /></a>)]}>
          {operators.map((operator, row) => (
            <tr key={operator.id}>
              <Cell>
                <Text of={operator.name} most={40} />
              </Cell>
              {shown.map((zone, column) => {
                const share = shares.data?.[row * shown.length + column];
                if (!Array.isArray(share)) return <Cell key={zone.id}>–</Cell>;
                const [now, next, from] = share as unknown as Share;
                return (
                  <Cell key={zone.id}>
                    {bps(now)} <span className="text-muted">({ether((big(operator.stake) * BigInt(now)) / 10_000n, 3)} ETH)</span>
                    {next !== now && <Badge tone="warn">{t.stake.shareChanges(bps(next), count(from))}</Badge>}
                  </Cell>
                );
              })}
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}

/** The newest slashes, newest first. */
const useSlashes = () =>
  useAsk<Slash[]>(HUB, ['slashes'], async (signal) => {
    const first = await call<{ total: number; slashes: Slash[] }>(HUB, 'hansa_slashes', [0, MAX_SLASHES], signal);
    const page = first.total > MAX_SLASHES ? await call<typeof first>(HUB, 'hansa_slashes', [first.total - MAX_SLASHES, MAX_SLASHES], signal) : first;
    return [...page.slashes].reverse();
  });

/** The transaction that brought the evidence of each slash. */
function useEvidence(enabled: boolean): Map<number, Hex> {
  const oldest = useStatus().data?.oldestBlock;
  const { data } = useAsk<Log[]>(HUB, ['evidence'], async (signal) => (await scan(HUB, { address: STAKING.to, topics: [SLASH_RAISED] }, MAX_SLASHES, null, Number(oldest), signal)).logs, { enabled: enabled && oldest !== undefined, everyMs: SCAN_EVERY_MS });
  return new Map((data ?? []).map((log) => [Number(log.topics[1]), log.transactionHash]));
}

function Slashes({ zones }: { zones: Zone[] }) {
  const slashes = useSlashes();
  const all = slashes.data ?? [];
  const evidence = useEvidence(all.length > 0);
  return (
    <Panel title={t.stake.slashes} source={slashes} flush>
      {all.length === 0 ? (
        <Empty next={t.stake.noSlashesNext}>{t.stake.noSlashes}</Empty>
      ) : (
        <Table label={t.stake.slashes} head={['#', t.stake.operator, t.stake.fault, t.common.chain, t.stake.epoch, t.explorer.state, { right: t.stake.part }, { right: t.stake.amount }, t.stake.finder, t.stake.settles, t.stake.evidence]}>
          {all.map((of) => (
            <tr key={of.id}>
              <Cell>
                <a href={to('stake', 'slash', of.id)} aria-label={t.slash.title(count(of.id))}>
                  {of.id}
                </a>
              </Cell>
              <Cell>
                <Text of={of.name} most={40} />
              </Cell>
              <Cell>{FAULTS[of.kind] ?? of.kind}</Cell>
              <Cell>{of.zoneId === 0 ? HUB : <Text of={zones.find(({ id }) => id === of.zoneId)?.name ?? of.zoneId} most={32} />}</Cell>
              <Cell>{t.stake.epochView(count(of.epoch), count(of.view))}</Cell>
              <Cell>
                <SlashBadge of={of} />
              </Cell>
              <Cell right>{bps(of.bps)}</Cell>
              <Cell right>
                <Ether of={big(of.amount)} />
              </Cell>
              <Cell>
                <Address of={of.finder} />
              </Cell>
              <Cell>{t.stake.epochOf(count(of.settlesAt))}</Cell>
              <Cell>{evidence.has(of.id) ? <TxLink chain={HUB} hash={evidence.get(of.id) as Hex} /> : '–'}</Cell>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}

/** Whose positions are shown: the wallet's, or those of an address that was typed. */
function Whose() {
  const { query } = useRoute();
  const { address } = useWallet();
  const [text, setText] = useState(query.get('address') ?? '');
  const asked = query.get('address');
  const of = asked && /^0x[0-9a-fA-F]{40}$/.test(asked) ? asked : address;
  return (
    <>
      <form
        className="mb-3 flex flex-wrap items-end gap-2 text-sm"
        onSubmit={(event) => {
          event.preventDefault();
          setQuery({ address: text.trim() });
        }}
      >
        <label className="flex flex-1 flex-wrap items-center gap-2">
          <span className="text-muted">{t.stake.whose}</span>
          <input value={text} onChange={(event) => setText(event.target.value)} placeholder={address ?? '0x…'} maxLength={42} className={`${field} flex-1 basis-64 font-mono`} />
        </label>
        <button type="submit" className="rounded-md border border-line bg-raised px-2.5 py-1 font-medium hover:border-accent">
          {t.stake.show}
        </button>
      </form>
      {of ? <Positions key={of} of={of as `0x${string}`} own={of.toLowerCase() === address?.toLowerCase()} /> : <Empty next={t.stake.nobodyNext}>{t.stake.nobody}</Empty>}
    </>
  );
}

export default function StakePage({ parts }: { parts: string[] }) {
  const [kind, id] = parts;
  const zones = useZones().data ?? [];
  if (kind === 'slash' && id) return <SlashPage key={id} id={id} />;
  return (
    <>
      <Title>{t.nav.stake}</Title>
      <p className="mb-3 max-w-[80ch] text-muted">{t.stake.what}</p>
      <Epochs />
      <Operators />
      <Panel title={t.stake.positions} className="mb-3">
        <Whose />
      </Panel>
      <Performance />
      <Allocations zones={zones} />
      <Changes />
      <Slashes zones={zones} />
    </>
  );
}
