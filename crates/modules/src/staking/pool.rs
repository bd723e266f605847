//! An operator's stake, summed over its delegators by when it counted.
//!
//! A fault at epoch `f` costs exactly the stake that counted in `f`: what joined at `from <= f` and had not left,
//! `f < until`. Two slashes with different `f` overlap in part, so sums over one epoch at a time cannot tell what the
//! second still finds: the sums are kept by pairs. A *cell* is the stake of one pair:
//!
//! - the base: everything that joined so early that every fault that can still be proved finds it (`from` counts as 0);
//! - young stake by `from`, until it is that old, when it merges with the base;
//! - stake on its way out by `from` and `until`.
//!
//! `until` of the former two is never. Only cells in use are read: sets of epochs tell which these are, and windows
//! bound how many there can be (some hundreds for the longest window, however many delegators there are). Delegators'
//! own positions mirror the cells, and are brought up to date when they are touched.
//!
//! **Rounding.** A slash takes the floor from a cell, and the ceiling from each delegator's part of it: a cell is
//! never less than its parts, and the wei of difference stay in the module.

use super::{
    parameters::BPS,
    state::{OPERATOR_POOLS, offset},
    window::{SPAN, Window},
};
use crate::{
    context::{Context, Stop, revert},
    limits::MAX_STAKE_BITS,
};
use alloy_primitives::U256;
use hansa_abi::{IModule, IStaking};

/// `from` of the base.
pub(super) const BASE: u64 = 0;

const TOTAL_OFFSET: u64 = 1;
const YOUNG_OFFSET: u64 = 2;
const LEAVING_OFFSET: u64 = 3;
const CUTOFF_OFFSET: u64 = 4;
const HELD_CELLS_OFFSET: u64 = 5;
const ROWS_OFFSET: u64 = 6;
const LEAVING_CELLS_OFFSET: u64 = 7;

/// The sums of one operator. Changes of the fields reach the storage with [`Pool::save`]; those of cells at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pool {
    operator: u64,
    slot: U256,
    /// Stake that is delegated: counts now, or is going to.
    pub(super) held: U256,
    /// The same and what is on its way out.
    pub(super) total: U256,
    /// Epochs of young stake.
    young: Window,
    /// Epochs at which stake left.
    leaving: Window,
    /// Stake that joined up to this epoch has merged with the base. Never decreases: a fault before it cannot be
    /// punished any more.
    pub(super) cutoff: u64,
}

/// A sum of stake that answers for a fault.
struct Cell {
    slot: U256,
    amount: U256,
    held: bool,
    from: u64,
}

/// The part of an amount that a slash takes from a cell.
pub(super) fn floor_bps(amount: U256, bps: u64) -> U256 {
    // Amounts have at most MAX_STAKE_BITS bits.
    amount.saturating_mul(U256::from(bps)) / U256::from(BPS)
}

/// The part of an amount that a slash takes from a delegator's part of a cell.
pub(super) fn ceil_bps(amount: U256, bps: u64) -> U256 {
    amount
        .saturating_mul(U256::from(bps))
        .div_ceil(U256::from(BPS))
}

impl Pool {
    pub(super) fn load(context: &mut Context<'_>, operator: u64) -> Result<Self, Stop> {
        let slot = context.slot_of(U256::from(operator), OPERATOR_POOLS)?;
        Ok(Self {
            operator,
            slot,
            held: context.sload(slot)?,
            total: context.sload(offset(slot, TOTAL_OFFSET))?,
            young: Window::decode(context.sload(offset(slot, YOUNG_OFFSET))?),
            leaving: Window::decode(context.sload(offset(slot, LEAVING_OFFSET))?),
            cutoff: context.sload(offset(slot, CUTOFF_OFFSET))?.as_limbs()[0],
        })
    }

    pub(super) fn save(&self, context: &mut Context<'_>) -> Result<(), Stop> {
        let slot = self.slot;
        context.sstore(slot, self.held)?;
        context.sstore(offset(slot, TOTAL_OFFSET), self.total)?;
        context.sstore(offset(slot, YOUNG_OFFSET), self.young.encode())?;
        context.sstore(offset(slot, LEAVING_OFFSET), self.leaving.encode())?;
        context.sstore(offset(slot, CUTOFF_OFFSET), U256::from(self.cutoff))
    }

    /// What is delegated to an operator.
    pub(super) fn held_of(context: &mut Context<'_>, operator: u64) -> Result<U256, Stop> {
        let slot = context.slot_of(U256::from(operator), OPERATOR_POOLS)?;
        context.sload(slot)
    }

    /// Merges with the base what joined up to `cutoff`.
    pub(super) fn mature(&mut self, context: &mut Context<'_>, cutoff: u64) -> Result<(), Stop> {
        self.cutoff = self.cutoff.max(cutoff);
        let base = self.held_cell(context, BASE)?;
        for from in self.young.epochs().take_while(|from| *from <= self.cutoff) {
            let slot = self.held_cell(context, from)?;
            let amount = context.sload(slot)?;
            add(context, base, amount)?;
            context.sstore(slot, U256::ZERO)?;
            self.young.remove(from);
        }
        Ok(())
    }

    /// Stake that counts from epoch `from` on.
    ///
    /// # Errors
    /// Reverts when the operator cannot have that much.
    pub(super) fn join(
        &mut self,
        context: &mut Context<'_>,
        from: u64,
        amount: U256,
    ) -> Result<(), Stop> {
        let too_large = || {
            revert(IStaking::StakeTooLarge {
                operatorId: self.operator,
                limit: U256::ONE << MAX_STAKE_BITS,
            })
        };
        let total = self.total.checked_add(amount).ok_or_else(too_large)?;
        if total.bit_len() > MAX_STAKE_BITS {
            return Err(too_large());
        }
        if from > self.cutoff && !self.young.insert(from, 0) {
            return Err(out_of_window());
        }
        let from = if from > self.cutoff { from } else { BASE };
        let slot = self.held_cell(context, from)?;
        add(context, slot, amount)?;
        self.total = total;
        self.held = self.held.saturating_add(amount);
        Ok(())
    }

    /// Stake that joined at `from` stops counting at epoch `until`.
    pub(super) fn leave(
        &mut self,
        context: &mut Context<'_>,
        (from, until): (u64, u64),
        amount: U256,
    ) -> Result<(), Stop> {
        let held = self.held_cell(context, from)?;
        take(context, held, amount)?;
        self.held = checked_sub(self.held, amount)?;
        // No fault before the cutoff can be punished, so what left up to there answers for nothing.
        if !self.leaving.insert(until, self.cutoff.saturating_add(1)) {
            return Err(out_of_window());
        }
        if from != BASE {
            let slot = self.row(context, until)?;
            let mut row = Window::decode(context.sload(slot)?);
            if !row.insert(from, 0) {
                return Err(out_of_window());
            }
            context.sstore(slot, row.encode())?;
        }
        let cell = self.leaving_cell(context, from, until)?;
        add(context, cell, amount)
    }

    /// Stake that left goes for good.
    pub(super) fn release(
        &mut self,
        context: &mut Context<'_>,
        (from, until): (u64, u64),
        amount: U256,
    ) -> Result<(), Stop> {
        let cell = self.leaving_cell(context, from, until)?;
        take(context, cell, amount)?;
        self.total = checked_sub(self.total, amount)?;
        Ok(())
    }

    /// The stake that counted in an epoch, as it is now. The epoch is not before the cutoff.
    pub(super) fn active_at(&self, context: &mut Context<'_>, epoch: u64) -> Result<U256, Stop> {
        let cells = self.answerable(context, epoch)?;
        Ok(sum(cells.iter().map(|cell| cell.amount)))
    }

    /// What a slash for a fault at `epoch` would take, once what joined up to `cutoff` has merged.
    pub(super) fn preview(
        &self,
        context: &mut Context<'_>,
        cutoff: u64,
        epoch: u64,
        bps: u64,
    ) -> Result<U256, Stop> {
        let mut merged = U256::ZERO;
        let mut taken = U256::ZERO;
        for cell in self.answerable(context, epoch)? {
            match cell.held && cell.from <= cutoff {
                true => merged = merged.saturating_add(cell.amount),
                false => taken = taken.saturating_add(floor_bps(cell.amount, bps)),
            }
        }
        Ok(taken.saturating_add(floor_bps(merged, bps)))
    }

    /// Takes a part of what counted in an epoch; returns how much that was.
    pub(super) fn slash(
        &mut self,
        context: &mut Context<'_>,
        epoch: u64,
        bps: u64,
    ) -> Result<U256, Stop> {
        let mut taken = U256::ZERO;
        for cell in self.answerable(context, epoch)? {
            let part = floor_bps(cell.amount, bps);
            context.sstore(cell.slot, checked_sub(cell.amount, part)?)?;
            if cell.held {
                self.held = checked_sub(self.held, part)?;
            }
            self.total = checked_sub(self.total, part)?;
            taken = taken.saturating_add(part);
        }
        Ok(taken)
    }

    /// The cells of stake that counted in an epoch which is not before the cutoff.
    fn answerable(&self, context: &mut Context<'_>, epoch: u64) -> Result<Vec<Cell>, Stop> {
        let mut cells = Vec::new();
        let mut push = |context: &mut Context<'_>, slot, held, from| {
            cells.push(Cell {
                slot,
                amount: context.sload(slot)?,
                held,
                from,
            });
            Ok::<_, Stop>(())
        };
        let base = self.held_cell(context, BASE)?;
        push(context, base, true, BASE)?;
        for from in self.young.epochs().take_while(|from| *from <= epoch) {
            let slot = self.held_cell(context, from)?;
            push(context, slot, true, from)?;
        }
        for until in self.leaving.epochs().filter(|until| *until > epoch) {
            let slot = self.leaving_cell(context, BASE, until)?;
            push(context, slot, false, BASE)?;
            let row = self.row(context, until)?;
            let row = Window::decode(context.sload(row)?);
            for from in row.epochs().take_while(|from| *from <= epoch) {
                let slot = self.leaving_cell(context, from, until)?;
                push(context, slot, false, from)?;
            }
        }
        Ok(cells)
    }

    fn held_cell(&self, context: &mut Context<'_>, from: u64) -> Result<U256, Stop> {
        context.slot_of(U256::from(from), offset(self.slot, HELD_CELLS_OFFSET))
    }

    /// Where the set of `from`s of what left at `until` lies.
    fn row(&self, context: &mut Context<'_>, until: u64) -> Result<U256, Stop> {
        context.slot_of(U256::from(until), offset(self.slot, ROWS_OFFSET))
    }

    fn leaving_cell(&self, context: &mut Context<'_>, from: u64, until: u64) -> Result<U256, Stop> {
        let column = offset(self.slot, LEAVING_CELLS_OFFSET);
        let column = context.slot_of(U256::from(until), column)?;
        context.slot_of(U256::from(from), column)
    }
}

/// Adds up amounts, each of at most [`MAX_STAKE_BITS`] bits.
pub(super) fn sum(amounts: impl Iterator<Item = U256>) -> U256 {
    amounts.fold(U256::ZERO, U256::saturating_add)
}

/// A difference that cannot be negative unless the state contradicts itself.
pub(super) fn checked_sub(from: U256, amount: U256) -> Result<U256, Stop> {
    from.checked_sub(amount)
        .ok_or_else(|| Stop::Fatal(format!("staking: {amount} wei taken from a sum of {from}")))
}

fn add(context: &mut Context<'_>, slot: U256, amount: U256) -> Result<(), Stop> {
    let value = context.sload(slot)?;
    context.sstore(slot, value.saturating_add(amount))
}

fn take(context: &mut Context<'_>, slot: U256, amount: U256) -> Result<(), Stop> {
    let value = context.sload(slot)?;
    context.sstore(slot, checked_sub(value, amount)?)
}

/// Slashes would have to wait for settlement for far longer than their windows for this to happen.
fn out_of_window() -> Stop {
    let field = "epochs".into();
    let (count, limit) = (U256::from(SPAN + 1), U256::from(SPAN));
    revert(IModule::TooMany {
        field,
        count,
        limit,
    })
}
