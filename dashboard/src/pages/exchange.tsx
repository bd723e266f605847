import { to } from '../lib/route';
import { t } from '../strings';
import { AlertList, AlertPage } from './exchange-parts/alert';
import { ObjectList } from './exchange-parts/list';
import { ObjectPage } from './exchange-parts/object';
import { PublishPage } from './exchange-parts/publish';

export function Tabs({ at }: { at: 'objects' | 'alerts' | 'publish' }) {
  const look = (is: boolean): string => `rounded-md px-2.5 py-1 text-sm no-underline ${is ? 'bg-accent-soft font-semibold text-accent' : 'text-muted hover:text-ink'}`;
  return (
    <nav aria-label={t.nav.exchange} className="flex gap-1">
      <a href={to('exchange')} aria-current={at === 'objects' ? 'page' : undefined} className={look(at === 'objects')}>
        {t.exchange.objects}
      </a>
      <a href={to('exchange', 'alerts')} aria-current={at === 'alerts' ? 'page' : undefined} className={look(at === 'alerts')}>
        {t.alert.list}
      </a>
      <a href={to('exchange', 'publish')} aria-current={at === 'publish' ? 'page' : undefined} className={look(at === 'publish')}>
        {t.publish.tab}
      </a>
    </nav>
  );
}

export default function ExchangePage({ parts }: { parts: string[] }) {
  const [kind, id] = parts;
  if (kind === 'publish') return <PublishPage />;
  if (kind === 'alerts') return <AlertList />;
  if (kind === 'alert' && id) return <AlertPage key={id} id={id} />;
  if (kind === 'object' && id) return <ObjectPage key={id} id={id.toLowerCase()} />;
  return <ObjectList />;
}
