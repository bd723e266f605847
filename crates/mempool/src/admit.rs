//! The way in: screen, recover, look at the head, insert.

use crate::{
    AccountInfo, Added, BlockedBy, HeadError, HeadState, Origin, Party, Pool, PoolError,
    PooledTransaction, core::Core, pool::blocked, validate,
};
use alloy_consensus::Transaction as _;
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, map::HashMap};
use hansa_primitives::{Transaction, decode_transaction};
use std::collections::BTreeSet;

/// How often a batch is looked at again because the head moved under it.
const MAX_HEAD_RETRIES: usize = 8;

/// What is known about the parties of a batch at the head.
#[derive(Default)]
struct Facts {
    accounts: HashMap<Address, AccountInfo>,
    blocked: HashMap<Address, BlockedBy>,
}

impl Pool {
    /// Adds a transaction in its EIP-2718 encoding.
    ///
    /// # Errors
    /// Why it is refused, in go-ethereum's words.
    pub async fn add_raw<H: HeadState>(
        &self,
        head: &H,
        raw: &[u8],
        origin: Origin,
    ) -> Result<Added, PoolError> {
        self.add(head, decode_transaction(raw)?, origin).await
    }

    /// Adds a transaction.
    ///
    /// # Errors
    /// Why it is refused, in go-ethereum's words.
    pub async fn add<H: HeadState>(
        &self,
        head: &H,
        transaction: Transaction,
        origin: Origin,
    ) -> Result<Added, PoolError> {
        let mut results = self.add_many(head, vec![transaction], origin).await;
        // One result for one transaction.
        results.pop().unwrap_or(Err(PoolError::AlreadyKnown))
    }

    /// Adds many at once: senders are recovered in parallel, each account is read once, the lock is
    /// taken once. One result for each, in order. Within the batch, lower nonces go first.
    pub async fn add_many<H: HeadState>(
        &self,
        head: &H,
        transactions: Vec<Transaction>,
        origin: Origin,
    ) -> Vec<Result<Added, PoolError>> {
        let mut results: Vec<Option<Result<Added, PoolError>>> = vec![None; transactions.len()];
        let (indexes, candidates) = self.screen(transactions, origin, &mut results);
        let mut entries = Vec::with_capacity(candidates.len());
        let cache = self.inner.cache.clone();
        let (candidates, senders) = (self.inner.recover)(cache, candidates).await;
        for ((index, transaction), sender) in indexes.into_iter().zip(candidates).zip(senders) {
            match sender.ok_or(PoolError::InvalidSender).and_then(|sender| {
                validate::after_recovery(&transaction, sender)?;
                Ok(PooledTransaction::new(transaction, sender, origin))
            }) {
                Ok(tx) => entries.push((index, tx)),
                Err(error) => results[index] = Some(Err(error)),
            }
        }
        entries.sort_by_key(|(_, tx)| tx.nonce());
        self.admit(head, entries, origin, &mut results).await;
        let results: Vec<_> = results
            .into_iter()
            .map(|result| result.unwrap_or(Err(PoolError::AlreadyKnown)))
            .collect();
        let refused = results.iter().filter(|result| result.is_err()).count();
        if refused > 0 {
            self.core().stats.refused += refused as u64;
        }
        results
    }

    /// Answers what can be answered without a sender; returns the rest with their positions.
    fn screen(
        &self,
        transactions: Vec<Transaction>,
        origin: Origin,
        results: &mut [Option<Result<Added, PoolError>>],
    ) -> (Vec<usize>, Vec<Transaction>) {
        let terms = {
            let core = self.core();
            for (transaction, result) in transactions.iter().zip(results.iter_mut()) {
                if core.closed {
                    *result = Some(Err(PoolError::ChainEnded));
                } else if core.by_hash.contains_key(transaction.tx_hash()) {
                    *result = Some(Err(PoolError::AlreadyKnown));
                }
            }
            core.head.terms
        };
        let rules = &self.inner.rules;
        let mut kept = (Vec::new(), Vec::new());
        for (index, transaction) in transactions.into_iter().enumerate() {
            if results[index].is_some() {
                continue;
            }
            let size = transaction.encode_2718_len();
            match validate::before_recovery(&transaction, size, rules, &terms, origin) {
                Ok(()) => {
                    kept.0.push(index);
                    kept.1.push(transaction);
                }
                Err(error) => results[index] = Some(Err(error)),
            }
        }
        kept
    }

    /// Reads what the entries need from the head and inserts them under one lock, again if the head
    /// moved meanwhile.
    async fn admit<H: HeadState>(
        &self,
        head: &H,
        entries: Vec<(usize, PooledTransaction)>,
        origin: Origin,
        results: &mut [Option<Result<Added, PoolError>>],
    ) {
        if entries.is_empty() {
            return;
        }
        for attempt in 0.. {
            let number = self.core().head.number;
            let facts = match self.facts(head, &entries).await {
                Ok(facts) => facts,
                Err(error) => {
                    for (index, _) in entries {
                        results[index] = Some(Err(error.clone().into()));
                    }
                    return;
                }
            };
            let mut core = self.core();
            let stale = core.head.number != number
                || entries.iter().any(|(_, tx)| {
                    !core.queues.contains_key(&tx.sender)
                        && !facts.accounts.contains_key(&tx.sender)
                });
            if stale && attempt < MAX_HEAD_RETRIES {
                continue;
            }
            let mut local = Vec::new();
            for (index, tx) in entries {
                let result = insert(&mut core, tx, &facts);
                if let (Ok(added), Origin::Local) = (&result, origin) {
                    local.extend(core.by_hash.get(&added.hash).cloned());
                }
                results[index] = Some(result);
            }
            let effects = std::mem::take(&mut core.effects);
            drop(core);
            self.publish(&effects);
            self.announce(&local);
            return;
        }
    }

    async fn facts<H: HeadState>(
        &self,
        head: &H,
        entries: &[(usize, PooledTransaction)],
    ) -> Result<Facts, HeadError> {
        // Sorted, so that the same batch asks the same questions in the same order.
        let senders: BTreeSet<_> = entries.iter().map(|(_, tx)| tx.sender).collect();
        let parties: BTreeSet<_> = entries
            .iter()
            .flat_map(|(_, tx)| [Some(tx.sender), tx.transaction.to()])
            .flatten()
            .collect();
        let unknown: Vec<_> = {
            let core = self.core();
            senders
                .into_iter()
                .filter(|sender| !core.queues.contains_key(sender))
                .collect()
        };
        let accounts = head.accounts(&unknown).await?;
        Ok(Facts {
            accounts: unknown.into_iter().zip(accounts).collect(),
            blocked: blocked(head, parties).await,
        })
    }
}

fn insert(core: &mut Core, tx: PooledTransaction, facts: &Facts) -> Result<Added, PoolError> {
    if core.closed {
        return Err(PoolError::ChainEnded);
    }
    let parties = [
        (Party::Sender, Some(tx.sender)),
        (Party::Recipient, tx.transaction.to()),
    ];
    for (party, address) in parties {
        if let Some(address) = address
            && let Some(by) = facts.blocked.get(&address)
        {
            return Err(PoolError::Blocked {
                party,
                address,
                alert_id: by.alert_id,
                until: by.until,
            });
        }
    }
    let account = facts.accounts.get(&tx.sender).copied();
    if account.is_some_and(|account| account.has_code) {
        return Err(PoolError::SenderNotEoa { sender: tx.sender });
    }
    // Only a head that moved on every retry leaves an untracked sender without an account.
    let Some(account) = account.or_else(|| {
        let queue = core.queues.get(&tx.sender)?;
        Some(queue.account())
    }) else {
        return Err(HeadError("the head moved too often meanwhile; send it again".into()).into());
    };
    core.insert(tx, account)
}
