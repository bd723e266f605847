//! Random histories against a plain model, and the structure against its own invariants.

use super::*;
use crate::{AccountInfo, BlockUpdate, Origin, testing::*};
use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_primitives::Signature;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Every index against the queues.
fn check(core: &Core) {
    let mut hashes = BTreeSet::new();
    let (mut bytes, mut pending) = (0, 0);
    let (mut queued, mut queued_bytes) = (0, 0);
    let (mut heads, mut head_caps) = (BTreeSet::new(), BTreeSet::new());
    let mut gapped = BTreeSet::new();
    for (sender, queue) in &core.queues {
        assert!(!queue.txs.is_empty(), "an empty queue stays");
        let mut next = queue.nonce;
        while queue.txs.contains_key(&next) {
            next += 1;
        }
        assert_eq!(next, queue.next, "the executable run ends elsewhere");
        let cost: U256 = queue.txs.values().map(|tx| tx.cost).sum();
        let size: usize = queue.txs.values().map(|tx| tx.size).sum();
        assert_eq!((cost, size), (queue.cost, queue.bytes));
        assert!(queue.txs.keys().all(|nonce| *nonce >= queue.nonce));
        assert!(queue.queued() <= core.limits.max_queued_per_sender);
        assert!(queue.txs.len() <= core.limits.max_per_sender);
        assert!(queue.bytes <= core.limits.max_bytes_per_sender);
        hashes.extend(queue.txs.values().map(|tx| tx.hash));
        assert_eq!(queue.gapped_since.is_some(), queue.queued() > 0);
        gapped.extend(queue.gapped_since.map(|since| (since, *sender)));
        bytes += size;
        pending += queue.pending();
        let gapped = queue.txs.range(queue.next..).map(|(_, tx)| tx.size);
        queued += gapped.clone().count();
        queued_bytes += gapped.sum::<usize>();
        if let Some(head) = queue.head() {
            heads.insert((Reverse(head.tip_cap), head.sequence, *sender));
            head_caps.insert((head.fee_cap, head.sequence, *sender));
        }
    }
    assert_eq!(hashes, core.by_hash.keys().copied().collect());
    assert_eq!((bytes, pending), (core.bytes, core.pending));
    assert_eq!((queued, queued_bytes), (core.queued, core.queued_bytes));
    assert!(queued <= core.limits.max_queued);
    assert!(queued_bytes <= core.limits.max_queued_bytes);
    assert_eq!(heads, core.heads);
    assert_eq!(head_caps, core.head_caps);
    assert_eq!(gapped, core.gapped);
    let priced = |index: &BTreeSet<PriceKey>| index.iter().map(|key| key.3).collect();
    assert_eq!(hashes, priced(&core.by_tip));
    assert_eq!(hashes, priced(&core.by_cap));
    assert_eq!(hashes.len(), core.depths.len());
    assert!(hashes.len() <= core.limits.max_transactions);
    assert!(bytes <= core.limits.max_bytes);
}

fn limits() -> Limits {
    Limits {
        max_transactions: 12,
        max_bytes: 2_000,
        max_per_sender: 6,
        max_bytes_per_sender: 900,
        max_queued_per_sender: 3,
        max_queued: 5,
        max_queued_bytes: 1_000,
        guaranteed_slots: 2,
        max_evictions: 3,
        ..Limits::default()
    }
}

/// No transaction of [`make`] is larger, bytes.
const LARGEST: usize = 500;

fn make(sender: u8, nonce: u64, tip: u128, input: usize) -> PooledTransaction {
    let tx = TxEip1559 {
        max_fee_per_gas: GWEI + 2 * tip,
        max_priority_fee_per_gas: tip,
        input: vec![1; input].into(),
        ..transfer(nonce)
    };
    // The core does not look at signatures.
    let tx = tx.into_signed(Signature::test_signature()).into();
    let mut tx = PooledTransaction::new(tx, Address::repeat_byte(sender), Origin::Local);
    // Two senders' equal transactions share a signature here, so the hash has to tell them apart.
    tx.hash.0[0] = sender;
    tx
}

#[derive(Clone, Debug)]
enum Step {
    Add {
        sender: u8,
        nonce: u64,
        tip: u128,
        input: usize,
    },
    /// Includes the first executable ones of a sender, as many.
    Finalize {
        sender: u8,
        count: u64,
        base_fee: u64,
    },
    Poor {
        sender: u8,
    },
    Drop {
        pick: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0u8..4, 0u64..9, 1u128..40, 0usize..300)
            .prop_map(|(sender, nonce, tip, input)| Step::Add { sender, nonce, tip, input }),
        2 => (0u8..4, 0u64..4, GWEI as u64 - 30..GWEI as u64 + 60)
            .prop_map(|(sender, count, base_fee)| Step::Finalize { sender, count, base_fee }),
        1 => (0u8..4).prop_map(|sender| Step::Poor { sender }),
        1 => (0usize..20).prop_map(|pick| Step::Drop { pick }),
    ]
}

type Model = BTreeMap<(Address, u64), B256>;

fn contents(core: &Core) -> Model {
    core.by_hash
        .values()
        .map(|tx| ((tx.sender, tx.nonce()), tx.hash))
        .collect()
}

fn gapped(core: &Core) -> BTreeSet<B256> {
    let queues = core.queues.values();
    queues
        .flat_map(|queue| queue.gapped().map(|tx| tx.hash))
        .collect()
}

/// Who may be in the pool after an insertion: everybody from before, less the evicted, which must
/// all have ranked below the newcomer or waited for a nonce.
fn check_insertion(
    core: &Core,
    before: &BTreeMap<B256, Arc<PooledTransaction>>,
    gapped: &BTreeSet<B256>,
    added: &Added,
) {
    let base_fee = core.head.base_fee_next;
    let mine = core.by_hash[&added.hash].effective_tip(base_fee);
    let gone: Vec<_> = before
        .values()
        .filter(|tx| !core.by_hash.contains_key(&tx.hash) && Some(tx.hash) != added.replaced)
        .collect();
    for victim in &gone {
        let trimmed = gone
            .iter()
            .any(|other| other.sender == victim.sender && other.nonce() < victim.nonce());
        let tip = victim.effective_tip(base_fee);
        let waited = gapped.contains(&victim.hash);
        assert!(trimmed || waited || tip <= mine, "evicted {tip} for {mine}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn histories(steps in prop::collection::vec(step(), 1..80)) {
        let mut core = Core::new(limits(), head_at(0));
        let mut accounts: BTreeMap<Address, u64> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Add { sender, nonce, tip, input } => {
                    let tx = make(sender, nonce, tip, input);
                    let address = tx.sender;
                    let account = AccountInfo {
                        nonce: accounts.get(&address).copied().unwrap_or(0),
                        ..rich()
                    };
                    let before = contents(&core);
                    let waiting = gapped(&core);
                    let old: BTreeMap<_, _> = core.by_hash.clone().into_iter().collect();
                    match core.insert(tx, account) {
                        Ok(added) => {
                            prop_assert_eq!(added.replaced, before.get(&(address, nonce)).copied());
                            prop_assert_eq!(contents(&core).get(&(address, nonce)).copied(), Some(added.hash));
                            prop_assert_eq!(added.pending, nonce < core.queues[&address].next);
                            check_insertion(&core, &old, &waiting, &added);
                        }
                        Err(_) => prop_assert_eq!(before, contents(&core), "a refusal changed something"),
                    }
                }
                Step::Finalize { sender, count, base_fee } => {
                    let sender = Address::repeat_byte(sender);
                    let from = accounts.get(&sender).copied().unwrap_or(0);
                    let included: Vec<_> = (from..from + count)
                        .map(|nonce| {
                            let hash = contents(&core).get(&(sender, nonce)).copied();
                            (hash.unwrap_or_default(), sender, nonce)
                        })
                        .collect();
                    accounts.insert(sender, from + count);
                    let head = HeadInfo { base_fee_next: base_fee, ..head_at(core.head.number + 1) };
                    let update = BlockUpdate {
                        head,
                        included: &included,
                        changed: &[(sender, AccountInfo { nonce: from + count, ..rich() })],
                        blocked: &[],
                    };
                    let mut expected = contents(&core);
                    expected.retain(|(who, nonce), _| *who != sender || *nonce >= from + count);
                    core.finalize(&update).unwrap();
                    // A nonce that came from elsewhere may leave more queued than are admitted.
                    let now = contents(&core);
                    prop_assert!(now.iter().all(|(at, hash)| expected.get(at) == Some(hash)));
                    let kept = core.queues.get(&sender).map_or(0, Queue::queued);
                    if now != expected {
                        let limits = &core.limits;
                        prop_assert!(
                            kept == limits.max_queued_per_sender
                                || core.queued == limits.max_queued
                                || core.queued_bytes + LARGEST > limits.max_queued_bytes
                        );
                    }
                    prop_assert!(core.finalize(&update).is_ok(), "told twice");
                    prop_assert_eq!(now, contents(&core));
                }
                Step::Poor { sender } => {
                    let sender = Address::repeat_byte(sender);
                    let nonce = accounts.get(&sender).copied().unwrap_or(0);
                    let costs = core.queues.get(&sender).map(|queue| {
                        let mut costs: Vec<_> = queue.txs.values().map(|tx| tx.cost).collect();
                        costs.sort_unstable();
                        costs[costs.len() / 2]
                    });
                    let Some(balance) = costs else { continue };
                    core.set_account(sender, &AccountInfo { nonce, balance, ..rich() });
                    let queue = core.queues.get(&sender);
                    prop_assert!(queue.is_none_or(|queue| queue.txs.values().all(|tx| tx.cost <= balance)));
                    core.set_account(sender, &AccountInfo { nonce, ..rich() });
                }
                Step::Drop { pick } => {
                    let before = contents(&core);
                    let Some(hash) = before.values().nth(pick).copied() else { continue };
                    prop_assert!(core.remove(&hash, &DropReason::Invalid(String::new())));
                    prop_assert!(!core.by_hash.contains_key(&hash));
                }
            }
            check(&core);
        }
    }
}
