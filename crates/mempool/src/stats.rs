//! Counters.

/// Why a transaction left the pool without being asked for by its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// Something better needed the room, or too many nonces became gapped.
    Evicted,
    /// Another transaction used its nonce up.
    Superseded,
    /// The balance no longer covers it.
    Unaffordable,
    /// A directive blocks its sender or recipient.
    Blocked,
    /// It no longer fits a block.
    GasLimit,
    /// It waited too long for a missing nonce.
    Expired,
    /// No block follows the chain's last one.
    ChainEnded,
    /// A proposer could not execute it.
    Invalid(String),
}

/// Counters since the start, and what the pool holds now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStats {
    /// Let in.
    pub added: u64,
    /// Replaced by a better paying one.
    pub replaced: u64,
    /// Left by being finalized.
    pub included: u64,
    /// Dropped: see [`DropReason::Evicted`].
    pub evicted: u64,
    /// Dropped: see [`DropReason::Superseded`].
    pub superseded: u64,
    /// Dropped: see [`DropReason::Unaffordable`].
    pub unaffordable: u64,
    /// Dropped: see [`DropReason::Blocked`].
    pub blocked: u64,
    /// Dropped: see [`DropReason::Expired`].
    pub expired: u64,
    /// Dropped: see [`DropReason::GasLimit`], [`DropReason::ChainEnded`] and [`DropReason::Invalid`].
    pub invalid: u64,
    /// Refused at the door.
    pub refused: u64,
    /// Executable now.
    pub pending: usize,
    /// Waiting for a nonce.
    pub queued: usize,
    /// Encoded size of all, bytes.
    pub bytes: usize,
    /// Senders.
    pub senders: usize,
}

impl PoolStats {
    pub(crate) fn count(&mut self, reason: &DropReason) {
        *match reason {
            DropReason::Evicted => &mut self.evicted,
            DropReason::Superseded => &mut self.superseded,
            DropReason::Unaffordable => &mut self.unaffordable,
            DropReason::Blocked => &mut self.blocked,
            DropReason::Expired => &mut self.expired,
            DropReason::GasLimit | DropReason::ChainEnded | DropReason::Invalid(_) => {
                &mut self.invalid
            }
        } += 1;
    }
}
