// What answers for a chain, against what it holds. What answers is what is surely lost if its committee contradicts
// itself, which is less than the stake of all its seats.
import type { UseQueryResult } from '@tanstack/react-query';
import { big } from './format';
import { useEpoch } from './league';
import { useAsk, viewsOrFail } from './live';
import { STAKING } from './modules';
import { KINDS } from './risk';
import { batch, call, HUB } from './rpc';
import type { ByKind, Hex, Zone } from './types';

export interface Seat {
  operator: number;
  key: Hex;
  /** Wei that answer for the chain. */
  stake: bigint;
}

/** Those who finalize a chain's blocks in an epoch of the hub. */
export interface Committee {
  epoch: number;
  seats: Seat[];
  /** Of all seats, wei. */
  stake: bigint;
  /** Of as many seats as a contradiction takes, what the cheapest fault costs those for whom it costs least, wei. */
  answers: bigint;
}

/** A zone as hansa_zone tells of it. */
interface ZoneDetails {
  epoch: number;
  committee: { operator: number; key: Hex; stake: Hex }[];
  stake: Hex;
  answers: Hex;
}

const sum = (of: bigint[]): bigint => of.reduce((total, one) => total + one, 0n);

const BPS = 10_000;

/** What the cheapest fault costs a stake: for each kind the lesser of the league's share and of the operator's own, basis points. */
export const cheapestFault = (stake: bigint, own: readonly number[], league: readonly number[]): bigint => (stake * BigInt(Math.min(BPS, ...own, ...league))) / BigInt(BPS);

/** What answers at least, of what a fault costs each seat: the least of as many as any two quorums have in common. The node says it of zones, by the same rule
 * (crates/modules/src/zones/checkpoints.rs), and not of the hub. */
export function leastAnswering(costs: bigint[]): bigint {
  const faulty = Math.floor(Math.max(0, costs.length - 1) / 3);
  const ascending = [...costs].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sum(ascending.slice(0, costs.length - 2 * faulty));
}

async function ofHub(epoch: number, signal: AbortSignal): Promise<Committee> {
  const [answer, parameters] = await viewsOrFail(HUB, [{ ...STAKING, name: 'committeeOf', args: [BigInt(epoch)] }, { ...STAKING, name: 'parameters' }], signal);
  const seats = (answer as [Hex, { operatorId: bigint; key: Hex; stake: bigint }[]])[1].map(({ operatorId, key, stake }) => ({ operator: Number(operatorId), key, stake }));
  const operators = (await viewsOrFail(HUB, seats.map(({ operator }) => ({ ...STAKING, name: 'operator', args: [BigInt(operator)] })), signal)) as { risk: ByKind<number> }[];
  const league = (parameters as { slashBps: readonly bigint[] }).slashBps.map(Number);
  const costs = seats.map(({ stake }, index) => cheapestFault(stake, KINDS.map((kind) => operators[index]?.risk[kind] ?? 0), league));
  return { epoch, seats, stake: sum(seats.map(({ stake }) => stake)), answers: leastAnswering(costs) };
}

async function ofZone({ name }: Zone, signal: AbortSignal): Promise<Committee | null> {
  const of = await call<ZoneDetails | null>(HUB, 'hansa_zone', [name], signal);
  return of && { epoch: of.epoch, seats: of.committee.map((seat) => ({ ...seat, stake: big(seat.stake) })), stake: big(of.stake), answers: big(of.answers) };
}

/** The committee of a zone now, or of the hub; the hub knows both, whether or not this node runs the zone. It is the same for a whole epoch. */
export function useCommittee(zone: Zone | null): UseQueryResult<Committee | null> {
  const epoch = useEpoch().data?.epoch;
  return useAsk<Committee | null>(HUB, ['committee', zone?.name ?? null, epoch], (signal) => (zone ? ofZone(zone, signal) : ofHub(epoch ?? 0, signal)), { fixed: true, keep: true, enabled: epoch !== undefined });
}

/** Ids of the operators in the committee of each of these zones, by the zone's id. Those that the hub tells nothing of are left out. */
export async function serving(zones: readonly Pick<Zone, 'id' | 'name'>[], signal?: AbortSignal): Promise<Record<number, number[]>> {
  const answers = await batch<ZoneDetails | null>(HUB, zones.map(({ name }) => ['hansa_zone', [name]]), signal);
  const refused = answers.find((of) => of instanceof Error);
  if (refused && answers.every((of) => of instanceof Error)) throw refused;
  return Object.fromEntries(zones.flatMap(({ id }, index) => {
    const of = answers[index];
    return of && !(of instanceof Error) ? [[id, of.committee.map(({ operator }) => operator)] as const] : [];
  }));
}

/** Who serves the zones, asked for anew when there are others, and with each epoch. */
export function useServing(zones: readonly Zone[] | undefined): UseQueryResult<Record<number, number[]>> {
  const epoch = useEpoch().data?.epoch;
  return useAsk(HUB, ['serving', (zones ?? []).map(({ name, phase }) => [name, phase]), epoch], (signal) => serving(zones ?? [], signal), { fixed: true, keep: true, enabled: epoch !== undefined && zones !== undefined });
}

export interface Security {
  answers: bigint;
  stake: bigint;
  value: bigint;
  /** Hundredths; null where there is no value. */
  ratio: bigint | null;
  /** It holds more than answers for it. */
  exceeds: boolean;
}

export function security({ answers, stake }: Pick<Committee, 'answers' | 'stake'>, locked: Hex): Security {
  const value = big(locked);
  return { answers, stake, value, ratio: value > 0n ? (answers * 100n) / value : null, exceeds: value > answers };
}

/** Hundredths as 0.25 ×; what is smaller than one is said to be. */
export const times = (ratio: bigint): string => (ratio === 0n ? '<0.01 ×' : ratio >= 10_000n ? `${String(ratio / 100n).replace(/\B(?=(\d{3})+$)/g, ',')} ×` : `${ratio / 100n}.${String(ratio % 100n).padStart(2, '0')} ×`);
