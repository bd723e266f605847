//! Slashes: what is kept of each, and which are pending.
//!
//! A slash: operator, epoch, view, and kind (bits 192..200), state (200..208), share (208..224), epoch of settlement
//! (224..256; +0); amount (+1); finder (bits 0..160), zone (160..224; +2); appellant (+3); bond (+4); votes for the appeal (+16..).

use super::state::{self, LEFT, PENDING, PUNISHED, SLASHES, offset};
use crate::{
    context::{Context, Stop, revert},
    slots::address_key,
};
use alloy_primitives::{Address, U256};
use hansa_abi::IStaking::{self, SlashState};

const AMOUNT_OFFSET: u64 = 1;
const FINDER_OFFSET: u64 = 2;
const APPELLANT_OFFSET: u64 = 3;
const BOND_OFFSET: u64 = 4;
const VOTES_OFFSET: u64 = 16;

/// A slash, except the votes for its appeal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slash {
    pub(super) id: u64,
    pub(super) operator: u64,
    pub(super) kind: u8,
    /// Epoch of the fault.
    pub(super) epoch: u64,
    pub(super) view: u64,
    pub(super) bps: u64,
    /// An estimate until it is settled.
    pub(super) amount: U256,
    pub(super) finder: Address,
    /// Where the fault was; 0 for the hub.
    pub(super) zone: u64,
    /// First epoch in which it can be settled.
    pub(super) settles_at: u64,
    pub(super) state: SlashState,
    /// Zero while nobody has appealed.
    pub(super) appellant: Address,
    pub(super) bond: U256,
}

/// The slash with an id.
///
/// # Errors
/// Reverts when there is none.
pub(super) fn find(context: &mut Context<'_>, id: u64) -> Result<Slash, Stop> {
    let slot = slash_slot(context, id)?;
    let [operator, epoch, view, rest] = context.sload(slot)?.into_limbs();
    if operator == 0 {
        return Err(revert(IStaking::UnknownSlash { slashId: id }));
    }
    let [kind, state, ..] = rest.to_le_bytes();
    let finder = context.sload(offset(slot, FINDER_OFFSET))?;
    let zone: U256 = finder >> 160usize;
    let appellant = context.sload(offset(slot, APPELLANT_OFFSET))?;
    Ok(Slash {
        id,
        operator,
        kind,
        epoch,
        view,
        bps: rest >> 16 & 0xffff,
        amount: context.sload(offset(slot, AMOUNT_OFFSET))?,
        finder: Address::from_slice(&finder.to_be_bytes::<32>()[12..]),
        zone: zone.saturating_to(),
        settles_at: rest >> 32,
        state: match state {
            1 => SlashState::Pending,
            2 => SlashState::Settled,
            _ => SlashState::Reversed,
        },
        appellant: Address::from_word(appellant.into()),
        bond: context.sload(offset(slot, BOND_OFFSET))?,
    })
}

pub(super) fn store(context: &mut Context<'_>, slash: &Slash) -> Result<(), Stop> {
    let slot = slash_slot(context, slash.id)?;
    let rest = u64::from(slash.kind)
        | (slash.state as u64) << 8
        | slash.bps << 16
        | slash.settles_at << 32;
    let first = U256::from_limbs([slash.operator, slash.epoch, slash.view, rest]);
    context.sstore(slot, first)?;
    context.sstore(offset(slot, AMOUNT_OFFSET), slash.amount)?;
    let finder = address_key(slash.finder) | U256::from(slash.zone) << 160usize;
    context.sstore(offset(slot, FINDER_OFFSET), finder)?;
    let appellant = address_key(slash.appellant);
    context.sstore(offset(slot, APPELLANT_OFFSET), appellant)?;
    context.sstore(offset(slot, BOND_OFFSET), slash.bond)
}

/// Where the votes for an appeal begin, for [`crate::members::cast`].
pub(super) fn votes(context: &mut Context<'_>, id: u64) -> Result<U256, Stop> {
    Ok(offset(slash_slot(context, id)?, VOTES_OFFSET))
}

/// The id of the next slash, which is taken by this.
pub(super) fn next_id(context: &mut Context<'_>) -> Result<u64, Stop> {
    let mut counters = state::counters(context)?;
    counters.slashes += 1;
    state::set_counters(context, counters)?;
    Ok(counters.slashes)
}

/// The slash of an operator for an epoch, or 0.
pub(super) fn of_epoch(context: &mut Context<'_>, operator: u64, epoch: u64) -> Result<u64, Stop> {
    let slot = punished_slot(context, operator, epoch)?;
    Ok(context.sload(slot)?.as_limbs()[0])
}

/// Notes that an operator is punished for an epoch of the hub.
pub(super) fn note_punished(context: &mut Context<'_>, slash: &Slash) -> Result<(), Stop> {
    let slot = punished_slot(context, slash.operator, slash.epoch)?;
    context.sstore(slot, U256::from(slash.id))
}

fn left_slot(context: &mut Context<'_>, zone: u64, operator: u64) -> Result<U256, Stop> {
    let operators = context.slot_of(U256::from(zone), LEFT)?;
    context.slot_of(U256::from(operator), operators)
}

/// The last slash of an operator for a fault on a zone, or 0, and the epoch of the hub from which it has no share there.
pub(super) fn left(
    context: &mut Context<'_>,
    zone: u64,
    operator: u64,
) -> Result<(u64, u64), Stop> {
    let slot = left_slot(context, zone, operator)?;
    let [id, epoch, ..] = context.sload(slot)?.into_limbs();
    Ok((id, epoch))
}

/// Notes that an operator leaves a zone for a fault: whatever it did there before costs nothing more.
pub(super) fn note_left(context: &mut Context<'_>, slash: &Slash, from: u64) -> Result<(), Stop> {
    let slot = left_slot(context, slash.zone, slash.operator)?;
    context.sstore(slot, U256::from_limbs([slash.id, from, 0, 0]))
}

/// Notes that a slash is pending.
pub(super) fn push_pending(context: &mut Context<'_>, slash: &Slash) -> Result<(), Stop> {
    let slot = pending_slot(context, slash.operator)?;
    let count = pending_count(context, slash.operator)?;
    let word = U256::from_limbs([slash.id, slash.epoch, 0, 0]);
    context.sstore(offset(slot, count + 1), word)?;
    context.sstore(slot, U256::from(count + 1))
}

/// How many slashes of an operator are pending: at most one for each epoch that evidence reaches, and one for
/// each zone.
pub(super) fn pending_count(context: &mut Context<'_>, operator: u64) -> Result<u64, Stop> {
    let slot = pending_slot(context, operator)?;
    Ok(context.sload(slot)?.as_limbs()[0])
}

/// The pending slashes of an operator, oldest first, and the epochs of their faults.
pub(super) fn pending(context: &mut Context<'_>, operator: u64) -> Result<Vec<(u64, u64)>, Stop> {
    let slot = pending_slot(context, operator)?;
    (0..pending_count(context, operator)?)
        .map(|index| {
            let [id, epoch, ..] = context.sload(offset(slot, index + 1))?.into_limbs();
            Ok((id, epoch))
        })
        .collect()
}

/// Takes a slash from the pending ones.
pub(super) fn remove_pending(
    context: &mut Context<'_>,
    operator: u64,
    id: u64,
) -> Result<(), Stop> {
    let slot = pending_slot(context, operator)?;
    let mut rest = pending(context, operator)?;
    let count = rest.len() as u64;
    rest.retain(|(pending, _)| *pending != id);
    for index in 0..count {
        let entry = rest.get(index as usize);
        let word = entry.map_or(U256::ZERO, |(id, epoch)| {
            U256::from_limbs([*id, *epoch, 0, 0])
        });
        context.sstore(offset(slot, index + 1), word)?;
    }
    context.sstore(slot, U256::from(rest.len()))
}

/// Whether a slash, if there is one, is neither settled nor reversed.
pub(super) fn is_pending(context: &mut Context<'_>, id: u64) -> Result<bool, Stop> {
    Ok(id != 0 && find(context, id)?.state == SlashState::Pending)
}

/// The error for whoever wants to move stake that answers for a pending slash.
pub(super) fn pending_error(context: &mut Context<'_>, id: u64) -> Result<Stop, Stop> {
    let slash = find(context, id)?;
    Ok(revert(IStaking::SlashPending {
        slashId: id,
        operatorId: slash.operator,
        settlesAt: slash.settles_at,
    }))
}

fn slash_slot(context: &mut Context<'_>, id: u64) -> Result<U256, Stop> {
    context.slot_of(U256::from(id), SLASHES)
}

fn punished_slot(context: &mut Context<'_>, operator: u64, epoch: u64) -> Result<U256, Stop> {
    let epochs = context.slot_of(U256::from(operator), PUNISHED)?;
    context.slot_of(U256::from(epoch), epochs)
}

fn pending_slot(context: &mut Context<'_>, operator: u64) -> Result<U256, Stop> {
    context.slot_of(U256::from(operator), PENDING)
}
