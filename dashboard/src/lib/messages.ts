// Messages between chains, and how far each one is: by the events and views of the module on each chain, as `hansa message status` does.
import type { Abi } from 'viem';
import { decodeEventLog, encodeAbiParameters, encodeEventTopics, encodeFunctionData, keccak256 } from 'viem/utils';
import { IMessageReceiver } from '../abi/IMessageReceiver';
import { t } from '../strings';
import { headers, Memory } from './blocks';
import { dateTime, ether, num } from './format';
import { views, viewsOrFail } from './live';
import { MESSAGES, ZONES } from './modules';
import { call, type Chain, HUB, isGone } from './rpc';
import { firstNumber, firstSince } from './obeys';
import { scan } from './scan';
import type { Hex, Log, Zone } from './types';

export interface Message {
  source: bigint;
  destination: bigint;
  nonce: bigint;
  sender: Hex;
  to: Hex;
  value: bigint;
  fee: bigint;
  /** Gas of the call of its receiver; 0: nobody calls it. */
  gas: bigint;
  /** Wei for who makes that call. */
  reward: bigint;
  data: Hex;
}

/** Wei that travel with a message. */
const carried = ({ value, reward }: Message): bigint => value + reward;

export interface Sent {
  id: Hex;
  message: Message;
  chain: Chain;
  block: number;
  transaction: Hex;
  timeMs: number | null;
}

export interface Step {
  says: string;
  state: 'done' | 'now' | 'later' | 'bad';
  chain?: Chain;
  block?: number;
  transaction?: Hex;
  /** Of the block. */
  timeMs?: number;
  /** The transaction that sent its value on as a message of its own. */
  goesOn?: Hex;
}

export type Action = 'take' | 'deliver' | 'refund' | 'release';

export interface Progress {
  steps: Step[];
  /** In a word. */
  state: 'on its way' | 'arrived' | 'waits' | 'held' | 'kept' | 'returned' | 'taken';
  actions: Action[];
  /** What is let go in its place, see [standIn]. */
  standsFor?: Message;
}

const OUTCOMES = ['paid', 'waiting', 'forwarded', 'held', 'returned'] as const;
/** After this a message that nobody took can be sent back, seconds (IMessages.refund). */
const REFUND_SECONDS = 7 * 86_400;
/** Clocks of operators differ, ms. */
const SKEW_MS = 5_000;
/** An account that lent itself code (EIP-7702) can still take by itself. */
const LENT = '0xef0100';

const topic = (eventName: string): Hex => encodeEventTopics({ abi: MESSAGES.abi as Abi, eventName })[0] as Hex;
export const SENT = topic('Sent');
const [DELIVERED, TAKEN, REFUNDED] = [topic('Delivered'), topic('Taken'), topic('Refunded')];

const args = <T>(log: Log): T => decodeEventLog({ abi: MESSAGES.abi as Abi, topics: log.topics as [Hex, ...Hex[]], data: log.data }).args as T;

export function sentBy(chain: Chain, log: Log): Sent | null {
  if (log.topics[0] !== SENT || log.address.toLowerCase() !== MESSAGES.to) return null;
  try {
    const { id, message } = args<{ id: Hex; message: Message }>(log);
    return { id, message, chain, block: num(log.blockNumber), transaction: log.transactionHash, timeMs: log.blockTimestamp ? num(log.blockTimestamp) * 1_000 : null };
  } catch {
    return null;
  }
}

/** The newest messages that a chain sent, newest first. */
export async function newest(chain: Chain, oldest: number, most: number, signal?: AbortSignal): Promise<Sent[]> {
  const { logs } = await scan(chain, { address: MESSAGES.to, topics: [SENT] }, most, null, oldest, signal);
  return logs.slice(0, most).flatMap((log) => sentBy(chain, log) ?? []);
}

/** The fields of a message, as the modules know them. */
const FIELDS = (MESSAGES.abi as Abi).flatMap((item) => (item.type === 'function' && item.name === 'take' ? item.inputs : []));

/** What stands for the ether that a zone keeps for an address (IMessages.release). */
export function standIn(chainId: bigint, of: Hex): Message {
  const [{ components }] = FIELDS as unknown as [{ components: readonly { name: string; type: string }[] }];
  const empty = components.map(({ name, type }) => [name, type === 'bytes' ? '0x' : 0n] as const);
  return { ...(Object.fromEntries(empty) as unknown as Message), source: chainId, destination: chainId, sender: of, to: of };
}

export const idOf = (message: Message): Hex => keccak256(encodeAbiParameters(FIELDS, [message]));

interface World {
  hubId: bigint;
  /** The hub's oldest block here. */
  oldest: number;
  zones: Zone[];
}

/** A checkpoint of a zone on the hub (IZones.Checkpoint). */
export interface Proven {
  number: bigint;
  blockHash: Hex;
  outboxCount: bigint;
  outboxRoot: Hex;
  recordedAt: bigint;
}

export interface Proof {
  checkpoint: Proven;
  /** By which the hub took the message, or with which it can. */
  taken: boolean;
  siblings: readonly Hex[] | null;
}

const checkpointOf = async (zone: Zone, block: string, signal?: AbortSignal): Promise<Proven> => (await viewsOrFail(HUB, [{ ...ZONES, name: 'checkpointOf', args: [BigInt(zone.id)] }], signal, block))[0] as Proven;

/** By what a zone's message is proved to the hub; null where the hub does not know of its block yet. */
export async function proofOf(of: Sent, zone: Zone, signal?: AbortSignal): Promise<Proof | null> {
  // The first word of the hub: one that was held has another when it is let go.
  const { logs } = await scan(HUB, { address: MESSAGES.to, topics: [DELIVERED, of.id] }, 10, null, num(zone.createdAt), signal);
  const first = logs.at(-1);
  const checkpoint = await checkpointOf(zone, first?.blockNumber ?? 'latest', signal);
  if (checkpoint.outboxCount <= of.message.nonce) return null;
  if (zone.path === null) return { checkpoint, taken: first !== undefined, siblings: null };
  const [siblings] = await viewsOrFail(zone.name, [{ ...MESSAGES, name: 'proof', args: [of.message.nonce, checkpoint.outboxCount] }], signal);
  return { checkpoint, taken: first !== undefined, siblings: siblings as readonly Hex[] };
}

const nameOf = ({ hubId, zones }: World, id: bigint): Chain | null => (id === hubId ? HUB : (zones.find(({ chainId }) => BigInt(chainId) === id)?.name ?? null));

/** What a zone's message went through on the hub. */
async function overHub(of: Sent, zone: Zone, steps: Step[], signal?: AbortSignal): Promise<{ outcome: (typeof OUTCOMES)[number]; log: Log } | null> {
  const { outboxCount } = await checkpointOf(zone, 'latest', signal);
  if (outboxCount <= of.message.nonce) {
    steps.push({ says: t.messages.steps.proof, state: 'now' }, { says: t.messages.steps.taken, state: 'later' });
    return null;
  }
  steps.push({ says: t.messages.steps.proof, state: 'done' });
  const { logs } = await scan(HUB, { address: MESSAGES.to, topics: [DELIVERED, of.id] }, 10, null, num(zone.createdAt), signal);
  const [last] = logs;
  if (!last) {
    steps.push({ says: t.messages.steps.taken, state: 'now' });
    return null;
  }
  const outcome = OUTCOMES[args<{ outcome: number }>(last).outcome] ?? 'waiting';
  steps.push({ says: t.messages.outcomes[outcome], state: outcome === 'held' ? 'now' : outcome === 'returned' ? 'bad' : 'done', chain: HUB, block: num(last.blockNumber), transaction: last.transactionHash, ...(last.blockTimestamp ? { timeMs: num(last.blockTimestamp) * 1_000 } : {}) });
  return { outcome, log: last };
}

/** How many entries of its lane a zone has taken when this one is there. */
async function place(of: Sent, target: Zone, forwarded: Log | null, signal?: AbortSignal): Promise<bigint> {
  if (!forwarded) return of.message.nonce + 1n;
  // It was the last entry of the lane, or before it, when the hub's block that forwarded it ended. Without the state of then: as the lane is now.
  const [lane] = await views(HUB, [{ ...MESSAGES, name: 'lane', args: [BigInt(target.id)] }], signal, forwarded.blockNumber);
  if (isGone(lane)) return BigInt(target.sent);
  if (lane instanceof Error) throw lane;
  return BigInt((lane as { sent: bigint | number }).sent);
}

const ARRIVED = { ...MESSAGES, name: 'arrived' };

/** Whether a zone has taken what the hub had for it. */
async function arrived(target: Zone, entry: bigint, signal?: AbortSignal): Promise<boolean> {
  if (target.path === null) return BigInt(target.checkpoint?.arrivals ?? 0) >= entry;
  return ((await viewsOrFail(target.name, [ARRIVED], signal))[0] as bigint) >= entry;
}

const places = new Memory<Pick<Step, 'block' | 'timeMs'>>();
const ends = new Memory<Log>();

/** The zone's block that took it; nothing where the node does not keep the states of then. */
async function arrival(of: Sent, target: Zone, entry: bigint, signal?: AbortSignal): Promise<Pick<Step, 'block' | 'timeMs'>> {
  const known = places.get(of.id);
  if (known || target.path === null) return known ?? {};
  try {
    const [from, head] = await Promise.all([firstSince(target.name, (of.timeMs ?? 0) - SKEW_MS, 1, signal), call<Hex>(target.name, 'eth_blockNumber', [], signal)]);
    const number = await firstNumber(from, num(head), async (at) => ((await viewsOrFail(target.name, [ARRIVED], signal, `0x${at.toString(16)}`))[0] as bigint) >= entry);
    const [block] = await headers(target.name, [number], signal);
    if (!block) return {};
    const found = { block: number, timeMs: num(block.timestampMs) };
    places.set(of.id, found);
    return found;
  } catch {
    return {};
  }
}

/** What a zone keeps for the receiver of ether that it took, and whether this is part of it: null where the states of then are gone. */
async function kept(of: Sent, target: Zone, entry: bigint, signal?: AbortSignal): Promise<{ message: Message; held: bigint; isPart: boolean | null } | null> {
  if (target.path === null || of.message.data !== '0x') return null;
  const message = standIn(of.message.destination, of.message.to);
  const view = { ...MESSAGES, name: 'waiting', args: [idOf(message)] };
  const at = async (block: string): Promise<bigint> => ((await viewsOrFail(target.name, [view], signal, block))[0] as readonly [bigint, bigint])[1];
  const held = await at('latest');
  // It is paid out as a whole, so nothing of it is left.
  if (held < carried(of.message)) return null;
  const { block } = await arrival(of, target, entry, signal);
  if (block === undefined) return { message, held, isPart: null };
  try {
    const [before, after] = await Promise.all([block - 1, block].map((number) => at(`0x${number.toString(16)}`)));
    // What one block takes for an address is all paid or all kept.
    return after! > before! ? { message, held, isPart: true } : null;
  } catch (error) {
    if (!isGone(error)) throw error;
    return { message, held, isPart: null };
  }
}

/** The event by which a message that had waited ended: taken, or sent back. */
async function ending(of: Sent, chain: Chain, { oldest }: World, signal?: AbortSignal): Promise<Log | null> {
  const known = ends.get(of.id);
  if (known) return known;
  try {
    const from = await firstSince(chain, (of.timeMs ?? 0) - SKEW_MS, chain === HUB ? oldest : 1, signal);
    const { logs } = await scan(chain, { address: MESSAGES.to, topics: [[TAKEN, REFUNDED], of.id] }, 1, null, from, signal);
    if (logs[0]) ends.set(of.id, logs[0]);
    return logs[0] ?? null;
  } catch {
    return null;
  }
}

/** How the value of a message that nobody took comes back: from a zone as a message of its own, from the hub with what it has for the sender's zone. */
async function wayBack(chain: Chain, end: Log, source: Zone | undefined, signal?: AbortSignal): Promise<Step[]> {
  if (chain !== HUB) return [{ says: t.messages.steps.isMessage, state: 'done', goesOn: end.transactionHash }];
  // A zone that has stopped takes nothing: its senders are paid on the hub.
  if (!source || source.phase === 'stopped' || source.phase === 'settled') return [{ says: t.messages.steps.paidOnHub, state: 'done' }];
  const [lane] = await views(HUB, [{ ...MESSAGES, name: 'lane', args: [BigInt(source.id)] }], signal, end.blockNumber);
  const entry = lane instanceof Error || isGone(lane) ? BigInt(source.sent) : BigInt((lane as { sent: bigint | number }).sent);
  const isThere = await arrived(source, entry, signal);
  return [{ says: isThere ? t.messages.steps.zoneTookBack(source.name) : t.messages.steps.zoneTakes(source.name), state: isThere ? 'done' : 'now' }];
}

/** `whole` also looks for the block of its arrival. */
export async function progress(of: Sent, world: World, signal?: AbortSignal, whole = false): Promise<Progress> {
  const steps: Step[] = [{ says: t.messages.steps.left(of.chain), state: 'done', chain: of.chain, block: of.block, transaction: of.transaction, ...(of.timeMs !== null ? { timeMs: of.timeMs } : {}) }];
  const source = world.zones.find(({ name }) => name === of.chain);
  const to = nameOf(world, of.message.destination);
  const target = world.zones.find(({ name }) => name === to);
  let forwarded: Log | null = null;
  if (source) {
    const through = await overHub(of, source, steps, signal);
    if (!through) return { steps, state: 'on its way', actions: [] };
    if (through.outcome === 'held') return { steps, state: 'held', actions: ['release'] };
    if (through.outcome === 'returned') return { steps, state: 'returned', actions: [] };
    if (through.outcome === 'paid') return { steps, state: 'arrived', actions: [] };
    if (through.outcome === 'forwarded') forwarded = through.log;
  }
  let entry = 0n;
  if (target) {
    entry = await place(of, target, forwarded, signal);
    if (!(await arrived(target, entry, signal))) {
      steps.push({ says: t.messages.steps.zoneTakes(target.name), state: 'now' });
      return { steps, state: 'on its way', actions: [] };
    }
    steps.push({ says: t.messages.steps.zoneTook(target.name), state: 'done', chain: target.name, ...(whole ? await arrival(of, target, entry, signal) : {}) });
  }
  if (of.message.data === '0x') {
    const keeps = target && (await kept(of, target, entry, signal));
    if (!keeps) return { steps, state: 'arrived', actions: [] };
    const sum = `${ether(keeps.held, 6)} ETH`;
    steps.push({ says: keeps.isPart ? t.messages.steps.keeps(target.name, sum) : t.messages.steps.mayKeep(target.name, sum), state: 'now' });
    return { steps, state: keeps.isPart ? 'kept' : 'arrived', actions: ['release'], standsFor: keeps.message };
  }
  const chain = to ?? HUB;
  const [waiting] = await viewsOrFail(chain, [{ ...MESSAGES, name: 'waiting', args: [of.id] }], signal);
  const since = Number((waiting as readonly [bigint, ...unknown[]])[0]);
  if (since === 0) {
    const end = await ending(of, chain, world, signal);
    const at = end ? { chain, block: num(end.blockNumber), transaction: end.transactionHash, ...(end.blockTimestamp ? { timeMs: num(end.blockTimestamp) * 1_000 } : {}) } : {};
    if (end?.topics[0] === REFUNDED) {
      steps.push({ says: t.messages.steps.sentBack, state: 'bad', ...at }, ...(await wayBack(chain, end, source, signal)));
      return { steps, state: 'returned', actions: [] };
    }
    steps.push({ says: end ? t.messages.steps.receiverTook : t.messages.steps.waitsNoMore, state: 'done', ...at });
    return { steps, state: 'taken', actions: [] };
  }
  steps.push({ says: of.message.gas > 0n ? t.messages.steps.receiverIsCalled : t.messages.steps.receiverTakes, state: 'now' });
  const refundMs = (since + REFUND_SECONDS) * 1_000;
  const isLate = Date.now() > refundMs;
  if (carried(of.message) > 0n) steps.push({ says: t.messages.steps.canGoBack(dateTime(refundMs)), state: isLate ? 'now' : 'later' });
  const code = whole ? await call<Hex>(chain, 'eth_getCode', [of.message.to, 'latest'], signal) : '0x';
  const actions: Action[] = [code.length > 2 && !code.startsWith(LENT) ? 'deliver' : 'take'];
  if (isLate && carried(of.message) > 0n) actions.push('refund');
  return { steps, state: 'waits', actions };
}

/** The call that has a contract take a message: an ERC-7786 gateway hands it on. */
export const delivery = (message: Message): Hex => encodeFunctionData({ abi: IMessageReceiver, functionName: 'deliver', args: [message] });

/** The messages of a transaction, wherever it is. */
export async function ofTransaction(chains: Chain[], hash: Hex, signal?: AbortSignal): Promise<Sent[]> {
  const found = await Promise.all(
    chains.map(async (chain) => {
      const receipt = await call<{ logs: Log[] } | null>(chain, 'eth_getTransactionReceipt', [hash], signal).catch(() => null);
      return (receipt?.logs ?? []).flatMap((log) => sentBy(chain, log) ?? []);
    }),
  );
  return found.flat();
}
