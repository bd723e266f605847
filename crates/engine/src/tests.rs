//! When a block is due, what a proposer takes, and what is remembered until it is final.

use crate::{
    Executed, Ledger, Tuning,
    build::{self, Patience},
    pacing::{Timing, timing},
};
use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_primitives::{Address, B256, Bloom, Signature, TxKind, U256};
use commonware_consensus::types::{Epoch, Round, View};
use commonware_cryptography::Signer as _;
use hansa_mempool::{Origin, PooledTransaction};
use hansa_primitives::{
    Block, Context, Fees, Fork, Genesis, GuardParams, Header, HubPoint, MAX_BLOCK_BYTES,
    MAX_BLOCK_TRANSACTIONS, MAX_TIMESTAMP_STEP_MS, Pace, PrivateKey, StakingParams,
    StateCommitment, Terms, Transaction, ZonesParams, digest, transactions_root,
};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

pub(crate) fn genesis(min_block_interval_ms: u64, heartbeat_ms: u64) -> Genesis {
    Genesis {
        chain_id: 1,
        name: "test".into(),
        development: true,
        timestamp_ms: 0,
        gas_limit: 1_000_000,
        fork: Fork::OSAKA,
        fees: Fees::default(),
        pace: Pace {
            min_block_interval_ms,
            heartbeat_ms,
        },
        zone: None,
        operators: Vec::new(),
        staking: StakingParams::default(),
        members: Vec::new(),
        guard: GuardParams::default(),
        zones: ZonesParams::default(),
        alloc: Default::default(),
    }
}

pub(crate) fn header(
    number: u64,
    parent_hash: B256,
    timestamp_ms: u64,
    transactions: &[Transaction],
) -> Header {
    Header {
        context: Context {
            round: Round::new(Epoch::zero(), View::new(number + 1)),
            leader: PrivateKey::from_seed(1).public_key(),
            parent: (View::new(number), digest(parent_hash)),
        },
        parent_hash,
        number,
        timestamp_ms,
        beneficiary: Address::ZERO,
        terms: genesis(100, 2_000).terms(),
        gas_used: 0,
        base_fee_per_gas: 1,
        transactions_root: transactions_root(transactions),
        receipts_root: B256::ZERO,
        logs_bloom: Bloom::ZERO,
        committee: B256::ZERO,
        next_committee: B256::ZERO,
        finalization: B256::ZERO,
        finalized_view: 0,
        hub: HubPoint::default(),
        inputs: B256::ZERO,
        outbox: Default::default(),
        state: StateCommitment::default(),
    }
}

fn transaction(nonce: u64, gas_limit: u64) -> Transaction {
    TxEip1559 {
        chain_id: 1,
        nonce,
        gas_limit,
        max_fee_per_gas: 10,
        max_priority_fee_per_gas: 1,
        to: TxKind::Call(Address::repeat_byte(1)),
        value: U256::from(1),
        ..TxEip1559::default()
    }
    .into_signed(Signature::test_signature())
    .into()
}

/// Longer than any heartbeat here: nobody passes.
const FOREVER: Duration = Duration::from_secs(1 << 20);

fn hold(work: u64, heartbeat: u64) -> Timing {
    Timing::Hold {
        work: Duration::from_millis(work),
        rest: Duration::from_millis(heartbeat),
        due: true,
    }
}

#[test]
fn a_leader_without_work_passes_unless_the_heartbeat_falls_into_its_turn() {
    const PARENT: u64 = 1_000_000;
    let turn = Duration::from_millis(500);
    for (age, work, rest, due) in [
        (0, 100, 500, false),
        (1_499, 0, 500, false),
        (1_500, 0, 500, true),
        (1_999, 0, 1, true),
    ] {
        let parent = header(7, B256::ZERO, PARENT, &[]);
        let expected = Timing::Hold {
            work: Duration::from_millis(work),
            rest: Duration::from_millis(rest),
            due,
        };
        assert_eq!(timing(&parent, PARENT + age, turn), expected);
    }
}

#[test]
fn an_epoch_waits_by_what_its_blocks_keep_to() {
    let tuning = Tuning::default();
    let terms = |min_block_interval_ms, heartbeat_ms| Terms {
        min_block_interval_ms,
        heartbeat_ms,
        ..Terms::default()
    };
    let ms = Duration::from_millis;
    // Half a second, but room for two blocks, and a heartbeat at most.
    for (interval, heartbeat, turn, passes) in [
        (100, 5_000, 500, 10),
        (2_000, 30_000, 4_000, 8),
        (2_000, 3_000, 3_000, 1),
    ] {
        let waits = tuning.waits(&terms(interval, heartbeat));
        assert_eq!((waits.turn, waits.passes), (ms(turn), passes));
        assert_eq!(waits.leader, ms(turn) + tuning.leader_slack);
        assert_eq!(
            waits.certification,
            waits.leader + tuning.certification_slack
        );
    }
}

fn patience(spent: Duration, build_time: Option<Duration>) -> Patience {
    Patience {
        cancelled: Default::default(),
        start: Instant::now().checked_sub(spent).unwrap(),
        build_time,
    }
}

#[test]
fn a_block_ends_after_its_time_but_never_without_a_transaction() {
    let limit = Duration::from_secs(60);
    let late = patience(limit, Some(limit));
    assert!(late.ends(1) && !late.ends(0));
    assert!(!patience(Duration::ZERO, Some(limit)).ends(1));
    assert!(!patience(limit, None).ends(1));
    late.cancelled.cancel();
    assert!(late.ends(0));
}

#[test]
fn a_first_transaction_that_outlasts_its_view_is_told_from_a_view_that_ends_early() {
    let limit = Duration::from_secs(60);
    let (early, late) = (
        patience(Duration::ZERO, Some(limit)),
        patience(limit, Some(limit)),
    );
    assert!(!late.is_outlasted(0));
    early.cancelled.cancel();
    late.cancelled.cancel();
    assert!(late.is_outlasted(0) && !late.is_outlasted(1));
    assert!(!early.is_outlasted(0));
}

#[test]
fn a_block_is_due_by_its_parents_age() {
    const PARENT: u64 = 1_000_000;
    let table = [
        // The clock may be behind the parent's.
        (PARENT - 5_000, hold(100, 2_000)),
        (PARENT, hold(100, 2_000)),
        (PARENT + 1, hold(99, 1_999)),
        (PARENT + 99, hold(1, 1_901)),
        (PARENT + 100, hold(0, 1_900)),
        (PARENT + 101, hold(0, 1_899)),
        (PARENT + 1_999, hold(0, 1)),
        (PARENT + 2_000, Timing::Now),
        (PARENT + 2_001, Timing::Now),
        (u64::MAX, Timing::Now),
    ];
    for (now_ms, expected) in table {
        let parent = header(7, B256::ZERO, PARENT, &[]);
        assert_eq!(timing(&parent, now_ms, FOREVER), expected, "at {now_ms}");
    }
}

#[test]
fn the_genesis_allocation_waits_for_nobody() {
    for now_ms in [0, 1_000_000, u64::MAX] {
        let parent = header(0, B256::ZERO, 1_000_000, &[]);
        assert_eq!(timing(&parent, now_ms, FOREVER), Timing::Now);
    }
}

#[test]
fn a_chain_that_was_down_does_not_wait_however_long_its_heartbeat_is() {
    let mut parent = header(7, B256::ZERO, 0, &[]);
    parent.terms.heartbeat_ms = 10 * MAX_TIMESTAMP_STEP_MS;
    let at = |now_ms| timing(&parent, now_ms, FOREVER);
    let left = 9 * MAX_TIMESTAMP_STEP_MS;
    assert_eq!(at(MAX_TIMESTAMP_STEP_MS), hold(0, left));
    assert_eq!(at(MAX_TIMESTAMP_STEP_MS + 1), Timing::Now);
}

fn pooled(gas_limit: u64, size: usize) -> Arc<PooledTransaction> {
    let transaction = transaction(0, gas_limit);
    Arc::new(PooledTransaction {
        hash: *transaction.tx_hash(),
        sender: Address::ZERO,
        size,
        cost: U256::ZERO,
        fee_cap: 10,
        tip_cap: 1,
        origin: Origin::Local,
        sequence: 0,
        added_at_block: 0,
        transaction,
    })
}

fn selected(candidates: impl IntoIterator<Item = Arc<PooledTransaction>>, gas_limit: u64) -> usize {
    build::select(candidates.into_iter(), gas_limit).len()
}

#[test]
fn a_proposer_looks_at_what_could_fit_whatever_gas_limits_say() {
    let of = |gas: &[u64]| selected(gas.iter().map(|gas| pooled(*gas, 100)), 100_000);
    assert_eq!(of(&[]), 0);
    // Limits that are never used keep nobody out.
    assert_eq!(of(&[100_000, 100_000, 100_000, 21_000]), 4);
    assert_eq!(of(&[u64::MAX, 21_000]), 2);
    // Four of the smallest fill the block.
    assert_eq!(of(&[21_000; 5]), 4);
}

#[test]
fn a_proposer_takes_no_more_bytes_and_transactions_than_a_block_holds() {
    let sizes = |sizes: &[usize]| selected(sizes.iter().map(|size| pooled(1, *size)), 100_000);
    assert_eq!(sizes(&[MAX_BLOCK_BYTES]), 1);
    assert_eq!(sizes(&[MAX_BLOCK_BYTES + 1]), 0);
    assert_eq!(sizes(&[MAX_BLOCK_BYTES - 1, 1]), 2);
    assert_eq!(sizes(&[MAX_BLOCK_BYTES - 1, 2]), 1);
    let one = pooled(1, 1);
    let many = |count| std::iter::repeat_n(one.clone(), count);
    let all = MAX_BLOCK_TRANSACTIONS;
    assert_eq!(selected(many(all), u64::MAX), all);
    assert_eq!(selected(many(all + 1), u64::MAX), all);
}

#[test]
fn a_proposer_does_not_walk_the_whole_pool() {
    let looked_at = AtomicUsize::new(0);
    let endless = std::iter::repeat_with(|| {
        looked_at.fetch_add(1, Ordering::Relaxed);
        pooled(21_000, 100)
    });
    assert_eq!(selected(endless, 210_000), 10);
    assert_eq!(looked_at.into_inner(), 10);
}

const ALICE: Address = Address::repeat_byte(0xa);
const BOB: Address = Address::repeat_byte(0xb);

/// A block with these senders and nonces.
fn executed(number: u64, parent: B256, sent: &[(Address, u64)]) -> Executed {
    let transactions: Vec<_> = sent
        .iter()
        .map(|(_, nonce)| transaction(*nonce, 21_000))
        .collect();
    let header = header(number, parent, number, &transactions);
    Executed {
        block: Block::new(header, transactions),
        senders: Arc::new(sent.iter().map(|(sender, _)| *sender).collect()),
        receipts: Arc::default(),
        fixed: None,
        changes: Default::default(),
    }
}

/// Inserts a block and returns its hash.
fn insert(ledger: &Ledger, number: u64, parent: B256, sent: &[(Address, u64)]) -> B256 {
    let executed = executed(number, parent, sent);
    let hash = executed.block.hash();
    ledger.insert(executed);
    hash
}

#[test]
fn next_nonces_follow_one_branch_down_to_the_finalized_block() {
    let ledger = Ledger::default();
    let root = B256::repeat_byte(9);
    let one = insert(&ledger, 11, root, &[(ALICE, 4), (BOB, 0), (ALICE, 5)]);
    let two = insert(&ledger, 12, one, &[(ALICE, 6)]);
    // A sibling at the same height, that the tip does not build on.
    let other = insert(&ledger, 12, one, &[(BOB, 1), (BOB, 2)]);
    let empty = insert(&ledger, 13, two, &[]);

    let alice_bob = |alice, bob| HashMap::from([(ALICE, alice), (BOB, bob)]);
    assert_eq!(ledger.next_nonces(one, 11, 10), alice_bob(6, 1));
    assert_eq!(ledger.next_nonces(two, 12, 10), alice_bob(7, 1));
    assert_eq!(ledger.next_nonces(empty, 13, 10), alice_bob(7, 1));
    assert_eq!(ledger.next_nonces(other, 12, 10), alice_bob(6, 3));
    // What is final is in the state already.
    assert_eq!(ledger.next_nonces(two, 12, 11), HashMap::from([(ALICE, 7)]));
    assert!(ledger.next_nonces(two, 12, 12).is_empty());
    assert!(ledger.next_nonces(two, 12, 13).is_empty());
    // An unknown block ends the walk.
    assert!(ledger.next_nonces(B256::ZERO, 12, 10).is_empty());
    let gap = insert(&ledger, 13, B256::repeat_byte(1), &[(BOB, 8)]);
    assert_eq!(ledger.next_nonces(gap, 13, 10), HashMap::from([(BOB, 9)]));
}

#[test]
fn the_last_nonce_has_no_next() {
    let ledger = Ledger::default();
    let tip = insert(&ledger, 1, B256::ZERO, &[(ALICE, u64::MAX)]);
    let nonces = ledger.next_nonces(tip, 1, 0);
    assert_eq!(nonces, HashMap::from([(ALICE, u64::MAX)]));
}

#[test]
fn a_block_is_known_until_the_pool_has_seen_it_and_what_it_overtook_goes_with_it() {
    let ledger = Ledger::default();
    let one = insert(&ledger, 1, B256::ZERO, &[]);
    let rival = insert(&ledger, 1, B256::repeat_byte(1), &[(BOB, 0)]);
    let two = insert(&ledger, 2, one, &[(ALICE, 0)]);
    assert_eq!(ledger.get(1, &one).map(|it| it.block.hash()), Some(one));
    assert!(ledger.get(1, &one).is_some(), "not taken");
    assert!(ledger.get(1, &two).is_none(), "another height");
    ledger.forget(1);
    assert!(ledger.get(1, &one).is_none());
    assert!(ledger.get(1, &rival).is_none(), "overtaken");
    // The block above is untouched.
    assert_eq!(ledger.next_nonces(two, 2, 1), HashMap::from([(ALICE, 1)]));
    assert!(ledger.get(2, &two).is_some());
}

#[test]
fn executing_a_block_again_changes_nothing() {
    let ledger = Ledger::default();
    let one = insert(&ledger, 1, B256::ZERO, &[(ALICE, 0)]);
    assert_eq!(insert(&ledger, 1, B256::ZERO, &[(ALICE, 0)]), one);
    assert_eq!(ledger.next_nonces(one, 1, 0), HashMap::from([(ALICE, 1)]));
    ledger.forget(1);
    assert!(ledger.get(1, &one).is_none());
}
