// The reader's wallet: those that announce themselves in this browser (EIP-6963). No other connector, no service in between.
import { createConfig, type CreateConnectorFn, http } from 'wagmi';
import { connect as connectTo, disconnect as leave, getConnection, reconnect, sendTransaction, switchChain, watchConnection } from 'wagmi/actions';
import { type Chain as ViemChain, defineChain } from 'viem';
import { Told } from '../lib/errors';
import { num } from '../lib/format';
import { call, type Chain, HUB, path } from '../lib/rpc';
import { line } from '../lib/safe';
import type { Hex, Status, Zone } from '../lib/types';
import { type Intent, publish } from '../lib/wallet';
import { t } from '../strings';
import { errors } from '../strings/errors';

interface Known {
  config: ReturnType<typeof make>;
  ids: Map<Chain, number>;
}

function chainOf(id: number, name: string, chain: Chain, testnet: boolean): ViemChain {
  return defineChain({
    id,
    name,
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [`${location.origin}${path(chain)}`] } },
    testnet,
  });
}

function make(chains: [ViemChain, ...ViemChain[]]) {
  return createConfig({
    chains,
    connectors: [] as CreateConnectorFn[],
    multiInjectedProviderDiscovery: true,
    transports: Object.fromEntries(chains.map((chain) => [chain.id, http(chain.rpcUrls.default.http[0])])),
  });
}

let known: Promise<Known> | undefined;

async function begin(): Promise<Known> {
  const [status, zones] = await Promise.all([call<Status>(HUB, 'hansa_status'), call<Zone[]>(HUB, 'hansa_zones')]);
  const league = line(status.name, 40);
  const hub = chainOf(num(status.chainId), `${league} hub`, HUB, true);
  const ids = new Map<Chain, number>([[HUB, hub.id]]);
  const others = zones.filter(({ path: runs }) => runs !== null).map((zone) => chainOf(num(zone.chainId), `${league} ${line(zone.name, 32)}`, zone.name, true));
  zones.forEach((zone) => ids.set(zone.name, num(zone.chainId)));
  const config = make([hub, ...others]);
  watchConnection(config, {
    onChange: ({ address, chainId, connector }) => publish({ address: (address as Hex | undefined) ?? null, chainId: chainId ?? null, name: connector?.name ?? null }),
  });
  await reconnect(config);
  return { config, ids };
}

const ready = (): Promise<Known> => {
  known ??= begin().catch((error: unknown) => {
    known = undefined;
    throw error;
  });
  return known;
};

export interface Found {
  id: string;
  name: string;
  icon: string | null;
}

/** The wallets that this browser has. */
export async function wallets(): Promise<Found[]> {
  const { config } = await ready();
  // Wallets answer at once, in a task of their own.
  await new Promise((resolve) => setTimeout(resolve, 150));
  return config.connectors.map(({ uid, name, icon }) => ({ id: uid, name: line(name, 40), icon: icon?.startsWith('data:image/') ? icon : null }));
}

export async function connect(id: string): Promise<void> {
  const { config } = await ready();
  const connector = config.connectors.find(({ uid }) => uid === id);
  if (!connector) throw new Told(errors.walletGone, errors.walletGoneNext);
  await connectTo(config, { connector });
}

export async function disconnect(): Promise<void> {
  const { config } = await ready();
  await leave(config);
}

/** Makes the wallet know a chain of the league and use it. */
export async function use(chain: Chain): Promise<void> {
  let { config, ids } = await ready();
  if (!ids.has(chain)) {
    // A zone that began after this page did.
    known = undefined;
    ({ config, ids } = await ready());
  }
  const id = ids.get(chain);
  if (id === undefined) throw new Told(t.chains.notHere(chain), t.chains.notHereNext);
  // A wallet that answers that it does not know the chain (4902) is told of it: switchChain asks it to add the chain then.
  if (getConnection(config).chainId !== id) await switchChain(config, { chainId: id });
}

export async function send({ chain, to, data, value, gas }: Intent): Promise<Hex> {
  await use(chain);
  const { config, ids } = await ready();
  const chainId = ids.get(chain) as number;
  return sendTransaction(config, { to, chainId, ...(data ? { data } : {}), ...(value ? { value } : {}), ...(gas ? { gas } : {}) });
}

/** A wallet that was used here before is used again, without asking. */
export const start = (): Promise<Known> => ready();
