//! What an alert must satisfy to be raised.

use super::state;
use crate::{
    codec::{check_count, check_length, check_present},
    context::{Context, Stop, ensure, revert},
    exchange,
    limits::{MAX_REASON_BYTES, MAX_TARGETS},
    members,
};
use alloy_primitives::{Address, B256, U256, address};
use hansa_abi::{
    IGuard::{self, AlertInput},
    is_module_address,
};
use std::collections::BTreeSet;

/// `watch`: no more than a warning.
pub(super) const WATCH: u8 = 0;
/// `limit`: reserved.
pub(super) const LIMIT: u8 = 1;
/// `block`: no state-changing call to or from.
pub(super) const BLOCK: u8 = 2;

/// Addresses up to this one are precompiles, existing or future (the highest on mainnet is 0x100).
const LAST_PRECOMPILE: u16 = 0xffff;

/// Contracts and accounts that block execution itself uses: beacon roots (EIP-4788), block hashes
/// (EIP-2935), withdrawal and consolidation requests (EIP-7002, EIP-7251), the system caller.
const SYSTEM: [Address; 5] = [
    address!("000f3df6d732807ef1319fb7b8bb8522d0beac02"),
    address!("0000f90827f1c53a10cb7a02335b175320002935"),
    address!("00000961ef480eb55e80d19ad83579a64c007002"),
    address!("0000bbddc7ce488642fb579f8b00f3a590007251"),
    address!("fffffffffffffffffffffffffffffffffffffffe"),
];

/// Everything about the input that does not depend on who raises it how.
pub(super) fn check_input(context: &mut Context<'_>, input: &AlertInput) -> Result<(), Stop> {
    match input.action {
        WATCH | BLOCK => {}
        LIMIT => return Err(revert(IGuard::ActionNotSupported { action: LIMIT })),
        action => return Err(revert(IGuard::InvalidAction { action })),
    }
    let severity = input.severity;
    ensure((1..=4).contains(&severity), || IGuard::InvalidSeverity {
        severity,
    })?;
    check_length("reason", input.reason.len(), MAX_REASON_BYTES)?;
    let (bond_per_target, max_duration) = state::parameters(context)?;
    // For each target, so that a raiser who names own addresses beside the one that is harmed gets none
    // of the latter's share of a forfeited bond.
    let minimum = bond_per_target.saturating_mul(U256::from(input.targets.len()));
    let sent = context.value();
    ensure(sent >= minimum, || IGuard::BondTooSmall { sent, minimum })?;
    let (expiry, timestamp) = (input.expiry, context.now());
    ensure(expiry > timestamp, || IGuard::ExpiryInPast {
        expiry,
        timestamp,
    })?;
    let latest = timestamp.saturating_add(max_duration);
    ensure(expiry <= latest, || IGuard::ExpiryTooFar { expiry, latest })?;
    check_grounds(context, input.objectId)?;
    check_targets(context, input)
}

/// Whether the object that gives the grounds is on the exchange and not revoked.
pub(super) fn check_grounds(context: &mut Context<'_>, object_id: B256) -> Result<(), Stop> {
    let active = exchange::is_active(context, object_id)?;
    ensure(active, || IGuard::InvalidObject {
        objectId: object_id,
    })
}

fn check_targets(context: &mut Context<'_>, input: &AlertInput) -> Result<(), Stop> {
    check_present("targets", !input.targets.is_empty())?;
    check_count("targets", input.targets.len(), MAX_TARGETS)?;
    let raiser = context.caller();
    let mut seen = BTreeSet::new();
    for &target in &input.targets {
        // A raiser among the targets would get part of a forfeited bond back.
        let valid = !target.is_zero() && target != raiser;
        ensure(valid, || IGuard::InvalidTarget { target })?;
        ensure(seen.insert(target), || IGuard::DuplicateTarget { target })?;
        // A warning about the protocol makes no sense, and a share of a bond would be lost there.
        let protected = if input.action == BLOCK {
            is_protected(context, target)?
        } else {
            is_of_protocol(target)
        };
        ensure(!protected, || IGuard::ProtectedTarget { target })?;
    }
    Ok(())
}

/// What a sentinel may not do alone.
pub(super) fn check_provisional(
    context: &mut Context<'_>,
    targets: &[Address],
) -> Result<(), Stop> {
    let now = context.now();
    for &target in targets {
        let silences_voter = members::is_voter(context, target)?;
        ensure(!silences_voter, || IGuard::ProtectedTarget { target })?;
        let not_before = state::cooldown(context, context.caller(), target)?;
        ensure(now >= not_before, || IGuard::ProvisionalTooSoon {
            target,
            notBefore: not_before,
        })?;
    }
    Ok(())
}

/// Whether policy or protocol forbids to ever block an address.
pub(super) fn is_protected(context: &mut Context<'_>, target: Address) -> Result<bool, Stop> {
    Ok(is_of_protocol(target) || state::PROTECTED.contains(context, target)?)
}

/// Modules, precompiles, and what block execution itself uses.
pub(crate) fn is_of_protocol(target: Address) -> bool {
    let number = U256::from_be_bytes(target.into_word().0);
    is_module_address(&target) || number <= U256::from(LAST_PRECOMPILE) || SYSTEM.contains(&target)
}
