// What the hub knows of a chain, for pages of chains that this node runs and of those that it does not.
import type { ReactNode } from 'react';
import { usePolicy } from '../../lib/directives';
import { bps, big, count, duration, num } from '../../lib/format';
import { useReseeds } from '../../lib/halted';
import { escrowLastsMs, terms, useOperators, useStatus, useZones } from '../../lib/league';
import { to } from '../../lib/route';
import { type Chain, HUB, path } from '../../lib/rpc';
import { useCommittee } from '../../lib/security';
import type { Status, Upgrade, Zone } from '../../lib/types';
import { changes, shown } from '../../lib/upgrade';
import { t } from '../../strings';
import { Facts, Panel } from '../../ui/basics';
import { Cell, Table } from '../../ui/tables';
import { Address, BlockLink, Ether, OperatorName, Text, Time } from '../../ui/values';
import { Reseeds } from './life';

export function Committee({ chain, zone }: { chain: Chain; zone: Zone | null }) {
  const operators = useOperators().data?.operators ?? [];
  const committee = useCommittee(zone);
  const { epoch, seats = [], stake = 0n } = committee.data ?? {};
  return (
    <Panel title={t.chains.committee} source={committee} aside={epoch !== undefined && t.chains.epoch(count(epoch))} flush>
      <Table label={t.chains.committee} head={[t.stake.operator, { right: chain === HUB ? t.stake.stake : t.chains.answers }, { right: t.chains.part }]}>
        {seats.map((seat) => (
          <tr key={seat.key}>
            <Cell>
              <a href={to('stake', 'operator', seat.operator)}>
                <OperatorName id={seat.operator} of={operators} />
              </a>
            </Cell>
            <Cell right>
              <Ether of={seat.stake} />
            </Cell>
            <Cell right>{stake > 0n ? bps(Number((seat.stake * 10_000n) / stake)) : '–'}</Cell>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}

/** How long the escrow pays; nothing of a zone that ends already. */
export function escrowLasts(of: Zone): string | null {
  if (of.phase !== 'registered' && of.phase !== 'active') return null;
  const lastsMs = escrowLastsMs(of);
  return lastsMs === null ? t.chains.escrowForever : t.chains.escrowLasts(duration(lastsMs));
}

function Allowed({ ids }: { ids: number[] }) {
  const operators = useOperators().data?.operators ?? [];
  if (ids.length === 0) return <>{t.common.all}</>;
  return (
    <span className="flex flex-wrap gap-x-3">
      {ids.map((id) => (
        <a key={id} href={to('stake', 'operator', id)}>
          <OperatorName id={id} of={operators} />
        </a>
      ))}
      <span className="text-muted">{t.chains.allowedFill}</span>
    </span>
  );
}

/** What it turns to, and when. */
function Announced({ zone, upgrade }: { zone: Zone; upgrade: Upgrade }) {
  const changed = changes(terms(zone), upgrade);
  return (
    <>
      <Time ms={upgrade.startsAt * 1_000} />
      {!upgrade.followed && <p className="text-bad">{t.chains.upgradeUnknown}</p>}
      <ul>
        {changed.length === 0 && <li className="text-muted">{t.chains.upgradeNothing}</li>}
        {changed.map(({ label, from, to: next }) => (
          <li key={label}>{t.chains.becomes(label, from, next)}</li>
        ))}
      </ul>
    </>
  );
}

function pace(zone: Zone): [string, ReactNode][] {
  const of = terms(zone);
  const rows: [string, ReactNode][] = [...shown(of)];
  if (zone.upgrade) rows.push([t.chains.upgrade, <Announced key="u" zone={zone} upgrade={zone.upgrade} />]);
  if (of.epochBlocks !== undefined) rows.push([t.chains.epochBlocks, count(of.epochBlocks)]);
  if (of.noticeSeconds !== undefined) rows.push([t.chains.notice, duration(of.noticeSeconds * 1_000)]);
  if (of.rentPerDay !== undefined) rows.push([t.chains.rent, <Ether key="r" of={big(of.rentPerDay)} />]);
  const rule = zone.committeeRule;
  if (rule) {
    rows.push([t.chains.maxSeats, rule.maxSeats === null ? t.common.noLimit : count(rule.maxSeats)]);
    rows.push([t.chains.minSeatStake, <Ether key="m" of={big(rule.minStake)} />]);
    rows.push([t.chains.allowed, <Allowed key="a" ids={rule.allowed} />]);
    // One that was not changed holds since the zone was made.
    if (rule.startsAt !== undefined && rule.startsAt > zone.timestamp) rows.push([t.chains.ruleFrom, <Time key="s" ms={rule.startsAt * 1_000} />]);
  }
  return rows;
}

export function About({ zone, hub, chain }: { zone: Zone | null; hub: Status | undefined; chain: Chain }) {
  const guard = usePolicy(zone);
  const reseeds = useReseeds(zone);
  const [status, zones] = [useStatus(), useZones()];
  const source = zone ? zones : status;
  const rows: [string, ReactNode][] = [[t.chains.chainId, String(num(zone ? zone.chainId : hub?.chainId))]];
  const lasts = zone && escrowLasts(zone);
  if (zone) {
    rows.push(
      [t.chains.creator, <Address key="c" of={zone.creator} />],
      [t.chains.createdAt, <span key="b"><BlockLink chain={HUB} number={num(zone.createdAt)} />, <Time ms={zone.timestamp * 1_000} /></span>],
      [t.chains.escrow, <span key="e"><Ether of={big(zone.escrow)} />{lasts && <span className="text-muted">; {lasts}</span>}</span>],
      [t.chains.lockedLong, <Ether key="l" of={big(zone.locked)} />],
      [t.chains.outflow, <span key="o"><Ether of={big(zone.outflow)} /> {t.league.ofTotal('')}<Ether of={big(zone.outflowLimit)} /></span>],
    );
    if (zone.closesAt !== null) rows.push([t.chains.closes, <span key="t"><Time ms={zone.closesAt * 1_000} />{zone.reason && <span className="text-muted">; {t.life.closesBecause[zone.reason] ?? <Text of={zone.reason} most={40} />}</span>}</span>]);
    if (reseeds.length > 0) rows.push([t.life.reseeded, <Reseeds key="s" zone={zone} of={reseeds} />]);
  } else if (hub) rows.push([t.chains.genesis, <span key="g" className="font-mono text-xs break-all">{hub.genesis}</span>]);
  // A zone's are among what it keeps to.
  if (guard && !zone) rows.push([t.chains.minSeverity, t.chains.severities(guard.least)], [t.chains.maxDirective, duration(guard.maxSeconds * 1_000)]);
  if (zone) rows.push(...pace(zone));
  if (zone?.path !== null) rows.push([t.chains.rpc, <code key="r" className="text-xs break-all">{`${location.origin}${path(chain)}`}</code>]);
  return (
    <Panel title={t.chains.about} source={source}>
      <Facts rows={rows} />
    </Panel>
  );
}
