//! What could be lost, what was lost, and what is earned.

use super::{
    clock::Clock,
    operators,
    pool::Pool,
    position::{self, Position},
    replay::{cutoff, index_before},
    rewards::FRACTION_BITS,
    settings, slashes,
    slashing::{fault_bps, fault_costs},
};
use crate::{
    codec::check_count,
    context::{Context, Stop, ensure},
    limits::MAX_PREVIEW,
};
use alloy_primitives::{U256, U512};
use hansa_abi::IStaking::{self as Abi, SlashState};
use std::cmp::Reverse;

/// Epochs that a reward rate looks back.
const RATE_EPOCHS: u64 = 7;
/// Operators that the view of concentration names.
const LARGEST: usize = 10;
const ETHER: u64 = 1_000_000_000_000_000_000;

pub(super) fn slash_share_of(
    context: &mut Context<'_>,
    call: Abi::slashShareOfCall,
) -> Result<Abi::slashShareOfReturn, Stop> {
    let clock = Clock::read(context)?;
    let slash = slashes::find(context, call.slashId)?;
    let position = Position::current(context, &clock, slash.operator, call.delegator)?;
    let amount = match slash.state {
        SlashState::Pending => position.preview(slash.epoch, slash.bps),
        SlashState::Settled => {
            let mut losses = position.losses.iter();
            match losses.find(|(id, _)| *id == slash.id) {
                Some((_, loss)) => *loss,
                None => {
                    let of = (slash.operator, call.delegator);
                    position::noted_loss(context, of, slash.id)?
                }
            }
        }
        _ => U256::ZERO,
    };
    Ok(Abi::slashShareOfReturn {
        kind: slash.kind,
        epoch: slash.epoch,
        state: slash.state,
        amount,
    })
}

/// Checks the arguments of a preview; returns the epoch that is meant.
fn preview_epoch(clock: &Clock, count: usize, epoch: u64) -> Result<u64, Stop> {
    check_count("operatorIds", count, MAX_PREVIEW)?;
    let epoch = if epoch == 0 { clock.epoch } else { epoch };
    ensure(epoch <= clock.epoch, || Abi::UnknownEpoch { epoch })?;
    Ok(epoch)
}

/// Reverts when a fault at an epoch cannot be punished any more.
fn check_reach(oldest: u64, epoch: u64) -> Result<(), Stop> {
    ensure(epoch >= oldest, || Abi::EvidenceExpired { epoch, oldest })
}

pub(super) fn preview_slash(
    context: &mut Context<'_>,
    call: Abi::previewSlashCall,
) -> Result<Vec<U256>, Stop> {
    let clock = Clock::read(context)?;
    let epoch = preview_epoch(&clock, call.operatorIds.len(), call.epoch)?;
    let mut amounts = Vec::new();
    for id in call.operatorIds {
        let operator = operators::find(context, id)?;
        let bps = fault_bps(context, &operator, call.kind, epoch)?;
        let cutoff = cutoff(context, &clock, id)?;
        check_reach(cutoff.max(clock.oldest_fault()), epoch)?;
        let pool = Pool::load(context, id)?;
        amounts.push(pool.preview(context, cutoff, epoch, bps)?);
    }
    Ok(amounts)
}

pub(super) fn preview_loss(
    context: &mut Context<'_>,
    call: Abi::previewLossCall,
) -> Result<Vec<U256>, Stop> {
    let clock = Clock::read(context)?;
    let epoch = preview_epoch(&clock, call.operatorIds.len(), call.epoch)?;
    let mut amounts = Vec::new();
    for id in call.operatorIds {
        let operator = operators::find(context, id)?;
        let bps = fault_bps(context, &operator, call.kind, epoch)?;
        let oldest = cutoff(context, &clock, id)?.max(clock.oldest_fault());
        check_reach(oldest, epoch)?;
        let position = Position::current(context, &clock, id, call.delegator)?;
        amounts.push(position.preview(epoch, bps));
    }
    Ok(amounts)
}

pub(super) fn exposure(
    context: &mut Context<'_>,
    call: Abi::exposureCall,
) -> Result<Vec<Abi::Exposure>, Stop> {
    let clock = Clock::read(context)?;
    let mut exposures = Vec::new();
    for id in position::listed(context, call.delegator)? {
        let operator = operators::find(context, id)?;
        let position = Position::current(context, &clock, id, call.delegator)?;
        let worst_bps = fault_costs(context, &operator, clock.epoch)?.largest();
        let unbonding = position.unbonding.iter().map(|entry| entry.amount);
        exposures.push(Abi::Exposure {
            operatorId: id,
            amount: position.held(),
            unbonding: super::pool::sum(unbonding),
            worstLoss: position.preview(clock.epoch, worst_bps),
        });
    }
    Ok(exposures)
}

pub(super) fn concentration(
    context: &mut Context<'_>,
    _: Abi::concentrationCall,
) -> Result<Abi::concentrationReturn, Stop> {
    let min_self_stake = settings::min_self_stake(context)?;
    let mut stakes = Vec::new();
    for id in operators::listed(context)? {
        let operator = operators::find(context, id)?;
        if operator.is_willing(min_self_stake) {
            stakes.push((Reverse(Pool::held_of(context, id)?), id));
        }
    }
    stakes.sort_unstable();
    let total = super::pool::sum(stakes.iter().map(|(stake, _)| stake.0));
    // The first stakes that together exceed a third.
    let mut sum = U256::ZERO;
    let least = stakes.iter().position(|(stake, _)| {
        sum = sum.saturating_add(stake.0);
        sum.saturating_mul(U256::from(3)) > total
    });
    stakes.truncate(LARGEST);
    Ok(Abi::concentrationReturn {
        total,
        nakamoto: least.map_or(0, |index| index as u64 + 1),
        largest: stakes.iter().map(|(_, id)| *id).collect(),
        stakes: stakes.iter().map(|(stake, _)| stake.0).collect(),
    })
}

pub(super) fn reward_rate(
    context: &mut Context<'_>,
    call: Abi::rewardRateCall,
) -> Result<Abi::rewardRateReturn, Stop> {
    let clock = Clock::read(context)?;
    operators::find(context, call.operatorId)?;
    let until = operators::earns_until(context, call.operatorId)?;
    let until = until.min(clock.rewarded);
    let epochs = until.min(RATE_EPOCHS);
    let first = index_before(context, call.operatorId, until - epochs)?;
    let last = index_before(context, call.operatorId, until)?;
    let risen: U512 = last.saturating_sub(first).widening_mul(U256::from(ETHER));
    Ok(Abi::rewardRateReturn {
        epochs,
        perEther: (risen >> FRACTION_BITS).saturating_to(),
    })
}
