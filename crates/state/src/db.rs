//! The two databases of a chain and the commitment to them.

use crate::{
    StateError,
    keys::{Code, encode_account, encode_slot},
};
use alloy_primitives::B256;
use commonware_cryptography::{Sha256, sha256::Digest};
use commonware_glue::stateful::db::{DatabaseSet, Merkleized as _, Shared, Unmerkleized as _};
use commonware_parallel::Strategy;
use commonware_runtime::{Spawner, buffer::paged::CacheRef};
use commonware_storage::{
    Context,
    journal::contiguous::{fixed::Config as FixedLogConfig, variable::Config as VariableLogConfig},
    merkle::full::Config as MerkleConfig,
    mmr::{self, Location},
    qmdb::{current, immutable, sync::Target},
    translator::EightCap,
};
use commonware_utils::{NZU64, NZUsize, non_empty_range};
use hansa_evm::Changes;
use hansa_primitives::{
    BITMAP_CHUNK, StateCommitment, StateKey, StateValue, account_key, storage_key,
};
use std::num::{NonZeroU64, NonZeroUsize};

/// The Merkle structure beneath both databases.
pub type Family = mmr::Family;

/// Accounts and storage.
pub type StateDb<E, S> = current::unordered::fixed::Db<
    Family,
    E,
    StateKey,
    StateValue,
    Sha256,
    EightCap,
    BITMAP_CHUNK,
    S,
>;
/// Contract code by keccak256.
pub type CodeDb<E, S> = immutable::variable::Db<Family, E, Digest, Code, Sha256, EightCap, S>;
/// Both, as consensus manages them.
pub type Databases<E, S> = (Shared<StateDb<E, S>>, Shared<CodeDb<E, S>>);
/// Speculative writes on some block's state.
pub type Batches<E, S> = <Databases<E, S> as DatabaseSet<E>>::Unmerkleized;
/// The same with roots computed.
pub type Merkleized<E, S> = <Databases<E, S> as DatabaseSet<E>>::Merkleized;
/// What a header commits to, as state sync takes it.
pub type SyncTargets<E, S> = <Databases<E, S> as DatabaseSet<E>>::SyncTargets;
/// Configuration of both databases.
pub type DatabaseConfigs<E, S> = <Databases<E, S> as DatabaseSet<E>>::Config;

/// Where the databases live and how much memory they may use.
#[derive(Clone)]
pub struct Config<S> {
    /// Prefix of every partition.
    pub partition: String,
    /// Page cache, shared with everything else of the node.
    pub page_cache: CacheRef,
    /// Write buffer of each journal, bytes.
    pub write_buffer: NonZeroUsize,
    /// Operations per file.
    pub items_per_blob: NonZeroU64,
    /// How merkleization runs in parallel.
    pub strategy: S,
}

impl<S: Strategy> Config<S> {
    fn merkle(&self, name: &str) -> MerkleConfig<S> {
        MerkleConfig {
            journal_partition: format!("{}-{name}-merkle-journal", self.partition),
            metadata_partition: format!("{}-{name}-merkle-pins", self.partition),
            items_per_blob: self.items_per_blob,
            write_buffer: self.write_buffer,
            replay_buffer: self.write_buffer,
            strategy: self.strategy.clone(),
            page_cache: self.page_cache.clone(),
        }
    }

    /// The configuration of both databases.
    pub fn databases<E: Context + Spawner>(&self) -> DatabaseConfigs<E, S> {
        let state = current::FixedConfig {
            merkle_config: self.merkle("state"),
            journal_config: FixedLogConfig {
                partition: format!("{}-state-log", self.partition),
                items_per_blob: self.items_per_blob,
                page_cache: self.page_cache.clone(),
                write_buffer: self.write_buffer,
                replay_buffer: self.write_buffer,
            },
            grafted_metadata_partition: format!("{}-state-grafted", self.partition),
            translator: EightCap,
            init_cache: Some(NZUsize!(65_536)),
            init_buffer: NZUsize!(1 << 21),
            init_concurrency: (),
        };
        let code = immutable::variable::Config {
            merkle_config: self.merkle("code"),
            log: VariableLogConfig {
                partition: format!("{}-code-log", self.partition),
                items_per_section: NZU64!(1_024),
                compression: None,
                codec_config: ((), ()),
                page_cache: self.page_cache.clone(),
                write_buffer: self.write_buffer,
                replay_buffer: self.write_buffer,
            },
            translator: EightCap,
            init_buffer: NZUsize!(1 << 21),
        };
        (state, code)
    }
}

fn b256(digest: &Digest) -> B256 {
    B256::from_slice(digest.as_ref())
}

/// The commitment of a chain's empty databases: what the genesis header holds.
pub fn empty_commitment<E, S>() -> StateCommitment
where
    E: Context + Spawner,
    S: Strategy,
{
    let (state, code) = <Databases<E, S> as DatabaseSet<E>>::initial_sync_targets();
    StateCommitment {
        root: B256::ZERO,
        ops_root: b256(&state.root),
        ops_start: *state.range.start(),
        ops_end: *state.range.end(),
        code_root: b256(&code.root),
        code_start: *code.range.start(),
        code_end: *code.range.end(),
    }
}

/// The commitment of merkleized batches.
pub fn commitment<E, S>(merkleized: &Merkleized<E, S>) -> StateCommitment
where
    E: Context + Spawner,
    S: Strategy,
{
    let (state, code) = merkleized;
    StateCommitment {
        root: b256(&state.root()),
        ops_root: b256(&state.ops_root()),
        ops_start: *state.sync_boundary(),
        ops_end: *state.bounds().tip.size,
        code_root: b256(&code.root()),
        code_start: *code.bounds().inactivity_floor,
        code_end: *code.bounds().tip.size,
    }
}

/// What state sync downloads to reach `commitment`. Header decoding guarantees that the ranges are
/// not empty.
pub fn sync_targets<E, S>(commitment: &StateCommitment) -> SyncTargets<E, S>
where
    E: Context + Spawner,
    S: Strategy,
{
    let target = |root: B256, start: u64, end: u64| {
        let range = non_empty_range!(Location::new(start), Location::new(end));
        Target::new(Digest::from(root.0), range)
    };
    (
        target(
            commitment.ops_root,
            commitment.ops_start,
            commitment.ops_end,
        ),
        target(
            commitment.code_root,
            commitment.code_start,
            commitment.code_end,
        ),
    )
}

/// Writes a block's changes and computes the roots.
///
/// # Errors
/// A database failed. Says nothing about the block.
pub async fn merkleize<E, S>(
    batches: Batches<E, S>,
    changes: &Changes,
) -> Result<Merkleized<E, S>, StateError>
where
    E: Context + Spawner,
    S: Strategy,
{
    let failed = |error: &dyn std::fmt::Display| StateError::Database(error.to_string());
    let (mut state, mut code) = batches;
    for (address, change) in &changes.accounts {
        let value = change.new.as_ref().map(encode_account);
        state = state.write(account_key(*address), value);
    }
    for ((address, slot), change) in &changes.storage {
        let value = (!change.new.is_zero()).then(|| encode_slot(change.new));
        state = state.write(storage_key(*address, *slot), value);
    }
    for (hash, bytes) in &changes.code {
        let key = Digest::from(hash.0);
        let known = code.get(&key).await.map_err(|error| failed(&error))?;
        if known.is_none() {
            code = code.set(key, Code(bytes.clone()));
        }
    }
    let state = state.merkleize().await.map_err(|error| failed(&error))?;
    let code = code.merkleize().await.map_err(|error| failed(&error))?;
    Ok((state, code))
}
