//! What every method works with.

use crate::{
    Config, Context,
    chain::Chain,
    deadline::Deadline,
    errors::{CallResult, Fault},
    eth::{fees::TipCache, filters::Filters},
    finality::Finality,
};
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::B256;
use hansa_index::FinalizedBlock;
use hansa_state::StateView;
use parking_lot::RwLock;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Shared by all connections.
pub(crate) struct Node {
    pub(crate) context: Context,
    pub(crate) chain: Chain,
    pub(crate) config: Config,
    pub(crate) genesis_hash: B256,
    pub(crate) filters: Filters,
    pub(crate) tips: TipCache,
    pub(crate) finality: Arc<Finality>,
    /// The zones that this node is to run, by name.
    pub(crate) zones: Arc<RwLock<BTreeMap<String, Run>>>,
    calls: Arc<Semaphore>,
    reads: Arc<Semaphore>,
    /// Turns to pack an answer.
    pub(crate) packing: Arc<Semaphore>,
}

/// How it goes with a zone here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    /// Whether the server answers for it.
    pub(crate) answers: bool,
    /// What the hub has recorded of it, and this node's blocks are not.
    pub(crate) contradiction: Option<Contradiction>,
}

/// A checkpoint of a zone that names another block than this node has at its height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// Height.
    pub number: u64,
    /// Hash of this node's block.
    pub own: B256,
    /// Hash of the block that the hub has recorded.
    pub recorded: B256,
}

impl Node {
    pub(crate) fn new(context: Context, config: Config, genesis_hash: B256) -> Self {
        Self {
            calls: Arc::new(Semaphore::new(config.limits.max_concurrent_calls)),
            reads: Arc::new(Semaphore::new(config.limits.max_concurrent_reads)),
            packing: Arc::new(Semaphore::new(config.limits.max_concurrent_packing)),
            filters: Filters::default(),
            tips: TipCache::default(),
            finality: Arc::default(),
            zones: Arc::default(),
            chain: Chain::new(context.index.clone(), context.genesis_block.clone()),
            context,
            config,
            genesis_hash,
        }
    }

    /// Works within the limits of the hub's, which are the machine's, and knows the same zones.
    pub(crate) fn share_with(&mut self, hub: &Self) {
        self.calls = hub.calls.clone();
        self.reads = hub.reads.clone();
        self.packing = hub.packing.clone();
        self.zones = hub.zones.clone();
    }

    /// What takes note of when blocks become final, until the chain ends; it is to be spawned.
    pub(crate) fn finality_watch(&self) -> impl Future<Output = ()> + Send + 'static {
        self.finality.clone().watch(self.context.node.finalized())
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

    /// Runs short blocking work away from the connections' threads, at most
    /// `max_concurrent_reads` at once.
    ///
    /// A state that reads its storage on threads of the same pool would otherwise wait for threads that all
    /// wait here. A permit goes with the work, since a thread stays busy when its client has gone.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> CallResult<T> + Send + 'static,
    ) -> CallResult<T> {
        let limit = self.config.limits.max_concurrent_reads;
        let turn = self
            .turn(&self.reads, "max_concurrent_reads", limit)
            .await?;
        let work = move || {
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|error| Err(Fault::internal(error)))
    }

    /// Runs long work: at most `max_concurrent_calls` at once. It is told when to give up.
    pub(crate) async fn heavy<T: Send + 'static>(
        &self,
        work: impl FnOnce(Deadline) -> CallResult<T> + Send + 'static,
    ) -> CallResult<T> {
        let limits = &self.config.limits;
        let limit = limits.max_concurrent_calls;
        let turn = self
            .turn(&self.calls, "max_concurrent_calls", limit)
            .await?;
        let (deadline, _waiter) = Deadline::new(limits.call_timeout_ms);
        self.blocking(move || {
            let _turn = turn;
            work(deadline.restarted())
        })
        .await
    }

    /// Nobody waits longer for a turn than a call may take.
    async fn turn(
        &self,
        turns: &Arc<Semaphore>,
        name: &str,
        limit: usize,
    ) -> CallResult<OwnedSemaphorePermit> {
        let wait = Duration::from_millis(self.config.limits.call_timeout_ms);
        match tokio::time::timeout(wait, turns.clone().acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => {
                let what = "this node runs as many calls as it may; try again later";
                Err(Fault::limit(name, limit, what))
            }
        }
    }
}
