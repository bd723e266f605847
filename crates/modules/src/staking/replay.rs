//! Bringing a position up to date: rewards and slashes since it was last touched, in the order in which they happened.
//!
//! The result does not depend on when, or how often, a position is touched: rewards add up in fractions of a wei that
//! are exact, and a slash finds the lots merged as they were when it was settled.

use super::{
    clock::Clock,
    operators,
    pool::{BASE, Pool, ceil_bps},
    position::Position,
    rewards::FRACTION_BITS,
    slashes,
    state::{INDEXES, SETTLED, offset},
};
use crate::context::{Context, Stop};
use alloy_primitives::{Address, U256};
use hansa_abi::IStaking;

/// A settled slash, as an operator's positions go through it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settled {
    /// The slash.
    pub(super) id: u64,
    /// Epoch of the fault.
    pub(super) epoch: u64,
    pub(super) bps: u64,
    /// Rewards of the epochs before this one came first.
    pub(super) rewarded: u64,
    /// Lots up to this epoch had merged.
    pub(super) cutoff: u64,
}

/// How many slashes of an operator were settled.
pub(super) fn settled_count(context: &mut Context<'_>, operator: u64) -> Result<u64, Stop> {
    let slot = context.slot_of(U256::from(operator), SETTLED)?;
    Ok(context.sload(slot)?.as_limbs()[0])
}

fn settled_at(context: &mut Context<'_>, operator: u64, index: u64) -> Result<Settled, Stop> {
    let slot = context.slot_of(U256::from(operator), SETTLED)?;
    let [epoch, rewarded, cutoff, rest] = context.sload(offset(slot, index + 1))?.into_limbs();
    Ok(Settled {
        id: rest >> 16,
        epoch,
        bps: rest & 0xffff,
        rewarded,
        cutoff,
    })
}

pub(super) fn push_settled(
    context: &mut Context<'_>,
    operator: u64,
    settled: Settled,
) -> Result<(), Stop> {
    let slot = context.slot_of(U256::from(operator), SETTLED)?;
    let count = context.sload(slot)?.as_limbs()[0];
    let rest = settled.id << 16 | settled.bps;
    let word = U256::from_limbs([settled.epoch, settled.rewarded, settled.cutoff, rest]);
    context.sstore(offset(slot, count + 1), word)?;
    context.sstore(slot, U256::from(count + 1))
}

/// What one wei that counted in every epoch before `epoch` has earned, in units of 2^-96 wei.
pub(super) fn index_before(
    context: &mut Context<'_>,
    operator: u64,
    epoch: u64,
) -> Result<U256, Stop> {
    let Some(last) = epoch.checked_sub(1) else {
        return Ok(U256::ZERO);
    };
    let epochs = context.slot_of(U256::from(operator), INDEXES)?;
    let slot = context.slot_of(U256::from(last), epochs)?;
    context.sload(slot)
}

pub(super) fn set_index(
    context: &mut Context<'_>,
    operator: u64,
    epoch: u64,
    index: U256,
) -> Result<(), Stop> {
    let epochs = context.slot_of(U256::from(operator), INDEXES)?;
    let slot = context.slot_of(U256::from(epoch), epochs)?;
    context.sstore(slot, index)
}

impl Position {
    /// A position as it is now, without writing anything; a fresh one where there is none.
    pub(super) fn current(
        context: &mut Context<'_>,
        clock: &Clock,
        operator: u64,
        delegator: Address,
    ) -> Result<Self, Stop> {
        let count = settled_count(context, operator)?;
        let Some(mut position) = Self::load(context, operator, delegator)? else {
            return Self::begin(context, operator, delegator, (count, clock.rewarded));
        };
        while position.seen < count {
            let settled = settled_at(context, operator, position.seen)?;
            position.accrue(context, settled.rewarded)?;
            position.merge(settled.cutoff);
            position.go_through(&settled);
        }
        position.accrue(context, clock.rewarded)?;
        let cutoff = cutoff(context, clock, operator)?;
        position.merge(cutoff);
        Ok(position)
    }

    /// Earns what is due for the epochs before `rewarded`.
    fn accrue(&mut self, context: &mut Context<'_>, rewarded: u64) -> Result<(), Stop> {
        let since = self.accrued;
        if since >= rewarded {
            return Ok(());
        }
        self.accrued = rewarded;
        let rewarded = rewarded.min(operators::earns_until(context, self.operator)?);
        let lots = self.lots.iter().map(|lot| (lot.amount, lot.from, rewarded));
        let unbonding = self.unbonding.iter();
        let unbonding = unbonding.map(|entry| (entry.amount, entry.from, entry.until));
        let parts: Vec<_> = std::iter::once((self.base, BASE, rewarded))
            .chain(lots)
            .chain(unbonding)
            .collect();
        for (amount, from, until) in parts {
            let (start, end) = (from.max(since), until.min(rewarded));
            if start < end && !amount.is_zero() {
                let first = index_before(context, self.operator, start)?;
                let last = index_before(context, self.operator, end)?;
                let earned = amount.saturating_mul(last.saturating_sub(first));
                self.rewards = self.rewards.saturating_add(earned);
            }
        }
        Ok(())
    }

    /// Merges with the base what joined up to the cutoff. Rewards up to there were earned before.
    fn merge(&mut self, cutoff: u64) {
        for lot in self.lots.extract_if(.., |lot| lot.from <= cutoff) {
            self.base = self.base.saturating_add(lot.amount);
        }
    }

    /// Loses what a slash takes: the ceiling of each part.
    fn go_through(&mut self, settled: &Settled) {
        let mut loss = U256::ZERO;
        for amount in self.answerable(settled.epoch) {
            let part = ceil_bps(*amount, settled.bps);
            // A fraction of at most one whole never exceeds the amount.
            *amount = amount.saturating_sub(part);
            loss = loss.saturating_add(part);
        }
        self.seen += 1;
        if !loss.is_zero() {
            self.losses.push((settled.id, loss));
        }
    }

    /// What a slash would take.
    pub(super) fn preview(&self, epoch: u64, bps: u64) -> U256 {
        let mut position = self.clone();
        let parts = position.answerable(epoch);
        super::pool::sum(parts.map(|amount| ceil_bps(*amount, bps)))
    }
}

/// Up to which epoch an operator's lots merge now. While slashes are pending this stands still, so that they find
/// what was there when their evidence came.
pub(super) fn cutoff(context: &mut Context<'_>, clock: &Clock, operator: u64) -> Result<u64, Stop> {
    let stored = Pool::load(context, operator)?.cutoff;
    if slashes::pending_count(context, operator)? > 0 {
        return Ok(stored);
    }
    Ok(stored.max(clock.oldest_fault()))
}

/// An operator's sums and one of its positions, both up to date, and with the rewards delegated where the delegator
/// wants that.
pub(super) fn touch(
    context: &mut Context<'_>,
    clock: &Clock,
    operator: u64,
    delegator: Address,
) -> Result<(Pool, Position), Stop> {
    let mut position = Position::current(context, clock, operator, delegator)?;
    let pool = &mut matured(context, clock, operator)?;
    if position.auto_restake {
        restake(context, clock, pool, &mut position)?;
    }
    Ok((*pool, position))
}

/// An operator's sums with what is old enough merged.
pub(super) fn matured(
    context: &mut Context<'_>,
    clock: &Clock,
    operator: u64,
) -> Result<Pool, Stop> {
    let cutoff = cutoff(context, clock, operator)?;
    let mut pool = Pool::load(context, operator)?;
    pool.mature(context, cutoff)?;
    Ok(pool)
}

/// Delegates a position's rewards as far as they are whole wei. Returns how much that was: zero when the operator takes
/// no stake, asks for more risk than was signed, or has no room, and then the rewards stay claimable.
pub(super) fn restake(
    context: &mut Context<'_>,
    clock: &Clock,
    pool: &mut Pool,
    position: &mut Position,
) -> Result<U256, Stop> {
    let amount = position.rewards >> FRACTION_BITS;
    let operator = operators::find(context, position.operator)?;
    let risk = operator.risk.largest_from(clock.effective);
    let takes_stake = operator.is_open() && position.max_loss.covers(&risk).is_ok();
    if amount.is_zero() || !takes_stake || position.check_room(clock.effective).is_err() {
        return Ok(U256::ZERO);
    }
    position.rewards = position.rewards.saturating_sub(amount << FRACTION_BITS);
    position.join(context, pool, clock.effective, amount)?;
    context.emit(&IStaking::Restaked {
        operatorId: position.operator,
        delegator: position.delegator,
        amount,
        fromEpoch: clock.effective,
    })?;
    Ok(amount)
}
