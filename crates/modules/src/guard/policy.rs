//! A zone's own policy: whom it never blocks, and directives of its own.
//!
//! A zone that is created with a *warden* lets that account decide on both, by ordinary transactions on the zone. A hub has none: nobody there decides
//! alone. Own directives are as those of alerts: they have an end, no later than the chain's longest duration, and move nothing. They stand
//! beside those of alerts, and what ends one leaves the other. Protection is above both: while it lasts no directive holds, and when it ends those
//! hold that are in force. All of it counts from the next block on.

use super::{
    checks::{self, BLOCK},
    directives,
    state::{self, DirectiveEntry, OWN},
};
use crate::{
    codec::{check_count, check_length, check_present},
    context::{Context, Stop, ensure},
    limits::{
        MAX_DIRECTIVES, MAX_NEVER_BLOCK, MAX_OWN, MAX_POLICY_PAGE, MAX_REASON_BYTES, MAX_TARGETS,
    },
};
use alloy_primitives::{Address, U256};
use hansa_abi::IGuard;

pub(super) fn issue_own(
    context: &mut Context<'_>,
    call: IGuard::issueOwnCall,
) -> Result<IGuard::issueOwnReturn, Stop> {
    let warden = as_warden(context)?;
    let IGuard::issueOwnCall {
        targets,
        until,
        reason,
    } = call;
    check_length("reason", reason.len(), MAX_REASON_BYTES)?;
    let (now, (_, longest)) = (context.now(), state::parameters(context)?);
    ensure(until > now, || IGuard::ExpiryInPast {
        expiry: until,
        timestamp: now,
    })?;
    let latest = now.saturating_add(longest);
    ensure(until <= latest, || IGuard::ExpiryTooFar {
        expiry: until,
        latest,
    })?;
    check_list(&targets)?;
    for &target in &targets {
        // Nobody else could end it then.
        ensure(target != warden, || IGuard::InvalidTarget { target })?;
        let is_protected = checks::is_protected(context, target)?;
        ensure(!is_protected, || IGuard::ProtectedTarget { target })?;
        let entry = DirectiveEntry {
            alert_id: OWN,
            until,
        };
        let is_new = state::OWN_TARGETS.add(context, target)?;
        let has_room = !is_new || state::OWN_TARGETS.count(context)? <= MAX_OWN as u64;
        ensure(has_room, || IGuard::TooManyOwn {
            limit: U256::from(MAX_OWN),
        })?;
        directives::add(context, target, entry, MAX_DIRECTIVES)?;
        context.emit(&IGuard::DirectiveIssued {
            alertId: U256::from(OWN),
            target,
            action: BLOCK,
            until,
            provisional: false,
        })?;
    }
    context.emit(&IGuard::OwnDirectives {
        warden,
        until,
        reason,
        targets,
    })?;
    Ok(IGuard::issueOwnReturn {})
}

pub(super) fn end_own(
    context: &mut Context<'_>,
    call: IGuard::endOwnCall,
) -> Result<IGuard::endOwnReturn, Stop> {
    as_warden(context)?;
    check_list(&call.targets)?;
    for target in call.targets {
        let is_there = state::OWN_TARGETS.remove(context, target)?;
        ensure(is_there, || IGuard::InvalidTarget { target })?;
        directives::remove(context, target, OWN)?;
        context.emit(&IGuard::DirectiveEnded {
            alertId: U256::from(OWN),
            target,
        })?;
    }
    Ok(IGuard::endOwnReturn {})
}

pub(super) fn protect(
    context: &mut Context<'_>,
    call: IGuard::protectCall,
) -> Result<IGuard::protectReturn, Stop> {
    as_warden(context)?;
    check_list(&call.targets)?;
    for target in call.targets {
        if !state::PROTECTED.add(context, target)? {
            continue;
        }
        let has_room = state::PROTECTED.count(context)? <= MAX_NEVER_BLOCK as u64;
        ensure(has_room, || IGuard::TooManyProtected {
            limit: U256::from(MAX_NEVER_BLOCK),
        })?;
        told(context, target, true)?;
    }
    Ok(IGuard::protectReturn {})
}

pub(super) fn unprotect(
    context: &mut Context<'_>,
    call: IGuard::unprotectCall,
) -> Result<IGuard::unprotectReturn, Stop> {
    as_warden(context)?;
    check_list(&call.targets)?;
    for target in call.targets {
        if state::PROTECTED.remove(context, target)? {
            told(context, target, false)?;
        }
    }
    Ok(IGuard::unprotectReturn {})
}

fn told(context: &mut Context<'_>, target: Address, is_protected: bool) -> Result<(), Stop> {
    directives::reconsider(context, target)?;
    context.emit(&IGuard::ProtectionSet {
        target,
        isProtected: is_protected,
    })
}

pub(super) fn set_warden(
    context: &mut Context<'_>,
    call: IGuard::setWardenCall,
) -> Result<IGuard::setWardenReturn, Stop> {
    let from = as_warden(context)?;
    state::set_warden(context, call.to)?;
    context.emit(&IGuard::WardenSet { from, to: call.to })?;
    Ok(IGuard::setWardenReturn {})
}

pub(super) fn warden(context: &mut Context<'_>, _: IGuard::wardenCall) -> Result<Address, Stop> {
    state::warden(context)
}

pub(super) fn protected_addresses(
    context: &mut Context<'_>,
    call: IGuard::protectedAddressesCall,
) -> Result<IGuard::protectedAddressesReturn, Stop> {
    let limit = page_limit(call.limit)?;
    let (page, total) = state::PROTECTED.page(context, call.offset, limit)?;
    Ok(IGuard::protectedAddressesReturn { page, total })
}

pub(super) fn own_directives(
    context: &mut Context<'_>,
    call: IGuard::ownDirectivesCall,
) -> Result<IGuard::ownDirectivesReturn, Stop> {
    let limit = page_limit(call.limit)?;
    let (targets, total) = state::OWN_TARGETS.page(context, call.offset, limit)?;
    let mut ends = Vec::new();
    for &target in &targets {
        let entries = directives::load(context, target)?;
        let own = entries.iter().find(|entry| entry.alert_id == OWN);
        ends.push(own.map_or(0, |own| own.until));
    }
    Ok(IGuard::ownDirectivesReturn {
        targets,
        ends,
        total,
    })
}

fn page_limit(limit: U256) -> Result<usize, Stop> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    check_count("limit", limit, MAX_POLICY_PAGE)?;
    Ok(limit)
}

/// The caller, who is the chain's warden.
fn as_warden(context: &mut Context<'_>) -> Result<Address, Stop> {
    let warden = state::warden(context)?;
    // Nobody calls from zero, so a chain without a warden refuses all.
    let is_warden = context.caller() == warden && !warden.is_zero();
    ensure(is_warden, || IGuard::NotWarden { warden })?;
    Ok(warden)
}

fn check_list(targets: &[Address]) -> Result<(), Stop> {
    check_present("targets", !targets.is_empty())?;
    check_count("targets", targets.len(), MAX_TARGETS)?;
    for (place, &target) in targets.iter().enumerate() {
        ensure(!target.is_zero(), || IGuard::InvalidTarget { target })?;
        let is_new = !targets[..place].contains(&target);
        ensure(is_new, || IGuard::DuplicateTarget { target })?;
    }
    Ok(())
}
