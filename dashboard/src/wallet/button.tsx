import { useEffect, useRef, useState } from 'react';
import { type Explained, explainSending } from '../lib/errors';
import { useWallet } from '../lib/wallet';
import { t } from '../strings';
import { Button, Failure, Waiting } from '../ui/basics';
import { Address } from '../ui/values';
import type { Found } from './core';

// The wallet's code is asked for when this is pressed, and at once where a wallet was used before.
const core = () => import('./core');

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
  const box = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (usedBefore()) void core().then(({ start }) => start()).catch(() => undefined);
  }, []);
  useEffect(() => {
    if (!open) return;
    const away = (event: Event): void => {
      if (event instanceof KeyboardEvent ? event.key === 'Escape' : !box.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('keydown', away);
    document.addEventListener('pointerdown', away);
    return () => {
      document.removeEventListener('keydown', away);
      document.removeEventListener('pointerdown', away);
    };
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
    setOpen(!open);
    if (!open && !wallet.address) void attempt(async () => setFound(await (await core()).wallets()));
  };

  return (
    <div ref={box} className="relative">
      <Button kind={wallet.address ? 'plain' : 'main'} onClick={show}>
        {wallet.address ? t.wallet.connected : t.wallet.connect}
      </Button>
      {open && (
        <div className="absolute right-0 z-20 mt-1 w-72 rounded-lg border border-line bg-panel p-3 text-sm shadow-lg">
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
    </div>
  );
}
