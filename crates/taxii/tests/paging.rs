//! Walks: nothing is skipped, nothing comes twice, whatever the pages and whatever is added meanwhile.

mod common;

use common::{Answer, BLOCK_MS, get, in_collection, open_config, record};
use hansa_taxii::{Config, Limits, Log, MemoryCatalog, NewRecord, Tlp, router};
use proptest::prelude::*;
use std::{collections::BTreeMap, sync::Arc};

/// One block that arrives during a walk: which objects it brings a new version of.
type Block = Vec<u8>;

fn block_records(block: &Block, versions: &mut BTreeMap<u8, u64>) -> Vec<NewRecord> {
    block
        .iter()
        .map(|object| {
            let version = versions.entry(*object).or_default();
            *version += 1;
            let stix_type = if object % 3 == 0 { "malware" } else { "tool" };
            record(stix_type, u128::from(*object), *version, Tlp::Clear)
        })
        .collect()
}

fn seen(answer: &Answer) -> Vec<(String, String)> {
    let objects = answer.json["objects"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    objects
        .iter()
        .map(|object| (text(&object["id"]), text(&object["modified"])))
        .collect()
}

/// Walks a collection page by page, adding one block before each page, until all blocks are there and the
/// walk is at its end. `by_cursor` follows `next`; otherwise each page begins after the last date.
async fn walk(
    blocks: &[Block],
    limits: &[usize],
    filter: &str,
    server_limits: Limits,
    by_cursor: bool,
) -> (Vec<(String, String)>, Vec<NewRecord>) {
    let catalog = Arc::new(MemoryCatalog::new());
    let config = Config {
        limits: server_limits,
        ..open_config()
    };
    let router = router(config, Arc::clone(&catalog) as _).unwrap();
    let (mut versions, mut published, mut walked) = (BTreeMap::new(), Vec::new(), Vec::new());
    let mut place = String::new();
    let mut blocks = blocks.iter().enumerate();
    // A walk that gets on needs fewer pages than records examined and blocks together.
    for turn in 0..1_000 {
        let next_block = blocks.next();
        if let Some((height, block)) = next_block {
            let records = block_records(block, &mut versions);
            published.extend(records.iter().cloned());
            // Some blocks share a millisecond: the order has to hold all the same.
            catalog.append(Log::Objects, BLOCK_MS + height as u64 / 2, records);
        }
        let limit = limits[turn % limits.len()];
        let path = in_collection("all", &format!("objects/?limit={limit}&{filter}{place}"));
        let answer = get(&router, &path).await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        walked.extend(seen(&answer));
        match (answer.next(), answer.header("x-taxii-date-added-last")) {
            (Some(next), _) if by_cursor => place = format!("&next={next}"),
            // At the end of the walk a client polls again from the last date it saw.
            (_, Some(date)) => place = format!("&added_after={date}"),
            (None, None) if next_block.is_none() => return (walked, published),
            (Some(next), None) => place = format!("&next={next}"),
            (None, None) => {}
        }
    }
    panic!("the walk does not end")
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

fn keys(records: &[NewRecord]) -> Vec<(String, String)> {
    records
        .iter()
        .map(|record| (record.id.clone(), record.version.clone()))
        .collect()
}

fn server_limits() -> impl Strategy<Value = Limits> {
    (1_usize..40, 1_usize..3_000).prop_map(|(scanned_records, response_bytes)| Limits {
        scanned_records,
        response_bytes,
        ..Limits::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_version_comes_once_and_in_order(
        blocks in prop::collection::vec(prop::collection::vec(0_u8..12, 0..8), 1..12),
        limits in prop::collection::vec(1_usize..20, 1..5),
        server_limits in server_limits(),
        by_cursor: bool,
    ) {
        let filter = "match[version]=all";
        let (walked, published) = run(walk(&blocks, &limits, filter, server_limits, by_cursor));
        prop_assert_eq!(walked, keys(&published));
    }

    #[test]
    fn current_versions_come_once_and_none_is_missed(
        blocks in prop::collection::vec(prop::collection::vec(0_u8..12, 0..8), 1..12),
        limits in prop::collection::vec(1_usize..20, 1..5),
        server_limits in server_limits(),
        by_cursor: bool,
    ) {
        let (walked, published) = run(walk(&blocks, &limits, "", server_limits, by_cursor));
        let published = keys(&published);
        // In ledger order, so no version twice: each is found behind the one before.
        let mut rest = published.iter();
        for version in &walked {
            prop_assert!(rest.any(|candidate| candidate == version), "{version:?} out of order");
        }
        // Whoever keeps the newest of what came has the newest of what was published.
        let newest = |list: &[(String, String)]| list.iter().cloned().collect::<BTreeMap<_, _>>();
        prop_assert_eq!(newest(&walked), newest(&published));
    }

    #[test]
    fn filtered_walks_are_the_filtered_log(
        blocks in prop::collection::vec(prop::collection::vec(0_u8..12, 0..8), 1..12),
        limits in prop::collection::vec(1_usize..20, 1..5),
        server_limits in server_limits(),
    ) {
        let filter = "match[version]=all&match[type]=malware";
        let (walked, mut published) = run(walk(&blocks, &limits, filter, server_limits, true));
        published.retain(|record| record.id.starts_with("malware--"));
        prop_assert_eq!(walked, keys(&published));
    }
}
