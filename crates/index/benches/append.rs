//! Costs of the index: appending blocks, scanning blooms, walking objects, reading by hash.
//!
//! `cargo bench -p hansa-index`. Machines are noisy: compare numbers of one run. CPU time is the process's
//! (user and system, from `/proc/self/stat`), so that waiting for the disk does not count.

use alloy_consensus::{SignableTransaction, TxEip1559, TxType};
use alloy_primitives::{Address, B256, Bytes, FixedBytes, Log, Signature, TxKind, U256, keccak256};
use alloy_sol_types::SolEvent;
use commonware_consensus::types::{Epoch, Round, View};
use commonware_cryptography::Signer as _;
use hansa_abi::{EXCHANGE, IExchange};
use hansa_index::{
    Config, Durability, FinalizedBlock, Index, LogFilter, LogLimits, ObjectLog, ObjectScan,
    StateDiff,
};
use hansa_primitives::{
    Block, Context, Header, HubPoint, PrivateKey, Receipt, StateCommitment, Terms, Transaction,
    digest, receipts_bloom,
};
use std::{path::Path, sync::Arc, time::Instant};

const GENESIS: B256 = B256::repeat_byte(1);
const TRANSACTIONS: u64 = 1_000;
const BLOCKS: u64 = 200;
const ROOT: B256 = B256::repeat_byte(2);
/// Clock ticks per second of `/proc` on Linux.
const TICKS: f64 = 100.0;

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
    (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / TICKS
}

/// Runs `work` and prints its time and CPU time per unit.
fn measure<T>(name: &str, units: u64, unit: &str, work: impl FnOnce() -> T) -> T {
    let (cpu, start) = (cpu_seconds(), Instant::now());
    let result = work();
    let wall = start.elapsed().as_secs_f64() * 1e6 / units as f64;
    let cpu = (cpu_seconds() - cpu) * 1e6 / units as f64;
    println!("{name:<52} {wall:>10.3} us wall {cpu:>10.3} us CPU per {unit}");
    result
}

fn transaction(nonce: u64) -> Transaction {
    TxEip1559 {
        chain_id: 1,
        nonce,
        gas_limit: 21_000,
        to: TxKind::Call(Address::repeat_byte(1)),
        value: U256::from(nonce),
        ..TxEip1559::default()
    }
    .into_signed(Signature::test_signature())
    .into()
}

fn transfer_log(place: u64) -> Log {
    let topic = |byte: u64| keccak256(byte.to_le_bytes());
    let topics = vec![topic(0), topic(place), topic(place + 7)];
    Log::new_unchecked(Address::repeat_byte(9), topics, Bytes::from(vec![1; 32]))
}

/// The roots are not computed: the feed trusts them.
fn block(number: u64, parent: B256, count: u64, logs: impl Fn(u64) -> Vec<Log>) -> FinalizedBlock {
    let transactions: Vec<_> = (0..count)
        .map(|at| transaction(number << 20 | at))
        .collect();
    // The node has hashed them when they came into the mempool.
    for transaction in &transactions {
        transaction.tx_hash();
    }
    let receipt = |at| Receipt {
        tx_type: TxType::Eip1559,
        success: true,
        cumulative_gas_used: 21_000 * (at + 1),
        logs: logs(at),
    };
    let receipts: Vec<_> = (0..count).map(receipt).collect();
    let header = Header {
        context: Context {
            round: Round::new(Epoch::zero(), View::new(number)),
            leader: PrivateKey::from_seed(1).public_key(),
            parent: (View::new(number), digest(parent)),
        },
        parent_hash: parent,
        number,
        timestamp_ms: 1_700_000_000_000 + number * 100,
        beneficiary: Address::ZERO,
        terms: Terms::default(),
        gas_used: 0,
        base_fee_per_gas: 0,
        transactions_root: ROOT,
        receipts_root: ROOT,
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
    FinalizedBlock {
        block: Block::new(header, transactions),
        receipts: Arc::new(receipts),
        senders: Arc::new(vec![Address::repeat_byte(3); count as usize]),
    }
}

fn chain(blocks: u64, count: u64, logs: impl Fn(u64) -> Vec<Log> + Copy) -> Vec<FinalizedBlock> {
    let mut parent = GENESIS;
    let next = |number| {
        let block = block(number, parent, count, logs);
        parent = block.block.hash();
        block
    };
    (0..blocks).map(next).collect()
}

fn feed(index: &Index, blocks: &[FinalizedBlock], diff: Option<&StateDiff>) {
    for block in blocks {
        if let Err(error) = index.append(block, diff) {
            panic!("{error}");
        }
    }
}

fn open(path: &Path, durability: Durability, quick_repair: bool) -> Index {
    let config = Config {
        durability,
        quick_repair,
        ..Config::new(GENESIS)
    };
    match Index::open(path, config) {
        Ok(index) => index,
        Err(error) => panic!("{error}"),
    }
}

fn appends(folder: &Path) {
    let transfers = chain(BLOCKS, TRANSACTIONS, |_| Vec::new());
    let tokens = chain(BLOCKS, TRANSACTIONS, |at| vec![transfer_log(at)]);
    let diff: StateDiff = (0..2_000u64)
        .map(|at| (keccak256(at.to_le_bytes()).0, Some(vec![5; 72])))
        .collect();
    let eventual = Durability::EveryBlocks(64);
    let count = BLOCKS * TRANSACTIONS;
    for (name, blocks, diff) in [
        ("transfers", &transfers, None),
        ("ERC-20", &tokens, None),
        (
            "transfers with a diff of 2,000 keys",
            &transfers,
            Some(&diff),
        ),
    ] {
        for (mode, durability, quick_repair) in [
            ("immediate, quick repair", Durability::Immediate, true),
            ("immediate", Durability::Immediate, false),
            ("every 64 blocks, quick repair", eventual, true),
        ] {
            let path = folder.join("append.redb");
            let index = open(&path, durability, quick_repair);
            let name = format!("{name}, {mode}");
            measure(&name, count, "transaction", || feed(&index, blocks, diff));
            drop(index);
            let size = std::fs::metadata(&path).map_or(0, |file| file.len());
            println!(
                "{:<52} {:>10} bytes of file per transaction",
                "",
                size / count
            );
            let _ = std::fs::remove_file(&path);
        }
    }
    reads(folder, &tokens);
}

fn reads(folder: &Path, blocks: &[FinalizedBlock]) {
    let path = folder.join("reads.redb");
    let index = open(&path, Durability::EveryBlocks(64), true);
    feed(&index, blocks, None);
    let transactions = blocks.iter().flat_map(|block| block.block.transactions());
    let hashes: Vec<B256> = transactions.step_by(37).map(|tx| *tx.tx_hash()).collect();
    let look = |hashes: &[B256]| {
        let found = hashes
            .iter()
            .filter(|hash| matches!(index.transaction(hash), Ok(Some(_))));
        found.count()
    };
    let units = hashes.len() as u64;
    let found = measure("transaction by hash, any block", units, "read", || {
        look(&hashes)
    });
    assert_eq!(found, hashes.len());
    let unknown: Vec<B256> = hashes.iter().map(keccak256).collect();
    measure("unknown transaction", units, "read", || look(&unknown));
    drop(index);
    measure("open", 1, "open", || {
        open(&path, Durability::Immediate, true)
    });
    let _ = std::fs::remove_file(&path);
}

fn logs(folder: &Path) {
    let path = folder.join("logs.redb");
    let index = open(&path, Durability::EveryBlocks(1_000), false);
    feed(&index, &chain(10_000, 2, |at| vec![transfer_log(at)]), None);
    let filter = LogFilter {
        from: 0,
        to: 9_999,
        addresses: vec![Address::repeat_byte(0x77)],
        topics: vec![],
    };
    let scan = || {
        index
            .logs(&filter, LogLimits::default())
            .map_or(1, |logs| logs.len())
    };
    let found = measure(
        "log scan, 10,000 blocks, nothing found, first",
        1,
        "scan",
        scan,
    );
    assert_eq!(found, 0);
    measure("log scan, 10,000 blocks, nothing found", 20, "scan", || {
        (0..20).map(|_| scan()).sum::<usize>()
    });
    let _ = std::fs::remove_file(&path);
}

fn publication(number: u64, at: u64) -> Vec<Log> {
    let uuid = keccak256((number << 20 | at).to_le_bytes());
    let uuid = FixedBytes::<16>::from_slice(&uuid[..16]);
    let text = alloy_primitives::hex::encode(uuid);
    let parts = [
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..],
    ];
    let content = vec![b'x'; 1_200];
    let event = IExchange::ObjectPublished {
        objectId: keccak256(format!("indicator--{}", parts.join("-"))),
        publisher: Address::ZERO,
        version: 1,
        uuid,
        objectType: "indicator".into(),
        tlp: 0,
        digest: keccak256(&content),
        content: content.into(),
    };
    vec![Log {
        address: EXCHANGE,
        data: event.encode_log_data(),
    }]
}

fn objects() {
    let Ok(index) = Index::in_memory(Config {
        durability: Durability::EveryBlocks(64),
        ..Config::new(GENESIS)
    }) else {
        return;
    };
    let mut parent = GENESIS;
    for number in 0..25 {
        let block = block(number, parent, 1_000, |at| publication(number, at));
        parent = block.block.hash();
        feed(&index, std::slice::from_ref(&block), None);
    }
    let rounds = 40;
    let pages = measure(
        "objects, pages of 1,000 of 25,000",
        rounds * 25,
        "page",
        || (0..rounds).map(|_| walk(&index)).sum::<u64>(),
    );
    assert_eq!(pages, rounds * 25);
}

fn walk(index: &Index) -> u64 {
    let (mut after_us, mut pages) = (None, 0);
    loop {
        let scan = ObjectScan {
            log: ObjectLog::Objects,
            max_tlp: 1,
            after_us,
            ids: None,
            limit: 1_000,
            examine: usize::MAX,
        };
        let page = index.scan_objects(&scan, |_| true).found;
        let mut contents = index.object_contents();
        for view in &page {
            after_us = Some(view.added_us);
            assert!(matches!(contents.get(view.record.position), Ok(Some(_))));
        }
        if page.is_empty() {
            return pages;
        }
        pages += 1;
    }
}

fn main() {
    let Ok(folder) = tempfile::tempdir() else {
        return;
    };
    appends(folder.path());
    logs(folder.path());
    objects();
}
