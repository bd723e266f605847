import { useEffect, useRef, useState } from 'react';
import { type Explained, explainSending } from '../lib/errors';
import { checksummed, short } from '../lib/format';
import { useWallet } from '../lib/wallet';
import { t } from '../strings';
import { Button, Failure, Waiting } from '../ui/basics';
import { Address } from '../ui/values';
import type { Found } from './core';

// The wallet's code is asked for when this is pressed, and at once where a wallet was used before.
const core = () => import('./core');

/** Of a button that opens something about the account: whose it is. */
function Whose({ address }: { address: string }) {
  const text = short(checksummed(address));
  return (
    <span aria-label={`${t.wallet.connected} ${text}`} role="img" className="font-mono text-[0.8125rem]">
      {text}
    </span>
  );
}

function usedBefore(): boolean {
  try {
    return localStorage.getItem('wagmi.recentConnectorId') !== null;
  } catch {
    return false;
  }
}

export default function WalletButton() {
  const wallet = useWallet();
  const [open, setOpen] = useState(false);
  const [found, setFound] = useState<Found[] | null>(null);
  const [problem, setProblem] = useState<Explained | null>(null);
  const dialog = useRef<HTMLDialogElement>(null);

  useEffect(() => {
    if (usedBefore()) void core().then(({ start }) => start()).catch(() => undefined);
  }, []);
  // The browser keeps the focus in a modal dialog, closes it with Escape, and gives the focus back.
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);

  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    setProblem(null);
    try {
      await work();
    } catch (error) {
      setProblem(explainSending(error));
    }
  };
  const show = (): void => {
    setOpen(true);
    if (!wallet.address) void attempt(async () => setFound(await (await core()).wallets()));
  };

  return (
    <>
      <Button kind={wallet.address ? 'plain' : 'main'} onClick={show}>
        {wallet.address ? <Whose address={wallet.address} /> : t.wallet.connect}
      </Button>
      <dialog
        ref={dialog}
        aria-label={wallet.address ? t.wallet.connected : t.wallet.connect}
        onClose={() => setOpen(false)}
        onPointerDown={(event) => event.target === dialog.current && setOpen(false)}
        className="fixed top-24 right-3 left-auto m-0 w-80 max-w-[calc(100vw-1.5rem)] rounded-lg border border-line bg-panel p-0 text-sm text-ink shadow-lg backdrop:bg-transparent sm:top-12"
      >
        {/* What lies around this is the dialog itself, or what is behind it. A link leads to a page behind it. */}
        {open && (
          <div className="p-3" onClick={(event) => (event.target as Element).closest('a') && setOpen(false)}>
            {wallet.address ? (
              <div className="flex flex-col gap-2">
                <p className="text-muted">{wallet.name}</p>
                <Address of={wallet.address} />
                <Button onClick={() => void attempt(async () => (await core()).disconnect()).then(() => setOpen(false))}>{t.wallet.disconnect}</Button>
              </div>
            ) : found === null && !problem ? (
              <Waiting />
            ) : found?.length === 0 ? (
              <div>
                <p>{t.wallet.none}</p>
                <p className="mt-1 text-muted">{t.wallet.noneNext}</p>
              </div>
            ) : (
              <ul className="flex flex-col gap-1">
                {found?.map(({ id, name, icon }) => (
                  <li key={id}>
                    <button
                      type="button"
                      onClick={() => void attempt(async () => (await core()).connect(id).then(() => setOpen(false)))}
                      className="flex w-full items-center gap-2 rounded-md border border-line px-2 py-1.5 text-left hover:border-accent"
                    >
                      {icon && <img src={icon} alt="" width={18} height={18} />}
                      {name}
                    </button>
                  </li>
                ))}
              </ul>
            )}
            {problem && (
              <div className="mt-2">
                <Failure of={problem} />
              </div>
            )}
          </div>
        )}
      </dialog>
    </>
  );
}
