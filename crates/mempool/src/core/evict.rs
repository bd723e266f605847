//! Who has to go when the pool is full.
//!
//! The effective tip `min(tip cap, fee cap - base fee)` moves with the base fee, so no index over it
//! would last. But the lowest one of all is the lower of (lowest tip cap) and (lowest fee cap - base
//! fee): a merge of two static indexes yields transactions by effective tip.

use super::{Core, PriceKey};
use crate::{PoolError, PooledTransaction, transaction::clamp};
use alloy_primitives::B256;
use std::cmp::Reverse;

/// Lower goes first: effective tip, then the deeper in its sender's queue, then the newer.
type Rank = (i128, Reverse<usize>, Reverse<u64>);

impl Core {
    /// What has to leave for `tx`. Nothing is removed yet.
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
        let mut count = self.by_hash.len() + 1 - usize::from(replaced.is_some());
        let mut bytes = self.bytes + tx.size - replaced.map_or(0, |old| old.size);
        let mut victims: Vec<B256> = Vec::new();
        if count <= limits.max_transactions && bytes <= limits.max_bytes {
            return Ok(victims);
        }
        let base_fee = self.head.base_fee_next;
        let mine: Rank = (
            tx.effective_tip(base_fee),
            Reverse(depth),
            Reverse(self.sequence),
        );
        let mut candidates = self.cheapest();
        while count > limits.max_transactions || bytes > limits.max_bytes {
            let full = if count > limits.max_transactions {
                PoolError::Full {
                    name: "mempool.max_transactions",
                    limit: limits.max_transactions,
                }
            } else {
                PoolError::Full {
                    name: "mempool.max_bytes",
                    limit: limits.max_bytes,
                }
            };
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
            if !pending && self.is_pending(victim) {
                return Err(PoolError::FutureReplacePending);
            }
            count -= 1;
            bytes -= victim.size;
            victims.push(hash);
        }
        Ok(victims)
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
