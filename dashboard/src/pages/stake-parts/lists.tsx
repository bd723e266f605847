// Parts that the page of all operators and that of one share.
import { FAULTS } from '../../lib/evidence';
import { big, bps, count, ether } from '../../lib/format';
import { useOperators, useStatus } from '../../lib/league';
import { useAsk, views } from '../../lib/live';
import { STAKING } from '../../lib/modules';
import { to } from '../../lib/route';
import { call, HUB } from '../../lib/rpc';
import { scan } from '../../lib/scan';
import type { Hex, Log, Operator, Slash, Zone } from '../../lib/types';
import { t } from '../../strings';
import { Badge, Empty, Panel } from '../../ui/basics';
import { Cell, Table } from '../../ui/tables';
import { Address, Chosen, Ether, Text, TxLink } from '../../ui/values';
import { SLASH_RAISED } from './history';
import { SlashBadge } from './slash';

/** Zones whose shares are shown. */
const MAX_ZONES = 12;
/** Slashes that are listed. */
const MAX_SLASHES = 64;

export function State({ of, up }: { of: Operator; up: boolean | null }) {
  if (of.slashedOut) return <Badge tone="bad">{t.stake.slashedOut}</Badge>;
  if (of.bar !== 'none') return <Badge tone="bad">{of.bar}</Badge>;
  if (of.exited) return <Badge>{t.stake.exited}</Badge>;
  if (up === false) return <Badge tone="bad">{t.node.down}</Badge>;
  return <Badge tone={of.seat ? 'good' : 'muted'}>{of.seat ? t.stake.seat : t.stake.noSeat}</Badge>;
}

/** For one ether, over so many epochs, per hundred ether: what delegators look at. */
export function Reward({ of }: { of: Operator }) {
  const { epochs, perEther } = of.rewardRate;
  if (epochs === 0) return <>–</>;
  return <span title={t.stake.rewardTitle(count(epochs))}>{ether(big(perEther), 6)} ETH</span>;
}

type Share = readonly [bps: number, nextBps: number, fromEpoch: bigint];

/** How much of each operator's stake answers for each zone. */
export function Allocations({ zones, only }: { zones: Zone[]; only?: number }) {
  const operators = (useOperators().data?.operators ?? []).filter(({ id }) => only === undefined || id === only);
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
    { enabled: operators.length > 0 && shown.length > 0, on: [STAKING.to] },
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
                <Chosen of={operator.name} />
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
  }, { on: [STAKING.to] });

/** The transaction that brought the evidence of each slash. */
function useEvidence(enabled: boolean): Map<number, Hex> {
  const oldest = useStatus().data?.oldestBlock;
  const { data } = useAsk<Log[]>(HUB, ['evidence'], async (signal) => (await scan(HUB, { address: STAKING.to, topics: [SLASH_RAISED] }, MAX_SLASHES, null, Number(oldest), signal)).logs, { enabled: enabled && oldest !== undefined, on: [STAKING.to] });
  return new Map((data ?? []).map((log) => [Number(log.topics[1]), log.transactionHash]));
}

export function Slashes({ zones, only }: { zones: Zone[]; only?: number }) {
  const slashes = useSlashes();
  const all = (slashes.data ?? []).filter(({ operatorId }) => only === undefined || operatorId === only);
  const evidence = useEvidence(all.length > 0);
  return (
    <Panel title={t.stake.slashes} source={slashes} flush>
      {all.length === 0 ? (
        <Empty next={t.stake.noSlashesNext}>{only === undefined ? t.stake.noSlashes : t.stake.noSlashesOf}</Empty>
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
                <Chosen of={of.name} />
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
