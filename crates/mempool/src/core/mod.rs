//! The pool as a plain data structure: no locks, no async, no clock.
//!
//! # Invariants
//! - A sender's transactions lie in one [`Queue`]; `by_hash`, both price indexes and `heads` mirror
//!   the queues exactly, and `bytes`, `pending`, `queued` and `queued_bytes` are sums over them.
//! - No limit of [`Limits`] is exceeded after any call.
//! - Nothing depends on the order of a hash map.

mod evict;
mod finalize;
mod queue;

#[cfg(test)]
mod model_tests;

pub(crate) use queue::Queue;

use crate::{
    AccountInfo, Added, DropReason, HeadInfo, Limits, PoolError, PoolStats, PooledTransaction,
};
use alloy_primitives::{Address, B256, U256, map::HashMap};
use std::{
    cmp::Reverse,
    collections::{BTreeSet, hash_map},
    sync::Arc,
};

/// The order in which senders' first transactions are looked at: highest tip cap, then oldest.
pub(crate) type HeadKey = (Reverse<u128>, u64, Address);
/// Lowest price first; of equal ones the deepest in its sender's queue, then the newest.
pub(crate) type PriceKey = (u128, Reverse<usize>, Reverse<u64>, B256);

/// What a mutation did, for subscribers.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// Became executable, in order.
    pub(crate) promoted: Vec<Arc<PooledTransaction>>,
}

pub(crate) struct Core {
    pub(crate) limits: Limits,
    pub(crate) head: HeadInfo,
    /// The chain has ended, and nothing is let in.
    pub(crate) closed: bool,
    pub(crate) by_hash: HashMap<B256, Arc<PooledTransaction>>,
    pub(crate) queues: HashMap<Address, Queue>,
    /// One entry for each sender whose first transaction can run.
    pub(crate) heads: BTreeSet<HeadKey>,
    /// The same senders by their first transaction's fee cap.
    pub(crate) head_caps: BTreeSet<(u128, u64, Address)>,
    /// Senders with queued transactions by `gapped_since`.
    gapped: BTreeSet<(u64, Address)>,
    by_tip: BTreeSet<PriceKey>,
    by_cap: BTreeSet<PriceKey>,
    /// Depth at arrival (zero within the guaranteed slots), part of the price keys.
    depths: HashMap<B256, usize>,
    pub(crate) bytes: usize,
    pub(crate) pending: usize,
    /// Waiting for a missing nonce.
    pub(crate) queued: usize,
    queued_bytes: usize,
    sequence: u64,
    pub(crate) stats: PoolStats,
    pub(crate) effects: Effects,
}

impl Core {
    pub(crate) fn new(limits: Limits, head: HeadInfo) -> Self {
        Self {
            limits,
            head,
            closed: false,
            by_hash: HashMap::default(),
            queues: HashMap::default(),
            heads: BTreeSet::new(),
            head_caps: BTreeSet::new(),
            gapped: BTreeSet::new(),
            by_tip: BTreeSet::new(),
            by_cap: BTreeSet::new(),
            depths: HashMap::default(),
            bytes: 0,
            pending: 0,
            queued: 0,
            queued_bytes: 0,
            sequence: 0,
            stats: PoolStats::default(),
            effects: Effects::default(),
        }
    }

    /// Lets a transaction in. `account` counts only for a sender that the pool does not track yet.
    ///
    /// # Errors
    /// Everything that depends on the account or on what is in the pool. Nothing changed then.
    pub(crate) fn insert(
        &mut self,
        mut tx: PooledTransaction,
        account: AccountInfo,
    ) -> Result<Added, PoolError> {
        if self.by_hash.contains_key(&tx.hash) {
            return Err(PoolError::AlreadyKnown);
        }
        let newcomer = Queue::new(&account);
        let queue = self.queues.get(&tx.sender).unwrap_or(&newcomer);
        // Room for this one may be made by emptying its own queue.
        let fresh = Queue::new(&queue.account());
        let nonce = tx.nonce();
        if nonce < queue.nonce {
            return Err(PoolError::NonceTooLow {
                next: queue.nonce,
                nonce,
            });
        }
        let replaced = queue.txs.get(&nonce).cloned();
        self.check_replacement(&tx, replaced.as_deref())?;
        check_funds(&tx, queue, replaced.as_deref())?;
        self.check_account_limits(&tx, queue, replaced.as_deref())?;
        let pending = nonce <= queue.next;
        let position = queue.depth(nonce) + 1;
        let depth = position.saturating_sub(self.limits.guaranteed_slots);
        let victims = self.victims(&tx, depth, replaced.as_deref(), pending)?;

        for victim in victims {
            self.remove(&victim, &DropReason::Evicted);
        }
        let replaced = replaced.map(|old| old.hash);
        if let Some(old) = replaced {
            self.unindex(&old);
            self.stats.replaced += 1;
        }
        tx.sequence = self.sequence;
        tx.added_at_block = self.head.number;
        self.sequence += 1;
        let hash = tx.hash;
        self.stats.added += 1;
        let tx = Arc::new(tx);
        if pending && replaced.is_some() {
            // No nonce becomes executable, but the transaction is news to subscribers.
            self.effects.promoted.push(tx.clone());
        }
        self.index(tx, depth, fresh);
        Ok(Added {
            hash,
            replaced,
            pending,
        })
    }

    fn check_replacement(
        &self,
        tx: &PooledTransaction,
        old: Option<&PooledTransaction>,
    ) -> Result<(), PoolError> {
        let Some(old) = old else { return Ok(()) };
        let bumped = |price: u128| {
            let bump = price / 100 * self.limits.price_bump_percent
                + price % 100 * self.limits.price_bump_percent / 100;
            price.saturating_add(bump.max(1))
        };
        let (needed_fee_cap, needed_tip) = (bumped(old.fee_cap), bumped(old.tip_cap));
        if tx.fee_cap < needed_fee_cap || tx.tip_cap < needed_tip {
            return Err(PoolError::ReplaceUnderpriced {
                needed_fee_cap,
                needed_tip,
            });
        }
        Ok(())
    }

    fn check_account_limits(
        &self,
        tx: &PooledTransaction,
        queue: &Queue,
        old: Option<&PooledTransaction>,
    ) -> Result<(), PoolError> {
        let limits = &self.limits;
        let limit = |name, limit| Err(PoolError::AccountLimit { name, limit });
        if old.is_none() && queue.txs.len() >= limits.max_per_sender {
            return limit("mempool.max_per_sender", limits.max_per_sender);
        }
        if queue.bytes - old.map_or(0, |old| old.size) + tx.size > limits.max_bytes_per_sender {
            return limit("mempool.max_bytes_per_sender", limits.max_bytes_per_sender);
        }
        let gapped = old.is_none() && tx.nonce() > queue.next;
        if queue.delegates && old.is_none() && (gapped || !queue.txs.is_empty()) {
            return Err(PoolError::Delegated { gapped });
        }
        if gapped && queue.queued() >= limits.max_queued_per_sender {
            return limit(
                "mempool.max_queued_per_sender",
                limits.max_queued_per_sender,
            );
        }
        Ok(())
    }

    /// Changes one sender's queue and brings every index that follows from it up to date.
    fn with_queue<R>(
        &mut self,
        sender: Address,
        fresh: Option<Queue>,
        change: impl FnOnce(&mut Queue) -> R,
    ) -> Option<R> {
        let mut entry = match (self.queues.entry(sender), fresh) {
            (hash_map::Entry::Occupied(entry), _) => entry,
            (hash_map::Entry::Vacant(entry), Some(fresh)) => entry.insert_entry(fresh),
            (hash_map::Entry::Vacant(_), None) => return None,
        };
        let queue = entry.get_mut();
        let (pending, next) = (queue.pending(), queue.next);
        let (queued, queued_bytes) = (queue.queued(), queue.queued_bytes());
        let head = queue.head().cloned();
        let result = change(queue);
        if let Some(old) = &head {
            self.heads
                .remove(&(Reverse(old.tip_cap), old.sequence, sender));
            self.head_caps.remove(&(old.fee_cap, old.sequence, sender));
        }
        if let Some(new) = queue.head() {
            self.heads
                .insert((Reverse(new.tip_cap), new.sequence, sender));
            self.head_caps.insert((new.fee_cap, new.sequence, sender));
        }
        self.pending = self.pending + queue.pending() - pending;
        self.queued = self.queued + queue.queued() - queued;
        self.queued_bytes = self.queued_bytes + queue.queued_bytes() - queued_bytes;
        if queue.next > next {
            let promoted = queue.txs.range(next..queue.next);
            self.effects
                .promoted
                .extend(promoted.map(|(_, tx)| tx.clone()));
        }
        let since = match queue.gapped_since {
            _ if queue.queued() == 0 => None,
            Some(since) if queue.next <= next => Some(since),
            _ => Some(self.head.timestamp),
        };
        if since != queue.gapped_since {
            if let Some(old) = queue.gapped_since {
                self.gapped.remove(&(old, sender));
            }
            self.gapped.extend(since.map(|new| (new, sender)));
            queue.gapped_since = since;
        }
        if queue.txs.is_empty() {
            entry.remove();
        }
        Some(result)
    }

    fn index(&mut self, tx: Arc<PooledTransaction>, depth: usize, fresh: Queue) {
        let (tip, cap) = price_keys(&tx, depth);
        self.by_tip.insert(tip);
        self.by_cap.insert(cap);
        self.depths.insert(tx.hash, depth);
        self.bytes += tx.size;
        self.by_hash.insert(tx.hash, tx.clone());
        let sender = tx.sender;
        self.with_queue(sender, Some(fresh), |queue| queue.insert(tx));
    }

    /// Takes a transaction out of everything but its queue.
    fn unindex(&mut self, hash: &B256) -> Option<Arc<PooledTransaction>> {
        let tx = self.by_hash.remove(hash)?;
        let depth = self.depths.remove(hash).unwrap_or_default();
        let (tip, cap) = price_keys(&tx, depth);
        self.by_tip.remove(&tip);
        self.by_cap.remove(&cap);
        self.bytes -= tx.size;
        Some(tx)
    }

    /// Removes a transaction. Later ones of its sender stay, as queued ones, as far as the limit on
    /// queued ones admits.
    pub(crate) fn remove(&mut self, hash: &B256, reason: &DropReason) -> bool {
        let Some(tx) = self.unindex(hash) else {
            return false;
        };
        self.stats.count(reason);
        tracing::debug!(%hash, sender = %tx.sender, nonce = tx.nonce(), ?reason, "transaction dropped");
        self.with_queue(tx.sender, None, |queue| queue.remove(tx.nonce()));
        self.trim_queued(tx.sender);
        true
    }

    /// Drops a sender's last transactions until no more than the limit are queued, then others' until
    /// no more than the limits on all are.
    fn trim_queued(&mut self, sender: Address) {
        let limit = self.limits.max_queued_per_sender;
        let Some(queue) = self.queues.get(&sender) else {
            return;
        };
        let over = queue.queued().saturating_sub(limit);
        let last: Vec<_> = queue
            .txs
            .values()
            .rev()
            .take(over)
            .map(|tx| tx.hash)
            .collect();
        for hash in &last {
            if let Some(tx) = self.unindex(hash) {
                self.stats.count(&DropReason::Evicted);
                self.with_queue(sender, None, |queue| queue.remove(tx.nonce()));
            }
        }
        self.trim_all_queued();
    }
}

fn check_funds(
    tx: &PooledTransaction,
    queue: &Queue,
    old: Option<&PooledTransaction>,
) -> Result<(), PoolError> {
    let balance = queue.balance;
    if tx.cost > balance {
        return Err(PoolError::InsufficientFunds {
            balance,
            cost: tx.cost,
        });
    }
    let queued = queue
        .cost
        .saturating_sub(old.map_or(U256::ZERO, |old| old.cost));
    if queued.saturating_add(tx.cost) > balance {
        return Err(PoolError::Overdraft {
            balance,
            queued,
            cost: tx.cost,
        });
    }
    Ok(())
}

fn price_keys(tx: &PooledTransaction, depth: usize) -> (PriceKey, PriceKey) {
    let key = |price| (price, Reverse(depth), Reverse(tx.sequence), tx.hash);
    (key(tx.tip_cap), key(tx.fee_cap))
}
