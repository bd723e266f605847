//! One sender's transactions in nonce order.

use crate::{AccountInfo, PooledTransaction};
use alloy_primitives::U256;
use std::{collections::BTreeMap, sync::Arc};

/// # Invariants
/// Every nonce is at least `nonce`. All of `nonce..next` are present, `next` is not: these are
/// pending, the rest is queued. `bytes` and `cost` are the sums over `txs`.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// The account's next nonce at the head.
    pub(crate) nonce: u64,
    /// The account's balance at the head, wei.
    pub(crate) balance: U256,
    /// See [`AccountInfo::delegates`].
    pub(crate) delegates: bool,
    pub(crate) txs: BTreeMap<u64, Arc<PooledTransaction>>,
    /// The first missing nonce.
    pub(crate) next: u64,
    pub(crate) bytes: usize,
    pub(crate) cost: U256,
    /// Chain time since which something waits for a missing nonce without progress, seconds.
    pub(crate) gapped_since: Option<u64>,
}

impl Queue {
    pub(crate) fn new(account: &AccountInfo) -> Self {
        Self {
            nonce: account.nonce,
            balance: account.balance,
            delegates: account.delegates,
            next: account.nonce,
            ..Self::default()
        }
    }

    /// The account, as far as the pool knows it.
    pub(crate) const fn account(&self) -> AccountInfo {
        AccountInfo {
            nonce: self.nonce,
            balance: self.balance,
            has_code: false,
            delegates: self.delegates,
        }
    }

    pub(crate) fn pending(&self) -> usize {
        // At most `txs.len()`, so it fits.
        (self.next - self.nonce) as usize
    }

    pub(crate) fn queued(&self) -> usize {
        self.txs.len() - self.pending()
    }

    /// What waits for a missing nonce, in nonce order.
    pub(crate) fn gapped(&self) -> impl DoubleEndedIterator<Item = &Arc<PooledTransaction>> {
        self.txs.range(self.next..).map(|(_, tx)| tx)
    }

    pub(crate) fn queued_bytes(&self) -> usize {
        // Few are queued, and mostly none.
        if self.queued() == 0 {
            return 0;
        }
        self.gapped().map(|tx| tx.size).sum()
    }

    /// The transaction that runs first.
    pub(crate) fn head(&self) -> Option<&Arc<PooledTransaction>> {
        if self.next == self.nonce {
            return None;
        }
        self.txs.get(&self.nonce)
    }

    /// How many transactions come before this nonce.
    pub(crate) fn depth(&self, nonce: u64) -> usize {
        if nonce <= self.next {
            return (nonce - self.nonce) as usize;
        }
        // Only queued ones are walked, and these are few.
        self.pending() + self.txs.range(self.next..nonce).count()
    }

    fn extend(&mut self) {
        // A walk over the map's range instead of a search per nonce.
        for nonce in self.txs.range(self.next..).map(|(nonce, _)| *nonce) {
            if nonce != self.next {
                break;
            }
            self.next += 1;
        }
    }

    pub(crate) fn insert(&mut self, tx: Arc<PooledTransaction>) {
        let nonce = tx.nonce();
        self.bytes += tx.size;
        self.cost = self.cost.saturating_add(tx.cost);
        if let Some(old) = self.txs.insert(nonce, tx) {
            self.forget(&old);
        }
        if nonce == self.next {
            self.extend();
        }
    }

    fn forget(&mut self, tx: &PooledTransaction) {
        self.bytes -= tx.size;
        self.cost = self.cost.saturating_sub(tx.cost);
    }

    pub(crate) fn remove(&mut self, nonce: u64) -> Option<Arc<PooledTransaction>> {
        let tx = self.txs.remove(&nonce)?;
        self.forget(&tx);
        if nonce < self.next {
            self.next = nonce;
        }
        Some(tx)
    }

    /// Moves to the account's nonce at a new head; returns what it made stale.
    pub(crate) fn advance(&mut self, nonce: u64) -> Vec<Arc<PooledTransaction>> {
        let mut stale = Vec::new();
        while let Some(entry) = self.txs.first_entry() {
            if *entry.key() >= nonce {
                break;
            }
            let tx = entry.remove();
            self.forget(&tx);
            stale.push(tx);
        }
        if nonce < self.nonce || nonce > self.next {
            self.next = nonce;
        }
        self.nonce = nonce;
        self.extend();
        stale
    }
}
