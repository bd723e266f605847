//! A real bundle: every object fits the exchange's limits, and a block's.

use super::world::World;
use crate::limits::{MAX_CONTENT_BYTES, MAX_ENTRIES};
use alloy_primitives::{FixedBytes, U256, hex};
use alloy_sol_types::SolCall;
use hansa_abi::{EXCHANGE, IExchange};
use serde_json::Value;
use std::path::PathBuf;

/// The most gas that one transaction may use (EIP-7825).
const TRANSACTION_GAS: u64 = 1 << 24;

fn bundle() -> Option<Value> {
    let shared = std::env::var_os("HANSA_SHARED_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let path = shared.join("mobile-attack-17.1.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!(
            "skipped: {} cannot be read (set HANSA_SHARED_DATA)",
            path.display()
        );
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

/// An object as an entry; the version counts up where the test does not care for the time.
fn entry(object: &Value) -> IExchange::Entry {
    let id = object["id"].as_str().unwrap();
    let (object_type, uuid) = id.split_once("--").unwrap();
    let uuid: [u8; 16] = hex::decode_to_array(uuid.replace('-', "")).unwrap();
    IExchange::Entry {
        uuid: FixedBytes::from(uuid),
        objectType: object_type.into(),
        version: 1,
        tlp: 0,
        content: object.to_string().into_bytes().into(),
    }
}

#[test]
fn a_mitre_bundle_is_published_whole() {
    let Some(bundle) = bundle() else { return };
    let objects = bundle["objects"].as_array().unwrap();
    let mut entries: Vec<_> = objects.iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.content.len());
    let largest = entries.last().unwrap().content.len();
    assert!(largest <= MAX_CONTENT_BYTES, "{largest}");
    let mut world = World::of_four();
    // The largest alone, the others in full batches. A byte of calldata costs 16, or 40 in all when that is
    // more (EIP-7623).
    let (last, others) = entries.split_last().unwrap();
    let batches = others
        .chunks(MAX_ENTRIES)
        .map(<[_]>::to_vec)
        .chain([vec![last.clone()]]);
    for entries in batches {
        let input = IExchange::publishCall { entries }.abi_encode();
        let outcome = world.execute(EXCHANGE, super::world::account(1), 0, &input);
        assert!(
            matches!(outcome.result, crate::RunResult::Return(_)),
            "{outcome:?}"
        );
        let bytes = input.len() as u64;
        let gas = 21_000 + (16 * bytes + outcome.gas_used).max(40 * bytes);
        assert!(
            gas <= TRANSACTION_GAS,
            "{bytes} bytes of input take {gas} gas"
        );
    }
    let events = world.events::<IExchange::ObjectPublished>();
    assert_eq!(events.len(), objects.len());
    for (event, entry) in events.iter().zip(&entries) {
        assert_eq!(
            (&event.content, &event.objectType),
            (&entry.content, &entry.objectType)
        );
    }
    let counts = world.exchange(0, &IExchange::countsCall {}).unwrap();
    assert_eq!(U256::from(counts.objects), U256::from(objects.len()));
}
