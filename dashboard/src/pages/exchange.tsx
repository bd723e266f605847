import { to } from '../lib/route';
import { t } from '../strings';
import { AlertList, AlertPage } from './exchange-parts/alert';
import { FeedsPage } from './exchange-parts/feeds';
import { ObjectList } from './exchange-parts/list';
import { ObjectPage } from './exchange-parts/object';
import { PublishPage } from './exchange-parts/publish';
import { RaisePage } from './exchange-parts/raise';

const TABS = [
  ['objects', t.exchange.objects, []],
  ['feeds', t.feeds.tab, ['feeds']],
  ['alerts', t.alert.list, ['alerts']],
  ['publish', t.publish.tab, ['publish']],
  ['raise', t.raise.tab, ['raise']],
] as const;

export function Tabs({ at }: { at: (typeof TABS)[number][0] }) {
  const look = (is: boolean): string => `rounded-md px-2.5 py-1 text-sm no-underline ${is ? 'bg-accent-soft font-semibold text-accent' : 'text-muted hover:text-ink'}`;
  return (
    <nav aria-label={t.nav.exchange} className="flex flex-wrap gap-1">
      {TABS.map(([name, label, parts]) => (
        <a key={name} href={to('exchange', ...parts)} aria-current={at === name ? 'page' : undefined} className={look(at === name)}>
          {label}
        </a>
      ))}
    </nav>
  );
}

export default function ExchangePage({ parts }: { parts: string[] }) {
  const [kind, id] = parts;
  if (kind === 'publish') return <PublishPage />;
  if (kind === 'raise') return <RaisePage />;
  if (kind === 'feeds') return <FeedsPage />;
  if (kind === 'alerts') return <AlertList />;
  if (kind === 'alert' && id) return <AlertPage key={id} id={id} />;
  if (kind === 'object' && id) return <ObjectPage key={id} id={id.toLowerCase()} />;
  return <ObjectList />;
}
