//! How a zone changes what it keeps to.
//!
//! An upgrade is announced by the zone's creator, and due from a time on that lies as far ahead as its users are told of its end. The first block of the
//! zone that names a block of the hub with that time or a later one is the first that keeps to it. Until it is due, another can take its place: so the creator takes one back by
//! announcing what is in force.

use super::{
    lifecycle,
    state::{self, Record, Upgrade},
};
use crate::{
    context::{Context, Stop, ensure},
    host::StorageRead,
    limits::{
        MAX_DURATION_S, MAX_ZONE_GAS, MAX_ZONE_GAS_PER_S, MAX_ZONE_NOTICE_S, MIN_ZONE_BASE_FEE,
        MIN_ZONE_GAS, MIN_ZONE_INTERVAL_MS,
    },
};
use hansa_abi::IZones;
use hansa_primitives::{Fork, MAX_TIMESTAMP_STEP_MS, Terms};

/// The highest least base fee, wei per gas: a transfer costs some ether then.
const MAX_BASE_FEE: u64 = 1_000_000_000_000_000;

/// What a caller asks for, within its bounds. Whether a node knows the fork is no question of the hub's: nodes of another version would answer it otherwise.
///
/// # Errors
/// Reverts with the first that is out of bounds.
pub(super) fn checked(of: &IZones::Terms) -> Result<Terms, Stop> {
    let interval = of.blockIntervalMs;
    let most_gas = (MAX_ZONE_GAS_PER_S / 1_000).saturating_mul(interval);
    let most_gas = most_gas.clamp(MIN_ZONE_GAS, MAX_ZONE_GAS);
    let latest = MAX_TIMESTAMP_STEP_MS;
    let bounds = [
        ("minBaseFee", of.minBaseFee, MIN_ZONE_BASE_FEE, MAX_BASE_FEE),
        ("blockIntervalMs", interval, MIN_ZONE_INTERVAL_MS, latest),
        ("gasLimit", of.gasLimit, MIN_ZONE_GAS, most_gas),
        ("heartbeatMs", of.heartbeatMs, interval, latest),
        ("minSeverity", of.minSeverity.into(), 1, 4),
        (
            "maxDirectiveSeconds",
            of.maxDirectiveSeconds,
            1,
            MAX_DURATION_S,
        ),
        ("fork", of.fork.into(), 1, u8::MAX.into()),
    ];
    for (parameter, value, least, most) in bounds {
        within(parameter, value, least, most)?;
    }
    Ok(Terms {
        gas_limit: of.gasLimit,
        min_base_fee: of.minBaseFee,
        min_block_interval_ms: interval,
        heartbeat_ms: of.heartbeatMs,
        max_directive_s: of.maxDirectiveSeconds,
        min_severity: of.minSeverity,
        fork: Fork::from_number(of.fork),
    })
}

pub(super) fn within(parameter: &str, value: u64, least: u64, most: u64) -> Result<(), Stop> {
    ensure((least..=most).contains(&value), || IZones::OutOfBounds {
        parameter: parameter.into(),
        value,
        least,
        most,
    })
}

/// As callers read them.
pub(super) const fn told(terms: &Terms) -> IZones::Terms {
    IZones::Terms {
        gasLimit: terms.gas_limit,
        minBaseFee: terms.min_base_fee,
        blockIntervalMs: terms.min_block_interval_ms,
        heartbeatMs: terms.heartbeat_ms,
        minSeverity: terms.min_severity,
        maxDirectiveSeconds: terms.max_directive_s,
        fork: terms.fork.number(),
    }
}

pub(super) fn upgrade(context: &mut Context<'_>, call: IZones::upgradeCall) -> Result<u64, Stop> {
    let id = call.zoneId;
    let record = lifecycle::own(context, id)?;
    let terms = checked(&call.terms)?;
    let now = context.now();
    // What runs there already may need it.
    let present = in_force(context, (id, &record), now)?.fork.number();
    within(
        "fork",
        call.terms.fork.into(),
        present.into(),
        u8::MAX.into(),
    )?;
    let soonest = now.saturating_add(record.notice_s);
    let starts_at = if call.startsAt == 0 {
        soonest
    } else {
        call.startsAt
    };
    let latest = soonest.saturating_add(MAX_ZONE_NOTICE_S);
    within("startsAt", starts_at, soonest, latest)?;
    let count = state::upgrade_count(context, id)?;
    let index = match pending(context, id, now)? {
        // It holds already for whoever names a block of its time; none could so far.
        Some(_) => count - 1,
        None => count,
    };
    state::store_upgrade(context, (id, index), &Upgrade { starts_at, terms })?;
    context.emit(&IZones::ZoneUpgrading {
        zoneId: id,
        index,
        startsAt: starts_at,
        terms: call.terms,
    })?;
    Ok(starts_at)
}

/// The upgrade that is announced and not due at `now`; only the last one can be.
///
/// # Errors
/// When the state cannot be read.
pub(super) fn pending<R: StorageRead>(
    read: &mut R,
    id: u64,
    now: u64,
) -> Result<Option<Upgrade>, R::Error> {
    let Some(last) = state::upgrade_count(read, id)?.checked_sub(1) else {
        return Ok(None);
    };
    let upgrade = state::upgrade(read, id, last)?;
    Ok((upgrade.starts_at > now).then_some(upgrade))
}

/// What the zone keeps to by the hub's time `now`.
///
/// # Errors
/// When the state cannot be read.
pub(super) fn in_force<R: StorageRead>(
    read: &mut R,
    (id, record): (u64, &Record),
    now: u64,
) -> Result<Terms, R::Error> {
    let mut count = state::upgrade_count(read, id)?;
    // The last but one is due whenever the last was announced.
    while let Some(index) = count.checked_sub(1) {
        let upgrade = state::upgrade(read, id, index)?;
        if upgrade.starts_at <= now {
            return Ok(upgrade.terms);
        }
        count = index;
    }
    Ok(record.terms)
}

/// Upgrade `index` of a zone, counted from 0, if it is due at a time, seconds since 1970. Whoever asks with the time of a block of the hub learns the same from that block's
/// state and from every later one: what is due is never replaced.
///
/// # Errors
/// When the state cannot be read.
pub fn upgrade_due<R: StorageRead>(
    read: &mut R,
    (id, index): (u64, u64),
    time: u64,
) -> Result<Option<Terms>, R::Error> {
    if index >= state::upgrade_count(read, id)? {
        return Ok(None);
    }
    let upgrade = state::upgrade(read, id, index)?;
    Ok((upgrade.starts_at <= time).then_some(upgrade.terms))
}
