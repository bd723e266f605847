//! Everything about an index that can be chosen, with its limits.

use crate::Validator;
use alloy_primitives::{Address, B256};

/// When a block is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// When `append` returns.
    Immediate,
    /// With every n-th block (at least 1) and with [`crate::Index::flush`]. A crash loses the blocks since
    /// then, as a whole: feed them again.
    EveryBlocks(u32),
}

/// Configuration of an index.
#[derive(Clone)]
pub struct Config {
    /// Hash of the genesis file: an index of another chain is refused.
    pub genesis_hash: B256,
    /// When a block is on disk.
    pub durability: Durability,
    /// Save the allocator's state with each durable commit. A commit then costs a second fsync, and
    /// opening after a crash is immediate; without, that walks the whole file.
    pub quick_repair: bool,
    /// Memory for pages of the file, bytes.
    pub page_cache_bytes: usize,
    /// Memory for decoded blocks, and as much again for decoded receipts, bytes (estimated).
    pub block_cache_bytes: usize,
    /// State diffs are kept for this many newest blocks.
    pub diff_blocks: u64,
    /// Memory for the newest state diffs, bytes. Older ones are read from the file; their key
    /// prefixes stay in memory (8 bytes per changed key).
    pub diff_cache_bytes: usize,
    /// Hashes of so many newest transactions, and twice as many addresses, are kept in memory before they are written to their
    /// buckets in one go.
    pub fresh_transactions: usize,
    /// The exchange module, whose events become objects; `None` on zones.
    pub exchange: Option<Address>,
    /// The guard module, whose alerts name objects; `None` to build no log of alerts.
    pub guard: Option<Address>,
    /// Decides whether the plain content of an object may be served; `None` accepts everything.
    pub validator: Option<Validator>,
}

impl Config {
    /// Defaults for a hub: everything durable, about 110 MB of caches at most.
    #[must_use]
    pub fn new(genesis_hash: B256) -> Self {
        Self {
            genesis_hash,
            durability: Durability::Immediate,
            quick_repair: true,
            page_cache_bytes: 48 << 20,
            block_cache_bytes: 16 << 20,
            diff_blocks: 512,
            diff_cache_bytes: 16 << 20,
            fresh_transactions: 65_536,
            exchange: Some(hansa_abi::EXCHANGE),
            guard: Some(hansa_abi::GUARD),
            validator: None,
        }
    }
}
