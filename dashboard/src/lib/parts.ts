// Parts of the page whose code comes when it is wanted, or when the browser is idle: so every page is there also while the node is not.
// A browser remembers for good that an import failed, so code is asked for only while the node answers.
import { HUB } from './rpc';
import { observe, stream } from './stream';

/** How long the node may take to say that it is there. */
const TIMEOUT_MS = 5_000;
/** A small file that every node has. */
const THERE = '/icon.svg';

/** The code of a part did not come: the node was not reached, or it was and does not have it, as after an upgrade. */
export class NotLoaded extends Error {
  constructor(readonly isNodeThere: boolean) {
    super();
  }
}

async function answers(): Promise<boolean> {
  try {
    return (await fetch(THERE, { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) })).ok;
  } catch {
    return false;
  }
}

const parts = new Set<Part<unknown>>();

export class Part<T> {
  loaded: T | null = null;

  constructor(private readonly ask: () => Promise<T>) {
    parts.add(this);
  }

  /** Fails with [NotLoaded]. */
  async load(): Promise<T> {
    if (this.loaded !== null) return this.loaded;
    const { state } = stream(HUB).snapshot;
    // While the first connection is being made the page itself has just come.
    if (state === 'lost' || (state === 'live' && !(await answers()))) throw new NotLoaded(false);
    try {
      this.loaded = await this.ask();
      return this.loaded;
    } catch (error) {
      // What could not be fetched the browser tells itself; code that came may have failed as well.
      if (!/import/i.test(String(error))) console.error(error);
      throw new NotLoaded(await answers());
    }
  }
}

const idle = (): Promise<void> => new Promise((resolve) => (typeof requestIdleCallback === 'function' ? requestIdleCallback(() => resolve()) : setTimeout(resolve, 50)));

let loading = false;

/** Loads what is not there yet, one after the other, those too that come with others. */
export async function loadAll(): Promise<void> {
  if (loading) return;
  loading = true;
  for (const part of parts) {
    if (part.loaded !== null) continue;
    await idle();
    // Where it is shown, its place says so and tries again.
    await part.load().catch(() => undefined);
  }
  loading = false;
}

observe((chain, event) => {
  if (chain === HUB && event.kind === 'state' && event.state === 'live') void loadAll();
});
