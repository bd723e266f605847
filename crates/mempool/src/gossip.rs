//! Tells the other operators about local transactions, and takes in theirs.
//!
//! Operators form a full mesh, so what came by gossip is not passed on. Messages are sent with low
//! priority, and every queue here drops instead of waiting: losing gossip delays a transaction until
//! it is announced again; holding up consensus would delay everything.
//!
//! A peer that sends what no honest one can (an undecodable message, a signature without a signer)
//! is blocked and muted. What merely does not fit this node's state is dropped.

use crate::{
    HeadState, Origin, Pool, PoolError, PooledTransaction,
    message::{Batch, BatchLimits, Received},
};
use commonware_codec::{Decode as _, Encode as _};
use commonware_cryptography::PublicKey;
use commonware_macros::select_loop;
use commonware_p2p::{Blocker, CheckedSender as _, Receiver, Recipients, Sender, block};
use commonware_runtime::{Clock, Handle, Metrics, Spawner};
use commonware_utils::channel::ring;
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, SystemTime},
};
use tracing::{debug, warn};

/// Peers that are accounted for one by one.
const MAX_PEERS: usize = 1_024;
/// Longest wait for a rate limit to admit a message before it is left to re-announcement.
const MAX_SEND_WAIT: Duration = Duration::from_millis(500);

/// How gossip behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GossipConfig {
    /// Messages are at least this far apart; the first after a pause goes out at once.
    pub flush_interval: Duration,
    /// What a message may hold, sent or received.
    pub batch: BatchLimits,
    /// How often old local transactions are looked for.
    pub reannounce_interval: Duration,
    /// A local transaction that waited for this many blocks is announced again, and again after as
    /// many more.
    pub reannounce_blocks: u64,
    /// Most transactions announced again at a time.
    pub max_reannounced: usize,
    /// Most bytes of transactions announced again at a time.
    pub max_reannounced_bytes: usize,
}

impl Default for GossipConfig {
    fn default() -> Self {
        Self {
            flush_interval: Duration::from_millis(15),
            batch: BatchLimits::default(),
            reannounce_interval: Duration::from_secs(1),
            reannounce_blocks: 10,
            max_reannounced: 4_096,
            max_reannounced_bytes: 2 * 1024 * 1024,
        }
    }
}

/// What one peer sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerStats {
    /// Messages.
    pub messages: u64,
    /// Transactions in them.
    pub transactions: u64,
    /// Transactions that were let in.
    pub added: u64,
    /// Transactions that were here before.
    pub known: u64,
    /// Transactions that were refused.
    pub refused: u64,
    /// Messages that no honest peer sends.
    pub garbage: u64,
}

/// What each peer sent. Clones share it.
#[derive(Clone, Debug)]
pub struct PeerBook<P: Ord>(Arc<Mutex<BTreeMap<P, PeerStats>>>);

impl<P: Ord + Clone> PeerBook<P> {
    /// A copy of the counters.
    pub fn snapshot(&self) -> BTreeMap<P, PeerStats> {
        self.0.lock().clone()
    }

    fn update(&self, peer: &P, change: impl FnOnce(&mut PeerStats)) {
        let mut book = self.0.lock();
        if let Some(stats) = book.get_mut(peer) {
            change(stats);
        } else if book.len() < MAX_PEERS {
            change(book.entry(peer.clone()).or_default());
        }
    }
}

/// The gossip actor of one chain on one node.
pub struct Gossip<E, H, P: Ord, B> {
    context: E,
    pool: Pool,
    head: H,
    blocker: B,
    config: GossipConfig,
    peers: PeerBook<P>,
    feed: ring::Receiver<Arc<PooledTransaction>>,
}

impl<E, H, P, B> Gossip<E, H, P, B>
where
    E: Spawner + Clock + Metrics,
    H: HeadState + 'static,
    P: PublicKey,
    B: Blocker<PublicKey = P>,
{
    /// Prepares gossip. Local transactions added from here on are announced.
    ///
    /// The channel's largest message must be at least `config.batch.max_bytes`.
    pub fn new(context: E, pool: Pool, head: H, blocker: B, mut config: GossipConfig) -> Self {
        config.batch.max_bytes = config.batch.max_bytes.max(BatchLimits::MIN_BYTES);
        Self {
            feed: pool.subscribe_local(),
            context,
            pool,
            head,
            blocker,
            config,
            peers: PeerBook(Arc::default()),
        }
    }

    /// What each peer sent.
    pub fn peers(&self) -> PeerBook<P> {
        self.peers.clone()
    }

    /// Runs until the runtime stops or the network closes. The returned task owns all of it.
    pub fn start(
        self,
        network: (impl Sender<PublicKey = P>, impl Receiver<PublicKey = P>),
    ) -> Handle<()> {
        let (sender, receiver) = network;
        let outbound = Outbound::new(self.pool.clone(), self.config, self.feed);
        let inbound = Inbound {
            pool: self.pool,
            head: self.head,
            blocker: self.blocker,
            limits: self.config.batch,
            peers: self.peers,
            muted: BTreeSet::new(),
        };
        self.context.spawn(|context| async move {
            // A child: it ends with this task.
            let _outbound = context
                .child("outbound")
                .spawn(|context| outbound.run(context, sender));
            inbound.run(context, receiver).await;
        })
    }
}

pub(crate) struct Outbound {
    pool: Pool,
    config: GossipConfig,
    feed: ring::Receiver<Arc<PooledTransaction>>,
    /// Head when old transactions were last announced again.
    announced_at: u64,
    /// Arrival of the last one announced again, of those that could run and of those that wait for a nonce: the next round
    /// goes on from there.
    announced_up_to: [Option<u64>; 2],
    last_sent: SystemTime,
}

impl Outbound {
    pub(crate) fn new(
        pool: Pool,
        config: GossipConfig,
        feed: ring::Receiver<Arc<PooledTransaction>>,
    ) -> Self {
        Self {
            announced_at: pool.head().number,
            announced_up_to: [None; 2],
            pool,
            config,
            feed,
            last_sent: SystemTime::UNIX_EPOCH,
        }
    }

    async fn run<E: Spawner + Clock>(mut self, context: E, mut sender: impl Sender) {
        let mut reannounce_at = context.current() + self.config.reannounce_interval;
        select_loop! {
            context,
            on_stopped => {},
            Some(first) = self.feed.recv() else break => {
                let due = self.last_sent + self.config.flush_interval;
                if context.current() < due {
                    context.sleep_until(due).await;
                }
                let mut fresh = vec![first];
                while let Ok(tx) = self.feed.try_recv() {
                    fresh.push(tx);
                }
                self.send(&context, &mut sender, &fresh).await;
            },
            _ = context.sleep_until(reannounce_at) => {
                reannounce_at = context.current() + self.config.reannounce_interval;
                let stale = self.stale();
                self.send(&context, &mut sender, &stale).await;
            },
        }
    }

    /// Local transactions that waited too long, once per `reannounce_blocks`: those that could run, and with the room that
    /// they leave those that wait for a nonce, which a peer that has restarted does not have either. When there are too
    /// many for one round, each gets its turn.
    pub(crate) fn stale(&mut self) -> Vec<Arc<PooledTransaction>> {
        let head = self.pool.head().number;
        let patience = self.config.reannounce_blocks;
        if head < self.announced_at.saturating_add(patience) {
            return Vec::new();
        }
        self.announced_at = head;
        let mut round = Vec::new();
        let mut bytes = 0;
        let payable = self.pool.local_payable();
        for (mut local, up_to) in payable.into_iter().zip(&mut self.announced_up_to) {
            local.retain(|tx| tx.added_at_block.saturating_add(patience) <= head);
            let done = local.partition_point(|tx| Some(tx.sequence) <= *up_to);
            local.rotate_left(done);
            for tx in local {
                bytes += tx.size;
                let fits = bytes <= self.config.max_reannounced_bytes
                    && round.len() < self.config.max_reannounced;
                // One at least, or one that is larger than the limit would hold up all.
                if !fits && !round.is_empty() {
                    return round;
                }
                *up_to = Some(tx.sequence);
                round.push(tx);
            }
        }
        round
    }

    async fn send<E: Clock>(
        &mut self,
        context: &E,
        sender: &mut impl Sender,
        transactions: &[Arc<PooledTransaction>],
    ) {
        let transactions = transactions.iter().map(|tx| &tx.transaction);
        for batch in Batch::pack(transactions, &self.config.batch) {
            let give_up = context.current() + MAX_SEND_WAIT;
            loop {
                match sender.check(Recipients::All) {
                    Ok(checked) => {
                        let feedback = checked.send(batch.encode(), false);
                        debug!(transactions = batch.len(), ?feedback, "announced");
                        break;
                    }
                    Err(at) if at <= give_up => context.sleep_until(at).await,
                    Err(_) => {
                        debug!(transactions = batch.len(), "rate limited: left for later");
                        break;
                    }
                }
            }
            self.last_sent = context.current();
        }
    }
}

struct Inbound<H, P: Ord, B> {
    pool: Pool,
    head: H,
    blocker: B,
    limits: BatchLimits,
    peers: PeerBook<P>,
    /// Sent garbage; ignored even where the blocker does not disconnect them.
    muted: BTreeSet<P>,
}

impl<H, P, B> Inbound<H, P, B>
where
    H: HeadState,
    P: PublicKey,
    B: Blocker<PublicKey = P>,
{
    async fn run<E: Spawner>(mut self, context: E, mut receiver: impl Receiver<PublicKey = P>) {
        select_loop! {
            context,
            on_stopped => {},
            message = receiver.recv() => {
                let (peer, message) = match message {
                    Ok(message) => message,
                    Err(error) => {
                        warn!(%error, "the mempool's channel closed");
                        break;
                    }
                };
                if self.muted.contains(&peer) {
                    continue;
                }
                self.peers.update(&peer, |stats| stats.messages += 1);
                match Received::decode_cfg(message, &self.limits) {
                    Ok(Received(transactions)) => self.take_in(peer, transactions).await,
                    Err(error) => self.mute(peer, &error.to_string()),
                }
            },
        }
    }

    async fn take_in(&mut self, peer: P, transactions: Vec<hansa_primitives::Transaction>) {
        let count = transactions.len() as u64;
        let results = self
            .pool
            .add_many(&self.head, transactions, Origin::Gossip)
            .await;
        let (mut added, mut known, mut forged) = (0, 0, false);
        for result in &results {
            match result {
                Ok(_) => added += 1,
                Err(PoolError::AlreadyKnown) => known += 1,
                Err(PoolError::InvalidSender) => forged = true,
                Err(_) => {}
            }
        }
        self.peers.update(&peer, |stats| {
            stats.transactions += count;
            stats.added += added;
            stats.known += known;
            stats.refused += count - added - known;
        });
        if forged {
            self.mute(peer, "a signature without a signer");
        }
    }

    fn mute(&mut self, peer: P, reason: &str) {
        self.peers.update(&peer, |stats| stats.garbage += 1);
        if self.muted.len() < MAX_PEERS {
            self.muted.insert(peer.clone());
        }
        block!(self.blocker, peer, reason, "mempool gossip");
    }
}
