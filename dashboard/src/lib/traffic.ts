// What went on lately: transactions of each chain, and messages between the hub and each zone, over the last minutes.
import { useNewestBlocks } from './blocks';
import { num } from './format';
import { useAsk } from './live';
import { DELIVERED, SENT } from './messages';
import { MESSAGES } from './modules';
import { call, type Chain, HUB } from './rpc';
import { scan } from './scan';
import type { Hex, Log, Zone } from './types';

/** "Lately", ms. */
export const LATELY_MS = 5 * 60_000;
/** Messages that are looked for, and blocks of the hub in which: a busy one makes ten each second. */
const MAX_COUNTED = 500;
const SEARCHED = 3_500;
/** Blocks of which transactions are counted. */
const BLOCKS = 120;

/** Messages each way within the last minutes, by zone id. One between two zones counts where it came from. */
export interface Moved {
  into: number;
  from: number;
}

/** Counts the logs of the module on the hub that are younger than `since` (ms). */
export function moved(logs: Log[], zones: Zone[], since: number): Map<number, Moved> {
  const out = new Map(zones.map(({ id }) => [id, { into: 0, from: 0 }]));
  const byChain = new Map(zones.map(({ id, chainId }) => [BigInt(chainId), id]));
  for (const { topics, blockTimestamp } of logs) {
    if (!blockTimestamp || num(blockTimestamp) * 1_000 < since || !topics[2]) continue;
    // Sent names the destination's chain, Delivered the zone that it came from.
    const id = topics[0] === SENT ? byChain.get(BigInt(topics[2])) : topics[0] === DELIVERED ? num(topics[2]) : undefined;
    const of = id === undefined ? undefined : out.get(id);
    if (!of) continue;
    if (topics[0] === SENT) of.into += 1;
    else of.from += 1;
  }
  return out;
}

export const useMoved = (zones: Zone[] | undefined) =>
  useAsk<Map<number, Moved>>(
    HUB,
    ['moved', zones?.map(({ id }) => id)],
    async (signal) => {
      const head = num(await call<Hex>(HUB, 'eth_blockNumber', [], signal));
      const { logs } = await scan(HUB, { address: MESSAGES.to, topics: [[SENT, DELIVERED]] }, MAX_COUNTED, head + 1, Math.max(1, head - SEARCHED), signal);
      return moved(logs, zones ?? [], Date.now() - LATELY_MS);
    },
    { enabled: zones !== undefined },
  );

export interface Busy {
  transactions: number;
  /** Over how long they were counted, ms: less than the last minutes where blocks come fast. */
  overMs: number;
}

/** The transactions of the newest blocks that are young enough; null before there are any. */
export function busy(blocks: { timestampMs: string; transactions: unknown[] }[], now: number): Busy | null {
  const young = blocks.filter(({ timestampMs }) => now - Number(timestampMs) <= LATELY_MS);
  const oldest = young.at(-1);
  if (!oldest) return blocks.length > 0 ? { transactions: 0, overMs: LATELY_MS } : null;
  const overMs = young.length < blocks.length ? LATELY_MS : Math.max(1_000, now - Number(oldest.timestampMs));
  return { transactions: young.reduce((sum, { transactions }) => sum + transactions.length, 0), overMs };
}

export function useBusy(chain: Chain): Busy | null {
  const { data } = useNewestBlocks(chain, BLOCKS);
  return data ? busy(data, Date.now()) : null;
}

/** Per minute, short. */
export const perMinute = ({ transactions, overMs }: Busy): string => {
  const rate = (transactions * 60_000) / overMs;
  return rate === 0 ? '0' : rate < 10 ? rate.toFixed(1) : Math.round(rate).toLocaleString('en');
};
