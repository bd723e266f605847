//! What the state-changing selectors do.

use super::{
    checks::{self, BLOCK},
    directives, feed,
    state::{self, AlertRecord, DirectiveEntry, Outcome},
    views::{claimable_at, directive_end, find_alert, status},
};
use crate::{
    context::{Context, Stop, ensure, revert},
    limits::{MAX_DIRECTIVES, MAX_DIRECTIVES_PROVISIONAL, PROVISIONAL_COOLDOWN_S, PROVISIONAL_S},
    members::{self, Role},
};
use alloy_primitives::{Address, U256};
use hansa_abi::IGuard::{self, AlertInput, AlertStatus};
use hansa_primitives::DirectiveChange;

pub(super) fn raise(context: &mut Context<'_>, call: IGuard::raiseCall) -> Result<U256, Stop> {
    let (mut alert, targets) = open(context, call.input, false)?;
    endorse_as_caller(context, &mut alert, &targets)?;
    Ok(U256::from(alert.id))
}

pub(super) fn raise_provisional(
    context: &mut Context<'_>,
    call: IGuard::raiseProvisionalCall,
) -> Result<U256, Stop> {
    let sentinel = members::voter(context, context.caller())?;
    let account = sentinel.account;
    ensure(sentinel.roles & Role::Sentinel.bit() != 0, || {
        IGuard::NotSentinel { account }
    })?;
    if call.input.action == BLOCK {
        checks::check_provisional(context, &call.input.targets)?;
    }
    let (mut alert, targets) = open(context, call.input, true)?;
    if endorse_as_caller(context, &mut alert, &targets)? {
        return Ok(U256::from(alert.id));
    }
    let now = context.now();
    alert.provisional_until = alert.expiry.min(now.saturating_add(PROVISIONAL_S));
    state::set_alert(context, &alert)?;
    if alert.action == BLOCK {
        let not_before = now.saturating_add(PROVISIONAL_COOLDOWN_S);
        for target in &targets {
            state::set_cooldown(context, account, *target, not_before)?;
        }
    }
    issue(context, &alert, &targets)?;
    Ok(U256::from(alert.id))
}

pub(super) fn endorse(context: &mut Context<'_>, call: IGuard::endorseCall) -> Result<bool, Stop> {
    members::voter(context, context.caller())?;
    let mut alert = find_alert(context, call.alertId)?;
    check_status(context, &alert, AlertStatus::Pending)?;
    let targets = state::targets(context, &alert)?;
    endorse_as_caller(context, &mut alert, &targets)
}

pub(super) fn vote_revoke(
    context: &mut Context<'_>,
    call: IGuard::voteRevokeCall,
) -> Result<bool, Stop> {
    let voter = members::voter(context, context.caller())?;
    let mut alert = find_alert(context, call.alertId)?;
    check_bond_at_stake(&alert)?;
    let votes = state::revocations(context, alert.id)?;
    let is_new = members::cast(context, votes, &voter)?;
    let (revoking, _) = members::count(context, votes)?;
    let total = members::total_weight(context)?;
    let alert_id = call.alertId;
    if is_new {
        context.emit(&IGuard::RevocationVoted {
            alertId: alert_id,
            member: voter.account,
            revoking,
            total,
        })?;
    }
    if revoking.saturating_mul(2) <= total {
        return members::pending(is_new, &voter);
    }
    let in_force = directive_end(&alert) > context.now();
    alert.outcome = Outcome::Revoked;
    state::set_alert(context, &alert)?;
    context.emit(&IGuard::AlertRevoked {
        alertId: alert_id,
        revoking,
        total,
    })?;
    forfeit(context, &alert, in_force)?;
    Ok(true)
}

pub(super) fn claim_bond(
    context: &mut Context<'_>,
    call: IGuard::claimBondCall,
) -> Result<IGuard::claimBondReturn, Stop> {
    let mut alert = find_alert(context, call.alertId)?;
    let (alert_id, raiser) = (call.alertId, alert.raiser);
    ensure(context.caller() == raiser, || IGuard::NotRaiser {
        alertId: alert_id,
        raiser,
    })?;
    check_bond_at_stake(&alert)?;
    let until = claimable_at(&alert);
    let free = context.now() >= until;
    ensure(free, || IGuard::BondLocked {
        alertId: alert_id,
        until,
    })?;
    alert.bond_returned = true;
    state::set_alert(context, &alert)?;
    context.transfer(raiser, alert.bond)?;
    context.emit(&IGuard::BondReturned {
        alertId: alert_id,
        raiser,
        amount: alert.bond,
    })?;
    Ok(IGuard::claimBondReturn {})
}

/// Records a new alert, without any vote.
fn open(
    context: &mut Context<'_>,
    input: AlertInput,
    provisional: bool,
) -> Result<(AlertRecord, Vec<Address>), Stop> {
    let raiser = members::voter(context, context.caller())?.account;
    checks::check_input(context, &input)?;
    let AlertInput {
        targets,
        action,
        severity,
        expiry,
        objectId: object_id,
        reason,
    } = input;
    let id = state::alert_count(context)? + 1;
    let bond = context.value();
    let alert = AlertRecord {
        id,
        raiser,
        outcome: Outcome::Open,
        action,
        severity,
        bond_returned: false,
        // At most MAX_TARGETS, which fits.
        target_count: targets.len() as u8,
        raised_at: context.now(),
        expiry,
        provisional_until: 0,
        accepted_at: 0,
        bond,
        object_id,
    };
    state::set_alert_count(context, id)?;
    state::set_alert(context, &alert)?;
    state::set_reason(context, id, &reason)?;
    state::set_targets(context, id, &targets)?;
    let alert_id = U256::from(id);
    context.emit(&IGuard::AlertRaised {
        alertId: alert_id,
        raiser,
        objectId: object_id,
        action,
        severity,
        expiry,
        bond,
        provisional,
        reason,
        targets: targets.clone(),
    })?;
    for &target in &targets {
        context.emit(&IGuard::TargetNamed {
            alertId: alert_id,
            target,
            action,
        })?;
    }
    Ok((alert, targets))
}

/// Adds the caller's endorsement; true when the alert is accepted by it.
fn endorse_as_caller(
    context: &mut Context<'_>,
    alert: &mut AlertRecord,
    targets: &[Address],
) -> Result<bool, Stop> {
    let voter = members::voter(context, context.caller())?;
    let votes = state::endorsements(context, alert.id)?;
    let is_new = members::cast(context, votes, &voter)?;
    let (endorsing, _) = members::count(context, votes)?;
    let total = members::total_weight(context)?;
    let alert_id = U256::from(alert.id);
    if is_new {
        context.emit(&IGuard::AlertEndorsed {
            alertId: alert_id,
            member: voter.account,
            endorsing,
            total,
        })?;
    }
    if endorsing.saturating_mul(3) < total.saturating_mul(2) {
        return members::pending(is_new, &voter);
    }
    checks::check_grounds(context, alert.object_id)?;
    alert.outcome = Outcome::Accepted;
    alert.accepted_at = context.now();
    state::set_alert(context, alert)?;
    context.emit(&IGuard::AlertAccepted {
        alertId: alert_id,
        endorsing,
        total,
    })?;
    issue(context, alert, targets)?;
    Ok(true)
}

/// Issues the directive that the alert has now: provisional, or full.
fn issue(context: &mut Context<'_>, alert: &AlertRecord, targets: &[Address]) -> Result<(), Stop> {
    let provisional = alert.outcome == Outcome::Open;
    let room = if provisional {
        MAX_DIRECTIVES_PROVISIONAL
    } else {
        MAX_DIRECTIVES
    };
    let until = directive_end(alert);
    for &target in targets {
        if alert.action == BLOCK {
            let entry = DirectiveEntry {
                alert_id: alert.id,
                until,
            };
            directives::add(context, target, entry, room)?;
            feed::append(context, change(alert, target, until))?;
        }
        context.emit(&IGuard::DirectiveIssued {
            alertId: U256::from(alert.id),
            target,
            action: alert.action,
            until,
            provisional,
        })?;
    }
    Ok(())
}

/// What zones are told: the alert's directive ends at `until`, or at once.
const fn change(alert: &AlertRecord, target: Address, until: u64) -> DirectiveChange {
    DirectiveChange {
        target,
        alert_id: alert.id,
        until,
        severity: alert.severity,
    }
}

/// Ends the directives of a revoked alert, and pays its bond to the targets in equal parts.
fn forfeit(context: &mut Context<'_>, alert: &AlertRecord, in_force: bool) -> Result<(), Stop> {
    let targets = state::targets(context, alert)?;
    let alert_id = U256::from(alert.id);
    // Rounded down, in the module's favour: what is left over stays there.
    let share = alert
        .bond
        .checked_div(U256::from(targets.len()))
        .unwrap_or_default();
    for target in targets {
        if in_force {
            if alert.action == BLOCK {
                directives::remove(context, target, alert.id)?;
                feed::append(context, change(alert, target, 0))?;
            }
            context.emit(&IGuard::DirectiveEnded {
                alertId: alert_id,
                target,
            })?;
        }
        if !share.is_zero() {
            // It may be blocked until this call, or by another alert after it.
            context.transfer_to_any(target, share)?;
            context.emit(&IGuard::BondForfeited {
                alertId: alert_id,
                target,
                amount: share,
            })?;
        }
    }
    Ok(())
}

fn check_status(
    context: &Context<'_>,
    alert: &AlertRecord,
    wanted: AlertStatus,
) -> Result<(), Stop> {
    let status = status(alert, context.now());
    ensure(status == wanted, || IGuard::WrongStatus {
        alertId: U256::from(alert.id),
        status,
    })
}

/// Whether the bond is still with the module: neither returned nor forfeited.
pub(super) fn check_bond_at_stake(alert: &AlertRecord) -> Result<(), Stop> {
    if alert.bond_returned || alert.outcome == Outcome::Revoked {
        return Err(revert(IGuard::BondSettled {
            alertId: U256::from(alert.id),
        }));
    }
    Ok(())
}
