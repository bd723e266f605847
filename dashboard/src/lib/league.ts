// What the whole dashboard knows of the league: its chains, operators, members, alerts, and names for addresses.
import { createContext, useContext, useMemo } from 'react';
import type { UseQueryResult } from '@tanstack/react-query';
import { useNow } from './clock';
import { client, touch, useAsk, useRpc, views, viewsOrFail } from './live';
import { GUARD, MEMBERS, MESSAGES, MODULE_NAMES, STAKING, ZONES } from './modules';
import { big, num } from './format';
import type { ZoneHead } from './health';
import { t } from '../strings';
import { call, type Chain, HUB, Unreachable } from './rpc';
import { quoted } from './safe';
import { observe, stream, useStream } from './stream';
import type { Epoch, Finality, Header, Hex, Operator, Peer, Status, Terms, Zone } from './types';

/** Chain ids of development leagues: the node refuses well-known keys on any other (crates/node/src/league/genesis.rs). */
const DEVELOPMENT_CHAIN_IDS = [4_857, 1_337, 31_337];
/** The accounts that Ethereum's development tools share. */
export const DEVELOPMENT_ACCOUNTS = [
  '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266',
  '0x70997970c51812dc3a010c7d01b50e0d17dc79c8',
  '0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc',
  '0x90f79bf6eb2c4f870365e785982e1f101e93b906',
  '0x15d34aaf54267db7d7c367839aaf71a00a2c6a65',
  '0x9965507d1a55bcc2695c58ba16fb37d819b0a4dc',
  '0x976ea74026e726554db657fa54763abd0c3a0aa9',
  '0x14dc79964da2c08b23698b3d3cc7ca32193d9955',
  '0x23618e81e3f5cdf7f54c3d65f7fbc0abf5b21e8f',
  '0xa0ee7a142d267c1f36714e4a8f75612f20a79720',
];
/** Members and operators that one answer of the node holds. */
const PAGE = 64;
/** The newest alerts that are shown. */
export const MAX_ALERTS = 64;

/** What the node itself says of its state, which no log tells: asked for this often. */
export const NODE_EVERY_MS = 10_000;
/** A zone without a stream: much more often than a zone is missed (health.ts). */
const ZONE_HEADS_EVERY_MS = 5_000;

/** Of a chain that is named: with each of its blocks. Of the league, as every page needs it: now and then, for its head comes by the stream. */
export const useStatus = (chain?: Chain) => useRpc<Status>(chain ?? HUB, 'hansa_status', [], chain === undefined ? { everyMs: NODE_EVERY_MS } : {});
export const useFinality = (chain: Chain = HUB) => useRpc<Finality>(chain, 'hansa_finality');
/** The node begins to run a zone some time after the zone was made. */
const isToBegin = (zones: Zone[] | undefined): boolean => zones?.some(({ serves, path, phase }) => serves && path === null && phase === 'active') ?? false;
export const useZones = () => useRpc<Zone[]>(HUB, 'hansa_zones', [], { on: [ZONES.to, MESSAGES.to], unsettled: isToBegin });
export const usePeers = () => useRpc<Peer[]>(HUB, 'hansa_peers', [], { everyMs: NODE_EVERY_MS });
export const useEpoch = () => useRpc<Epoch>(HUB, 'hansa_epoch', [], { on: [STAKING.to] });

/** Whether an epoch is not what it was told to be: it has ended, or its next committee is fixed and rewards are paid by now. */
export const hasTurned = ({ lastBlock, freezeBlock, nextCommittee }: Epoch, head: number): boolean => head > num(lastBlock) || (head >= num(freezeBlock) && nextCommittee === null);

// At these blocks staking changes without a log.
observe((chain, event) => {
  if (chain !== HUB || event.kind !== 'head') return;
  const epoch = client.getQueryData<Epoch>([HUB, 'hansa_epoch', []]);
  if (epoch && hasTurned(epoch, num(event.head.number))) touch(HUB, STAKING.to);
});

export function useOperators(): UseQueryResult<{ total: number; operators: Operator[] }> {
  // They change with the epoch, so that is watched too.
  useEpoch();
  return useRpc(HUB, 'hansa_operators', [0, PAGE], { on: [STAKING.to] });
}

export const terms = (zone: Zone): Partial<Terms> => ({ ...zone, ...zone.terms });
/** How long a zone's escrow pays until the zone begins to close, ms: what is left by then pays the time of notice. Null where it pays no rent. */
export function escrowLastsMs(zone: Zone): number | null {
  const { rentPerDay, noticeSeconds = 0 } = terms(zone);
  const rent = big(rentPerDay);
  return rent === 0n ? null : Math.max(0, Number((big(zone.escrow) * 86_400_000n) / rent) - noticeSeconds * 1_000);
}
export const isDevelopment = (status: Status | undefined): boolean => status !== undefined && DEVELOPMENT_CHAIN_IDS.includes(Number(status.chainId));

const reaches = (signal: AbortSignal): Promise<boolean> => call(HUB, 'eth_blockNumber', [], signal).then(
  () => true,
  () => false,
);

/** As of when the league is known, ms: now, or when the node was lost. */
export function useKnownAt(): number {
  const now = useNow();
  return useStream(HUB).lostAt ?? now;
}

/** The newest of what is known of a zone's head. */
const newer = (a: number | null, b: number | null): number | null => (a === null || b === null ? (a ?? b) : Math.max(a, b));

/** When each zone's newest block was made: by its stream where one is open, or asked for. While the node is lost, what was known then. */
export function useZoneHeads(zones: Zone[] | undefined): ZoneHead[] | undefined {
  // A stream's head is read with each tick.
  useNow();
  const isLost = useStream(HUB).lostAt !== null;
  const running = (zones ?? []).filter(({ path }) => path !== null).map(({ name }) => name);
  const silent = running.filter((name) => stream(name).snapshot.state !== 'live');
  const { data } = useAsk<ZoneHead[]>(
    HUB,
    ['zone-heads', silent],
    (signal) =>
      Promise.all(
        silent.map(async (name) => {
          try {
            const head = await call<Header>(name, 'eth_getBlockByNumber', ['latest', false], signal);
            return { name, headMs: num(head.timestampMs) };
          } catch (error) {
            // That nothing answers at all says nothing of the zone.
            if (error instanceof Unreachable && !(await reaches(signal))) throw error;
            return { name, headMs: null };
          }
        }),
      ),
    { enabled: silent.length > 0 && !isLost, everyMs: ZONE_HEADS_EVERY_MS, keep: true },
  );
  if (!zones || (!isLost && silent.length > 0 && !data)) return undefined;
  return running.flatMap((name): ZoneHead[] => {
    const { state, head } = stream(name).snapshot;
    const heard = head && num(head.timestampMs);
    const asked = data?.find((of) => of.name === name);
    if (isLost) return heard === null && !asked ? [] : [{ name, headMs: newer(heard, asked?.headMs ?? null) }];
    return state === 'live' && heard !== null ? [{ name, headMs: heard }] : asked ? [asked] : [];
  });
}

export interface Member {
  account: Hex;
  status: number;
  roles: number;
  weight: number;
  since: bigint;
  name: string;
  contact: string;
}

export const MEMBER_STATUS = ['unknown', 'active', 'suspended'] as const;

export async function members(signal?: AbortSignal): Promise<Member[]> {
  const [answer] = await viewsOrFail(HUB, [{ ...MEMBERS, name: 'members', args: [0n, BigInt(PAGE)] }], signal);
  return (answer as [Member[], bigint])[0];
}

export const useMembers = () => useAsk<Member[]>(HUB, ['members'], members, { on: [MEMBERS.to] });

export const ALERT_STATUS = ['none', 'pending', 'accepted', 'revoked', 'lapsed', 'expired'] as const;
export const ACTIONS = ['watch', 'limit', 'block'] as const;
export const SEVERITIES = ['', 'low', 'medium', 'high', 'critical'] as const;

export interface Alert {
  id: bigint;
  raiser: Hex;
  status: number;
  action: number;
  severity: number;
  raisedAt: bigint;
  expiry: bigint;
  provisionalUntil: bigint;
  acceptedAt: bigint;
  bondClaimed: boolean;
  bond: bigint;
  objectId: Hex;
  reason: string;
  targets: readonly Hex[];
}

export interface Tally {
  endorsing: bigint;
  revoking: bigint;
  total: bigint;
  endorsers: readonly Hex[];
  revokers: readonly Hex[];
}

export interface AlertWithVotes extends Alert {
  tally: Tally;
}

/** What alerts and their tallies change with: members have weights. */
export const ON_ALERTS = [GUARD.to, MEMBERS.to];

/** The newest alerts, newest first, and how many there are in all. */
export const useAlerts = () =>
  useAsk<{ total: number; alerts: AlertWithVotes[] }>(HUB, ['alerts'], async (signal) => {
    const [first] = await viewsOrFail(HUB, [{ ...GUARD, name: 'alertIds', args: [0n, 0n] }], signal);
    const total = (first as [bigint[], bigint])[1];
    const offset = total > BigInt(MAX_ALERTS) ? total - BigInt(MAX_ALERTS) : 0n;
    const [page] = await viewsOrFail(HUB, [{ ...GUARD, name: 'alertIds', args: [offset, BigInt(MAX_ALERTS)] }], signal);
    const ids = [...(page as [bigint[], bigint])[0]].reverse();
    const answers = await views(
      HUB,
      ids.flatMap((id) => [
        { ...GUARD, name: 'alert', args: [id] },
        { ...GUARD, name: 'tally', args: [id] },
      ]),
      signal,
    );
    const alerts: AlertWithVotes[] = [];
    ids.forEach((_, index) => {
      const [alert, tally] = [answers[index * 2], answers[index * 2 + 1]];
      if (alert instanceof Error || tally instanceof Error) return;
      alerts.push({ ...(alert as Alert), tally: tally as Tally });
    });
    return { total: Number(total), alerts };
  }, { on: ON_ALERTS });

/** Pending, accepted, or under a sentinel's provisional directive. */
export const isOpen = (alert: Pick<Alert, 'status'>): boolean => alert.status === 1 || alert.status === 2;

export interface Name {
  name: string;
  kind: 'module' | 'member' | 'operator' | 'development' | 'you';
}

/** Kinds of names that whoever has them chose. */
const CHOSEN: Name['kind'][] = ['member', 'operator'];

/** A name as it is shown. */
export const written = ({ name, kind }: Name): string => (CHOSEN.includes(kind) ? quoted(name) : name);

export type Names = ReadonlyMap<string, Name>;

const NamesContext = createContext<Names>(new Map());
export const NamesProvider = NamesContext.Provider;
export const useNames = (): Names => useContext(NamesContext);

/** What the league calls addresses. A member or operator chose its name itself: it never replaces the address. */
export function useLeagueNames(): Names {
  const { data: status } = useStatus();
  const { data: members } = useMembers();
  const { data: operators } = useOperators();
  return useMemo(() => {
    const names = new Map<string, Name>();
    for (const { owner, feeRecipient, name } of operators?.operators ?? []) {
      names.set(feeRecipient.toLowerCase(), { name, kind: 'operator' });
      names.set(owner.toLowerCase(), { name, kind: 'operator' });
    }
    for (const { account, name } of members ?? []) names.set(account.toLowerCase(), { name, kind: 'member' });
    if (isDevelopment(status)) {
      DEVELOPMENT_ACCOUNTS.forEach((address, index) => names.set(address, { name: t.names.account(index + 1), kind: 'development' }));
    }
    for (const [address, name] of MODULE_NAMES) names.set(address, { name: t.names.module(name), kind: 'module' });
    return names;
  }, [status, members, operators]);
}
