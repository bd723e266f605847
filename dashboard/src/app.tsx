import { Component, type ReactNode, useEffect, useRef, useState } from 'react';
import { useNow } from './lib/clock';
import { duration } from './lib/format';
import { isDevelopment, NamesProvider, useLeagueNames, useStatus } from './lib/league';
import { go, to, useRoute } from './lib/route';
import { HUB } from './lib/rpc';
import { line } from './lib/safe';
import { type Choice, search } from './lib/search';
import { useLost, useStream } from './lib/stream';
import { entitle } from './lib/title';
import { LeaguePage } from './pages/league';
import { t } from './strings';
import { errors } from './strings/errors';
import { Badge, field, Nothing } from './ui/basics';
import { part } from './ui/part';
import { Text } from './ui/values';

const PAGES = ['league', 'chains', 'exchange', 'stake', 'messages', 'node'] as const;
type Page = (typeof PAGES)[number];

const ChainsPage = part(() => import('./pages/chains'), 'page');
const ExchangePage = part(() => import('./pages/exchange'), 'page');
const StakePage = part(() => import('./pages/stake'), 'page');
const MessagesPage = part(() => import('./pages/messages'), 'page');
const NodePage = part(() => import('./pages/node'), 'page');
const WalletButton = part(() => import('./wallet/button'), 'nothing');

class Fence extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };
  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }
  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <div role="alert" className="rounded-lg border border-bad bg-bad-soft p-3">
        <p className="font-semibold">{t.common.crashed}</p>
        <p>{t.common.crashedNext}</p>
        <details className="mt-2 text-xs">
          <summary className="cursor-pointer">{errors.details}</summary>
          <pre className="overflow-auto whitespace-pre-wrap">{line(error.message, 500)}</pre>
        </details>
      </div>
    );
  }
}

function Content({ parts }: { parts: string[] }) {
  const [page = 'league', ...rest] = parts;
  switch (page as Page) {
    case 'league':
      return <LeaguePage />;
    case 'chains':
      return <ChainsPage parts={rest} />;
    case 'exchange':
      return <ExchangePage parts={rest} />;
    case 'stake':
      return <StakePage parts={rest} />;
    case 'messages':
      return <MessagesPage parts={rest} />;
    case 'node':
      return <NodePage />;
    default:
      return <Nothing title={t.nav.league} next={<a href={to('league')}>{t.common.unknownPageNext}</a>}>{t.common.unknownPage}</Nothing>;
  }
}

type Theme = 'system' | 'light' | 'dark';

function ThemeButton() {
  const stored = document.documentElement.dataset.theme;
  const [theme, setTheme] = useState<Theme>(stored === 'dark' || stored === 'light' ? stored : 'system');
  const next: Theme = theme === 'system' ? 'light' : theme === 'light' ? 'dark' : 'system';
  const change = (): void => {
    setTheme(next);
    if (next === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try {
      if (next === 'system') localStorage.removeItem('hansa.theme');
      else localStorage.setItem('hansa.theme', next);
    } catch {
      // Storage is off: it holds until the page is closed.
    }
  };
  const label = t.shell.theme(t.shell.themes[theme]);
  return (
    <button type="button" onClick={change} aria-label={label} title={label} className="rounded-md border border-line px-2 py-1 text-sm text-muted hover:border-accent">
      {{ system: '◐', light: '☀', dark: '☾' }[theme]}
    </button>
  );
}

function Connection() {
  const { state } = useStream(HUB);
  const [tone, text] = state === 'live' ? (['good', t.shell.live] as const) : state === 'lost' ? (['bad', t.shell.lost] as const) : (['muted', t.shell.connecting] as const);
  return (
    <span role="status">
      <Badge tone={tone}>
        <span aria-hidden="true">●</span> {text}
      </Badge>
    </span>
  );
}

function LostBanner() {
  const lostAt = useLost();
  const now = useNow();
  if (lostAt === null) return null;
  return <p className="border-b border-bad bg-bad-soft px-4 py-2 text-sm">{t.shell.lostBanner(duration(now - lostAt))}</p>;
}

function Search() {
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<string | null>(null);
  const [choices, setChoices] = useState<Choice[]>([]);
  // What was asked last: whoever types on, or asks anew, no longer wants the answer to what was asked before.
  const asked = useRef(0);
  const find = async (): Promise<void> => {
    if (!text.trim()) return;
    const mine = ++asked.current;
    setBusy(true);
    const found = await search(text);
    if (mine !== asked.current) return;
    setBusy(false);
    setAnswer('why' in found ? found.why : null);
    setChoices('choices' in found ? found.choices : []);
    if (!('route' in found)) return;
    setText('');
    go(found.route);
  };
  const chosen = (): void => {
    setChoices([]);
    setText('');
  };
  return (
    <form
      role="search"
      onKeyDown={(event) => event.key === 'Escape' && setChoices([])}
      className="relative min-w-0 flex-1 sm:w-80 sm:flex-none"
      onSubmit={(event) => {
        event.preventDefault();
        void find();
      }}
    >
      <input
        type="search"
        value={text}
        maxLength={200}
        onChange={(event) => {
          asked.current += 1;
          setText(event.target.value);
          setBusy(false);
          setAnswer(null);
          setChoices([]);
        }}
        placeholder={t.shell.searchHint}
        aria-label={t.shell.search}
        aria-busy={busy}
        className={`${field} w-full`}
      />
      {answer && (
        <p role="alert" className="absolute top-full right-0 left-0 z-20 mt-1 rounded-md border border-line bg-panel p-2 text-sm shadow-lg">
          {answer}
        </p>
      )}
      {choices.length > 0 && (
        <div role="status" className="absolute top-full right-0 left-0 z-20 mt-1 rounded-md border border-line bg-panel p-2 text-sm shadow-lg">
          <p className="text-xs text-muted">{t.search.which}</p>
          <ul>
            {choices.map(({ label, route }) => (
              <li key={route}>
                <a href={route} onClick={chosen} className="block py-0.5">
                  <Text of={label} most={100} />
                </a>
              </li>
            ))}
          </ul>
        </div>
      )}
    </form>
  );
}

function Navigation({ page }: { page: string }) {
  return (
    <nav aria-label={t.shell.navigation} className="-mb-px flex overflow-x-auto">
      {PAGES.map((of) => (
        <a key={of} href={to(of)} aria-current={of === page ? 'page' : undefined} className={`border-b-2 px-1.5 py-2 text-[0.8125rem] whitespace-nowrap sm:px-3 sm:text-sm no-underline ${of === page ? 'border-accent font-semibold text-ink' : 'border-transparent text-muted hover:text-ink'}`}>
          {t.nav[of]}
        </a>
      ))}
    </nav>
  );
}

/** What has not come this long after its page was opened does not keep back what is below it any longer. */
const NEW_MS = 4_000;

/** Whether this place was opened just now. */
function useNew(place: string): boolean {
  const [old, setOld] = useState<string | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setOld(place), NEW_MS);
    return () => clearTimeout(timer);
  }, [place]);
  return old !== place;
}

export function App() {
  const route = useRoute();
  const names = useLeagueNames();
  const { data: status } = useStatus();
  const page = route.parts[0] ?? 'league';
  const place = route.parts.join('/');
  const isNew = useNew(place);
  useEffect(() => {
    // Until the page has a title of its own.
    if (!document.querySelector('main h1')) entitle({ page: page in t.nav ? t.nav[page as Page] : t.nav.league });
    window.scrollTo(0, 0);
  }, [page, place]);
  useEffect(() => {
    if (status) entitle({ league: status.name });
  }, [status?.name]);
  return (
    <NamesProvider value={names}>
      <a href="#content" onClick={(event) => (event.preventDefault(), document.getElementById('content')?.focus())} className="sr-only focus:not-sr-only focus:absolute focus:z-30 focus:bg-panel focus:p-2">
        {t.shell.skip}
      </a>
      <header className="sticky top-0 z-10 border-b border-line bg-panel">
        <div className="mx-auto flex max-w-[110rem] flex-wrap items-center gap-x-3 gap-y-2 px-3 pt-2 sm:px-4">
          {/* One line, whatever of it comes later. */}
          <div className="flex max-w-full min-w-0 items-center gap-x-3">
            <a href={to('league')} className="flex min-w-0 items-center gap-2 font-semibold text-ink no-underline">
              <img src="/icon.svg" alt="" width={22} height={22} />
              <span className="max-w-56 truncate">{status ? <Text of={status.name} most={60} /> : 'Hansa'}</span>
            </a>
            <Connection />
            {isDevelopment(status) && (
              <Badge tone="warn" title={t.shell.developmentHint}>
                {t.shell.development}
              </Badge>
            )}
          </div>
          <div className="ml-auto flex min-w-0 flex-1 basis-72 items-center justify-end gap-2 sm:flex-none">
            <Search />
            <ThemeButton />
            <span className="flex min-w-[7.875rem] justify-end">
              <WalletButton />
            </span>
          </div>
        </div>
        <div className="mx-auto max-w-[110rem] px-1 sm:px-2">
          <Navigation page={page} />
        </div>
        <LostBanner />
      </header>
      <main id="content" tabIndex={-1} data-new={isNew || undefined} className="mx-auto max-w-[110rem] p-3 outline-none sm:p-4">
        <Fence key={place}>
          <Content parts={route.parts} />
        </Fence>
      </main>
    </NamesProvider>
  );
}
