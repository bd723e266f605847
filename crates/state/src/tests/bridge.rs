//! The EVM's thread sees what the databases hold, however it gets there, and ends when nobody waits.

use super::world::{address, apply, code, end, history, open};
use crate::{Batches, BridgeDb, Prefetch, StateError, execute};
use alloy_primitives::{Address, B256, U256, keccak256};
use commonware_glue::stateful::db::DatabaseSet;
use commonware_parallel::Sequential;
use commonware_runtime::{Clock as _, Runner as _, Spawner, Supervisor, deterministic, tokio};
use commonware_storage::Context;
use futures::future::{Either, select};
use revm::{Database, state::AccountInfo};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

type Seen = (Vec<Option<AccountInfo>>, Vec<U256>, Vec<u8>);

fn keys() -> (Vec<Address>, Vec<(Address, U256)>) {
    let (accounts, storage) = end();
    let mut accounts: Vec<_> = accounts.into_keys().collect();
    accounts.push(address(0xee));
    let mut storage: Vec<_> = storage.into_keys().collect();
    storage.push((address(0xee), U256::from(1)));
    (accounts, storage)
}

fn read_all(mut db: BridgeDb) -> Result<Seen, StateError> {
    let (accounts, storage) = keys();
    let accounts = accounts.into_iter().map(|address| db.basic(address));
    let accounts = accounts.collect::<Result<_, _>>()?;
    let storage = storage
        .into_iter()
        .map(|(address, slot)| db.storage(address, slot));
    let storage = storage.collect::<Result<_, _>>()?;
    let code = db.code_by_hash(keccak256(code()))?;
    Ok((accounts, storage, code.original_bytes().to_vec()))
}

async fn filled<E: Context + Spawner>(context: E) -> Batches<E, Sequential> {
    let databases = open(context).await;
    for changes in history() {
        apply(&databases, &changes).await;
    }
    databases.new_batches().await
}

/// What is read with nothing, half and all of it read ahead.
async fn reads<E: Context + Spawner>(context: E) -> Vec<Seen> {
    let mut batches = filled(context.child("databases")).await;
    let (accounts, storage) = keys();
    let half = Prefetch {
        // Twice, for the read-ahead may be asked so.
        accounts: accounts
            .iter()
            .step_by(2)
            .chain(&accounts[..3])
            .copied()
            .collect(),
        storage: storage.iter().skip(4).copied().collect(),
    };
    let all = Prefetch { accounts, storage };
    let mut seen = Vec::new();
    for prefetch in [Prefetch::default(), half, all] {
        let (back, read) = execute(context.child("execute"), batches, prefetch, read_all)
            .await
            .unwrap();
        batches = back;
        seen.push(read.unwrap());
    }
    seen
}

#[test]
fn reading_ahead_changes_nothing_in_either_runtime() {
    let seen = deterministic::Runner::default().start(reads);
    let folder = tempfile::tempdir().unwrap();
    let config = tokio::Config::default().with_storage_directory(folder.path());
    let in_tokio = tokio::Runner::new(config).start(reads);
    let (accounts, storage) = end();
    for seen in seen.iter().chain(&in_tokio) {
        assert_eq!(*seen, in_tokio[0]);
        let balances: Vec<_> = seen
            .0
            .iter()
            .map(|account| account.as_ref().map(|account| account.balance))
            .collect();
        let mut expected: Vec<_> = accounts
            .values()
            .map(|account| account.map(|account| account.balance))
            .collect();
        expected.push(None);
        assert_eq!(balances, expected);
        let mut expected: Vec<_> = storage.values().copied().collect();
        expected.push(U256::ZERO);
        assert_eq!(seen.1, expected);
        assert_eq!(seen.2, code());
    }
}

#[test]
fn two_runs_of_the_deterministic_runtime_are_alike() {
    let run = || {
        deterministic::Runner::seeded(7).start(|context| async move {
            let auditor = context.auditor();
            reads(context).await;
            auditor.state()
        })
    };
    assert_eq!(run(), run());
}

#[test]
fn code_that_is_not_there_is_an_error_and_no_code_is_not() {
    deterministic::Runner::default().start(|context| async move {
        let batches = filled(context.child("databases")).await;
        let work = |mut db: BridgeDb| {
            let none = db.code_by_hash(alloy_primitives::KECCAK256_EMPTY);
            (
                none.unwrap().is_empty(),
                db.code_by_hash(B256::repeat_byte(5)),
            )
        };
        let (_, (empty, missing)) =
            execute(context.child("execute"), batches, Prefetch::default(), work)
                .await
                .unwrap();
        assert!(empty);
        assert!(matches!(missing, Err(StateError::Database(_))));
    });
}

#[test]
fn nobody_waiting_ends_the_thread() {
    let folder = tempfile::tempdir().unwrap();
    let config = tokio::Config::default().with_storage_directory(folder.path());
    tokio::Runner::new(config).start(|context| async move {
        let batches = filled(context.child("databases")).await;
        let (reads, ended) = (
            Arc::new(AtomicU64::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let (counted, over) = (reads.clone(), ended.clone());
        // Reads until it is refused: forever, if nobody cancels.
        let work = move |mut db: BridgeDb| {
            while db.basic(address(1)).is_ok() {
                counted.fetch_add(1, Ordering::Relaxed);
            }
            assert!(db.cancelled().get());
            over.store(true, Ordering::Release);
        };
        let execution = Box::pin(execute(
            context.child("execute"),
            batches,
            Prefetch::default(),
            work,
        ));
        let running = reads.clone();
        let clock = context.child("clock");
        let started = Box::pin(async move {
            while running.load(Ordering::Relaxed) == 0 {
                clock.sleep(Duration::from_millis(5)).await;
            }
        });
        match select(execution, started).await {
            Either::Left(_) => panic!("the work ended by itself"),
            Either::Right(((), execution)) => drop(execution),
        }
        for _ in 0..1_000 {
            if ended.load(Ordering::Acquire) {
                return;
            }
            context.sleep(Duration::from_millis(5)).await;
        }
        panic!(
            "the thread still runs after {} reads",
            reads.load(Ordering::Relaxed)
        );
    });
}
