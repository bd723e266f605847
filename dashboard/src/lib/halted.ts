// Zones that the hub hears nothing of: when one counts as halted, and from when on the league can let it go on. The hub counts that in its own
// blocks (crates/modules/src/zones/reseeds.rs): time passes also while the hub itself stands.
import { encodeFunctionData } from 'viem/utils';
import { type BlockHead, useNewestBlocks } from './blocks';
import { decodeError } from './decode';
import { num } from './format';
import { terms } from './league';
import { useAsk, useRpc, viewsOrFail } from './live';
import { ZONES } from './modules';
import { call, HUB, RpcError } from './rpc';
import { useStream } from './stream';
import type { Hex, Zone } from './types';
import type { Intent } from './wallet';

/** Blocks that the hub's pace is taken from. */
const PACED = 40;

/** It closes because the hub had no checkpoint of it for too long. */
export const isHalted = ({ phase, reason }: Pick<Zone, 'phase' | 'reason'>): boolean => phase === 'closing' && reason === 'halted';

/** Heights of the hub from which on a halted zone can be reseeded, and stopped instead. */
export interface Heights {
  reseedsAt: number;
  stopsAt: number;
}

/** hansa_zones does not tell them. */
export const useHeights = (zone: Zone) =>
  useAsk<Heights>(
    HUB,
    ['zone-heights', zone.id],
    async (signal) => {
      const [answer] = await viewsOrFail(HUB, [{ ...ZONES, name: 'zone', args: [BigInt(zone.id)] }], signal);
      const { reseedsAt, stopsAt } = answer as Record<keyof Heights, bigint>;
      return { reseedsAt: Number(reseedsAt), stopsAt: Number(stopsAt) };
    },
    { on: [ZONES.to], enabled: isHalted(zone) },
  );

export interface Pace {
  head: number;
  headMs: number;
  /** Between two blocks; null where there are too few to tell. */
  blockMs: number | null;
}

/** The pace of a chain by its newest blocks, newest first. */
export function pace(blocks: Pick<BlockHead, 'number' | 'timestampMs'>[]): Pace | null {
  const [newest, oldest] = [blocks[0], blocks.at(-1)];
  if (!newest || !oldest) return null;
  const [made, tookMs] = [num(newest.number) - num(oldest.number), num(newest.timestampMs) - num(oldest.timestampMs)];
  return { head: num(newest.number), headMs: num(newest.timestampMs), blockMs: made > 0 ? tookMs / made : null };
}

export function useHubPace(): Pace | null {
  const { data } = useNewestBlocks(HUB, PACED);
  return data ? pace(data) : null;
}

/** When the hub will about have this block, ms; null where it has it, or nobody can tell. */
export const expectedMs = (height: number, { head, headMs, blockMs }: Pace): number | null => (height <= head || blockMs === null ? null : headMs + (height - head) * blockMs);

/** The preview of what is sent runs in the hub's newest block. */
export const isDue = (height: number, { head }: Pace): boolean => head >= height;

const on = (functionName: 'reseed' | 'halt', { id }: Zone): Intent & { data: Hex } => ({ chain: HUB, to: ZONES.to, data: encodeFunctionData({ abi: ZONES.abi, functionName, args: [BigInt(id)] }) });
export const reseedIntent = (zone: Zone): Intent => on('reseed', zone);
export const haltIntent = (zone: Zone): Intent => on('halt', zone);

/** When the hub last heard of a zone, as far as the list of zones tells, seconds since 1970. */
export const heardAt = ({ checkpoint, timestamp }: Pick<Zone, 'checkpoint' | 'timestamp'>): number => checkpoint?.recordedTime ?? timestamp;

/** From when on anybody can say that a zone has halted, seconds since 1970, and 0 for now: the hub refuses it before and says when. Null where it is no question. */
export async function haltsAt(zone: Zone, signal?: AbortSignal): Promise<number | null> {
  const { to, data } = on('halt', zone);
  try {
    await call(HUB, 'eth_call', [{ to, data }, 'latest'], signal);
    return 0;
  } catch (error) {
    const why = error instanceof RpcError && typeof error.data === 'string' ? decodeError(HUB, to, error.data as Hex) : null;
    if (!why) throw error;
    return why.name === 'NotSilent' ? Number(why.arguments.find(({ name }) => name === 'haltedAt')?.value) : null;
  }
}

export type Silence = { is: 'heard' } | { is: 'quiet'; haltsAtMs: number } | { is: 'silent' };

/** How long the hub has been waiting for a zone at one of its blocks, whose seconds are what counts: it is quiet once half of the time that it may be silent is over. Checkpoints come much more often. */
export function silence(hubMs: number, heard: number, halts: number | null | undefined): Silence {
  if (halts === null || halts === undefined) return { is: 'heard' };
  const [heardMs, haltsAtMs] = [heard * 1_000, halts * 1_000];
  if (Math.floor(hubMs / 1_000) > halts) return { is: 'silent' };
  return hubMs - heardMs > (haltsAtMs - heardMs) / 2 ? { is: 'quiet', haltsAtMs } : { is: 'heard' };
}

/** The hub is asked only once half of a zone's time of notice is over: it waits for the whole of it at least. */
export function useSilence(zone: Zone): Silence {
  const { head } = useStream(HUB);
  const hubMs = num(head?.timestampMs);
  const heard = heardAt(zone);
  const isOpen = zone.phase === 'registered' || zone.phase === 'active';
  const isLate = hubMs > (heard + (terms(zone).noticeSeconds ?? 0) / 2) * 1_000;
  const halts = useAsk<number | null>(HUB, ['halts-at', zone.id], (signal) => haltsAt(zone, signal), { on: [ZONES.to], enabled: isOpen && isLate });
  return isOpen && isLate ? silence(hubMs, heard, halts.data) : { is: 'heard' };
}

/** Where a zone was reseeded: its blocks from `firstBlock` on are of that epoch or a later one. */
export interface Reseed {
  firstBlock: Hex;
  epoch: number;
  parent: Hex;
}

/** Newest first. */
export function useReseeds(zone: Zone | null): Reseed[] {
  const { data } = useRpc<{ reseeds?: Reseed[] } | null>(HUB, 'hansa_zone', [zone?.name], { on: [ZONES.to], enabled: zone !== null });
  return [...(data?.reseeds ?? [])].reverse();
}
