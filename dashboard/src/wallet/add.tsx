// Chains of the league in the reader's wallet: it is connected first where it is not yet.
import { useState } from 'react';
import { type Chain } from '../lib/rpc';
import { explainSending } from '../lib/send';
import { useWallet } from '../lib/wallet';
import { t } from '../strings';
import { Button } from '../ui/basics';
import type { Found } from './core';

type Said = { at: 'busy'; what: string } | { at: 'ok'; what: string } | { at: 'choose'; chain: Chain; found: Found[] } | { at: 'failed'; what: string; next: string } | null;

export function AddNetwork({ chains, label }: { chains: Chain[]; label: (chain: Chain) => string }) {
  const { address } = useWallet();
  const [said, setSaid] = useState<Said>(null);
  const attempt = async (work: () => Promise<Said>): Promise<void> => {
    setSaid({ at: 'busy', what: t.wallet.asking });
    try {
      setSaid(await work());
    } catch (error) {
      setSaid({ at: 'failed', ...explainSending(error) });
    }
  };
  /** In the wallet that is connected, or in this one. */
  const use = async (chain: Chain, wallet?: string): Promise<Said> => {
    const core = await import('./core');
    if (wallet) await core.connect(wallet);
    await core.use(chain);
    return { at: 'ok', what: t.wallet.added };
  };
  const add = (chain: Chain) =>
    attempt(async () => {
      if (address) return use(chain);
      const found = await (await import('./core')).wallets();
      const [only] = found;
      if (!only) return { at: 'failed', what: t.wallet.none, next: t.wallet.noneNext };
      return found.length === 1 ? use(chain, only.id) : { at: 'choose', chain, found };
    });
  return (
    <>
      {chains.map((chain) => (
        <Button key={chain} onClick={() => void add(chain)} disabled={said?.at === 'busy'}>
          {label(chain)}
        </Button>
      ))}
      {said?.at === 'choose' && (
        <div role="group" aria-label={t.wallet.which} className="order-last flex basis-full flex-wrap items-center gap-2 text-sm">
          {t.wallet.which}
          {said.found.map(({ id, name }) => (
            <Button key={id} onClick={() => void attempt(() => use(said.chain, id))}>
              {name}
            </Button>
          ))}
        </div>
      )}
      <p role="status" className="order-last min-w-0 basis-full text-sm empty:hidden">
        {(said?.at === 'busy' || said?.at === 'ok') && said.what}
        {said?.at === 'failed' && (
          <span className="untrusted text-bad">
            {said.what} <span className="text-muted">{said.next}</span>
          </span>
        )}
      </p>
    </>
  );
}
