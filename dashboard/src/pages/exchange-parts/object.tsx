import { createContext, useContext, useMemo, useState } from 'react';
import { count, bytes, num } from '../../lib/format';
import { EXCHANGE } from '../../lib/modules';
import { type Objects, PUBLISHED, REVOKED, SIGHTED, useObjects, version, type Version } from '../../lib/exchange';
import { around, called } from '../../lib/graph';
import { decodeLog } from '../../lib/decode';
import { useAlerts, useStatus } from '../../lib/league';
import { useAsk } from '../../lib/live';
import { to } from '../../lib/route';
import { HUB } from '../../lib/rpc';
import { line, safe } from '../../lib/safe';
import { scan } from '../../lib/scan';
import { objectKey } from '../../lib/search';
import { byAddress, isReference, named, properties, references, type Stix } from '../../lib/stix';
import type { Log } from '../../lib/types';
import { t } from '../../strings';
import { AlertRows } from '../../ui/alerts';
import { Badge, Copy, Empty, Facts, Nothing, Panel, Title, Waiting } from '../../ui/basics';
import { Finality } from '../../ui/finality';
import { part } from '../../ui/part';
import { Cell, Table } from '../../ui/tables';
import { Address, Ago, BlockLink, Hash, Text, Time, TxLink } from '../../ui/values';
import { Tabs } from '../exchange';
import { Tlp } from './list';
import { Sight } from './sight';
import { Withdraw } from './withdraw';

const ObjectGraph = part(() => import('./graph'));

/** What objects are called, as far as they are loaded, by id. */
const Titles = createContext<ReadonlyMap<string, string>>(new Map());

/** Another object, by its name where that is known. */
function Reference({ id }: { id: string }) {
  const title = useContext(Titles).get(id);
  return (
    <a href={to('exchange', 'object', id)} title={line(id)} className={title ? 'break-words' : 'font-mono text-[0.8125rem] break-all'}>
      {title ? <Text of={title} most={80} /> : line(id)}
    </a>
  );
}

function Neighbours({ id, of: { entries, loading } }: { id: string; of: Objects }) {
  const graph = useMemo(() => around(entries, id), [entries, id]);
  if (graph.nodes.length < 2) return loading ? <Waiting /> : null;
  return (
    <Panel title={t.exchange.graph} aside={t.exchange.graphNote} className="mt-3">
      <ObjectGraph of={graph} />
    </Panel>
  );
}

/** Versions and sightings that are looked for. */
const MAX_LOGS = 500;
/** How deep nested properties are shown. */
const MAX_DEPTH = 4;

/** Addresses in it lead to the explorer. */
function Linked({ text }: { text: string }) {
  const pieces = byAddress(safe(text));
  return (
    <span className="untrusted whitespace-pre-wrap">
      {pieces.map((piece, index) =>
        index % 2 === 1 ? (
          <a key={index} href={to('chains', HUB, 'address', piece.toLowerCase())} className="break-all">
            {piece}
          </a>
        ) : (
          piece
        ),
      )}
    </span>
  );
}

function Value({ of, depth = 0 }: { of: unknown; depth?: number }) {
  if (isReference(of)) return <Reference id={of} />;
  if (typeof of === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(of)) return <Time ms={Date.parse(of)} />;
  if (typeof of === 'string') return <Linked text={of} />;
  if (typeof of === 'number' || typeof of === 'boolean') return <>{String(of)}</>;
  if (of === null || of === undefined) return <span className="text-muted">{t.common.none}</span>;
  if (depth >= MAX_DEPTH) return <Text of={JSON.stringify(of)} most={300} />;
  if (Array.isArray(of)) {
    return (
      <ul className={of.length > 1 ? 'list-disc pl-4' : ''}>
        {of.slice(0, 50).map((item, index) => (
          <li key={index}>
            <Value of={item} depth={depth + 1} />
          </li>
        ))}
        {of.length > 50 && <li className="text-muted">{t.common.more(count(of.length - 50))}</li>}
      </ul>
    );
  }
  return (
    <dl className="border-l border-line pl-2">
      {Object.entries(of as object)
        .slice(0, 50)
        .map(([name, value]) => (
          <div key={name} className="flex flex-wrap gap-x-2">
            <dt className="text-muted">
              <Text of={named(name)} most={60} />
            </dt>
            <dd className="min-w-0">
              <Value of={value} depth={depth + 1} />
            </dd>
          </div>
        ))}
    </dl>
  );
}

function Readable({ of }: { of: Stix }) {
  const rows = properties(of).map(([name, value]): [string, React.ReactNode] => [safe(named(name), 60), <Value key={name} of={value} />]);
  return (
    <>
      {typeof of.description === 'string' && (
        <p className="mb-3 max-w-[80ch]">
          <Text of={of.description} lines />
        </p>
      )}
      <Facts rows={rows} />
    </>
  );
}

/** Who signed the block that has it; asked for when somebody wants to know. */
function Signed({ block, open }: { block: number; open: boolean }) {
  const [isOpen, setOpen] = useState(open);
  return (
    <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="cursor-pointer text-muted">{t.exchange.signers}</summary>
      {isOpen && (
        <div className="mt-1">
          <Finality chain={HUB} number={block} />
        </div>
      )}
    </details>
  );
}

function Versions({ of }: { of: Version[] }) {
  return (
    <Table label={t.exchange.versions} head={[t.exchange.version, t.exchange.publisher, t.exchange.recorded, t.common.transaction, t.exchange.digest, { right: t.exchange.size }]}>
      {of.flatMap((item, index) => [
        <tr key={item.version}>
          <Cell>
            <Time ms={item.version} />
          </Cell>
          <Cell>
            <Address of={item.publisher} />
          </Cell>
          <Cell>
            <BlockLink chain={HUB} number={item.block} />
            {item.timeMs !== null && (
              <span className="block text-xs text-muted">
                <Time ms={item.timeMs} />, <Ago ms={item.timeMs} />
              </span>
            )}
          </Cell>
          <Cell>
            <TxLink chain={HUB} hash={item.transaction} />
          </Cell>
          <Cell>
            <Hash of={item.digest} what={t.exchange.digest} /> <Badge tone={item.isIntact ? 'good' : 'bad'}>{item.isIntact ? t.exchange.intact : t.exchange.broken}</Badge>
          </Cell>
          <Cell right>{bytes(item.size)}</Cell>
        </tr>,
        <tr key={`${item.version} signed`}>
          <td colSpan={6} className="px-3 pb-2">
            <Signed block={item.block} open={index === 0} />
          </td>
        </tr>,
      ])}
    </Table>
  );
}

function Sightings({ logs }: { logs: Log[] }) {
  return (
    <ul className="divide-y divide-line">
      {logs.map((log) => {
        const by = Object.fromEntries((decodeLog(HUB, log)?.arguments ?? []).map(({ name, value }) => [name, value]));
        return (
          <li key={`${log.blockHash}${log.logIndex}`} className="flex flex-wrap items-center gap-2 px-3 py-2">
            <Address of={String(by.member)} /> {t.exchange.sawIt(count(num(by.count as number)))} <Time ms={Number(by.firstSeenMs)} /> – <Time ms={Number(by.lastSeenMs)} /> <BlockLink chain={HUB} number={num(log.blockNumber)} />
          </li>
        );
      })}
    </ul>
  );
}

/** The address that an object is about, where its pattern or name has one. */
const subject = (of: Stix | null): string => /0x[0-9a-fA-F]{40}(?![0-9a-fA-F])/.exec(`${String(of?.pattern ?? '')} ${String(of?.value ?? '')} ${String(of?.name ?? '')}`.slice(0, 4_000))?.[0] ?? '';

export function ObjectPage({ id }: { id: string }) {
  const valid = isReference(id);
  const status = useStatus().data;
  const objects = useObjects(status ? num(status.oldestBlock) : null);
  const titles = useMemo(() => new Map(called(objects.entries).map(({ id: of, title }) => [of, title])), [objects.entries]);
  const key = objectKey(id);
  const found = useAsk<Log[]>(HUB, ['object', key], async (signal) => (await scan(HUB, { address: EXCHANGE.to, topics: [[PUBLISHED, REVOKED, SIGHTED], key] }, MAX_LOGS, null, num(status?.oldestBlock), signal)).logs, { enabled: valid && status !== undefined, on: [EXCHANGE.to] });
  const warned = useAlerts();
  const alerts = (warned.data?.alerts ?? []).filter(({ objectId }) => objectId === key);
  if (!valid) return <Nothing title={t.exchange.object} next={<a href={to('exchange')}>{t.exchange.listed}</a>}>{t.exchange.noId(line(id, 100))}</Nothing>;
  if (found.isPending || warned.isPending) return <Waiting />;
  const logs = found.data ?? [];
  const versions = logs.flatMap((log) => version(log) ?? []).sort((a, b) => b.version - a.version);
  const revoked = logs.find((log) => log.topics[0] === REVOKED);
  const reason = revoked && decodeLog(HUB, revoked)?.arguments.find(({ name }) => name === 'reason')?.value;
  const sightings = logs.filter((log) => log.topics[0] === SIGHTED);
  const [last] = versions;
  const points = last?.stix ? references(last.stix) : [];
  // A relationship is called by what it connects.
  const title = last && ((last.type === 'relationship' && titles.get(id)) || last.title || last.id);
  return (
    <Titles value={titles}>
      <Title aside={<Tabs at="objects" />}>{title ? <Text of={title} most={160} /> : t.exchange.object}</Title>
      <p className="mb-3 flex flex-wrap items-center gap-2 text-sm">
        {last && <Badge tone="accent">{line(last.type, 40)}</Badge>}
        {last && <Tlp of={last.tlp} />}
        {last?.labels.map((label) => (
          <Badge key={label}>
            <Text of={label} />
          </Badge>
        ))}
        {revoked && <Badge tone="bad">{t.exchange.revoked}</Badge>}
        <span className="inline-flex min-w-0 items-baseline gap-1">
          <span className="font-mono text-xs break-all text-muted">{id}</span> <Copy text={id} what={t.exchange.id} />
        </span>
      </p>
      {revoked && (
        <p className="mb-3 rounded-lg border border-bad bg-bad-soft px-3 py-2">
          {t.exchange.revokedLong} <Text of={reason} most={300} />
        </p>
      )}
      <div className="grid items-start gap-3 lg:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
        <Panel title={t.exchange.content} source={found}>
          {!last ? <Empty next={t.exchange.unknownNext}>{t.exchange.unknown}</Empty> : last.stix ? <Readable of={last.stix} /> : <p>{t.exchange.sealed}</p>}
        </Panel>
        <div className="flex min-w-0 flex-col gap-3">
          {alerts.length > 0 && (
            <Panel title={t.exchange.groundsOf} flush>
              <AlertRows of={alerts} />
            </Panel>
          )}
          <Panel title={t.exchange.points} flush>
            {points.length === 0 ? (
              <Empty>{t.exchange.pointsNone}</Empty>
            ) : (
              <ul className="divide-y divide-line">
                {points.map(({ by, to: target }, index) => (
                  <li key={index} className="px-3 py-1.5">
                    <span className="text-muted">
                      <Text of={named(by)} most={60} />
                    </span>{' '}
                    <Reference id={target} />
                  </li>
                ))}
              </ul>
            )}
          </Panel>
          {last && (
            <Panel title={t.exchange.sightings} flush>
              {sightings.length === 0 ? <Empty next={t.sight.noneNext}>{t.sight.none}</Empty> : <Sightings logs={sightings} />}
              {!revoked && (
                <details className="border-t border-line">
                  <summary className="cursor-pointer px-3 py-2 font-medium">{t.sight.title}</summary>
                  <Sight objectId={key} />
                </details>
              )}
            </Panel>
          )}
          {last && !revoked && <Withdraw objectId={key} publisher={last.publisher} />}
          {last && !revoked && (
            <p className="text-sm">
              <a href={`${to('exchange', 'raise')}?object=${encodeURIComponent(id)}&target=${subject(last.stix)}`}>{t.raise.onThis}</a>
            </p>
          )}
        </div>
      </div>
      <Neighbours id={id} of={objects} />
      {versions.length > 0 && (
        <Panel title={t.exchange.provenance} className="mt-3" flush>
          <Versions of={versions} />
        </Panel>
      )}
      {last?.stix && (
        <details className="mt-3 rounded-lg border border-line bg-panel">
          <summary className="cursor-pointer px-3 py-2 text-[0.8125rem] font-semibold">{t.exchange.asJson}</summary>
          <pre className="max-h-96 overflow-auto p-3 text-xs" tabIndex={0}>
            {safe(JSON.stringify(last.stix, null, 2), 20_000)}
          </pre>
        </details>
      )}
    </Titles>
  );
}
