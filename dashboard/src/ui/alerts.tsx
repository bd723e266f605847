// Alerts in short: what is claimed, how the votes stand, and until when it holds.
import { useNow } from '../lib/clock';
import { count } from '../lib/format';
import { ACTIONS, ALERT_STATUS, type AlertWithVotes, SEVERITIES } from '../lib/league';
import { to } from '../lib/route';
import { t } from '../strings';
import { Badge, type Tone } from './basics';
import { Address, Ago, Text, Until } from './values';

const TONES: Record<string, Tone> = { pending: 'warn', accepted: 'bad', revoked: 'muted', lapsed: 'muted', expired: 'muted' };

export function AlertBadge({ of }: { of: AlertWithVotes }) {
  const status = ALERT_STATUS[of.status] ?? 'none';
  const provisional = status === 'pending' && of.provisionalUntil > 0n && Number(of.provisionalUntil) * 1_000 > Date.now();
  return (
    <Badge tone={provisional ? 'bad' : (TONES[status] ?? 'muted')}>
      {t.alert.status[status]}
      {provisional && `, ${t.alert.provisional} ${ACTIONS[of.action]}`}
    </Badge>
  );
}

/** Votes as words and as a bar that two thirds have to fill. */
export function Votes({ of }: { of: AlertWithVotes }) {
  const { endorsing, total, revoking } = of.tally;
  const part = total > 0n ? Number((endorsing * 1000n) / total) / 10 : 0;
  return (
    <div className="min-w-40">
      <p className="text-xs">
        {t.alert.votesFor(count(endorsing), count(total))}
        {revoking > 0n && `; ${t.alert.votesAgainst(count(revoking))}`} <span className="text-muted">({t.alert.needed})</span>
      </p>
      <svg viewBox="0 0 100 6" preserveAspectRatio="none" className="mt-0.5 h-1.5 w-full max-w-56" aria-hidden="true">
        <rect width="100" height="6" rx="1" fill="var(--raised)" />
        <rect width={part} height="6" rx="1" fill={part >= 66.6 ? 'var(--bad)' : 'var(--warn)'} />
        <rect x="66.4" width="0.8" height="6" fill="var(--muted)" />
      </svg>
    </div>
  );
}

/** When it ends, or when it did; of one that was given up before its time, when it was raised. */
export function Ends({ of }: { of: AlertWithVotes }) {
  const now = useNow();
  const expiresMs = Number(of.expiry) * 1_000;
  const word = ALERT_STATUS[of.status];
  if (word === 'revoked' || word === 'lapsed')
    return (
      <>
        {t.alert.raised} <Ago ms={Number(of.raisedAt) * 1_000} />
      </>
    );
  return expiresMs > now ? (
    <>
      {t.alert.ends} <Until ms={expiresMs} over={t.alert.over} />
    </>
  ) : (
    <>
      {t.alert.ended} <Ago ms={expiresMs} />
    </>
  );
}

export function AlertRows({ of }: { of: AlertWithVotes[] }) {
  return (
    <ul className="divide-y divide-line">
      {of.map((alert) => (
        <li key={String(alert.id)} className="flex flex-col gap-1 px-3 py-2">
          <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
            <a href={to('exchange', 'alert', alert.id)} className="font-semibold">
              {t.alert.title(String(alert.id))}
            </a>
            <AlertBadge of={alert} />
            <Badge tone={alert.severity >= 3 ? 'bad' : 'warn'}>{SEVERITIES[alert.severity]}</Badge>
            <span>{ACTIONS[alert.action]}</span>
            <Address of={alert.targets[0] ?? '0x'} />
            {alert.targets.length > 1 && <span className="text-muted">{t.common.more(count(alert.targets.length - 1))}</span>}
            <span className="ml-auto text-xs text-muted">
              <Ends of={alert} />
            </span>
          </div>
          {alert.reason && (
            <p>
              <Text of={alert.reason} most={200} />
            </p>
          )}
          {alert.status <= 2 && <Votes of={alert} />}
        </li>
      ))}
    </ul>
  );
}
