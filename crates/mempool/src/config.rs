//! Every limit of the pool and the rules that a transaction is checked against.

/// What the pool holds at most. Each error that a limit causes names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Transactions in all.
    pub max_transactions: usize,
    /// Encoded bytes in all.
    pub max_bytes: usize,
    /// Transactions of one sender.
    pub max_per_sender: usize,
    /// Encoded bytes of one sender.
    pub max_bytes_per_sender: usize,
    /// Transactions of one sender that wait for a missing nonce.
    pub max_queued_per_sender: usize,
    /// Transactions of all senders that wait for a missing nonce.
    pub max_queued: usize,
    /// Encoded bytes of all that wait for a missing nonce.
    pub max_queued_bytes: usize,
    /// Transactions of a sender that wait for a missing nonce are dropped when none of the sender's
    /// became executable for this long, seconds of chain time.
    pub max_queued_s: u64,
    /// Of equal tips, what arrived deeper than this in its sender's queue is evicted first: no
    /// sender crowds the others out with a long queue.
    pub guaranteed_slots: usize,
    /// A newcomer evicts at most this many transactions.
    pub max_evictions: usize,
    /// A replacement raises fee cap and tip by at least this, percent.
    pub price_bump_percent: u128,
    /// Hashes that a subscriber may lag behind before it loses the oldest.
    pub subscription_backlog: usize,
    /// Local transactions that wait to be announced before the oldest are left to re-announcement.
    pub announce_backlog: usize,
    /// Senders remembered by transaction hash.
    pub sender_cache: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_transactions: 50_000,
            max_bytes: 64 * 1024 * 1024,
            max_per_sender: 1_024,
            max_bytes_per_sender: 4 * 1024 * 1024,
            max_queued_per_sender: 64,
            max_queued: 4_096,
            max_queued_bytes: 8 * 1024 * 1024,
            max_queued_s: 3 * 3_600,
            guaranteed_slots: 16,
            max_evictions: 64,
            price_bump_percent: 10,
            subscription_backlog: 8_192,
            announce_backlog: 32_768,
            sender_cache: 131_072,
        }
    }
}

/// The chain's rules as far as a transaction can break them without being executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Smallest tip (or gas price of a legacy transaction) that is taken, wei per gas.
    pub min_tip: u128,
    /// Take local legacy transactions without a chain id (replayable on other chains).
    pub allow_unprotected: bool,
}

impl Rules {
    /// The rules of a chain.
    pub fn new(chain_id: u64) -> Self {
        Self {
            chain_id,
            min_tip: 0,
            allow_unprotected: false,
        }
    }
}
