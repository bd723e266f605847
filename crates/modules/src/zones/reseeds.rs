//! How a zone that has halted goes on.
//!
//! Its operators are gone, or cannot agree: no block of it becomes final. The hub cuts the zone's epoch short behind the last block
//! that it knows of, and lets the committee that it has for the zone now go on from there, in an epoch of its own. Blocks that the former committee made
//! final behind that one, and told nobody of, are void. So nobody can do this at once: everybody is told first that the zone counts as halted, and any
//! checkpoint takes that back. A whole epoch of the hub has to pass meanwhile, in which those who have newer blocks bring them; by the hub's blocks, not by its clock: time passes
//! also while the hub itself stands.

use super::{
    committee, lifecycle,
    state::{self, CUT_COUNTS, CUTS, RESEEDINGS, offset},
    upgrades,
};
use crate::{
    context::{Context, Stop, ensure, revert},
    host::StorageRead,
    limits::MAX_CUTS,
    slots::mapping,
    staking::{self, Calendar, Committee, Cut, Seat, Timetable},
};
use alloy_primitives::{B256, U256};
use hansa_abi::{
    IStaking,
    IZones::{self, Reason},
    ZONES,
};
use hansa_primitives::Terms;

/// Where the hub has cut a zone's epoch short, and who goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reseeding {
    cut: Cut,
    /// The hub's epoch whose committee goes on.
    hub_epoch: u64,
    /// Seconds since 1970.
    time: u64,
    /// Hash of the last block before.
    parent: B256,
    /// Its time, milliseconds since 1970.
    parent_ms: u64,
}

fn cut_slot(id: u64, index: u64) -> U256 {
    mapping(U256::from(index), mapping(U256::from(id), CUTS))
}

fn cut_count<R: StorageRead>(read: &mut R, id: u64) -> Result<u64, R::Error> {
    let count = read.sload(ZONES, mapping(U256::from(id), CUT_COUNTS))?;
    Ok(count.as_limbs()[0])
}

/// The first block of a cut that is there, and its epoch.
fn cut<R: StorageRead>(read: &mut R, id: u64, index: u64) -> Result<Cut, R::Error> {
    let [first, epoch, ..] = read.sload(ZONES, cut_slot(id, index))?.into_limbs();
    Ok(Cut { first, epoch })
}

/// A cut that is there, with what goes with it.
fn read<R: StorageRead>(state: &mut R, id: u64, index: u64) -> Result<Reseeding, R::Error> {
    let base = cut_slot(id, index);
    let [first, epoch, hub_epoch, time] = state.sload(ZONES, base)?.into_limbs();
    Ok(Reseeding {
        cut: Cut { first, epoch },
        hub_epoch,
        time,
        parent: state.sload(ZONES, offset(base, 1))?.into(),
        parent_ms: state.sload(ZONES, offset(base, 2))?.as_limbs()[0],
    })
}

/// Appends a cut. One before the same block is replaced: nothing came of it.
fn store(context: &mut Context<'_>, id: u64, of: &Reseeding) -> Result<(), Stop> {
    let count = cut_count(context, id)?;
    let index = match count.checked_sub(1) {
        Some(last) if cut(context, id, last)?.first == of.cut.first => last,
        _ => count,
    };
    let base = cut_slot(id, index);
    let first = [of.cut.first, of.cut.epoch, of.hub_epoch, of.time];
    context.sstore(base, U256::from_limbs(first))?;
    context.sstore(offset(base, 1), of.parent.into())?;
    context.sstore(offset(base, 2), U256::from(of.parent_ms))?;
    let counts = mapping(U256::from(id), CUT_COUNTS);
    context.sstore(counts, U256::from(index + 1))?;
    let all = reseedings(context)?;
    context.sstore(RESEEDINGS, U256::from(all + 1))
}

/// The epochs of a zone.
///
/// # Errors
/// When the state cannot be read.
pub(super) fn timetable<R: StorageRead>(
    read: &mut R,
    id: u64,
    epoch_blocks: u64,
) -> Result<Timetable, R::Error> {
    let usual = Calendar {
        epoch_blocks,
        freeze_blocks: super::genesis::FREEZE_BLOCKS,
    };
    let mut cuts = Vec::new();
    for index in 0..cut_count(read, id)? {
        cuts.push(cut(read, id, index)?);
    }
    Ok(Timetable::of(usual, cuts))
}

fn calendar(context: &mut Context<'_>) -> Result<Calendar, Stop> {
    staking::calendar(context)?.ok_or_else(|| revert(IStaking::NotEnabled {}))
}

/// The hub's block from which on a zone can be reseeded that counts as halted: a whole epoch has passed then since that was said.
pub(super) fn reseeds_at(context: &mut Context<'_>, id: u64) -> Result<u64, Stop> {
    let calendar = calendar(context)?;
    let told_in = calendar.epoch_of(state::closed_in(context, id)?);
    Ok(told_in
        .saturating_add(2)
        .saturating_mul(calendar.epoch_blocks))
}

/// The hub's block from which on it can be stopped instead: there is an epoch in which it can only be reseeded.
pub(super) fn stops_at(context: &mut Context<'_>, id: u64) -> Result<u64, Stop> {
    let blocks = calendar(context)?.epoch_blocks;
    Ok(reseeds_at(context, id)?.saturating_add(blocks))
}

/// The committee that goes on in an epoch of a zone, if that is the first behind its last cut.
pub(super) fn committee_of(
    context: &mut Context<'_>,
    id: u64,
    epoch: u64,
) -> Result<Option<Committee>, Stop> {
    let Some(last) = cut_count(context, id)?.checked_sub(1) else {
        return Ok(None);
    };
    let of = read(context, id, last)?;
    if of.cut.epoch != epoch {
        return Ok(None);
    }
    committee(context, id, of.hub_epoch)
}

/// When a zone was reseeded last, seconds since 1970; 0: never.
pub(super) fn last_time(context: &mut Context<'_>, id: u64) -> Result<u64, Stop> {
    let last = cut_count(context, id)?.checked_sub(1);
    last.map_or(Ok(0), |last| Ok(read(context, id, last)?.time))
}

pub(super) fn reseed(
    context: &mut Context<'_>,
    call: IZones::reseedCall,
) -> Result<IZones::reseedReturn, Stop> {
    let id = call.zoneId;
    let mut record = state::find(context, id)?;
    let checkpoint = state::checkpoint(context, id)?;
    let closing = record.end.closes_at != 0 && record.end.stopped_at == 0;
    let halted = closing && record.end.reason == Reason::Halted as u8 && checkpoint.number != 0;
    ensure(halted, || IZones::NotHalted { zoneId: id })?;
    let due = reseeds_at(context, id)?;
    ensure(context.block_number() >= due, || IZones::NotDueBefore {
        zoneId: id,
        hubNumber: due,
    })?;
    let made = cut_count(context, id)?;
    ensure(made < MAX_CUTS, || IZones::NotHalted { zoneId: id })?;
    let before = timetable(context, id, record.epoch_blocks)?;
    let now_ms = context.now().saturating_add(1).saturating_mul(1_000);
    let age_ms = now_ms.saturating_sub(checkpoint.timestampMs);
    let cut = before.cut_before(checkpoint.number.saturating_add(1), age_ms);
    let hub_epoch = calendar(context)?.epoch_of(context.block_number());
    let of = Reseeding {
        cut,
        hub_epoch,
        time: context.now(),
        parent: checkpoint.blockHash,
        parent_ms: checkpoint.timestampMs,
    };
    store(context, id, &of)?;
    context.emit(&IZones::ZoneReseeded {
        zoneId: id,
        firstBlock: cut.first,
        epoch: cut.epoch,
        hubEpoch: hub_epoch,
    })?;
    lifecycle::reopen(context, (id, &mut record), Reason::Halted)?;
    state::store_end(context, id, &record)?;
    Ok(IZones::reseedReturn {
        firstBlock: cut.first,
        epoch: cut.epoch,
    })
}

/// What a zone goes on with behind a cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reseed {
    /// Where.
    pub cut: Cut,
    /// Who, without stakes.
    pub seats: Vec<Seat>,
    /// Hash of the last block before, which the hub has verified.
    pub parent: B256,
    /// When the hub said so, seconds since 1970.
    pub time: u64,
    /// What the zone kept to in the block before.
    pub terms: Terms,
}

/// How often any zone was reseeded: while this stays, so does what [`reseeds`] says.
///
/// # Errors
/// When the state cannot be read.
pub fn reseedings<R: StorageRead>(read: &mut R) -> Result<u64, R::Error> {
    Ok(read.sload(ZONES, RESEEDINGS)?.as_limbs()[0])
}

/// Where a zone was reseeded, in order, each with the hash of the block before.
///
/// # Errors
/// When the state cannot be read.
pub fn cuts<R: StorageRead>(state: &mut R, id: u64) -> Result<Vec<(Cut, B256)>, R::Error> {
    let mut found = Vec::new();
    for index in 0..cut_count(state, id)? {
        let of = read(state, id, index)?;
        found.push((of.cut, of.parent));
    }
    Ok(found)
}

/// Where a zone was reseeded, in order, with all that it goes on with.
///
/// # Errors
/// When the state cannot be read.
pub fn reseeds<R: StorageRead>(state: &mut R, id: u64) -> Result<Vec<Reseed>, R::Error> {
    let mut found = Vec::new();
    let Some(record) = state::read(state, id)? else {
        return Ok(found);
    };
    for index in 0..cut_count(state, id)? {
        let of = read(state, id, index)?;
        let committee = committee(state, id, of.hub_epoch)?;
        let mut seats = committee.map_or_else(Vec::new, |committee| committee.seats);
        for seat in &mut seats {
            seat.stake = U256::ZERO;
        }
        found.push(Reseed {
            cut: of.cut,
            seats,
            parent: of.parent,
            time: of.time,
            terms: upgrades::in_force(state, (id, &record), of.parent_ms / 1_000)?,
        });
    }
    Ok(found)
}
