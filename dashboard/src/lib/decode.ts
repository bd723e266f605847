// Reading calls, logs and errors: by the native modules' ABIs, by common standards, by ABIs that the reader gave, and by those of contracts that are
// recognised by their code (recognised.ts).
import type { Abi, AbiEvent, AbiFunction } from 'viem';
import { decodeErrorResult, decodeEventLog, decodeFunctionData, parseAbi, toFunctionSelector } from 'viem/utils';
import { t } from '../strings';
import { wrong } from '../strings/forms';
import { count } from './format';
import { ABIS, MODULE_NAMES } from './modules';
import type { Chain } from './rpc';
import type { Hex, Log } from './types';

export interface Argument {
  name: string;
  type: string;
  value: unknown;
  parts?: Argument[];
}

export interface Decoded {
  /** Whose ABI it was: a module, a standard, or the reader's. */
  by: string;
  name: string;
  arguments: Argument[];
}

/** Most bytes of call data that are decoded in the page. */
const MAX_DECODED = 512 * 1024;
const KEY = 'hansa.abis';

const STANDARDS: [string, Abi][] = [
  [
    'ERC-20',
    parseAbi([
      'function transfer(address to, uint256 value) returns (bool)',
      'function approve(address spender, uint256 value) returns (bool)',
      'function transferFrom(address from, address to, uint256 value) returns (bool)',
      'event Transfer(address indexed from, address indexed to, uint256 value)',
      'event Approval(address indexed owner, address indexed spender, uint256 value)',
      'error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)',
      'error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed)',
    ]),
  ],
  [
    'ERC-721',
    parseAbi([
      'function safeTransferFrom(address from, address to, uint256 tokenId)',
      'function setApprovalForAll(address operator, bool approved)',
      'event Transfer(address indexed from, address indexed to, uint256 indexed tokenId)',
      'event Approval(address indexed owner, address indexed approved, uint256 indexed tokenId)',
      'event ApprovalForAll(address indexed owner, address indexed operator, bool approved)',
    ]),
  ],
  ['Solidity', parseAbi(['error Error(string reason)', 'error Panic(uint256 code)'])],
];

/** Error(string) and Panic(uint256). */
const BUILT_IN = ['0x08c379a0', '0x4e487b71'];

/** A contract is one of a chain: another chain may have another one at its address. */
const place = (chain: Chain, address: string): string => `${chain}:${address.toLowerCase()}`;

/** ABIs that the reader gave, by chain and address. They stay in this browser. */
function ownAbis(): Record<string, Abi> {
  try {
    // What has no chain is of an older page, and could be of any.
    return Object.fromEntries(Object.entries(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Record<string, Abi>).filter(([at]) => at.includes(':')));
  } catch {
    return {};
  }
}

/** Whether the reader gave one for this contract. */
export const hasOwnAbi = (chain: Chain, address: string): boolean => place(chain, address) in ownAbis();

/** Takes an ABI for a contract: a JSON list, or an object with `abi`. Returns how many entries it has, or why it is none. */
export function addAbi(chain: Chain, address: string, text: string): number | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return wrong.abi.noJson;
  }
  const list = Array.isArray(parsed) ? parsed : (parsed as { abi?: unknown } | null)?.abi;
  if (!Array.isArray(list) || !list.every((item) => item && typeof (item as { type?: unknown }).type === 'string')) {
    return wrong.abi.none;
  }
  try {
    for (const item of list as Abi) if (item.type === 'function') toFunctionSelector(item);
    localStorage.setItem(KEY, JSON.stringify({ ...ownAbis(), [place(chain, address)]: list }));
  } catch (error) {
    return wrong.abi.unusable(error instanceof Error ? (error.message.split('\n')[0] ?? '') : wrong.abi.unknown);
  }
  return list.length;
}

/** Contracts that were recognised by their code, by chain and address. */
const byCode = new Map<string, [name: string, abi: Abi]>();
export const knowCode = (chain: Chain, address: string, name: string, abi: Abi): void => void byCode.set(place(chain, address), [name, abi]);
/** What the contract there was recognised as; null where it was not, or not yet. */
export const knownByCode = (chain: Chain, address: string): string | null => byCode.get(place(chain, address))?.[0] ?? null;

function candidates(chain: Chain, address: string | null): [string, Abi][] {
  const key = (address ?? '').toLowerCase();
  const module = ABIS.get(key);
  if (module) return [[MODULE_NAMES.get(key) ?? 'module', module]];
  const own = ownAbis()[place(chain, key)];
  const known = byCode.get(place(chain, key));
  return [...(own ? [['your ABI', own] as [string, Abi]] : []), ...(known ? [known] : []), ...STANDARDS];
}

interface Input {
  name?: string;
  type: string;
  components?: readonly Input[];
}

function named(inputs: readonly Input[], values: unknown): Argument[] {
  return inputs.map((input, index) => {
    const value = Array.isArray(values) ? (values as unknown[])[index] : (values as Record<string, unknown> | undefined)?.[input.name ?? ''];
    const argument: Argument = { name: input.name || `#${index}`, type: input.type, value };
    if (input.components && input.type === 'tuple') argument.parts = named(input.components, value);
    else if (input.components && Array.isArray(value)) {
      const element = { ...input, type: input.type.replace(/\[\d*\]$/, '') };
      argument.parts = value.map((item, at) => ({ ...named([{ ...element, name: `${at}` }], [item])[0]!, name: `${at}` }));
    }
    return argument;
  });
}

const entry = (abi: Abi, type: string, name: string, fits: (item: { inputs?: readonly Input[] }) => boolean): readonly Input[] => {
  const found = abi.find((item) => item.type === type && (item as { name?: string }).name === name && fits(item as never)) as { inputs?: readonly Input[] } | undefined;
  return found?.inputs ?? [];
};

export function decodeCall(chain: Chain, address: string | null, data: Hex): Decoded | null {
  if (data.length < 10 || data.length > MAX_DECODED * 2) return null;
  for (const [by, abi] of candidates(chain, address)) {
    try {
      const { functionName, args } = decodeFunctionData({ abi, data });
      const selector = data.slice(0, 10);
      const inputs = entry(abi, 'function', functionName, (item) => toFunctionSelector(item as AbiFunction) === selector);
      return { by, name: functionName, arguments: named(inputs, args ?? []) };
    } catch {
      // Not by this one.
    }
  }
  return null;
}

export function decodeLog(chain: Chain, { address, topics, data }: Pick<Log, 'address' | 'topics' | 'data'>): Decoded | null {
  if (topics.length === 0 || data.length > MAX_DECODED * 2) return null;
  for (const [by, abi] of candidates(chain, address)) {
    try {
      const decoded = decodeEventLog({ abi, topics: topics as [Hex, ...Hex[]], data });
      const { eventName, args } = decoded as unknown as { eventName: string; args: unknown };
      const inputs = entry(abi, 'event', eventName, (item) => ((item as AbiEvent).inputs ?? []).filter((input) => input.indexed).length === topics.length - 1);
      return { by, name: eventName, arguments: named(inputs, args ?? {}) };
    } catch {
      // Not by this one.
    }
  }
  return null;
}

/** The data of a revert. Modules raise their errors in the frames of others, so all of theirs are tried. */
export function decodeError(chain: Chain, address: string | null, data: Hex): Decoded | null {
  if (data.length < 10) return null;
  // What Solidity itself raises has its own names; the library takes them for part of every ABI.
  const own = BUILT_IN.includes(data.slice(0, 10));
  const all = own ? STANDARDS.filter(([by]) => by === 'Solidity') : [...candidates(chain, address), ...STANDARDS, ...[...ABIS].map(([at, abi]) => [MODULE_NAMES.get(at) ?? '', abi] as [string, Abi])];
  for (const [by, abi] of all) {
    try {
      const { errorName, args } = decodeErrorResult({ abi, data });
      return { by, name: errorName, arguments: named(entry(abi, 'error', errorName, () => true), args ?? []) };
    } catch {
      // Not by this one.
    }
  }
  return null;
}

/** Names of times; what is one counts seconds since 1970. */
const SECONDS = /^(expiry|until|closesAt|haltedAt|startsAt|upgradesAt|raisedAt|acceptedAt|timestamp|provisionalUntil|since|latest)$/i;
export const isTime = (name: string, value: bigint): boolean => SECONDS.test(name) && value > 1_000_000_000n && value < 100_000_000_000n;

/** What an event of the zones' module means, in a sentence: its name and numbers do not say it. */
export function inWords({ by, name, arguments: given }: Decoded): string | null {
  if (by !== 'zones') return null;
  const number = (of: string): bigint => BigInt((given.find((argument) => argument.name === of)?.value ?? 0) as bigint | number);
  const [say, zone] = [t.zoneEvents, String(number('zoneId'))];
  switch (name) {
    case 'ZoneClosing':
      return say.closing(zone, say.reasons[Number(number('reason'))] || say.unknown);
    case 'ZoneReopened':
      return say.reopened(zone);
    case 'ZoneStopped':
      return say.stopped(zone);
    case 'ZoneReseeded':
      return say.reseeded(zone, count(number('firstBlock')), count(number('epoch')));
    default:
      return null;
  }
}

/** What a transaction does, in a word or two. */
export function summary(chain: Chain, to: string | null, input: Hex): string {
  if (to === null) return t.explorer.creates;
  if (input === '0x') return 'transfer';
  const decoded = decodeCall(chain, to, input);
  if (decoded) return MODULE_NAMES.has(to.toLowerCase()) ? `${decoded.by}.${decoded.name}` : decoded.name;
  return `call ${input.slice(0, 10)}`;
}
