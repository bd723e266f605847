// How single values are shown: addresses, hashes, amounts, times, text of strangers.
import { useNow } from '../lib/clock';
import { checksummed, count, countdown, dateTime, duration, ether, exactEther, short, utc } from '../lib/format';
import { useNames, written } from '../lib/league';
import { to } from '../lib/route';
import { HUB, type Chain } from '../lib/rpc';
import { line, quoted, safe } from '../lib/safe';
import type { Operator } from '../lib/types';
import { t } from '../strings';
import { Copy } from './basics';

/** A checksummed short address, with the name that the league knows, a link and a copy button. */
export function Address({ of, chain = HUB, full = false, link = true }: { of: string; chain?: Chain; full?: boolean; link?: boolean }) {
  const names = useNames();
  const known = names.get(of.toLowerCase());
  const whole = checksummed(of);
  const text = full ? whole : short(whole);
  return (
    <span className={`inline-flex max-w-full items-baseline gap-1 ${full ? 'flex-wrap' : ''}`}>
      {known && (
        <span className="max-w-44 truncate" title={t.kinds[known.kind]}>
          <Text of={written(known)} />
        </span>
      )}
      <span className="inline-flex min-w-0 items-baseline gap-1">
        {link ? (
          <a href={to('chains', chain, 'address', of)} title={whole} className="font-mono text-[0.8125rem] break-all">
            {text}
          </a>
        ) : (
          <span title={whole} className="font-mono text-[0.8125rem] break-all">
            {text}
          </span>
        )}
        <Copy text={whole} what={t.common.address} />
      </span>
    </span>
  );
}

export function Hash({ of, href, what = t.common.hash, full = false }: { of: string; href?: string; what?: string; full?: boolean }) {
  const text = full ? of : short(of, 10, 6);
  return (
    <span className="inline-flex max-w-full items-baseline gap-1 font-mono text-[0.8125rem]">
      {href ? (
        <a href={href} title={of} className="break-all">
          {text}
        </a>
      ) : (
        <span title={of} className="break-all">
          {text}
        </span>
      )}
      <Copy text={of} what={what} />
    </span>
  );
}

export function Ether({ of, digits = 4 }: { of: bigint; digits?: number }) {
  return (
    <span title={exactEther(of)} className="whitespace-nowrap">
      {ether(of, digits)} ETH
    </span>
  );
}

/** Text that a stranger wrote: never read as markup, nothing invisible in it, and its direction stays inside. */
export function Text({ of, most, lines = false }: { of: unknown; most?: number; lines?: boolean }) {
  return <bdi className={`untrusted ${lines ? 'whitespace-pre-wrap' : ''}`}>{lines ? safe(of, most) : line(of, most)}</bdi>;
}

/** A name that an operator chose. */
export const Chosen = ({ of, most = 40 }: { of: string; most?: number }) => <bdi className="untrusted">{quoted(of, most)}</bdi>;

/** An operator's name, or its number where it is not among those that are known. */
export function OperatorName({ id, of }: { id: number; of: readonly Pick<Operator, 'id' | 'name'>[] }) {
  const found = of.find((operator) => operator.id === id);
  return found ? <Chosen of={found.name} /> : <>#{id}</>;
}

/** A time in the reader's zone; UTC on hover. */
export function Time({ ms }: { ms: number }) {
  return (
    <time dateTime={Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString() : undefined} title={utc(ms)} className="whitespace-nowrap">
      {Number.isFinite(ms) ? dateTime(ms) : '–'}
    </time>
  );
}

/** How long ago, counting; `even`: as wide whatever it says, for tables. */
export function Ago({ ms, even = false }: { ms: number; even?: boolean }) {
  const now = useNow();
  return (
    <time dateTime={new Date(ms).toISOString()} title={utc(ms)} className={`whitespace-nowrap ${even ? 'inline-block min-w-[4.75rem]' : ''}`}>
      {now - ms < 1_000 ? t.common.justNow : t.common.ago(duration(now - ms))}
    </time>
  );
}

/** How long until then, counting down; then what it says. */
export function Until({ ms, over }: { ms: number; over: string }) {
  const now = useNow();
  const left = ms - now;
  return (
    <time dateTime={new Date(ms).toISOString()} title={utc(ms)} className="whitespace-nowrap">
      {left > 0 ? countdown(left) : over}
    </time>
  );
}

export const BlockLink = ({ chain, number }: { chain: Chain; number: number }) => <a href={to('chains', chain, 'block', number)}>{count(number)}</a>;
export const TxLink = ({ chain, hash }: { chain: Chain; hash: string }) => <Hash of={hash} href={to('chains', chain, 'tx', hash)} what={t.common.transactionHash} />;
