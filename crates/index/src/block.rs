//! What goes into the index, and what comes out of it.

use crate::append::involved;
use alloy_primitives::{Address, B256, Log};
use hansa_primitives::{Block, Receipt, Transaction};
use std::sync::Arc;

/// A finalized block with what executing it gave: the unit of the feed. Cheap to clone.
#[derive(Clone, Debug)]
pub struct FinalizedBlock {
    /// Header and body.
    pub block: Block,
    /// One receipt per transaction, in order.
    pub receipts: Arc<Vec<Receipt>>,
    /// One sender per transaction, in order.
    pub senders: Arc<Vec<Address>>,
}

/// A transaction and its place in the chain.
#[derive(Clone, Debug)]
pub struct Located {
    /// Height of its block.
    pub block_number: u64,
    /// Hash of its block.
    pub block_hash: B256,
    /// Place in its block.
    pub index: u32,
    /// The transaction.
    pub transaction: Transaction,
    /// Who signed it.
    pub sender: Address,
    /// What it did.
    pub receipt: Receipt,
    /// Gas that it alone used.
    pub gas_used: u64,
    /// Place of its first log among the logs of the block.
    pub first_log_index: u32,
}

impl Located {
    /// Whether the address signed it, is called by it, or was created by it.
    pub fn involves(&self, address: Address) -> bool {
        involved(&self.transaction, self.sender, self.receipt.success).any(|of| of == address)
    }
}

/// Some transactions that involve an address.
#[derive(Clone, Debug, Default)]
pub struct AddressPage {
    /// Newest first.
    pub found: Vec<Located>,
    /// There are older ones below this place.
    pub next: Option<(u64, u32)>,
}

/// A log and its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocatedLog {
    /// Height of its block.
    pub block_number: u64,
    /// Hash of its block.
    pub block_hash: B256,
    /// Time of its block, milliseconds since the Unix epoch.
    pub block_timestamp_ms: u64,
    /// Hash of its transaction.
    pub transaction_hash: B256,
    /// Place of its transaction in the block.
    pub transaction_index: u32,
    /// Place among the logs of the block.
    pub log_index: u32,
    /// Address, topics, data.
    pub log: Log,
}
