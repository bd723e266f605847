//! The module's parameters and their bounds.

use crate::limits::{
    MAX_EPOCH_BLOCKS, MAX_FINDER_BPS, MAX_SEATS, MAX_STAKE_BITS, MAX_WINDOW_EPOCHS, MIN_SEATS,
};
use hansa_primitives::StakingParams;

/// One whole, in basis points.
pub(super) const BPS: u64 = 10_000;

/// A parameter is out of its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("staking parameter {parameter}: {reason}")]
pub struct OutOfBounds {
    /// Which one.
    pub parameter: &'static str,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// Checks every bound, and those that parameters set each other.
pub(crate) fn check(of: &StakingParams) -> Result<(), OutOfBounds> {
    let windows = 1..=MAX_WINDOW_EPOCHS;
    let rules = [
        (
            (4..=MAX_EPOCH_BLOCKS).contains(&of.epoch_blocks),
            "epoch_blocks",
            "must be from 4 to 65,535 (MAX_EPOCH_BLOCKS)",
        ),
        (
            of.freeze_blocks >= 1 && of.freeze_blocks.saturating_add(2) <= of.epoch_blocks,
            "freeze_blocks",
            "must be at least 1, and at least 2 less than epoch_blocks",
        ),
        (
            (MIN_SEATS..=MAX_SEATS).contains(&of.seats),
            "seats",
            "must be from 4 (MIN_SEATS) to 128 (MAX_SEATS)",
        ),
        (
            windows.contains(&of.evidence_epochs),
            "evidence_epochs",
            "must be from 1 to 32 (MAX_WINDOW_EPOCHS)",
        ),
        (
            windows.contains(&of.unbonding_epochs),
            "unbonding_epochs",
            "must be from 1 to 32 (MAX_WINDOW_EPOCHS)",
        ),
        (
            of.certificate_epochs
                .checked_add(of.evidence_epochs)
                .is_some_and(|sum| sum < of.unbonding_epochs),
            "unbonding_epochs",
            "must be greater than certificate_epochs + evidence_epochs: evidence must expire before stake leaves",
        ),
        (
            windows.contains(&of.jail_epochs),
            "jail_epochs",
            "must be from 1 to 32 (MAX_WINDOW_EPOCHS)",
        ),
        (
            windows.contains(&of.appeal_epochs),
            "appeal_epochs",
            "must be from 1 to 32 (MAX_WINDOW_EPOCHS)",
        ),
        (
            of.finder_bps <= MAX_FINDER_BPS,
            "finder_bps",
            "must be at most 1,000 (MAX_FINDER_BPS)",
        ),
    ];
    for (holds, parameter, reason) in rules {
        if !holds {
            return Err(OutOfBounds { parameter, reason });
        }
    }
    check_shares(of)?;
    check_amounts(of)
}

fn check_shares(of: &StakingParams) -> Result<(), OutOfBounds> {
    let [first, second, third] = of.slash_bps;
    let shares = [
        (of.max_commission_bps, "max_commission_bps"),
        (of.max_commission_change_bps, "max_commission_change_bps"),
        (first, "slash_bps"),
        (second, "slash_bps"),
        (third, "slash_bps"),
        (of.fund_bps, "fund_bps"),
        (of.fee_share_bps, "fee_share_bps"),
    ];
    for (share, parameter) in shares {
        if share > BPS {
            let reason = "must be at most 10,000";
            return Err(OutOfBounds { parameter, reason });
        }
    }
    Ok(())
}

fn check_amounts(of: &StakingParams) -> Result<(), OutOfBounds> {
    if of.min_delegation.is_zero() {
        let (parameter, reason) = ("min_delegation", "must be at least 1 wei");
        return Err(OutOfBounds { parameter, reason });
    }
    let amounts = [
        (of.min_self_stake, "min_self_stake"),
        (of.min_delegation, "min_delegation"),
        (of.appeal_bond, "appeal_bond"),
        (of.emission_per_epoch, "emission_per_epoch"),
        (of.operator_cost, "operator_cost"),
    ];
    for (amount, parameter) in amounts {
        if amount.bit_len() > MAX_STAKE_BITS {
            let reason = "must be less than 2^140 (MAX_STAKE_BITS)";
            return Err(OutOfBounds { parameter, reason });
        }
    }
    Ok(())
}
