//! From blocks to epochs.
//!
//! Epoch `e` spans the blocks `e * L ..= (e + 1) * L - 1`, where `L` is `epoch_blocks`; block 0 is the genesis.
//! Its *freeze block* is the last one but `freeze_blocks`: at its end the committee of `e + 1` is fixed.

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
