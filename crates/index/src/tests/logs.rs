//! Log queries against a naive filter.

use super::{Chain, config, feed, log};
use crate::{FinalizedBlock, Index, IndexError, LocatedLog, LogFilter, LogLimits};
use alloy_primitives::{Address, B256};
use proptest::prelude::*;

fn naive(blocks: &[FinalizedBlock], filter: &LogFilter) -> Vec<LocatedLog> {
    let mut found = Vec::new();
    for block in blocks {
        let number = block.block.number();
        let mut log_index = 0;
        for (place, receipt) in block.receipts.iter().enumerate() {
            for log in &receipt.logs {
                let topics = log.topics();
                let matches = (filter.from..=filter.to).contains(&number)
                    && (filter.addresses.is_empty() || filter.addresses.contains(&log.address))
                    && (0..filter.topics.len()).all(|at| {
                        let wanted = &filter.topics[at];
                        at < topics.len() && (wanted.is_empty() || wanted.contains(&topics[at]))
                    });
                if matches {
                    found.push(LocatedLog {
                        block_number: number,
                        block_hash: block.block.hash(),
                        block_timestamp_ms: block.block.header().timestamp_ms,
                        transaction_hash: *block.block.transactions()[place].tx_hash(),
                        transaction_index: place as u32,
                        log_index,
                        log: log.clone(),
                    });
                }
                log_index += 1;
            }
        }
    }
    found
}

prop_compose! {
    fn filters()(
        from in 0u64..12,
        span in 0u64..14,
        addresses in proptest::collection::vec(0u8..5, 0..3),
        topics in proptest::collection::vec(proptest::collection::vec(0u8..4, 0..3), 0..6),
    ) -> LogFilter {
        let topics = topics.into_iter();
        LogFilter {
            from,
            to: from + span,
            addresses: addresses.into_iter().map(Address::repeat_byte).collect(),
            topics: topics.map(|g| g.into_iter().map(B256::repeat_byte).collect()).collect(),
        }
    }
}

fn any_log() -> impl Strategy<Value = alloy_primitives::Log> {
    (0u8..4, proptest::collection::vec(0u8..3, 0..5), 0usize..40)
        .prop_map(|(emitter, topics, data)| log(emitter, &topics, data))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_filter_finds_what_the_naive_one_finds(
        specs in proptest::collection::vec(
            proptest::collection::vec(proptest::collection::vec(any_log(), 0..3), 0..4),
            1..12,
        ),
        filters in proptest::collection::vec(filters(), 1..20),
    ) {
        let index = Index::in_memory(config()).unwrap();
        let mut chain = Chain::new(0);
        chain.extend(specs);
        feed(&index, &chain);
        for filter in filters {
            let found = index.logs(&filter, LogLimits::default()).unwrap();
            prop_assert_eq!(found, naive(&chain.blocks, &filter));
        }
    }
}

fn all(from: u64, to: u64) -> LogFilter {
    LogFilter {
        from,
        to,
        ..LogFilter::default()
    }
}

#[test]
fn limits_hold_at_the_edge_and_one_past_it() {
    let index = Index::in_memory(config()).unwrap();
    let mut chain = Chain::new(0);
    chain.extend((0..6).map(|_| vec![vec![log(1, &[1], 0); 3]]));
    feed(&index, &chain);
    let limits = |max_blocks, max_results| LogLimits {
        max_blocks,
        max_results,
        ..LogLimits::default()
    };
    assert_eq!(index.logs(&all(0, 5), limits(6, 18)).unwrap().len(), 18);
    let wide = index.logs(&all(0, 5), limits(5, 18)).unwrap_err();
    assert!(matches!(
        wide,
        IndexError::RangeTooWide {
            blocks: 6,
            limit: 5
        }
    ));
    assert!(wide.to_string().contains("over the limit of 5"));
    let many = index.logs(&all(1, 5), limits(6, 14)).unwrap_err();
    let IndexError::TooManyResults {
        limit: 14,
        suggested: Some((1, 4)),
    } = many
    else {
        panic!("{many}");
    };
    assert_eq!(index.logs(&all(1, 4), limits(6, 14)).unwrap().len(), 12);
    let alone = index.logs(&all(2, 2), limits(6, 2)).unwrap_err();
    assert!(matches!(
        alone,
        IndexError::TooManyResults {
            suggested: None,
            ..
        }
    ));
    // What is after the head does not count.
    assert_eq!(
        index.logs(&all(0, u64::MAX), limits(6, 18)).unwrap().len(),
        18
    );
    assert!(index.logs(&all(6, 9), limits(6, 18)).unwrap().is_empty());
    assert!(matches!(
        index.logs(&all(3, 2), limits(6, 18)),
        Err(IndexError::InvalidRange { from: 3, to: 2 })
    ));
}

#[test]
fn large_logs_are_bounded_and_a_query_can_be_stopped() {
    let index = Index::in_memory(config()).unwrap();
    let mut chain = Chain::new(1);
    chain.extend((0..4).map(|_| vec![vec![log(1, &[1, 2], 1_000); 2]]));
    feed(&index, &chain);
    let one = size_of::<LocatedLog>() + 2 * 32 + 1_000;
    let limits = |max_bytes| LogLimits {
        max_bytes,
        ..LogLimits::default()
    };
    assert_eq!(index.logs(&all(1, 4), limits(8 * one)).unwrap().len(), 8);
    let large = index.logs(&all(1, 4), limits(8 * one - 1)).unwrap_err();
    assert!(large.to_string().contains("bytes of logs"), "{large}");
    let IndexError::TooManyBytes {
        suggested: Some((1, 3)),
        ..
    } = large
    else {
        panic!("{large}");
    };
    assert_eq!(index.logs(&all(1, 3), limits(6 * one)).unwrap().len(), 6);
    let alone = index.logs(&all(2, 2), limits(one)).unwrap_err();
    assert!(matches!(
        alone,
        IndexError::TooManyBytes {
            suggested: None,
            ..
        }
    ));
    let asked = std::cell::Cell::new(0);
    let stop = || asked.replace(asked.get() + 1) == 2;
    let stopped = index.logs_until(&all(1, 4), LogLimits::default(), stop);
    assert!(matches!(
        stopped,
        Err(IndexError::Stopped {
            suggested: Some((1, 2))
        })
    ));
}

#[test]
fn a_range_that_begins_before_the_index_is_refused() {
    for (start, allowed) in [(1, true), (2, false)] {
        let index = Index::in_memory(config()).unwrap();
        assert!(
            index
                .logs(&all(0, 9), LogLimits::default())
                .unwrap()
                .is_empty()
        );
        let mut chain = Chain::new(start);
        chain.extend([vec![vec![log(1, &[1], 0)]]]);
        feed(&index, &chain);
        let answer = index.logs(&all(0, 9), LogLimits::default());
        match allowed {
            true => assert_eq!(answer.unwrap().len(), 1),
            false => assert!(matches!(answer, Err(IndexError::TooOld { oldest: 2, .. }))),
        }
    }
}
