// Messages between chains, and how far each one is: by the events and views of the module on each chain, as `hansa message status` does.
import type { Abi } from 'viem';
import { decodeEventLog, encodeEventTopics } from 'viem/utils';
import { t } from '../strings';
import { num } from './format';
import { views } from './live';
import { MESSAGES, ZONES } from './modules';
import { call, type Chain, HUB } from './rpc';
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
  data: Hex;
}

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
}

export type Action = 'take' | 'refund' | 'release';

export interface Progress {
  steps: Step[];
  /** In a word. */
  state: 'on its way' | 'arrived' | 'waits' | 'held' | 'returned' | 'taken';
  actions: Action[];
}

const OUTCOMES = ['paid', 'waiting', 'forwarded', 'held', 'returned'] as const;
/** After this a message that nobody took can be sent back, seconds (IMessages.refund). */
const REFUND_SECONDS = 7 * 86_400;

const topic = (eventName: string): Hex => encodeEventTopics({ abi: MESSAGES.abi as Abi, eventName })[0] as Hex;
export const SENT = topic('Sent');
const DELIVERED = topic('Delivered');

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

interface World {
  hubId: bigint;
  zones: Zone[];
}

const nameOf = ({ hubId, zones }: World, id: bigint): Chain | null => (id === hubId ? HUB : (zones.find(({ chainId }) => BigInt(chainId) === id)?.name ?? null));

/** What a zone's message went through on the hub. */
async function overHub(of: Sent, zone: Zone, steps: Step[], signal?: AbortSignal): Promise<{ outcome: (typeof OUTCOMES)[number]; log: Log } | null> {
  const [checkpoint] = await views(HUB, [{ ...ZONES, name: 'checkpointOf', args: [BigInt(zone.id)] }], signal);
  const known = checkpoint instanceof Error ? 0n : (checkpoint as { outboxCount: bigint }).outboxCount;
  if (known <= of.message.nonce) {
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
  steps.push({ says: t.messages.outcomes[outcome], state: outcome === 'held' ? 'now' : outcome === 'returned' ? 'bad' : 'done', chain: HUB, block: num(last.blockNumber), transaction: last.transactionHash });
  return { outcome, log: last };
}

/** Whether a zone has taken what the hub had for it. */
async function arrived(of: Sent, target: Zone, forwarded: Log | null, signal?: AbortSignal): Promise<boolean> {
  if (target.path === null) return (target.checkpoint?.arrivals ?? 0) > num(String(of.message.nonce));
  const [taken] = await views(target.name, [{ ...MESSAGES, name: 'arrived' }], signal);
  if (taken instanceof Error) return false;
  if (!forwarded) return (taken as bigint) > of.message.nonce;
  // It was the last entry of the lane, or before it, when the hub's block that forwarded it ended.
  const [lane] = await views(HUB, [{ ...MESSAGES, name: 'lane', args: [BigInt(target.id)] }], signal, forwarded.blockNumber);
  const sent = lane instanceof Error ? BigInt(target.sent) : (lane as { sent: bigint }).sent;
  return (taken as bigint) >= sent;
}

export async function progress(of: Sent, world: World, signal?: AbortSignal): Promise<Progress> {
  const steps: Step[] = [{ says: t.messages.steps.left(of.chain), state: 'done', chain: of.chain, block: of.block, transaction: of.transaction }];
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
  if (target) {
    if (!(await arrived(of, target, forwarded, signal))) {
      steps.push({ says: t.messages.steps.zoneTakes(target.name), state: 'now' });
      return { steps, state: 'on its way', actions: [] };
    }
    steps.push({ says: t.messages.steps.zoneTook(target.name), state: 'done' });
  }
  if (of.message.data === '0x') return { steps, state: 'arrived', actions: [] };
  const chain = to ?? HUB;
  const [waiting] = await views(chain, [{ ...MESSAGES, name: 'waiting', args: [of.id] }], signal);
  const since = Array.isArray(waiting) ? num(String(waiting[0])) : 0;
  if (since === 0) {
    steps.push({ says: t.messages.steps.receiverTook, state: 'done' });
    return { steps, state: 'taken', actions: [] };
  }
  steps.push({ says: t.messages.steps.receiverTakes, state: 'now' });
  const late = Date.now() / 1_000 - since > REFUND_SECONDS && of.message.value > 0n;
  return { steps, state: 'waits', actions: late ? ['take', 'refund'] : ['take'] };
}

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
