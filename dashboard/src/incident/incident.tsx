import { useEffect, useState } from 'react';
import { useZones } from '../lib/league';
import { count, duration, timed, utc } from '../lib/format';
import { to } from '../lib/route';
import { HUB } from '../lib/rpc';
import { type Explained, explainSending } from '../lib/errors';
import { t } from '../strings';
import { Button, Failure, Panel, Stat } from '../ui/basics';
import { Address, BlockLink, Ether, Text, TxLink } from '../ui/values';
import { knownMembers, type Outcome, run, type Step, type StepName, ZONE } from './run';

/** The clock is redrawn this often while it runs, ms. */
const REDRAW_MS = 100;

function words(step: Step): string {
  const say = t.incident.steps;
  switch (step.name) {
    case 'ether':
      return say.ether(step.detail ?? '');
    case 'attack':
      return say.attack(count(Number(step.detail)));
    case 'raise':
    case 'accepted':
      return say[step.name](step.detail ?? '');
    case 'obeys':
      return step.afterMs === undefined || step.chain === HUB ? say.obeysHub(step.chain ?? '') : say.obeys(step.chain ?? '', duration(step.afterMs));
    default:
      return say[step.name];
  }
}

/** Since the attack began; before it, until then. */
const sinceAttack = (at: number, began: number): string => `${at < began ? '−' : ''}${(Math.abs(at - began) / 1000).toFixed(2)} s`;

function Line({ step, began }: { step: Step; began: number | null }) {
  const tone = { attack: 'border-bad', refused: 'border-good', obeys: 'border-good', accepted: 'border-good' }[step.name as string] ?? 'border-line';
  return (
    <li className={`grid grid-cols-[3.5rem_minmax(0,1fr)] items-baseline gap-x-3 border-l-2 py-1 pl-2 ${tone}`}>
      <time dateTime={new Date(step.at).toISOString()} title={utc(step.at)} className="text-right font-mono text-xs text-muted">
        {began === null ? '…' : sinceAttack(step.at, began)}
      </time>
      <div className="flex min-w-0 flex-wrap items-baseline gap-x-3 gap-y-0.5">
      <span className="font-medium">{words(step)}</span>
      {step.name === 'endorse' && step.detail && <Address of={step.detail} />}
      {step.name === 'vault' && step.detail && <Address of={step.detail} chain={ZONE} />}
      {step.block !== undefined && step.chain && (
        <span className="text-muted">
          {step.chain}, {t.common.block.toLowerCase()} <BlockLink chain={step.chain} number={step.block} />
        </span>
      )}
      {step.hash && step.chain && <TxLink chain={step.chain} hash={step.hash} />}
      {step.name === 'refused' && (
        <span className="basis-full text-muted">
          <Text of={timed(step.detail ?? '')} most={300} />
        </span>
      )}
      </div>
    </li>
  );
}

export default function Incident({ onClose }: { onClose: () => void }) {
  const zones = useZones().data;
  const [known, setKnown] = useState<number | null>(null);
  const [steps, setSteps] = useState<Step[]>([]);
  const [running, setRunning] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [problem, setProblem] = useState<Explained | null>(null);
  const [now, setNow] = useState(0);
  useEffect(() => {
    knownMembers().then(
      (found) => setKnown(found.length),
      (error: unknown) => setProblem(explainSending(error)),
    );
  }, []);
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setNow(Date.now()), REDRAW_MS);
    return () => clearInterval(timer);
  }, [running]);
  const begin = async (): Promise<void> => {
    setRunning(true);
    setSteps([]);
    setOutcome(null);
    setProblem(null);
    const chains = [...new Set([HUB, ZONE, ...(zones ?? []).filter(({ path, phase }) => path !== null && phase === 'active').map(({ name }) => name)])];
    try {
      const report = (step: Step): void => {
        setSteps((before) => [...before, step].sort((a, b) => a.at - b.at));
      };
      setOutcome(await run(report, chains));
    } catch (error) {
      setProblem(explainSending(error));
    }
    setRunning(false);
  };
  const when = (name: StepName, chain?: string): number | null => steps.find((step) => step.name === name && (!chain || step.chain === chain))?.at ?? null;
  const [began, raised, refused, obeyed] = [when('vault'), when('raise'), when('refused'), when('obeys', ZONE)];
  return (
    <Panel
      title={t.incident.title}
      className="mb-3"
      aside={
        <Button onClick={onClose} disabled={running}>
          {t.common.close}
        </Button>
      }
    >
      <p className="mb-2 max-w-[80ch] text-muted">{t.incident.what}</p>
      {known === 0 && (
        <p className="rounded bg-warn-soft p-2">
          {t.incident.noMembers} <span className="text-muted">{t.incident.noMembersNext}</span>
        </p>
      )}
      {known !== null && known > 0 && (
        <div className="flex flex-wrap items-center gap-3">
          <Button kind="danger" onClick={() => void begin()} disabled={running}>
            {running ? t.incident.running : outcome ? t.incident.again : t.incident.begin}
          </Button>
          {(running || outcome) && began !== null && (
            <span className="font-mono text-lg" aria-hidden="true">
              {(Math.max(0, (outcome && refused !== null ? refused : now) - began) / 1000).toFixed(1)} s
            </span>
          )}
        </div>
      )}
      {steps.length > 0 && (
        <ol className="mt-3 flex flex-col gap-1" aria-live="polite" aria-label={t.incident.timeline}>
          {steps.map((step, index) => (
            <Line key={`${step.name}${step.chain}${step.hash ?? index}`} step={step} began={began} />
          ))}
        </ol>
      )}
      {outcome && (
        <div className="mt-3 rounded-md border border-good bg-good-soft p-3" data-testid="incident-outcome">
          <dl className="flex flex-wrap gap-x-6">
            <Stat label={t.incident.stolen} tone="bad">
              <Ether of={outcome.stolen} />
            </Stat>
            <Stat label={t.incident.saved} tone="good">
              <Ether of={outcome.saved} />
            </Stat>
            {raised !== null && obeyed !== null && (
              <Stat label={t.incident.fromAlert}>{duration(obeyed - raised)}</Stat>
            )}
          </dl>
          <p className="mt-1">
            {t.incident.outcome} <a href={to('exchange', 'alert', outcome.alertId)}>{t.alert.title(String(outcome.alertId))}</a>. {t.incident.attacker} <Address of={outcome.attacker} chain={ZONE} />
          </p>
        </div>
      )}
      {problem && (
        <div className="mt-3" data-testid="incident-problem">
          <Failure of={problem} />
        </div>
      )}
    </Panel>
  );
}
