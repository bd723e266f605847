//! The parameters of staking, as a genesis gives them.

use alloy_primitives::U256;
use serde::{Deserialize, Serialize};

/// Parameters of the staking module. Amounts are wei, shares are of 10,000 ("bps"), windows are epochs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StakingParams {
    /// Blocks of an epoch. Never changes.
    pub epoch_blocks: u64,
    /// Blocks between fixing the next committee and the end of the epoch. Never changes.
    pub freeze_blocks: u64,
    /// Seats of a committee.
    pub seats: u64,
    /// Least self-delegation of an operator that is selected.
    pub min_self_stake: U256,
    /// Least amount of one delegation.
    pub min_delegation: U256,
    /// Epochs from leaving the stake to withdrawing.
    pub unbonding_epochs: u64,
    /// Epochs for which evidence of a fault is taken.
    pub evidence_epochs: u64,
    /// Epochs for which a certificate may be relied upon elsewhere.
    pub certificate_epochs: u64,
    /// An operator that took no part for so many seconds is jailed, at the end of an epoch.
    pub max_absence_s: u64,
    /// Epochs that an operator stays out that was absent, or whose slash was settled.
    pub jail_epochs: u64,
    /// Epochs from evidence to the settlement of its slash, and again when an appeal is made.
    pub appeal_epochs: u64,
    /// Highest commission.
    pub max_commission_bps: u64,
    /// By how much a commission may rise within a day.
    pub max_commission_change_bps: u64,
    /// Part of the stake that a fault costs: conflicting notarize, conflicting finalize, nullify and finalize.
    pub slash_bps: [u64; 3],
    /// Part of a slash that goes to whoever submitted the evidence.
    pub finder_bps: u64,
    /// Part of the rest of a slash that goes to the fund; what then remains is burnt.
    pub fund_bps: u64,
    /// What an appeal has to deposit.
    pub appeal_bond: U256,
    /// Newly issued at the end of each epoch.
    pub emission_per_epoch: U256,
    /// Part of the base fees that goes to staking.
    pub fee_share_bps: u64,
    /// Paid to each seat that took part before anything is paid by stake.
    pub operator_cost: U256,
}

/// A number of ether divided by 1,000.
fn milliether(count: u64) -> U256 {
    U256::from(count) * U256::from(1_000_000_000_000_000u64)
}

impl Default for StakingParams {
    /// An epoch of 1,000 blocks is between two minutes and an hour and a half, by load. Unbonding is twice the evidence
    /// window, with the lifetime of certificates to spare. All three faults cost the same 5%: each of them is an
    /// equivocation, which no correct node signs by accident of the network, and a tenth of it, at most, would
    /// be worth risking for a fork. A twentieth of a slash rewards the finder; half of the rest refills the fund. An hour of
    /// absence leaves time for repairs.
    fn default() -> Self {
        Self {
            epoch_blocks: 1_000,
            freeze_blocks: 100,
            seats: 21,
            min_self_stake: milliether(32_000),
            min_delegation: milliether(10),
            unbonding_epochs: 28,
            evidence_epochs: 14,
            certificate_epochs: 7,
            max_absence_s: 3_600,
            jail_epochs: 2,
            appeal_epochs: 4,
            max_commission_bps: 3_000,
            max_commission_change_bps: 100,
            slash_bps: [500; 3],
            finder_bps: 500,
            fund_bps: 5_000,
            appeal_bond: milliether(1_000),
            emission_per_epoch: milliether(1_000),
            fee_share_bps: 5_000,
            operator_cost: milliether(10),
        }
    }
}
