// Publishers as feeds: what came from each, how often, and whether it still comes as it used to.
import type { Entry } from './exchange';
import { median } from './health';
import type { Hex } from './types';

/** A feed whose newest object is older than this many of its usual intervals is late, and quiet after more. */
const LATE = 4;
const QUIET = 12;
/** Nobody is late before this, ms: some publish in bursts. */
const PATIENCE_MS = 3_600_000;
/** Without a rhythm that is known, this is long, ms. */
const LONG_MS = 7 * 86_400_000;
const DAY_MS = 86_400_000;

/** What follows within this, ms, is of one burst. */
const BURST_MS = 60_000;

/** When each burst began, oldest first. */
function bursts(times: number[]): number[] {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted.filter((time, index) => index === 0 || time - (sorted[index - 1] as number) > BURST_MS);
}

export type FeedState = 'fresh' | 'late' | 'quiet';

export interface Feed {
  publisher: Hex;
  /** Versions that are loaded. */
  versions: number;
  /** Of the last day. */
  lastDay: number;
  revoked: number;
  newest: Entry;
  newestMs: number;
  /** Between two bursts of publications, the middle one, ms; null where there was one only. */
  intervalMs: number | null;
  state: FeedState;
}

/** The feeds in these versions, the one that published last first. Versions without a time are left out. */
export function feeds(versions: Entry[], now: number): Feed[] {
  const by = new Map<Hex, Entry[]>();
  for (const entry of versions) {
    if (entry.timeMs === null) continue;
    const key = entry.publisher.toLowerCase() as Hex;
    const list = by.get(key);
    if (list) list.push(entry);
    else by.set(key, [entry]);
  }
  const found = [...by].flatMap(([publisher, entries]): Feed[] => {
    // What comes shortly after another came with it: the rhythm is that of such bursts.
    const times = bursts(entries.map(({ timeMs }) => timeMs as number));
    const gaps = times.slice(1).map((time, index) => time - (times[index] as number));
    const newest = entries.reduce((best, entry) => (entry.block > best.block || (entry.block === best.block && entry.version > best.version) ? entry : best));
    const newestMs = newest.timeMs as number;
    const intervalMs = median(gaps);
    const age = now - newestMs;
    const usual = intervalMs === null ? LONG_MS / LATE : Math.max(intervalMs, PATIENCE_MS / LATE);
    return [
      {
        publisher,
        versions: entries.length,
        lastDay: entries.filter(({ timeMs }) => now - (timeMs as number) <= DAY_MS).length,
        revoked: entries.filter(({ revoked }) => revoked).length,
        newest,
        newestMs,
        intervalMs,
        state: age > QUIET * usual ? 'quiet' : age > LATE * usual ? 'late' : 'fresh',
      },
    ];
  });
  return found.sort((a, b) => b.newestMs - a.newestMs);
}
