// Arguments of calls, logs and errors, by their types and names.
import type { ReactNode } from 'react';
import { bytes, count, short } from '../lib/format';
import { type Argument, type Decoded, decodeLog, inWords, isTime } from '../lib/decode';
import { MODULE_NAMES } from '../lib/modules';
import type { Chain } from '../lib/rpc';
import type { Log } from '../lib/types';
import { t } from '../strings';
import { Badge } from './basics';
import { Address, Ether, Hash, Text, Time } from './values';

/** Names of amounts of wei in the modules' ABIs. */
const WEI = /^(value|amount|bond|fee|stake|escrow|locked|held|paid|left|rentPerDay|sent|minimum|minBond|balance|answers)$/i;
/** Names of chain ids. */
const CHAIN_ID = /^(chainId|source|destination)$/;
/** Bytes that are shown of a long value. */
const MAX_BYTES = 600;

/** What an amount is of, where the ABI tells. */
const UNITS: Record<string, 'wei' | 'token'> = { ...Object.fromEntries([...MODULE_NAMES.values()].map((name) => [name, 'wei' as const])), 'ERC-20': 'token' };
type Unit = (typeof UNITS)[string] | undefined;

function single({ name, type, value }: Argument, chain: Chain, unit: Unit): ReactNode {
  if (type === 'address') return <Address of={String(value)} chain={chain} />;
  if (type === 'bool') return String(value);
  if (type === 'string') return <Text of={value} lines />;
  if (/^u?int/.test(type)) {
    const number = BigInt(value as bigint | number);
    if (WEI.test(name) && unit === 'wei' && number > 1_000_000n) return <Ether of={number} digits={6} />;
    if (WEI.test(name) && unit === 'token') return t.common.smallestUnits(count(number));
    if (isTime(name, number)) return <Time ms={Number(number) * 1_000} />;
    if (/Ms$/.test(name) && number > 1_000_000_000_000n) return <Time ms={Number(number)} />;
    if (name === 'version' && number > 1_000_000_000_000n) return <Time ms={Number(number)} />;
    // Numbers that are names are written as they are.
    return CHAIN_ID.test(name) ? String(number) : count(number);
  }
  const text = String(value);
  if (type === 'bytes' && text.length > 2) return <Bytes hex={text} />;
  if (text.length > 24) return <Hash of={text} what={name} full={text.length <= 66} />;
  return <span className="font-mono text-[0.8125rem] break-all">{text}</span>;
}

/** Bytes that are text are shown as text. */
export function Bytes({ hex }: { hex: string }) {
  const shown = hex.slice(0, 2 + MAX_BYTES * 2);
  let text: string | null = null;
  try {
    const raw = Uint8Array.from((shown.slice(2).match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)));
    const read = new TextDecoder('utf-8', { fatal: hex.length === shown.length }).decode(raw);
    if (/^[\x20-\x7e\s]/.test(read)) text = read;
  } catch {
    // Not text.
  }
  const more = (hex.length - shown.length) / 2;
  return (
    <div className="max-h-60 overflow-auto rounded bg-raised p-2 font-mono text-xs break-all" tabIndex={0} role="group" aria-label={t.common.bytes}>
      {text === null ? shown : <Text of={text} lines />}
      {more > 0 && <p className="text-muted">{t.common.moreBytes(count(more))}</p>}
    </div>
  );
}

function Arguments({ of, chain, unit }: { of: Argument[]; chain: Chain; unit: Unit }) {
  if (of.length === 0) return <p className="text-muted">{t.common.noArguments}</p>;
  return (
    <dl className="grid grid-cols-1 gap-x-3 gap-y-0.5 sm:grid-cols-[minmax(6rem,auto)_1fr]">
      {of.map((argument, index) => (
        <div key={`${argument.name}${index}`} className="contents">
          <dt className="text-muted">
            <Text of={argument.name} /> <span className="text-xs">{argument.type}</span>
          </dt>
          <dd className="mb-1 min-w-0 sm:mb-0">{argument.parts ? <div className="border-l border-line pl-2"><Arguments of={argument.parts} chain={chain} unit={unit} /></div> : Array.isArray(argument.value) ? <List of={argument} chain={chain} unit={unit} /> : single(argument, chain, unit)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Elements of a list that are shown at once. */
const MAX_ELEMENTS = 50;

function List({ of, chain, unit }: { of: Argument; chain: Chain; unit: Unit }) {
  const values = of.value as unknown[];
  const type = of.type.replace(/\[\d*\]$/, '');
  if (values.length === 0) return <span className="text-muted">{t.common.none}</span>;
  return (
    <ul>
      {values.slice(0, MAX_ELEMENTS).map((value, index) => (
        // Nothing else tells equal elements apart.
        <li key={index}>{Array.isArray(value) ? <List of={{ name: '', type, value }} chain={chain} unit={unit} /> : single({ name: of.name, type, value }, chain, unit)}</li>
      ))}
      {values.length > MAX_ELEMENTS && <li className="text-muted">{t.common.more(count(values.length - MAX_ELEMENTS))}</li>}
    </ul>
  );
}

export function DecodedView({ of, chain }: { of: Decoded; chain: Chain }) {
  const words = inWords(of);
  return (
    <div className="min-w-0">
      <p className="mb-1 font-medium">
        <Text of={of.name} /> <Badge>{of.by}</Badge>
      </p>
      {words && <p className="mb-1">{words}</p>}
      <Arguments of={of.arguments} chain={chain} unit={UNITS[of.by]} />
    </div>
  );
}

/** A log by its name and arguments, or as it is where no ABI fits. */
export function LogView({ of, chain }: { of: Log; chain: Chain }) {
  const decoded = decodeLog(chain, of);
  if (decoded) return <DecodedView of={decoded} chain={chain} />;
  return (
    <>
      <ul>
        {of.topics.map((topic, index) => (
          <li key={index}>
            <Hash of={topic} full />
          </li>
        ))}
      </ul>
      {of.data !== '0x' && <Bytes hex={of.data} />}
    </>
  );
}

/** Text of a long value that a line has room for. */
const MAX_INLINE = 60;

function inline(argument: Argument, chain: Chain, unit: Unit): ReactNode {
  const { type, value } = argument;
  if (Array.isArray(value)) return t.common.elements(count(value.length));
  if (argument.parts) return t.common.elements(count(argument.parts.length));
  if (type === 'string') return <Text of={value} most={MAX_INLINE} />;
  const text = String(value);
  if (/^bytes/.test(type) && text.length > 24) return <><Hash of={text} what={argument.name} /> {type === 'bytes' && <span className="text-muted">{bytes((text.length - 2) / 2)}</span>}</>;
  return single(argument, chain, unit);
}

/** As [LogView], on as few lines as it takes: long values are cut, and lists are counted. */
export function LogLine({ of, chain }: { of: Log; chain: Chain }) {
  const decoded = decodeLog(chain, of);
  const words = decoded && inWords(decoded);
  const [first, ...topics] = of.topics;
  const title = decoded ? <><Text of={decoded.name} most={60} /> <Badge>{decoded.by}</Badge></> : <span className="font-mono text-[0.8125rem]">{short(first ?? '0x')}</span>;
  const shown: Argument[] = decoded?.arguments ?? [...topics.map((value) => ({ name: t.common.topic, type: 'bytes32', value })), { name: t.common.data, type: 'bytes', value: of.data }];
  return (
    <p className="flex min-w-0 flex-wrap items-baseline gap-x-3">
      <span className="font-medium">{title}</span>
      {words && <span>{words}</span>}
      {shown.map((argument, index) => (
        <span key={`${argument.name}${index}`} className="min-w-0">
          <span className="text-muted">
            <Text of={argument.name} most={40} />
          </span>{' '}
          {inline(argument, chain, decoded ? UNITS[decoded.by] : undefined)}
        </span>
      ))}
    </p>
  );
}
