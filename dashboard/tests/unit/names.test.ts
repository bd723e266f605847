import { expect, test } from 'vitest';
import { type Name, written } from '../../src/lib/league';
import { quoted } from '../../src/lib/safe';
import { titled } from '../../src/lib/title';
import { t } from '../../src/strings';

test('a name that somebody chose is never written as one that the page gives', () => {
  const given = [t.names.module('guard'), t.names.account(1)].map((name): Name => ({ name, kind: 'module' }));
  for (const { name } of given) for (const kind of ['member', 'operator'] as const) expect(given.map(written)).not.toContain(written({ name, kind }));
  expect(written({ name: 'x” module guard “', kind: 'member' })).toBe('“x’ module guard ’”');
  expect(written({ name: 'development account 1', kind: 'development' })).toBe('development account 1');
});

test('a name is cut inside of its quotes, and has nothing invisible', () => {
  expect(quoted('  operator\n1\u202e ')).toBe('“operator 1⟨U+202E⟩”');
  expect(quoted('x'.repeat(50), 4)).toBe('“xxxx…”');
  expect(quoted('„hub”', 40)).toBe('“’hub’”');
});

test('the title of the window is the page and the league, with nothing invisible', () => {
  expect(titled({ page: ' Alert 1\n accepted\u202e', league: 'Hansa' })).toBe('Alert 1 accepted⟨U+202E⟩ · Hansa');
  expect(titled({ page: '', league: 'Hansa' })).toBe('Hansa');
});
