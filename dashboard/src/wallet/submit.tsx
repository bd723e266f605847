// A transaction from the preview to its end: what it costs, the question to the wallet, the wait, and the receipt.
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { big, count, duration, num } from '../lib/format';
import { type Explained, explainSending } from '../lib/errors';
import { preview, type Preview, settled } from '../lib/send';
import type { Receipt } from '../lib/types';
import { type Intent, sendByWallet, useWallet } from '../lib/wallet';
import { t } from '../strings';
import { Badge, Button, Failure } from '../ui/basics';
import { BlockLink, Ether, TxLink } from '../ui/values';

type Step =
  | { at: 'idle' }
  | { at: 'looking' }
  | { at: 'ready'; cost: Preview; of: string }
  | { at: 'asking' }
  | { at: 'waiting'; hash: `0x${string}`; since: number }
  | { at: 'done'; receipt: Receipt; tookMs: number }
  | { at: 'failed'; why: Explained };

interface Props {
  intent: Intent | null;
  label: string;
  /** What is about to happen, shown before signing. */
  says: ReactNode;
  onDone?: (receipt: Receipt) => void;
}

/** All that is signed. */
const digest = (of: Intent | null): string => (of ? JSON.stringify([of.chain, of.to, of.data, String(of.value ?? 0n)]) : '');

export function Submit({ intent, label, says, onDone }: Props) {
  const { address } = useWallet();
  const [last, setStep] = useState<Step>({ at: 'idle' });
  // What was looked at is what is signed: when it changes meanwhile, it is looked at again.
  const step: Step = last.at === 'ready' && last.of !== digest(intent) ? { at: 'idle' } : last;
  // The button that was pressed is gone after it: the keyboard goes on from where it was.
  const box = useRef<HTMLDivElement>(null);
  const wasIdle = useRef(true);
  useEffect(() => {
    if (!(wasIdle.current && step.at === 'idle') && document.activeElement === document.body) box.current?.focus();
    wasIdle.current = step.at === 'idle';
  }, [step.at]);
  const failed = (error: unknown): void => setStep({ at: 'failed', why: explainSending(error) });
  const look = async (): Promise<void> => {
    if (!intent || !address) return;
    setStep({ at: 'looking' });
    try {
      setStep({ at: 'ready', cost: await preview(intent, address), of: digest(intent) });
    } catch (error) {
      failed(error);
    }
  };
  const sign = async (): Promise<void> => {
    if (!intent) return;
    setStep({ at: 'asking' });
    try {
      const hash = await sendByWallet(intent);
      const since = Date.now();
      setStep({ at: 'waiting', hash, since });
      const receipt = await settled(intent.chain, hash);
      setStep({ at: 'done', receipt, tookMs: Date.now() - since });
      if (num(receipt.status) === 1) onDone?.(receipt);
    } catch (error) {
      failed(error);
    }
  };
  if (!address) return <p className="text-sm text-muted">{t.wallet.neededFor(label)}</p>;
  return (
    <div ref={box} tabIndex={-1} className="flex flex-col gap-2 text-sm outline-none" aria-live="polite">
      {(step.at === 'idle' || step.at === 'looking') && (
        <div>
          <Button kind="main" onClick={() => void look()} disabled={!intent || step.at === 'looking'}>
            {step.at === 'looking' ? t.wallet.looking : label}
          </Button>
        </div>
      )}
      {step.at === 'ready' && intent && (
        <div className="rounded-md border border-line bg-raised p-3">
          <div className="mb-2">{says}</div>
          <p className="mb-2 text-muted">
            {t.wallet.feeAtMost} <Ether of={step.cost.fee} digits={8} /> ({count(step.cost.gas)} {t.explorer.gas})
            {intent.value ? (
              <>
                , {t.wallet.amount} <Ether of={intent.value} digits={6} />
              </>
            ) : null}
          </p>
          <div className="flex gap-2">
            <Button kind="main" onClick={() => void sign()}>
              {t.wallet.sign}
            </Button>
            <Button onClick={() => setStep({ at: 'idle' })}>{t.wallet.cancel}</Button>
          </div>
        </div>
      )}
      {step.at === 'asking' && <p role="status">{t.wallet.asking}</p>}
      {step.at === 'waiting' && intent && (
        <p role="status">
          {t.wallet.waiting} <TxLink chain={intent.chain} hash={step.hash} />
        </p>
      )}
      {step.at === 'done' && intent && (
        <p role="status" className="flex flex-wrap items-center gap-2">
          <Badge tone={num(step.receipt.status) === 1 ? 'good' : 'bad'}>{num(step.receipt.status) === 1 ? t.wallet.done : t.wallet.reverted}</Badge>
          {t.wallet.inBlock} <BlockLink chain={intent.chain} number={num(step.receipt.blockNumber)} /> {t.wallet.after(duration(step.tookMs))} <TxLink chain={intent.chain} hash={step.receipt.transactionHash} />
          <span className="text-muted">
            {t.wallet.paid} <Ether of={big(step.receipt.gasUsed) * big(step.receipt.effectiveGasPrice)} digits={8} />
          </span>
          <Button onClick={() => setStep({ at: 'idle' })}>{t.wallet.again}</Button>
        </p>
      )}
      {step.at === 'failed' && (
        <Failure of={step.why}>
          <div className="mt-1">
            <Button onClick={() => setStep({ at: 'idle' })}>{t.wallet.back}</Button>
          </div>
        </Failure>
      )}
    </div>
  );
}
