//! The authenticated peer network and its channels.

use crate::Config;
use alloy_primitives::B256;
use commonware_codec::DecodeExt as _;
use commonware_cryptography::{ChaCha20Poly1305, Signer as _};
use commonware_p2p::{
    Address, AddressableManager as _,
    authenticated::lookup::{self, Network, Oracle},
};
use commonware_runtime::{Clock as _, Metrics as _, Quota, Supervisor as _, tokio::Context};
use commonware_stream::{
    cups::{self, Cups},
    sake::{self, Sake},
};
use commonware_utils::{NZU32, NZUsize, ordered::Map};
use hansa_engine::Channels;
use hansa_primitives::{
    Genesis, MAX_BLOCK_BYTES, MAX_BLOCK_TRANSACTIONS, PrivateKey, PublicKey, namespace,
};
use parking_lot::RwLock;
use std::{collections::BTreeSet, num::NonZeroUsize, sync::Arc, time::Duration};

/// Largest message: a block of the largest size with its framing, or a batch of them being
/// fetched.
const MAX_MESSAGE_BYTES: u32 = (MAX_BLOCK_BYTES + 6 * MAX_BLOCK_TRANSACTIONS + 64 * 1024) as u32;
/// Peers beyond the operators.
const SPARE_PEERS: usize = 8;
/// Messages per second and peer on the channels that consensus lives on.
const CONSENSUS_RATE: Quota = Quota::per_second(NZU32!(1_024));
/// Messages per second and peer on the channels that carry blocks and state.
const BULK_RATE: Quota = Quota::per_second(NZU32!(512));
/// Messages per second and peer of transaction gossip.
const GOSSIP_RATE: Quota = Quota::per_second(NZU32!(256));

pub(crate) type Sender = lookup::Sender<PublicKey, Context>;
pub(crate) type Receiver = lookup::Receiver<PublicKey>;

/// Metric of the network that has one line per peer with a session.
const CONNECTED: &str = "_tracker_directory_connected{";
/// How long a starting node waits for peers before it goes on without them.
const GATHER_TIMEOUT: Duration = Duration::from_secs(3);

/// How often the peers with a session are looked up.
const CONNECTED_INTERVAL: Duration = Duration::from_secs(1);

/// Hex public keys of the peers with a session. The network tells it only through its metrics, all of
/// which are encoded for it: requests ask [`Connected`].
fn connected(context: &Context) -> BTreeSet<String> {
    keys_in(&context.encode())
}

fn keys_in(metrics: &str) -> BTreeSet<String> {
    let lines = metrics.lines().filter(|line| line.contains(CONNECTED));
    lines
        .filter_map(|line| line.split("peer=\"").nth(1)?.split('"').next())
        .map(str::to_owned)
        .collect()
}

/// The peers with a session, as of the last look, [`CONNECTED_INTERVAL`] ago at most.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connected(Arc<RwLock<BTreeSet<String>>>);

impl Connected {
    /// Looks once.
    pub(crate) fn look(&self, context: &Context) {
        let now = connected(context);
        *self.0.write() = now;
    }

    /// Looks again and again.
    pub(crate) async fn watch(self, context: Arc<Context>) {
        loop {
            tokio::time::sleep(CONNECTED_INTERVAL).await;
            self.look(&context);
        }
    }

    /// Whether the peer with this hex public key had a session.
    pub(crate) fn contains(&self, key: &str) -> bool {
        self.0.read().contains(key)
    }
}

/// Waits until enough peers for a quorum are there, or for [`GATHER_TIMEOUT`]: consensus that starts
/// alone loses its first views, each a leader's timeout long.
pub(crate) async fn gather(context: &Context, operators: usize) {
    let others = (operators - operators.saturating_sub(1) / 3).saturating_sub(1);
    let deadline = context.current() + GATHER_TIMEOUT;
    while connected(context).len() < others && context.current() < deadline {
        context.sleep(Duration::from_millis(50)).await;
    }
}

/// A started network.
pub(crate) struct Started {
    pub(crate) oracle: Oracle<PublicKey>,
    pub(crate) chain: Channels<Sender, Receiver>,
    pub(crate) gossip: (Sender, Receiver),
}

/// Nodes that the network is made for, this one among them.
const fn max_nodes(operators: usize) -> usize {
    operators + SPARE_PEERS
}

/// Whether the network has room for so many nodes: it panics where it has not.
fn room(nodes: usize, operators: usize) -> Result<(), String> {
    let most = max_nodes(operators);
    if nodes <= most {
        return Ok(());
    }
    Err(format!(
        "p2p.peers lists {} nodes, and {} is the most with {operators} operators\nleave out those that you need least",
        nodes - 1,
        most - 1
    ))
}

/// Starts the network. Peers are those that the configuration lists, and nobody else: a connection of
/// somebody who is not listed is refused.
pub(crate) fn start(
    context: &Context,
    config: &Config,
    genesis: &Genesis,
    genesis_hash: B256,
    key: &PrivateKey,
) -> Result<Started, String> {
    let handshake = Cups::<_, ChaCha20Poly1305>::new(
        Sake {
            signer: key.clone(),
            synchrony_bound: Duration::from_secs(5),
            max_handshake_age: Duration::from_secs(10),
            version: sake::Version::V1,
        },
        cups::Version::V1,
    );
    // The channels' queues are sized for this many peers.
    let max_peers =
        NonZeroUsize::new(max_nodes(genesis.operators.len())).unwrap_or(NonZeroUsize::MIN);
    let arguments = (
        handshake,
        namespace(genesis_hash),
        config.p2p.listen,
        max_peers,
        NZUsize!(1_024),
    );
    let (handshake, namespace, listen, peers, mailbox) = arguments;
    let mut network_config = if config.p2p.allow_private_ips {
        lookup::Config::local(
            handshake,
            &namespace,
            listen,
            peers,
            MAX_MESSAGE_BYTES,
            mailbox,
        )
    } else {
        lookup::Config::recommended(
            handshake,
            &namespace,
            listen,
            peers,
            MAX_MESSAGE_BYTES,
            mailbox,
        )
    };
    network_config.tracked_peer_sets = NZUsize!(1);
    network_config.allow_private_ips = config.p2p.allow_private_ips;
    let (mut network, mut oracle) = Network::new(context.child("network"), network_config);
    let mut known = vec![(key.public_key(), Address::Symmetric(config.p2p.listen))];
    for peer in &config.p2p.peers {
        let key = PublicKey::decode(peer.public_key.to_vec())
            .map_err(|_| format!("p2p.peers: {} is not an ed25519 key", peer.public_key))?;
        known.push((key, Address::Symmetric(peer.address)));
    }
    for operator in &genesis.operators {
        let key = operator.key().map_err(|error| error.to_string())?;
        if !known.iter().any(|(known, _)| *known == key) {
            let name = &operator.name;
            tracing::warn!(%name, "no address for this operator: it is neither dialled nor let in; add its public key and address to p2p.peers");
        }
    }
    room(known.len(), genesis.operators.len())?;
    oracle.track(0, Map::from_iter_dedup(known));
    let chain = Channels {
        votes: network.register(0, CONSENSUS_RATE),
        certificates: network.register(1, CONSENSUS_RATE),
        resolver: network.register(2, CONSENSUS_RATE),
        backfill: network.register(3, BULK_RATE),
        broadcast: network.register(4, BULK_RATE),
        state: network.register(5, BULK_RATE),
    };
    let gossip = network.register(6, GOSSIP_RATE);
    network.start();
    Ok(Started {
        oracle,
        chain,
        gossip,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_the_operators_and_some_followers() {
        assert!(room(4 + SPARE_PEERS, 4).is_ok());
        let error = room(4 + SPARE_PEERS + 1, 4).unwrap_err();
        assert!(
            error.contains("lists 12 nodes, and 11 is the most"),
            "{error}"
        );
    }

    #[test]
    fn sessions_are_found_in_the_metrics() {
        let metrics = "# TYPE network_tracker_directory_connected gauge\n\
            network_tracker_directory_connected{peer=\"aa01\"} 17\n\
            network_tracker_directory_blocked{peer=\"bb02\"} 1\n\
            network_tracker_directory_connected{peer=\"cc03\"} 18\n# EOF\n";
        let found = keys_in(metrics);
        assert_eq!(found, BTreeSet::from(["aa01".into(), "cc03".into()]));
    }
}
