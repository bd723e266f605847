//! Ethereum's public state tests through this crate's EVM: the fixtures of
//! <https://github.com/ethereum/execution-spec-tests> (CC0, `state_tests` of a release), or the older
//! <https://github.com/ethereum/tests> (MIT, `GeneralStateTests`), which end with Cancun.
//!
//! `HANSA_EVM_TESTS` names a folder with either; without it the test says that it skips. Every case of
//! each fork that a chain of a league can have runs as one transaction, and the state's
//! Merkle-Patricia root and the hash of the logs are compared. Cases with blobs are left out: no chain
//! of a league takes those. So are states in which an account has storage but neither code nor nonce
//! (EIP-7610): no transaction can make one since EIP-161.

use alloy_consensus::{TxEnvelope, transaction::SignerRecoverable as _};
use alloy_eips::{eip2718::Decodable2718 as _, eip2935::HISTORY_STORAGE_ADDRESS};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_trie::{TrieAccount, root};
use hansa_evm::{Account, BlockDb, BlockParams, ChainRules, MemoryDb, build, tx_env};
use hansa_primitives::{Fees, Fork, Genesis, GuardParams, Pace, StakingParams, Terms, ZonesParams};
use revm::{
    ExecuteEvm as _,
    context_interface::result::{EVMError, ExecutionResult},
};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, HashMap},
    env, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

const FORKS: [(&str, Fork); 3] = [
    ("Cancun", Fork::CANCUN),
    ("Prague", Fork::PRAGUE),
    ("Osaka", Fork::OSAKA),
];
/// Blocks whose hashes `BLOCKHASH` gives.
const HASHES: u64 = 256;
/// Failures that are shown.
const SHOWN: usize = 20;

#[derive(Deserialize)]
struct Case {
    env: Env,
    pre: BTreeMap<Address, Pre>,
    post: HashMap<String, Vec<Post>>,
    transaction: Fields,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Env {
    current_coinbase: Address,
    current_gas_limit: U256,
    current_number: U256,
    current_timestamp: U256,
    current_base_fee: Option<U256>,
    current_random: Option<B256>,
    current_excess_blob_gas: Option<U256>,
}

#[derive(Deserialize)]
struct Pre {
    balance: U256,
    nonce: U256,
    code: Bytes,
    storage: BTreeMap<U256, U256>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Post {
    hash: B256,
    logs: B256,
    txbytes: Option<Bytes>,
    expect_exception: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    max_fee_per_blob_gas: Option<U256>,
}

#[derive(Default)]
struct Counts {
    passed: BTreeMap<&'static str, usize>,
    left_out: usize,
    failed: Vec<String>,
}

fn rules() -> ChainRules {
    ChainRules::new(Arc::new(Genesis {
        staking: StakingParams::default(),
        chain_id: 1,
        name: "state tests".into(),
        development: true,
        timestamp_ms: 0,
        gas_limit: 100_000_000,
        fork: Fork::OSAKA,
        fees: Fees::default(),
        pace: Pace::default(),
        zone: None,
        operators: Vec::new(),
        members: Vec::new(),
        guard: GuardParams::default(),
        zones: ZonesParams::default(),
        alloc: BTreeMap::new(),
    }))
}

fn database(case: &Case) -> MemoryDb {
    let mut db = MemoryDb::default();
    for (address, pre) in &case.pre {
        let code_hash = keccak256(&pre.code);
        let account = Account {
            nonce: pre.nonce.saturating_to(),
            balance: pre.balance,
            code_hash,
        };
        db.accounts.insert(*address, account);
        db.code.insert(code_hash, pre.code.clone());
        let slots = pre.storage.iter().filter(|(_, value)| !value.is_zero());
        db.storage
            .extend(slots.map(|(slot, value)| ((*address, *slot), *value)));
    }
    // These tests take the hash of a block to be the hash of its number in decimal.
    let number: u64 = case.env.current_number.saturating_to();
    for earlier in number.saturating_sub(HASHES)..number {
        let slot = U256::from(earlier % alloy_eips::eip2935::HISTORY_SERVE_WINDOW as u64);
        let hash = keccak256(earlier.to_string());
        db.storage
            .insert((HISTORY_STORAGE_ADDRESS, slot), hash.into());
    }
    db
}

fn state_root(db: &MemoryDb) -> B256 {
    let mut storage: HashMap<Address, Vec<(B256, U256)>> = HashMap::new();
    for ((address, slot), value) in &db.storage {
        storage
            .entry(*address)
            .or_default()
            .push(((*slot).into(), *value));
    }
    root::state_root_unhashed(db.accounts.iter().map(|(address, account)| {
        let slots = storage.remove(address).unwrap_or_default();
        let account = TrieAccount {
            nonce: account.nonce,
            balance: account.balance,
            storage_root: root::storage_root_unhashed(slots),
            code_hash: account.code_hash,
        };
        (*address, account)
    }))
}

/// Runs one transaction; an error says what differs.
fn run(case: &Case, fork: Fork, post: &Post, raw: &Bytes) -> Result<(), String> {
    let rejected = post.expect_exception.is_some();
    let signed = TxEnvelope::decode_2718(&mut raw.as_ref())
        .ok()
        .and_then(|transaction| {
            let sender = transaction.recover_signer().ok()?;
            Some((transaction, sender))
        });
    let Some((transaction, sender)) = signed else {
        return if rejected {
            Ok(())
        } else {
            Err("the transaction cannot be decoded".into())
        };
    };
    let env = &case.env;
    let params = BlockParams {
        number: env.current_number.saturating_to(),
        timestamp_ms: env.current_timestamp.saturating_to::<u64>() * 1_000,
        beneficiary: env.current_coinbase,
        terms: Terms {
            gas_limit: env.current_gas_limit.saturating_to(),
            fork,
            ..Terms::default()
        },
        base_fee_per_gas: env.current_base_fee.unwrap_or_default().saturating_to(),
        parent_hash: env.current_random.unwrap_or_default(),
    };
    let mut db = database(case);
    let block = BlockDb::new(db.clone());
    let mut evm = build(&rules(), &params, block, (), |_| {}).map_err(|error| error.to_string())?;
    let logs = match evm.transact_one(tx_env(&transaction, sender)) {
        Ok(_) if rejected => return Err("accepted, but must be rejected".into()),
        Ok(ExecutionResult::Success { logs, .. }) => logs,
        Ok(_) => Vec::new(),
        Err(EVMError::Transaction(_)) if rejected => return Ok(()),
        Err(error) => return Err(format!("rejected: {error}")),
    };
    let journal = evm.finalize();
    let changes = evm
        .ctx
        .journaled_state
        .database
        .into_changes(journal, &[])
        .map_err(|error| error.to_string())?;
    db.apply(&changes);
    let mut encoded = Vec::new();
    alloy_rlp::encode_list(&logs, &mut encoded);
    if keccak256(&encoded) != post.logs {
        return Err("other logs".into());
    }
    if state_root(&db) != post.hash {
        return Err("another state root".into());
    }
    Ok(())
}

fn run_file(path: &Path, counts: &mut Counts) {
    let text = fs::read_to_string(path).unwrap();
    let cases: BTreeMap<String, Case> = match serde_json::from_str(&text) {
        Ok(cases) => cases,
        Err(error) => {
            // Numbers and addresses that no transaction can hold, for clients that parse them.
            eprintln!("left out: {}: {error}", path.display());
            counts.left_out += 1;
            return;
        }
    };
    for (name, case) in &cases {
        let blobs = case.transaction.max_fee_per_blob_gas.is_some()
            || case
                .env
                .current_excess_blob_gas
                .is_some_and(|gas| !gas.is_zero());
        let storage_alone = case.pre.values().any(|account| {
            account.nonce.is_zero() && account.code.is_empty() && !account.storage.is_empty()
        });
        let posts = FORKS.iter().flat_map(|(of, fork)| {
            let posts = case.post.get(*of).into_iter().flatten();
            posts.enumerate().map(move |post| (of, *fork, post))
        });
        for (of, fork, (index, post)) in posts {
            let Some(raw) = post.txbytes.as_ref().filter(|_| !blobs && !storage_alone) else {
                counts.left_out += 1;
                continue;
            };
            match run(case, fork, post, raw) {
                Ok(()) => *counts.passed.entry(of).or_default() += 1,
                Err(error) => {
                    let failure = format!("{name}, {of} {index}: {error}");
                    counts.failed.push(failure);
                }
            }
        }
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            found.push(path);
        }
    }
}

#[test]
fn public_state_tests() {
    let Some(folder) = env::var_os("HANSA_EVM_TESTS").map(PathBuf::from) else {
        eprintln!("skipped: HANSA_EVM_TESTS names no folder of Ethereum's state tests");
        return;
    };
    let inner = folder.join("GeneralStateTests");
    let folder = if inner.is_dir() { inner } else { folder };
    let mut found = Vec::new();
    files(&folder, &mut found);
    assert!(!found.is_empty(), "no tests in {}", folder.display());
    found.sort();
    let mut counts = Counts::default();
    for path in &found {
        run_file(path, &mut counts);
    }
    println!(
        "{} files: cases that pass {:?}, {} left out, {} fail",
        found.len(),
        counts.passed,
        counts.left_out,
        counts.failed.len()
    );
    for failure in counts.failed.iter().take(SHOWN) {
        println!("  {failure}");
    }
    assert!(!counts.passed.is_empty(), "no case ran");
    assert!(
        counts.failed.is_empty(),
        "{} cases fail",
        counts.failed.len()
    );
}
