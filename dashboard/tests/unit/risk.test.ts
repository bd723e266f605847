import { expect, test } from 'vitest';
import { together } from '../../src/lib/risk';
import type { Delegation, Hex } from '../../src/lib/types';

const ETHER = 10n ** 18n;
const hex = (ether: bigint): Hex => `0x${(ether * ETHER).toString(16)}`;
const signed = (bps: number) => ({ conflictingNotarize: bps, conflictingFinalize: bps * 2, nullifyAndFinalize: bps });
const position = (operatorId: number, lots: [ether: bigint, from: number][]): Delegation => ({ operatorId, name: '', amount: hex(lots.reduce((sum, [ether]) => sum + ether, 0n)), lots: lots.map(([ether, from]) => ({ amount: hex(ether), from })), unbonding: [], rewards: '0x0', maxLossBps: signed(500), autoRestake: false });
const preview = (...losses: bigint[]) => losses.map((loss, index) => ({ operatorId: index + 1, name: '', amount: '0x0' as Hex, loss: hex(loss) }));

test('the fault that costs most, over all operators that fail together', () => {
  const positions = [position(1, [[100n, 1]]), position(2, [[100n, 1]])];
  expect(together([preview(5n, 1n), preview(2n, 3n), preview(0n, 7n)], positions, 4)).toEqual({ kind: 2, loss: 7n * ETHER, soon: null });
  expect(together([preview(5n, 1n), preview(9n, 3n), preview(0n, 7n)], positions, 4)).toMatchObject({ kind: 1, loss: 12n * ETHER });
});

test('what does not count yet counts later, up to what was signed', () => {
  // 40 of the first and 10 of the second come to count; each kind has its own limit.
  const positions = [position(1, [[100n, 1], [40n, 5]]), position(2, [[10n, 6]])];
  expect(together([preview(5n, 0n), preview(4n, 0n), preview(5n, 0n)], positions, 4)).toEqual({ kind: 0, loss: 5n * ETHER, soon: { epoch: 6, loss: 9n * ETHER } });
  expect(together([preview(0n), preview(0n), preview(0n)], [position(1, [[7n, 5]])], 4)).toMatchObject({ loss: 0n, soon: { epoch: 5, loss: (7n * ETHER) / 10n } });
});

test('a loss that the node does not tell is none that can be added', () => {
  const [one] = preview(1n);
  const { loss: _, ...without } = one!;
  expect(() => together([[without]], [position(1, [])], 1)).toThrow();
});
