import { count, gwei, big, num } from '../lib/format';
import { NODE_EVERY_MS, usePeers, useStatus, useZones } from '../lib/league';
import { useRpc } from '../lib/live';
import { to } from '../lib/route';
import { type Chain, HUB } from '../lib/rpc';
import { useStream } from '../lib/stream';
import type { Hex } from '../lib/types';
import { t } from '../strings';
import { Badge, Empty, Facts, joined, Panel, Title } from '../ui/basics';
import { Cell, Table } from '../ui/tables';
import { Ago, Chosen, Hash, Text } from '../ui/values';
import { LocalParts } from './node-parts/local';

interface Peer {
  name: string;
  publicKey: Hex;
  address: string | null;
  connected: boolean;
}

/** As wide before it has come. */
const Even = ({ children }: { children: React.ReactNode }) => <span className="inline-block min-w-36">{children}</span>;

/** What this node holds of a chain. */
function ChainRow({ chain }: { chain: Chain }) {
  const status = useStatus(chain).data;
  const syncing = useRpc<false | { currentBlock: Hex; highestBlock: Hex }>(chain, 'eth_syncing', [], { everyMs: NODE_EVERY_MS }).data;
  const { head, state } = useStream(chain);
  return (
    <tr>
      <Cell>
        <a href={to('chains', chain)}>
          <Text of={chain} most={40} />
        </a>
      </Cell>
      <Cell>
        <Badge tone={state === 'live' ? 'good' : state === 'lost' ? 'bad' : 'muted'}>{state === 'live' ? t.shell.live : state === 'lost' ? t.shell.lost : t.shell.connecting}</Badge>
      </Cell>
      <Cell>
        <Even>{head ? <><span>{count(num(head.number))}</span> <span className="text-muted"><Ago even ms={num(head.timestampMs)} /></span></> : '–'}</Even>
      </Cell>
      <Cell>
        <Even>{syncing ? t.node.behind(count(num(syncing.highestBlock) - num(syncing.currentBlock))) : syncing === false ? t.node.synced : '–'}</Even>
      </Cell>
      <Cell>{status ? count(num(status.oldestBlock)) : '–'}</Cell>
      <Cell>{status ? count(num(status.oldestState)) : '–'}</Cell>
      <Cell>
        <Even>{status ? t.node.pool(count(status.pending), count(status.queued)) : '–'}</Even>
      </Cell>
      <Cell>{status ? gwei(big(status.nextBaseFeePerGas)) : '–'}</Cell>
    </tr>
  );
}

export default function NodePage() {
  const status = useStatus();
  const peers = usePeers();
  const listed = useZones();
  const zones = (listed.data ?? []).filter(({ path }) => path !== null);
  const of = status.data;
  return (
    <>
      <Title>{t.nav.node}</Title>
      <p className="mb-3 max-w-[80ch] text-muted">{t.node.what}</p>
      <div className="mb-3 grid gap-3 lg:grid-cols-2">
        <Panel title={t.node.this} source={status}>
          {of && (
            <Facts
              rows={[
                [t.node.version, <Text key="v" of={of.clientVersion} />],
                [t.node.operator, of.operator ? <Chosen key="o" of={of.operator.name} /> : t.node.follower],
                ...(of.operator ? ([[t.stake.key, <Hash key="k" of={of.operator.publicKey} />]] as [string, React.ReactNode][]) : []),
                [t.node.league, <Text key="l" of={of.name} most={80} />],
                [t.chains.chainId, String(num(of.chainId))],
                [t.chains.genesis, <Hash key="g" of={of.genesis} full />],
                [t.chains.rpc, <code key="r" className="text-xs break-all">{`${location.origin}/rpc`}</code>],
                ['TAXII 2.1', <code key="t" className="text-xs break-all">{`${location.origin}/taxii2/`}</code>],
              ]}
            />
          )}
        </Panel>
        <Panel title={t.league.peers} source={peers} flush>
          {peers.data?.length === 0 ? (
            <Empty>{t.node.noPeers}</Empty>
          ) : (
            <Table label={t.league.peers} head={[t.stake.operator, t.explorer.state, t.node.address, t.stake.key]}>
              {((peers.data ?? []) as Peer[]).map((peer) => (
                <tr key={peer.publicKey}>
                  <Cell>
                    <Chosen of={peer.name} />
                  </Cell>
                  <Cell>
                    <Badge tone={peer.connected ? 'good' : 'bad'}>{peer.connected ? t.node.connected : t.node.down}</Badge>
                  </Cell>
                  <Cell>{peer.address ? <Text of={peer.address} most={60} /> : '–'}</Cell>
                  <Cell>
                    <Hash of={peer.publicKey} what={t.stake.key} />
                  </Cell>
                </tr>
              ))}
            </Table>
          )}
        </Panel>
      </div>
      <Panel title={t.node.chains} source={joined(status, listed)} className="mb-3" flush>
        <Table label={t.node.chains} head={[t.common.chain, t.node.stream, t.node.head, t.node.sync, t.node.oldestBlock, t.node.oldestState, t.node.waiting, t.chains.baseFee]}>
          <ChainRow chain={HUB} />
          {zones.map(({ id, name }) => (
            <ChainRow key={id} chain={name} />
          ))}
        </Table>
      </Panel>
      <LocalParts />
    </>
  );
}
