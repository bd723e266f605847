//! Gossip over a simulated network, and the journal over simulated storage.

use crate::{gossip::Outbound, testing::*, *};
use alloy_consensus::SignableTransaction as _;
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Signature, U256};
use commonware_codec::{Decode as _, Encode as _};
use commonware_cryptography::Signer as _;
use commonware_p2p::{
    Recipients, Sender as _,
    simulated::{Config, Link, Network},
};
use commonware_parallel::Sequential;
use commonware_runtime::{
    Blob as _, Clock as _, Quota, ReadOptions, Runner as _, Spawner as _, Storage as _,
    Supervisor as _, WriteOptions, deterministic,
};
use commonware_utils::{NZU32, NZUsize, probability};
use hansa_primitives::{PrivateKey, PublicKey, Transaction};
use std::time::Duration;

fn pool() -> Pool {
    Pool::new(Rules::new(CHAIN), Limits::default(), head_at(0), Sequential)
}

struct Node {
    pool: Pool,
    peers: PeerBook<PublicKey>,
}

/// `count` nodes that gossip in a full mesh, and one more peer that does as the test likes.
async fn mesh(
    context: &deterministic::Context,
    count: u64,
) -> (
    Vec<Node>,
    PublicKey,
    impl commonware_p2p::Sender<PublicKey = PublicKey> + use<>,
) {
    let config = Config {
        max_size: 1024 * 1024,
        max_peers_per_set: NZUsize!(16),
        disconnect_on_block: true,
        tracked_peer_sets: NZUsize!(1),
    };
    let keys: Vec<_> = (0..=count)
        .map(|seed| PrivateKey::from_seed(seed).public_key())
        .collect();
    let (network, oracle) =
        Network::new_with_peers(context.child("network"), config, keys.clone()).await;
    network.start();
    let quota = Quota::per_second(NZU32!(1_000));
    let mut nodes = Vec::new();
    let mut stranger = None;
    for key in &keys {
        let channel = oracle
            .control(key.clone())
            .register(0, quota)
            .await
            .unwrap();
        if nodes.len() as u64 == count {
            stranger = Some(channel.0);
            continue;
        }
        let pool = pool();
        let gossip = Gossip::new(
            context.child("gossip").with_attribute("node", nodes.len()),
            pool.clone(),
            MemoryHead::default(),
            oracle.control(key.clone()),
            GossipConfig::default(),
        );
        let peers = gossip.peers();
        gossip.start(channel);
        nodes.push(Node { pool, peers });
    }
    let link = Link {
        latency: Duration::from_millis(5),
        jitter: Duration::from_millis(1),
        success_rate: probability!(1.0),
    };
    for from in &keys {
        for to in keys.iter().filter(|to| *to != from) {
            oracle
                .add_link(from.clone(), to.clone(), link.clone())
                .await
                .unwrap();
        }
    }
    (nodes, keys[count as usize].clone(), stranger.unwrap())
}

#[test]
fn local_transactions_reach_everybody_once() {
    deterministic::Runner::seeded(1).start(|context| async move {
        let (nodes, _, _) = mesh(&context, 4).await;
        let head = MemoryHead::default();
        let txs: Vec<_> = (0..300).map(|nonce| sign(transfer(nonce), 1)).collect();
        for tx in txs {
            nodes[0].pool.add(&head, tx, Origin::Local).await.unwrap();
        }
        context.sleep(Duration::from_millis(100)).await;
        for node in &nodes {
            assert_eq!(node.pool.status(), (300, 0));
        }
        for node in &nodes[1..] {
            let peers = node.peers.snapshot();
            // Only the first spoke: nothing is passed on.
            assert_eq!(peers.len(), 1);
            let stats = peers.values().next().unwrap();
            assert_eq!(
                (stats.transactions, stats.added, stats.known),
                (300, 300, 0)
            );
        }
        assert!(nodes[0].peers.snapshot().is_empty());
        assert!(nodes[1].pool.local().is_empty());
    });
}

#[test]
fn what_waits_is_announced_again_and_known_ones_do_no_harm() {
    deterministic::Runner::seeded(2).start(|context| async move {
        let (nodes, _, _) = mesh(&context, 2).await;
        let head = MemoryHead::default();
        let tx = sign(transfer(0), 1);
        nodes[0].pool.add(&head, tx, Origin::Local).await.unwrap();
        context.sleep(Duration::from_millis(100)).await;
        // The other one loses it.
        let hash = nodes[1].pool.best(0).next().unwrap().hash;
        nodes[1].pool.drop_invalid(hash, "lost");
        for number in 1..=10 {
            let update = BlockUpdate {
                head: head_at(number),
                included: &[],
                changed: &[],
                blocked: &[],
            };
            nodes[0].pool.on_finalized(&update).unwrap();
            if number == 9 {
                context.sleep(Duration::from_secs(3)).await;
                assert_eq!(nodes[1].pool.status(), (0, 0), "too early");
            }
        }
        context.sleep(Duration::from_secs(2)).await;
        assert_eq!(nodes[1].pool.status(), (1, 0));
        let said = |node: &Node| {
            node.peers
                .snapshot()
                .values()
                .map(|stats| stats.transactions)
                .sum::<u64>()
        };
        assert_eq!(
            said(&nodes[1]),
            2,
            "once per ten blocks, not once per second"
        );
    });
}

/// A peer that has restarted gets what waits for a nonce again, too.
#[test]
fn what_waits_for_a_nonce_is_announced_again() {
    deterministic::Runner::seeded(10).start(|context| async move {
        let (nodes, _, _) = mesh(&context, 2).await;
        let head = MemoryHead::default();
        let tx = sign(transfer(2), 1);
        nodes[0].pool.add(&head, tx, Origin::Local).await.unwrap();
        context.sleep(Duration::from_millis(100)).await;
        assert_eq!(nodes[1].pool.status(), (0, 1));
        // The other one restarts: a peer's transactions are not in its journal.
        let hash = nodes[1].pool.content()[&address(1)].queued[0].hash;
        nodes[1].pool.drop_invalid(hash, "lost");
        assert_eq!(nodes[1].pool.status(), (0, 0));
        for number in 1..=10 {
            let update = BlockUpdate {
                head: head_at(number),
                included: &[],
                changed: &[],
                blocked: &[],
            };
            nodes[0].pool.on_finalized(&update).unwrap();
        }
        context.sleep(Duration::from_secs(2)).await;
        assert_eq!(nodes[1].pool.status(), (0, 1));
    });
}

#[test]
fn what_no_block_takes_is_not_announced_again_and_each_gets_its_turn() {
    deterministic::Runner::seeded(9).start(|_| async move {
        let (pool, head) = (pool(), MemoryHead::default());
        // What waits for a nonce has the room that is left, and what no block takes now has none.
        pool.add(&head, sign(transfer(1), 1), Origin::Local)
            .await
            .unwrap();
        let dear = alloy_consensus::TxEip1559 {
            max_fee_per_gas: GWEI - 1,
            max_priority_fee_per_gas: 0,
            ..transfer(0)
        };
        pool.add(&head, sign(dear, 2), Origin::Local).await.unwrap();
        let mut sizes = Vec::new();
        for seed in 3..8 {
            let tx = sign(transfer(0), seed);
            sizes.push(tx.encode_2718_len());
            pool.add(&head, tx, Origin::Local).await.unwrap();
        }
        let largest = sizes.iter().max().unwrap();
        let few = GossipConfig {
            max_reannounced: 2,
            ..GossipConfig::default()
        };
        let small = GossipConfig {
            max_reannounced_bytes: 2 * largest,
            ..GossipConfig::default()
        };
        let many = GossipConfig {
            max_reannounced: 6,
            ..GossipConfig::default()
        };
        for (config, count, senders) in [(few, 2, 3..8), (small, 2, 3..8), (many, 6, 1..8)] {
            let mut said = Vec::new();
            let mut outbound = Outbound::new(pool.clone(), config, pool.subscribe_local());
            for round in 1..=3 {
                assert!(outbound.stale().is_empty(), "too early");
                for _ in 0..10 {
                    let head = head_at(pool.head().number + 1);
                    let update = BlockUpdate {
                        head,
                        included: &[],
                        changed: &[],
                        blocked: &[],
                    };
                    pool.on_finalized(&update).unwrap();
                }
                let stale = outbound.stale();
                assert_eq!(stale.len(), count, "round {round}");
                said.extend(stale.iter().map(|tx| tx.sender));
            }
            let all: std::collections::BTreeSet<_> = said.iter().copied().collect();
            // Sender 2 pays too little.
            let expected = senders.filter(|seed| *seed != 2);
            assert_eq!(all, expected.map(address).collect());
        }
    });
}

#[test]
fn garbage_mutes_its_sender_and_bad_state_does_not() {
    deterministic::Runner::seeded(3).start(|context| async move {
        let (nodes, stranger, mut sender) = mesh(&context, 1).await;
        let pack = |tx: Transaction| {
            Batch::pack([&tx], &BatchLimits::default())
                .remove(0)
                .encode()
        };
        let stats = || {
            nodes[0]
                .peers
                .snapshot()
                .get(&stranger)
                .copied()
                .unwrap_or_default()
        };
        // An unaffordable one is merely dropped.
        let dear = alloy_consensus::TxEip1559 {
            value: U256::MAX / U256::from(2),
            ..transfer(0)
        };
        sender.send(Recipients::All, pack(sign(dear, 1)), false);
        context.sleep(Duration::from_millis(50)).await;
        assert_eq!((stats().refused, stats().garbage), (1, 0));
        // A valid one still comes through, and a forged one is the last.
        sender.send(Recipients::All, pack(sign(transfer(0), 1)), false);
        let forged = transfer(0).into_signed(Signature::new(U256::ZERO, U256::ZERO, false));
        sender.send(Recipients::All, pack(forged.into()), false);
        context.sleep(Duration::from_millis(50)).await;
        assert_eq!((stats().added, stats().garbage), (1, 1));
        sender.send(Recipients::All, pack(sign(transfer(1), 1)), false);
        context.sleep(Duration::from_millis(50)).await;
        assert_eq!(nodes[0].pool.status(), (1, 0), "a muted peer is not heard");
    });
}

#[test]
fn undecodable_messages_mute() {
    for message in [vec![], vec![1, 1, 2, 0xff, 0xff], vec![9, 0], vec![1, 0, 0]] {
        deterministic::Runner::seeded(4).start(|context| async move {
            let (nodes, stranger, mut sender) = mesh(&context, 1).await;
            sender.send(Recipients::All, message.clone(), false);
            context.sleep(Duration::from_millis(50)).await;
            let stats = nodes[0].peers.snapshot()[&stranger];
            assert_eq!((stats.messages, stats.garbage), (1, 1), "{message:?}");
        });
    }
}

#[test]
fn batches_keep_their_limits() {
    let txs: Vec<_> = (0..10).map(|nonce| sign(transfer(nonce), 1)).collect();
    let limits = BatchLimits {
        max_transactions: 4,
        ..BatchLimits::default()
    };
    let sizes = |limits: &BatchLimits| -> Vec<_> {
        Batch::pack(&txs, limits).iter().map(Batch::len).collect()
    };
    assert_eq!(sizes(&limits), [4, 4, 2]);
    let four = Batch::pack(&txs, &limits).remove(0).encode();
    assert_eq!(
        Received::decode_cfg(four.clone(), &limits).unwrap().0,
        txs[..4]
    );
    let exact = BatchLimits {
        max_bytes: four.len(),
        ..limits
    };
    assert!(Received::decode_cfg(four.clone(), &exact).is_ok());
    let small = BatchLimits {
        max_bytes: four.len() - 1,
        ..limits
    };
    assert!(Received::decode_cfg(four.clone(), &small).is_err());
    let few = BatchLimits {
        max_transactions: 3,
        ..limits
    };
    assert!(Received::decode_cfg(four, &few).is_err());
    for batch in Batch::pack(
        &txs,
        &BatchLimits {
            max_bytes: 400,
            ..limits
        },
    ) {
        assert!(batch.encode().len() <= 400 && !batch.is_empty());
    }
}

fn hashes(txs: &[Transaction]) -> Vec<alloy_primitives::B256> {
    txs.iter().map(|tx| *tx.tx_hash()).collect()
}

#[test]
fn a_torn_tail_loses_only_itself() {
    deterministic::Runner::seeded(5).start(|context| async move {
        let txs: Vec<_> = (0..4).map(|nonce| sign(transfer(nonce), 1)).collect();
        let mut journal = FileJournal::new(context.child("journal"), "locals");
        assert!(journal.load().await.unwrap().is_empty());
        journal.append(&txs[..3]).await.unwrap();
        drop(journal);
        let (blob, size) = context.open("locals", &0u64.to_be_bytes()).await.unwrap();
        blob.resize(size - 1).await.unwrap();
        blob.write_at(size - 20, vec![0u8; 5], WriteOptions::default())
            .await
            .unwrap();
        blob.sync().await.unwrap();
        drop(blob);
        let mut journal = FileJournal::new(context.child("journal"), "locals");
        assert_eq!(hashes(&journal.load().await.unwrap()), hashes(&txs[..2]));
        // The next record follows the last good one.
        journal.append(&txs[3..]).await.unwrap();
        drop(journal);
        let mut journal = FileJournal::new(context.child("journal"), "locals");
        let expected = [&txs[..2], &txs[3..]].concat();
        assert_eq!(hashes(&journal.load().await.unwrap()), hashes(&expected));
    });
}

#[test]
fn a_record_that_does_not_check_is_not_taken_for_a_transaction() {
    deterministic::Runner::seeded(8).start(|context| async move {
        let txs: Vec<_> = (0..2).map(|nonce| sign(transfer(nonce), 1)).collect();
        let mut journal = FileJournal::new(context.child("journal"), "locals");
        journal.append(&txs).await.unwrap();
        drop(journal);
        let (blob, size) = context.open("locals", &0u64.to_be_bytes()).await.unwrap();
        // The last byte of a signature: another, well-formed transaction.
        let last = blob
            .read_at(size - 1, 1, ReadOptions::default())
            .await
            .unwrap();
        let flipped = vec![last.coalesce().as_ref()[0] ^ 1];
        blob.write_at(size - 1, flipped, WriteOptions::SYNC)
            .await
            .unwrap();
        drop(blob);
        let mut journal = FileJournal::new(context.child("journal"), "locals");
        assert_eq!(hashes(&journal.load().await.unwrap()), hashes(&txs[..1]));
    });
}

#[test]
fn a_crash_between_rewrite_and_removal_loses_nothing() {
    deterministic::Runner::seeded(6).start(|context| async move {
        let txs: Vec<_> = (0..4).map(|nonce| sign(transfer(nonce), 1)).collect();
        let mut old = FileJournal::new(context.child("old"), "locals");
        old.append(&txs[..3]).await.unwrap();
        // The next generation, half written.
        let (blob, _) = context.open("locals", &1u64.to_be_bytes()).await.unwrap();
        blob.write_at(0, vec![0, 0, 0, 99, 1], WriteOptions::SYNC)
            .await
            .unwrap();
        drop((blob, old));
        let mut journal = FileJournal::new(context.child("new"), "locals");
        assert_eq!(hashes(&journal.load().await.unwrap()), hashes(&txs[..3]));
        journal.rewrite(&txs[1..]).await.unwrap();
        drop(journal);
        assert_eq!(context.scan("locals").await.unwrap().len(), 1);
        let mut journal = FileJournal::new(context.child("newer"), "locals");
        assert_eq!(hashes(&journal.load().await.unwrap()), hashes(&txs[1..]));
    });
}

#[test]
fn local_transactions_survive_a_restart_and_are_validated_again() {
    let (_, checkpoint) =
        deterministic::Runner::seeded(7).start_and_recover(|context| async move {
            let (pool, head) = (pool(), MemoryHead::default());
            let journal = FileJournal::new(context.child("storage"), "locals");
            let keeper = Keeper::init(context.child("keeper"), pool.clone(), &head, journal)
                .await
                .unwrap();
            keeper.start();
            for nonce in 0..3 {
                pool.add(&head, sign(transfer(nonce), 1), Origin::Local)
                    .await
                    .unwrap();
            }
            pool.add(&head, sign(transfer(0), 2), Origin::Gossip)
                .await
                .unwrap();
            context.sleep(Duration::from_millis(100)).await;
        });
    deterministic::Runner::from(checkpoint).start(|context| async move {
        let (pool, head) = (pool(), MemoryHead::default());
        head.set(address(1), 1, rich().balance);
        let journal = FileJournal::new(context.child("storage"), "locals");
        let keeper = Keeper::init(context.child("keeper"), pool.clone(), &head, journal)
            .await
            .unwrap();
        // Nonce 0 is in a block by now; what came by gossip was not kept.
        assert_eq!(keeper.restored(), 2);
        assert_eq!(pool.status(), (2, 0));
    });
}

/// A journal in memory that says how often it was rewritten.
struct Counting {
    stored: Vec<Transaction>,
    rewrites: std::sync::Arc<std::sync::atomic::AtomicUsize>,
}

impl Journal for Counting {
    async fn load(&mut self) -> Result<Vec<Transaction>, JournalError> {
        Ok(self.stored.clone())
    }
    fn bytes(&self) -> u64 {
        self.stored
            .iter()
            .map(|tx| tx.encode_2718_len() as u64)
            .sum()
    }
    async fn append(&mut self, transactions: &[Transaction]) -> Result<(), JournalError> {
        self.stored.extend_from_slice(transactions);
        Ok(())
    }
    async fn rewrite(&mut self, transactions: &[Transaction]) -> Result<(), JournalError> {
        self.rewrites
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.stored = transactions.to_vec();
        Ok(())
    }
}

fn large(nonce: u64, seed: u64) -> Transaction {
    let tx = alloy_consensus::TxEip1559 {
        input: vec![0; 100_000].into(),
        gas_limit: 2_000_000,
        ..transfer(nonce)
    };
    sign(tx, seed)
}

#[test]
fn a_journal_of_few_large_transactions_is_compacted() {
    deterministic::Runner::seeded(10).start(|context| async move {
        let (pool, head) = (pool(), MemoryHead::default());
        let rewrites = std::sync::Arc::<std::sync::atomic::AtomicUsize>::default();
        let journal = Counting {
            stored: Vec::new(),
            rewrites: rewrites.clone(),
        };
        let keeper = Keeper::init(context.child("keeper"), pool.clone(), &head, journal);
        keeper.await.unwrap().start();
        let count = || rewrites.load(std::sync::atomic::Ordering::Relaxed);
        assert_eq!(count(), 1, "at the start");
        // 16 MiB of what is gone by then.
        for seed in 0..170 {
            let added = pool
                .add(&head, large(0, seed), Origin::Local)
                .await
                .unwrap();
            pool.drop_invalid(added.hash, "gone");
            context.sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(count(), 2);
    });
}

#[test]
fn a_journal_is_read_whole_whatever_its_size() {
    deterministic::Runner::seeded(11).start(|context| async move {
        let txs: Vec<_> = (0..90).map(|nonce| large(nonce, 1)).collect();
        let mut journal = FileJournal::new(context.child("journal"), "locals");
        journal.append(&txs).await.unwrap();
        drop(journal);
        let mut journal = FileJournal::new(context.child("journal"), "locals");
        assert_eq!(hashes(&journal.load().await.unwrap()), hashes(&txs));
        let bytes = journal.bytes();
        drop(journal);
        let (_, size) = context.open("locals", &0u64.to_be_bytes()).await.unwrap();
        assert_eq!(size, bytes, "nothing was cut off");
    });
}

#[test]
fn nonces_that_lie_far_apart_in_the_journal_all_come_back() {
    deterministic::Runner::seeded(12).start(|context| async move {
        let tx = |nonce, seed| sign(transfer(nonce), seed);
        let late = (100..200).map(|nonce| tx(nonce, 1));
        let between = (0..950).map(|nonce| tx(nonce, 2));
        let early = (0..100).map(|nonce| tx(nonce, 1));
        let journal = Counting {
            stored: late.chain(between).chain(early).collect(),
            rewrites: Default::default(),
        };
        let (pool, head) = (pool(), MemoryHead::default());
        let keeper = Keeper::init(context.child("keeper"), pool.clone(), &head, journal);
        assert_eq!(keeper.await.unwrap().restored(), 1_150);
        assert_eq!(pool.status(), (1_150, 0));
    });
}

#[test]
fn the_journal_works_in_the_production_runtime() {
    let folder = tempfile::tempdir().unwrap();
    let txs: Vec<_> = (0..3).map(|nonce| sign(transfer(nonce), 1)).collect();
    for round in 0..2 {
        let config = commonware_runtime::tokio::Config::default()
            .with_storage_directory(folder.path().to_path_buf());
        let txs = txs.clone();
        commonware_runtime::tokio::Runner::new(config).start(|context| async move {
            let (pool, head) = (pool(), MemoryHead::default());
            let journal = FileJournal::new(context.child("storage"), "locals");
            let keeper = Keeper::init(context.child("keeper"), pool.clone(), &head, journal);
            let keeper = keeper.await.unwrap();
            assert_eq!(keeper.restored(), 3 * round);
            let task = keeper.start();
            pool.add_many(&head, txs, Origin::Local).await;
            // An orderly stop keeps what was accepted before it.
            context.stop(0, None).await.unwrap();
            task.await.unwrap().unwrap();
        });
    }
}
