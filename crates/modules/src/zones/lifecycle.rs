//! How a zone ends: it closes, it stops, it settles.
//!
//! A zone that closes goes on until it is *stopped*, no sooner than its users were told. Its first block that names the hub's block
//! which stopped it, or a later one, is its last: so the zone and the hub agree on its end. Once the hub has a checkpoint of that block, or has waited for it
//! as long as the notice was, the zone has *settled*: its last checkpoint is final, and all that it has left is paid out by proofs
//! against it (see [`messages`](crate::messages)).

use super::{
    reseeds,
    state::{self, Record},
};
use crate::{
    context::{Context, Stop, ensure},
    host::StorageRead,
    limits::{DAY_S, MIN_ZONE_ESCROW, RENT_EVERY_S},
    staking::Committee,
};
use alloy_primitives::U256;
use hansa_abi::IZones::{self, Checkpoint, Phase, Reason};

/// Wei for each seat that are not paid more often than once a day: 0.001 ether.
const LEAST_RENT: U256 = U256::from_limbs([1_000_000_000_000_000, 0, 0, 0]);

impl Record {
    /// Where it is in its life, at `now`.
    pub(super) fn phase(&self, checkpoint: &Checkpoint, now: u64) -> Phase {
        let end = &self.end;
        if end.stopped_at != 0 {
            let told = checkpoint.number != 0 && checkpoint.hubNumber >= end.stopped_at;
            let waited = now >= end.stopped_time.saturating_add(self.patience());
            return if told || waited {
                Phase::Settled
            } else {
                Phase::Stopped
            };
        }
        match (end.closes_at, checkpoint.number) {
            (0, 0) => Phase::Registered,
            (0, _) => Phase::Active,
            _ => Phase::Closing,
        }
    }

    /// What the escrow has to have for a zone to go on: rent for the time of notice.
    fn reserve(&self) -> U256 {
        rent_for(self, self.notice_s)
    }

    /// How long the hub waits for a checkpoint before it goes on without one. Never so short that operators would have to pay for many.
    fn patience(&self) -> u64 {
        self.notice_s.max(self.halted_after_s)
    }

    fn is_stopped(&self) -> bool {
        self.end.stopped_at != 0
    }
}

/// Rent for some seconds, rounded up: the zone pays for what it begins.
pub(super) fn rent_for(record: &Record, seconds: u64) -> U256 {
    let rent = record.rent_per_day.saturating_mul(U256::from(seconds));
    rent.div_ceil(U256::from(DAY_S))
}

/// Whether a zone has settled by a time, seconds since 1970.
///
/// # Errors
/// When the state cannot be read.
pub fn has_settled<R: StorageRead>(read: &mut R, id: u64, now: u64) -> Result<bool, R::Error> {
    let checkpoint = state::checkpoint(read, id)?;
    let record = state::read(read, id)?;
    Ok(record.is_some_and(|record| record.phase(&checkpoint, now) == Phase::Settled))
}

/// Where a zone is in its life.
pub(crate) fn phase(context: &mut Context<'_>, id: u64) -> Result<Phase, Stop> {
    let record = state::find(context, id)?;
    let checkpoint = state::checkpoint(context, id)?;
    Ok(record.phase(&checkpoint, context.now()))
}

const fn is_open_in(phase: Phase) -> bool {
    matches!(phase, Phase::Registered | Phase::Active)
}

/// Whether anything can be sent to a zone.
pub(crate) fn is_open(context: &mut Context<'_>, id: u64) -> Result<bool, Stop> {
    Ok(is_open_in(phase(context, id)?))
}

/// Ensures that a zone is open.
pub(crate) fn require_open(context: &mut Context<'_>, id: u64) -> Result<(), Stop> {
    let phase = phase(context, id)?;
    ensure(is_open_in(phase), || IZones::ZoneEnds { zoneId: id, phase })
}

/// The zone, which is open and which the caller has created.
pub(super) fn own(context: &mut Context<'_>, id: u64) -> Result<Record, Stop> {
    let record = state::find(context, id)?;
    ensure(context.caller() == record.creator, || IZones::NotCreator {
        creator: record.creator,
    })?;
    require_open(context, id)?;
    Ok(record)
}

pub(super) fn fund(
    context: &mut Context<'_>,
    call: IZones::fundCall,
) -> Result<IZones::fundReturn, Stop> {
    let id = call.zoneId;
    let mut record = state::find(context, id)?;
    let phase = phase(context, id)?;
    // What its creator has closed stays closed: whoever paid would pay its creator.
    let lasts = !record.is_stopped() && record.end.reason != Reason::Creator as u8;
    ensure(lasts, || IZones::ZoneEnds { zoneId: id, phase })?;
    let amount = context.value();
    record.escrow = record.escrow.saturating_add(amount);
    context.emit(&IZones::EscrowFilled {
        zoneId: id,
        by: context.caller(),
        amount,
        escrow: record.escrow,
    })?;
    if record.escrow >= record.reserve() {
        reopen(context, (id, &mut record), Reason::Escrow)?;
    }
    state::store_end(context, id, &record)?;
    Ok(IZones::fundReturn {})
}

/// Opens a zone again that closes for this reason.
pub(super) fn reopen(
    context: &mut Context<'_>,
    (id, record): (u64, &mut Record),
    reason: Reason,
) -> Result<(), Stop> {
    let end = &mut record.end;
    if end.closes_at == 0 || end.stopped_at != 0 || end.reason != reason as u8 {
        return Ok(());
    }
    (end.closes_at, end.reason) = (0, Reason::None as u8);
    context.emit(&IZones::ZoneReopened { zoneId: id })
}

pub(super) fn close(context: &mut Context<'_>, call: IZones::closeCall) -> Result<u64, Stop> {
    let id = call.zoneId;
    let mut record = state::find(context, id)?;
    let phase = phase(context, id)?;
    let by_creator = context.caller() == record.creator;
    // A creator's word is the last: nothing opens the zone again.
    let is_open = record.end.closes_at == 0;
    let settles_it =
        by_creator && !record.is_stopped() && record.end.reason != Reason::Creator as u8;
    ensure(is_open || settles_it, || IZones::ZoneEnds {
        zoneId: id,
        phase,
    })?;
    let reason = if by_creator {
        Reason::Creator
    } else {
        let is_poor = record.escrow < record.reserve();
        ensure(is_poor, || IZones::NotClosable { zoneId: id })?;
        Reason::Escrow
    };
    begin_to_close(context, (id, &mut record), reason)?;
    state::store_end(context, id, &record)?;
    Ok(record.end.closes_at)
}

pub(super) fn halt(context: &mut Context<'_>, call: IZones::haltCall) -> Result<u64, Stop> {
    let id = call.zoneId;
    let mut record = state::find(context, id)?;
    require_open(context, id)?;
    let checkpoint = state::checkpoint(context, id)?;
    let reseeded = reseeds::last_time(context, id)?;
    let heard_of = checkpoint.recordedTime.max(record.timestamp).max(reseeded);
    let halted_at = heard_of.saturating_add(record.patience());
    ensure(context.now() > halted_at, || IZones::NotSilent {
        zoneId: id,
        haltedAt: halted_at,
    })?;
    begin_to_close(context, (id, &mut record), Reason::Halted)?;
    state::store_end(context, id, &record)?;
    Ok(record.end.closes_at)
}

fn begin_to_close(
    context: &mut Context<'_>,
    (id, record): (u64, &mut Record),
    reason: Reason,
) -> Result<(), Stop> {
    let end = &mut record.end;
    if end.closes_at == 0 {
        end.closes_at = context.now().saturating_add(record.notice_s);
        let block = context.block_number();
        state::set_closed_in(context, id, block)?;
    }
    record.end.reason = reason as u8;
    context.emit(&IZones::ZoneClosing {
        zoneId: id,
        reason,
        closesAt: record.end.closes_at,
    })
}

pub(super) fn stop(
    context: &mut Context<'_>,
    call: IZones::stopCall,
) -> Result<IZones::stopReturn, Stop> {
    let id = call.zoneId;
    let mut record = state::find(context, id)?;
    let phase = phase(context, id)?;
    ensure(!record.is_stopped(), || IZones::ZoneEnds {
        zoneId: id,
        phase,
    })?;
    let closes_at = record.end.closes_at;
    let is_due = closes_at != 0 && context.now() >= closes_at;
    ensure(is_due, || IZones::NotDue {
        zoneId: id,
        closesAt: closes_at,
    })?;
    if record.end.reason == Reason::Halted as u8 {
        let due = reseeds::stops_at(context, id)?;
        ensure(context.block_number() >= due, || IZones::NotDueBefore {
            zoneId: id,
            hubNumber: due,
        })?;
    }
    record.end.stopped_at = context.block_number();
    record.end.stopped_time = context.now();
    state::store_end(context, id, &record)?;
    context.emit(&IZones::ZoneStopped { zoneId: id })?;
    Ok(IZones::stopReturn {})
}

pub(super) fn return_escrow(
    context: &mut Context<'_>,
    call: IZones::returnEscrowCall,
) -> Result<U256, Stop> {
    let id = call.zoneId;
    let mut record = state::find(context, id)?;
    let is_settled = phase(context, id)? == Phase::Settled;
    ensure(is_settled, || IZones::NotSettled { zoneId: id })?;
    let amount = record.escrow.saturating_sub(MIN_ZONE_ESCROW);
    record.escrow = record.escrow.saturating_sub(amount);
    state::store_end(context, id, &record)?;
    context.transfer(record.creator, amount)?;
    context.emit(&IZones::EscrowReturned {
        zoneId: id,
        creator: record.creator,
        amount,
    })?;
    Ok(amount)
}

/// Takes note of a checkpoint that is about to be recorded: a zone that was thought to have halted goes on, and its operators are paid for the time since
/// the last one, a day at most: nobody is paid for standing.
pub(super) fn on_checkpoint(
    context: &mut Context<'_>,
    id: u64,
    committee: &Committee,
) -> Result<(), Stop> {
    let mut record = state::find(context, id)?;
    reopen(context, (id, &mut record), Reason::Halted)?;
    pay_rent(context, (id, &mut record), committee)?;
    let is_open = record.end.closes_at == 0;
    if is_open && record.escrow < record.reserve() {
        begin_to_close(context, (id, &mut record), Reason::Escrow)?;
    }
    state::store_end(context, id, &record)
}

fn pay_rent(
    context: &mut Context<'_>,
    (id, record): (u64, &mut Record),
    committee: &Committee,
) -> Result<(), Stop> {
    if record.rent_per_day.is_zero() {
        return Ok(());
    }
    let paid_until = record.end.paid_until.max(record.timestamp);
    let elapsed = context.now().saturating_sub(paid_until);
    if elapsed < RENT_EVERY_S {
        return Ok(());
    }
    let due = rent_for(record, elapsed.min(DAY_S)).min(record.escrow);
    // Each alike, for each runs the same; what does not divide stays.
    let seats = U256::from(committee.seats.len().max(1));
    let share = due / seats;
    // Dust is paid once a day: each payment costs whoever brings the checkpoint.
    if share < LEAST_RENT && elapsed < DAY_S {
        return Ok(());
    }
    record.end.paid_until = context.now();
    if share.is_zero() {
        return Ok(());
    }
    for seat in &committee.seats {
        // One of them who is blocked must not stop the checkpoints.
        context.transfer_to_any(seat.fee_recipient, share)?;
    }
    let paid = share.saturating_mul(seats);
    record.escrow = record.escrow.saturating_sub(paid);
    context.emit(&IZones::RentPaid {
        zoneId: id,
        amount: paid,
        escrow: record.escrow,
    })
}
