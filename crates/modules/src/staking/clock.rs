//! Where a call stands in time.

use super::{
    epochs::Calendar,
    settings::{self, Windows},
    state,
};
use crate::context::{Context, Stop, revert};
use hansa_abi::IStaking;

/// See the module's documentation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// The epoch of the block.
    pub(super) epoch: u64,
    /// The first epoch whose committee the call can still affect.
    pub(super) effective: u64,
    /// Rewards of the epochs before this one are settled.
    pub(super) rewarded: u64,
    pub(super) windows: Windows,
}

impl Clock {
    /// # Errors
    /// Reverts on a chain without staking.
    pub(super) fn read(context: &mut Context<'_>) -> Result<Self, Stop> {
        let calendar = calendar(context)?;
        let block = context.block_number();
        Ok(Self {
            epoch: calendar.epoch_of(block),
            effective: calendar.effective_epoch(block),
            rewarded: state::counters(context)?.fixed.saturating_sub(1),
            windows: settings::windows(context)?,
        })
    }

    /// The oldest epoch whose faults can be punished, by the clock alone.
    pub(super) const fn oldest_fault(&self) -> u64 {
        self.epoch.saturating_sub(self.windows.evidence)
    }

    /// When terms hold that are raised now: delegators can leave first.
    pub(super) const fn raise_at(&self) -> u64 {
        self.effective
            .saturating_add(self.windows.unbonding)
            .saturating_add(2)
    }
}

/// # Errors
/// Reverts on a chain without staking.
pub(super) fn calendar(context: &mut Context<'_>) -> Result<Calendar, Stop> {
    settings::calendar(context)?.ok_or_else(|| revert(IStaking::NotEnabled {}))
}
