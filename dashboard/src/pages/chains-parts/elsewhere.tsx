// A zone that this node does not run: what the hub knows of it.
import { big, count, num } from '../../lib/format';
import { useZones } from '../../lib/league';
import { HUB } from '../../lib/rpc';
import { security, times, useCommittee } from '../../lib/security';
import type { Zone } from '../../lib/types';
import { t } from '../../strings';
import { Stat, Stats, Title, useAsOf } from '../../ui/basics';
import { Ago, BlockLink, Ether, Text } from '../../ui/values';
import { Crumbs } from '../chains';
import { About, Committee, escrowLasts } from './about';
import { Life, Phase } from './life';
import { SecurityPanel } from './security';

function Strip({ zone }: { zone: Zone }) {
  const asked = useCommittee(zone);
  const committee = asked.data;
  const [committeeAt, zonesAt] = [useAsOf(asked), useAsOf(useZones())];
  const of = committee && security(committee, zone.locked);
  const { checkpoint } = zone;
  return (
    <Stats label={t.league.health} columns="sm:grid-cols-3 xl:grid-cols-6">
      <Stat label={t.chains.checkpoint} note={checkpoint ? <Ago ms={checkpoint.timestampMs} /> : t.chains.noCheckpoint} at={zonesAt}>
        {checkpoint ? count(num(checkpoint.number)) : '–'}
      </Stat>
      <Stat label={t.chains.recorded} note={checkpoint ? <Ago ms={checkpoint.recordedTime * 1_000} /> : ''} at={zonesAt}>
        {checkpoint ? <BlockLink chain={HUB} number={num(checkpoint.recordedAt)} /> : '–'}
      </Stat>
      <Stat label={t.chains.seats} note={t.chains.seatsOfCommittee} at={committeeAt}>
        {committee ? count(committee.seats.length) : '–'}
      </Stat>
      <Stat label={t.security.answers} note={of?.ratio != null ? <>{t.security.ratio}: <span className="whitespace-nowrap">{times(of.ratio)}</span></> : ''} at={committeeAt}>
        {of ? <Ether of={of.answers} digits={2} /> : '–'}
      </Stat>
      <Stat label={t.chains.locked} note="" at={zonesAt}>
        <Ether of={big(zone.locked)} digits={2} />
      </Stat>
      <Stat label={t.chains.escrow} note={escrowLasts(zone) ?? ''} at={zonesAt}>
        <Ether of={big(zone.escrow)} digits={2} />
      </Stat>
    </Stats>
  );
}

export function ElsewherePage({ zone }: { zone: Zone }) {
  return (
    <>
      <Crumbs chain={zone.name} />
      <Title aside={<Phase zone={zone} />}>
        <Text of={zone.name} most={40} />
      </Title>
      <p className="mb-3 max-w-[80ch] text-muted">{t.chains.notHereHub}</p>
      <Life zone={zone} />
      <Strip zone={zone} />
      <div className="grid items-start gap-3 lg:grid-cols-2">
        <About chain={zone.name} zone={zone} hub={undefined} />
        <Committee chain={zone.name} zone={zone} />
      </div>
      <SecurityPanel of={[zone]} />
    </>
  );
}
