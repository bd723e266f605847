// Where a zone is in its life: its phase, that the hub knows another history of it, that it counts as halted, what can be done about that, and where it was reseeded.
import type { ReactNode } from 'react';
import { useNow } from '../../lib/clock';
import { count, duration, num } from '../../lib/format';
import { expectedMs, haltIntent, heardAt, isDue, isHalted, type Pace, type Reseed, reseedIntent, useHeights, useHubPace, useSilence } from '../../lib/halted';
import { HUB } from '../../lib/rpc';
import { line } from '../../lib/safe';
import type { Contradiction, Zone } from '../../lib/types';
import { t } from '../../strings';
import { Badge, Copy, Facts, Panel } from '../../ui/basics';
import { Ago, BlockLink, Hash, Time } from '../../ui/values';
import { Submit } from '../../wallet/submit';

const TONES = { registered: 'muted', active: 'good', closing: 'warn', stopped: 'bad', settled: 'muted' } as const;

/** Reseedings that are listed. */
const LISTED = 5;

export function Phase({ zone }: { zone: Zone | null }) {
  return (
    <>
      <Badge tone={zone ? TONES[zone.phase] : 'good'}>{zone ? zone.phase : t.chains.active}</Badge> {zone && isHalted(zone) && <Badge tone="bad">{t.life.badge}</Badge>} {zone?.contradiction && <Badge tone="bad">{t.life.contradictedBadge}</Badge>}
    </>
  );
}

/** A block of a zone: a link where this node runs it. */
const ZoneBlock = ({ zone, number }: { zone: Zone; number: number }) => (zone.path === null ? <>{count(number)}</> : <BlockLink chain={zone.name} number={number} />);

/** How long it is until the hub will about have a block. */
function About({ height, pace, says }: { height: number; pace: Pace; says: (time: string) => string }) {
  const now = useNow();
  const at = expectedMs(height, pace);
  return at === null ? null : <>{says(duration(Math.max(1_000, at - now)))}</>;
}

/** For a row of the list of chains: from when on a halted zone can be reseeded. */
export function HaltedNote({ zone }: { zone: Zone }) {
  const heights = useHeights(zone).data;
  const pace = useHubPace();
  if (!zone.checkpoint) return <>{t.life.listNever}</>;
  if (!heights || !pace) return null;
  if (isDue(heights.reseedsAt, pace)) return <>{t.life.listDue}</>;
  return (
    <>
      {t.life.listFrom} {count(heights.reseedsAt)},
      <br />
      <About height={heights.reseedsAt} pace={pace} says={t.life.listAbout} />
    </>
  );
}

function Command({ text }: { text: string }) {
  return (
    <span>
      <code className="text-xs break-all">{text}</code> <Copy text={text} what={t.life.commandWhat} />
    </span>
  );
}

/** A block that the hub has is linked. */
const HubBlock = ({ height, pace }: { height: number; pace: Pace }) => (height <= pace.head ? <BlockLink chain={HUB} number={height} /> : <>{count(height)}</>);

function Halted({ zone }: { zone: Zone }) {
  const heights = useHeights(zone);
  const pace = useHubPace();
  const { checkpoint, closesAt } = zone;
  const name = line(zone.name, 40);
  const due = heights.data && pace && isDue(heights.data.reseedsAt, pace);
  const rows: [string, ReactNode][] = [];
  if (heights.data && pace) {
    const { reseedsAt, stopsAt } = heights.data;
    if (checkpoint)
      rows.push([
        t.life.from,
        <span key="f">
          {due ? t.life.now : t.life.fromBlock} <HubBlock height={reseedsAt} pace={pace} />
          {!due && (
            <>
              , <About height={reseedsAt} pace={pace} says={t.life.inAbout} /> <span className="text-muted">({t.life.nowAt(count(pace.head))})</span>
            </>
          )}
        </span>,
      ]);
    rows.push([
      t.life.until,
      <span key="u">
        {t.life.untilBlock} <HubBlock height={stopsAt} pace={pace} />
        {stopsAt > pace.head && (
          <>
            {' '}
            (<About height={stopsAt} pace={pace} says={t.life.listAbout} />)
          </>
        )}{' '}
        {closesAt !== null && (
          <>
            {t.life.untilTime} <Time ms={closesAt * 1_000} />
          </>
        )}
      </span>,
    ]);
    if (checkpoint) rows.push([t.life.command, <Command key="c" text={t.life.commandText(name)} />]);
  }
  return (
    <Panel title={t.life.title} source={heights} tone="bad" className="mb-3">
      <div className="flex flex-col gap-3">
        {checkpoint ? (
          <p className="max-w-[80ch]">
            {t.life.why} <ZoneBlock zone={zone} number={num(checkpoint.number)} /> {t.life.whyAge} <Ago ms={checkpoint.recordedTime * 1_000} />. <span className="text-muted">{t.life.what}</span>
          </p>
        ) : (
          <p>{t.life.whyNone}</p>
        )}
        <Facts rows={rows} />
        {checkpoint && due && <Submit intent={reseedIntent(zone)} label={t.life.reseed} says={t.life.reseedSays(name)} />}
      </div>
    </Panel>
  );
}

function Quiet({ zone }: { zone: Zone }) {
  const silence = useSilence(zone);
  if (silence.is === 'heard') return null;
  return (
    <Panel title={t.life.quietTitle} tone="warn" className="mb-3">
      <div className="flex flex-col gap-3">
        <p className="max-w-[80ch]">
          {zone.checkpoint ? t.life.quiet : t.life.quietNone} <Ago ms={heardAt(zone) * 1_000} />.{' '}
          {silence.is === 'silent' ? (
            t.life.silent
          ) : (
            <>
              {t.life.quietUntil} <Time ms={silence.haltsAtMs} /> {t.life.quietOn}
            </>
          )}
        </p>
        {silence.is === 'silent' && (
          <>
            <Facts rows={[[t.life.command, <Command key="c" text={t.life.commandText(line(zone.name, 40))} />]]} />
            <Submit intent={haltIntent(zone)} label={t.life.halt} says={t.life.haltSays(line(zone.name, 40))} />
          </>
        )}
      </div>
    </Panel>
  );
}

/** This node's history of a zone is not the one that the hub knows. */
function Contradicted({ zone, of: { number, own, recorded } }: { zone: Zone; of: Contradiction }) {
  const name = line(zone.name, 40);
  return (
    <Panel title={t.life.contradictedTitle} tone="bad" className="mb-3">
      <div className="flex flex-col gap-3">
        <p className="max-w-[80ch]">
          {t.life.contradicted(name, count(num(number)))} <strong className="font-semibold">{t.life.contradictedWhat}</strong>
        </p>
        <Facts
          rows={[
            [t.life.contradictedBlock, <ZoneBlock key="b" zone={zone} number={num(number)} />],
            [t.life.contradictedOwn, <Hash key="o" of={own} full />],
            [t.life.contradictedRecorded, <Hash key="r" of={recorded} full />],
            [t.life.contradictedAsk, <span key="a"><Command text={t.life.contradictedAskText(name)} /> <span className="text-muted">{t.life.contradictedAskHow}</span></span>],
            [t.life.contradictedAlone, t.life.contradictedAloneDo(name)],
            [t.life.contradictedTwo, t.life.contradictedTwoDo],
          ]}
        />
      </div>
    </Panel>
  );
}

/** What stands above all else on the page of a zone that is in trouble. */
export const Life = ({ zone }: { zone: Zone }) => (
  <>
    {zone.contradiction && <Contradicted zone={zone} of={zone.contradiction} />}
    {isHalted(zone) ? <Halted zone={zone} /> : <Quiet zone={zone} />}
  </>
);

/** Where a zone was reseeded, newest first. */
export function Reseeds({ zone, of }: { zone: Zone; of: Reseed[] }) {
  return (
    <ul>
      {of.slice(0, LISTED).map(({ firstBlock, epoch }) => (
        <li key={firstBlock}>
          {t.life.cutFrom} <ZoneBlock zone={zone} number={num(firstBlock)} /> {t.life.cutEpoch(count(epoch))}
        </li>
      ))}
      {of.length > LISTED && <li className="text-muted">{t.common.more(count(of.length - LISTED))}</li>}
    </ul>
  );
}
