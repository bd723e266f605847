//! What a finalized block changes: work in proportion to the change, not to the pool.

use super::Core;
use crate::{AccountInfo, BlockUpdate, DropReason, Gap, HeadInfo, validate::by_terms};
use alloy_primitives::Address;
use hansa_primitives::Terms;

impl Core {
    /// Applies a finalized block. One that was applied before is ignored.
    ///
    /// # Errors
    /// Blocks between the pool's head and this one are missing; nothing changed then.
    pub(crate) fn finalize(&mut self, update: &BlockUpdate<'_>) -> Result<(), Gap> {
        let (have, got) = (self.head.number, update.head.number);
        if got <= have {
            return Ok(());
        }
        if got > have + 1 {
            return Err(Gap { have, got });
        }
        for (hash, _, _) in update.included {
            self.remove_included(hash);
        }
        for (address, account) in update.changed {
            self.set_account(*address, account);
        }
        // `changed` names every sender of the block; should it not, included ones go all the same.
        for (_, sender, nonce) in update.included {
            let behind = |queue: &&super::Queue| queue.nonce <= *nonce;
            if let Some(queue) = self.queues.get(sender).filter(behind) {
                let account = AccountInfo {
                    nonce: nonce + 1,
                    ..queue.account()
                };
                self.set_account(*sender, &account);
            }
        }
        self.set_head(update.head);
        self.drop_blocked(update.blocked);
        self.drop_expired();
        Ok(())
    }

    /// Drops what has waited for a missing nonce for too long.
    fn drop_expired(&mut self) {
        while let Some((since, sender)) = self.gapped.first().copied() {
            if self.head.timestamp.saturating_sub(since) < self.limits.max_queued_s {
                return;
            }
            let Some(queue) = self.queues.get(&sender) else {
                // Every sender here has a queue; a loop must not hang on it.
                self.gapped.pop_first();
                continue;
            };
            let queued = queue.txs.range(queue.next..).map(|(_, tx)| tx.hash);
            for hash in Vec::from_iter(queued) {
                self.remove(&hash, &DropReason::Expired);
            }
        }
    }

    /// Counts a transaction as included. It leaves its queue when the account advances.
    fn remove_included(&mut self, hash: &alloy_primitives::B256) {
        if self.by_hash.contains_key(hash) {
            self.unindex(hash);
            self.stats.included += 1;
        }
    }

    /// Moves to a new head; other terms drop what no block can take any more.
    pub(crate) fn set_head(&mut self, head: HeadInfo) {
        let lowered = head.terms.gas_limit < self.head.terms.gas_limit;
        let changed = head.terms != self.head.terms;
        self.head = head;
        if changed {
            let reason = DropReason::Invalid("what the chain keeps to has changed".into());
            let fits = Terms {
                gas_limit: u64::MAX,
                ..head.terms
            };
            self.drop_where(&reason, |tx| by_terms(&tx.transaction, &fits).is_err());
        }
        if lowered {
            let most = head.terms.gas_limit;
            self.drop_where(&DropReason::GasLimit, |tx| tx.gas_limit() > most);
        }
    }

    /// An account at the new head.
    pub(crate) fn set_account(&mut self, address: Address, account: &AccountInfo) {
        let balance = account.balance;
        let Some(stale) = self.with_queue(address, None, |queue| {
            queue.balance = balance;
            queue.delegates = account.delegates;
            queue.advance(account.nonce)
        }) else {
            return;
        };
        for tx in stale {
            // Included ones left the indexes before; these lost their nonce to another.
            if self.unindex(&tx.hash).is_some() {
                self.stats.count(&DropReason::Superseded);
            }
        }
        let Some(queue) = self.queues.get(&address) else {
            return;
        };
        if queue.cost > balance {
            let poor: Vec<_> = queue
                .txs
                .values()
                .filter(|tx| tx.cost > balance)
                .map(|tx| tx.hash)
                .collect();
            for hash in poor {
                self.remove(&hash, &DropReason::Unaffordable);
            }
        }
        self.trim_queued(address);
    }

    /// Drops what a directive makes impossible to include. Directives are rare, so a walk over the
    /// pool costs less than an index by recipient would on every insertion.
    pub(crate) fn drop_blocked(&mut self, blocked: &[Address]) {
        if blocked.is_empty() {
            return;
        }
        let blocked: std::collections::BTreeSet<_> = blocked.iter().copied().collect();
        self.drop_where(&DropReason::Blocked, |tx| {
            use alloy_consensus::Transaction as _;
            blocked.contains(&tx.sender)
                || tx.transaction.to().is_some_and(|to| blocked.contains(&to))
        });
    }

    /// Drops everything, and lets nothing in from now on.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.drop_where(&DropReason::ChainEnded, |_| true);
    }

    fn drop_where(
        &mut self,
        reason: &DropReason,
        condition: impl Fn(&crate::PooledTransaction) -> bool,
    ) {
        let mut doomed: Vec<_> = self
            .by_hash
            .values()
            .filter(|tx| condition(tx))
            .map(|tx| (tx.sequence, tx.hash))
            .collect();
        // By arrival: the order of a hash map must not show.
        doomed.sort_unstable();
        for (_, hash) in doomed {
            self.remove(&hash, reason);
        }
    }
}
