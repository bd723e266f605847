import { expect, test } from 'vitest';
import { onAlert, onSlash } from '../../src/lib/acts';

const [raiser, member, other] = ['0xA1', '0xB2', '0xC3'] as const;
const alert = (status: number, more: object = {}) => ({ status, raiser, bondClaimed: false, tally: { endorsing: 1n, revoking: 0n, total: 4n, endorsers: [raiser], revokers: [] }, ...more });
const tally = (endorsing: bigint, revoking: bigint) => ({ tally: { endorsing, revoking, total: 4n, endorsers: [member], revokers: [member] } });

test('members vote for an alert while it is pending, and against it as long as its bond is at stake', () => {
  const acts = [0, 1, 2, 3, 4, 5].map((status) => onAlert(alert(status), member, 1));
  expect(acts).toEqual([[], ['endorse', 'revoke'], ['revoke'], [], ['revoke'], ['revoke']]);
  expect(onAlert(alert(5, { bondClaimed: true }), member, 1)).toEqual([]);
  expect(onAlert(alert(1), other, 0)).toEqual([]);
});

test('a vote is given once, and counted again when weights have changed so that it suffices', () => {
  expect(onAlert(alert(1, tally(2n, 2n)), '0xb2', 1)).toEqual([]);
  expect(onAlert(alert(1, tally(3n, 2n)), member, 1)).toEqual(['endorseAgain']);
  expect(onAlert(alert(2, tally(3n, 3n)), member, 1)).toEqual(['revokeAgain']);
});

test('the bond goes back to who raised it, member or not', () => {
  expect(onAlert(alert(5), '0xa1', 0)).toEqual(['claimBond']);
  expect(onAlert(alert(4), raiser, 1)).toEqual(['revoke', 'claimBond']);
  expect(onAlert(alert(2), raiser, 0)).toEqual([]);
  expect(onAlert(alert(5, { bondClaimed: true }), raiser, 0)).toEqual([]);
});

test('a slash is appealed by who answers for it, judged by members, and settled by anybody', () => {
  const slash = (more: object = {}) => ({ state: 'pending' as const, settlesAt: 9, appellant: null, ...more });
  const appealed = slash({ appellant: raiser });
  const nobody = { answers: false, weight: 0, approved: false };
  const [owner, voter] = [{ ...nobody, answers: true }, { ...nobody, weight: 1 }];
  expect([onSlash(slash(), 8, owner), onSlash(slash(), 8, voter), onSlash(slash(), 8, nobody)]).toEqual(['appeal', null, null]);
  expect([onSlash(appealed, 8, owner), onSlash(appealed, 8, voter), onSlash(appealed, 8, { ...voter, approved: true })]).toEqual([null, 'approve', null]);
  expect([onSlash(slash(), 9, nobody), onSlash(appealed, 9, voter)]).toEqual(['settle', 'settle']);
  for (const state of ['settled', 'reversed', 'none'] as const) expect(onSlash(slash({ state }), 9, owner)).toBeNull();
});
