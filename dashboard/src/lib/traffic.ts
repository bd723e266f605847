// What went on lately: transactions of each chain, and messages between the hub and each zone, over the last minutes.
import { useNewestBlocks } from './blocks';
import { count, num } from './format';
import { useAsk } from './live';
import { SENT } from './messages';
import { MESSAGES } from './modules';
import { call, type Chain, HUB } from './rpc';
import { scan } from './scan';
import type { Hex, Log, Zone } from './types';

/** "Lately", ms. */
export const LATELY_MS = 5 * 60_000;
/** Messages that are looked for, and blocks in which: a busy chain makes ten each second. */
const MAX_COUNTED = 500;
const SEARCHED = 3_500;
/** Blocks of which transactions are counted. */
const BLOCKS = 120;

/** Messages each way within the last minutes, by zone id. One between two zones counts for both. */
export interface Moved {
  into: number;
  from: number;
}

/** Counts what each chain sent that is younger than `since` (ms). */
export function moved(sent: { chain: Chain; logs: Log[] }[], zones: Zone[], since: number): Map<number, Moved> {
  const out = new Map(zones.map(({ id }) => [id, { into: 0, from: 0 }]));
  const byChainId = new Map(zones.map(({ id, chainId }) => [BigInt(chainId), id]));
  for (const { chain, logs } of sent) {
    const from = out.get(zones.find(({ name }) => name === chain)?.id ?? -1);
    for (const { topics, blockTimestamp } of logs) {
      if (topics[0] !== SENT || !topics[2] || !blockTimestamp || num(blockTimestamp) * 1_000 < since) continue;
      const into = out.get(byChainId.get(BigInt(topics[2])) ?? -1);
      if (from) from.from += 1;
      if (into) into.into += 1;
    }
  }
  return out;
}

export const useMoved = (zones: Zone[] | undefined) =>
  useAsk<Map<number, Moved>>(
    HUB,
    ['moved', zones?.map(({ id, path }) => [id, path])],
    async (signal) => {
      const running = [HUB, ...(zones ?? []).filter(({ path }) => path !== null).map(({ name }) => name)];
      const sent = await Promise.all(
        running.map(async (chain) => {
          const head = num(await call<Hex>(chain, 'eth_blockNumber', [], signal));
          const { logs } = await scan(chain, { address: MESSAGES.to, topics: [SENT] }, MAX_COUNTED, head + 1, Math.max(1, head - SEARCHED), signal);
          return { chain, logs };
        }),
      );
      return moved(sent, zones ?? [], Date.now() - LATELY_MS);
    },
    { enabled: zones !== undefined, on: [MESSAGES.to], alsoOn: (zones ?? []).map(({ name }) => name) },
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
  return rate === 0 ? '0' : rate < 10 ? rate.toFixed(1) : count(rate);
};
