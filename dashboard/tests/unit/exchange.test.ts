import { encodeAbiParameters, encodeEventTopics, keccak256, stringToHex } from 'viem/utils';
import { expect, test } from 'vitest';
import { newest, PUBLISHED, version } from '../../src/lib/exchange';
import { among, around, called, MAX_LISTED, MAX_NODES } from '../../src/lib/graph';
import { EXCHANGE } from '../../src/lib/modules';
import { objectKey } from '../../src/lib/search';
import { isReference, properties, read, references, title } from '../../src/lib/stix';
import type { Hex, Log } from '../../src/lib/types';

const uuid = '0x8e2e2d2b17d44cbf938f98ee46b3cd3f';
const id = 'indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f';
const publisher = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';

function published(content: string, at = 7n, digest?: Hex): Log {
  const body = stringToHex(content);
  const topics = encodeEventTopics({ abi: EXCHANGE.abi, eventName: 'ObjectPublished', args: { objectId: objectKey(id), publisher, version: at } }) as Hex[];
  const data = encodeAbiParameters([{ type: 'bytes16' }, { type: 'string' }, { type: 'uint8' }, { type: 'bytes32' }, { type: 'bytes' }], [uuid, 'indicator', 1, digest ?? keccak256(body), body]);
  return { address: EXCHANGE.to, topics, data, blockNumber: '0x5', blockHash: '0x', transactionHash: '0xaa', transactionIndex: '0x0', logIndex: '0x0', blockTimestamp: '0x10' };
}

test('a published version has its id, title, time and provenance', () => {
  const found = version(published(JSON.stringify({ type: 'indicator', id, name: 'bad <b>thing</b>', labels: ['x', 5] })));
  expect(found).toMatchObject({ id, type: 'indicator', title: 'bad <b>thing</b>', labels: ['x'], tlp: 1, version: 7, block: 5, timeMs: 16_000, isIntact: true });
  expect(found?.key).toBe(objectKey(id));
});

test('content that does not fit its digest is said to differ', () => {
  expect(version(published('{}', 7n, `0x${'00'.repeat(32)}`))?.isIntact).toBe(false);
});

test('ciphertext and broken content are no objects, and no failures', () => {
  for (const content of ['\u0001\u0002', '', '[]', '"text"', '{"type":5}', '{']) expect(version(published(content))?.stix).toBeNull();
  expect(read(new Uint8Array([0xff, 0xfe]))).toBeNull();
  const log = published('{}');
  expect(version({ ...log, data: '0x1234' })).toBeNull();
  expect(version({ ...log, topics: [`0x${'00'.repeat(32)}`] })).toBeNull();
  expect(PUBLISHED).toBe(log.topics[0]);
});

test('of many versions the newest is listed, revoked ones are marked', () => {
  const entries = [9n, 3n, 12n].map((at) => version(published('{"type":"indicator"}', at))!);
  const listed = newest(entries, new Set([objectKey(id)]));
  expect(listed).toHaveLength(1);
  expect(listed[0]).toMatchObject({ version: 12, revoked: true });
});

test('references are found by their form, not by their names', () => {
  const stix = { type: 'relationship', id: 'relationship--1', source_ref: id, target_ref: 'javascript:alert(1)', object_refs: [id, 5] };
  expect(references(stix)).toEqual([{ by: 'source_ref', to: id }, { by: 'object_refs', to: id }]);
  expect(isReference(`${id}x`)).toBe(false);
  expect(title(stix)).toBe('indicator  javascript:alert(1)'.replace('  ', ' '));
  expect(properties(stix).map(([name]) => name)).toEqual(['source_ref', 'target_ref', 'object_refs']);
});

const at = (id: string, refs: { by: string; to: string }[], title = id) => ({ id, type: id.split('--')[0], title, refs }) as never;

test('a graph has what is within two steps; relationships are lines, and loops end', () => {
  const [a, b, c, d] = ['malware--a', 'tool--b', 'tool--c', 'tool--d'];
  const relation = at('relationship--r', [{ by: 'source_ref', to: a }, { by: 'target_ref', to: b }], 'malware uses tool');
  const graph = around([at(a, [{ by: 'created_by_ref', to: 'identity--x' }]), at(b, [{ by: 'object_refs', to: c }]), at(c, [{ by: 'object_refs', to: d }, { by: 'object_refs', to: b }]), relation], a);
  expect(graph.nodes.map(({ id }) => id)).toEqual([a, b, c]);
  expect(graph.links.find(({ from }) => from === a)).toEqual({ from: a, to: b, label: 'uses' });
  expect(graph.cut).toBe(false);
});

test('a graph stops at the limit and says so', () => {
  const many = Array.from({ length: MAX_NODES + 5 }, (_, index) => ({ by: 'object_refs', to: `tool--${index}` }));
  const graph = around([at('report--r', many)], 'report--r');
  expect(graph.nodes).toHaveLength(MAX_NODES);
  expect(graph.cut).toBe(true);
});

test('behind many neighbours nothing is looked for', () => {
  const many = Array.from({ length: 12 }, (_, index) => ({ by: 'object_refs', to: `tool--${index}` }));
  const graph = around([at('report--r', many), at('tool--1', [{ by: 'object_refs', to: 'tool--far' }])], 'report--r');
  expect(graph.nodes).toHaveLength(13);
});

test('of a list, those are drawn that are connected with each other, by what relationships say too', () => {
  const [a, b, c, alone] = ['malware--a', 'tool--b', 'tool--c', 'tool--z'];
  const entries = [at(a, [{ by: 'created_by_ref', to: 'identity--x' }]), at(b, [{ by: 'object_refs', to: c }]), at(c, []), at(alone, [{ by: 'object_refs', to: alone }])];
  const relation = at('relationship--r', [{ by: 'source_ref', to: a }, { by: 'target_ref', to: b }], 'malware uses tool');
  const shape = (shown: typeof entries) => {
    const { nodes, links } = among(shown, [...entries, relation]);
    return [nodes.map(({ id: node }) => node).sort(), links.map(({ from, to, label }) => `${from} ${label} ${to}`).sort()];
  };
  // The relationship holds whether it is listed or not.
  expect(shape(entries)).toEqual([[a, b, c], [`${a} uses ${b}`, `${b} object ${c}`]]);
  expect(shape([relation])).toEqual([[a, b], [`${a} uses ${b}`]]);
  expect(shape([entries[0]!, entries[2]!, entries[3]!])).toEqual([[], []]);
});

test('a relationship is called by the names of its ends, as far as they are loaded', () => {
  const ends = (from: string, to: string) => at('relationship--r', [{ by: 'source_ref', to: from }, { by: 'target_ref', to }], 'malware attributed to tool');
  const [quill, ferry] = [at('malware--q', [], 'Quill'), at('tool--f', [], 'F'.repeat(100))];
  const titles = (of: Parameters<typeof called>[0]) => called(of).map(({ title }) => title);
  expect(titles([quill, ends('malware--q', 'tool--elsewhere')])).toEqual(['Quill', 'Quill attributed to tool']);
  expect(titles([ferry, ends('tool--f', 'malware--q'), quill])[1]).toMatch(/^F{40,48}… attributed to Quill$/);
  // What lacks an end is called as it was, and nothing else is renamed.
  const half = at('relationship--h', [{ by: 'source_ref', to: 'malware--q' }], 'malware uses ?');
  expect(called([quill, half])).toEqual([quill, half]);
});

test('a list that is too long is looked at in part, and that is said', () => {
  const long = Array.from({ length: MAX_LISTED + 1 }, (_, index) => at(`tool--${index}`, [{ by: 'object_refs', to: `tool--${index + 1}` }]));
  const graph = among(long, long);
  expect([graph.nodes.length, graph.cut]).toEqual([MAX_LISTED, true]);
  expect(among(long.slice(1), long).cut).toBe(false);
});
