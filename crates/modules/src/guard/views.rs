//! What the view selectors return, and what follows from an alert's record and the time.

use super::{
    checks, directives, logic,
    state::{self, AlertRecord, Outcome},
};
use crate::{
    codec::check_count,
    context::{Context, Stop, revert},
    limits::{LAPSE_S, MAX_ALERTS_PAGE},
    members,
};
use alloy_primitives::{Address, B256, U256};
use hansa_abi::IGuard::{self, AlertStatus};

/// The alert with an id; reverts when there is none.
pub(super) fn find_alert(context: &mut Context<'_>, id: U256) -> Result<AlertRecord, Stop> {
    let unknown = || revert(IGuard::UnknownAlert { alertId: id });
    let id = u64::try_from(id).map_err(|_| unknown())?;
    state::alert(context, id)?.ok_or_else(unknown)
}

/// What has become of an alert at `now`.
pub(super) fn status(alert: &AlertRecord, now: u64) -> AlertStatus {
    match alert.outcome {
        Outcome::Revoked => AlertStatus::Revoked,
        Outcome::Accepted if now < alert.expiry => AlertStatus::Accepted,
        Outcome::Accepted => AlertStatus::Expired,
        Outcome::Open if now < lapses_at(alert) => AlertStatus::Pending,
        Outcome::Open => AlertStatus::Lapsed,
    }
}

/// When the alert's directive ends or ended; 0 if it never had one, or was revoked.
pub(super) const fn directive_end(alert: &AlertRecord) -> u64 {
    match alert.outcome {
        Outcome::Open => alert.provisional_until,
        Outcome::Accepted => alert.expiry,
        Outcome::Revoked => 0,
    }
}

/// When the raiser may have the bond back, if it is not forfeited before. However soon an alert expires,
/// members have [`LAPSE_S`] to revoke it.
pub(super) fn claimable_at(alert: &AlertRecord) -> u64 {
    directive_end(alert).max(alert.raised_at.saturating_add(LAPSE_S))
}

fn lapses_at(alert: &AlertRecord) -> u64 {
    alert.expiry.min(alert.raised_at.saturating_add(LAPSE_S))
}

pub(super) fn alert(
    context: &mut Context<'_>,
    call: IGuard::alertCall,
) -> Result<IGuard::Alert, Stop> {
    let known = match u64::try_from(call.alertId) {
        Ok(id) => state::alert(context, id)?,
        Err(_) => None,
    };
    let Some(alert) = known else {
        return Ok(no_alert(call.alertId));
    };
    Ok(IGuard::Alert {
        id: call.alertId,
        raiser: alert.raiser,
        status: status(&alert, context.now()),
        action: alert.action,
        severity: alert.severity,
        raisedAt: alert.raised_at,
        expiry: alert.expiry,
        provisionalUntil: alert.provisional_until,
        acceptedAt: alert.accepted_at,
        bondClaimed: alert.bond_returned,
        bond: alert.bond,
        objectId: alert.object_id,
        reason: state::reason(context, alert.id)?,
        targets: state::targets(context, &alert)?,
    })
}

fn no_alert(id: U256) -> IGuard::Alert {
    IGuard::Alert {
        id,
        raiser: Address::ZERO,
        status: AlertStatus::None,
        action: 0,
        severity: 0,
        raisedAt: 0,
        expiry: 0,
        provisionalUntil: 0,
        acceptedAt: 0,
        bondClaimed: false,
        bond: U256::ZERO,
        objectId: B256::ZERO,
        reason: String::new(),
        targets: Vec::new(),
    }
}

pub(super) fn tally(
    context: &mut Context<'_>,
    call: IGuard::tallyCall,
) -> Result<IGuard::Tally, Stop> {
    let alert = find_alert(context, call.alertId)?;
    let endorsements = state::endorsements(context, alert.id)?;
    let (endorsing, endorsers) = members::count(context, endorsements)?;
    let revocations = state::revocations(context, alert.id)?;
    let (revoking, revokers) = members::count(context, revocations)?;
    let total = members::total_weight(context)?;
    Ok(IGuard::Tally {
        endorsing,
        revoking,
        total,
        endorsers,
        revokers,
    })
}

pub(super) fn bond_claimable_at(
    context: &mut Context<'_>,
    call: IGuard::bondClaimableAtCall,
) -> Result<u64, Stop> {
    let alert = find_alert(context, call.alertId)?;
    logic::check_bond_at_stake(&alert)?;
    Ok(claimable_at(&alert))
}

pub(super) fn blocked_until(
    context: &mut Context<'_>,
    call: IGuard::blockedUntilCall,
) -> Result<IGuard::blockedUntilReturn, Stop> {
    let slot = state::directives_slot(context, call.target)?;
    let entry = state::DirectiveEntry::decode(context.sload(slot)?);
    if entry.until <= context.now() {
        return Ok(IGuard::blockedUntilReturn {
            until: 0,
            alertId: U256::ZERO,
        });
    }
    Ok(IGuard::blockedUntilReturn {
        until: entry.until,
        alertId: U256::from(entry.alert_id),
    })
}

pub(super) fn directives_of(
    context: &mut Context<'_>,
    call: IGuard::directivesCall,
) -> Result<Vec<IGuard::Directive>, Stop> {
    if state::PROTECTED.contains(context, call.target)? {
        return Ok(Vec::new());
    }
    let entries = directives::load(context, call.target)?;
    Ok(entries
        .into_iter()
        .map(|entry| IGuard::Directive {
            alertId: U256::from(entry.alert_id),
            until: entry.until,
        })
        .collect())
}

pub(super) fn alert_ids(
    context: &mut Context<'_>,
    call: IGuard::alertIdsCall,
) -> Result<IGuard::alertIdsReturn, Stop> {
    let limit = usize::try_from(call.limit).unwrap_or(usize::MAX);
    check_count("limit", limit, MAX_ALERTS_PAGE)?;
    let count = state::alert_count(context)?;
    let start = u64::try_from(call.offset).unwrap_or(u64::MAX).min(count);
    let end = count.min(start.saturating_add(limit as u64));
    let ids = (start..end).map(|i| U256::from(i + 1)).collect();
    Ok(IGuard::alertIdsReturn {
        ids,
        total: U256::from(count),
    })
}

pub(super) fn is_protected(
    context: &mut Context<'_>,
    call: IGuard::isProtectedCall,
) -> Result<bool, Stop> {
    checks::is_protected(context, call.target)
}

pub(super) fn parameters(
    context: &mut Context<'_>,
    _: IGuard::parametersCall,
) -> Result<IGuard::parametersReturn, Stop> {
    let (min_bond, max_duration) = state::parameters(context)?;
    Ok(IGuard::parametersReturn {
        minBond: min_bond,
        maxDuration: max_duration,
    })
}
