// The first questions are asked before the page's code is here (public/start.js). What has been answered by then is shown at once;
// what has not is asked again as usual.
import type { QueryClient } from '@tanstack/react-query';
import { HUB, type Call } from './rpc';

/** How long the first paint waits for answers that are on their way. */
const PATIENCE_MS = 150;

interface First {
  calls: Call[];
  answers: Promise<unknown>;
}

/** Gives the answers to the client, or gives up after a moment. */
export async function first(client: QueryClient, of = (globalThis as { hansaFirst?: First }).hansaFirst): Promise<void> {
  if (!of) return;
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), PATIENCE_MS));
  const answers = await Promise.race([of.answers, late]);
  if (!Array.isArray(answers)) return;
  for (const answer of answers as ({ id?: unknown; result?: unknown } | null)[]) {
    const call = of.calls[Number(answer?.id)];
    if (call && answer?.result !== undefined && answer.result !== null) client.setQueryData([HUB, ...call], answer.result);
  }
}
