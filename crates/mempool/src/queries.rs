//! What RPC asks the pool.

use crate::{Origin, Pool, PoolStats, PooledTransaction, core::Queue};
use alloy_primitives::{Address, B256};
use std::{collections::BTreeMap, sync::Arc};

/// A sender's transactions by nonce, for `txpool_content`.
#[derive(Clone, Debug, Default)]
pub struct SenderContent {
    /// Executable, in nonce order.
    pub pending: Vec<Arc<PooledTransaction>>,
    /// Waiting for a nonce, in nonce order.
    pub queued: Vec<Arc<PooledTransaction>>,
}

impl Pool {
    /// A transaction by its hash.
    pub fn get(&self, hash: &B256) -> Option<Arc<PooledTransaction>> {
        self.core().by_hash.get(hash).cloned()
    }

    /// The nonce after a sender's executable transactions; `None` when it has none here, and the
    /// state's nonce stands.
    pub fn nonce_after(&self, sender: &Address) -> Option<u64> {
        let core = self.core();
        let queue = core.queues.get(sender)?;
        (queue.pending() > 0).then_some(queue.next)
    }

    /// Executable transactions.
    pub fn pending_count(&self) -> usize {
        self.core().pending
    }

    /// Executable and queued transactions.
    pub fn status(&self) -> (usize, usize) {
        let core = self.core();
        (core.pending, core.queued)
    }

    /// Everything, by sender.
    pub fn content(&self) -> BTreeMap<Address, SenderContent> {
        let core = self.core();
        core.queues
            .iter()
            .map(|(sender, queue)| (*sender, content(queue)))
            .collect()
    }

    /// One sender's transactions.
    pub fn content_from(&self, sender: &Address) -> SenderContent {
        self.core()
            .queues
            .get(sender)
            .map(content)
            .unwrap_or_default()
    }

    /// Local transactions in order of arrival.
    pub fn local(&self) -> Vec<Arc<PooledTransaction>> {
        let mut local: Vec<_> = self
            .core()
            .by_hash
            .values()
            .filter(|tx| tx.origin == Origin::Local)
            .cloned()
            .collect();
        local.sort_unstable_by_key(|tx| tx.sequence);
        local
    }

    /// Local transactions that pay the next block's base fee, in order of arrival: those that could be in it, and those
    /// that wait for a nonce before theirs.
    pub fn local_payable(&self) -> [Vec<Arc<PooledTransaction>>; 2] {
        let mut local = self.local();
        let core = self.core();
        let base_fee = u128::from(core.head.base_fee_next);
        local.retain(|tx| tx.fee_cap >= base_fee && core.queues.contains_key(&tx.sender));
        let (executable, gapped) = local.into_iter().partition(|tx| {
            let queue = core.queues.get(&tx.sender);
            queue.is_some_and(|queue| tx.nonce() < queue.next)
        });
        [executable, gapped]
    }

    /// Counters.
    pub fn stats(&self) -> PoolStats {
        let core = self.core();
        PoolStats {
            pending: core.pending,
            queued: core.queued,
            bytes: core.bytes,
            senders: core.queues.len(),
            ..core.stats
        }
    }
}

fn content(queue: &Queue) -> SenderContent {
    let part = |range: std::ops::Range<u64>| -> Vec<_> {
        queue.txs.range(range).map(|(_, tx)| tx.clone()).collect()
    };
    SenderContent {
        pending: part(queue.nonce..queue.next),
        // No nonce is the largest one (EIP-2681), so the range misses nothing.
        queued: part(queue.next..u64::MAX),
    }
}
