// Chains of the league in the reader's wallet: it is connected first where it is not yet.
import { useState } from 'react';
import { type Chain } from '../lib/rpc';
import { useWallet } from '../lib/wallet';
import { t } from '../strings';
import { Button } from '../ui/basics';
import type { Found } from './core';
import { Outcome, type Said, useAttempt } from './outcome';

export function AddNetwork({ chains, label }: { chains: Chain[]; label: (chain: Chain) => string }) {
  const { address } = useWallet();
  const { said, busy, attempt } = useAttempt();
  const [choice, setChoice] = useState<{ chain: Chain; found: Found[] } | null>(null);
  /** In the wallet that is connected, or in this one. */
  const use = async (chain: Chain, wallet?: string): Promise<Said> => {
    const core = await import('./core');
    if (wallet) await core.connect(wallet);
    await core.use(chain);
    return { at: 'done', what: t.wallet.added };
  };
  const begin = (work: () => Promise<Said>): void => {
    setChoice(null);
    void attempt(t.wallet.asking, work);
  };
  const add = (chain: Chain): void =>
    begin(async () => {
      if (address) return use(chain);
      const found = await (await import('./core')).wallets();
      const [only] = found;
      if (!only) return { at: 'failed', why: { what: t.wallet.none, next: t.wallet.noneNext, details: null } };
      if (found.length === 1) return use(chain, only.id);
      setChoice({ chain, found });
      return null;
    });
  return (
    <>
      {chains.map((chain) => (
        <Button key={chain} onClick={() => add(chain)} disabled={busy}>
          {label(chain)}
        </Button>
      ))}
      {choice && (
        <div role="group" aria-label={t.wallet.which} className="order-last flex basis-full flex-wrap items-center gap-2 text-sm">
          {t.wallet.which}
          {choice.found.map(({ id, name }) => (
            <Button key={id} onClick={() => begin(() => use(choice.chain, id))} disabled={busy}>
              {name}
            </Button>
          ))}
        </div>
      )}
      <Outcome of={said} />
    </>
  );
}
