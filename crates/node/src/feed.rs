//! From consensus to everything that reads: the index first, then whoever listens.

use hansa_engine::{Finalized, Sink};
use hansa_index::{FinalizedBlock, Index, state_diff};
use std::sync::Arc;
use tokio::sync::broadcast;

/// Stores finalized blocks and announces them.
#[derive(Clone)]
pub(crate) struct Feed {
    pub(crate) index: Index,
    pub(crate) subscribers: broadcast::Sender<Arc<FinalizedBlock>>,
}

impl Sink for Feed {
    async fn finalized(&self, finalized: Finalized) {
        let executed = &finalized.executed;
        let block = FinalizedBlock {
            block: executed.block.clone(),
            receipts: executed.receipts.clone(),
            senders: executed.senders.clone(),
        };
        let (index, feed, diff) = (self.index.clone(), block.clone(), finalized.diff.clone());
        let stored =
            tokio::task::spawn_blocking(move || index.append(&feed, Some(&state_diff(&diff))))
                .await;
        match stored {
            // Nobody listening is fine.
            Ok(Ok(_)) => drop(self.subscribers.send(Arc::new(block))),
            // Without its index the node cannot answer for what it acknowledges.
            Ok(Err(error)) => panic!("index: {error}"),
            // The runtime is stopping: the block is delivered again after the restart.
            Err(_) => std::future::pending().await,
        }
    }
}
