import { expect, test } from 'vitest';
import { health, median, standing, stands } from '../../src/lib/health';
import { dateTime } from '../../src/lib/format';
import { t } from '../../src/strings';
import type { Operator, Peer, Status, Zone } from '../../src/lib/types';

const operator = (id: number, key: string, more: Partial<Operator> = {}) => ({ id, name: `operator-${id}`, key, nextKey: null, seat: true, exited: false, bar: 'none', ...more }) as Operator;
const peer = (publicKey: string, connected: boolean) => ({ publicKey, connected }) as Peer;
const status = { syncing: false, operator: { publicKey: '0xA1' } } as unknown as Status;
const zone = (name: string, more: Partial<Zone> = {}) => ({ name, phase: 'active', serves: true, path: `/zones/${name}`, heartbeatMs: 5_000, ...more }) as Zone;
const calm = { now: 100_000, status, headMs: 98_000, operators: [operator(1, '0xa1'), operator(2, '0xb2')], peers: [peer('0xB2', true)], zones: [zone('market')], zoneHeads: [{ name: 'market', headMs: 97_000 }] };

test('a league in order has nothing to say', () => {
  expect(health(calm)).toEqual({ problems: [], operatorsUp: 2, operatorsTotal: 2, chainsUp: 2, chainsTotal: 2 });
});

test('an operator without a session is named', () => {
  const found = health({ ...calm, peers: [peer('0xB2', false)] });
  expect(found.operatorsUp).toBe(1);
  expect(found.problems).toHaveLength(1);
  expect(found.problems[0]).toContain('“operator-2” has no session');
});

test('who has left is not missed, who is barred is told of', () => {
  const left = operator(3, '0xc3', { exited: true, seat: false });
  const barred = operator(2, '0xb2', { bar: 'jailed' });
  const found = health({ ...calm, operators: [operator(1, '0xa1'), barred, left] });
  expect(found.operatorsTotal).toBe(2);
  expect(found.problems.join()).toContain('jailed');
});

test('chains that stand, end or are not here are named', () => {
  expect(health({ ...calm, now: 200_000 }).problems).toHaveLength(2);
  expect(health({ ...calm, zones: [zone('market', { path: null })], zoneHeads: [] }).problems).toHaveLength(1);
  expect(health({ ...calm, zones: [zone('market', { serves: false, path: null })], zoneHeads: [] }).problems).toHaveLength(0);
  expect(health({ ...calm, zones: [zone('market', { phase: 'closing' })] }).problems).toHaveLength(1);
  expect(health({ ...calm, zones: [zone('market', { phase: 'settled' })] })).toMatchObject({ chainsTotal: 1, problems: [] });
});

test('a zone stands once its newest block is much older than its heartbeat', () => {
  const heads = [{ name: 'market', headMs: 100_000 }];
  expect(standing(zone('market'), heads, 115_000)).toBeNull();
  expect(standing(zone('market'), heads, 116_000)).toBe(16_000);
  expect(standing(zone('market', { heartbeatMs: 60_000 }), heads, 116_000)).toBeNull();
  expect(standing(zone('market', { phase: 'stopped' }), heads, 116_000)).toBeNull();
  expect(standing(zone('grid'), heads, 116_000)).toBeNull();
});

test('a zone that does not answer is a problem in words, one whose head is not known yet is none', () => {
  const mute = health({ ...calm, zoneHeads: [{ name: 'market', headMs: null }] });
  expect(mute).toMatchObject({ chainsUp: 1, chainsTotal: 2 });
  expect(mute.problems).toEqual([t.league.problems.zoneMute('market')]);
  expect(health({ ...calm, zoneHeads: [] }).problems).toEqual([]);
  // What has stopped says nothing any more.
  expect(health({ ...calm, zones: [zone('market', { phase: 'stopped' })], zoneHeads: [{ name: 'market', headMs: null }] }).problems).toEqual([t.league.problems.zoneEnds('market', 'stopped')]);
});

test('a zone of which the hub has other blocks than this node is a problem in words, also where it ends', () => {
  const contradiction = { number: '0x4d2', own: `0x${'11'.repeat(32)}`, recorded: `0x${'22'.repeat(32)}` } as const;
  const found = health({ ...calm, zones: [zone('market', { contradiction })] });
  // It makes blocks all the same.
  expect(found).toMatchObject({ chainsUp: 2, chainsTotal: 2 });
  expect(found.problems).toEqual([t.league.problems.zoneContradicted('market', '1,234')]);
  expect(health({ ...calm, zones: [zone('market', { contradiction, phase: 'closing' })] }).problems).toEqual([t.league.problems.zoneEnds('market', 'closing'), t.league.problems.zoneContradicted('market', '1,234')]);
  expect(health({ ...calm, zones: [zone('market', { contradiction: null })] }).problems).toEqual([]);
});

test('rules to come that this node does not know are a problem with its date', () => {
  const upgrade = { startsAt: 1_767_225_600, followed: false };
  expect(health({ ...calm, zones: [zone('market', { upgrade })] }).problems).toEqual([t.league.problems.zoneUpgrade('market', dateTime(1_767_225_600_000))]);
  expect(health({ ...calm, zones: [zone('market', { upgrade: { ...upgrade, followed: true } })] }).problems).toEqual([]);
});

test('the hub stands by its own heartbeat', () => {
  const of = (heartbeatMs?: number) => health({ ...calm, now: 98_000 + 40_000, zones: [], status: { ...status, ...(heartbeatMs ? { heartbeatMs } : {}) } }).problems.length;
  expect([of(), of(5_000), of(10_000), of(20_000)]).toEqual([1, 1, 1, 0]);
});

test('hostile names stay on their line', () => {
  const found = health({ ...calm, operators: [operator(2, '0xff', { name: 'x\u202E\n\nALL IS WELL' })] });
  expect(found.problems[0]).not.toMatch(/[\u202E\n]/);
});

test('three heartbeats, and fifteen seconds at least', () => {
  expect(stands(15_000, 0, 1_000)).toBe(false);
  expect(stands(15_001, 0, 1_000)).toBe(true);
  expect(stands(20_000, 0, 10_000)).toBe(false);
  expect(median([])).toBeNull();
  expect(median([9, 1, 5])).toBe(5);
});
