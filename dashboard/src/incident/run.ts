// A simulated incident on a development league, from real transactions only: a vault with a hole in zone `market` is drained, members
// warn, and every chain refuses the attacker. Each step is reported with the time that it took.
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { decodeFunctionResult, encodeDeployData, encodeFunctionData, keccak256, stringToBytes, stringToHex } from 'viem/utils';
import type { Abi, AbiParameter } from 'viem';
import { LeakyVault, LeakyVaultCode } from '../abi/LeakyVault';
import { Told } from '../lib/errors';
import { big, count, ether, num } from '../lib/format';
import type { Alert } from '../lib/league';
import { EXCHANGE, GUARD, MEMBERS, MESSAGES, ZONES } from '../lib/modules';
import { firstObeying } from '../lib/obeys';
import { call, type Chain, HUB } from '../lib/rpc';
import { developmentAccount, developmentMember, type LocalAccount, sendAs, submitAs } from '../lib/signer';
import type { Header, Hex, Log, Receipt, Zone } from '../lib/types';
import { viewsOrFail } from '../lib/live';
import { incident as say } from '../strings/incident';
import { Attack } from './attack';

const ETHER = 10n ** 18n;
export const ZONE = 'market';
const ZONE_CHAIN_ID = 48_571n;
const ZONE_ESCROW = 10n * ETHER;
/** Ethereum's rules there, as IZones numbers them. */
const OSAKA = 3;
const IN_VAULT = 5n * ETHER;
const FOR_FEES = ETHER / 10n;
const LOOT = ETHER / 2n;
/** Withdrawals before the first member has noticed. */
const UNNOTICED = 2;
const DIRECTIVE_SECONDS = 600;
const CRITICAL = 4;
const BLOCK = 2;
/** Longest wait for anything, ms. */
const PATIENCE_MS = 30_000;
const POLL_MS = 60;
/** The most members that an `up` makes. */
const MAX_MEMBERS = 10;
/** TLP 2.0 CLEAR (OASIS common objects). */
const TLP_CLEAR = 'marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487';

export type StepName = 'zone' | 'ether' | 'vault' | 'attack' | 'notice' | 'raise' | 'endorse' | 'accepted' | 'obeys' | 'refused';

export interface Step {
  name: StepName;
  /** When this page knew of it, ms since 1970. */
  at: number;
  chain?: Chain;
  block?: number;
  hash?: Hex;
  /** An amount, a count, or words of the node. */
  detail?: string;
  /** Between the block that accepted the alert and the block that obeys, by the blocks' own times, ms. */
  afterMs?: number;
}

export interface Outcome {
  attacker: Hex;
  vault: Hex;
  alertId: bigint;
  stolen: bigint;
  saved: bigint;
}

type Report = (step: Step) => void;

/** The struct of an ABI from a flat list of values by name, however it is nested. */
export function byName(parameter: AbiParameter, values: Record<string, unknown>): unknown {
  const { components } = parameter as { components?: readonly AbiParameter[] };
  if (!components) {
    const name = parameter.name ?? '';
    if (!(name in values)) throw new Told(say.unknownTerm(name), say.unknownTermNext);
    return values[name];
  }
  return Object.fromEntries(components.map((of) => [of.name, byName(of, values)]));
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    const found = await look().catch(() => null);
    if (found !== null) return found;
    await wait(POLL_MS);
  }
  throw new Told(say.late(what, PATIENCE_MS / 1000), say.lateNext);
}

const data = (of: { abi: Abi }, name: string, args: unknown[]): Hex => encodeFunctionData({ abi: of.abi, functionName: name, args });

async function view<T>(chain: Chain, of: { to: Hex; abi: Abi }, name: string, args: unknown[] = [], block = 'latest'): Promise<T> {
  const answer = await call<Hex>(chain, 'eth_call', [{ to: of.to, data: data(of, name, args) }, block]);
  return decodeFunctionResult({ abi: of.abi, functionName: name, data: answer }) as T;
}

function succeeded(receipt: Receipt, what: string): Receipt {
  if (num(receipt.status) !== 1) throw new Told(say.reverted(what, count(num(receipt.blockNumber))), say.revertedNext);
  return receipt;
}

/** The members whose keys everybody has. None where this league was made otherwise. */
export async function knownMembers(): Promise<LocalAccount[]> {
  const all = Array.from({ length: MAX_MEMBERS }, (_, index) => developmentMember(index));
  const active = await viewsOrFail(
    HUB,
    all.map(({ address }) => ({ ...MEMBERS, name: 'isActive', args: [address] })),
  );
  return all.filter((_, index) => active[index] === true);
}

/** What the zone is made with, in the shape that the contract wants. */
export function creation(abi: Abi, creator: Hex): unknown[] {
  const create = abi.find((item) => item.type === 'function' && item.name === 'create') as { inputs: readonly AbiParameter[] };
  const values = {
    name: ZONE,
    chainId: ZONE_CHAIN_ID,
    gasLimit: 30_000_000n,
    minBaseFee: 1_000_000n,
    blockIntervalMs: 100n,
    heartbeatMs: 5_000n,
    epochBlocks: 600n,
    minSeverity: 1,
    maxDirectiveSeconds: 2_592_000n,
    noticeSeconds: 604_800n,
    rentPerDay: 0n,
    maxSeats: 0,
    minStake: 0n,
    allowed: [],
    fork: OSAKA,
    warden: creator,
    neverBlocked: [],
  };
  return create.inputs.map((input) => byName(input, values));
}

async function openZone(payer: LocalAccount): Promise<Zone> {
  const find = async (): Promise<Zone | null> => {
    const zones = await call<Zone[]>(HUB, 'hansa_zones');
    const zone = zones.find(({ name }) => name === ZONE);
    if (zone && zone.phase !== 'active' && zone.phase !== 'registered') throw new Told(say.zoneIs(ZONE, zone.phase), say.zoneIsNext);
    return zone ?? null;
  };
  if (!(await find())) {
    succeeded(await sendAs(payer, HUB, { to: ZONES.to, data: data(ZONES, 'create', creation(ZONES.abi, payer.address)), value: ZONE_ESCROW }), say.parts.create);
  }
  return until(say.parts.zone(ZONE), async () => {
    const zone = await find();
    if (zone?.path === null || !zone) return null;
    return num(await call<Hex>(ZONE, 'eth_blockNumber')) > 0 ? zone : null;
  });
}

async function bring(payer: LocalAccount, zone: Zone, to: Hex, value: bigint): Promise<Receipt> {
  const before = big(await call<Hex>(ZONE, 'eth_getBalance', [to, 'latest']));
  const sent = succeeded(await sendAs(payer, HUB, { to: MESSAGES.to, data: data(MESSAGES, 'send', [big(zone.chainId), to, 0n, '0x']), value }), say.parts.send);
  await until(say.parts.arrival, async () => (big(await call<Hex>(ZONE, 'eth_getBalance', [to, 'latest'])) >= before + value ? true : null));
  return sent;
}

/** The transaction that made the zone, where the node still has it. */
async function making({ id, createdAt }: Zone): Promise<Hex | undefined> {
  const topic: Hex = `0x${id.toString(16).padStart(64, '0')}`;
  const logs = await call<Log[]>(HUB, 'eth_getLogs', [{ address: ZONES.to, topics: [null, topic], fromBlock: createdAt, toBlock: createdAt }]).catch(() => []);
  return logs[0]?.transactionHash;
}

/** Where a chain begins to refuse an address: its first block that does. */
const obeys = (chain: Chain, target: Hex, since: Header): Promise<Header> => until(say.parts.directive(chain), () => firstObeying(chain, target, num(since.timestampMs), (directives) => directives.length > 0));

function indicator(attacker: Hex, vault: Hex): { uuid: Hex; key: Hex; version: bigint; content: Hex } {
  const id = crypto.randomUUID();
  // A few seconds back: the chain takes no version from its future.
  const version = Date.now() - 5_000;
  const time = new Date(version).toISOString();
  const object = {
    type: 'indicator',
    spec_version: '2.1',
    id: `indicator--${id}`,
    created: time,
    modified: time,
    name: say.name(attacker, ZONE),
    description: say.description(vault),
    indicator_types: ['malicious-activity'],
    pattern: `[x-ethereum-address:value = '${attacker}']`,
    pattern_type: 'stix',
    pattern_version: '2.1',
    valid_from: time,
    labels: ['simulated-incident'],
    object_marking_refs: [TLP_CLEAR],
  };
  return { uuid: `0x${id.replaceAll('-', '')}`, key: keccak256(stringToBytes(object.id)), version: BigInt(version), content: stringToHex(JSON.stringify(object)) };
}

/** Runs the incident; `report` hears of each step as it happens. */
export async function run(report: Report, chains: Chain[]): Promise<Outcome> {
  const members = await knownMembers();
  const [first, ...others] = members;
  if (!first) throw new Told(say.noMembers, say.noMembersNext);
  const [owner, attacker] = [developmentAccount(8), privateKeyToAccount(generatePrivateKey())];

  const zone = await openZone(owner);
  const made = await making(zone);
  report({ name: 'zone', at: Date.now(), chain: HUB, block: num(zone.createdAt), ...(made ? { hash: made } : {}) });
  for (const [to, value] of [[owner.address, IN_VAULT + FOR_FEES], [attacker.address, FOR_FEES]] as const) {
    const { transactionHash, blockNumber } = await bring(owner, zone, to, value);
    report({ name: 'ether', at: Date.now(), chain: HUB, hash: transactionHash, block: num(blockNumber), detail: ether(value) });
  }
  const deployed = succeeded(await sendAs(owner, ZONE, { data: encodeDeployData({ abi: LeakyVault, bytecode: LeakyVaultCode }) }), say.parts.deploy);
  const vault = deployed.contractAddress as Hex;
  const leaky = { to: vault, abi: LeakyVault as Abi };
  succeeded(await sendAs(owner, ZONE, { to: vault, data: data(leaky, 'deposit', []), value: IN_VAULT }), say.parts.deposit);
  report({ name: 'vault', at: Date.now(), chain: ZONE, hash: deployed.transactionHash, block: num(deployed.blockNumber), detail: vault });

  const begun = Date.now();
  const since = (): number => Date.now() - begun;
  const attack = new Attack(
    {
      send: () => submitAs(attacker, ZONE, { to: vault, data: data(leaky, 'withdraw', [LOOT]) }),
      receipt: (hash) => call<Receipt | null>(ZONE, 'eth_getTransactionReceipt', [hash]),
      pause: wait,
    },
    {
      took: (receipt, number) => report({ name: 'attack', at: Date.now(), chain: ZONE, hash: receipt.transactionHash, block: num(receipt.blockNumber), detail: String(number) }),
      refused: (words) => report({ name: 'refused', at: Date.now(), chain: ZONE, detail: words }),
    },
  );

  const defence = (async () => {
    await until(say.parts.withdrawals, async () => (attack.taken >= UNNOTICED || attack.isRefused ? true : null));
    const grounds = indicator(attacker.address, vault);
    const published = await sendAs(first, HUB, {
      to: EXCHANGE.to,
      data: data(EXCHANGE, 'publish', [[{ uuid: grounds.uuid, objectType: 'indicator', version: grounds.version, tlp: 0, content: grounds.content }]]),
    });
    report({ name: 'notice', at: Date.now(), chain: HUB, hash: succeeded(published, say.parts.publish).transactionHash, block: num(published.blockNumber) });
    const [minBond] = await view<readonly [bigint, bigint]>(HUB, GUARD, 'parameters');
    const input = {
      targets: [attacker.address],
      action: BLOCK,
      severity: CRITICAL,
      expiry: BigInt(Math.floor(Date.now() / 1000) + DIRECTIVE_SECONDS),
      objectId: grounds.key,
      reason: say.reason(vault, ZONE),
    };
    const raised = succeeded(await sendAs(first, HUB, { to: GUARD.to, data: data(GUARD, 'raise', [input]), value: minBond }), say.parts.raise);
    const alertId = big(raised.logs.find(({ address }) => address.toLowerCase() === GUARD.to)?.topics[1]);
    report({ name: 'raise', at: Date.now(), chain: HUB, hash: raised.transactionHash, block: num(raised.blockNumber), detail: String(alertId) });
    let last = raised;
    const accepted = async (): Promise<boolean> => (await view<Alert>(HUB, GUARD, 'alert', [alertId])).status === 2;
    for (const member of others) {
      if (await accepted()) break;
      last = succeeded(await sendAs(member, HUB, { to: GUARD.to, data: data(GUARD, 'endorse', [alertId]) }), say.parts.endorse);
      report({ name: 'endorse', at: Date.now(), chain: HUB, hash: last.transactionHash, block: num(last.blockNumber), detail: member.address });
    }
    if (!(await accepted())) throw new Told(say.tooFew, say.tooFewNext);
    report({ name: 'accepted', at: Date.now(), chain: HUB, block: num(last.blockNumber), detail: String(alertId) });
    const acceptance = await call<Header>(HUB, 'eth_getBlockByNumber', [last.blockNumber, false]);
    await Promise.all(
      chains.map(async (chain) => {
        const block = await obeys(chain, attacker.address, acceptance);
        report({ name: 'obeys', at: Date.now(), chain, block: num(block.number), afterMs: num(block.timestampMs) - num(acceptance.timestampMs) });
      }),
    );
    return alertId;
  })();
  // An attack that nobody defends against any more would only be told of in the middle of the next run.
  let isOver = false;
  defence.catch(() => (isOver = true));
  const [alertId] = await Promise.all([defence, attack.run(() => isOver || since() > 3 * PATIENCE_MS)]);
  // Every chain refuses it by now: what no block has taken, none will.
  await attack.settle();
  const saved = big(await call<Hex>(ZONE, 'eth_getBalance', [vault, 'latest']));
  return { attacker: attacker.address, vault, alertId, stolen: IN_VAULT - saved, saved };
}
