// What came of something that was tried in one click: that it is under way, how it went, or why it did not.
import { type ReactNode, useState } from 'react';
import { explainSending } from '../lib/errors';

export type Said = { at: 'busy'; what: string } | { at: 'done'; what: ReactNode } | { at: 'failed'; what: string; next: string } | null;

/** Tries one thing after another, and says how the last one goes. What `work` gives is said when it is done; null says nothing. */
export function useAttempt(): { said: Said; busy: boolean; attempt: (what: string, work: () => Promise<Said>) => Promise<void> } {
  const [said, setSaid] = useState<Said>(null);
  const attempt = async (what: string, work: () => Promise<Said>): Promise<void> => {
    setSaid({ at: 'busy', what });
    try {
      setSaid(await work());
    } catch (error) {
      setSaid({ at: 'failed', ...explainSending(error) });
    }
  };
  return { said, busy: said?.at === 'busy', attempt };
}

/** A line for a row of buttons that wraps: it stands below them. */
export function Outcome({ of }: { of: Said }) {
  return (
    <p role="status" className="order-last min-w-0 basis-full text-sm empty:hidden">
      {of?.at === 'failed' ? (
        <span className="untrusted text-bad">
          {of.what} <span className="text-muted">{of.next}</span>
        </span>
      ) : (
        of?.what
      )}
    </p>
  );
}
