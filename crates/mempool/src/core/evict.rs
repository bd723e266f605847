//! Who has to go when the pool is full.
//!
//! The effective tip `min(tip cap, fee cap - base fee)` moves with the base fee, so no index over it
//! would last. But the lowest one of all is the lower of (lowest tip cap) and (lowest fee cap - base
//! fee): a merge of two static indexes yields transactions by effective tip.

use super::{Core, PriceKey};
use crate::{DropReason, Limits, PoolError, PooledTransaction, transaction::clamp};
use alloy_primitives::{Address, B256};
use std::cmp::Reverse;

/// Lower goes first: effective tip, then the deeper in its sender's queue, then the newer.
type Rank = (i128, Reverse<usize>, Reverse<u64>);

/// What the pool would hold with the newcomer and without the victims so far.
struct Load {
    count: usize,
    bytes: usize,
    queued: usize,
    queued_bytes: usize,
}

impl Load {
    fn without(&mut self, victim: &PooledTransaction, queued: bool) {
        self.count -= 1;
        self.bytes -= victim.size;
        if queued {
            self.queued -= 1;
            self.queued_bytes -= victim.size;
        }
    }

    fn over(&self, limits: &Limits) -> Option<PoolError> {
        let full = |name, limit| Some(PoolError::Full { name, limit });
        if self.count > limits.max_transactions {
            full("mempool.max_transactions", limits.max_transactions)
        } else if self.bytes > limits.max_bytes {
            full("mempool.max_bytes", limits.max_bytes)
        } else {
            None
        }
    }

    fn over_queued(&self, limits: &Limits) -> Option<PoolError> {
        let full = |name, limit| Some(PoolError::Full { name, limit });
        if self.queued > limits.max_queued {
            full("mempool.max_queued", limits.max_queued)
        } else if self.queued_bytes > limits.max_queued_bytes {
            full("mempool.max_queued_bytes", limits.max_queued_bytes)
        } else {
            None
        }
    }
}

impl Core {
    /// What has to leave for `tx`. Nothing is removed yet.
    ///
    /// What waits for a missing nonce costs its sender nothing, so it makes room for whatever can run,
    /// whatever it offers, and for what begins to wait after it: a gap that is honest closes soon.
    ///
    /// # Errors
    /// Room cannot be made, or only at the cost of better transactions.
    pub(super) fn victims(
        &self,
        tx: &PooledTransaction,
        depth: usize,
        replaced: Option<&PooledTransaction>,
        pending: bool,
    ) -> Result<Vec<B256>, PoolError> {
        let limits = &self.limits;
        let mut load = self.load_with(tx, replaced, pending);
        let mut victims: Vec<B256> = Vec::new();
        let mut gapped = self.longest_gapped(tx.sender);
        loop {
            let over_queued = load.over_queued(limits).filter(|_| !pending);
            let over = load.over(limits).filter(|_| pending);
            let Some(full) = over_queued.clone().or(over) else {
                break;
            };
            let Some(victim) = gapped.next() else {
                match over_queued {
                    Some(full) => return Err(full),
                    None => break,
                }
            };
            if victims.len() >= limits.max_evictions {
                return Err(full);
            }
            load.without(victim, true);
            victims.push(victim.hash);
        }
        let base_fee = self.head.base_fee_next;
        let mine: Rank = (
            tx.effective_tip(base_fee),
            Reverse(depth),
            Reverse(self.sequence),
        );
        let mut candidates = self.cheapest();
        while let Some(full) = load.over(limits) {
            let Some((rank, hash)) = candidates.next() else {
                return Err(full);
            };
            if victims.contains(&hash) || replaced.is_some_and(|old| old.hash == hash) {
                continue;
            }
            if rank >= mine {
                return Err(PoolError::Underpriced { lowest: rank.0 });
            }
            let Some(victim) = self.by_hash.get(&hash) else {
                return Err(full);
            };
            // Whoever evicts an earlier nonce of its own cannot run afterwards.
            let own = victim.sender == tx.sender && victim.nonce() < tx.nonce();
            if own || victims.len() >= limits.max_evictions {
                return Err(full);
            }
            let is_pending = self.is_pending(victim);
            if !pending && is_pending {
                return Err(PoolError::FutureReplacePending);
            }
            load.without(victim, !is_pending);
            victims.push(hash);
        }
        Ok(victims)
    }

    fn load_with(
        &self,
        tx: &PooledTransaction,
        replaced: Option<&PooledTransaction>,
        pending: bool,
    ) -> Load {
        let (more, old) = (
            usize::from(replaced.is_none()),
            replaced.map_or(0, |old| old.size),
        );
        let mut load = Load {
            count: self.by_hash.len() + more,
            bytes: self.bytes + tx.size - old,
            queued: self.queued,
            queued_bytes: self.queued_bytes,
        };
        if !pending {
            load.queued += more;
            load.queued_bytes = load.queued_bytes + tx.size - old;
        }
        load
    }

    /// What waits for a missing nonce, of all senders but one: who waits longest first, its last nonce
    /// first.
    fn longest_gapped(&self, except: Address) -> impl Iterator<Item = &PooledTransaction> {
        let senders = self.gapped.iter().map(|(_, sender)| *sender);
        senders
            .filter(move |sender| *sender != except)
            .filter_map(move |sender| self.queues.get(&sender))
            .flat_map(|queue| queue.gapped().rev())
            .map(|tx| &**tx)
    }

    /// Drops what has waited longest for a missing nonce until no more than the limits wait. Only
    /// what a drop has demoted can be too much.
    pub(super) fn trim_all_queued(&mut self) {
        let limits = self.limits;
        while self.queued > limits.max_queued || self.queued_bytes > limits.max_queued_bytes {
            let Some((_, sender)) = self.gapped.first().copied() else {
                return;
            };
            let last = self
                .queues
                .get(&sender)
                .and_then(|queue| queue.gapped().next_back());
            let Some((nonce, hash)) = last.map(|tx| (tx.nonce(), tx.hash)) else {
                return;
            };
            if self.unindex(&hash).is_some() {
                self.stats.count(&DropReason::Evicted);
            }
            self.with_queue(sender, None, |queue| queue.remove(nonce));
        }
    }

    fn is_pending(&self, tx: &PooledTransaction) -> bool {
        self.queues
            .get(&tx.sender)
            .is_some_and(|queue| tx.nonce() < queue.next)
    }

    /// All transactions by rank; each may come twice.
    fn cheapest(&self) -> impl Iterator<Item = (Rank, B256)> + '_ {
        let base_fee = i128::from(self.head.base_fee_next);
        let rank = |key: &PriceKey, minus: i128| ((clamp(key.0) - minus, key.1, key.2), key.3);
        let mut by_tip = self.by_tip.iter().map(move |key| rank(key, 0)).peekable();
        let mut by_cap = self
            .by_cap
            .iter()
            .map(move |key| rank(key, base_fee))
            .peekable();
        std::iter::from_fn(move || match (by_tip.peek(), by_cap.peek()) {
            (Some(tip), Some(cap)) if tip.0 <= cap.0 => by_tip.next(),
            (Some(_), None) => by_tip.next(),
            _ => by_cap.next(),
        })
    }
}
