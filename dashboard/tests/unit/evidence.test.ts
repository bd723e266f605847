import { encodeAbiParameters, encodeEventTopics, encodeFunctionData } from 'viem/utils';
import { expect, test } from 'vitest';
import { contradiction, decodeEvidence, evidenceIn, evidenceWithin, MalformedEvidence, MAX_EVIDENCE_BYTES } from '../../src/lib/evidence';
import { GUARD, STAKING } from '../../src/lib/modules';
import type { Hex, Log, Trace } from '../../src/lib/types';
import { approvals } from '../../src/pages/stake-parts/appeal';
import committed from '../../../crates/modules/vectors/evidence.txt?raw';

/** What consensus itself encodes: a test of hansa-modules keeps the file right. */
const vectors = committed
  .split('\n')
  .filter((line) => line && !line.startsWith('#'))
  .map((line) => line.split(' ') as [string, string, string, `0x${string}`]);

const block = (byte: number): string => `0x${byte.toString(16).padStart(2, '0').repeat(32)}`;
const hex = (bytes: number[]): string => `0x${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
const repeat = (byte: number, count: number): number[] => Array<number>(count).fill(byte);

/** A vote as bytes. */
const vote = ({ epoch = [3], view = [7], parent = [6], of = 1, signer = [2] } = {}): number[] => [...epoch, ...view, ...parent, ...repeat(of, 32), ...signer, ...repeat(9, 64)];
const pair = (one = vote(), other = vote({ of: 2 })): string => hex([...one, ...other]);

test('what consensus encodes is read, each kind', () => {
  expect(vectors.map(([kind]) => kind)).toEqual(['0', '1', '2', '0']);
  for (const [kind, epoch, signer, evidence] of vectors) {
    const [one, other] = decodeEvidence(Number(kind), evidence);
    const kinds = { '0': ['notarize', 'notarize'], '1': ['finalize', 'finalize'], '2': ['nullify', 'finalize'] }[kind];
    expect([one.kind, other.kind]).toEqual(kinds);
    for (const of of [one, other]) expect([of.epoch, of.view, of.signer, of.signature.length]).toEqual([BigInt(epoch), 7n, Number(signer), 130]);
    expect([one.parent, one.block]).toEqual(kind === '2' ? [null, null] : [6n, block(1)]);
    expect([other.parent, other.block]).toEqual([6n, block(kind === '2' ? 1 : 2)]);
    expect(one.signature).not.toBe(other.signature);
  }
});

test('each contradiction has its word', () => {
  const of = (kind: number, evidence = pair()): string => contradiction(decodeEvidence(kind, evidence));
  const parents = pair(vote(), vote({ parent: [5] }));
  expect([of(0), of(1), of(0, parents), of(1, parents)]).toEqual(['blocks', 'finals', 'parents', 'finalParents']);
  expect(of(2, hex([3, 7, 2, ...repeat(9, 64), ...vote()]))).toBe('gaveUp');
});

test('numbers are read up to their largest, and in their shortest form only', () => {
  const epochs = (epoch: number[]): bigint => decodeEvidence(0, pair(vote({ epoch }), vote({ epoch, of: 2 })))[0].epoch;
  expect(epochs([0x7f])).toBe(127n);
  expect(epochs([0x80, 0x01])).toBe(128n);
  expect(epochs([...repeat(0xff, 9), 0x01])).toBe(2n ** 64n - 1n);
  for (const [epoch, why] of [[[...repeat(0xff, 9), 0x02], 'more than 64 bits'], [repeat(0xff, 10), 'more than 64 bits'], [[0x80, 0x00], 'longer than it need be']] as const) expect(() => epochs([...epoch])).toThrow(why);
  const signers = (signer: number[]): number => decodeEvidence(0, pair(vote({ signer }), vote({ signer, of: 2 })))[0].signer;
  expect(signers([...repeat(0xff, 4), 0x0f])).toBe(2 ** 32 - 1);
  expect(() => signers([...repeat(0xff, 4), 0x1f])).toThrow('more than 32 bits');
});

test('what is no evidence is refused, with the reason', () => {
  const refused: [number, string, string][] = [
    [3, pair(), 'no kind 3'],
    [0, '0x', 'ends within a number'],
    [0, '0xzz', 'not hexadecimal'],
    [0, pair().slice(0, -1), 'not hexadecimal'],
    [0, pair().slice(0, -2), 'ends within a signature'],
    [0, hex(vote()), 'ends within a number'],
    [0, hex(vote().slice(0, 20)), 'ends within a block’s hash'],
    [0, `${pair()}00`, '1 bytes follow'],
    [0, pair(vote(), vote()), 'both votes say the same'],
    [0, pair(vote(), vote({ of: 2, signer: [1] })), 'different signers'],
    [0, pair(vote(), vote({ of: 2, view: [8] })), 'different views'],
    [0, pair(vote(), vote({ of: 2, epoch: [4] })), 'different views'],
    [2, pair(), 'follow the two votes'],
    [0, `0x${'00'.repeat(MAX_EVIDENCE_BYTES + 1)}`, `${MAX_EVIDENCE_BYTES} at most`],
  ];
  for (const [kind, evidence, why] of refused) {
    expect(() => decodeEvidence(kind, evidence), why).toThrow(MalformedEvidence);
    expect(() => decodeEvidence(kind, evidence)).toThrow(why);
  }
  expect(() => decodeEvidence(0, `0x${'00'.repeat(MAX_EVIDENCE_BYTES)}`)).not.toThrow('at most');
});

test('evidence is found in what hands it to staking, and nowhere else', () => {
  const evidence = pair() as `0x${string}`;
  const call = (functionName: string, args: unknown[]) => encodeFunctionData({ abi: STAKING.abi, functionName, args });
  expect(evidenceIn(STAKING.to, call('submitEvidence', [1, evidence]))).toEqual({ kind: 1, evidence });
  expect(evidenceIn(STAKING.to, call('submitZoneEvidence', [4n, 2, evidence]))).toEqual({ kind: 2, evidence });
  expect(evidenceIn(STAKING.to, call('withdraw', [1n]))).toBeNull();
  expect(evidenceIn(GUARD.to, call('submitEvidence', [1, evidence]))).toBeNull();
  expect(evidenceIn(null, '0x')).toBeNull();
});

test('evidence of a slash is found in the calls inside of a transaction, by the number that staking answered with', () => {
  const word = (number: number): Hex => `0x${number.toString(16).padStart(64, '0')}`;
  const [one, other] = [pair() as Hex, pair(vote(), vote({ of: 3 })) as Hex];
  const submits = (evidence: Hex, output: Hex, more: Partial<Trace> = {}): Trace => ({ type: 'CALL', from: '0x', to: STAKING.to, gasUsed: '0x1', input: encodeFunctionData({ abi: STAKING.abi, functionName: 'submitEvidence', args: [0, evidence] }), output, ...more });
  const by = (...calls: Trace[]): Trace => ({ type: 'CALL', from: '0x', to: GUARD.to, gasUsed: '0x1', input: '0x', output: word(8), calls });
  expect(evidenceWithin(by(submits(other, word(7)), by(submits(one, word(8)))), 8)).toEqual({ kind: 0, evidence: one });
  expect(evidenceWithin(by(submits(other, word(7))), 8)).toBeNull();
  // What was undone raised nothing, however deep it is.
  expect(evidenceWithin(by(submits(one, word(8), { error: 'execution reverted' })), 8)).toBeNull();
  expect(evidenceWithin(by({ ...by(submits(one, word(8))), error: 'out of gas' }), 8)).toBeNull();
  expect(evidenceWithin(by(submits(one, '0x')), 8)).toBeNull();
});

test('approvals are all there where the appeal itself is among what was read', () => {
  const member = (number: number): Hex => `0x${number.toString(16).padStart(40, '0')}`;
  const log = (eventName: string, args: object, types: { type: string }[], values: unknown[]): Log => ({ address: STAKING.to, topics: encodeEventTopics({ abi: STAKING.abi, eventName, args }), data: encodeAbiParameters(types, values) }) as unknown as Log;
  const approved = (by: number, approving: bigint): Log => log('AppealApproved', { slashId: 1n, member: member(by) }, [{ type: 'uint64' }, { type: 'uint64' }], [approving, 4n]);
  const appealed = log('SlashAppealed', { slashId: 1n, appellant: member(9) }, [{ type: 'uint256' }, { type: 'uint64' }], [5n, 3n]);
  expect(approvals([approved(2, 2n), approved(1, 1n), appealed])).toMatchObject({ members: [member(2), member(1)], approving: 2, total: 4, whole: true });
  expect(approvals([approved(2, 2n)])).toMatchObject({ approving: 2, whole: false });
  expect(approvals([appealed])).toEqual({ members: [], approving: 0, total: 0, whole: true });
  expect(approvals([])).toMatchObject({ members: [], whole: false });
});
