//! The parameters in storage: slots 8 to 18.
//!
//! | slot | 64 bits each, from the lowest |
//! |---|---|
//! | 8 | epoch_blocks, freeze_blocks, seats, jail_epochs |
//! | 9 | unbonding_epochs, evidence_epochs, certificate_epochs, appeal_epochs |
//! | 10 | max_commission_bps, max_commission_change_bps, finder_bps, fund_bps |
//! | 11 | fee_share_bps |
//! | 12 | slash_bps: terms of each kind, see `terms` |
//! | 13.. | min_self_stake, min_delegation, appeal_bond, emission_per_epoch, operator_cost, max_absence_s |

use super::{
    clock::Clock,
    epochs::Calendar,
    parameters::{OutOfBounds, check},
    state::{load, slot},
    terms::{Risk, RiskTerms},
};
use crate::{
    context::{Context, Stop},
    genesis::explain,
    host::{Block, Host, StorageRead},
};
use alloy_primitives::U256;
use hansa_abi::STAKING;
use hansa_primitives::StakingParams;

const BLOCKS: U256 = slot(8);
const WINDOWS: U256 = slot(9);
const SHARES: U256 = slot(10);
const FEE_SHARE: U256 = slot(11);
const SLASHES: U256 = slot(12);
const MIN_SELF_STAKE: U256 = slot(13);
const MIN_DELEGATION: U256 = slot(14);
const APPEAL_BOND: U256 = slot(15);
const EMISSION: U256 = slot(16);
const OPERATOR_COST: U256 = slot(17);
const MAX_ABSENCE: U256 = slot(18);

/// The windows, in epochs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows {
    pub(super) unbonding: u64,
    pub(super) evidence: u64,
    pub(super) certificate: u64,
    pub(super) appeal: u64,
}

/// The shares, of 10,000.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shares {
    pub(super) max_commission: u64,
    pub(super) max_commission_change: u64,
    pub(super) finder: u64,
    pub(super) fund: u64,
}

/// How blocks divide into epochs; `None` on a chain whose genesis has no operators.
pub(crate) fn calendar<R: StorageRead>(read: &mut R) -> Result<Option<Calendar>, R::Error> {
    let [epoch_blocks, freeze_blocks, ..] = load(read, BLOCKS)?.into_limbs();
    Ok((epoch_blocks > 0).then_some(Calendar {
        epoch_blocks,
        freeze_blocks,
    }))
}

/// Whether the chain has staking: whether it is a hub.
pub(crate) fn is_enabled<R: StorageRead>(read: &mut R) -> Result<bool, R::Error> {
    Ok(calendar(read)?.is_some())
}

/// The epoch of a block, and the oldest one whose committee may still be relied upon in it; `None` on a chain without staking.
pub(crate) fn relied_upon_since<R: StorageRead>(
    read: &mut R,
    block: u64,
) -> Result<Option<(u64, u64)>, R::Error> {
    let Some(calendar) = calendar(read)? else {
        return Ok(None);
    };
    let now = calendar.epoch_of(block);
    Ok(Some((now, now.saturating_sub(windows(read)?.certificate))))
}

/// Seats of a committee, and epochs in jail.
pub(super) fn seats_and_jail(context: &mut Context<'_>) -> Result<(u64, u64), Stop> {
    let [.., seats, jail] = context.sload(BLOCKS)?.into_limbs();
    Ok((seats, jail))
}

pub(super) fn windows<R: StorageRead>(read: &mut R) -> Result<Windows, R::Error> {
    let [unbonding, evidence, certificate, appeal] = load(read, WINDOWS)?.into_limbs();
    Ok(Windows {
        unbonding,
        evidence,
        certificate,
        appeal,
    })
}

pub(super) fn shares(context: &mut Context<'_>) -> Result<Shares, Stop> {
    let [max_commission, max_commission_change, finder, fund] = context.sload(SHARES)?.into_limbs();
    Ok(Shares {
        max_commission,
        max_commission_change,
        finder,
        fund,
    })
}

/// Part of the base fees that goes to staking, of 10,000. Zero on a chain without staking.
///
/// # Errors
/// When the state cannot be read.
pub fn fee_share_bps<R: StorageRead>(read: &mut R) -> Result<u64, R::Error> {
    Ok(load(read, FEE_SHARE)?.as_limbs()[0])
}

/// What each kind of fault costs, by epoch.
pub(super) fn slash_terms<R: StorageRead>(read: &mut R) -> Result<RiskTerms, R::Error> {
    let [first, second, third, _] = load(read, SLASHES)?.into_limbs();
    Ok(RiskTerms::decode([first, second, third]))
}

pub(super) fn min_self_stake(context: &mut Context<'_>) -> Result<U256, Stop> {
    context.sload(MIN_SELF_STAKE)
}

pub(super) fn min_delegation(context: &mut Context<'_>) -> Result<U256, Stop> {
    context.sload(MIN_DELEGATION)
}

pub(super) fn appeal_bond(context: &mut Context<'_>) -> Result<U256, Stop> {
    context.sload(APPEAL_BOND)
}

pub(super) fn emission(context: &mut Context<'_>) -> Result<U256, Stop> {
    context.sload(EMISSION)
}

/// Seconds without a sign of an operator after which it is jailed.
pub(super) fn max_absence(context: &mut Context<'_>) -> Result<u64, Stop> {
    Ok(context.sload(MAX_ABSENCE)?.as_limbs()[0])
}

pub(super) fn operator_cost(context: &mut Context<'_>) -> Result<U256, Stop> {
    context.sload(OPERATOR_COST)
}

/// All parameters as they are now; of the parts that faults cost, what was decided last.
pub(super) fn parameters(context: &mut Context<'_>) -> Result<StakingParams, Stop> {
    let [epoch_blocks, freeze_blocks, seats, jail_epochs] = context.sload(BLOCKS)?.into_limbs();
    let windows = windows(context)?;
    let shares = shares(context)?;
    Ok(StakingParams {
        epoch_blocks,
        freeze_blocks,
        seats,
        min_self_stake: min_self_stake(context)?,
        min_delegation: min_delegation(context)?,
        unbonding_epochs: windows.unbonding,
        evidence_epochs: windows.evidence,
        certificate_epochs: windows.certificate,
        max_absence_s: max_absence(context)?,
        jail_epochs,
        appeal_epochs: windows.appeal,
        max_commission_bps: shares.max_commission,
        max_commission_change_bps: shares.max_commission_change,
        slash_bps: slash_terms(context)?.decided().0,
        finder_bps: shares.finder,
        fund_bps: shares.fund,
        appeal_bond: appeal_bond(context)?,
        emission_per_epoch: emission(context)?,
        fee_share_bps: fee_share_bps(context)?,
        operator_cost: operator_cost(context)?,
    })
}

/// Writes parameters that were checked, with what faults cost given by epoch.
pub(super) fn store(
    context: &mut Context<'_>,
    new: &StakingParams,
    slashes: RiskTerms,
) -> Result<(), Stop> {
    let limbs = |limbs: [u64; 4]| U256::from_limbs(limbs);
    let [first, second, third] = slashes.encode();
    let words = [
        (
            BLOCKS,
            limbs([
                new.epoch_blocks,
                new.freeze_blocks,
                new.seats,
                new.jail_epochs,
            ]),
        ),
        (
            WINDOWS,
            limbs([
                new.unbonding_epochs,
                new.evidence_epochs,
                new.certificate_epochs,
                new.appeal_epochs,
            ]),
        ),
        (
            SHARES,
            limbs([
                new.max_commission_bps,
                new.max_commission_change_bps,
                new.finder_bps,
                new.fund_bps,
            ]),
        ),
        (FEE_SHARE, U256::from(new.fee_share_bps)),
        (SLASHES, limbs([first, second, third, 0])),
        (MIN_SELF_STAKE, new.min_self_stake),
        (MIN_DELEGATION, new.min_delegation),
        (APPEAL_BOND, new.appeal_bond),
        (EMISSION, new.emission_per_epoch),
        (OPERATOR_COST, new.operator_cost),
        (MAX_ABSENCE, U256::from(new.max_absence_s)),
    ];
    for (slot, value) in words {
        context.sstore(slot, value)?;
    }
    Ok(())
}

/// Why parameters were not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParametersRefused {
    /// A bound is broken, or a change comes too early.
    #[error(transparent)]
    OutOfBounds(#[from] OutOfBounds),
    /// The chain has no staking, or the host failed.
    #[error("{0}")]
    Failed(String),
}

/// Changes the parameters, for whoever governs them. Everything holds from this block on, but for the share that a
/// fault costs: a lower one holds from the effective epoch on, a higher one once delegators had time to leave.
///
/// # Errors
/// When a bound is broken, a length that never changes would, or a share of a fault was changed so recently that
/// evidence still asks for the former one.
pub fn set_parameters(
    host: &mut dyn Host,
    block: Block,
    new: &StakingParams,
) -> Result<(), ParametersRefused> {
    check(new)?;
    let mut context = Context::of_chain(host, STAKING, block);
    let failed = |stop| ParametersRefused::Failed(explain(stop));
    let clock = Clock::read(&mut context).map_err(failed)?;
    let old = parameters(&mut context).map_err(failed)?;
    check_lengths(&old, new)?;
    let terms = slash_terms(&mut context).map_err(failed)?;
    let terms = terms.change(&clock, Risk(new.slash_bps));
    let terms = terms.map_err(|_| OutOfBounds {
        parameter: "slash_bps",
        reason: "was changed so recently that evidence still asks for the former one",
    })?;
    store(&mut context, new, terms)
        .and_then(|()| context.commit())
        .map_err(failed)
}

fn check_lengths(old: &StakingParams, new: &StakingParams) -> Result<(), OutOfBounds> {
    let lengths = [
        (old.epoch_blocks, new.epoch_blocks, "epoch_blocks"),
        (old.freeze_blocks, new.freeze_blocks, "freeze_blocks"),
    ];
    for (old, new, parameter) in lengths {
        if old != new {
            let reason = "never changes after the genesis";
            return Err(OutOfBounds { parameter, reason });
        }
    }
    Ok(())
}
