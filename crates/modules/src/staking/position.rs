//! A delegator's position with one operator: what it consists of, and where it is kept.

use super::{
    entries::{Lot, Unbonding, target_of},
    operators,
    pool::{BASE, Pool, checked_sub, sum},
    rewards::FRACTION_BITS,
    state::{DELEGATIONS, POSITIONS, offset},
    terms::Risk,
};
use crate::{
    codec::check_count,
    context::{Context, Stop, ensure, revert},
    limits::{MAX_LOTS, MAX_POSITIONS, MAX_UNBONDING},
    slots::address_key,
};
use alloy_primitives::{Address, U256};
use hansa_abi::IStaking;

const BASE_OFFSET: u64 = 1;
const REWARDS_OFFSET: u64 = 2;
const LOTS_OFFSET: u64 = 8;
const UNBONDING_OFFSET: u64 = 16;
/// What may be lost with the entries' targets.
const RISKS_OFFSET: u64 = 32;
const LOSSES_OFFSET: u64 = 48;

const _: () = assert!(LOTS_OFFSET + MAX_LOTS as u64 <= UNBONDING_OFFSET);
const _: () = assert!(UNBONDING_OFFSET + MAX_UNBONDING as u64 <= RISKS_OFFSET);
const _: () = assert!(RISKS_OFFSET + MAX_UNBONDING as u64 <= LOSSES_OFFSET);

/// See the module's documentation.
#[derive(Clone, Debug)]
pub(super) struct Position {
    pub(super) operator: u64,
    pub(super) delegator: Address,
    slot: U256,
    /// Whether it is in storage, and at which place of the delegator's list.
    listed: Option<u64>,
    /// How many of the operator's settled slashes it has been through.
    pub(super) seen: u64,
    /// Rewards of the epochs before this one are in `rewards`.
    pub(super) accrued: u64,
    pub(super) auto_restake: bool,
    pub(super) max_loss: Risk,
    /// Stake that has merged.
    pub(super) base: U256,
    /// Rewards in units of 2^-96 wei.
    pub(super) rewards: U256,
    /// In ascending order of `from`.
    pub(super) lots: Vec<Lot>,
    pub(super) unbonding: Vec<Unbonding>,
    /// Slashes that it has been through since it was loaded, and what they took.
    pub(super) losses: Vec<(u64, U256)>,
}

impl Position {
    /// Loads a position, or begins one that nothing has happened to.
    pub(super) fn load(
        context: &mut Context<'_>,
        operator: u64,
        delegator: Address,
    ) -> Result<Option<Self>, Stop> {
        let slot = position_slot(context, operator, delegator)?;
        let [counts, accrued, flags, index] = context.sload(slot)?.into_limbs();
        if flags == 0 {
            return Ok(None);
        }
        let mut position = Self {
            operator,
            delegator,
            slot,
            listed: Some(index),
            seen: counts >> 32,
            accrued,
            auto_restake: flags & 2 != 0,
            max_loss: Risk::decode(flags >> 16),
            base: context.sload(offset(slot, BASE_OFFSET))?,
            rewards: context.sload(offset(slot, REWARDS_OFFSET))?,
            lots: Vec::new(),
            unbonding: Vec::new(),
            losses: Vec::new(),
        };
        for index in 0..counts >> 8 & 0xff {
            let word = context.sload(offset(slot, LOTS_OFFSET + index))?;
            position.lots.push(Lot::decode(word));
        }
        for index in 0..counts & 0xff {
            let word = context.sload(offset(slot, UNBONDING_OFFSET + index))?;
            let risk = match target_of(word) {
                0 => U256::ZERO,
                _ => context.sload(offset(slot, RISKS_OFFSET + index))?,
            };
            position.unbonding.push(Unbonding::decode(word, risk));
        }
        Ok(Some(position))
    }

    /// A position that does not exist yet, and has therefore been through everything so far.
    pub(super) fn begin(
        context: &mut Context<'_>,
        operator: u64,
        delegator: Address,
        (seen, accrued): (u64, u64),
    ) -> Result<Self, Stop> {
        Ok(Self {
            operator,
            delegator,
            slot: position_slot(context, operator, delegator)?,
            listed: None,
            seen,
            accrued,
            auto_restake: false,
            max_loss: Risk::default(),
            base: U256::ZERO,
            rewards: U256::ZERO,
            lots: Vec::new(),
            unbonding: Vec::new(),
            losses: Vec::new(),
        })
    }

    /// What is delegated.
    pub(super) fn held(&self) -> U256 {
        sum(self.lots.iter().map(|lot| lot.amount)).saturating_add(self.base)
    }

    /// Whether anything that is delegated answers for a fault at an epoch that can still be punished.
    pub(super) fn holds_answerable(&self, epoch: u64) -> bool {
        !self.base.is_zero() || self.lots.iter().any(|lot| lot.from <= epoch)
    }

    /// The parts that answer for a fault at an epoch.
    pub(super) fn answerable(&mut self, epoch: u64) -> impl Iterator<Item = &mut U256> {
        let lots = self.lots.iter_mut().filter(move |lot| lot.from <= epoch);
        let unbonding = self.unbonding.iter_mut();
        let unbonding = unbonding.filter(move |entry| entry.answers(epoch));
        std::iter::once(&mut self.base)
            .chain(lots.map(|lot| &mut lot.amount))
            .chain(unbonding.map(|entry| &mut entry.amount))
    }

    /// Adds stake that counts from `from` on.
    ///
    /// # Errors
    /// Reverts when the position has as many lots as it can have, or the operator as much stake.
    pub(super) fn join(
        &mut self,
        context: &mut Context<'_>,
        pool: &mut Pool,
        from: u64,
        amount: U256,
    ) -> Result<(), Stop> {
        pool.join(context, from, amount)?;
        if from <= pool.cutoff {
            self.base = self.base.saturating_add(amount);
        } else if let Some(lot) = self.lots.iter_mut().find(|lot| lot.from == from) {
            lot.amount = lot.amount.saturating_add(amount);
        } else {
            self.check_room(from)?;
            self.lots.push(Lot { amount, from });
        }
        Ok(())
    }

    /// Reverts unless there is room for stake that counts from an epoch on.
    pub(super) fn check_room(&self, from: u64) -> Result<(), Stop> {
        if self.lots.iter().any(|lot| lot.from == from) {
            return Ok(());
        }
        check_count("lots", self.lots.len() + 1, MAX_LOTS)
    }

    /// Takes stake out, oldest first.
    ///
    /// # Errors
    /// Reverts when there is not that much, or with too many entries.
    pub(super) fn leave(
        &mut self,
        context: &mut Context<'_>,
        pool: &mut Pool,
        amount: U256,
        (until, to, max_loss): (u64, u64, Risk),
    ) -> Result<(), Stop> {
        let available = self.held();
        ensure(!amount.is_zero() && amount <= available, || {
            IStaking::InsufficientStake {
                operatorId: self.operator,
                amount,
                available,
            }
        })?;
        let mut rest = amount;
        let mut parts = Vec::new();
        let mut part_of = |held: &mut U256, from| -> Result<(), Stop> {
            let part = rest.min(*held);
            *held = checked_sub(*held, part)?;
            rest = checked_sub(rest, part)?;
            parts.push((from, part));
            Ok(())
        };
        part_of(&mut self.base, BASE)?;
        for lot in &mut self.lots {
            part_of(&mut lot.amount, lot.from)?;
        }
        self.lots.retain(|lot| !lot.amount.is_zero());
        for (from, amount) in parts.into_iter().filter(|(_, part)| !part.is_zero()) {
            pool.leave(context, (from, until), amount)?;
            self.push_unbonding(Unbonding {
                amount,
                from,
                until,
                to,
                max_loss,
            });
        }
        check_count("unbonding", self.unbonding.len(), MAX_UNBONDING)
    }

    /// Adds an entry, to one that differs in nothing but the amount if there is one.
    pub(super) fn push_unbonding(&mut self, new: Unbonding) {
        let key = |entry: &Unbonding| (entry.from, entry.until, entry.to, entry.max_loss);
        match self
            .unbonding
            .iter_mut()
            .find(|entry| key(entry) == key(&new))
        {
            Some(entry) => entry.amount = entry.amount.saturating_add(new.amount),
            None => self.unbonding.push(new),
        }
    }

    /// Writes the position and what follows from it: the delegator's list, and the operator's self-stake.
    ///
    /// # Errors
    /// Reverts when the delegator has as many positions as it can have.
    pub(super) fn save(&mut self, context: &mut Context<'_>) -> Result<(), Stop> {
        self.lots.retain(|lot| !lot.amount.is_zero());
        self.unbonding.retain(|entry| !entry.amount.is_zero());
        for (slash, loss) in std::mem::take(&mut self.losses) {
            let slot = self.loss_slot(context, slash)?;
            context.sstore(slot, loss)?;
        }
        let is_empty = self.held().is_zero()
            && self.unbonding.is_empty()
            && self.rewards >> FRACTION_BITS == U256::ZERO;
        match (self.listed, is_empty) {
            (None, true) => return Ok(()),
            (None, false) => self.listed = Some(list(context, self.delegator, self.operator)?),
            (Some(index), true) => unlist(context, self.delegator, index)?,
            (Some(_), false) => {}
        }
        self.write(context, is_empty)?;
        if is_empty {
            self.listed = None;
        }
        operators::note_stake(context, self.operator, self.delegator, self.held())
    }

    fn write(&self, context: &mut Context<'_>, is_empty: bool) -> Result<(), Stop> {
        let slot = self.slot;
        let (old_lots, old_unbonding) = counts(context.sload(slot)?);
        let (lots, unbonding) = (self.lots.len() as u64, self.unbonding.len() as u64);
        let header = if is_empty {
            U256::ZERO
        } else {
            U256::from_limbs([
                self.seen << 32 | lots << 8 | unbonding,
                self.accrued,
                1 | u64::from(self.auto_restake) << 1 | self.max_loss.encode() << 16,
                self.listed.unwrap_or_default(),
            ])
        };
        context.sstore(slot, header)?;
        context.sstore(offset(slot, BASE_OFFSET), self.base)?;
        let rewards = if is_empty { U256::ZERO } else { self.rewards };
        context.sstore(offset(slot, REWARDS_OFFSET), rewards)?;
        for index in 0..lots.max(old_lots) {
            let lot = self.lots.get(index as usize);
            let word = lot.map_or(U256::ZERO, Lot::encode);
            context.sstore(offset(slot, LOTS_OFFSET + index), word)?;
        }
        for index in 0..unbonding.max(old_unbonding) {
            let entry = self.unbonding.get(index as usize);
            let word = entry.map_or(U256::ZERO, Unbonding::encode);
            let old = context.sload(offset(slot, UNBONDING_OFFSET + index))?;
            context.sstore(offset(slot, UNBONDING_OFFSET + index), word)?;
            // Without a target nothing is written beside an entry, and nothing is left there.
            if [old, word].into_iter().any(|word| target_of(word) != 0) {
                let risk = entry.map_or(U256::ZERO, Unbonding::encode_risk);
                context.sstore(offset(slot, RISKS_OFFSET + index), risk)?;
            }
        }
        Ok(())
    }

    /// Where it is kept what a slash took.
    pub(super) fn loss_slot(&self, context: &mut Context<'_>, slash: u64) -> Result<U256, Stop> {
        context.slot_of(U256::from(slash), offset(self.slot, LOSSES_OFFSET))
    }
}

/// What a settled slash took from a delegator, if that was noted already.
pub(super) fn noted_loss(
    context: &mut Context<'_>,
    (operator, delegator): (u64, Address),
    slash: u64,
) -> Result<U256, Stop> {
    let slot = position_slot(context, operator, delegator)?;
    let slot = context.slot_of(U256::from(slash), offset(slot, LOSSES_OFFSET))?;
    context.sload(slot)
}

/// The operators that a delegator has a position with.
pub(super) fn listed(context: &mut Context<'_>, delegator: Address) -> Result<Vec<u64>, Stop> {
    let slot = context.slot_of(address_key(delegator), DELEGATIONS)?;
    let count = context.sload(slot)?.as_limbs()[0].min(MAX_POSITIONS as u64);
    (0..count)
        .map(|index| Ok(context.sload(offset(slot, index + 1))?.as_limbs()[0]))
        .collect()
}

/// Reverts unless a position exists.
pub(super) fn no_delegation(operator: u64, delegator: Address) -> Stop {
    revert(IStaking::NoDelegation {
        operatorId: operator,
        delegator,
    })
}

fn position_slot(
    context: &mut Context<'_>,
    operator: u64,
    delegator: Address,
) -> Result<U256, Stop> {
    let delegators = context.slot_of(U256::from(operator), POSITIONS)?;
    context.slot_of(address_key(delegator), delegators)
}

/// Appends to a delegator's list; returns the place.
fn list(context: &mut Context<'_>, delegator: Address, operator: u64) -> Result<u64, Stop> {
    let slot = context.slot_of(address_key(delegator), DELEGATIONS)?;
    let count = context.sload(slot)?.as_limbs()[0];
    check_count("positions", count as usize + 1, MAX_POSITIONS)?;
    context.sstore(offset(slot, count + 1), U256::from(operator))?;
    context.sstore(slot, U256::from(count + 1))?;
    Ok(count)
}

/// Takes a place out of a delegator's list; the last one moves there.
fn unlist(context: &mut Context<'_>, delegator: Address, index: u64) -> Result<(), Stop> {
    let slot = context.slot_of(address_key(delegator), DELEGATIONS)?;
    let last = context.sload(slot)?.as_limbs()[0].saturating_sub(1);
    let moved = context.sload(offset(slot, last + 1))?;
    context.sstore(offset(slot, last + 1), U256::ZERO)?;
    context.sstore(slot, U256::from(last))?;
    if index == last {
        return Ok(());
    }
    context.sstore(offset(slot, index + 1), moved)?;
    let header = position_slot(context, moved.as_limbs()[0], delegator)?;
    let [counts, accrued, flags, _] = context.sload(header)?.into_limbs();
    context.sstore(header, U256::from_limbs([counts, accrued, flags, index]))
}

/// How many lots and entries a header says there are.
const fn counts(header: U256) -> (u64, u64) {
    let counts = header.as_limbs()[0];
    (counts >> 8 & 0xff, counts & 0xff)
}
