//! The feed: idempotent, ordered, durable.

use super::{Chain, Spec, block, check, config, feed, log};
use crate::{AddressPage, Appended, Config, Durability, Index, IndexError, cache::Cache};
use alloy_primitives::Address;
use proptest::prelude::*;
use std::sync::Arc;

/// Small limits, so that every path is walked: nothing fits into the caches, buckets are written often.
fn tight() -> Config {
    Config {
        fresh_transactions: 7,
        block_cache_bytes: 4_000,
        diff_blocks: 3,
        diff_cache_bytes: 50,
        ..config()
    }
}

fn spec() -> impl Strategy<Value = Spec> {
    let logs = (0u8..3, proptest::collection::vec(0u8..3, 0..5), 0usize..70);
    let logs = logs.prop_map(|(emitter, topics, data)| log(emitter, &topics, data));
    proptest::collection::vec(proptest::collection::vec(logs, 0..3), 0..8)
}

#[derive(Clone, Debug)]
enum Step {
    Append(Spec),
    /// Feed a block of the past again.
    Again(usize),
    /// Drop without any farewell, and open again.
    Reopen,
    /// Copy the file while it is open, and check the copy.
    Copy,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => spec().prop_map(Step::Append),
        2 => any::<usize>().prop_map(Step::Again),
        1 => Just(Step::Reopen),
        1 => Just(Step::Copy),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_history_reads_back(
        steps in proptest::collection::vec(step(), 1..25),
        start in 0u64..3,
        quick_repair: bool,
        few_bits: bool,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.redb");
        // With 3 indexed bits nearly every lookup meets other transactions' prefixes.
        let mask = if few_bits { 7 << 61 } else { u64::MAX };
        let config = Config { quick_repair, ..tight() };
        let mut index = Some(Index::open_masked(&path, config.clone(), mask).unwrap());
        let mut chain = Chain::new(start);
        for step in steps {
            let open = index.as_ref().unwrap();
            match step {
                Step::Append(spec) => {
                    let block = chain.push(spec);
                    prop_assert_eq!(open.append(&block, None).unwrap(), Appended::Added);
                }
                Step::Again(which) if !chain.blocks.is_empty() => {
                    let block = &chain.blocks[which % chain.blocks.len()];
                    prop_assert_eq!(open.append(block, None).unwrap(), Appended::Known);
                }
                Step::Again(_) => {}
                Step::Reopen => {
                    drop(index.take());
                    index = Some(Index::open_masked(&path, config.clone(), mask).unwrap());
                }
                Step::Copy => {
                    let copy = folder.path().join("copy.redb");
                    std::fs::copy(&path, &copy).unwrap();
                    let copy = Index::open_masked(&copy, config.clone(), mask).unwrap();
                    check(&copy, &chain.blocks);
                }
            }
        }
        let index = index.unwrap();
        check(&index, &chain.blocks);
        let verified = index.verify(|_, _| ()).unwrap();
        prop_assert_eq!(verified.blocks, chain.blocks.len() as u64);
    }
}

#[test]
fn a_crash_loses_whole_blocks_only_and_feeding_again_repairs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.redb");
    let config = Config {
        durability: Durability::EveryBlocks(4),
        ..tight()
    };
    let index = Index::open(&path, config.clone()).unwrap();
    let mut chain = Chain::new(0);
    chain.extend((0..10).map(|n| vec![vec![log(1, &[1], n)]; 3]));
    feed(&index, &chain);
    // A copy of the file is what a killed process leaves behind.
    let copy = folder.path().join("copy.redb");
    std::fs::copy(&path, &copy).unwrap();
    let survivor = Index::open(&copy, config.clone()).unwrap();
    check(&survivor, &chain.blocks[..8]);
    feed(&survivor, &chain);
    check(&survivor, &chain.blocks);
    index.flush().unwrap();
    std::fs::copy(&path, folder.path().join("flushed.redb")).unwrap();
    let flushed = Index::open(folder.path().join("flushed.redb"), config).unwrap();
    check(&flushed, &chain.blocks);
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let index = Index::in_memory(config()).unwrap();
    let mut chain = Chain::new(5);
    chain.extend([vec![vec![]], vec![]]);
    feed(&index, &chain);
    let mut fork = Chain::new(5).fork();
    fork.extend([vec![vec![]], vec![], vec![]]);
    let refused = |block: &crate::FinalizedBlock| index.append(block, None).unwrap_err();
    let conflict = refused(&fork.blocks[0]);
    let text = conflict.to_string();
    assert!(matches!(conflict, IndexError::Conflict { number: 5, .. }));
    for chain in [&chain, &fork] {
        assert!(
            text.contains(&chain.blocks[0].block.hash().to_string()),
            "{text}"
        );
    }
    let stranger = refused(&fork.blocks[2]);
    assert!(matches!(stranger, IndexError::Parent { number: 7, .. }));
    let mut ahead = chain.clone();
    ahead.extend([vec![], vec![vec![]]]);
    let gap = refused(&ahead.blocks[3]);
    assert!(matches!(gap, IndexError::Gap { head: 6, number: 8 }));
    let before = block(4, super::GENESIS, 0, vec![]);
    let old = refused(&before);
    assert!(matches!(
        old,
        IndexError::TooOld {
            number: 4,
            oldest: 5
        }
    ));
    let mut odd = ahead.blocks[2].clone();
    odd.senders = Arc::new(vec![Default::default()]);
    assert!(matches!(
        refused(&odd),
        IndexError::Malformed { number: 7, .. }
    ));
    check(&index, &chain.blocks);
}

#[test]
fn a_gap_that_is_allowed_begins_a_new_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.redb");
    let mut chain = Chain::new(0);
    chain.extend((0..8).map(|_| vec![vec![log(1, &[1], 3)]]));
    {
        let index = Index::open(&path, config()).unwrap();
        index.append(&chain.blocks[0], None).unwrap();
        index.append_after_gap(&chain.blocks[1], None).unwrap();
        assert_eq!(index.oldest(), Some(0), "no gap, no new run");
        index.append_after_gap(&chain.blocks[5], None).unwrap();
    }
    let index = Index::open(&path, config()).unwrap();
    index.append(&chain.blocks[6], None).unwrap();
    check(&index, &chain.blocks[5..7]);
    assert!(
        index.block(1).unwrap().is_some(),
        "the old run stays readable"
    );
    assert!(index.block(3).unwrap().is_none());
    assert!(matches!(
        index.append(&chain.blocks[3], None),
        Err(IndexError::TooOld { oldest: 5, .. })
    ));
    index.verify(|_, _| ()).unwrap();
}

#[test]
fn readers_see_whole_blocks_while_the_feed_runs() {
    let index = Index::in_memory(tight()).unwrap();
    let mut chain = Chain::new(0);
    chain.extend((0..120).map(|_| vec![vec![log(1, &[2], 4)]; 4]));
    std::thread::scope(|scope| {
        let reader = index.clone();
        let blocks = &chain.blocks;
        let readers = scope.spawn(move || {
            loop {
                let Some((head, _)) = reader.head() else {
                    continue;
                };
                for place in [0, head / 2, head] {
                    let expected = &blocks[place as usize];
                    for transaction in expected.block.transactions() {
                        let found = reader.transaction(transaction.tx_hash()).unwrap();
                        assert_eq!(found.unwrap().block_number, place);
                    }
                }
                if head == 119 {
                    break;
                }
            }
        });
        feed(&index, &chain);
        readers.join().unwrap();
    });
}

#[test]
fn the_cache_stays_within_its_limit_and_drops_the_least_used() {
    let cache = Cache::new(100);
    for key in 0..4 {
        cache.insert(key, key, 30);
    }
    assert_eq!(cache.bytes(), 90);
    assert_eq!((cache.get(0), cache.get(1)), (None, Some(1)));
    cache.insert(4, 4, 30);
    assert_eq!((cache.get(1), cache.get(2)), (Some(1), None));
    cache.insert(5, 5, 101);
    assert_eq!(cache.get(5), None);
    cache.insert(1, 9, 100);
    assert_eq!((cache.get(1), cache.bytes()), (Some(9), 100));
}

/// An index of 20 blocks of three, whose newest so many transactions it has yet to file by address.
fn sixty_transactions(fresh_transactions: usize) -> Index {
    let config = Config {
        fresh_transactions,
        ..config()
    };
    let index = Index::in_memory(config).unwrap();
    let mut chain = Chain::new(0);
    chain.extend(vec![vec![vec![]; 3]; 20]);
    feed(&index, &chain);
    index
}

/// Who asks for what takes too long is told so, wherever the search is.
#[test]
fn a_search_for_an_address_can_be_stopped() {
    for fresh_transactions in [1, 1_000] {
        let index = sixty_transactions(fresh_transactions);
        let everybody = Address::repeat_byte(1);
        let stopped = index.transactions_of(everybody, None, (100, usize::MAX), || true);
        assert!(matches!(stopped, Err(IndexError::Stopped { .. })));
        // What nobody knows is found to be nowhere without looking at any block.
        let nobody = index.transactions_of(Address::repeat_byte(0xee), None, (1, 1), || false);
        assert!(nobody.unwrap().found.is_empty());
    }
}

/// A page that is cut, by its bytes or by the time that it takes, says where to go on, and nothing is left out or told twice.
#[test]
fn pages_of_an_address_that_are_cut_go_on() {
    for fresh_transactions in [1, 1_000] {
        let index = sixty_transactions(fresh_transactions);
        let everybody = Address::repeat_byte(1);
        let all = |page: &AddressPage| {
            let found = page.found.iter();
            found
                .map(|of| (of.block_number, of.index))
                .collect::<Vec<_>>()
        };
        let whole = index
            .transactions_of(everybody, None, (100, usize::MAX), || false)
            .unwrap();
        let whole = all(&whole);
        assert_eq!(whole.len(), 60);
        for by_bytes in [true, false] {
            let (mut before, mut found) = (None, Vec::new());
            loop {
                let asked = std::cell::Cell::new(0);
                let late = || {
                    asked.set(asked.get() + 1);
                    !by_bytes && asked.get() > 40
                };
                let most = if by_bytes { 1 } else { usize::MAX };
                let page = index.transactions_of(everybody, before, (100, most), late);
                let page = page.unwrap();
                assert!(!by_bytes || page.found.len() <= 1);
                found.extend(all(&page));
                before = page.next;
                if before.is_none() {
                    break;
                }
            }
            assert_eq!(found, whole, "by bytes: {by_bytes}");
        }
        // Places that no transaction has.
        let first = |before| {
            let page = index.transactions_of(everybody, Some(before), (1, usize::MAX), || false);
            page.unwrap().found.first().map(|of| of.block_number)
        };
        assert_eq!(first((u64::MAX, u32::MAX)), Some(19));
        assert_eq!(first((1 << 40, 0)), Some(19));
        assert_eq!(first((5, u32::MAX)), Some(5));
    }
}
