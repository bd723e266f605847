import { expect, test } from 'vitest';
import { indicator, MARKINGS, MAX_ENTRIES, readFile, tlpOf } from '../../src/lib/publish';

const now = Date.parse('2026-06-01T00:00:00Z');
const uuid = '8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f';
const good = indicator({ address: `0x${'ab'.repeat(20)}`, name: 'Scam', description: '', tlp: 0 }, uuid, now);

test('what the form makes can be published', () => {
  const { entries, refused } = readFile(JSON.stringify(good), 1, now);
  expect(refused).toEqual([]);
  expect(entries[0]).toMatchObject({ id: `indicator--${uuid}`, uuid: `0x${uuid.replaceAll('-', '')}`, objectType: 'indicator', version: BigInt(now), tlp: 0 });
});

test('bundles, lists and objects are read; what cannot be published says why', () => {
  const bad = [{ ...good, id: 'indicator--x' }, { ...good, type: 'malware' }, { ...good, modified: '2027-01-01T00:00:00Z' }, { type: 'url', id: `url--${uuid}`, value: 'x' }, 5, null];
  const { entries, refused } = readFile(JSON.stringify({ type: 'bundle', objects: [good, ...bad] }), 1, now);
  expect(entries).toHaveLength(1);
  expect(refused.map(({ why }) => why)).toHaveLength(bad.length);
  expect(readFile(JSON.stringify([good]), 1, now).entries).toHaveLength(1);
  expect(() => readFile('{', 1, now)).toThrow('not JSON');
});

test('what is for few never goes out in the clear; without a marking the reader decides', () => {
  const amber = { ...good, object_marking_refs: [MARKINGS[0], 'marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421'] };
  expect(tlpOf(amber, 0)).toBe(2);
  expect(readFile(JSON.stringify(amber), 1, now).refused[0]?.why).toContain('TLP');
  expect(tlpOf({ ...good, object_marking_refs: [] }, 1)).toBe(1);
});

test('at the limit it goes, one past it is for the command line', () => {
  const many = (count: number) => JSON.stringify(Array.from({ length: count }, () => good));
  expect(readFile(many(MAX_ENTRIES), 1, now).entries).toHaveLength(MAX_ENTRIES);
  expect(() => readFile(many(MAX_ENTRIES + 1), 1, now)).toThrow('hansa --as MEMBER');
});
