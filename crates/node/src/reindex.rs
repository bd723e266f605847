//! Rebuilding the index from the archive of finalized blocks, by executing every block again.
//!
//! Each block's receipts must come out as its header says, so a rebuilt index is also a check of the
//! whole history.

use crate::{
    Config, NodeError,
    datadir::DataDir,
    load_genesis,
    node::{PAGE_BYTES, PARTITION, genesis_block, index_config, seed_index},
};
use commonware_runtime::{
    Runner as _,
    buffer::paged::CacheRef,
    tokio::{self as runtime, Context},
};
use commonware_storage::archive::{Archive as _, Identifier};
use commonware_utils::{NZU16, NZUsize};
use hansa_engine::{BlockArchive, Tuning};
use hansa_evm::{BlockExecutor, BlockOutcome, BlockParams, ChainRules, MemoryDb};
use hansa_index::{FinalizedBlock, Index, state_diff};
use hansa_mempool::recover_one;
use hansa_primitives::{Block, Genesis, receipts_root};
use hansa_state::diff_of;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Progress is reported this often.
const REPORT_EVERY: Duration = Duration::from_secs(5);

/// Rebuilds the index of a stopped node. The old one stays until the new one is complete.
///
/// # Errors
/// The node runs, its directory is unusable, or a block does not execute as its header says.
pub fn reindex(config: Config) -> Result<(), NodeError> {
    config.validate()?;
    let genesis = load_genesis(&config.genesis)?;
    let genesis_hash = genesis.hash().map_err(hansa_engine::Start::from)?;
    let directory = DataDir::open(&config.data_dir, genesis_hash)?;
    let runner = runtime::Runner::new(
        runtime::Config::default().with_storage_directory(directory.storage()),
    );
    runner.start(|context| async move {
        let cache = CacheRef::new(NZU16!(PAGE_BYTES), NZUsize!(4_096));
        let archive =
            hansa_engine::open_blocks(context, PARTITION, &cache, &Tuning::default()).await;
        let blocks = read_all(archive).await?;
        let path = directory.index();
        tokio::task::spawn_blocking(move || {
            let index_config = index_config(&config, genesis_hash);
            Index::rebuild(path, index_config, |index| feed(&genesis, index, &blocks)).map(drop)
        })
        .await
        .map_err(|error| NodeError::Failed(error.to_string()))?
    })
}

/// Every finalized block from height 1 on.
async fn read_all(archive: BlockArchive<Context>) -> Result<Vec<Block>, NodeError> {
    let mut blocks = Vec::new();
    loop {
        let height = blocks.len() as u64 + 1;
        let block = archive
            .get(Identifier::Index(height))
            .await
            .map_err(|error| NodeError::Failed(format!("block {height}: {error}")))?;
        match block {
            Some(block) => blocks.push(Arc::unwrap_or_clone(block)),
            None => return Ok(blocks),
        }
    }
}

fn feed(genesis: &Genesis, index: &Index, blocks: &[Block]) -> Result<(), NodeError> {
    seed_index(genesis, &genesis_block(genesis)?, index)?;
    let rules = ChainRules::new(Arc::new(genesis.clone()));
    let mut state = MemoryDb::default();
    let mut reported = Instant::now();
    for block in blocks {
        let (senders, outcome) = execute(&rules, &mut state, block)
            .map_err(|reason| NodeError::Failed(format!("block {}: {reason}", block.number())))?;
        if receipts_root(&outcome.receipts) != block.header().receipts_root {
            let number = block.number();
            return Err(NodeError::Failed(format!(
                "block {number} gives other receipts than its header says"
            )));
        }
        state.apply(&outcome.changes);
        let diff = state_diff(&diff_of(&outcome.changes));
        let finalized = FinalizedBlock {
            block: block.clone(),
            receipts: Arc::new(outcome.receipts),
            senders: Arc::new(senders),
        };
        index.append(&finalized, Some(&diff))?;
        if reported.elapsed() >= REPORT_EVERY {
            reported = Instant::now();
            tracing::info!(block = block.number(), of = blocks.len(), "indexed");
        }
    }
    tracing::info!(blocks = blocks.len(), "index rebuilt");
    Ok(())
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
    let mut executor = BlockExecutor::new(rules.clone(), params, &mut *state)
        .map_err(|error| error.to_string())?;
    for (transaction, sender) in block.transactions().iter().zip(&senders) {
        executor
            .execute(transaction, *sender)
            .map_err(|error| error.to_string())?;
    }
    let outcome = executor.finish().map_err(|error| error.to_string())?;
    Ok((senders, outcome))
}
