// One clock for all that counts: it ticks once a second, and stands while the page is hidden.
import { useSyncExternalStore } from 'react';

let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function tick(): void {
  if (typeof document !== 'undefined' && document.hidden) return;
  now = Date.now();
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  if (listeners.size === 1) {
    now = Date.now();
    timer = setInterval(tick, 1_000);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) clearInterval(timer);
  };
};

if (typeof document !== 'undefined') document.addEventListener('visibilitychange', tick);

export const useNow = (): number => useSyncExternalStore(subscribe, () => now);
