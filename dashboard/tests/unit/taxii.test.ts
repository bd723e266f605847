import { beforeEach, expect, test, vi } from 'vitest';
import { address, count, discover } from '../../src/lib/taxii';

let asked: { path: string; authorization: string | undefined; credentials: string | undefined }[] = [];

/** A server that answers by path; a number is a status. */
function server(answer: (path: string) => unknown): void {
  vi.stubGlobal('fetch', async (path: string, { headers, credentials }: { headers: Record<string, string>; credentials?: string }) => {
    asked.push({ path, authorization: headers.authorization, credentials });
    const body = answer(path);
    const status = typeof body === 'number' ? body : 200;
    return { status, ok: status === 200, json: async () => body };
  });
}

beforeEach(() => {
  asked = [];
  vi.stubGlobal('location', { origin: 'http://node:1' });
});

const collections = { collections: [{ id: 'c1', title: 'All', description: 'x', alias: 'all', can_read: true }] };

test('collections are found, with addresses that a client can use wherever the page is', async () => {
  server((path) => (path === '/taxii2/' ? { title: 'A league', default: '/taxii2/league/', api_roots: ['/taxii2/league/'] } : collections));
  const here = await discover({ member: 'münchen', password: 'p:w' });
  expect(here).toEqual({ title: 'A league', discovery: 'http://node:1/taxii2/', root: 'http://node:1/taxii2/league/', collections: [{ id: 'c1', title: 'All', description: 'x' }] });
  expect(asked.map(({ path }) => path)).toEqual(['/taxii2/', '/taxii2/league/collections/']);
  expect(new TextDecoder().decode(Uint8Array.from(atob(asked[0]!.authorization!.slice(6)), (of) => of.charCodeAt(0)))).toBe('münchen:p:w');
  // So that the browser itself asks nobody for a password.
  expect(asked.every(({ credentials }) => credentials === 'omit')).toBe(true);
  server((path) => (path === '/taxii2/' ? { api_roots: ['https://taxii.example.org/taxii2/league/'] } : collections));
  const elsewhere = await discover(null);
  expect(elsewhere).toMatchObject({ discovery: 'https://taxii.example.org/taxii2/', root: 'https://taxii.example.org/taxii2/league/' });
  expect(address(elsewhere!, elsewhere!.collections[0]!)).toBe('https://taxii.example.org/taxii2/league/collections/c1/');
  expect(asked.at(-1)).toMatchObject({ path: '/taxii2/league/collections/', authorization: undefined });
});

test('a server that wants to know who reads is no failure; one that is broken is', async () => {
  server(() => 401);
  expect(await discover(null)).toBeNull();
  server(() => 503);
  await expect(discover(null)).rejects.toThrow('503');
  server(() => ({ api_roots: [] }));
  await expect(discover(null)).rejects.toThrow('no API root');
});

test('a collection is counted page by page, and later only what was added', async () => {
  const pages: Record<string, unknown> = {
    '': { more: true, next: 'n/1', objects: [{ id: 'a', date_added: '2026-01-01T00:00:00.000001Z' }, { id: 'b', date_added: '2026-01-02T00:00:00Z' }] },
    'n/1': { objects: [{ id: 'c', date_added: '2026-01-03T00:00:00Z' }] },
  };
  server((path) => pages[new URL(path, 'http://x').searchParams.get('next') ?? '']);
  const first = await count('http://node:1/taxii2/league/', { id: 'c1', title: '', description: '' }, null, undefined);
  expect(first).toEqual({ objects: new Set(['a', 'b', 'c']), last: '2026-01-03T00:00:00Z', more: false });
  // A new version of one, and another.
  server(() => ({ objects: [{ id: 'a', date_added: '2026-01-04T00:00:00Z' }, { id: 'd', date_added: '2026-01-05T00:00:00Z' }] }));
  asked = [];
  const second = await count('http://node:1/taxii2/league/', { id: 'c1', title: '', description: '' }, null, first);
  expect([second.objects.size, second.last]).toEqual([4, '2026-01-05T00:00:00Z']);
  expect(new URL(asked[0]!.path, 'http://x').searchParams.get('added_after')).toBe('2026-01-03T00:00:00Z');
  // Nothing was added: what is known stays.
  server(() => ({}));
  expect(await count('http://node:1/taxii2/league/', { id: 'c1', title: '', description: '' }, null, second)).toMatchObject({ last: '2026-01-05T00:00:00Z', more: false });
});

test('there is an end to counting', async () => {
  let page = 0;
  server(() => ({ more: true, next: 'on', objects: [{ id: `o${(page += 1)}`, date_added: '2026-01-01T00:00:00Z' }] }));
  const { objects, more } = await count('http://node:1/taxii2/league/', { id: 'c1', title: '', description: '' }, null, undefined);
  expect([objects.size, more]).toEqual([10, true]);
});
