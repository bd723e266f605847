// Before and after a transaction: what it would cost and whether it would fail, and what became of it.
import { count } from './format';
import { decodeError } from './decode';
import { safe } from './safe';
import { big } from './format';
import { call, type Chain, RpcError } from './rpc';
import type { Hex, Receipt } from './types';
import type { Intent } from './wallet';

/** How long a transaction is waited for. */
const PATIENCE_MS = 60_000;
const POLL_MS = 250;

const quantity = (of: bigint): Hex => `0x${of.toString(16)}`;

export interface Preview {
  gas: bigint;
  /** Most wei that it costs in fees. */
  fee: bigint;
}

/** Runs the transaction on the newest state without sending it. Fails with why it would. */
export async function preview({ chain, to, data, value, gas: limit }: Intent, from: Hex): Promise<Preview> {
  const request = { from, to, ...(data ? { data } : {}), ...(value ? { value: quantity(value) } : {}) };
  const [gas, price] = await Promise.all([call<Hex>(chain, 'eth_estimateGas', [request]), call<Hex>(chain, 'eth_gasPrice')]);
  const most = limit ?? big(gas);
  if (most < big(gas)) throw new Error(`it needs ${count(big(gas))} gas, and you allow ${count(most)}: leave the limit empty, or raise it`);
  return { gas: most, fee: most * big(price) * 2n };
}

/** Waits until a transaction is final. */
export async function settled(chain: Chain, hash: Hex, signal?: AbortSignal): Promise<Receipt> {
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until) {
    const receipt = await call<Receipt | null>(chain, 'eth_getTransactionReceipt', [hash], signal);
    if (receipt) return receipt;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`the transaction ${hash} is not in a block after ${PATIENCE_MS / 1000} s: its fee may be too low, or another with the same number came first`);
}

/** Where wallets and libraries put the words of what went wrong. */
interface Thrown {
  code?: number;
  shortMessage?: string;
  message?: string;
  data?: unknown;
  cause?: unknown;
}

/** An error from a node or a wallet as a sentence and what to do next. */
export function explainSending(error: unknown): { what: string; next: string } {
  let of = error as Thrown | undefined;
  for (let depth = 0; of && depth < 6; depth += 1) {
    if (of.code === 4001) return { what: 'You said no in the wallet. Nothing was sent.', next: 'Begin again whenever you like.' };
    if (of.code === -32002) return { what: 'The wallet is still asking something.', next: 'Open the wallet, answer it, and try again.' };
    if (of.code === 4100) return { what: 'The wallet does not let this page use the account.', next: 'Connect the wallet again.' };
    const data = typeof of.data === 'string' ? of.data : ((of.data as { data?: unknown } | undefined)?.data ?? null);
    if (typeof data === 'string' && data.startsWith('0x')) {
      const reason = decodeError(null, data as Hex);
      if (reason) {
        const details = reason.arguments.map(({ name, value }) => `${name} ${typeof value === 'bigint' ? count(value) : safe(value, 120)}`).join(', ');
        return { what: `The chain would refuse it: ${reason.name}${details ? ` (${details})` : ''}.`, next: reason.name === 'Blocked' ? 'The alerts page says why this address is blocked, and until when.' : 'Change what you are about to send.' };
      }
    }
    if (!of.cause) break;
    of = of.cause as Thrown;
  }
  const thrown = error as Thrown;
  const words = safe(thrown?.shortMessage ?? thrown?.message ?? String(error), 400);
  if (/insufficient funds/i.test(words)) return { what: 'The account has not enough ether for the amount and its fee.', next: 'Use a smaller amount, or another account. On a zone, bring ether over the bridge first.' };
  if (/blocked by directive/i.test(words)) return { what: words, next: 'The alerts page says why this address is blocked, and until when.' };
  return { what: error instanceof RpcError ? `The node refused it: ${words}` : words, next: 'Look at the words above; nothing was sent unless a transaction is shown.' };
}
