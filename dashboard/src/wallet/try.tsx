// The first things that somebody tries: the network in the wallet, and a transaction.
import { duration, num } from '../lib/format';
import { isDevelopment, useStatus } from '../lib/league';
import { HUB } from '../lib/rpc';
import { settled } from '../lib/send';
import type { Receipt } from '../lib/types';
import { sendByWallet, useWallet } from '../lib/wallet';
import { t } from '../strings';
import { Button } from '../ui/basics';
import { BlockLink, TxLink } from '../ui/values';
import { AddNetwork } from './add';
import { Outcome, type Said, useAttempt } from './outcome';

const sent = ({ blockNumber, transactionHash }: Receipt, tookMs: number): Said => ({
  at: 'done',
  what: (
    <>
      {t.wallet.final(duration(tookMs))} <BlockLink chain={HUB} number={num(blockNumber)} /> <TxLink chain={HUB} hash={transactionHash} />
    </>
  ),
});

export function TryIt() {
  const { address } = useWallet();
  const development = isDevelopment(useStatus().data);
  const { said, busy, attempt } = useAttempt();
  const test = () =>
    attempt(address ? t.wallet.asking : t.wallet.sending, async () => {
      if (address) {
        const hash = await sendByWallet({ chain: HUB, to: address });
        const begun = Date.now();
        return sent(await settled(HUB, hash), Date.now() - begun);
      }
      const begun = Date.now();
      const { developmentAccount, sendAs } = await import('../lib/signer');
      return sent(await sendAs(developmentAccount(0), HUB, { to: developmentAccount(1).address, value: 1n }), Date.now() - begun);
    });
  return (
    <>
      <AddNetwork chains={[HUB]} label={() => t.league.addNetwork} />
      {(address || development) && (
        <Button kind="main" onClick={() => void test()} disabled={busy} title={address ? t.wallet.testOwn : t.wallet.testDevelopment}>
          {t.league.sendTest}
        </Button>
      )}
      <Outcome of={said} />
    </>
  );
}
