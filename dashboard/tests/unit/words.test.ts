import { expect, test } from 'vitest';
import { isMistyped } from '../../src/lib/format';
import { byAddress, named } from '../../src/lib/stix';
import { t } from '../../src/strings';

const ADDRESS = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';

test('capitals that do not fit are told of; without capitals nothing can be', () => {
  const cases: [string, boolean][] = [
    [ADDRESS, false],
    [ADDRESS.toLowerCase(), false],
    [`0x${ADDRESS.slice(2).toUpperCase()}`, false],
    [ADDRESS.replace('22', '23'), true],
    [ADDRESS.replace('F4', 'f4'), true],
  ];
  for (const [address, wrong] of cases) expect(isMistyped(address), address).toBe(wrong);
});

test('one of a thing is not called as several are', () => {
  expect([t.exchange.count('1'), t.exchange.count('0'), t.exchange.count('1,001')]).toEqual(['1 object', '0 objects', '1,001 objects']);
  expect([t.chains.lastBlocks('1'), t.stake.fixedIn('2'), t.explorer.abiAdded('1'), t.explorer.abiAdded('3')]).toEqual(['last 1 block', 'fixed in 2 blocks', '1 entry is used from now on.', '3 entries are used from now on.']);
});

test('names of properties read as words', () => {
  expect(['indicator_types', 'pattern', 'x_our__own_', ''].map(named)).toEqual(['Indicator types', 'Pattern', 'X our own', '']);
});

test('addresses are found in a pattern, and nothing that is longer or within a word', () => {
  expect(byAddress(`[x:value = '${ADDRESS}']`)).toEqual(["[x:value = '", ADDRESS, "']"]);
  expect(byAddress(ADDRESS)).toEqual(['', ADDRESS, '']);
  for (const text of [`${ADDRESS}00`, `a${ADDRESS}`, ADDRESS.slice(0, 41), 'nothing']) expect(byAddress(text)).toEqual([text]);
});
