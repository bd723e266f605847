// What came of something that was tried in one click: that it is under way, how it went, or why it did not.
import { type ReactNode, useState } from 'react';
import { type Explained, explainSending } from '../lib/errors';
import { Failure } from '../ui/basics';

export type Said = { at: 'busy'; what: string } | { at: 'done'; what: ReactNode } | { at: 'failed'; why: Explained } | null;

/** Tries one thing after another, and says how the last one goes. What `work` gives is said when it is done; null says nothing. */
export function useAttempt(): { said: Said; busy: boolean; attempt: (what: string, work: () => Promise<Said>) => Promise<void> } {
  const [said, setSaid] = useState<Said>(null);
  const attempt = async (what: string, work: () => Promise<Said>): Promise<void> => {
    setSaid({ at: 'busy', what });
    try {
      setSaid(await work());
    } catch (error) {
      setSaid({ at: 'failed', why: explainSending(error) });
    }
  };
  return { said, busy: said?.at === 'busy', attempt };
}

/** For a row of buttons that wraps: it stands below them. */
export function Outcome({ of }: { of: Said }) {
  const place = 'order-last min-w-0 basis-full';
  return (
    <>
      <p role="status" className={`${place} text-sm empty:hidden`}>
        {of && of.at !== 'failed' && of.what}
      </p>
      {of?.at === 'failed' && (
        <div className={place}>
          <Failure of={of.why} />
        </div>
      )}
    </>
  );
}
