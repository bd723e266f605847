//! What delegators do.

use super::{
    clock::Clock,
    entries::Unbonding,
    operators,
    pool::Pool,
    position::{Position, no_delegation},
    replay::{self, touch},
    rewards::FRACTION_BITS,
    settings, slashes,
    terms::{Risk, check_shares},
};
use crate::context::{Context, Stop, ensure, revert};
use alloy_primitives::{Address, U256};
use hansa_abi::IStaking;

pub(super) fn delegate(
    context: &mut Context<'_>,
    call: IStaking::delegateCall,
) -> Result<IStaking::delegateReturn, Stop> {
    let clock = Clock::read(context)?;
    let (amount, delegator) = (context.value(), context.caller());
    let minimum = settings::min_delegation(context)?;
    ensure(amount >= minimum, || IStaking::StakeTooSmall {
        amount,
        minimum,
    })?;
    let max_loss = check_shares(call.maxLoss)?;
    check_target(context, &clock, call.operatorId, max_loss)?;
    let (mut pool, mut position) = touch(context, &clock, call.operatorId, delegator)?;
    deposit(
        context,
        &clock,
        (&mut pool, &mut position),
        (amount, max_loss),
    )?;
    pool.save(context)?;
    position.save(context)?;
    Ok(IStaking::delegateReturn {})
}

/// Reverts unless an operator takes stake from somebody who is ready to lose so much for each kind of fault.
fn check_target(
    context: &mut Context<'_>,
    clock: &Clock,
    id: u64,
    max_loss: Risk,
) -> Result<(), Stop> {
    let operator = operators::find(context, id)?;
    ensure(operator.is_open(), || IStaking::OperatorClosed {
        operatorId: id,
    })?;
    let risk = operator.risk.largest_from(clock.effective);
    max_loss.covers(&risk).map_err(|exceeded| {
        revert(IStaking::RiskTooHigh {
            operatorId: id,
            kind: exceeded.kind,
            riskBps: exceeded.asked,
            maxLossBps: exceeded.covered,
        })
    })
}

fn deposit(
    context: &mut Context<'_>,
    clock: &Clock,
    (pool, position): (&mut Pool, &mut Position),
    (amount, max_loss): (U256, Risk),
) -> Result<(), Stop> {
    position.max_loss = max_loss;
    position.join(context, pool, clock.effective, amount)?;
    context.emit(&IStaking::Delegated {
        operatorId: position.operator,
        delegator: position.delegator,
        amount,
        fromEpoch: clock.effective,
    })
}

pub(super) fn undelegate(
    context: &mut Context<'_>,
    call: IStaking::undelegateCall,
) -> Result<IStaking::undelegateReturn, Stop> {
    let clock = Clock::read(context)?;
    leave(
        context,
        &clock,
        call.operatorId,
        call.amount,
        (0, Risk::default()),
    )?;
    Ok(IStaking::undelegateReturn {})
}

pub(super) fn redelegate(
    context: &mut Context<'_>,
    call: IStaking::redelegateCall,
) -> Result<IStaking::redelegateReturn, Stop> {
    let clock = Clock::read(context)?;
    ensure(call.from != call.to, || IStaking::SameOperator {
        operatorId: call.to,
    })?;
    let max_loss = check_shares(call.maxLoss)?;
    check_target(context, &clock, call.to, max_loss)?;
    leave(context, &clock, call.from, call.amount, (call.to, max_loss))?;
    Ok(IStaking::redelegateReturn {})
}

/// Takes stake of the caller out of an operator's, for itself or for another operator.
fn leave(
    context: &mut Context<'_>,
    clock: &Clock,
    id: u64,
    amount: U256,
    (to, max_loss): (u64, Risk),
) -> Result<(), Stop> {
    operators::find(context, id)?;
    let delegator = context.caller();
    let (mut pool, mut position) = touch(context, clock, id, delegator)?;
    for (slash, epoch) in slashes::pending(context, id)? {
        if position.holds_answerable(epoch) {
            return Err(slashes::pending_error(context, slash)?);
        }
    }
    let until = clock.effective;
    position.leave(context, &mut pool, amount, (until, to, max_loss))?;
    pool.save(context)?;
    position.save(context)?;
    context.emit(&IStaking::Undelegated {
        operatorId: id,
        delegator,
        amount,
        untilEpoch: until,
        to,
    })
}

pub(super) fn withdraw(
    context: &mut Context<'_>,
    call: IStaking::withdrawCall,
) -> Result<U256, Stop> {
    let clock = Clock::read(context)?;
    let (id, delegator) = (call.operatorId, context.caller());
    operators::find(context, id)?;
    let (mut pool, mut position) = touch(context, &clock, id, delegator)?;
    let due = take_due(context, &clock, &mut position, |entry| entry.to == 0)?;
    let mut amount = U256::ZERO;
    for entry in due {
        pool.release(context, (entry.from, entry.until), entry.amount)?;
        amount = amount.saturating_add(entry.amount);
    }
    pool.save(context)?;
    position.save(context)?;
    context.transfer(delegator, amount)?;
    context.emit(&IStaking::Withdrawn {
        operatorId: id,
        delegator,
        amount,
    })?;
    Ok(amount)
}

/// Takes out of a position what has unbonded and answers for no pending slash.
///
/// # Errors
/// Reverts when that is nothing, and says so when a pending slash is the reason.
fn take_due(
    context: &mut Context<'_>,
    clock: &Clock,
    position: &mut Position,
    wanted: fn(&Unbonding) -> bool,
) -> Result<Vec<Unbonding>, Stop> {
    let pending = slashes::pending(context, position.operator)?;
    let locked = |entry: &Unbonding| {
        let mut pending = pending.iter();
        pending.find(|(_, epoch)| entry.answers(*epoch))
    };
    let is_ripe = |entry: &Unbonding| wanted(entry) && clock.epoch >= entry.claimable_at(clock);
    let due: Vec<_> = position
        .unbonding
        .extract_if(.., |entry| is_ripe(entry) && locked(entry).is_none())
        .collect();
    if due.is_empty() {
        let mut ripe = position.unbonding.iter().filter(|entry| is_ripe(entry));
        return Err(match ripe.find_map(locked) {
            Some((slash, _)) => slashes::pending_error(context, *slash)?,
            None => revert(IStaking::NothingDue {
                operatorId: position.operator,
            }),
        });
    }
    Ok(due)
}

pub(super) fn complete_redelegation(
    context: &mut Context<'_>,
    call: IStaking::completeRedelegationCall,
) -> Result<U256, Stop> {
    let clock = Clock::read(context)?;
    let (id, delegator) = (call.from, call.delegator);
    operators::find(context, id)?;
    let (mut pool, mut position) = touch(context, &clock, id, delegator)?;
    let due = take_due(context, &clock, &mut position, |entry| entry.to != 0)?;
    let mut completed = U256::ZERO;
    let mut accepted = Vec::new();
    for mut entry in due {
        match check_target(context, &clock, entry.to, entry.max_loss) {
            Ok(()) => {
                pool.release(context, (entry.from, entry.until), entry.amount)?;
                accepted.push(entry);
            }
            Err(Stop::Revert(_)) => {
                context.emit(&IStaking::RedelegationReleased {
                    operatorId: id,
                    delegator,
                    amount: entry.amount,
                    to: entry.to,
                })?;
                // It has unbonded, and is nobody's but the delegator's.
                (entry.to, entry.max_loss) = (0, Risk::default());
                position.push_unbonding(entry);
            }
            Err(stop) => return Err(stop),
        }
    }
    pool.save(context)?;
    position.save(context)?;
    for entry in accepted {
        let (mut pool, mut position) = touch(context, &clock, entry.to, delegator)?;
        // The stricter of what was signed for this stake and for what is there already.
        let max_loss = match position.held().is_zero() {
            true => entry.max_loss,
            false => entry.max_loss.stricter(position.max_loss),
        };
        let deposited = (entry.amount, max_loss);
        deposit(context, &clock, (&mut pool, &mut position), deposited)?;
        pool.save(context)?;
        position.save(context)?;
        completed = completed.saturating_add(entry.amount);
    }
    Ok(completed)
}

pub(super) fn claim_rewards(
    context: &mut Context<'_>,
    call: IStaking::claimRewardsCall,
) -> Result<U256, Stop> {
    let clock = Clock::read(context)?;
    let (id, delegator) = (call.operatorId, context.caller());
    operators::find(context, id)?;
    let pool = replay::matured(context, &clock, id)?;
    let mut position = Position::current(context, &clock, id, delegator)?;
    let amount = position.rewards >> FRACTION_BITS;
    ensure(!amount.is_zero(), || IStaking::NothingDue {
        operatorId: id,
    })?;
    position.rewards = position.rewards.saturating_sub(amount << FRACTION_BITS);
    pool.save(context)?;
    position.save(context)?;
    context.transfer(delegator, amount)?;
    context.emit(&IStaking::RewardsClaimed {
        operatorId: id,
        delegator,
        amount,
    })?;
    Ok(amount)
}

pub(super) fn restake(
    context: &mut Context<'_>,
    call: IStaking::restakeCall,
) -> Result<U256, Stop> {
    let clock = Clock::read(context)?;
    let (id, delegator) = (call.operatorId, context.caller());
    let mut pool = replay::matured(context, &clock, id)?;
    let mut position = Position::current(context, &clock, id, delegator)?;
    check_target(context, &clock, id, position.max_loss)?;
    let rewards = position.rewards >> FRACTION_BITS;
    ensure(!rewards.is_zero(), || IStaking::NothingDue {
        operatorId: id,
    })?;
    position.check_room(clock.effective)?;
    let amount = replay::restake(context, &clock, &mut pool, &mut position)?;
    pool.save(context)?;
    position.save(context)?;
    Ok(amount)
}

pub(super) fn set_auto_restake(
    context: &mut Context<'_>,
    call: IStaking::setAutoRestakeCall,
) -> Result<IStaking::setAutoRestakeReturn, Stop> {
    let clock = Clock::read(context)?;
    let (id, delegator) = (call.operatorId, context.caller());
    update(context, &clock, id, delegator, |position| {
        position.auto_restake = call.enabled;
    })?;
    context.emit(&IStaking::AutoRestakeSet {
        operatorId: id,
        delegator,
        enabled: call.enabled,
    })?;
    Ok(IStaking::setAutoRestakeReturn {})
}

pub(super) fn settle(
    context: &mut Context<'_>,
    call: IStaking::settleCall,
) -> Result<IStaking::settleReturn, Stop> {
    let clock = Clock::read(context)?;
    update(context, &clock, call.operatorId, call.delegator, |_| ())?;
    Ok(IStaking::settleReturn {})
}

/// Touches a position that exists, and changes it.
fn update(
    context: &mut Context<'_>,
    clock: &Clock,
    id: u64,
    delegator: Address,
    change: impl FnOnce(&mut Position),
) -> Result<(), Stop> {
    operators::find(context, id)?;
    if Position::load(context, id, delegator)?.is_none() {
        return Err(no_delegation(id, delegator));
    }
    let (pool, mut position) = touch(context, clock, id, delegator)?;
    change(&mut position);
    pool.save(context)?;
    position.save(context)
}
