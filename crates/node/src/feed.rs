//! From consensus to everything that reads: the index first, then whoever listens.

use crate::panics::INDEX;
use hansa_engine::{Finalized, Sink};
use hansa_index::{FinalizedBlock, Index, state_diff};
use std::sync::Arc;
use tokio::{sync::broadcast, task::JoinHandle};

/// Stores finalized blocks and announces them.
#[derive(Clone)]
pub(crate) struct Feed {
    pub(crate) index: Index,
    pub(crate) subscribers: broadcast::Sender<Arc<FinalizedBlock>>,
    /// Blocks may be missing before the next: the state before it came from peers. It may do so again, after a crash on the way.
    pub(crate) gap: bool,
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
        let gap = self.gap;
        let append = move || {
            let diff = state_diff(&diff);
            if gap {
                index.append_after_gap(&feed, Some(&diff))
            } else {
                index.append(&feed, Some(&diff))
            }
        };
        match outcome(tokio::task::spawn_blocking(append)).await {
            // Nobody listening is fine.
            Ok(_) => drop(self.subscribers.send(Arc::new(block))),
            // Without its index the node cannot answer for what it acknowledges.
            Err(error) => panic!("{INDEX}{error}"),
        }
    }
}

/// What a blocking task came to; its panic is the caller's.
async fn outcome<T>(task: JoinHandle<T>) -> T {
    match task.await {
        Ok(outcome) => outcome,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is stopping: the block is delivered again after the restart.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::task::spawn_blocking;

    #[tokio::test]
    async fn a_panic_of_the_index_is_not_taken_for_a_stop() {
        assert_eq!(outcome(spawn_blocking(|| 7)).await, 7);
        let failing = spawn_blocking(|| -> u64 { panic!("disk") });
        let panicked = tokio::spawn(outcome(failing)).await.unwrap_err();
        assert!(panicked.is_panic());
    }
}
