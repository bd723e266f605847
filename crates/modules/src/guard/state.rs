//! Storage of the guard.
//!
//! | slot | what |
//! |---|---|
//! | 0 | the latest end of any `block` directive there ever was, in seconds |
//! | 1 | how many alerts were raised |
//! | 2, 3 | least bond per target in wei; longest duration in seconds |
//! | 4 | `mapping(address => its place in the list of those that are never blocked, from 1)` |
//! | 5 | `mapping(id => alert)` |
//! | 6 | `mapping(target => directives)`: the one that holds (+0), how many (+1), all (+2..); each is the alert id (bits 64..128) and the end (0..64) |
//! | 7 | `mapping(sentinel => mapping(target => when the next provisional directive may come))` |
//! | 8 | how many changes of directives there were |
//! | 9 | `mapping(index => change)`, see [`super::feed`] |
//! | 10, 11 | how many these are; `mapping(place => address)` |
//! | 12 | the warden |
//! | 13, 14, 15 | addresses that have a directive of the chain's own: how many, places, and which, as above |
//!
//! An alert: raiser (bits 0..160), outcome, action, severity, bond returned, number of targets (8 bits
//! each, +0); raised, expiry, end of the provisional directive, accepted (64 bits each, +1); bond
//! (+2); object (+3); reason (+4); endorsements (+8..); revocation votes (+12..); targets (+16..).

use super::list::List;
use crate::{
    context::{Context, Stop},
    limits::MAX_MEMBERS,
    slots::{address_key, mapping},
};
use alloy_primitives::{Address, B256, U256};

/// See [`super::enforcement::any_active`].
pub(super) const LATEST_UNTIL: U256 = U256::ZERO;
const ALERT_COUNT: U256 = U256::from_limbs([1, 0, 0, 0]);
const MIN_BOND: U256 = U256::from_limbs([2, 0, 0, 0]);
const MAX_DURATION: U256 = U256::from_limbs([3, 0, 0, 0]);
const ALERTS: U256 = U256::from_limbs([5, 0, 0, 0]);
const TARGETS: U256 = U256::from_limbs([6, 0, 0, 0]);
const COOLDOWNS: U256 = U256::from_limbs([7, 0, 0, 0]);
const WARDEN: U256 = U256::from_limbs([12, 0, 0, 0]);

/// Addresses that the chain's policy never blocks.
pub(super) const PROTECTED: List = List::at([4, 10, 11]);
/// Those that have a directive of the chain's own, or had one that nobody has taken away since it was over.
pub(super) const OWN_TARGETS: List = List::at([14, 13, 15]);

const REASON_OFFSET: u64 = 4;
const ENDORSEMENTS_OFFSET: u64 = 8;
const REVOCATIONS_OFFSET: u64 = 12;
const TARGETS_OFFSET: u64 = 16;

// Each of the two bitmaps has room for every member.
const _: () = assert!(MAX_MEMBERS <= 4 * 256);

/// Stands for an alert in directives of the chain's own: alerts have ids from 1.
pub(super) const OWN: u64 = 0;

/// One directive of a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DirectiveEntry {
    /// [`OWN`]: of no alert.
    pub(super) alert_id: u64,
    pub(super) until: u64,
}

impl DirectiveEntry {
    pub(super) const fn decode(word: U256) -> Self {
        let [until, alert_id, _, _] = word.into_limbs();
        Self { alert_id, until }
    }

    pub(super) const fn encode(self) -> U256 {
        U256::from_limbs([self.until, self.alert_id, 0, 0])
    }
}

/// What the votes on an alert came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Open,
    Accepted,
    Revoked,
}

/// An alert, except its reason, votes and targets.
#[derive(Clone, Copy, Debug)]
pub(super) struct AlertRecord {
    pub(super) id: u64,
    pub(super) raiser: Address,
    pub(super) outcome: Outcome,
    pub(super) action: u8,
    pub(super) severity: u8,
    pub(super) bond_returned: bool,
    pub(super) target_count: u8,
    pub(super) raised_at: u64,
    pub(super) expiry: u64,
    pub(super) provisional_until: u64,
    pub(super) accepted_at: u64,
    pub(super) bond: U256,
    pub(super) object_id: B256,
}

/// Where a target's directives lie.
pub(super) fn target_slot(target: Address) -> U256 {
    mapping(address_key(target), TARGETS)
}

/// As [`target_slot`], metered.
pub(super) fn directives_slot(context: &mut Context<'_>, target: Address) -> Result<U256, Stop> {
    context.slot_of(address_key(target), TARGETS)
}

pub(super) fn alert_count(context: &mut Context<'_>) -> Result<u64, Stop> {
    Ok(context.sload(ALERT_COUNT)?.as_limbs()[0])
}

pub(super) fn set_alert_count(context: &mut Context<'_>, count: u64) -> Result<(), Stop> {
    context.sstore(ALERT_COUNT, U256::from(count))
}

/// Least bond per target in wei, longest duration in seconds.
pub(super) fn parameters(context: &mut Context<'_>) -> Result<(U256, u64), Stop> {
    Ok((
        context.sload(MIN_BOND)?,
        context.sload(MAX_DURATION)?.as_limbs()[0],
    ))
}

pub(super) fn set_parameters(
    context: &mut Context<'_>,
    min_bond: U256,
    max_duration_s: u64,
) -> Result<(), Stop> {
    context.sstore(MIN_BOND, min_bond)?;
    context.sstore(MAX_DURATION, U256::from(max_duration_s))
}

/// The chain's warden; zero where it has none.
pub(super) fn warden(context: &mut Context<'_>) -> Result<Address, Stop> {
    Ok(Address::from_word(context.sload(WARDEN)?.into()))
}

pub(super) fn set_warden(context: &mut Context<'_>, warden: Address) -> Result<(), Stop> {
    context.sstore(WARDEN, address_key(warden))
}

/// When a sentinel may next put a target under a provisional directive.
pub(super) fn cooldown(
    context: &mut Context<'_>,
    sentinel: Address,
    target: Address,
) -> Result<u64, Stop> {
    let slot = cooldown_slot(context, sentinel, target)?;
    Ok(context.sload(slot)?.as_limbs()[0])
}

pub(super) fn set_cooldown(
    context: &mut Context<'_>,
    sentinel: Address,
    target: Address,
    not_before: u64,
) -> Result<(), Stop> {
    let slot = cooldown_slot(context, sentinel, target)?;
    context.sstore(slot, U256::from(not_before))
}

fn cooldown_slot(
    context: &mut Context<'_>,
    sentinel: Address,
    target: Address,
) -> Result<U256, Stop> {
    let targets = context.slot_of(address_key(sentinel), COOLDOWNS)?;
    context.slot_of(address_key(target), targets)
}

/// The alert with an id, unless there is none.
pub(super) fn alert(context: &mut Context<'_>, id: u64) -> Result<Option<AlertRecord>, Stop> {
    let slot = alert_slot(context, id)?;
    let first = context.sload(slot)?.to_be_bytes::<32>();
    let outcome = match first[11] {
        0 => return Ok(None),
        1 => Outcome::Open,
        2 => Outcome::Accepted,
        _ => Outcome::Revoked,
    };
    let [raised_at, expiry, provisional_until, accepted_at] =
        context.sload(offset(slot, 1))?.into_limbs();
    Ok(Some(AlertRecord {
        id,
        raiser: Address::from_slice(&first[12..]),
        outcome,
        action: first[10],
        severity: first[9],
        bond_returned: first[8] != 0,
        target_count: first[7],
        raised_at,
        expiry,
        provisional_until,
        accepted_at,
        bond: context.sload(offset(slot, 2))?,
        object_id: context.sload(offset(slot, 3))?.into(),
    }))
}

pub(super) fn set_alert(context: &mut Context<'_>, alert: &AlertRecord) -> Result<(), Stop> {
    let mut first = [0u8; 32];
    first[7] = alert.target_count;
    first[8] = alert.bond_returned.into();
    first[9] = alert.severity;
    first[10] = alert.action;
    first[11] = match alert.outcome {
        Outcome::Open => 1,
        Outcome::Accepted => 2,
        Outcome::Revoked => 3,
    };
    first[12..].copy_from_slice(alert.raiser.as_slice());
    let AlertRecord {
        raised_at,
        expiry,
        provisional_until,
        accepted_at,
        ..
    } = *alert;
    let times = U256::from_limbs([raised_at, expiry, provisional_until, accepted_at]);
    let slot = alert_slot(context, alert.id)?;
    context.sstore(slot, U256::from_be_bytes(first))?;
    context.sstore(offset(slot, 1), times)?;
    context.sstore(offset(slot, 2), alert.bond)?;
    context.sstore(offset(slot, 3), alert.object_id.into())
}

pub(super) fn reason(context: &mut Context<'_>, id: u64) -> Result<String, Stop> {
    let slot = alert_slot(context, id)?;
    context.load_text(offset(slot, REASON_OFFSET))
}

pub(super) fn set_reason(context: &mut Context<'_>, id: u64, reason: &str) -> Result<(), Stop> {
    let slot = alert_slot(context, id)?;
    context.store_text(offset(slot, REASON_OFFSET), reason)
}

pub(super) fn targets(
    context: &mut Context<'_>,
    alert: &AlertRecord,
) -> Result<Vec<Address>, Stop> {
    let slot = offset(alert_slot(context, alert.id)?, TARGETS_OFFSET);
    (0..u64::from(alert.target_count))
        .map(|i| Ok(Address::from_word(context.sload(offset(slot, i))?.into())))
        .collect()
}

pub(super) fn set_targets(
    context: &mut Context<'_>,
    id: u64,
    targets: &[Address],
) -> Result<(), Stop> {
    let slot = offset(alert_slot(context, id)?, TARGETS_OFFSET);
    for (i, target) in (0..).zip(targets) {
        context.sstore(offset(slot, i), address_key(*target))?;
    }
    Ok(())
}

/// Where the endorsements of an alert begin, for [`crate::members::cast`].
pub(super) fn endorsements(context: &mut Context<'_>, id: u64) -> Result<U256, Stop> {
    Ok(offset(alert_slot(context, id)?, ENDORSEMENTS_OFFSET))
}

/// Where the revocation votes on an alert begin.
pub(super) fn revocations(context: &mut Context<'_>, id: u64) -> Result<U256, Stop> {
    Ok(offset(alert_slot(context, id)?, REVOCATIONS_OFFSET))
}

fn alert_slot(context: &mut Context<'_>, id: u64) -> Result<U256, Stop> {
    context.slot_of(U256::from(id), ALERTS)
}

fn offset(slot: U256, by: u64) -> U256 {
    slot.wrapping_add(U256::from(by))
}
