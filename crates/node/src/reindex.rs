//! Rebuilding the index from the archive of finalized blocks, by executing every block again.
//!
//! Each block's receipts must come out as its header says, so a rebuilt index is also a check of the
//! whole history.

use crate::{
    Config, DataDirError, NodeError,
    datadir::{DataDir, storage_of},
    journal, load_genesis,
    node::{PAGE_BYTES, PARTITION, genesis_block, index_config, seed_index},
    open_files,
    panics::{self, Watched},
};
use commonware_runtime::{
    Runner as _,
    buffer::paged::CacheRef,
    tokio::{self as runtime, Context},
};
use commonware_storage::archive::{Archive as _, Identifier};
use commonware_utils::{NZU16, NZUsize};
use hansa_engine::{BlockArchive, Tuning};
use hansa_evm::{BlockExecutor, BlockOutcome, BlockParams, ChainRules, Closing, MemoryDb};
use hansa_index::{FinalizedBlock, Index, state_diff};
use hansa_mempool::recover_one;
use hansa_primitives::{Block, Genesis, receipts_root};
use hansa_state::diff_of;
use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

/// Progress is reported this often.
const REPORT_EVERY: Duration = Duration::from_secs(5);

/// Blocks that are read ahead of their execution.
const READ_AHEAD: usize = 16;

/// Rebuilds the index of a stopped node. The old one stays until the new one is complete.
///
/// # Errors
/// The node runs, its directory is unusable, a block does not execute as its header says, or there are
/// fewer blocks than the old index has.
pub fn reindex(config: Config) -> Result<(), NodeError> {
    open_files::raise_limit_or_warn();
    panics::watch();
    config.validate()?;
    let genesis = load_genesis(&config.genesis)?;
    let genesis_hash = genesis.hash().map_err(hansa_engine::Start::from)?;
    // Opening makes what is missing, and an index of nothing would then replace the old one.
    let storage = storage_of(&config.data_dir);
    let is_unused = journal::is_unused(&storage).map_err(|source| DataDirError::Io {
        path: config.data_dir.clone(),
        source,
    })?;
    if is_unused {
        return Err(NodeError::NoBlocks { path: storage });
    }
    let directory = DataDir::open(&config.data_dir, genesis_hash, false)?;
    let path = directory.index();
    if directory.joined_from_state() {
        return Err(NodeError::FromState { index: path });
    }
    let index_config = index_config(&config, genesis_hash);
    // One that does not open has nothing to lose.
    let old = path
        .exists()
        .then(|| Index::open(&path, index_config.clone()).ok()?.head());
    let old = old.flatten().map_or(0, |(number, _)| number);
    let runner = runtime::Runner::new(
        runtime::Config::default().with_storage_directory(directory.storage()),
    );
    let watched = Watched::new(None, directory.path().into());
    let folder = directory.path().to_path_buf();
    let rebuild = |context| async move {
        let cache = CacheRef::new(NZU16!(PAGE_BYTES), NZUsize!(4_096));
        let archive =
            hansa_engine::open_blocks(context, PARTITION, &cache, &Tuning::default()).await;
        let (blocks, reader) = mpsc::channel(READ_AHEAD);
        let building = tokio::task::spawn_blocking(move || {
            Index::rebuild(path, index_config, |index| {
                let rebuilt = feed(&genesis, index, reader)?;
                enough(rebuilt, old)
            })
            .map(drop)
        });
        read_all(archive, (folder, storage), blocks).await;
        building
            .await
            .map_err(|error| NodeError::Failed(error.to_string()))?
    };
    watched.caught(|| runner.start(rebuild))
}

/// An index that ends earlier than the old one must not replace it.
fn enough(rebuilt: u64, old: u64) -> Result<(), NodeError> {
    if rebuilt < old {
        return Err(NodeError::FewerBlocks { rebuilt, old });
    }
    Ok(())
}

/// A block, or why it cannot be read.
type Read = Result<Block, NodeError>;

/// Every finalized block from height 1 on, until nobody wants more. A block that cannot be read stays so: the databases of the data directory `path` in
/// `storage` are damaged.
async fn read_all(
    archive: BlockArchive<Context>,
    (path, storage): (PathBuf, PathBuf),
    blocks: mpsc::Sender<Read>,
) {
    for height in 1.. {
        let read = match archive.get(Identifier::Index(height)).await {
            Ok(None) => return,
            Ok(Some(block)) => Ok(Arc::unwrap_or_clone(block)),
            Err(error) => Err(DataDirError::Databases {
                path: path.clone(),
                storage: storage.clone(),
                reason: format!("block {height}: {error}"),
            }
            .into()),
        };
        if blocks.send(read).await.is_err() {
            return;
        }
    }
}

/// Executes blocks and indexes them; the height of the last.
fn feed(
    genesis: &Genesis,
    index: &Index,
    mut blocks: mpsc::Receiver<Read>,
) -> Result<u64, NodeError> {
    seed_index(genesis, &genesis_block(genesis)?, index)?;
    let rules = ChainRules::new(Arc::new(genesis.clone()));
    let mut state = MemoryDb::default();
    let mut reported = Instant::now();
    let mut height = 0;
    while let Some(block) = blocks.blocking_recv() {
        let block = block?;
        height = block.number();
        let (senders, outcome) = execute(&rules, &mut state, &block)
            .map_err(|reason| NodeError::Failed(format!("block {height}: {reason}")))?;
        if receipts_root(&outcome.receipts) != block.header().receipts_root {
            return Err(NodeError::Failed(format!(
                "block {height} gives other receipts than its header says"
            )));
        }
        state.apply(&outcome.changes);
        let diff = state_diff(&diff_of(&outcome.changes));
        let finalized = FinalizedBlock {
            block,
            receipts: Arc::new(outcome.receipts),
            senders: Arc::new(senders),
        };
        index.append(&finalized, Some(&diff))?;
        if reported.elapsed() >= REPORT_EVERY {
            reported = Instant::now();
            tracing::info!(block = height, "indexed");
        }
    }
    tracing::info!(blocks = height, "index rebuilt");
    Ok(height)
}

fn execute(
    rules: &ChainRules,
    state: &mut MemoryDb,
    block: &Block,
) -> Result<(Vec<alloy_primitives::Address>, BlockOutcome), String> {
    let senders: Vec<_> = block
        .transactions()
        .iter()
        .map(recover_one)
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    let params = BlockParams::from(block.header());
    let mut executor =
        BlockExecutor::with_inputs(rules.clone(), params, block.inputs().clone(), &mut *state)
            .map_err(|error| error.to_string())?;
    for (transaction, sender) in block.transactions().iter().zip(&senders) {
        executor
            .execute(transaction, *sender)
            .map_err(|error| error.to_string())?;
    }
    let outcome = executor
        .finish(&Closing::from(block))
        .map_err(|error| error.to_string())?;
    Ok((senders, outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorter_index_does_not_replace_a_longer_one() {
        assert!(enough(7, 7).is_ok() && enough(8, 7).is_ok());
        let error = enough(6, 7).unwrap_err().to_string();
        assert!(
            error.contains("block 6") && error.contains("block 7"),
            "{error}"
        );
    }
}
