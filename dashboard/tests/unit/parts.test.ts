import { afterEach, expect, test, vi } from 'vitest';
import { loadAll, NotLoaded, Part } from '../../src/lib/parts';
import { HUB } from '../../src/lib/rpc';
import { type State, stream } from '../../src/lib/stream';

const connected = (state: State): void => void (stream(HUB).snapshot = { ...stream(HUB).snapshot, state });
/** Lets the node be there, or not. */
const node = (isThere: boolean) =>
  vi.stubGlobal('fetch', async () => {
    if (!isThere) throw new TypeError('Failed to fetch');
    return { ok: true };
  });

afterEach(() => {
  vi.unstubAllGlobals();
  connected('connecting');
});

test('code is asked for only while the node answers: a browser never asks again for what failed', async () => {
  const ask = vi.fn(async () => 'code');
  const part = new Part(ask);
  connected('lost');
  await expect(part.load()).rejects.toMatchObject({ isNodeThere: false });
  connected('live');
  node(false);
  await expect(part.load()).rejects.toBeInstanceOf(NotLoaded);
  expect(ask).not.toHaveBeenCalled();
  node(true);
  expect(await part.load()).toBe('code');
  expect(await part.load()).toBe('code');
  expect(ask).toHaveBeenCalledTimes(1);
});

test('what does not come from a node that is there is gone: it is of another version', async () => {
  const part = new Part(() => Promise.reject(new TypeError('Failed to fetch dynamically imported module')));
  node(true);
  await expect(part.load()).rejects.toMatchObject({ isNodeThere: true });
  node(false);
  await expect(part.load()).rejects.toMatchObject({ isNodeThere: false });
});

test('all parts are loaded when there is time, those too that others bring, and one that fails holds up none', async () => {
  node(true);
  connected('live');
  const parts: Part<unknown>[] = [];
  parts.push(new Part(() => Promise.reject(new Error('no'))), new Part(async () => parts.push(new Part(async () => 'inner'))), new Part(async () => 'last'));
  await loadAll();
  expect(parts.map(({ loaded }) => loaded)).toEqual([null, 4, 'last', 'inner']);
});
