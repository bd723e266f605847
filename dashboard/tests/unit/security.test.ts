import { expect, test } from 'vitest';
import { security, times } from '../../src/lib/security';

test('a zone that holds more than answers for it is told, and one that holds nothing has no ratio', () => {
  expect(security({ answers: '0x2', stake: '0x4', locked: '0x8' })).toEqual({ answers: 2n, stake: 4n, value: 8n, ratio: 25n, exceeds: true });
  expect(security({ answers: '0x8', stake: '0x9', locked: '0x8' })).toMatchObject({ ratio: 100n, exceeds: false });
  expect(security({ answers: '0x8', stake: '0x9', locked: '0x0' })).toMatchObject({ ratio: null, exceeds: false });
});

test('ratios are short', () => {
  expect([0n, 25n, 100n, 9_999n, 1_234_567n].map(times)).toEqual(['<0.01 ×', '0.25 ×', '1.00 ×', '99.99 ×', '12,345 ×']);
});
