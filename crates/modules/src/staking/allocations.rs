//! Which part of an operator's stake answers for which zone.
//!
//! Shares are basis points of the stake, whatever that is at the time: they keep their sum when stake comes, leaves or is slashed. An operator
//! has a *standing* share, which holds for every zone, present or future, that it has not given another one. At every epoch its shares
//! come to a whole at most, were there as many zones as there can be: so slices are unique, and faults on all zones in one epoch cost no more
//! than the hub's own slash of that kind, to whose height delegators have agreed, but for rounding up to a basis point.
//!
//! A change holds from the effective epoch on, and what held in an epoch that has begun never changes: whoever asks later finds the same.

use super::{
    clock::Clock,
    operators, slashes,
    state::{ALLOCATED, SHARES_OF_ZONES, STANDING, load, offset},
};
use crate::{
    context::{Context, Stop, ensure},
    host::StorageRead,
    limits::{MAX_ZONES, STANDING_SHARE_BPS},
    slots::mapping,
    zones,
};
use alloy_primitives::U256;
use hansa_abi::{IStaking, IZones};

/// Parts in a whole.
const BPS: u64 = 10_000;

const _: () = assert!(
    STANDING_SHARE_BPS * MAX_ZONES <= BPS,
    "an operator that says nothing stays within a whole"
);

/// A history of shares: count (+0), then for each change epoch (bits 0..64) and basis points (64..128).
#[derive(Clone, Copy)]
struct History(U256);

/// A share from an epoch on.
type Since = (u64, u64);

impl History {
    fn standing(operator: u64) -> Self {
        Self(mapping(U256::from(operator), STANDING))
    }

    fn of_zone(operator: u64, zone: u64) -> Self {
        let zones = mapping(U256::from(operator), SHARES_OF_ZONES);
        Self(mapping(U256::from(zone), zones))
    }

    fn count<R: StorageRead>(self, read: &mut R) -> Result<u64, R::Error> {
        Ok(load(read, self.0)?.as_limbs()[0])
    }

    fn entry<R: StorageRead>(self, read: &mut R, index: u64) -> Result<Since, R::Error> {
        let [epoch, bps, ..] = load(read, offset(self.0, index + 1))?.into_limbs();
        Ok((epoch, bps))
    }

    /// The last change, `None` while there was none.
    fn last<R: StorageRead>(self, read: &mut R) -> Result<Option<Since>, R::Error> {
        match self.count(read)?.checked_sub(1) {
            Some(last) => self.entry(read, last).map(Some),
            None => Ok(None),
        }
    }

    /// What held in an epoch.
    fn at<R: StorageRead>(self, read: &mut R, epoch: u64) -> Result<Option<u64>, R::Error> {
        for index in (0..self.count(read)?).rev() {
            let (since, bps) = self.entry(read, index)?;
            if since <= epoch {
                return Ok(Some(bps));
            }
        }
        Ok(None)
    }

    /// Appends a change. One that has not begun yet is replaced.
    fn set(self, context: &mut Context<'_>, (since, bps): Since) -> Result<(), Stop> {
        let mut count = self.count(context)?;
        if self.last(context)?.is_none_or(|(last, _)| last < since) {
            count += 1;
            context.sstore(self.0, U256::from(count))?;
        }
        let word = U256::from_limbs([since, bps, 0, 0]);
        context.sstore(offset(self.0, count), word)
    }
}

/// Basis points of an operator's stake that answer for a zone in an epoch.
///
/// # Errors
/// When the state cannot be read.
pub(crate) fn share_at<R: StorageRead>(
    read: &mut R,
    (operator, zone): (u64, u64),
    epoch: u64,
) -> Result<u64, R::Error> {
    if let Some(bps) = History::of_zone(operator, zone).at(read, epoch)? {
        return Ok(bps);
    }
    let standing = History::standing(operator).at(read, epoch)?;
    Ok(standing.unwrap_or(STANDING_SHARE_BPS))
}

/// What an operator has given zones of their own, after its last change.
#[derive(Clone, Copy, Default)]
struct Allocated {
    bps: u64,
    zones: u64,
}

impl Allocated {
    fn load(context: &mut Context<'_>, operator: u64) -> Result<Self, Stop> {
        let word = load(context, mapping(U256::from(operator), ALLOCATED))?;
        let [bps, zones, ..] = word.into_limbs();
        Ok(Self { bps, zones })
    }

    fn save(self, context: &mut Context<'_>, operator: u64) -> Result<(), Stop> {
        let word = U256::from_limbs([self.bps, self.zones, 0, 0]);
        context.sstore(mapping(U256::from(operator), ALLOCATED), word)
    }

    /// Ensures that all shares fit into a whole.
    fn check(self, standing: u64) -> Result<(), Stop> {
        let others = standing.saturating_mul(MAX_ZONES.saturating_sub(self.zones));
        let sum = self.bps.saturating_add(others);
        ensure(sum <= BPS, || IStaking::SharesTooHigh { sum, limit: BPS })
    }
}

fn standing_now(context: &mut Context<'_>, operator: u64) -> Result<u64, Stop> {
    let last = History::standing(operator).last(context)?;
    Ok(last.map_or(STANDING_SHARE_BPS, |(_, bps)| bps))
}

/// The share of a zone after the last change, and since when.
fn zone_now(context: &mut Context<'_>, operator: u64, zone: u64) -> Result<Since, Stop> {
    match History::of_zone(operator, zone).last(context)? {
        Some(since) => Ok(since),
        None => Ok((0, standing_now(context, operator)?)),
    }
}

/// Gives a zone a share of its own from an epoch on. Does not check that all of them fit.
fn give(
    context: &mut Context<'_>,
    (operator, zone): (u64, u64),
    since: Since,
) -> Result<Allocated, Stop> {
    let history = History::of_zone(operator, zone);
    let former = history.last(context)?;
    let mut allocated = Allocated::load(context, operator)?;
    allocated.zones += u64::from(former.is_none());
    let former = former.map_or(0, |(_, bps)| bps);
    allocated.bps = allocated.bps.saturating_sub(former).saturating_add(since.1);
    allocated.save(context, operator)?;
    history.set(context, since)?;
    Ok(allocated)
}

fn announce(
    context: &mut Context<'_>,
    (operator, zone): (u64, u64),
    (epoch, bps): Since,
) -> Result<(), Stop> {
    context.emit(&IStaking::ZoneShareChanged {
        operatorId: operator,
        zoneId: zone,
        bps: bps as u16,
        fromEpoch: epoch,
    })
}

pub(super) fn set_zone_share(
    context: &mut Context<'_>,
    call: IStaking::setZoneShareCall,
) -> Result<u64, Stop> {
    let clock = Clock::read(context)?;
    let operator = operators::of_caller(context)?.id;
    let zone = call.zoneId;
    let is_zone = zones::chain_id(context, zone)? != 0;
    ensure(is_zone, || IZones::UnknownZone { zoneId: zone })?;
    let (_, current) = zone_now(context, operator, zone)?;
    let expected = u64::from(call.expectedBps);
    ensure(current == expected, || IStaking::OtherShare {
        bps: current as u16,
    })?;
    let (slash, _) = slashes::left(context, zone, operator)?;
    if call.bps > 0 && slashes::is_pending(context, slash)? {
        return Err(slashes::pending_error(context, slash)?);
    }
    let since = (clock.effective, u64::from(call.bps));
    let allocated = give(context, (operator, zone), since)?;
    let standing = standing_now(context, operator)?;
    allocated.check(standing)?;
    announce(context, (operator, zone), since)?;
    Ok(clock.effective)
}

pub(super) fn set_standing_share(
    context: &mut Context<'_>,
    call: IStaking::setStandingShareCall,
) -> Result<u64, Stop> {
    let clock = Clock::read(context)?;
    let operator = operators::of_caller(context)?.id;
    let bps = u64::from(call.bps);
    Allocated::load(context, operator)?.check(bps)?;
    let since = (clock.effective, bps);
    History::standing(operator).set(context, since)?;
    // Zone 0: every one without a share of its own.
    announce(context, (operator, 0), since)?;
    Ok(clock.effective)
}

/// An operator that broke the rules of a zone leaves it. It can come back by itself once its slash is settled or reversed, so it has one at most
/// pending for each zone.
pub(super) fn leave(
    context: &mut Context<'_>,
    clock: &Clock,
    (operator, zone): (u64, u64),
) -> Result<(), Stop> {
    let since = (clock.effective, 0);
    give(context, (operator, zone), since)?;
    announce(context, (operator, zone), since)
}

pub(super) fn zone_share(
    context: &mut Context<'_>,
    call: IStaking::zoneShareCall,
) -> Result<IStaking::zoneShareReturn, Stop> {
    let clock = Clock::read(context)?;
    let (operator, zone) = (call.operatorId, call.zoneId);
    operators::find(context, operator)?;
    let now = share_at(context, (operator, zone), clock.epoch)?;
    let (since, next) = zone_now(context, operator, zone)?;
    Ok(IStaking::zoneShareReturn {
        bps: now as u16,
        nextBps: next as u16,
        fromEpoch: since,
    })
}

pub(super) fn standing_share(
    context: &mut Context<'_>,
    call: IStaking::standingShareCall,
) -> Result<IStaking::standingShareReturn, Stop> {
    let operator = call.operatorId;
    operators::find(context, operator)?;
    let allocated = Allocated::load(context, operator)?;
    Ok(IStaking::standingShareReturn {
        bps: standing_now(context, operator)? as u16,
        allocatedBps: allocated.bps as u16,
        allocatedZones: allocated.zones,
    })
}
