import { useZones } from '../../lib/league';
import { security, times, useCommittee } from '../../lib/security';
import type { Zone } from '../../lib/types';
import { t } from '../../strings';
import { Badge, Panel } from '../../ui/basics';
import { Cell, Table } from '../../ui/tables';
import { Ether, Text } from '../../ui/values';

function Row({ zone }: { zone: Zone }) {
  const committee = useCommittee(zone).data;
  const of = committee ? security(committee, zone.locked) : null;
  return (
    <tr>
      <Cell>
        <Text of={zone.name} most={40} />
      </Cell>
      <Cell right>{of ? <Ether of={of.answers} digits={2} /> : '–'}</Cell>
      <Cell right>{of ? <Ether of={of.stake} digits={2} /> : '–'}</Cell>
      <Cell right>{of ? <Ether of={of.value} digits={2} /> : '–'}</Cell>
      <Cell right>{of?.ratio != null ? times(of.ratio) : '–'}</Cell>
      <Cell>{of ? <Badge tone={of.exceeds ? 'warn' : 'good'}>{of.exceeds ? t.security.exceeds : of.value > 0n ? t.security.covered : t.security.nothing}</Badge> : <>–<span className="invisible"><Badge>{t.security.exceeds}</Badge></span></>}</Cell>
    </tr>
  );
}

/** What answers for zones against what they hold. */
export function SecurityPanel({ of }: { of: Zone[] }) {
  const zones = useZones();
  const live = of.filter(({ phase }) => phase !== 'settled');
  if (live.length === 0) return null;
  return (
    <Panel title={t.security.title} source={zones} className="mt-3" flush>
      <Table label={t.security.title} head={[t.security.zone, { right: t.security.answers }, { right: t.security.stake }, { right: t.chains.locked }, { right: t.security.ratio }, t.security.verdict]}>
        {live.map((zone) => (
          <Row key={zone.id} zone={zone} />
        ))}
      </Table>
      <p className="border-t border-line px-3 py-2 text-xs text-muted">{t.security.what}</p>
    </Panel>
  );
}
