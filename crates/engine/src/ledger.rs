//! What this node has executed and does not yet know to be final.

use alloy_primitives::{Address, B256};
use hansa_evm::Changes;
use hansa_modules::staking::Committee;
use hansa_primitives::{Block, Receipt};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// A block and what its execution gave.
#[derive(Clone, Debug)]
pub struct Executed {
    /// The block.
    pub block: Block,
    /// One per transaction.
    pub senders: Arc<Vec<Address>>,
    /// One per transaction.
    pub receipts: Arc<Vec<Receipt>>,
    /// The committee that it fixes for the next epoch, if it does.
    pub fixed: Option<Committee>,
    /// What it changed.
    pub changes: Changes,
}

/// Executed blocks above the pool's head, by height and hash.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Mutex<BTreeMap<u64, ByHash>>>);

/// The executed blocks of one height.
type ByHash = HashMap<B256, Arc<Executed>>;

impl Ledger {
    /// Remembers an execution.
    pub fn insert(&self, executed: Executed) {
        let (number, hash) = (executed.block.number(), executed.block.hash());
        self.0
            .lock()
            .entry(number)
            .or_default()
            .insert(hash, Arc::new(executed));
    }

    /// The execution of a block.
    pub fn get(&self, number: u64, hash: &B256) -> Option<Arc<Executed>> {
        self.0.lock().get(&number)?.get(hash).cloned()
    }

    /// Forgets all blocks up to height `number`: the pool knows what they included.
    pub fn forget(&self, number: u64) {
        let mut blocks = self.0.lock();
        let newer = blocks.split_off(&(number + 1));
        *blocks = newer;
    }

    /// The next nonce of every sender in the blocks above `finalized`, ending with block `tip`.
    pub fn next_nonces(&self, tip: B256, number: u64, finalized: u64) -> HashMap<Address, u64> {
        let blocks = self.0.lock();
        let mut nonces = HashMap::new();
        let (mut hash, mut height) = (tip, number);
        while height > finalized {
            let Some(executed) = blocks.get(&height).and_then(|known| known.get(&hash)) else {
                break;
            };
            let transactions = executed.block.transactions().iter();
            // Newest block first, and the last transaction of a sender counts.
            let mut here = HashMap::new();
            for (transaction, sender) in transactions.zip(executed.senders.iter()) {
                let nonce = alloy_consensus::Transaction::nonce(transaction);
                here.insert(*sender, nonce.saturating_add(1));
            }
            for (sender, nonce) in here {
                nonces.entry(sender).or_insert(nonce);
            }
            hash = executed.block.header().parent_hash;
            height -= 1;
        }
        nonces
    }
}
