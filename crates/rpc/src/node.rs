//! What every method works with.

use crate::{
    Config, Context,
    chain::Chain,
    errors::{CallResult, Fault},
    eth::{fees::TipCache, filters::Filters},
};
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::B256;
use hansa_index::FinalizedBlock;
use hansa_state::StateView;
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// Shared by all connections.
pub(crate) struct Node {
    pub(crate) context: Context,
    pub(crate) chain: Chain,
    pub(crate) config: Config,
    pub(crate) genesis_hash: B256,
    pub(crate) filters: Filters,
    pub(crate) tips: TipCache,
    calls: Semaphore,
}

impl Node {
    pub(crate) fn new(context: Context, config: Config, genesis_hash: B256) -> Self {
        Self {
            calls: Semaphore::new(config.limits.max_concurrent_calls),
            filters: Filters::default(),
            tips: TipCache::default(),
            chain: Chain::new(context.index.clone(), context.genesis_block.clone()),
            context,
            config,
            genesis_hash,
        }
    }

    pub(crate) fn chain_id(&self) -> u64 {
        self.context.genesis.chain_id
    }

    /// The newest block.
    pub(crate) fn head(&self) -> CallResult<FinalizedBlock> {
        self.chain.head()
    }

    /// The number that `id` means; `None` for a block that is not there. Every block that this
    /// node knows is final, so `latest`, `safe`, `finalized` and `pending` are the head, and any
    /// known hash is canonical.
    pub(crate) fn number(&self, id: BlockId) -> CallResult<Option<u64>> {
        let chain = &self.chain;
        Ok(match id {
            BlockId::Hash(hash) => chain.number(hash.block_hash)?,
            BlockId::Number(BlockNumberOrTag::Earliest) => Some(0),
            BlockId::Number(BlockNumberOrTag::Number(number)) => {
                (number <= chain.head_number()).then_some(number)
            }
            BlockId::Number(_) => Some(chain.head_number()),
        })
    }

    /// The block that `id` means.
    pub(crate) fn block(&self, id: BlockId) -> CallResult<Option<FinalizedBlock>> {
        let chain = &self.chain;
        match id {
            BlockId::Number(
                BlockNumberOrTag::Latest
                | BlockNumberOrTag::Safe
                | BlockNumberOrTag::Finalized
                | BlockNumberOrTag::Pending,
            ) => Ok(Some(chain.head()?)),
            _ => match self.number(id)? {
                Some(number) => chain.block(number),
                None => Ok(None),
            },
        }
    }

    /// The block that a state query means, or its error.
    pub(crate) fn state_block(&self, id: Option<BlockId>) -> CallResult<FinalizedBlock> {
        self.block(id.unwrap_or_default())?
            .ok_or_else(Fault::header_not_found)
    }

    /// Reads the state after block `number` on a thread that may block.
    pub(crate) async fn with_state<T: Send + 'static>(
        self: &Arc<Self>,
        number: u64,
        read: impl FnOnce(&dyn StateView) -> CallResult<T> + Send + 'static,
    ) -> CallResult<T> {
        let node = self.clone();
        self.blocking(move || read(node.context.state.view(number)?.as_ref()))
            .await
    }

    /// Runs short blocking work away from the connections' threads.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> CallResult<T> + Send + 'static,
    ) -> CallResult<T> {
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|error| Err(Fault::internal(error)))
    }

    /// Runs long work: at most `max_concurrent_calls` at once, and nobody waits longer for a turn
    /// than a call may take.
    pub(crate) async fn heavy<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> CallResult<T> + Send + 'static,
    ) -> CallResult<T> {
        let limits = &self.config.limits;
        let wait = Duration::from_millis(limits.call_timeout_ms);
        let turn = tokio::time::timeout(wait, self.calls.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            return Err(Fault::limit(
                "max_concurrent_calls",
                limits.max_concurrent_calls,
                "this node runs as many calls as it may; try again later",
            ));
        };
        self.blocking(work).await
    }
}
