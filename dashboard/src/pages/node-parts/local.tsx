import { useEffect, useRef, useState } from 'react';
import { bytes, count, duration, percent } from '../../lib/format';
import { useRpc } from '../../lib/live';
import { type Finding, type Load, load, NotLocal, type Resources, type Setting, useLocal, useLogs, said } from '../../lib/local';
import { setQuery, to, useRoute } from '../../lib/route';
import { HUB, RpcError } from '../../lib/rpc';
import { line, safe } from '../../lib/safe';
import { t } from '../../strings';
import { Badge, Button, Empty, Facts, field, Panel, Problem, type Tone } from '../../ui/basics';
import { Cell, Table } from '../../ui/tables';
import { Text, Time } from '../../ui/values';

const RESOURCES_MS = 5_000;
const DOCTOR_MS = 30_000;
const LEVELS = ['error', 'warn', 'info', 'debug', 'trace'] as const;
/** What is shown where the address says nothing else. */
const INFO = 3;
const LEVEL_TONES: Tone[] = ['bad', 'warn', 'muted', 'muted', 'muted'];
const FINDING_TONES: Record<Finding['level'], Tone> = { ok: 'good', warning: 'warn', problem: 'bad' };
/** Close enough to the end of the lines to follow them, px. */
const NEAR = 40;

function LogPanel() {
  const { query } = useRoute();
  const level = LEVELS.findIndex((name) => name === query.get('log')) + 1 || INFO;
  const [on, setOn] = useState(true);
  const { lines, error, at } = useLogs(level, on);
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    const element = box.current;
    if (element && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [lines]);
  return (
    <Panel
      title={t.local.logs}
      className="mb-3"
      flush
      source={{ isPending: at === 0 && error === null, isError: error !== null, error, dataUpdatedAt: at, data: at === 0 ? undefined : lines }}
      aside={
        <>
          <select aria-label={t.local.level} value={level} onChange={({ target: { value } }) => setQuery({ log: Number(value) === INFO ? '' : (LEVELS[Number(value) - 1] ?? '') })} className="rounded border border-line bg-bg px-1 py-0.5 text-ink">
            {LEVELS.map((name, index) => (
              <option key={name} value={index + 1}>
                {t.local.atLeast(name)}
              </option>
            ))}
          </select>
          <Button onClick={() => setOn(!on)}>{on ? t.local.hold : t.local.follow}</Button>
        </>
      }
    >
      {lines.length === 0 ? (
        <Empty next={t.local.noLinesNext}>{t.local.noLines}</Empty>
      ) : (
        <div
          ref={box}
          className="max-h-80 overflow-auto p-2 font-mono text-xs"
          tabIndex={0}
          role="log"
          aria-label={t.local.logs}
          onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
            atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR;
          }}
        >
          {lines.map(({ number, level: of, atMs, text }) => (
            <p key={number} className="untrusted whitespace-pre-wrap">
              <Badge tone={LEVEL_TONES[of - 1] ?? 'muted'}>{LEVELS[of - 1] ?? of}</Badge> <Time ms={atMs} /> {safe(said(text), 2_100)}
            </p>
          ))}
        </div>
      )}
    </Panel>
  );
}

function Configuration() {
  const settings = useLocal<Setting[]>('config');
  const text = useRoute().query.get('setting') ?? '';
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = (settings.data ?? []).filter(({ name, origin }) => words.every((word) => `${name} ${origin}`.toLowerCase().includes(word)));
  return (
    <Panel title={t.local.config} source={settings} className="mb-3" flush>
      <div className="border-b border-line p-2">
        <input type="search" value={text} onChange={(event) => setQuery({ setting: event.target.value })} placeholder={t.local.filter} aria-label={t.local.filter} maxLength={100} className={`${field} w-full`} />
      </div>
      {shown.length === 0 ? (
        <Empty>{t.local.noSetting}</Empty>
      ) : (
        <div className="max-h-80 overflow-y-auto">
          <Table label={t.local.config} head={[t.local.setting, t.common.value, t.local.origin]}>
            {shown.map(({ name, value, origin }) => (
              <tr key={name}>
                <Cell>
                  <code className="text-xs">{line(name, 80)}</code>
                </Cell>
                <Cell wide>
                  <Text of={value === null ? '–' : typeof value === 'string' ? value : JSON.stringify(value)} most={200} />
                </Cell>
                <Cell>
                  <Badge tone={origin === 'default' ? 'muted' : 'accent'}>
                    <Text of={origin} most={60} />
                  </Badge>
                </Cell>
              </tr>
            ))}
          </Table>
        </div>
      )}
    </Panel>
  );
}

function ThreadRows({ of }: { of: Resources }) {
  const before = useRef<{ at: number; by: Map<string, number> } | null>(null);
  const at = of.uptimeMs;
  const [loads, setLoads] = useState<Map<string, number | null>>(new Map());
  useEffect(() => {
    const last = before.current;
    setLoads(new Map(of.threads.map(({ name, cpuMs }) => [name, load(last && last.by.has(name) ? { at: last.at, cpuMs: last.by.get(name) as number } : null, at, cpuMs)])));
    before.current = { at, by: new Map(of.threads.map(({ name, cpuMs }) => [name, cpuMs])) };
  }, [of, at]);
  return (
    <Table label={t.local.threads} head={[t.local.threads, { right: t.local.number }, { right: t.local.now }, { right: t.local.cpu }]}>
      {[...of.threads]
        .sort((a, b) => b.cpuMs - a.cpuMs)
        .map(({ name, threads, cpuMs }) => (
          <tr key={name}>
            <Cell>
              <Text of={name} most={40} />
            </Cell>
            <Cell right>{count(threads)}</Cell>
            <Cell right>{typeof loads.get(name) === 'number' ? percent(loads.get(name) as number) : '–'}</Cell>
            <Cell right>{duration(cpuMs)}</Cell>
          </tr>
        ))}
    </Table>
  );
}

const shown = (of: number | null | undefined, as: (of: number) => string): string => (typeof of === 'number' ? as(of) : '–');

/** What each chain takes of the disk and of the machine. */
function ChainRows({ of }: { of: Resources }) {
  const busy = useRpc<Load>(HUB, 'hansa_load', [], { everyMs: RESOURCES_MS });
  const loads = new Map(busy.data?.chains.map((chain) => [chain.zone ?? HUB, chain]));
  const seconds = busy.data?.chains[0]?.seconds;
  return (
    <div className="min-w-0">
      <Table label={t.local.disk} head={[t.common.chain, { right: t.local.disk }, { right: t.local.busyCores }, { right: t.local.executing }, { right: t.local.gasPerSecond }]}>
        {of.chains.map(({ name, diskBytes }) => (
          <tr key={name}>
            <Cell>
              <a href={to('chains', name)}>
                <Text of={name} most={40} />
              </a>
            </Cell>
            <Cell right>{bytes(diskBytes)}</Cell>
            <Cell right>{shown(loads.get(name)?.cores, (cores) => cores.toFixed(2))}</Cell>
            <Cell right>{shown(loads.get(name)?.executing, (part) => percent(part, part < 0.1 ? 2 : 0))}</Cell>
            <Cell right>{shown(loads.get(name)?.gasPerSecond, (gas) => count(Math.round(gas)))}</Cell>
          </tr>
        ))}
      </Table>
      {seconds !== undefined && <p className="mt-1 px-3 text-xs text-muted">{t.local.loadOver(duration(seconds * 1_000))}</p>}
      {busy.error instanceof RpcError && busy.error.code === -32601 && <p className="mt-1 px-3 text-xs text-muted">{t.local.noLoad}</p>}
    </div>
  );
}

function ResourcePanel() {
  const resources = useLocal<Resources>('resources', RESOURCES_MS);
  const of = resources.data;
  return (
    <Panel title={t.local.resources} source={resources} className="mb-3">
      {of && (
        <div className="grid items-start gap-4 lg:grid-cols-3">
          <Facts
            rows={[
              [t.local.uptime, duration(of.uptimeMs)],
              [t.local.memory, of.memoryBytes === null ? '–' : bytes(of.memoryBytes)],
              [t.local.cores, of.cores === null ? '–' : count(of.cores)],
              [t.local.openFiles, of.openFiles === null ? '–' : `${count(of.openFiles)}${of.openFilesLimit === null ? '' : ` ${t.league.ofTotal(count(of.openFilesLimit))}`}`],
              [t.local.diskFree, of.diskFreeBytes === null ? '–' : bytes(of.diskFreeBytes)],
              [t.local.folder, <code key="f" className="text-xs break-all">{safe(of.folder, 300)}</code>],
            ]}
          />
          <ThreadRows of={of} />
          <ChainRows of={of} />
        </div>
      )}
    </Panel>
  );
}

function Doctor() {
  const findings = useLocal<Finding[]>('doctor', DOCTOR_MS);
  return (
    <Panel title={t.local.doctor} source={findings} className="mb-3" flush>
      <Table label={t.local.doctor} head={[t.local.check, t.explorer.state, t.local.found]}>
        {(findings.data ?? []).map(({ check, level, found, advice }, index) => (
          <tr key={`${check}${index}`}>
            <Cell>{line(check, 40)}</Cell>
            <Cell>
              <Badge tone={FINDING_TONES[level] ?? 'muted'}>{t.local.levels[level] ?? level}</Badge>
            </Cell>
            <Cell wide>
              <Text of={found} most={300} />
              {advice && (
                <span className="block text-muted">
                  <Text of={advice} most={300} />
                </span>
              )}
            </Cell>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}

/** For those at the node's own machine; all others are told where to look. */
export function LocalParts() {
  const settings = useLocal<Setting[]>('config');
  if (settings.error instanceof NotLocal)
    return (
      <Panel title={t.local.title} className="mb-3">
        <p>{t.local.elsewhere}</p>
        <p className="text-muted">{t.local.elsewhereNext}</p>
      </Panel>
    );
  if (settings.isError) return <Problem error={settings.error} />;
  if (!settings.data) return null;
  return (
    <>
      <ResourcePanel />
      <Doctor />
      <LogPanel />
      <Configuration />
    </>
  );
}
