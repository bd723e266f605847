import { useState } from 'react';
import { addAbi, hasOwnAbi } from '../../lib/decode';
import { big, bytes, checksummed, count, isMistyped, num, units } from '../../lib/format';
import { useAlerts, useNames, useZones, written } from '../../lib/league';
import { useAsk, views } from '../../lib/live';
import { GUARD } from '../../lib/modules';
import { useRecognised } from '../../lib/recognised';
import { to } from '../../lib/route';
import { call, type Chain, HUB } from '../../lib/rpc';
import { line } from '../../lib/safe';
import { useToken } from '../../lib/token';
import type { Hex } from '../../lib/types';
import { t } from '../../strings';
import { Badge, Button, Copy, Facts, field, Nothing, Panel, Title } from '../../ui/basics';
import { Ether, Text, Until } from '../../ui/values';
import { Crumbs } from '../chains';
import { Holdings } from './holdings';
import { Involving } from './involving';
import { Logs } from './logs';

/** Other chains that are linked to. */
const MAX_CHAINS = 24;

function OwnAbi({ chain, address, onAdded }: { chain: Chain; address: string; onAdded: () => void }) {
  const [text, setText] = useState('');
  const [said, setSaid] = useState<string | null>(hasOwnAbi(chain, address) ? t.explorer.abiThere : null);
  const add = (): void => {
    const result = addAbi(chain, address, text);
    setSaid(typeof result === 'number' ? t.explorer.abiAdded(count(result)) : result);
    if (typeof result !== 'number') return;
    setText('');
    onAdded();
  };
  return (
    <Panel title={t.explorer.abi} className="mt-3">
      <label className="flex flex-col gap-1 text-sm">
        <span className="text-muted">{t.explorer.abiHint}</span>
        <textarea value={text} onChange={(event) => setText(event.target.value)} rows={3} maxLength={500_000} className={`${field} font-mono text-xs`} />
      </label>
      <div className="mt-2 flex flex-wrap items-center gap-2">
        <Button onClick={add} disabled={!text.trim()}>
          {t.explorer.abiAdd}
        </Button>
        {said && <p role="status">{said}</p>}
      </div>
    </Panel>
  );
}

function Warnings({ chain, address }: { chain: Chain; address: Hex }) {
  const alerts = (useAlerts().data?.alerts ?? []).filter(({ targets }) => targets.some((target) => target.toLowerCase() === address.toLowerCase()));
  const blocked = useAsk<readonly [bigint, bigint]>(chain, ['blocked-one', address], async (signal) => (await views(chain, [{ ...GUARD, name: 'blockedUntil', args: [address] }], signal))[0] as readonly [bigint, bigint]);
  const until = Array.isArray(blocked.data) ? (blocked.data[0] as bigint) : 0n;
  if (alerts.length === 0 && until === 0n) return null;
  return (
    <div className="mb-3 rounded-lg border border-bad bg-bad-soft px-3 py-2">
      {until > 0n && (
        <p className="font-semibold">
          {t.explorer.blockedHere(line(chain, 40))} <Until ms={Number(until) * 1_000} over={t.alert.over} />
        </p>
      )}
      <ul>
        {alerts.map((alert) => (
          <li key={String(alert.id)}>
            <a href={to('exchange', 'alert', alert.id)}>{t.alert.title(String(alert.id))}</a> <Text of={alert.reason} most={160} />
          </li>
        ))}
      </ul>
    </div>
  );
}

export function AddressPage({ chain, address }: { chain: Chain; address: string }) {
  const isAddress = /^0x[0-9a-fA-F]{40}$/.test(address);
  const of = (isAddress ? address : `0x${'0'.repeat(40)}`) as Hex;
  const known = useNames().get(of.toLowerCase());
  const account = useAsk<{ balance: Hex; nonce: Hex; code: Hex }>(
    chain,
    ['account', of],
    async (signal) => {
      const [balance, nonce, code] = await Promise.all([call<Hex>(chain, 'eth_getBalance', [of, 'latest'], signal), call<Hex>(chain, 'eth_getTransactionCount', [of, 'latest'], signal), call<Hex>(chain, 'eth_getCode', [of, 'latest'], signal)]);
      return { balance, nonce, code };
    },
    { enabled: isAddress },
  );
  // What is read with ABIs is read again with a new one.
  const [abis, setAbis] = useState(0);
  const zones = useZones().data;
  const code = account.data?.code ?? '0x';
  const isContract = code.length > 2;
  const contract = useRecognised(chain, isContract ? [of] : []).get(of.toLowerCase());
  const token = useToken(chain, of, isContract).data;
  if (!isAddress) return <Nothing title={t.explorer.addressTitle} next={t.explorer.noAddressNext}>{t.explorer.noAddress(line(address, 80))}</Nothing>;
  const rows: [string, React.ReactNode][] = [
    [t.explorer.balance, <Ether key="b" of={big(account.data?.balance)} digits={18} />],
    [t.explorer.sent, count(num(account.data?.nonce))],
    [t.explorer.kind, isContract ? `${contract ? `${contract}, ` : ''}${t.explorer.contract} (${bytes((code.length - 2) / 2)})` : known?.kind === 'module' ? t.kinds.module : t.explorer.account],
  ];
  if (known) rows.unshift([t.explorer.name, <span key="n"><Text of={written(known)} /> <Badge>{t.kinds[known.kind]}</Badge></span>]);
  if (token) rows.push([token.standard, <span key="t"><Text of={token.name} most={80} /> (<Text of={token.symbol} most={24} />){token.supply !== null && `, ${t.explorer.supply} ${units(token.supply, token.decimals)}`} <span className="text-muted">{t.explorer.saysItself}</span> <a href={to('chains', chain, 'token', of)}>{t.explorer.tokenPage}</a></span>]);
  const others = [HUB, ...(zones ?? []).filter(({ path }) => path !== null).map(({ name }) => name)].filter((name) => name !== chain).slice(0, MAX_CHAINS);
  if (others.length > 0) rows.push([t.explorer.otherChains, <span key="o" className="flex flex-wrap gap-x-3">{others.map((name) => <a key={name} href={to('chains', name, 'address', of)}><Text of={name} most={40} /></a>)}</span>]);
  return (
    <>
      <Crumbs chain={chain} more={t.explorer.addressTitle} />
      <Title aside={known?.kind !== 'module' && <a className="text-sm" href={`${to('exchange', 'raise')}?target=${of}`}>{t.explorer.warn}</a>}>
        <span className="inline-flex min-w-0 items-baseline gap-1">
          <span className="font-mono text-sm break-all">{checksummed(of)}</span> <Copy text={checksummed(of)} what={t.common.address} />
        </span>
      </Title>
      {isMistyped(address) && <p role="alert" className="mb-3 rounded-lg border border-warn bg-warn-soft px-3 py-2">{t.explorer.mistyped}</p>}
      <Warnings chain={chain} address={of} />
      <Panel title={t.explorer.details} source={account}>
        <Facts rows={rows} />
      </Panel>
      <Holdings chain={chain} address={of} />
      <Involving chain={chain} address={of} />
      <Logs key={abis} chain={chain} address={of} />
      {isContract && known?.kind !== 'module' && <OwnAbi key={`${chain}:${of}`} chain={chain} address={of} onAdded={() => setAbis(abis + 1)} />}
    </>
  );
}
