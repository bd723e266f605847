import { HUB, type Chain } from '../lib/rpc';
import { line } from '../lib/safe';
import { to } from '../lib/route';
import { useStatus, useZones } from '../lib/league';
import { useStream } from '../lib/stream';
import { Nothing, Panel, Waiting } from '../ui/basics';
import { AddNetwork } from '../wallet/add';
import { t } from '../strings';
import { ElsewherePage } from './chains-parts/elsewhere';
import { SecurityPanel } from './chains-parts/security';
import { AddressPage } from './explorer/address';
import { BlockPage } from './explorer/block';
import { ChainList } from './explorer/list';
import { ChainPage } from './explorer/chain';
import { TokenPage } from './explorer/token';
import { TransactionPage } from './explorer/transaction';

export function Crumbs({ chain, more }: { chain: Chain; more?: string }) {
  return (
    <nav aria-label={t.chains.path} className="mb-1 text-xs text-muted">
      <a href={to('chains')}>{t.nav.chains}</a> / {more ? <a href={to('chains', chain)}>{line(chain, 40)}</a> : line(chain, 40)}
      {more && ` / ${more}`}
    </nav>
  );
}

function InWallet({ of }: { of: Chain[] }) {
  return (
    <Panel title={t.chains.inWallet} className="mt-3">
      <div className="flex flex-wrap items-center gap-2">
        <AddNetwork chains={of} label={(chain) => t.chains.addTo(line(chain, 40))} />
      </div>
    </Panel>
  );
}

export default function ChainsPage({ parts }: { parts: string[] }) {
  const [chain, kind, id] = parts;
  const zones = useZones();
  const status = useStatus();
  const known = chain !== undefined && zones.data?.some(({ name, path }) => name === chain && path !== null);
  // What is shown of a chain is asked for again when it has a block.
  useStream(known ? chain : HUB);
  if (!chain)
    return (
      <>
        <ChainList />
        <SecurityPanel of={zones.data ?? []} />
        <InWallet of={[HUB, ...(zones.data ?? []).filter(({ path }) => path !== null).map(({ name }) => name)]} />
      </>
    );
  if (chain !== HUB) {
    if (zones.isPending) return <Waiting />;
    const zone = zones.data?.find(({ name }) => name === chain);
    if (zones.data && !zone) return <Nothing title={t.nav.chains} next={<a href={to('chains')}>{t.chains.listed}</a>}>{t.chains.unknown(line(chain, 40))}</Nothing>;
    if (zone?.path === null) return kind ? <Nothing title={t.nav.chains} next={<><a href={to('chains', chain)}>{t.chains.about}</a> · {t.chains.notHereNext}</>}>{t.chains.notHere(line(chain, 40))}</Nothing> : <ElsewherePage zone={zone} />;
  }
  const key = `${chain}/${kind}/${id}`;
  if (kind === 'block' && id) return <BlockPage key={key} chain={chain} id={id} />;
  if (kind === 'tx' && id) return <TransactionPage key={key} chain={chain} hash={id} />;
  if (kind === 'address' && id) return <AddressPage key={key} chain={chain} address={id} />;
  if (kind === 'token' && id) return <TokenPage key={key} chain={chain} address={id} />;
  if (kind) return <Nothing title={t.nav.chains} next={<a href={to('chains', chain)}>{t.chains.about}</a>}>{t.explorer.noPlace(line(kind, 40))}</Nothing>;
  const zone = zones.data?.find(({ name }) => name === chain);
  return (
    <>
      <ChainPage key={chain} chain={chain} zone={zone ?? null} hub={status.data} />
      {zone && <SecurityPanel of={[zone]} />}
      <InWallet key={`${chain} in the wallet`} of={[chain]} />
    </>
  );
}
