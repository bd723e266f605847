import { createColumnHelper, flexRender, getCoreRowModel, getFilteredRowModel, getPaginationRowModel, getSortedRowModel, type SortingState, type Updater, useReactTable } from '@tanstack/react-table';
import { useDeferredValue, useMemo, useState } from 'react';
import { count, num } from '../../lib/format';
import { type Entry, MAX_OBJECTS, useObjects } from '../../lib/exchange';
import { among, called, MAX_LISTED } from '../../lib/graph';
import { useNames, useStatus } from '../../lib/league';
import { readSort, setQuery, to, useRoute, whole, writeSort } from '../../lib/route';
import { HUB } from '../../lib/rpc';
import { line } from '../../lib/safe';
import { TLP } from '../../lib/stix';
import { t } from '../../strings';
import { Badge, Button, Empty, field, Panel, Problem, Title, type Tone, Waiting } from '../../ui/basics';
import { part } from '../../ui/part';
import { Scrolls } from '../../ui/scrolls';
import { Address, Ago, BlockLink, Text, Time } from '../../ui/values';
import { Tabs } from '../exchange';

const ObjectGraph = part(() => import('./graph'));

const PAGE = 50;
const TLP_TONES: Tone[] = ['muted', 'good', 'warn', 'warn', 'bad'];

export function Tlp({ of }: { of: number }) {
  return <Badge tone={TLP_TONES[of] ?? 'muted'}>TLP:{TLP[of] ?? '?'}</Badge>;
}

/** Columns that a link may sort by. */
const SORTABLE = ['type', 'title', 'tlp', 'publisher', 'version', 'block'];

/** What else is looked for begins at its first page. While a search is typed it stays one entry of the history. */
const look = (changes: Record<string, string>, entry: 'same' | 'new' = 'new'): void => setQuery({ ...changes, from: '', page: '' }, entry);

const column = createColumnHelper<Entry>();
const columns = [
  column.accessor('type', { header: t.exchange.type, cell: ({ getValue }) => <span className="whitespace-nowrap"><Text of={getValue()} most={40} /></span> }),
  column.accessor('title', {
    header: t.exchange.object,
    cell: ({ row: { original } }) => (
      <span className="flex min-w-40 flex-wrap items-center gap-1.5 sm:min-w-56">
        <a href={to('exchange', 'object', original.id)}>
          <Text of={original.title || original.id} most={120} />
        </a>
        {original.labels.slice(0, 3).map((label) => (
          <Badge key={label}>
            <Text of={label} />
          </Badge>
        ))}
        {original.revoked && <Badge tone="bad">{t.exchange.revoked}</Badge>}
      </span>
    ),
  }),
  column.accessor('tlp', { header: 'TLP', cell: ({ getValue }) => <Tlp of={getValue()} /> }),
  column.accessor('publisher', { header: t.exchange.publisher, cell: ({ getValue }) => <span className="whitespace-nowrap"><Address of={getValue()} /></span> }),
  column.accessor('version', { header: t.exchange.version, cell: ({ getValue }) => <Time ms={getValue()} /> }),
  column.accessor('block', {
    header: t.exchange.published,
    cell: ({ row: { original } }) => (
      <span className="whitespace-nowrap">
        <BlockLink chain={HUB} number={original.block} /> {original.timeMs !== null && <span className="text-muted"><Ago even ms={original.timeMs} /></span>}
      </span>
    ),
  }),
];

/** Whether an object has all words of a search somewhere. */
export function matches(entry: Entry, words: string[], publisherName: string): boolean {
  const text = `${entry.id} ${entry.title} ${entry.labels.join(' ')} ${entry.publisher} ${publisherName}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function Filters({ types, onText, text, type, tlp }: { types: [string, number][]; onText: (text: string) => void; text: string; type: string; tlp: string }) {
  return (
    <div className="grid grid-cols-2 gap-2 border-b border-line p-2 sm:grid-cols-[minmax(14rem,1fr)_14rem_9rem]">
      <input type="search" value={text} maxLength={200} onChange={(event) => onText(event.target.value)} placeholder={t.exchange.searchHint} aria-label={t.exchange.search} className={`${field} col-span-2 sm:col-span-1`} />
      <select aria-label={t.exchange.type} value={type} onChange={(event) => look({ type: event.target.value })} className={field}>
        <option value="">{t.exchange.allTypes}</option>
        {types.map(([name, amount]) => (
          <option key={name} value={name}>
            {name} ({count(amount)})
          </option>
        ))}
      </select>
      <select aria-label="TLP" value={tlp} onChange={(event) => look({ tlp: event.target.value })} className={field}>
        <option value="">{t.exchange.allTlp}</option>
        {TLP.map((name, index) => (
          <option key={name} value={index}>
            TLP:{name}
          </option>
        ))}
      </select>
    </div>
  );
}

/** How the objects that are listed are connected; drawn when somebody wants to see it. */
function ListGraph({ shown, entries }: { shown: Entry[]; entries: Entry[] }) {
  const [isOpen, setOpen] = useState(false);
  const graph = useMemo(() => (isOpen ? among(shown, entries) : null), [isOpen, shown, entries]);
  return (
    <details className="mt-3 rounded-lg border border-line bg-panel" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="cursor-pointer px-3 py-2 text-[0.8125rem] font-semibold">{t.exchange.listGraph}</summary>
      {graph && (
        <div className="p-3">
          <p className="mb-2 text-sm text-muted">
            {graph.nodes.length === 0 ? t.exchange.listGraphNone : t.exchange.listGraphNote(count(graph.nodes.length), count(Math.min(shown.length, MAX_LISTED)))} {graph.cut && t.exchange.listGraphCut(count(MAX_LISTED))}
          </p>
          {graph.nodes.length > 0 && <ObjectGraph of={graph} />}
        </div>
      )}
    </details>
  );
}

export function ObjectList() {
  const { query } = useRoute();
  const status = useStatus().data;
  const names = useNames();
  const objects = useObjects(status ? num(status.oldestBlock) : null);
  const text = query.get('q') ?? '';
  const type = query.get('type') ?? '';
  const tlp = query.get('tlp') ?? '';
  const wanted = useDeferredValue(text);
  const types = useMemo(() => {
    const counted = new Map<string, number>();
    for (const { type: of } of objects.entries) counted.set(of, (counted.get(of) ?? 0) + 1);
    return [...counted].sort((a, b) => b[1] - a[1]);
  }, [objects.entries]);
  const named = useMemo(() => called(objects.entries), [objects.entries]);
  const shown = useMemo(() => {
    const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
    return named.filter((entry) => (!type || entry.type === type) && (!tlp || entry.tlp === Number(tlp)) && matches(entry, words, names.get(entry.publisher.toLowerCase())?.name ?? ''));
  }, [named, wanted, type, tlp, names]);
  const sort = query.get('sort');
  const sorting = useMemo(() => readSort(sort, SORTABLE), [sort]);
  const pages = Math.max(1, Math.ceil(shown.length / PAGE));
  const page = whole(query.get('page'), pages) ?? 1;
  const turn = (next: number): void => setQuery({ page: next === 1 ? '' : next }, 'new');
  const table = useReactTable({
    data: shown,
    columns,
    state: { sorting, pagination: { pageIndex: page - 1, pageSize: PAGE } },
    onSortingChange: (next: Updater<SortingState>) => look({ sort: writeSort(typeof next === 'function' ? next(sorting) : next) }),
    enableMultiSort: false,
    getRowId: ({ key }) => key,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
    getFilteredRowModel: getFilteredRowModel(),
    getPaginationRowModel: getPaginationRowModel(),
    autoResetPageIndex: false,
  });
  const filtered = text || type || tlp;
  const isRead = objects.updatedAt > 0 && !objects.loading;
  return (
    <>
      <Title aside={<Tabs at="objects" />}>{t.nav.exchange}</Title>
      <p className="mb-3 max-w-[80ch] text-muted">{t.exchange.what}</p>
      {objects.error !== null && <Problem error={objects.error} />}
      {query.get('from') === 'search' && <p role="status" className="mb-3 rounded-md bg-warn-soft px-3 py-2">{(shown.length > 0 ? t.exchange.nothingNamed : t.exchange.nothingNamedNext)(line(text, 100))}</p>}
      <Panel title={filtered ? t.exchange.some(count(shown.length), count(objects.entries.length)) : t.exchange.count(count(objects.entries.length))} aside={objects.loading && <span role="status">{t.exchange.loading}</span>} flush>
        <Filters types={types} text={text} type={type} tlp={tlp} onText={(next) => look({ q: next }, text === '' || next === '' ? 'new' : 'same')} />
        {objects.entries.length === 0 && isRead ? (
          <Empty next={t.exchange.noneNext}>{t.exchange.none}</Empty>
        ) : shown.length === 0 && isRead ? (
          <Empty next={t.exchange.nothingFoundNext}>{t.exchange.nothingFound}</Empty>
        ) : objects.entries.length === 0 && objects.error === null ? (
          <Waiting />
        ) : (
          <Scrolls label={t.exchange.objects}>
            <table className="w-full border-collapse text-sm">
              <thead>
                {table.getHeaderGroups().map((group) => (
                  <tr key={group.id} className="border-b border-line text-xs text-muted">
                    {group.headers.map((header) => {
                      const sorted = header.column.getIsSorted();
                      return (
                        <th key={header.id} scope="col" aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : 'none'} className="px-3 py-1 whitespace-nowrap">
                          <button type="button" onClick={header.column.getToggleSortingHandler()} className="font-medium hover:text-ink">
                            {flexRender(header.column.columnDef.header, header.getContext())} <span aria-hidden="true">{sorted === 'asc' ? '↑' : sorted === 'desc' ? '↓' : ''}</span>
                          </button>
                        </th>
                      );
                    })}
                  </tr>
                ))}
              </thead>
              <tbody className="divide-y divide-line">
                {table.getRowModel().rows.map((row) => (
                  <tr key={row.id}>
                    {row.getVisibleCells().map((cell) => (
                      <td key={cell.id} className="px-3 py-1.5 align-baseline">
                        {flexRender(cell.column.columnDef.cell, cell.getContext())}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </Scrolls>
        )}
        <div className="flex flex-wrap items-center gap-2 border-t border-line p-2 text-sm">
          <Button onClick={() => turn(page - 1)} disabled={page === 1}>
            {t.exchange.previous}
          </Button>
          <span className="text-muted">{t.exchange.page(count(page), count(pages))}</span>
          <Button onClick={() => turn(page + 1)} disabled={page === pages}>
            {t.exchange.next}
          </Button>
          {objects.more && !objects.loading && (
            <span className="ml-auto flex items-center gap-2 text-muted">
              {t.exchange.notAll} <Button onClick={objects.loadMore}>{t.exchange.loadMore}</Button>
            </span>
          )}
          {!objects.more && objects.entries.length >= MAX_OBJECTS && <span className="ml-auto text-muted">{t.exchange.most(count(MAX_OBJECTS))}</span>}
        </div>
      </Panel>
      {shown.length > 0 && <ListGraph shown={shown} entries={objects.entries} />}
    </>
  );
}
