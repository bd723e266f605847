//! Who serves a zone.

use super::{
    lifecycle,
    state::{self, Rule},
    upgrades::within,
};
use crate::{
    context::{Context, Stop, ensure},
    host::StorageRead,
    limits::{MAX_SEATS, MAX_ZONE_LIST, MIN_ZONE_SEATS},
    staking::{self, Committee},
};
use alloy_primitives::{B256, U256, keccak256};
use hansa_abi::IZones;

/// Parts in a whole.
pub(super) const BPS: U256 = U256::from_limbs([10_000, 0, 0, 0]);

/// The committee of a zone by an epoch of the hub: those of the hub's committee that have a share in the zone and fit its rule, each with its
/// slice as its stake. The largest slices come first; among those of one size, within a factor of two, a lot decides, another for each zone, so that zones
/// spread evenly over operators. Where fewer than [`MIN_ZONE_SEATS`] fit, the next in this order fill up, so that no zone is left to few. `None` while the epoch's is not
/// fixed. It never changes afterwards.
///
/// # Errors
/// When the state cannot be read.
pub fn committee<R: StorageRead>(
    read: &mut R,
    zone: u64,
    epoch: u64,
) -> Result<Option<Committee>, R::Error> {
    let fixed_at = staking::fixed_at(read, epoch)?;
    let rule = state::rule_at(read, zone, fixed_at)?;
    choose(read, zone, epoch, &rule)
}

/// The committee of a zone by an epoch of the hub, if the last rule that was announced held already: who may have a seat soon.
///
/// # Errors
/// When the state cannot be read.
pub fn prospective_committee<R: StorageRead>(
    read: &mut R,
    zone: u64,
    epoch: u64,
) -> Result<Option<Committee>, R::Error> {
    let (_, rule) = state::last_rule(read, zone)?;
    choose(read, zone, epoch, &rule)
}

fn choose<R: StorageRead>(
    read: &mut R,
    zone: u64,
    epoch: u64,
    rule: &Rule,
) -> Result<Option<Committee>, R::Error> {
    let Some(mut hub) = staking::committee(read, epoch)? else {
        return Ok(None);
    };
    let mut order = Vec::new();
    for (place, seat) in hub.seats.iter_mut().enumerate() {
        let share = staking::share_at(read, (seat.operator, zone), epoch)?;
        // A stake has at most 140 bits.
        seat.stake = seat.stake.saturating_mul(U256::from(share)) / BPS;
        let fits = share > 0 && seat.stake >= rule.min_stake && rule.allows(seat.operator);
        order.push((fits, seat.stake.bit_len(), lot(zone, seat.operator), place));
    }
    order.sort_unstable_by(|left, right| right.cmp(left));
    let fitting = order.iter().filter(|(fits, ..)| *fits).count();
    order.truncate(fitting.min(rule.max_seats).max(MIN_ZONE_SEATS));
    let mut places: Vec<_> = order.into_iter().map(|(.., place)| place).collect();
    places.sort_unstable();
    hub.seats = places
        .into_iter()
        .map(|place| hub.seats[place].clone())
        .collect();
    Ok(Some(hub))
}

/// Decides among operators whose slices are of one size.
fn lot(zone: u64, operator: u64) -> B256 {
    keccak256([zone.to_be_bytes(), operator.to_be_bytes()].concat())
}

/// What a caller asks for, within its bounds.
///
/// # Errors
/// Reverts with the first that is out of bounds.
pub(super) fn checked(of: &IZones::CommitteeRule) -> Result<Rule, Stop> {
    let least = MIN_ZONE_SEATS as u64;
    let max_seats = match u64::from(of.maxSeats) {
        0 => MAX_SEATS,
        seats => {
            within("maxSeats", seats, least, MAX_SEATS)?;
            seats
        }
    };
    let ascends = of.allowed.is_sorted_by(|left, right| left < right);
    ensure(ascends && of.allowed.len() <= MAX_ZONE_LIST, || {
        IZones::InvalidList {
            most: MAX_ZONE_LIST as u64,
        }
    })?;
    Ok(Rule {
        max_seats: max_seats as usize,
        min_stake: of.minStake,
        allowed: of.allowed.clone(),
    })
}

/// As callers read it.
pub(super) fn told(rule: &Rule) -> IZones::CommitteeRule {
    let all = rule.max_seats >= MAX_SEATS as usize;
    IZones::CommitteeRule {
        maxSeats: if all { 0 } else { rule.max_seats as u16 },
        minStake: rule.min_stake,
        allowed: rule.allowed.clone(),
    }
}

pub(super) fn set_rule(
    context: &mut Context<'_>,
    call: IZones::setCommitteeRuleCall,
) -> Result<u64, Stop> {
    let id = call.zoneId;
    let record = lifecycle::own(context, id)?;
    let rule = checked(&call.rule)?;
    // Who does not like it can leave before.
    let starts_at = context.now().saturating_add(record.notice_s);
    state::store_rule(context, id, (starts_at, &rule))?;
    context.emit(&IZones::CommitteeRuleChanged {
        zoneId: id,
        startsAt: starts_at,
        rule: told(&rule),
    })?;
    Ok(starts_at)
}
