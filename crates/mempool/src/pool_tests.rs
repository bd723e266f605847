//! The pool as its users see it: order, finalization, waiting, queries.

use crate::{testing::*, *};
use alloy_consensus::{Transaction as _, TxEip1559};
use alloy_primitives::{Address, TxKind, U256, map::HashMap};
use commonware_parallel::Sequential;
use futures::{FutureExt as _, executor::block_on};
use hansa_primitives::{Terms, Transaction};
use proptest::prelude::*;

fn pool() -> Pool {
    Pool::new(Rules::new(CHAIN), Limits::default(), head_at(0), Sequential)
}

fn add(pool: &Pool, head: &MemoryHead, txs: Vec<Transaction>) -> Vec<Result<Added, PoolError>> {
    block_on(pool.add_many(head, txs, Origin::Local))
}

fn order(best: Best) -> Vec<(Address, u64)> {
    best.map(|tx| (tx.sender, tx.nonce())).collect()
}

#[test]
fn a_batch_reads_each_account_once_and_answers_in_order() {
    let (head, pool) = (MemoryHead::default(), pool());
    let mut txs: Vec<_> = (0..100)
        .rev()
        .map(|nonce| sign(transfer(nonce), nonce % 2))
        .collect();
    txs.push(txs[0].clone());
    let results = add(&pool, &head, txs);
    // Nonces 0, 2, 4 ... of one key and 1, 3, 5 ... of the other: only nonce 0 can run.
    assert_eq!(pool.status().0, 1);
    assert_eq!(head.reads(), 2);
    assert_eq!(results[100], Err(PoolError::AlreadyKnown));
    assert!(results[99].as_ref().is_ok_and(|added| added.pending));
    // 49 queued behind nonce 0, 50 of the other.
    assert_eq!(pool.status().1, 99);
    add(&pool, &head, vec![sign(transfer(1), 0)]);
    assert_eq!(head.reads(), 2, "a tracked account is not read again");
    assert_eq!(pool.nonce_after(&address(0)), Some(3));
    assert_eq!(pool.nonce_after(&address(1)), None);
}

#[test]
fn a_chain_that_has_ended_takes_nothing() {
    let (head, pool) = (MemoryHead::default(), pool());
    let txs: Vec<_> = [0, 1, 3].map(|nonce| sign(transfer(nonce), 1)).into();
    add(&pool, &head, txs.clone());
    assert_eq!(pool.status(), (2, 1));
    pool.close();
    assert_eq!((pool.status(), pool.stats().invalid), ((0, 0), 3));
    // What it knew before too.
    let results = add(&pool, &head, txs);
    assert!(
        results
            .iter()
            .all(|result| *result == Err(PoolError::ChainEnded))
    );
    assert!(
        PoolError::ChainEnded
            .to_string()
            .starts_with("this chain has ended")
    );
    assert!(!pool.has_executable(0, &HashMap::default()));
}

#[test]
fn finalization_includes_promotes_and_drops() {
    let (head, pool) = (MemoryHead::default(), pool());
    let txs: Vec<_> = [0, 1, 2, 4].map(|nonce| sign(transfer(nonce), 1)).into();
    let hash = |index: usize| *txs[index].tx_hash();
    add(&pool, &head, txs.clone());
    assert_eq!(pool.status(), (3, 1));
    let balance = rich().balance;
    let update = |number, nonce, included: &[_]| {
        let changed = [(address(1), AccountInfo { nonce, ..rich() })];
        let head = head_at(number);
        pool.on_finalized(&BlockUpdate {
            head,
            included,
            changed: &changed,
            blocked: &[],
        })
    };
    update(1, 1, &[(hash(0), address(1), 0)]).unwrap();
    assert_eq!((pool.status(), pool.stats().included), ((2, 1), 1));
    // Another transaction than ours used up nonces 1 to 3.
    update(2, 4, &[]).unwrap();
    assert_eq!((pool.status(), pool.stats().superseded), ((1, 0), 2));
    update(2, 9, &[]).unwrap();
    assert_eq!(pool.status(), (1, 0), "an old block is ignored");
    assert_eq!(update(4, 5, &[]), Err(Gap { have: 2, got: 4 }));
    assert_eq!(pool.status(), (1, 0), "a gap changes nothing");
    head.set(address(1), 5, balance);
    block_on(pool.reset(&head, head_at(4))).unwrap();
    assert_eq!(pool.status(), (0, 0));
    assert_eq!(pool.head().number, 4);
}

#[test]
fn poverty_and_directives_drop_what_can_no_longer_run() {
    let (head, pool) = (MemoryHead::default(), pool());
    let dear = TxEip1559 {
        value: U256::from(GWEI * GWEI),
        ..transfer(1)
    };
    add(
        &pool,
        &head,
        vec![sign(transfer(0), 1), sign(dear, 1), sign(transfer(2), 1)],
    );
    let paid = TxEip1559 {
        to: TxKind::Call(Address::repeat_byte(5)),
        ..transfer(0)
    };
    add(
        &pool,
        &head,
        vec![sign(paid, 2), sign(transfer(0), 3), sign(transfer(0), 4)],
    );
    pool.on_finalized(&BlockUpdate {
        head: head_at(1),
        included: &[],
        changed: &[(
            address(1),
            AccountInfo {
                balance: U256::from(GWEI * GWEI),
                ..rich()
            },
        )],
        blocked: &[Address::repeat_byte(5), address(3)],
    })
    .unwrap();
    let stats = pool.stats();
    assert_eq!((stats.unaffordable, stats.blocked), (1, 2));
    // Nonce 0 of the first and the untouched fourth run; nonce 2 of the first waits.
    assert_eq!(pool.status(), (2, 1));
    // A reset finds directives that no update named.
    head.block(
        address(4),
        BlockedBy {
            alert_id: U256::ONE,
            until: 9,
        },
    );
    block_on(pool.reset(&head, head_at(2))).unwrap();
    assert_eq!(pool.stats().blocked, 3);
}

#[test]
fn a_lower_gas_limit_drops_what_no_longer_fits() {
    let (head, pool) = (MemoryHead::default(), pool());
    let big = TxEip1559 {
        gas_limit: 50_000,
        ..transfer(0)
    };
    add(&pool, &head, vec![sign(big, 1), sign(transfer(0), 2)]);
    let head = HeadInfo {
        terms: Terms {
            gas_limit: 40_000,
            ..Terms::default()
        },
        ..head_at(1)
    };
    let update = BlockUpdate {
        head,
        included: &[],
        changed: &[],
        blocked: &[],
    };
    pool.on_finalized(&update).unwrap();
    assert_eq!((pool.status(), pool.stats().invalid), ((1, 0), 1));
}

#[test]
fn a_batch_in_any_order_leaves_no_gap() {
    let (head, pool) = (MemoryHead::default(), pool());
    let txs = (0..200)
        .rev()
        .map(|nonce| sign(transfer(nonce), 1))
        .collect();
    // More than may be queued, so the order of arrival must not matter.
    assert!(add(&pool, &head, txs).iter().all(Result::is_ok));
    assert_eq!(pool.status(), (200, 0));
}

#[test]
fn what_a_drop_demotes_stays_within_the_limit_on_queued_ones() {
    let limits = Limits {
        max_queued_per_sender: 2,
        ..Limits::default()
    };
    let pool = Pool::new(Rules::new(CHAIN), limits, head_at(0), Sequential);
    let head = MemoryHead::default();
    add(
        &pool,
        &head,
        (0..6).map(|nonce| sign(transfer(nonce), 1)).collect(),
    );
    let first = pool.best(0).next().unwrap().hash;
    assert!(pool.drop_invalid(first, "first"));
    let left = pool.content_from(&address(1)).queued;
    assert_eq!(left.iter().map(|tx| tx.nonce()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(pool.status(), (0, 2));
}

#[test]
fn what_waits_too_long_for_a_nonce_is_dropped() {
    let (head, pool) = (MemoryHead::default(), pool());
    add(
        &pool,
        &head,
        vec![
            sign(transfer(0), 1),
            sign(transfer(2), 1),
            sign(transfer(1), 2),
        ],
    );
    let block = |number, timestamp| {
        let head = HeadInfo {
            timestamp,
            ..head_at(number)
        };
        let update = BlockUpdate {
            head,
            included: &[],
            changed: &[],
            blocked: &[],
        };
        pool.on_finalized(&update).unwrap();
    };
    let (start, patience) = (head_at(0).timestamp, Limits::default().max_queued_s);
    block(1, start + patience / 2);
    // Progress of the first sender starts its time anew.
    add(
        &pool,
        &head,
        vec![sign(transfer(1), 1), sign(transfer(4), 1)],
    );
    block(2, start + patience - 1);
    assert_eq!(pool.status(), (3, 2));
    block(3, start + patience);
    assert_eq!((pool.status(), pool.stats().expired), ((3, 1), 1));
    block(4, start + patience / 2 + patience);
    assert_eq!((pool.status(), pool.stats().expired), ((3, 0), 2));
}

#[test]
fn builders_skip_exclude_and_drop() {
    let (head, pool) = (MemoryHead::default(), pool());
    let tx = |nonce, tip, seed| sign(tipped(nonce, tip), seed);
    add(
        &pool,
        &head,
        vec![
            tx(0, 5, 1),
            tx(1, 50, 1),
            tx(0, 9, 2),
            tx(1, 1, 2),
            tx(0, 7, 3),
        ],
    );
    let (a, b, c) = (address(1), address(2), address(3));
    assert_eq!(
        order(pool.best(0)),
        [(b, 0), (c, 0), (a, 0), (a, 1), (b, 1)]
    );
    let mut best = pool.best(0);
    assert_eq!(best.next().map(|tx| tx.sender), Some(b));
    best.skip_sender(b);
    best.skip_sender(c);
    assert_eq!(order(best), [(a, 0), (a, 1)]);
    let included = HashMap::from_iter([(a, 1), (c, 1)]);
    assert_eq!(
        order(pool.best_excluding(0, &included)),
        [(a, 1), (b, 0), (b, 1)]
    );
    // A fee cap under the base fee is not for this block.
    assert_eq!(pool.best(101 * GWEI as u64).count(), 0);
    let first = pool.best(0).nth(2).unwrap();
    assert!(pool.drop_invalid(first.hash, "out of luck"));
    assert!(!pool.drop_invalid(first.hash, "twice"));
    assert_eq!(pool.content_from(&a).queued.len(), 1);
    assert_eq!(pool.content().len(), 3);
}

#[test]
fn waiting_ends_when_work_arrives_and_not_before() {
    let (head, pool) = (MemoryHead::default(), pool());
    let none = HashMap::default();
    let mut waiting = Box::pin(pool.wait_for_pending());
    assert!(waiting.as_mut().now_or_never().is_none());
    add(&pool, &head, vec![sign(transfer(1), 1)]);
    assert!(
        waiting.as_mut().now_or_never().is_none(),
        "a gapped one is no work"
    );
    add(&pool, &head, vec![sign(transfer(0), 1)]);
    assert!(waiting.as_mut().now_or_never().is_some());
    assert!(pool.has_executable(0, &none));
    assert!(!pool.has_executable(u64::MAX, &none));
    let included = HashMap::from_iter([(address(1), 2)]);
    assert!(!pool.has_executable(0, &included));
    let mut waiting = Box::pin(pool.wait_for_executable(0, &included));
    assert!(waiting.as_mut().now_or_never().is_none());
    add(&pool, &head, vec![sign(transfer(2), 1)]);
    assert!(waiting.as_mut().now_or_never().is_some());
}

#[test]
fn a_falling_base_fee_wakes() {
    let (head, pool) = (MemoryHead::default(), pool());
    let cheap = TxEip1559 {
        max_fee_per_gas: GWEI - 1,
        max_priority_fee_per_gas: 1,
        ..transfer(0)
    };
    add(&pool, &head, vec![sign(cheap, 1)]);
    let mut waiting = Box::pin(pool.wait_for_pending());
    assert!(waiting.as_mut().now_or_never().is_none());
    let head = HeadInfo {
        base_fee_next: GWEI as u64 - 1,
        ..head_at(1)
    };
    let update = BlockUpdate {
        head,
        included: &[],
        changed: &[],
        blocked: &[],
    };
    pool.on_finalized(&update).unwrap();
    assert!(waiting.as_mut().now_or_never().is_some());
}

#[test]
fn subscribers_see_promotions_and_lose_the_oldest() {
    let limits = Limits {
        subscription_backlog: 2,
        ..Limits::default()
    };
    let pool = Pool::new(Rules::new(CHAIN), limits, head_at(0), Sequential);
    let (head, mut hashes) = (MemoryHead::default(), pool.subscribe());
    let txs: Vec<_> = (0..3).map(|nonce| sign(transfer(nonce), 1)).collect();
    add(&pool, &head, vec![txs[1].clone(), txs[2].clone()]);
    assert!(hashes.try_recv().is_err(), "gapped ones are not pending");
    add(&pool, &head, vec![txs[0].clone()]);
    assert_eq!(hashes.try_recv().ok(), Some(*txs[1].tx_hash()));
    assert_eq!(hashes.try_recv().ok(), Some(*txs[2].tx_hash()));
    assert!(hashes.try_recv().is_err());
}

#[test]
fn senders_are_recovered_once_and_the_cache_is_bounded() {
    let cache = SenderCache::new(64);
    let txs: Vec<_> = (0..200).map(|nonce| sign(transfer(nonce), nonce)).collect();
    let senders = cache.senders_of(&txs, &Sequential).unwrap();
    assert_eq!(senders[7], address(7));
    let threads = commonware_parallel::Rayon::new(commonware_utils::NZUsize!(2)).unwrap();
    let parallel: Vec<_> = recover(&txs, &threads)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(parallel, senders);
    assert!(cache.len() <= 64, "{}", cache.len());
    cache.insert(*txs[3].tx_hash(), Address::ZERO);
    assert_eq!(
        cache.senders_of(&txs[3..4], &Sequential),
        Ok(vec![Address::ZERO])
    );
    let mut bad = txs[..3].to_vec();
    use alloy_consensus::SignableTransaction as _;
    let forged = transfer(0).into_signed(alloy_primitives::Signature::new(
        U256::ZERO,
        U256::ZERO,
        true,
    ));
    bad[1] = forged.into();
    let error = cache.senders_of(&bad, &Sequential).unwrap_err();
    assert_eq!(error, InvalidSignature { index: 1 });
    assert!(recover(&bad, &Sequential)[1].is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]
    /// Against a model that sorts everything anew for each item. More senders than one chunk.
    #[test]
    fn best_is_sorted_by_tip_within_nonce_order(
        prices in prop::collection::vec((0u64..600, 1u128..30, 0u128..50), 1..700),
        base_fee in 0u64..40,
    ) {
        let pool = pool();
        let mut next: HashMap<u64, u64> = HashMap::default();
        let mut model: std::collections::BTreeMap<u64, Vec<(i128, u64, u64)>> = Default::default();
        for (arrival, (seed, tip, extra)) in prices.into_iter().enumerate() {
            let nonce = next.entry(seed).or_default();
            let tx = TxEip1559 {
                max_fee_per_gas: tip + extra,
                max_priority_fee_per_gas: tip,
                ..transfer(*nonce)
            };
            let tx = PooledTransaction::new(unsigned(tx), fake(seed), Origin::Local);
            let tip = tx.effective_tip(base_fee);
            model.entry(seed).or_default().push((tip, arrival as u64, *nonce));
            *nonce += 1;
            pool.core().insert(distinct(tx, seed), rich()).unwrap();
        }
        let got: Vec<_> = pool.best(base_fee).map(|tx| (tx.effective_tip(base_fee), tx.sender, tx.nonce())).collect();
        let mut want = Vec::new();
        loop {
            let heads = model.iter().filter_map(|(seed, txs)| Some((*txs.first()?, *seed)));
            let best = heads.filter(|((tip, _, _), _)| *tip >= 0).max_by_key(|((tip, at, _), _)| (*tip, std::cmp::Reverse(*at)));
            let Some(((tip, _, nonce), seed)) = best else { break };
            want.push((tip, fake(seed), nonce));
            if let Some(txs) = model.get_mut(&seed) {
                txs.remove(0);
            }
        }
        prop_assert_eq!(got, want);
    }
}

fn fake(seed: u64) -> Address {
    Address::left_padding_from(&(seed + 1).to_be_bytes())
}

fn unsigned(tx: TxEip1559) -> Transaction {
    use alloy_consensus::SignableTransaction as _;
    tx.into_signed(alloy_primitives::Signature::test_signature())
        .into()
}

fn distinct(mut tx: PooledTransaction, seed: u64) -> PooledTransaction {
    tx.hash.0[..8].copy_from_slice(&seed.to_be_bytes());
    tx
}

#[test]
fn futures_of_the_pool_can_be_spawned() {
    fn spawnable<T: Send>(_: T) {}
    let (head, pool) = (MemoryHead::default(), pool());
    spawnable(pool.add_many(&head, Vec::new(), Origin::Gossip));
    spawnable(pool.reset(&head, head_at(1)));
    spawnable(pool.wait_for_pending());
    assert_eq!(sign(transfer(3), 1).nonce(), 3);
}
