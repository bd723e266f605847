// Tokens: what a contract says of itself, its transfers from the logs, and who holds it by its own word. All of it may be a lie.
import { parseAbi } from 'viem/utils';
import { useAsk, views } from './live';
import type { Chain } from './rpc';
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

/** What a contract says of itself as a token; null where it does not. */
export const useToken = (chain: Chain, address: Hex, enabled: boolean) =>
  useAsk<Token | null>(
    chain,
    ['token', address],
    async (signal) => {
      const ask = (name: string, args: unknown[] = []) => ({ to: address, abi: TOKEN, name, args });
      const [name, symbol, decimals, supply, isNft] = await views(chain, [ask('name'), ask('symbol'), ask('decimals'), ask('totalSupply'), ask('supportsInterface', [ERC721_INTERFACE])], signal);
      if (typeof symbol !== 'string') return null;
      const nft = isNft === true;
      if (!nft && (typeof decimals !== 'number' || typeof supply !== 'bigint')) return null;
      return { standard: nft ? 'ERC-721' : 'ERC-20', name: typeof name === 'string' ? name : '', symbol, decimals: !nft && typeof decimals === 'number' && decimals <= MAX_DECIMALS ? decimals : 0, supply: typeof supply === 'bigint' ? supply : null };
    },
    { enabled },
  );

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

export interface Holder {
  address: Hex;
  balance: bigint;
}

/** What these hold now, by the token's own word, the largest first. */
export async function holders(chain: Chain, token: Hex, of: Hex[], signal?: AbortSignal): Promise<Holder[]> {
  const balances = await views(chain, of.map((party) => ({ to: token, abi: TOKEN, name: 'balanceOf', args: [party] })), signal);
  return of
    .flatMap((party, index): Holder[] => (typeof balances[index] === 'bigint' && (balances[index] as bigint) > 0n ? [{ address: party, balance: balances[index] as bigint }] : []))
    .sort((a, b) => (b.balance > a.balance ? 1 : b.balance < a.balance ? -1 : 0));
}
