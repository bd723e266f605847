use super::*;
use alloy_consensus::{SignableTransaction as _, TxLegacy};
use alloy_primitives::{Address, B256, FixedBytes, Log as EventLog, Signature, keccak256};
use alloy_sol_types::SolEvent as _;
use commonware_consensus::types::{Epoch, Round, View};
use commonware_cryptography::Signer as _;
use hansa_abi::{EXCHANGE, IExchange};
use hansa_index::{Config, FinalizedBlock};
use hansa_primitives::{
    Block, Context, Header, HubPoint, PrivateKey, Receipt, StateCommitment, Terms, digest,
    receipts_bloom,
};
use hansa_taxii::{TypeSet, VersionMatch};
use std::{ops::ControlFlow, sync::mpsc, thread, time::Duration};

const ID: &str = "tool--01010101-0101-0101-0101-010101010101";

fn content(version: u64) -> String {
    format!("version {version}")
}

/// A block that publishes one version of the one object.
fn block(number: u64, parent: B256) -> FinalizedBlock {
    let content = content(number);
    let event = IExchange::ObjectPublished {
        objectId: keccak256(ID),
        publisher: Address::ZERO,
        version: number,
        uuid: FixedBytes::repeat_byte(1),
        objectType: "tool".into(),
        tlp: 0,
        digest: keccak256(&content),
        content: content.into_bytes().into(),
    };
    let receipts = vec![Receipt {
        tx_type: alloy_consensus::TxType::Legacy,
        success: true,
        cumulative_gas_used: 21_000,
        logs: vec![EventLog {
            address: EXCHANGE,
            data: event.encode_log_data(),
        }],
    }];
    let header = Header {
        context: Context {
            round: Round::new(Epoch::zero(), View::new(number)),
            leader: PrivateKey::from_seed(1).public_key(),
            parent: (View::new(number), digest(parent)),
        },
        parent_hash: parent,
        number,
        timestamp_ms: number,
        beneficiary: Address::ZERO,
        terms: Terms::default(),
        gas_used: 0,
        base_fee_per_gas: 0,
        transactions_root: B256::ZERO,
        receipts_root: B256::ZERO,
        logs_bloom: receipts_bloom(&receipts),
        committee: B256::ZERO,
        next_committee: B256::ZERO,
        finalization: B256::ZERO,
        finalized_view: 0,
        hub: HubPoint::default(),
        inputs: B256::ZERO,
        outbox: Default::default(),
        state: StateCommitment {
            ops_end: 3,
            code_end: 1,
            ..StateCommitment::default()
        },
    };
    let transaction = TxLegacy {
        nonce: number,
        ..TxLegacy::default()
    };
    let transaction = transaction.into_signed(Signature::test_signature()).into();
    FinalizedBlock {
        block: Block::new(header, vec![transaction]),
        receipts: Arc::new(receipts),
        senders: Arc::new(vec![Address::ZERO]),
    }
}

fn scan() -> Scan {
    Scan {
        log: Log::Objects,
        audience: Audience::Public,
        after_us: None,
        ids: None,
        types: [TypeSet::Any, TypeSet::Any],
        versions: VersionMatch::every(),
        content: true,
        limit: 10,
        examine: 10,
    }
}

/// (version, content) of what a scan visits, and where it says to go on.
fn visited(catalog: &IndexCatalog, scan: &Scan) -> (Vec<(String, String)>, Option<u64>) {
    let mut visited = Vec::new();
    let next_us = catalog.scan(scan, &mut |record| {
        let content = String::from_utf8_lossy(record.content).into_owned();
        visited.push((record.version.to_owned(), content));
        ControlFlow::Continue(())
    });
    (visited, next_us.unwrap())
}

fn catalog_of(versions: u64) -> (IndexCatalog, B256) {
    let index = Index::in_memory(Config::new(B256::ZERO)).unwrap();
    let mut parent = B256::ZERO;
    for number in 1..=versions {
        let block = block(number, parent);
        parent = block.block.hash();
        index.append(&block, None).unwrap();
    }
    (IndexCatalog(index), parent)
}

#[test]
fn scans_find_what_they_ask_for_and_read_no_other_content() {
    let (catalog, _) = catalog_of(3);
    let expected = |versions: &[u64]| -> Vec<_> {
        versions
            .iter()
            .map(|version| (version.to_string(), content(*version)))
            .collect()
    };
    assert_eq!(visited(&catalog, &scan()), (expected(&[1, 2, 3]), None));
    let last = Scan {
        versions: VersionMatch::current(),
        ..scan()
    };
    assert_eq!(visited(&catalog, &last), (expected(&[3]), None));
    let short = Scan { limit: 2, ..scan() };
    assert_eq!(visited(&catalog, &short), (expected(&[1, 2]), Some(2_000)));
    let bare = Scan {
        content: false,
        ..last
    };
    assert_eq!(
        visited(&catalog, &bare),
        (vec![("3".into(), String::new())], None)
    );
    let other = Scan {
        types: [TypeSet::Any, TypeSet::In(["malware".into()].into())],
        ..scan()
    };
    assert_eq!(visited(&catalog, &other), (Vec::new(), None));
}

#[test]
fn the_feed_goes_on_while_contents_are_read() {
    let (catalog, parent) = catalog_of(2);
    let (done, waiting) = mpsc::channel();
    thread::spawn(move || {
        let next_us = catalog.scan(&scan(), &mut |_| {
            catalog.0.append(&block(3, parent), None).unwrap();
            ControlFlow::Continue(())
        });
        done.send((next_us.unwrap(), catalog.0.object_count()))
            .unwrap();
    });
    let ended = waiting.recv_timeout(Duration::from_secs(30));
    assert_eq!(ended.expect("the scan holds up the feed"), (None, 3));
}
