//! From blocks to epochs.
//!
//! Epoch `e` spans the blocks `e * L ..= (e + 1) * L - 1`, where `L` is `epoch_blocks`; block 0 is the genesis.
//! Its *freeze block* is the last one but `freeze_blocks`: at its end the committee of `e + 1` is fixed.
//!
//! That is so on the hub, and on a zone until the hub cuts an epoch short: see [`Timetable`].

use hansa_primitives::Genesis;
use std::{ops::RangeInclusive, sync::Arc};

/// The lengths that divide blocks into epochs; they never change after the genesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Blocks of an epoch, at least 4.
    pub epoch_blocks: u64,
    /// Blocks between the freeze and the end of an epoch, at least 1.
    pub freeze_blocks: u64,
}

impl Calendar {
    /// The epoch that a block belongs to.
    pub const fn epoch_of(&self, block: u64) -> u64 {
        block / self.epoch_blocks
    }

    /// The last block of an epoch.
    pub const fn last_block(&self, epoch: u64) -> u64 {
        epoch
            .saturating_add(1)
            .saturating_mul(self.epoch_blocks)
            .saturating_sub(1)
    }

    /// The block at whose end the next committee is fixed.
    pub const fn freeze_block(&self, epoch: u64) -> u64 {
        self.last_block(epoch).saturating_sub(self.freeze_blocks)
    }

    /// The first epoch whose committee a call in this block can still affect.
    pub const fn effective_epoch(&self, block: u64) -> u64 {
        let epoch = self.epoch_of(block);
        if block <= self.freeze_block(epoch) {
            epoch.saturating_add(1)
        } else {
            epoch.saturating_add(2)
        }
    }
}

/// Where an epoch of a zone was cut short: one of the hub's choosing begins at a block, and others of the usual length follow it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// Height of the first block of the new epoch.
    pub first: u64,
    /// Its number. Those between it and that of the block before are no epochs: nobody may vote in one twice for different blocks.
    pub epoch: u64,
}

/// For so long a former committee may go on after a cut: until its hubs know of it, or are too old to be named. Generous.
const UNAWARE_MS: u64 = 600_000;

/// A chain's epochs, cuts included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timetable {
    usual: Calendar,
    cuts: Arc<[Cut]>,
}

impl Timetable {
    /// That of a genesis with these cuts, which ascend.
    pub fn new(genesis: &Genesis, cuts: impl IntoIterator<Item = Cut>) -> Self {
        let usual = Calendar {
            // A chain of tests may have none.
            epoch_blocks: match genesis.staking.epoch_blocks {
                0 => u64::MAX,
                blocks => blocks,
            },
            freeze_blocks: genesis.staking.freeze_blocks,
        };
        Self::of(usual, cuts)
    }

    pub(crate) fn of(usual: Calendar, cuts: impl IntoIterator<Item = Cut>) -> Self {
        let cuts = cuts.into_iter().collect();
        Self { usual, cuts }
    }

    /// A cut before a block, which none of the others is behind, when the block before is so old. Blocks that are void may have been made all that time, a millisecond
    /// apart: their epochs are left out.
    pub fn cut_before(&self, first: u64, age_ms: u64) -> Cut {
        let possible = age_ms.saturating_add(UNAWARE_MS) / self.usual.epoch_blocks;
        let epoch = self
            .epoch_of(first)
            .saturating_add(possible)
            .saturating_add(2);
        Cut { first, epoch }
    }

    /// The epoch that a block belongs to.
    pub fn epoch_of(&self, block: u64) -> u64 {
        let since = self.since(block);
        since.epoch + self.usual.epoch_of(block - since.first)
    }

    /// The blocks of an epoch; `None` for a number that is no epoch's, or beyond the last height.
    pub fn blocks(&self, epoch: u64) -> Option<RangeInclusive<u64>> {
        let of = self.cuts.partition_point(|cut| cut.epoch <= epoch);
        let since = of
            .checked_sub(1)
            .map_or_else(Cut::default, |of| self.cuts[of]);
        let length = self.usual.epoch_blocks;
        let before = (epoch - since.epoch).checked_mul(length)?;
        let first = since.first.checked_add(before)?;
        let mut last = first.checked_add(length - 1)?;
        if let Some(next) = self.cuts.get(of) {
            last = last.min(next.first - 1);
        }
        (first <= last).then_some(first..=last)
    }

    /// The cut before a block, if there is one.
    pub fn cut_at(&self, block: u64) -> Option<Cut> {
        self.cuts.iter().find(|cut| cut.first == block).copied()
    }

    /// Whether a block is one at whose end the next committee is fixed.
    pub fn freezes(&self, block: u64) -> bool {
        let past = block - self.since(block).first;
        self.usual.freeze_block(self.usual.epoch_of(past)) == past
    }

    /// Whether a block is the last of an epoch that was not cut: it hands over to the next committee. What a block does never depends on later cuts.
    pub fn hands_over(&self, block: u64) -> bool {
        let past = block - self.since(block).first;
        self.usual.last_block(self.usual.epoch_of(past)) == past
    }

    /// Where the epochs that a block is one of begin to have the usual length.
    fn since(&self, block: u64) -> Cut {
        let before = self.cuts.partition_point(|cut| cut.first <= block);
        before
            .checked_sub(1)
            .map_or_else(Cut::default, |last| self.cuts[last])
    }
}
