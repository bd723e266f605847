// Errors in plain words, with what to do next: of the node, of wallets and libraries, and of this page. Whatever they said is kept beside.
import { errors as say } from '../strings/errors';
import { decodeError, isTime } from './decode';
import { count, dateTime, timed } from './format';
import { GONE, HUB, NOT_YET, RpcError, Unreachable } from './rpc';
import { safe } from './safe';
import type { Hex } from './types';

export interface Explained {
  what: string;
  next: string;
  /** In the words of whoever failed, where these are others. */
  details: string | null;
}

/** What this page itself has to say: it is shown as it is. */
export class Told extends Error {
  constructor(
    what: string,
    readonly next: string,
  ) {
    super(what);
  }
}

type Known = keyof typeof say.known;

/** Codes of EIP-1193, EIP-1474, JSON-RPC and of this node. */
const BY_CODE: Record<number, Known> = { 4001: 'saidNo', [-32_002]: 'busy', 4100: 'notAllowed', 4900: 'walletOff', 4901: 'walletOff', 4902: 'unknownChain', [GONE]: 'old', [NOT_YET]: 'notYet', [-32_601]: 'noMethod', [-32_005]: 'limit' };

/** The words of the node (crates/rpc and crates/mempool), which are those of go-ethereum. The first that fits counts. */
const BY_WORDS: [RegExp, Known][] = [
  [/blocked by directive|is blocked until \d+ by alert/i, 'blocked'],
  [/insufficient funds|insufficient balance/i, 'noFunds'],
  [/account limit exceeded/i, 'accountFull'],
  [/nonce too low|nonce too high|nonce has max value/i, 'nonce'],
  [/already known/i, 'alreadyThere'],
  [/txpool is full/i, 'poolFull'],
  [/replacement transaction underpriced|replace pending/i, 'replaced'],
  [/underpriced|less than block base fee|fee cap less than/i, 'lowFee'],
  [/exceeds block gas limit|gas limit too high|gas required exceeds|over the \d+ gas that the block/i, 'tooLarge'],
  [/intrinsic gas too low|floor data gas|out of gas/i, 'lowGas'],
  [/this chain has ended/i, 'ended'],
  [/invalid chain id|chain mismatch|does not match the target chain/i, 'otherChain'],
  [/execution reverted|^invalid (opcode|jump|code)|^stack |write protection|call depth exceeded|return data out of bounds|contract address collision/i, 'reverted'],
  [/limit exceeded|max_log/i, 'limit'],
  [/pruned|not available|missing trie/i, 'old'],
  [/header not found|unknown block|is not finalized yet/i, 'notThere'],
  [/dynamically imported module|importing a module script failed|unable to preload css/i, 'notLoaded'],
  [/timed? ?out|deadline|took too long/i, 'slow'],
  [/the node is stopping/i, 'stopping'],
  [/^internal error/i, 'internal'],
];

/** Where wallets and libraries put what went wrong. */
interface Thrown {
  code?: number;
  shortMessage?: string;
  message?: string;
  data?: unknown;
  cause?: unknown;
}

/** How many errors may be one inside the other. */
const DEPTH = 6;

/** An error, and those that caused it. */
function chain(error: unknown): Thrown[] {
  const out: Thrown[] = [];
  for (let of = error as Thrown | undefined; of && typeof of === 'object' && out.length < DEPTH; of = of.cause as Thrown | undefined) out.push(of);
  return out;
}

const wordsOf = (error: unknown): string => {
  const thrown = error as Thrown | undefined;
  return timed(safe(thrown?.shortMessage ?? thrown?.message ?? String(error), 600));
};

/** What a contract declared, where the error carries it. */
function reverted(thrown: Thrown[]): Pick<Explained, 'what' | 'next'> | null {
  for (const { data } of thrown) {
    const hex = typeof data === 'string' ? data : (data as { data?: unknown } | undefined)?.data;
    if (typeof hex !== 'string' || !hex.startsWith('0x')) continue;
    const reason = decodeError(HUB, null, hex as Hex);
    if (!reason) continue;
    const details = reason.arguments.map(({ name, value }) => `${name} ${typeof value === 'bigint' ? (isTime(name, value) ? dateTime(Number(value) * 1_000) : count(value)) : safe(value, 120)}`).join(', ');
    return { what: say.reverts(`${reason.name}${details ? ` (${details})` : ''}`), next: reason.name === 'Blocked' ? say.blockedNext : say.revertsNext };
  }
  return null;
}

function known(thrown: Thrown[], words: string): Known | null {
  for (const { code } of thrown) if (code !== undefined && BY_CODE[code]) return BY_CODE[code];
  for (const [pattern, name] of BY_WORDS) if (pattern.test(words) || thrown.some(({ message }) => pattern.test(message ?? ''))) return name;
  return thrown.some(({ code }) => code === -32_602) ? 'notUnderstood' : null;
}

function explained(error: unknown, otherwise: [what: string, next: string]): Explained {
  if (error instanceof Told) return { what: safe(error.message, 600), next: error.next, details: null };
  if (error instanceof Unreachable) return { what: say.unreachable(error.message), next: say.unreachableNext, details: null };
  const thrown = chain(error);
  const details = wordsOf(error);
  const declared = reverted(thrown);
  if (declared) return { ...declared, details };
  const name = known(thrown, details);
  const [what, next] = name ? say.known[name] : otherwise;
  return { what, next, details: name === 'saidNo' ? null : details };
}

/** Why a question went unanswered. */
export const explain = (error: unknown): Explained => explained(error, error instanceof RpcError ? [say.refused, say.refusedNext] : [say.failed, say.failedNext]);

/** Why a transaction was not sent, or did not go well. */
export const explainSending = (error: unknown): Explained => explained(error, error instanceof RpcError ? [say.refused, say.sendingFailedNext] : [say.sendingFailed, say.sendingFailedNext]);
