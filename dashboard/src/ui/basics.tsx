// The few parts that every page is made of.
import { type ReactNode, startTransition, useEffect, useId, useRef, useState } from 'react';
import { explain, type Explained } from '../lib/errors';
import { statusAt } from '../lib/live';
import { useNow } from '../lib/clock';
import { duration, inSeconds } from '../lib/format';
import { type Chain, HUB } from '../lib/rpc';
import { safe } from '../lib/safe';
import { useLost, useStream } from '../lib/stream';
import { entitle } from '../lib/title';
import { t } from '../strings';
import { errors } from '../strings/errors';

export type Tone = 'good' | 'warn' | 'bad' | 'muted' | 'accent';

const badge: Record<Tone, string> = {
  good: 'bg-good-soft text-good',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
  muted: 'bg-raised text-muted',
  accent: 'bg-accent-soft text-accent',
};

export function Badge({ tone = 'muted', children, title }: { tone?: Tone; children: ReactNode; title?: string }) {
  return (
    <span title={title} className={`inline-flex items-center gap-1 rounded px-1.5 py-px text-xs font-medium whitespace-nowrap ${badge[tone]}`}>
      {children}
    </span>
  );
}

/** What a question that may still be under way looks like to a panel. */
export interface Source {
  isPending: boolean;
  isError: boolean;
  error: unknown;
  dataUpdatedAt: number;
  data?: unknown;
}

/** What waits for an idle browser waits no longer than this. */
const LATER_MS = 500;

/** What is known to be older than this looks stale, ms. */
export const STALE_MS = 30_000;

/** As of when data are, ms; null where there are none. What the chain's stream did not change is as of when the chain was last heard. */
export function useAsOf(source: Pick<Source, 'dataUpdatedAt' | 'isError'> | undefined, chain: Chain = HUB): number | null {
  const { head } = useStream(chain);
  if (!source || source.dataUpdatedAt === 0) return null;
  return source.isError ? source.dataUpdatedAt : Math.max(source.dataUpdatedAt, head?.seenAt ?? 0, chain === HUB ? statusAt() : 0);
}

/** Several questions as one: as old as the oldest answer, and there when all are. */
export function joined(...of: Source[]): Source {
  const failed = of.find(({ isError }) => isError);
  return {
    isPending: of.some(({ isPending }) => isPending),
    isError: failed !== undefined,
    error: failed?.error ?? null,
    dataUpdatedAt: Math.min(...of.map(({ dataUpdatedAt }) => dataUpdatedAt)),
    data: of.every(({ data }) => data !== undefined) ? of : undefined,
  };
}

interface PanelProps {
  title: ReactNode;
  children: ReactNode;
  aside?: ReactNode;
  source?: Source;
  /** Where an error is shown in the place of the content only if there is none. */
  flush?: boolean;
  className?: string;
  /** Of what has to be seen first. */
  tone?: 'warn' | 'bad';
  level?: 2 | 3;
  /** How much room its content takes: so much is kept for it. */
  room?: string;
}

/** A titled part of a page. Given where its data come from, it shows waiting, failure and age. */
export function Panel({ title, children, aside, source, flush = false, className = '', tone, level = 2, room = '' }: PanelProps) {
  const id = useId();
  const now = useNow();
  const at = useAsOf(source);
  const isLost = useLost() !== null;
  const stale = at !== null && (isLost || source?.isError === true || now - at > STALE_MS);
  const Heading = `h${level}` as const;
  const empty = source !== undefined && source.data === undefined;
  return (
    <section aria-labelledby={id} className={`min-w-0 rounded-lg border ${tone ? { warn: 'border-warn', bad: 'border-bad' }[tone] : 'border-line'} bg-panel ${className}`}>
      <header className="flex min-h-10 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-3 py-1.5">
        <Heading id={id} className="text-[0.8125rem] font-semibold">
          {title}
        </Heading>
        {stale && <Badge tone="warn">{t.common.asOf(duration(now - at))}</Badge>}
        {aside && <div className="ml-auto flex flex-wrap items-center gap-2 text-xs text-muted">{aside}</div>}
      </header>
      {source?.isError && <Problem error={source.error} />}
      {empty && source.isPending ? <div className={room}><Waiting /></div> : <div className={`${room} ${flush ? '' : 'p-3'} ${stale ? 'stale' : ''}`}>{empty ? null : children}</div>}
    </section>
  );
}

/** What need not be there at once: it is drawn when the browser has nothing else to do. */
export function Later({ children }: { children: ReactNode }) {
  const [ready, setReady] = useState(false);
  useEffect(() => {
    const begin = (): void => startTransition(() => setReady(true));
    // Not every browser tells when it is idle.
    if (typeof requestIdleCallback !== 'function') {
      const timer = setTimeout(begin, 50);
      return () => clearTimeout(timer);
    }
    const id = requestIdleCallback(begin, { timeout: LATER_MS });
    return () => cancelIdleCallback(id);
  }, []);
  return ready ? children : <Waiting />;
}

/** While it is there, what follows it on a page that has just been opened is not shown (styles.css): nothing is seen to jump when it goes. */
export function Waiting() {
  return (
    <p role="status" data-waiting className="p-3 text-muted">
      {t.common.loading}
    </p>
  );
}

export const Problem = ({ error }: { error: unknown }) => <Failure of={explain(error)} />;

/** What went wrong and what to do; in the words of the node or the wallet for who opens them. */
export function Failure({ of: { what, next, details }, children }: { of: Explained; children?: ReactNode }) {
  return (
    <div role="alert" className="border-l-2 border-bad bg-bad-soft px-3 py-2 text-sm">
      <p className="untrusted">{safe(what, 600)}</p>
      <p className="untrusted text-muted">{next}</p>
      {details && (
        <details className="mt-1 text-xs">
          <summary className="cursor-pointer text-muted">{errors.details}</summary>
          <p className="untrusted font-mono whitespace-pre-wrap">{safe(details, 600)}</p>
        </details>
      )}
      {children}
    </div>
  );
}

/** Nothing there, and what to do about it. */
export function Empty({ children, next }: { children: ReactNode; next?: ReactNode }) {
  return (
    <div className="px-3 py-4 text-sm">
      <p>{children}</p>
      {next && <p className="mt-1 text-muted">{next}</p>}
    </div>
  );
}

/** A place where there is nothing: it is a page all the same, with a title. */
export function Nothing({ title, children, next }: { title: ReactNode; children: ReactNode; next?: ReactNode }) {
  return (
    <>
      <Title>{title}</Title>
      <div className="rounded-lg border border-line bg-panel">
        <Empty next={next}>{children}</Empty>
      </div>
    </>
  );
}

/** A place that could not be read: a page all the same. */
export function Failed({ title, error }: { title: ReactNode; error: unknown }) {
  return (
    <>
      <Title>{title}</Title>
      <Problem error={error} />
    </>
  );
}

/** Whether somebody's text is in the field that has the focus. */
const isWriting = (active: Element | null): boolean => active !== null && active.matches('textarea, input:not([type="checkbox"], [type="radio"], [type="file"])') && (active as HTMLInputElement).value !== '';

export function Title({ children, aside }: { children: ReactNode; aside?: ReactNode }) {
  const ref = useRef<HTMLHeadingElement>(null);
  // A new page is announced, and the keyboard begins there; but who has begun to write somewhere meanwhile goes on writing.
  useEffect(() => {
    if (!isWriting(document.activeElement)) ref.current?.focus({ preventScroll: true });
  }, []);
  // What it says may come later than it does.
  useEffect(() => entitle({ page: ref.current?.textContent ?? '' }));
  return (
    <div className="mb-3 flex flex-wrap items-center gap-x-4 gap-y-2">
      <h1 ref={ref} tabIndex={-1} className="min-w-0 text-lg font-semibold outline-none">
        {children}
      </h1>
      {aside && <div className="ml-auto flex flex-wrap items-center gap-2">{aside}</div>}
    </div>
  );
}

interface ButtonProps {
  children: ReactNode;
  onClick?: () => void;
  kind?: 'main' | 'plain' | 'danger';
  disabled?: boolean;
  type?: 'button' | 'submit';
  title?: string;
  /** Of one that opens something: whether it is open. */
  expanded?: boolean;
}

export function Button({ children, onClick, kind = 'plain', disabled, type = 'button', title, expanded }: ButtonProps) {
  const look = {
    main: 'border-accent bg-accent text-on-accent hover:opacity-90',
    plain: 'border-line bg-raised text-ink hover:border-accent',
    danger: 'border-bad bg-bad-soft text-bad hover:opacity-90',
  }[kind];
  return (
    <button type={type} onClick={onClick} disabled={disabled} title={title} aria-expanded={expanded} className={`rounded-md border px-2.5 py-1 text-sm font-medium disabled:opacity-50 ${look}`}>
      {children}
    </button>
  );
}

/** As of when a number is; what is old stands out. */
function AsOf({ at }: { at: number }) {
  const age = useNow() - at;
  const isLost = useLost() !== null;
  return <dd className={`text-xs ${isLost || age > STALE_MS ? 'font-semibold text-warn' : 'text-muted'}`}>{age < 1_000 ? t.common.justNow : t.common.ago(inSeconds(age))}</dd>;
}

/** Figures side by side. They look stale as soon as the chain that they are of is not heard any more. */
export function Stats({ label, columns, chain = HUB, children }: { label: string; columns: string; chain?: Chain; children: ReactNode }) {
  const { state } = useStream(chain);
  const isLost = useLost() !== null;
  return (
    <section aria-label={label} className={`mb-3 rounded-lg border border-line bg-panel ${isLost || state === 'lost' ? 'stale' : ''}`}>
      <dl className={`grid grid-cols-2 ${columns}`}>{children}</dl>
    </section>
  );
}

interface StatProps {
  label: ReactNode;
  children: ReactNode;
  note?: ReactNode;
  tone?: Tone;
  /** As of when it is, ms; null before that is known. */
  at?: number | null;
}

/** In the place of a line that comes: what stands below does not move then. */
const NOTHING = '\u00a0';

/** A number with its name; it keeps its width while it changes. */
export function Stat({ label, children, note, tone, at }: StatProps) {
  const colour = tone && tone !== 'muted' ? { good: 'text-good', warn: 'text-warn', bad: 'text-bad', accent: 'text-accent' }[tone] : '';
  return (
    <div className="min-w-0 px-3 py-2">
      <dt className="text-xs text-muted">{label}</dt>
      <dd className={`text-xl leading-tight font-semibold whitespace-nowrap ${colour}`}>{children}</dd>
      {note !== undefined && <dd className="text-xs text-muted">{note || NOTHING}</dd>}
      {at !== undefined && (at === null ? <dd className="text-xs">{NOTHING}</dd> : <AsOf at={at} />)}
    </div>
  );
}

/** Names and values, one under the other. */
export function Facts({ rows }: { rows: [label: string, value: ReactNode][] }) {
  return (
    <dl className="grid grid-cols-1 gap-x-4 gap-y-1 sm:grid-cols-[11rem_1fr]">
      {rows.map(([label, value]) => (
        <div key={label} className="contents">
          <dt className="min-w-0 break-words text-muted">{label}</dt>
          <dd className="mb-1 min-w-0 break-words sm:mb-0">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Copy({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      setTimeout(() => setDone(false), 1_500);
    } catch {
      // Clipboards need https or this machine: the whole text can be selected instead.
      window.prompt(t.common.copyByHand, text);
    }
  };
  return (
    <button type="button" onClick={() => void copy()} aria-label={done ? t.common.copied : t.common.copy(what)} title={t.common.copy(what)} className="rounded px-0.5 text-xs text-muted hover:text-accent">
      {done ? (
        '✓'
      ) : (
        <svg viewBox="0 0 16 16" width="11" height="11" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true" className="inline">
          <rect x="5.5" y="5.5" width="9" height="9" rx="1.5" />
          <path d="M3 10.5h-.5a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1h7a1 1 0 0 1 1 1V3" />
        </svg>
      )}
    </button>
  );
}

export const field = 'rounded-md border border-line bg-bg px-2 py-1 text-sm text-ink placeholder:text-muted min-w-0';

/** A field of a form under its name. */
export function Labelled({ label, children, wide = false }: { label: string; children: ReactNode; wide?: boolean }) {
  return <label className={`flex min-w-0 flex-col gap-0.5 text-xs text-muted ${wide ? 'flex-1 basis-64' : ''}`}>{label}{children}</label>;
}
