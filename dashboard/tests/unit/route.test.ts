import { expect, test } from 'vitest';
import { parse, readSort, withQuery, writeSort } from '../../src/lib/route';
import { readPlace } from '../../src/pages/explorer/involving';

test('a link keeps the place and what else its query says', () => {
  const route = parse('#/chains/hub/address/0x1?txs=5-0&tokens=2');
  expect(withQuery(route, { logs: 40 })).toBe('#/chains/hub/address/0x1?txs=5-0&tokens=2&logs=40');
  expect(withQuery(route, { txs: '', tokens: '' })).toBe('#/chains/hub/address/0x1');
  expect(parse(withQuery(parse('#/a%2Fb/c'), { q: 'x&y=z' })).query.get('q')).toBe('x&y=z');
});

test('a page of transactions begins at a place', () => {
  expect(readPlace('26-1')).toEqual({ blockNumber: '0x1a', transactionIndex: '0x1' });
  for (const wrong of [null, '', '26', '-1', '1-', '1-2-3', '0x1-2', `${'9'.repeat(16)}-1`]) expect(readPlace(wrong)).toBeNull();
});

test('a link names the order of the list', () => {
  const of = (text: string | null) => readSort(text, ['title', 'block', 'tlp', 'version']);
  expect(of('title')).toEqual([{ id: 'title', desc: false }]);
  expect(of('-block')).toEqual([{ id: 'block', desc: true }]);
  for (const wrong of [null, '', '-', '--title', 'title,block', 'constructor', 'Title']) expect(of(wrong)).toEqual([]);
  for (const text of ['tlp', '-version', '']) expect(writeSort(of(text))).toBe(text);
});
