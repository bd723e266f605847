// Tokens: what a contract says of itself, its transfers from the logs, and who holds it by its own word. All of it may be a lie.
import { parseAbi } from 'viem/utils';
import { Memory } from './blocks';
import { useAsk, views } from './live';
import { call, type Chain } from './rpc';
import { scan } from './scan';
import type { Hex, Log } from './types';

/** keccak256 of Transfer(address,address,uint256): both standards have the same. */
export const TRANSFER = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';
const ERC721_INTERFACE = '0x80ac58cd';
/** More decimals than this are a trick. */
const MAX_DECIMALS = 36;
const TOKEN = parseAbi([
  'function name() view returns (string)',
  'function symbol() view returns (string)',
  'function decimals() view returns (uint8)',
  'function totalSupply() view returns (uint256)',
  'function supportsInterface(bytes4) view returns (bool)',
  'function balanceOf(address) view returns (uint256)',
]);
const ZERO = `0x${'0'.repeat(40)}`;

export interface Token {
  standard: 'ERC-20' | 'ERC-721';
  name: string;
  symbol: string;
  decimals: number;
  supply: bigint | null;
}

const asked = (to: Hex, name: string, args: unknown[] = []) => ({ to, abi: TOKEN, name, args });

/** What one contract answered to the questions of [tokens]. */
function token([name, symbol, decimals, supply, isNft]: unknown[]): Token | null {
  if (typeof symbol !== 'string') return null;
  const nft = isNft === true;
  if (!nft && (typeof decimals !== 'number' || typeof supply !== 'bigint')) return null;
  return { standard: nft ? 'ERC-721' : 'ERC-20', name: typeof name === 'string' ? name : '', symbol, decimals: !nft && typeof decimals === 'number' && decimals <= MAX_DECIMALS ? decimals : 0, supply: typeof supply === 'bigint' ? supply : null };
}

/** What contracts say of themselves as tokens; null for one that does not. */
export async function tokens(chain: Chain, of: Hex[], signal?: AbortSignal): Promise<(Token | null)[]> {
  const questions = of.map((to) => [asked(to, 'name'), asked(to, 'symbol'), asked(to, 'decimals'), asked(to, 'totalSupply'), asked(to, 'supportsInterface', [ERC721_INTERFACE])]);
  const answers = await views(chain, questions.flat(), signal);
  return questions.map(({ length }, index) => token(answers.slice(index * length, (index + 1) * length)));
}

export const useToken = (chain: Chain, address: Hex, enabled: boolean) => useAsk<Token | null>(chain, ['token', address], async (signal) => (await tokens(chain, [address], signal))[0] ?? null, { enabled });

export interface Transfer {
  from: Hex;
  to: Hex;
  /** The amount, or the id of an ERC-721. */
  value: bigint;
  isId: boolean;
  log: Log;
}

const address = (topic: string): Hex => `0x${topic.slice(-40)}`;

/** A transfer of either standard; null where the log is none. */
export function transfer(log: Log): Transfer | null {
  const [signature, from, to, id] = log.topics;
  if (signature !== TRANSFER || !from || !to || log.topics.length > 4) return null;
  const word = id ?? log.data;
  if (!/^0x[0-9a-fA-F]{64}$/.test(word)) return null;
  return { from: address(from), to: address(to), value: BigInt(word), isId: id !== undefined, log };
}

export const isMint = ({ from }: Transfer): boolean => from === ZERO;
export const isBurn = ({ to }: Transfer): boolean => to === ZERO;

/** Everybody who took part, whoever did so last first. */
export const parties = (transfers: Transfer[]): Hex[] => [...new Set(transfers.flatMap(({ from, to }) => [to, from]))].filter((of) => of !== ZERO);

/** What each holds of each token, by the token's own word; null where it does not say. */
const balances = async (chain: Chain, of: [token: Hex, holder: Hex][], signal?: AbortSignal): Promise<(bigint | null)[]> => (await views(chain, of.map(([to, holder]) => asked(to, 'balanceOf', [holder])), signal)).map((balance) => (typeof balance === 'bigint' ? balance : null));

export interface Holder {
  address: Hex;
  balance: bigint;
}

/** What these hold of a token now, the largest first. */
export async function holders(chain: Chain, of: Hex, parties: Hex[], signal?: AbortSignal): Promise<Holder[]> {
  const held = await balances(chain, parties.map((party) => [of, party]), signal);
  return parties.map((address, index) => ({ address, balance: held[index] ?? 0n })).filter(({ balance }) => balance > 0n).sort((a, b) => (b.balance > a.balance ? 1 : b.balance < a.balance ? -1 : 0));
}

/** Transfers of one direction that are read of one step, and blocks of a step. */
const MAX_TRANSFERS = 2_000;
const STEP_BLOCKS = 50_000;

export interface Named {
  /** Contracts whose transfers name an address, whichever did so last first. */
  contracts: Hex[];
  /** The blocks that were read. */
  bottom: number;
  top: number;
}

/** Contracts that said in the newest `steps` steps of blocks that an address sent or received a token. */
export async function naming(chain: Chain, holder: Hex, steps: number, oldest: number, signal?: AbortSignal): Promise<Named> {
  const top = Number(await call<Hex>(chain, 'eth_blockNumber', [], signal));
  const floor = Math.max(oldest, top - steps * STEP_BLOCKS + 1);
  const word: Hex = `0x${holder.slice(2).toLowerCase().padStart(64, '0')}`;
  const pages = await Promise.all([[TRANSFER, null, word], [TRANSFER, word]].map((topics) => scan(chain, { topics: topics as (Hex | null)[] }, steps * MAX_TRANSFERS, top + 1, floor, signal)));
  const logs = pages.flatMap((page) => page.logs).sort((a, b) => Number(b.blockNumber) - Number(a.blockNumber));
  const contracts = [...new Set(logs.flatMap((log) => (transfer(log) ? [log.address.toLowerCase() as Hex] : [])))];
  return { contracts, bottom: Math.max(floor, ...pages.map(({ before }) => before ?? 0)), top };
}

export interface Holding {
  address: Hex;
  token: Token;
  balance: bigint;
}

export interface Holdings {
  held: Holding[];
  /** Tokens of which it has nothing any more, contracts that do not answer as tokens, and those that were not asked. */
  gone: number;
  mute: number;
  left: number;
}

/** Tokens do not change what they are: each is asked once. */
const known = new Memory<Token>();

/** What an address holds now of the tokens of the first `most` of these contracts. */
export async function holdings(chain: Chain, holder: Hex, contracts: Hex[], most: number, signal?: AbortSignal): Promise<Holdings> {
  const some = contracts.slice(0, most);
  const unknown = some.filter((address) => !known.get(`${chain}:${address}`));
  const [said, held] = await Promise.all([tokens(chain, unknown, signal), balances(chain, some.map((token) => [token, holder]), signal)]);
  said.forEach((token, index) => token && known.set(`${chain}:${unknown[index]}`, token));
  const answering = some.flatMap((address, index): Holding[] => {
    const [token, balance] = [known.get(`${chain}:${address}`), held[index]];
    return token && typeof balance === 'bigint' ? [{ address, token, balance }] : [];
  });
  const nonzero = answering.filter(({ balance }) => balance > 0n);
  return { held: nonzero, gone: answering.length - nonzero.length, mute: some.length - answering.length, left: contracts.length - some.length };
}
