import { count, duration, num } from '../../lib/format';
import { type AlertWithVotes, isOpen, SEVERITIES, terms, useStatus, useZones } from '../../lib/league';
import { useAsk } from '../../lib/live';
import { GUARD } from '../../lib/modules';
import { type Decision, decisions, firstObeying, follows, LOOKED_AT } from '../../lib/obeys';
import { HUB } from '../../lib/rpc';
import { SCAN_EVERY_MS } from '../../lib/scan';
import type { Header, Zone } from '../../lib/types';
import { t } from '../../strings';
import { Empty, Panel } from '../../ui/basics';
import { Cell, Table } from '../../ui/tables';
import { BlockLink, Text, Time, TxLink } from '../../ui/values';

/** The first block of a zone that does what the hub decided. */
function ZoneRow({ alert, zone, decision, before }: { alert: AlertWithVotes; zone: Zone; decision: Decision; before: Decision | undefined }) {
  const least = terms(zone).minSeverity;
  const below = least !== undefined && alert.severity < least;
  const decidedMs = num(decision.block.timestampMs);
  const oldest = useStatus(zone.name).data?.oldestBlock;
  const found = useAsk<Header | null>(zone.name, ['did', String(alert.id), decision.transaction, decision.kind], (signal) => firstObeying(zone.name, decision.target, decidedMs, follows(alert.id, decision, before), Math.max(1, num(oldest)), signal), { enabled: !below && oldest !== undefined, everyMs: SCAN_EVERY_MS, unsettled: (block) => !block });
  const block = found.data;
  return (
    <tr>
      <Cell>{t.alert.did[decision.kind]}</Cell>
      <Cell>
        <Text of={zone.name} most={40} />
      </Cell>
      {block ? (
        <>
          <Cell>
            <BlockLink chain={zone.name} number={num(block.number)} />
          </Cell>
          <Cell>
            <Time ms={num(block.timestampMs)} />
          </Cell>
          <Cell right>{num(block.timestampMs) >= decidedMs ? duration(num(block.timestampMs) - decidedMs) : t.alert.didAtOnce}</Cell>
        </>
      ) : (
        <td colSpan={3} className="px-3 py-1.5 text-muted">
          {below ? t.alert.belowPolicy(SEVERITIES[least] ?? '') : found.isError ? t.alert.didUnknown : found.isPending ? t.common.loading : t.alert.didNotFound(count(LOOKED_AT))}
        </td>
      )}
    </tr>
  );
}

/** What the hub decided on an alert's directives, and when each zone followed; it stays after they have ended. */
export function Did({ alert }: { alert: AlertWithVotes }) {
  const oldest = useStatus().data?.oldestBlock;
  const zones = (useZones().data ?? []).filter(({ path }) => path !== null);
  const decided = useAsk<Decision[]>(HUB, ['decisions', String(alert.id), alert.status, alert.provisionalUntil > 0n], (signal) => decisions(alert.id, Number(alert.raisedAt) * 1_000, Math.max(1, num(oldest)), signal), { enabled: oldest !== undefined, on: [GUARD.to] });
  const all = decided.data ?? [];
  return (
    <Panel title={t.alert.did.title} source={decided} aside={t.alert.did.note} className="mt-3" flush>
      {all.length === 0 ? (
        <Empty>{isOpen(alert) ? t.alert.didNothingYet : t.alert.didNothing}</Empty>
      ) : (
        <Table label={t.alert.did.title} head={[t.alert.did.what, t.common.chain, t.alert.did.first, t.explorer.time, { right: t.alert.did.after }]}>
          {all.flatMap((decision, index) => [
            <tr key={decision.transaction + decision.kind}>
              <Cell>
                {t.alert.did[decision.kind]} <TxLink chain={HUB} hash={decision.transaction} />
              </Cell>
              <Cell>{HUB}</Cell>
              <Cell>
                <BlockLink chain={HUB} number={num(decision.block.number)} />
              </Cell>
              <Cell>
                <Time ms={num(decision.block.timestampMs)} />
              </Cell>
              <Cell right>–</Cell>
            </tr>,
            ...zones
              // A zone that began later has nothing to follow.
              .filter(({ timestamp }) => timestamp * 1_000 <= num(decision.block.timestampMs))
              .map((zone) => <ZoneRow key={`${decision.transaction}${decision.kind}${zone.id}`} alert={alert} zone={zone} decision={decision} before={all[index - 1]} />),
          ])}
        </Table>
      )}
    </Panel>
  );
}
