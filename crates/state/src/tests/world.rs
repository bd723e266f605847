//! A fixed history of a small state, and databases to apply it to.

use crate::{Account, Config, Databases, commitment, merkleize};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use commonware_glue::stateful::db::DatabaseSet;
use commonware_parallel::Sequential;
use commonware_runtime::{Spawner, buffer::paged::CacheRef};
use commonware_storage::Context;
use commonware_utils::{NZU16, NZU64, NZUsize};
use hansa_evm::{Change, Changes};
use hansa_primitives::StateCommitment;
use std::collections::BTreeMap;

pub(super) type Set<E> = Databases<E, Sequential>;

pub(super) fn address(byte: u8) -> Address {
    Address::repeat_byte(byte)
}

pub(super) fn account(nonce: u64, balance: u64) -> Account {
    Account {
        nonce,
        balance: U256::from(balance),
        ..Account::default()
    }
}

pub(super) fn code() -> Bytes {
    Bytes::from_static(&[0x60, 0x01, 0x60, 0x00, 0x55, 0x00])
}

/// Blocks in [`history`].
pub(super) const BLOCKS: usize = 12;

/// What each block changes: accounts come, change and go, slots are set and cleared, code is deployed,
/// one block does nothing.
pub(super) fn history() -> Vec<Changes> {
    let mut accounts: BTreeMap<Address, Account> = BTreeMap::new();
    let mut storage: BTreeMap<(Address, U256), U256> = BTreeMap::new();
    (1..=BLOCKS as u64)
        .map(|block| {
            let mut changes = Changes::default();
            if block == 7 {
                return changes;
            }
            for step in 0..block {
                let who = address((block * 7 + step * 3) as u8 % 11 + 1);
                let new = (step % 4 != 3).then(|| Account {
                    code_hash: if step == 5 {
                        keccak256(code())
                    } else {
                        Account::default().code_hash
                    },
                    ..account(block, block * 1_000 + step)
                });
                let old = accounts.get(&who).copied();
                let change = changes.accounts.entry(who).or_insert(Change { old, new });
                change.new = new;
                match new {
                    Some(new) => accounts.insert(who, new),
                    None => accounts.remove(&who),
                };
                let slot = (who, U256::from(step % 3));
                let new = U256::from(block * (step % 2));
                let old = storage.insert(slot, new).unwrap_or_default();
                let change = changes.storage.entry(slot).or_insert(Change { old, new });
                change.new = new;
            }
            changes
                .accounts
                .retain(|_, change| change.old != change.new);
            changes.storage.retain(|_, change| change.old != change.new);
            if block == 6 {
                changes.code.insert(keccak256(code()), code());
            }
            changes
        })
        .collect()
}

/// The accounts and slots after all blocks, those that are gone as well.
#[allow(clippy::type_complexity)]
pub(super) fn end() -> (
    BTreeMap<Address, Option<Account>>,
    BTreeMap<(Address, U256), U256>,
) {
    let (mut accounts, mut storage) = (BTreeMap::new(), BTreeMap::new());
    for changes in history() {
        accounts.extend(
            changes
                .accounts
                .iter()
                .map(|(key, change)| (*key, change.new)),
        );
        storage.extend(
            changes
                .storage
                .iter()
                .map(|(key, change)| (*key, change.new)),
        );
    }
    (accounts, storage)
}

pub(super) async fn open<E: Context + Spawner>(context: E) -> Set<E> {
    let config = Config {
        partition: "test".into(),
        page_cache: CacheRef::new(NZU16!(1_024), NZUsize!(16)),
        write_buffer: NZUsize!(4_096),
        // Small, so that a short history has several files.
        items_per_blob: NZU64!(16),
        strategy: Sequential,
    };
    <Set<E> as DatabaseSet<E>>::init(context, config.databases::<E>(), None).await
}

/// Applies a block durably.
pub(super) async fn apply<E: Context + Spawner>(
    databases: &Set<E>,
    changes: &Changes,
) -> StateCommitment {
    let batches = databases.new_batches().await;
    let merkleized = merkleize(batches, changes).await.unwrap();
    let commitment = commitment(&merkleized);
    databases.apply(merkleized).await;
    databases.finalize().await.durable().await;
    commitment
}

pub(super) async fn root<E: Context + Spawner>(databases: &Set<E>) -> B256 {
    B256::from_slice(databases.0.read().await.root().as_ref())
}
