//! Restores local transactions at the start and journals new ones.

use crate::{HeadState, Journal, JournalError, Origin, Pool, PooledTransaction};
use alloy_consensus::Transaction as _;
use commonware_macros::select_loop;
use commonware_runtime::{Handle, Spawner};
use commonware_utils::channel::ring;
use hansa_primitives::Transaction;
use std::sync::Arc;

/// Transactions restored under one lock.
const RESTORE_CHUNK: usize = 1_000;
/// The journal is rewritten once it holds this many bytes more than twice what the last rewrite kept.
/// The pool's limits bound what that is, so they bound the journal.
const MAX_STALE_BYTES: u64 = 16 * 1024 * 1024;

/// Keeps the pool's local transactions in a journal.
pub struct Keeper<E, J> {
    context: E,
    pool: Pool,
    journal: J,
    feed: ring::Receiver<Arc<PooledTransaction>>,
    /// Size of the journal after the last rewrite.
    kept_bytes: u64,
    restored: usize,
}

impl<E: Spawner, J: Journal> Keeper<E, J> {
    /// Loads the journal and adds what is still valid to the pool, as local transactions.
    ///
    /// # Errors
    /// The journal cannot be read or compacted.
    pub async fn init<H: HeadState>(
        context: E,
        pool: Pool,
        head: &H,
        mut journal: J,
    ) -> Result<Self, JournalError> {
        let feed = pool.subscribe_local();
        let mut loaded = journal.load().await?;
        // Over all chunks: a nonce that comes before its predecessors could be refused as one too many
        // that waits.
        loaded.sort_by_key(|tx| tx.nonce());
        let mut loaded = loaded.into_iter().peekable();
        let mut restored = 0;
        while loaded.peek().is_some() {
            let chunk: Vec<_> = loaded.by_ref().take(RESTORE_CHUNK).collect();
            let results = pool.add_many(head, chunk, Origin::Local).await;
            restored += results.iter().filter(|result| result.is_ok()).count();
        }
        let mut keeper = Self {
            context,
            pool,
            journal,
            feed,
            kept_bytes: 0,
            restored,
        };
        keeper.compact().await?;
        Ok(keeper)
    }

    /// How many transactions came back.
    pub fn restored(&self) -> usize {
        self.restored
    }

    async fn compact(&mut self) -> Result<(), JournalError> {
        // What is in the feed by now is in the pool as well, or gone.
        while self.feed.try_recv().is_ok() {}
        let live: Vec<Transaction> = self
            .pool
            .local()
            .iter()
            .map(|tx| tx.transaction.clone())
            .collect();
        self.journal.rewrite(&live).await?;
        self.kept_bytes = self.journal.bytes();
        Ok(())
    }

    async fn record(&mut self, first: Arc<PooledTransaction>) -> Result<(), JournalError> {
        // Whatever arrived during the last write goes out with the next: one sync for all.
        let mut fresh = vec![first.transaction.clone()];
        while let Ok(tx) = self.feed.try_recv() {
            fresh.push(tx.transaction.clone());
        }
        self.journal.append(&fresh).await?;
        if self.journal.bytes() > 2 * self.kept_bytes + MAX_STALE_BYTES {
            self.compact().await?;
        }
        Ok(())
    }

    /// Journals local transactions until the runtime stops.
    ///
    /// The task ends with an error when the journal cannot be written: from then on local
    /// transactions would not survive a restart.
    pub fn start(mut self) -> Handle<Result<(), JournalError>>
    where
        E: 'static,
    {
        let context = self.context.child("journal");
        context.spawn(|context| async move {
            select_loop! {
                context,
                on_stopped => {
                    // What was accepted before an orderly stop is kept.
                    if let Ok(tx) = self.feed.try_recv() {
                        self.record(tx).await?;
                    }
                },
                Some(tx) = self.feed.recv() else break => {
                    self.record(tx).await?;
                },
            }
            Ok(())
        })
    }
}
