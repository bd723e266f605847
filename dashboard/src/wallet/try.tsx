// The first things that somebody tries: the network in the wallet, and a transaction.
import { useState } from 'react';
import { duration, num } from '../lib/format';
import { isDevelopment, useStatus } from '../lib/league';
import { HUB } from '../lib/rpc';
import { explainSending, settled } from '../lib/send';
import type { Receipt } from '../lib/types';
import { sendByWallet, useWallet } from '../lib/wallet';
import { t } from '../strings';
import { Button } from '../ui/basics';
import { BlockLink, TxLink } from '../ui/values';
import { AddNetwork } from './add';

type Said = { at: 'busy'; what: string } | { at: 'sent'; receipt: Receipt; tookMs: number } | { at: 'failed'; what: string; next: string } | null;

export function TryIt() {
  const { address } = useWallet();
  const development = isDevelopment(useStatus().data);
  const [said, setSaid] = useState<Said>(null);
  const busy = said?.at === 'busy';
  const attempt = async (what: string, work: () => Promise<Said>): Promise<void> => {
    setSaid({ at: 'busy', what });
    try {
      setSaid(await work());
    } catch (error) {
      setSaid({ at: 'failed', ...explainSending(error) });
    }
  };
  const test = () =>
    attempt(address ? t.wallet.asking : t.wallet.sending, async () => {
      const begun = Date.now();
      if (address) {
        const hash = await sendByWallet({ chain: HUB, to: address });
        const sent = Date.now();
        return { at: 'sent', receipt: await settled(HUB, hash), tookMs: Date.now() - sent };
      }
      const { developmentAccount, sendAs } = await import('../lib/signer');
      const receipt = await sendAs(developmentAccount(0), HUB, { to: developmentAccount(1).address, value: 1n });
      return { at: 'sent', receipt, tookMs: Date.now() - begun };
    });
  return (
    <>
      <AddNetwork chains={[HUB]} label={() => t.league.addNetwork} />
      {(address || development) && (
        <Button kind="main" onClick={() => void test()} disabled={busy} title={address ? t.wallet.testOwn : t.wallet.testDevelopment}>
          {t.league.sendTest}
        </Button>
      )}
      <p role="status" className="order-last min-w-0 basis-full text-sm empty:hidden">
        {said?.at === 'busy' && said.what}
        {said?.at === 'sent' && (
          <>
            {t.wallet.final(duration(said.tookMs))} <BlockLink chain={HUB} number={num(said.receipt.blockNumber)} /> <TxLink chain={HUB} hash={said.receipt.transactionHash} />
          </>
        )}
        {said?.at === 'failed' && (
          <span className="untrusted text-bad">
            {said.what} <span className="text-muted">{said.next}</span>
          </span>
        )}
      </p>
    </>
  );
}
