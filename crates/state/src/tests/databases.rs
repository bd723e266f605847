//! The same history gives the same commitments in every runtime, restarted or not.

use super::world::{BLOCKS, apply, end, history, open, root};
use crate::{account_key, commitment, empty_commitment, merkleize, storage_key, sync_targets};
use commonware_glue::stateful::db::DatabaseSet;
use commonware_parallel::Sequential;
use commonware_runtime::{Runner as _, Spawner, Supervisor, deterministic, tokio};
use commonware_storage::Context;
use hansa_evm::Changes;
use hansa_primitives::StateCommitment;

/// Applies `blocks` and gives their commitments; at the end, all that can be read is what it must be.
async fn run<E: Context + Spawner>(context: E, blocks: &[Changes]) -> Vec<StateCommitment> {
    let databases = open(context).await;
    let mut commitments = Vec::new();
    for changes in blocks {
        let commitment = apply(&databases, changes).await;
        assert_eq!(root(&databases).await, commitment.root);
        let targets = databases.committed_targets().await;
        assert_eq!(targets, sync_targets::<E, Sequential>(&commitment));
        commitments.push(commitment);
    }
    commitments
}

/// The root after opening, and that every key has its last value.
async fn check<E: Context + Spawner>(context: E) -> alloy_primitives::B256 {
    let databases = open(context).await;
    let (accounts, storage) = end();
    let state = databases.0.read().await;
    for (address, account) in accounts {
        let value = state.get(&account_key(address)).await.unwrap();
        assert_eq!(value.as_ref().map(crate::decode_account), account);
    }
    for ((address, slot), expected) in storage {
        let value = state.get(&storage_key(address, slot)).await.unwrap();
        assert_eq!(
            value.is_some(),
            !expected.is_zero(),
            "a zero slot is no slot"
        );
        if let Some(value) = value {
            assert_eq!(crate::keys::decode_slot(&value), expected);
        }
    }
    drop(state);
    root(&databases).await
}

fn straight() -> Vec<StateCommitment> {
    deterministic::Runner::default().start(|context| async move { run(context, &history()).await })
}

#[test]
fn the_history_exercises_something() {
    let blocks = history();
    assert_eq!(blocks.len(), BLOCKS);
    assert!(blocks.iter().any(Changes::is_empty));
    let gone = |changes: &Changes| changes.accounts.values().any(|change| change.new.is_none());
    assert!(blocks.iter().any(gone));
    let cleared = |changes: &Changes| changes.storage.values().any(|change| change.new.is_zero());
    assert!(blocks.iter().any(cleared));
    let commitments = straight();
    for pair in commitments.windows(2) {
        assert_ne!(pair[0].ops_root, pair[1].ops_root);
    }
}

#[test]
fn both_runtimes_agree_with_a_restart_after_any_block() {
    let expected = straight();
    for split in [1, 6, 7, BLOCKS] {
        let blocks = history();
        let (before, after) = blocks.split_at(split);

        let (before, after) = (before.to_vec(), after.to_vec());
        let (first, second) = (before.clone(), after.clone());
        let (mut seen, checkpoint) = deterministic::Runner::default()
            .start_and_recover(|context| async move { run(context, &first).await });
        let (rest, checkpoint) = deterministic::Runner::from(checkpoint)
            .start_and_recover(|context| async move { run(context, &second).await });
        let last = deterministic::Runner::from(checkpoint).start(check);
        seen.extend(rest);
        assert_eq!(seen, expected, "deterministic, restarted after {split}");
        assert_eq!(last, expected[BLOCKS - 1].root);

        let folder = tempfile::tempdir().unwrap();
        let runner =
            || tokio::Runner::new(tokio::Config::default().with_storage_directory(folder.path()));
        let mut seen = runner().start(|context| async move { run(context, &before).await });
        seen.extend(runner().start(|context| async move { run(context, &after).await }));
        assert_eq!(seen, expected, "tokio, restarted after {split}");
        assert_eq!(runner().start(check), expected[BLOCKS - 1].root);
    }
}

/// Siblings do not see each other, and what is not applied leaves nothing behind.
#[test]
fn forks_are_apart() {
    deterministic::Runner::default().start(|context| async move {
        let databases = open(context.child("forks")).await;
        let blocks = history();
        let first = apply(&databases, &blocks[0]).await;
        let parent = merkleize(databases.new_batches().await, &blocks[1])
            .await
            .unwrap();
        type Set = super::world::Set<deterministic::Context>;
        let fork = |changes: Changes| {
            let batches = <Set as DatabaseSet<_>>::fork_batches(&parent);
            async move { commitment(&merkleize(batches, &changes).await.unwrap()) }
        };
        let (left, right) = (fork(blocks[2].clone()).await, fork(blocks[3].clone()).await);
        assert_ne!(left.root, right.root);
        assert_eq!(left, fork(blocks[2].clone()).await);
        assert_eq!(root(&databases).await, first.root);
        assert_eq!(left, straight_to(3), "as if applied one after the other");
    });
}

fn straight_to(block: usize) -> StateCommitment {
    // A runner within a runner: on a thread of its own.
    std::thread::spawn(move || straight()[block - 1])
        .join()
        .unwrap()
}

#[test]
fn the_empty_commitment_is_that_of_empty_databases() {
    deterministic::Runner::default().start(|context| async move {
        let databases = open(context.child("empty")).await;
        let empty = empty_commitment::<deterministic::Context, Sequential>();
        let targets = databases.committed_targets().await;
        assert_eq!(
            targets,
            sync_targets::<deterministic::Context, Sequential>(&empty)
        );
    });
}
