import { expect, test } from 'vitest';
import { way } from '../../src/lib/compose';

test('the way of a message is what its address names, of chains that there are', () => {
  const chains = ['hub', 'market', 'grid'];
  const cases: [from: string | null, to: string | null, found: string[]][] = [
    [null, null, []],
    ['market', 'grid', ['market', 'grid']],
    ['market', null, ['market']],
    [null, 'grid', ['hub', 'grid']],
    // To the hub is from a zone.
    [null, 'hub', ['market', 'hub']],
    // A chain sends nothing to itself, and what there is not is as if it was not named.
    ['grid', 'grid', ['grid']],
    ['nothing', 'grid', ['hub', 'grid']],
    ['grid', '<script>', ['grid']],
  ];
  for (const [from, to, found] of cases) expect(way(from, to, chains), `${from} to ${to}`).toEqual(found);
  expect(way(null, 'hub', ['hub'])).toEqual([]);
});
