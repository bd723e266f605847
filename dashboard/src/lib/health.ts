// What is wrong with the league as seen from this node, in words.
import { t } from '../strings';
import { count, dateTime, duration, num } from './format';
import { line, quoted } from './safe';
import type { Operator, Peer, Status, Zone } from './types';

/** A chain stands when it made no block for so many of its heartbeats, and this long at least. */
const MISSED_HEARTBEATS = 3;
const STANDS_MS = 15_000;
/** An idle hub makes a block this often where its node does not say how often. */
const HUB_HEARTBEAT_MS = 5_000;

export interface ZoneHead {
  name: string;
  /** When its newest block was made, ms; null where it does not answer. */
  headMs: number | null;
}

export interface Seen {
  /** As of when all else was seen, ms: not later than when the node was lost. */
  now: number;
  status: Status | undefined;
  /** When the hub's newest block was made, ms. */
  headMs: number | null;
  operators: Operator[];
  peers: Peer[];
  zones: Zone[];
  zoneHeads: ZoneHead[];
}

export interface Health {
  problems: string[];
  operatorsUp: number;
  operatorsTotal: number;
  chainsUp: number;
  chainsTotal: number;
}

export const hubHeartbeatMs = (status: Status | undefined): number => status?.heartbeatMs ?? HUB_HEARTBEAT_MS;

export const stands = (now: number, headMs: number, heartbeatMs: number): boolean => now - headMs > Math.max(STANDS_MS, MISSED_HEARTBEATS * heartbeatMs);

/** For how long a zone that should make blocks has made none, ms, where that is much longer than its heartbeat. */
export function standing(zone: Zone, heads: ZoneHead[], now: number): number | null {
  const head = heads.find(({ name }) => name === zone.name)?.headMs ?? null;
  if (head === null || zone.path === null || zone.phase === 'stopped' || zone.phase === 'settled') return null;
  return stands(now, head, zone.heartbeatMs ?? zone.terms?.heartbeatMs ?? 5_000) ? now - head : null;
}

/** Whether a zone that this node runs, and that has not ended, does not answer. */
export const isMute = (zone: Zone, heads: ZoneHead[]): boolean => zone.path !== null && zone.phase !== 'stopped' && zone.phase !== 'settled' && heads.find(({ name }) => name === zone.name)?.headMs === null;

/** An operator that takes part, or wants to. */
const serves = ({ exited, seat }: Operator): boolean => !exited || seat;

/** Up: this node itself, or one that this node has a session with. */
export function isUp(operator: Operator, status: Status | undefined, peers: Peer[]): boolean {
  const keys = [operator.key, operator.nextKey].filter(Boolean).map((key) => key?.toLowerCase());
  const own = status?.operator?.publicKey.toLowerCase();
  return keys.includes(own ?? '') || peers.some(({ publicKey, connected }) => connected && keys.includes(publicKey.toLowerCase()));
}

export function health({ now, status, headMs, operators, peers, zones, zoneHeads }: Seen): Health {
  const problems: string[] = [];
  const hubStands = headMs !== null && stands(now, headMs, hubHeartbeatMs(status));
  if (hubStands && headMs !== null) problems.push(t.league.problems.noBlocks(duration(now - headMs)));
  if (status?.syncing) problems.push(t.league.problems.syncing);
  const serving = operators.filter(serves);
  let operatorsUp = 0;
  for (const operator of serving) {
    if (isUp(operator, status, peers)) operatorsUp += 1;
    else problems.push(t.league.problems.operatorDown(quoted(operator.name, 40)));
    if (operator.bar !== 'none') problems.push(t.league.problems.operatorBarred(quoted(operator.name, 40), operator.bar));
  }
  const running = zones.filter(({ phase }) => phase !== 'settled');
  let chainsUp = hubStands ? 0 : 1;
  for (const zone of running) {
    const name = line(zone.name, 40);
    const head = zoneHeads.find((of) => of.name === zone.name)?.headMs;
    const still = standing(zone, zoneHeads, now);
    if (zone.phase === 'closing' && zone.reason === 'halted') problems.push(t.league.problems.zoneHalted(name));
    else if (zone.phase === 'closing' || zone.phase === 'stopped') problems.push(t.league.problems.zoneEnds(name, zone.phase));
    if (zone.upgrade && !zone.upgrade.followed) problems.push(t.league.problems.zoneUpgrade(name, dateTime(zone.upgrade.startsAt * 1_000)));
    if (zone.contradiction) problems.push(t.league.problems.zoneContradicted(name, count(num(zone.contradiction.number))));
    if (zone.path === null && zone.serves) problems.push(t.league.problems.zoneNotHere(name));
    else if (isMute(zone, zoneHeads)) problems.push(t.league.problems.zoneMute(name));
    else if (still !== null) problems.push(t.league.problems.zoneStands(name, duration(still)));
    else if (head !== null) chainsUp += 1;
  }
  return { problems, operatorsUp, operatorsTotal: serving.length, chainsUp, chainsTotal: running.length + 1 };
}

/** The middle of some numbers. */
export function median(of: number[]): number | null {
  if (of.length === 0) return null;
  const sorted = [...of].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}
