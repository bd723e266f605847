//! The directives in force against a target: a short list, and in front the one that holds: that which ends last, or none while the chain's
//! policy protects the target. So whoever enforces looks at one slot.

use super::state::{self, DirectiveEntry, LATEST_UNTIL, OWN};
use crate::{
    context::{Context, Stop, ensure},
    limits::MAX_DIRECTIVES,
};
use alloy_primitives::{Address, U256};
use hansa_abi::IGuard;

/// Adds a directive, or moves the end of the one that the alert has already. Reverts when the target
/// has `room` directives of alerts or more in force; the chain's own has room always.
pub(super) fn add(
    context: &mut Context<'_>,
    target: Address,
    entry: DirectiveEntry,
    room: usize,
) -> Result<(), Stop> {
    let mut entries = load(context, target)?;
    if let Some(own) = entries
        .iter_mut()
        .find(|other| other.alert_id == entry.alert_id)
    {
        own.until = entry.until;
    } else {
        let has_room = entry.alert_id == OWN || of_alerts(&entries).count() < room;
        ensure(has_room, || IGuard::TooManyDirectives {
            target,
            limit: U256::from(room),
        })?;
        entries.push(entry);
    }
    let latest = context.sload(LATEST_UNTIL)?.max(U256::from(entry.until));
    context.sstore(LATEST_UNTIL, latest)?;
    store(context, target, &entries)
}

/// As [`add`], where the directive that ends first makes room if there is none.
pub(super) fn force(
    context: &mut Context<'_>,
    target: Address,
    entry: DirectiveEntry,
) -> Result<(), Stop> {
    let entries = load(context, target)?;
    let is_new = entries.iter().all(|other| other.alert_id != entry.alert_id);
    if is_new && of_alerts(&entries).count() >= MAX_DIRECTIVES {
        let first = of_alerts(&entries).min_by_key(|e| (e.until, e.alert_id));
        match first.filter(|first| first.until < entry.until) {
            Some(first) => remove(context, target, first.alert_id)?,
            None => return Ok(()),
        }
    }
    add(context, target, entry, MAX_DIRECTIVES)
}

fn of_alerts(entries: &[DirectiveEntry]) -> impl Iterator<Item = &DirectiveEntry> {
    entries.iter().filter(|entry| entry.alert_id != OWN)
}

/// Takes note that the chain's policy protects a target, or does no longer.
pub(super) fn reconsider(context: &mut Context<'_>, target: Address) -> Result<(), Stop> {
    let entries = load(context, target)?;
    store(context, target, &entries)
}

/// Removes the directive of an alert, if it has one in force.
pub(super) fn remove(
    context: &mut Context<'_>,
    target: Address,
    alert_id: u64,
) -> Result<(), Stop> {
    let mut entries = load(context, target)?;
    entries.retain(|entry| entry.alert_id != alert_id);
    store(context, target, &entries)
}

/// The directives in force now, in the order in which they were added.
pub(super) fn load(
    context: &mut Context<'_>,
    target: Address,
) -> Result<Vec<DirectiveEntry>, Stop> {
    let now = context.now();
    let slot = state::directives_slot(context, target)?;
    let mut entries = Vec::new();
    for i in 0..stored_count(context, slot)? {
        let entry = DirectiveEntry::decode(context.sload(entry_slot(slot, i))?);
        if entry.until > now {
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// Replaces the list; what expired meanwhile goes by this.
fn store(
    context: &mut Context<'_>,
    target: Address,
    entries: &[DirectiveEntry],
) -> Result<(), Stop> {
    let slot = state::directives_slot(context, target)?;
    let old_count = stored_count(context, slot)?;
    for i in 0..old_count.max(entries.len()) {
        let entry = entries.get(i).copied().unwrap_or_default();
        context.sstore(entry_slot(slot, i), entry.encode())?;
    }
    context.sstore(slot.wrapping_add(U256::ONE), U256::from(entries.len()))?;
    if state::PROTECTED.contains(context, target)? {
        return context.sstore(slot, U256::ZERO);
    }
    // Of two that end together the older alert is named.
    let first = entries
        .iter()
        .copied()
        .max_by_key(|e| (e.until, std::cmp::Reverse(e.alert_id)));
    context.sstore(slot, first.unwrap_or_default().encode())
}

fn stored_count(context: &mut Context<'_>, slot: U256) -> Result<usize, Stop> {
    let count = context.sload(slot.wrapping_add(U256::ONE))?;
    Ok(usize::try_from(count)
        .unwrap_or(usize::MAX)
        .min(MAX_DIRECTIVES + 1))
}

fn entry_slot(slot: U256, index: usize) -> U256 {
    slot.wrapping_add(U256::from(index + 2))
}
