//! What a position consists of beside its base: young lots, and entries on their way out. Each is one word, and an
//! entry for another operator has a second one.

use super::{clock::Clock, terms::Risk};
use alloy_primitives::U256;

/// Bits of an amount in a lot's or an entry's word.
const AMOUNT_BITS: usize = 144;
/// The first bit of an entry's target.
const TARGET_BIT: usize = 208;

const _: () = assert!(crate::limits::MAX_STAKE_BITS <= AMOUNT_BITS);

/// Young stake: it counts from epoch `from` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lot {
    pub(super) amount: U256,
    pub(super) from: u64,
}

impl Lot {
    /// Amount (bits 0..144), from (144..176).
    pub(super) fn encode(&self) -> U256 {
        self.amount | U256::from(self.from) << AMOUNT_BITS
    }

    pub(super) fn decode(word: U256) -> Self {
        Self {
            amount: amount_of(word),
            from: bits(word, AMOUNT_BITS),
        }
    }
}

/// Stake on its way out: it counted in `from..until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unbonding {
    pub(super) amount: U256,
    /// [`BASE`](super::pool::BASE) for what came from the base.
    pub(super) from: u64,
    pub(super) until: u64,
    /// The operator that it is to be delegated to, or 0.
    pub(super) to: u64,
    /// What the delegator is ready to lose with that operator; nothing without one.
    pub(super) max_loss: Risk,
}

impl Unbonding {
    /// Whether it answers for a fault at an epoch.
    pub(super) const fn answers(&self, epoch: u64) -> bool {
        self.from <= epoch && epoch < self.until
    }

    /// The epoch in which it can be taken out.
    pub(super) const fn claimable_at(&self, clock: &Clock) -> u64 {
        self.until.saturating_add(clock.windows.unbonding)
    }

    /// Amount (bits 0..144), from (144..176), until (176..208), target (208..240), free (240..256).
    pub(super) fn encode(&self) -> U256 {
        self.amount
            | U256::from(self.from) << AMOUNT_BITS
            | U256::from(self.until) << 176usize
            | U256::from(self.to) << TARGET_BIT
    }

    /// What the delegator is ready to lose with the target: the word beside that of an entry that has one.
    pub(super) fn encode_risk(&self) -> U256 {
        U256::from(self.max_loss.encode())
    }

    /// From the entry's word, and the one beside it: nothing where there is no target.
    pub(super) fn decode(word: U256, risk: U256) -> Self {
        Self {
            amount: amount_of(word),
            from: bits(word, AMOUNT_BITS),
            until: bits(word, 176),
            to: target_of(word),
            max_loss: Risk::decode(risk.as_limbs()[0]),
        }
    }
}

/// The target of the entry that a word is, or 0.
pub(super) fn target_of(word: U256) -> u64 {
    bits(word, TARGET_BIT)
}

fn amount_of(word: U256) -> U256 {
    word & ((U256::ONE << AMOUNT_BITS) - U256::ONE)
}

/// The 32 bits from one on.
fn bits(word: U256, from: usize) -> u64 {
    (word >> from).as_limbs()[0] & 0xffff_ffff
}
