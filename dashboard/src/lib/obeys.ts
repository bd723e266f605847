// Since when a chain obeys: its first block after a moment whose state says so.
import { decodeEventLog, decodeFunctionResult, encodeEventTopics } from 'viem/utils';
import { errors } from '../strings/errors';
import { headers } from './blocks';
import { Told } from './errors';
import { viewCall } from './live';
import { GUARD } from './modules';
import { all, call, type Chain, HUB } from './rpc';
import { scan } from './scan';
import type { Header, Hex } from './types';

/** Blocks that are looked at. */
export const LOOKED_AT = 100;
/** An alert has at most 64 targets, each with a start, a full start and an end. */
const MOST_LOGS = 192;
/** Clocks of operators differ: a chain's block may bear an earlier time than the hub's block that it names, ms. */
const SKEW_MS = 1_000;

/** A directive as the chain itself has it (IGuard.Directive). */
export interface Directive {
  alertId: bigint;
  until: bigint;
}

/** The first number from `low` to `high` for which it holds; `high + 1` for none. */
export async function firstNumber(low: number, high: number, holds: (number: number) => Promise<boolean>): Promise<number> {
  let [from, to] = [low, high + 1];
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (await holds(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}

/** The first block of a chain with this time or a later one, by number; the one after its head for none. */
export async function firstSince(chain: Chain, ms: number, oldest: number, signal?: AbortSignal): Promise<number> {
  const head = Number(await call<Hex>(chain, 'eth_blockNumber', [], signal));
  return firstNumber(oldest, head, async (number) => {
    const [block] = await headers(chain, [number], signal);
    if (!block) throw new Told(errors.noBlock(number, chain), errors.known.old[1]);
    return Number(block.timestampMs) >= ms;
  });
}

/** The first block after this moment in whose state the directives against the target are as `holds` says; null for none among those that are looked at. */
export async function firstObeying(chain: Chain, target: Hex, sinceMs: number, holds: (of: readonly Directive[]) => boolean, oldest = 1, signal?: AbortSignal): Promise<Header | null> {
  const head = Number(await call<Hex>(chain, 'eth_blockNumber', [], signal));
  const first = await firstSince(chain, sinceMs - SKEW_MS, oldest, signal);
  const numbers = Array.from({ length: Math.max(0, Math.min(LOOKED_AT, head - first + 1)) }, (_, index) => first + index);
  const answers = await all<Hex>(chain, numbers.map((number) => viewCall({ ...GUARD, name: 'directives', args: [target] }, `0x${number.toString(16)}`)), signal);
  const index = answers.findIndex((data) => holds(decodeFunctionResult({ abi: GUARD.abi, functionName: 'directives', data }) as Directive[]));
  const number = numbers[index];
  return number === undefined ? null : ((await headers(chain, [number], signal))[0] ?? null);
}

/** What the hub decided on an alert's directives, one for each of its blocks that did. */
export interface Decision {
  block: Header;
  transaction: Hex;
  target: Hex;
  kind: 'provisional' | 'issued' | 'ended';
  until: bigint;
}

const topic = (eventName: string): Hex => encodeEventTopics({ abi: GUARD.abi, eventName })[0] as Hex;
const [ISSUED, ENDED] = [topic('DirectiveIssued'), topic('DirectiveEnded')];

/** Decisions on an alert, oldest first. */
export async function decisions(alertId: bigint, raisedMs: number, oldest: number, signal?: AbortSignal): Promise<Decision[]> {
  const from = await firstSince(HUB, raisedMs, oldest, signal);
  const { logs } = await scan(HUB, { address: GUARD.to, topics: [[ISSUED, ENDED], `0x${alertId.toString(16).padStart(64, '0')}`] }, MOST_LOGS, null, from, signal);
  const out: Decision[] = [];
  for (const log of logs.reverse()) {
    const { eventName, args } = decodeEventLog({ abi: GUARD.abi, topics: log.topics as [Hex, ...Hex[]], data: log.data }) as unknown as { eventName: string; args: { target: Hex; until?: bigint; provisional?: boolean } };
    const kind = eventName === 'DirectiveEnded' ? 'ended' : args.provisional ? 'provisional' : 'issued';
    // One transaction decides on all targets at once: the first stands for them.
    if (out.at(-1)?.transaction === log.transactionHash && out.at(-1)?.kind === kind) continue;
    const [block] = await headers(HUB, [Number(log.blockNumber)], signal);
    if (block) out.push({ block, transaction: log.transactionHash, target: args.target, kind, until: args.until ?? 0n });
  }
  return out;
}

/** Whether directives are as a decision wants them; one that follows another only where it holds for longer. */
export const follows = (alertId: bigint, { kind }: Pick<Decision, 'kind'>, before: Pick<Decision, 'until'> | undefined) => (of: readonly Directive[]): boolean => {
  const mine = of.filter((directive) => directive.alertId === alertId);
  return kind === 'ended' ? mine.length === 0 : mine.some(({ until }) => until > (before?.until ?? 0n));
};
