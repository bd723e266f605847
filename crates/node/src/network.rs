//! The authenticated peer network and its channels.

use crate::{Config, peers};
use alloy_primitives::B256;
use commonware_actor::Feedback;
use commonware_cryptography::ChaCha20Poly1305;
use commonware_p2p::{
    AddressableManager as _, BlockedSubscription, Blocker,
    authenticated::lookup::{self, Network, Oracle},
};
use commonware_runtime::{Clock as _, Metrics as _, Quota, Supervisor as _, tokio::Context};
use commonware_stream::{
    cups::{self, Cups},
    sake::{self, Sake},
};
use commonware_utils::{NZU32, NZUsize};
use hansa_engine::Channels;
use hansa_primitives::{
    Genesis, MAX_BLOCK_BYTES, MAX_BLOCK_TRANSACTIONS, MAX_OPERATORS, PrivateKey, PublicKey,
    namespace,
};
use parking_lot::RwLock;
use std::{collections::BTreeSet, num::NonZeroUsize, sync::Arc, time::Duration};

/// Largest message: a block of the largest size with its framing, or a batch of them being
/// fetched.
const MAX_MESSAGE_BYTES: u32 = (MAX_BLOCK_BYTES + 6 * MAX_BLOCK_TRANSACTIONS + 64 * 1024) as u32;
/// Messages that an actor of the network holds for itself. One that begins a session is 15 KiB, and room for all is made beforehand.
const MAILBOX: NonZeroUsize = NZUsize!(256);
/// Nodes beyond the committees: operators without a seat, and followers.
const SPARE_NODES: usize = 32;
/// Messages of each peer on the channels that consensus lives on.
const CONSENSUS: Quota = quota(1_024);
/// Messages of each peer on the channels that carry blocks and state: some 32 blocks are asked for at a time.
const BULK: Quota = quota(512);
/// Messages of each peer about committees: an answer can take 256 KiB, and a look-up for each of its epochs.
const GUIDE: Quota = Quota::per_second(NZU32!(4));
/// Messages of each peer of transaction gossip. A batch that does not fit is sent a little later.
const GOSSIP: Quota = quota(256);

/// So many per second, and what comes within an eighth of one at once. The network makes its queues beforehand, for what every node it is made for may send
/// at once: half a kilobyte for each such message, which was most of an idle node's memory when it was a second's.
const fn quota(per_second: u32) -> Quota {
    Quota::per_second(NZU32!(per_second)).allow_burst(NZU32!(per_second / 8))
}

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
    /// What zones share: as the hub's own.
    pub(crate) zones: (Channels<Sender, Receiver>, (Sender, Receiver)),
}

/// Nodes that the network is made for, this one among them: the channels' queues are sized for so many. Committees of
/// three epochs, and others.
pub(crate) fn max_nodes(genesis: &Genesis) -> usize {
    let seats = usize::try_from(genesis.staking.seats).unwrap_or(MAX_OPERATORS);
    2 * seats.min(MAX_OPERATORS).max(genesis.operators.len()) + SPARE_NODES
}

/// Starts the network. It connects to those of [`peers`], and refuses everybody else.
pub(crate) fn start(
    context: &Context,
    config: &Config,
    genesis: &Genesis,
    genesis_hash: B256,
    key: &PrivateKey,
) -> Started {
    let handshake = Cups::<_, ChaCha20Poly1305>::new(
        Sake {
            signer: key.clone(),
            synchrony_bound: Duration::from_secs(5),
            max_handshake_age: Duration::from_secs(10),
            version: sake::Version::V1,
        },
        cups::Version::V1,
    );
    let most = max_nodes(genesis);
    let max_peers = NonZeroUsize::new(most).unwrap_or(NonZeroUsize::MIN);
    let arguments = (
        handshake,
        namespace(genesis_hash),
        config.p2p.listen,
        max_peers,
        MAILBOX,
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
    oracle.track(0, peers::first(config, genesis, key, most));
    let mut next = 0;
    let mut register = |quota| {
        let channel = network.register(next, quota);
        next += 1;
        channel
    };
    let (chain, gossip) = channels(&mut register);
    let zones = channels(&mut register);
    network.start();
    Started {
        oracle,
        chain,
        gossip,
        zones,
    }
}

/// The channels of the hub, or of all zones.
fn channels<N, R>(mut register: impl FnMut(Quota) -> (N, R)) -> (Channels<N, R>, (N, R)) {
    let chain = Channels {
        votes: register(CONSENSUS),
        certificates: register(CONSENSUS),
        resolver: register(CONSENSUS),
        backfill: register(BULK),
        broadcast: register(BULK),
        state: register(BULK),
        code: register(BULK),
        guide: register(GUIDE),
    };
    (chain, register(GOSSIP))
}

/// Says what a peer did, and leaves it: blocking is for the whole network, and what is wrong on one zone must not cut off the hub.
#[derive(Clone)]
pub(crate) struct Lenient(pub(crate) Oracle<PublicKey>);

impl Blocker for Lenient {
    type PublicKey = PublicKey;

    fn block(&mut self, peer: PublicKey) -> Feedback {
        tracing::warn!(%peer, "a peer broke the protocol of a zone");
        Feedback::Ok
    }

    fn blocked(&mut self) -> BlockedSubscription<PublicKey> {
        self.0.blocked()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
