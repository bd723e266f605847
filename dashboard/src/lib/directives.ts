// What a chain does now about the targets of open alerts, by its own word: each obeys by its own policy.
import type { UseQueryResult } from '@tanstack/react-query';
import { type AlertWithVotes, isOpen, terms, useAlerts } from './league';
import { useAsk, viewsOrFail } from './live';
import { GUARD } from './modules';
import type { Directive } from './obeys';
import { type Chain, HUB } from './rpc';
import type { Hex, Zone } from './types';

/** Targets that a chain is asked about, of the newest open alerts: two requests for each of its blocks. */
export const MOST_TARGETS = 100;

/** The targets of open alerts, each once, and how many more there are. */
export function openTargets(alerts: Pick<AlertWithVotes, 'status' | 'targets'>[]): { targets: Hex[]; left: number } {
  const all = [...new Set(alerts.filter((alert) => isOpen(alert)).flatMap(({ targets }) => targets.map((target) => target.toLowerCase() as Hex)))];
  return { targets: all.slice(0, MOST_TARGETS), left: Math.max(0, all.length - MOST_TARGETS) };
}

/** Directives that hold at a time, seconds since 1970. */
export const holding = (of: readonly Directive[], seconds: number): Directive[] => of.filter(({ until }) => Number(until) > seconds);

export interface Stand {
  directives: readonly Directive[];
  /** It never blocks this address: its own policy says so, or the protocol. */
  isProtected: boolean;
}

export interface Stands {
  of: ReadonlyMap<string, Stand>;
  /** Targets that it was not asked about. */
  left: number;
}

const ask = async <T>(chain: Chain, name: string, targets: Hex[], signal: AbortSignal): Promise<T[]> => (await viewsOrFail(chain, targets.map((target) => ({ ...GUARD, name, args: [target] })), signal)) as T[];

/** Nothing where the alerts or the chain have not answered yet. */
export function useStands(chain: Chain): Omit<UseQueryResult<unknown>, 'data'> & { data: Stands | undefined } {
  const alerts = useAlerts().data?.alerts;
  const { targets, left } = openTargets(alerts ?? []);
  const asked = alerts !== undefined;
  const isProtected = useAsk<boolean[]>(chain, ['protected', targets], (signal) => ask(chain, 'isProtected', targets, signal), { enabled: asked, on: [GUARD.to] }).data;
  const directives = useAsk<(readonly Directive[])[]>(chain, ['directives', targets], (signal) => ask(chain, 'directives', targets, signal), { enabled: asked, on: [GUARD.to] });
  const of = new Map(targets.map((target, index) => [target, { directives: directives.data?.[index] ?? [], isProtected: isProtected?.[index] ?? false }]));
  return { ...directives, data: directives.data && { of, left } };
}

export interface Policy {
  /** The least severity of alerts whose directives it obeys. */
  least: number;
  /** No directive holds there for longer. */
  maxSeconds: number;
}

/** What a zone obeys; the hub obeys all that members accept. */
export function usePolicy(zone: Zone | null): Policy | undefined {
  const ofHub = useAsk<Policy>(HUB, ['guard-parameters'], async (signal) => ({ least: 1, maxSeconds: Number(((await viewsOrFail(HUB, [{ ...GUARD, name: 'parameters' }], signal))[0] as readonly [bigint, bigint])[1]) }), { fixed: true, enabled: zone === null }).data;
  if (zone === null) return ofHub;
  const { minSeverity, maxDirectiveSeconds } = terms(zone);
  return minSeverity === undefined || maxDirectiveSeconds === undefined ? undefined : { least: minSeverity, maxSeconds: maxDirectiveSeconds };
}
