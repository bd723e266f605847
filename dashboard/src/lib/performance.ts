// How operators did, epoch by epoch: who made blocks and who signed them, from a sample of final blocks. Neither ever changes, so each
// block of the sample is asked for once.
import { headers, Memory } from './blocks';
import { views } from './live';
import { STAKING } from './modules';
import { batch, HUB } from './rpc';
import type { Hex } from './types';

/** Blocks of an epoch that are looked at, and epochs. */
export const SAMPLE = 32;
export const EPOCHS = 5;
/** So far below the head, a block that has no certificate of its own keeps to that: one of a later block made it final. */
const SETTLED = 16;

export interface Bounds {
  epoch: number;
  first: number;
  last: number;
}

/** Blocks 1 to the end of epoch 0 are the first epoch: block 0 is the genesis. */
export const bounds = (now: Bounds, epoch: number): Bounds => {
  const back = (now.epoch - epoch) * (now.last - now.first + 1);
  return { epoch, first: Math.max(1, now.first - back), last: now.last - back };
};

/** The newest epochs up to this one, newest first. */
export const epochs = (now: Bounds, most = EPOCHS): Bounds[] => Array.from({ length: Math.min(most, now.epoch + 1) }, (_, back) => bounds(now, now.epoch - back));

/** Blocks at fixed places of an epoch, as far as they are there: where the head is does not move them. */
export function sample({ first, last }: Bounds, head: number, oldest: number): number[] {
  const step = Math.max(1, Math.floor((last - first + 1) / SAMPLE));
  return Array.from({ length: SAMPLE }, (_, index) => first + index * step).filter((number) => number <= Math.min(last, head) && number >= oldest);
}

export interface Seat {
  operatorId: bigint;
  key: Hex;
  stake: bigint;
}

/** Who made a block, and who signed it. */
export interface Witnessed {
  proposer: Hex;
  signers: Hex[];
}

export interface OperatorInEpoch {
  stake: bigint;
  made: number;
  signed: number;
}

export interface EpochPerformance extends Bounds {
  sampled: number;
  byOperator: Map<number, OperatorInEpoch>;
}

/** Counts what the seats of a committee did in these blocks. */
export function tally(bounds: Bounds, seats: readonly Seat[], blocks: readonly Witnessed[]): EpochPerformance {
  const byOperator = new Map<number, OperatorInEpoch>();
  const byKey = new Map<string, OperatorInEpoch>();
  for (const { operatorId, key, stake } of seats) {
    const of = { stake, made: 0, signed: 0 };
    byOperator.set(Number(operatorId), of);
    byKey.set(key.toLowerCase(), of);
  }
  for (const { proposer, signers } of blocks) {
    const made = byKey.get(proposer.toLowerCase());
    if (made) made.made += 1;
    for (const signer of new Set(signers.map((key) => key.toLowerCase()))) {
      const signed = byKey.get(signer);
      if (signed) signed.signed += 1;
    }
  }
  return { ...bounds, sampled: blocks.length, byOperator };
}

/** Who made and signed a block; null where the node has no certificate of it. */
const remembered = new Memory<Witnessed | null>();

/** What is known of these blocks. One that is far below the head and has no certificate never gets one: it is not asked for again. */
async function witnessed(numbers: number[], head: number, signal?: AbortSignal): Promise<Witnessed[]> {
  const known = new Map<number, Witnessed | null>();
  for (const number of numbers) {
    const held = remembered.get(String(number));
    if (held !== undefined) known.set(number, held);
  }
  const missing = numbers.filter((number) => !known.has(number));
  const [blocks, certificates] = await Promise.all([
    headers(HUB, missing, signal),
    batch<{ signers: Hex[] } | null>(HUB, missing.map((number) => ['hansa_getCertificate', [`0x${number.toString(16)}`]]), signal),
  ]);
  const found = new Map(blocks.map((block) => [Number(block.number), block]));
  missing.forEach((number, index) => {
    const [block, certificate] = [found.get(number), certificates[index]];
    // What failed may go well the next time.
    if (!block || certificate === undefined || certificate instanceof Error) return;
    const of = certificate && block.proposer ? { proposer: block.proposer, signers: certificate.signers } : null;
    known.set(number, of);
    if (of || number + SETTLED <= head) remembered.set(String(number), of);
  });
  return numbers.flatMap((number) => known.get(number) ?? []);
}

/** Fixed before their epoch begins. */
const seated = new Memory<Seat[]>();

/** The committees of these epochs that the node knows. */
async function committees(of: number[], signal?: AbortSignal): Promise<Map<number, Seat[]>> {
  const missing = of.filter((epoch) => !seated.get(String(epoch)));
  const answers = missing.length > 0 ? await views(HUB, missing.map((epoch) => ({ ...STAKING, name: 'committeeOf', args: [BigInt(epoch)] })), signal) : [];
  missing.forEach((epoch, index) => {
    const answer = answers[index];
    const seats = Array.isArray(answer) ? (answer[1] as Seat[]) : [];
    if (seats.length > 0) seated.set(String(epoch), seats);
  });
  return new Map(of.flatMap((epoch) => {
    const seats = seated.get(String(epoch));
    return seats ? [[epoch, seats] as const] : [];
  }));
}

/** The newest epochs, newest first. */
export async function performance(now: Bounds, head: number, oldest: number, signal?: AbortSignal): Promise<EpochPerformance[]> {
  const out: EpochPerformance[] = [];
  const all = epochs(now);
  const seats = await committees(all.map(({ epoch }) => epoch), signal);
  for (const bounds of all) {
    const committee = seats.get(bounds.epoch);
    if (committee) out.push(tally(bounds, committee, await witnessed(sample(bounds, head, oldest), head, signal)));
  }
  return out;
}
