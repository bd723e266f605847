import type { ReactNode } from 'react';
import { useNow } from '../../lib/clock';
import { holding, type Stand, usePolicy, useStands } from '../../lib/directives';
import { count } from '../../lib/format';
import { ACTIONS, type AlertWithVotes, isOpen, SEVERITIES, useAlerts } from '../../lib/league';
import { to } from '../../lib/route';
import type { Chain } from '../../lib/rpc';
import type { Zone } from '../../lib/types';
import { t } from '../../strings';
import { Badge, Empty, Panel } from '../../ui/basics';
import { Cell, Table } from '../../ui/tables';
import { Address, Until } from '../../ui/values';

/** What the chain does about one target, with the alert's own directive before another's. */
function Does({ alert, of, least }: { alert: AlertWithVotes; of: Stand | undefined; least: number | undefined }): ReactNode {
  const now = useNow();
  if (!of) return '–';
  const held = holding(of.directives, now / 1_000);
  const holds = held.find(({ alertId }) => alertId === alert.id) ?? held[0];
  if (holds)
    return (
      <>
        <Badge tone="bad">{t.alert.blockedUntil}</Badge> <Until ms={Number(holds.until) * 1_000} over={t.alert.over} />
        {holds.alertId !== alert.id && <span className="text-muted"> ({holds.alertId === 0n ? t.chains.ownDirective : t.alert.title(String(holds.alertId)).toLowerCase()})</span>}
      </>
    );
  return <span className="text-muted">{of.isProtected ? t.chains.protected : least !== undefined && alert.severity < least ? t.alert.belowPolicy(SEVERITIES[least] ?? '') : t.alert.notBlocked}</span>;
}

/** What this chain itself says of each target of an open alert. */
export function Directives({ chain, zone }: { chain: Chain; zone: Zone | null }) {
  const alerts = useAlerts().data?.alerts.filter(isOpen) ?? [];
  const stands = useStands(chain);
  const least = usePolicy(zone)?.least;
  const rows = alerts.flatMap((alert) => alert.targets.map((target) => ({ alert, target })));
  // What was not asked about stands below in a number.
  const asked = rows.filter(({ target }) => !stands.data || stands.data.of.has(target.toLowerCase()));
  return (
    <Panel title={t.chains.directives} {...(alerts.length > 0 ? { source: stands } : {})} flush>
      {alerts.length === 0 ? (
        <Empty>{t.chains.noDirectives}</Empty>
      ) : (
        <Table label={t.chains.directives} head={[t.alert.targets, t.alert.title(''), t.alert.severity, t.chains.here]}>
          {asked.map(({ alert, target }) => (
            <tr key={`${alert.id}${target}`}>
              <Cell>
                <Address of={target} chain={chain} />
              </Cell>
              <Cell>
                <a href={to('exchange', 'alert', alert.id)}>{String(alert.id)}</a> {ACTIONS[alert.action]}
              </Cell>
              <Cell>{SEVERITIES[alert.severity]}</Cell>
              <Cell>
                <Does alert={alert} of={stands.data?.of.get(target.toLowerCase())} least={least} />
              </Cell>
            </tr>
          ))}
        </Table>
      )}
      {stands.data && stands.data.left > 0 && <p className="p-3 text-muted">{t.chains.notAsked(count(stands.data.left))}</p>}
    </Panel>
  );
}
