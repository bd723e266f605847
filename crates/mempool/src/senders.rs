//! Who signed: recovered once per node, in parallel, remembered by transaction hash.
//!
//! Recovery is the dearest part of a transaction's life (about 30 us with libsecp256k1), so pool,
//! RPC and block processing share one [`SenderCache`]. Only valid signatures are remembered; a
//! transaction's hash covers its signature, so a remembered sender is never wrong.

use crate::InvalidSignature;
use alloy_consensus::{crypto::RecoveryError, transaction::SignerRecoverable as _};
use alloy_primitives::{Address, B256, map::HashMap};
use commonware_parallel::Strategy;
use hansa_primitives::Transaction;
use parking_lot::Mutex;
use std::sync::Arc;

/// Locks that the cache is split over.
const SHARDS: usize = 16;

/// The sender of one transaction. A high `s` is refused (EIP-2).
///
/// # Errors
/// No sender follows from the signature.
pub fn recover_one(transaction: &Transaction) -> Result<Address, RecoveryError> {
    transaction.recover_signer()
}

/// The senders of `transactions`, in order, recovered in parallel without a cache.
pub fn recover(
    transactions: &[Transaction],
    strategy: &impl Strategy,
) -> Vec<Result<Address, RecoveryError>> {
    strategy.map_collect_vec(transactions, recover_one)
}

/// Two generations of a bounded map: when the young one is full, it becomes the old one, and what
/// was old is forgotten. A hit in the old one is carried over.
#[derive(Default)]
struct Generations {
    young: HashMap<B256, Address>,
    old: HashMap<B256, Address>,
}

impl Generations {
    fn get(&mut self, hash: &B256, capacity: usize) -> Option<Address> {
        if let Some(sender) = self.young.get(hash) {
            return Some(*sender);
        }
        let sender = self.old.remove(hash)?;
        self.insert(*hash, sender, capacity);
        Some(sender)
    }

    fn insert(&mut self, hash: B256, sender: Address, capacity: usize) {
        if self.young.len() >= capacity {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(hash, sender);
    }
}

/// Senders by transaction hash. Cheap to clone; all clones share the contents.
#[derive(Clone)]
pub struct SenderCache {
    shards: Arc<[Mutex<Generations>]>,
    /// Entries of one generation of one shard.
    capacity: usize,
}

impl SenderCache {
    /// Remembers at least the `capacity / 2` senders used last, and at most about `capacity`.
    pub fn new(capacity: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            capacity: (capacity / SHARDS / 2).max(1),
        }
    }

    fn shard(&self, hash: &B256) -> &Mutex<Generations> {
        &self.shards[usize::from(hash[31]) % SHARDS]
    }

    /// The remembered sender of the transaction with this hash.
    pub fn get(&self, hash: &B256) -> Option<Address> {
        self.shard(hash).lock().get(hash, self.capacity)
    }

    /// Remembers a sender. It must have been recovered from the transaction with this hash.
    pub fn insert(&self, hash: B256, sender: Address) {
        self.shard(&hash).lock().insert(hash, sender, self.capacity);
    }

    /// Entries held now.
    pub fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| {
                let shard = shard.lock();
                shard.young.len() + shard.old.len()
            })
            .sum()
    }

    /// Nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The senders of `transactions`, in order; `None` for an invalid signature. Recovers only
    /// what is not remembered, in parallel.
    pub fn recover(
        &self,
        transactions: &[Transaction],
        strategy: &impl Strategy,
    ) -> Vec<Option<Address>> {
        let mut senders: Vec<_> = transactions
            .iter()
            .map(|transaction| self.get(transaction.tx_hash()))
            .collect();
        let missing: Vec<usize> = (0..senders.len())
            .filter(|index| senders[*index].is_none())
            .collect();
        if missing.is_empty() {
            return senders;
        }
        let recovered =
            strategy.map_collect_vec(&missing, |index| recover_one(&transactions[*index]).ok());
        for (index, sender) in missing.into_iter().zip(recovered) {
            if let Some(sender) = sender {
                self.insert(*transactions[index].tx_hash(), sender);
            }
            senders[index] = sender;
        }
        senders
    }

    /// The senders of a block's transactions, in order.
    ///
    /// # Errors
    /// The first transaction whose signature is invalid.
    pub fn senders_of(
        &self,
        transactions: &[Transaction],
        strategy: &impl Strategy,
    ) -> Result<Vec<Address>, InvalidSignature> {
        self.recover(transactions, strategy)
            .into_iter()
            .enumerate()
            .map(|(index, sender)| sender.ok_or(InvalidSignature { index }))
            .collect()
    }
}
