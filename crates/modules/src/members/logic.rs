//! What the state-changing selectors do.

use super::{
    roles::{Role, Roles},
    state::{self, Counters, Profile, Proposal, Record},
    votes,
};
use crate::{
    codec::{check_length, check_present},
    context::{Context, Stop, ensure, revert},
    limits::{
        MAX_CONTACT_BYTES, MAX_MEMBERS, MAX_NAME_BYTES, MAX_REASON_BYTES, MAX_WEIGHT,
        PROPOSAL_LIFETIME_S,
    },
};
use alloy_primitives::{Address, B256, U256};
use hansa_abi::{
    IMembers::{self, Kind},
    is_module_address,
};

pub(super) fn nominate(
    context: &mut Context<'_>,
    call: IMembers::nominateCall,
) -> Result<U256, Stop> {
    let proposer = votes::voter(context, context.caller())?;
    let account = call.subject;
    check_subject(account)?;
    check_premise(context, Kind::Admit, account)?;
    check_room(state::counters(context)?)?;
    let profile = Profile {
        name: call.name,
        contact: call.contact,
        x25519: call.x25519,
    };
    check_profile(&profile)?;
    check_roles(call.roles, call.weight)?;
    let id = open(
        context,
        &proposer,
        Kind::Admit,
        account,
        (call.roles, call.weight),
        "",
    )?;
    state::set_nominee(context, id, &profile)?;
    settle(context, id, &proposer, true)?;
    Ok(U256::from(id))
}

pub(super) fn propose_suspension(
    context: &mut Context<'_>,
    call: IMembers::proposeSuspensionCall,
) -> Result<U256, Stop> {
    propose_status(context, Kind::Suspend, call.subject, &call.reason)
}

pub(super) fn propose_reinstatement(
    context: &mut Context<'_>,
    call: IMembers::proposeReinstatementCall,
) -> Result<U256, Stop> {
    propose_status(context, Kind::Reinstate, call.subject, &call.reason)
}

fn propose_status(
    context: &mut Context<'_>,
    kind: Kind,
    account: Address,
    reason: &str,
) -> Result<U256, Stop> {
    let proposer = votes::voter(context, context.caller())?;
    check_premise(context, kind, account)?;
    let record = known(context, account)?;
    check_length("reason", reason.len(), MAX_REASON_BYTES)?;
    let id = open(
        context,
        &proposer,
        kind,
        account,
        (record.roles, record.weight),
        reason,
    )?;
    settle(context, id, &proposer, true)?;
    Ok(U256::from(id))
}

pub(super) fn propose_roles(
    context: &mut Context<'_>,
    call: IMembers::proposeRolesCall,
) -> Result<U256, Stop> {
    let proposer = votes::voter(context, context.caller())?;
    check_premise(context, Kind::SetRoles, call.subject)?;
    check_roles(call.roles, call.weight)?;
    let terms = (call.roles, call.weight);
    let id = open(context, &proposer, Kind::SetRoles, call.subject, terms, "")?;
    settle(context, id, &proposer, true)?;
    Ok(U256::from(id))
}

pub(super) fn approve(
    context: &mut Context<'_>,
    call: IMembers::approveCall,
) -> Result<bool, Stop> {
    let voter = votes::voter(context, context.caller())?;
    let proposal_id = call.proposalId;
    let proposal = super::views::find_proposal(context, proposal_id)?;
    let open = state::is_open(context, &proposal)?;
    ensure(open, || IMembers::ProposalClosed {
        proposalId: proposal_id,
    })?;
    let slot = state::votes_slot(context, proposal.id)?;
    let is_new = votes::cast(context, slot, &voter)?;
    settle(context, proposal.id, &voter, is_new)
}

pub(super) fn update_profile(
    context: &mut Context<'_>,
    call: IMembers::updateProfileCall,
) -> Result<IMembers::updateProfileReturn, Stop> {
    let account = votes::active(context, context.caller())?.account;
    let profile = Profile {
        name: call.name,
        contact: call.contact,
        x25519: call.x25519,
    };
    check_profile(&profile)?;
    put_profile(context, account, profile)?;
    Ok(IMembers::updateProfileReturn {})
}

pub(super) fn update_key(
    context: &mut Context<'_>,
    call: IMembers::updateKeyCall,
) -> Result<IMembers::updateKeyReturn, Stop> {
    let account = votes::active(context, context.caller())?.account;
    let mut profile = state::profile(context, account)?;
    profile.x25519 = call.x25519;
    put_profile(context, account, profile)?;
    Ok(IMembers::updateKeyReturn {})
}

/// A member of the genesis file: admitted without a vote, by the rules that hold for a vote.
pub(crate) fn admit_at_genesis(
    context: &mut Context<'_>,
    account: Address,
    profile: (&str, &str, B256),
    roles: Roles,
    weight: u32,
) -> Result<(), Stop> {
    let (name, contact, x25519) = profile;
    let profile = Profile {
        name: name.into(),
        contact: contact.into(),
        x25519,
    };
    check_subject(account)?;
    check_premise(context, Kind::Admit, account)?;
    check_profile(&profile)?;
    check_roles(roles.mask(), weight)?;
    admit(context, account, profile, roles.mask(), weight)
}

/// Opens a proposal with the proposer's approval.
fn open(
    context: &mut Context<'_>,
    proposer: &Record,
    kind: Kind,
    subject: Address,
    (roles, weight): (u8, u32),
    reason: &str,
) -> Result<u64, Stop> {
    let pending = super::views::open_proposal_of(context, subject, proposer.account)?;
    ensure(pending == 0, || IMembers::ProposalPending {
        subject,
        proposalId: U256::from(pending),
    })?;
    let mut counters = state::counters(context)?;
    counters.proposals += 1;
    let id = counters.proposals;
    let expiry = context.now().saturating_add(PROPOSAL_LIFETIME_S);
    let proposer_account = proposer.account;
    let proposal = Proposal {
        id,
        kind,
        passed: false,
        subject,
        proposer: proposer_account,
        roles,
        weight,
        expiry,
    };
    state::set_counters(context, counters)?;
    state::set_proposal(context, &proposal)?;
    state::set_reason(context, id, reason)?;
    state::set_latest_about(context, subject, proposer_account, id)?;
    let slot = state::votes_slot(context, id)?;
    votes::cast(context, slot, proposer)?;
    context.emit(&IMembers::ProposalOpened {
        proposalId: U256::from(id),
        subject,
        proposer: proposer_account,
        kind,
        roles,
        weight,
        expiry,
        reason: reason.into(),
    })?;
    Ok(id)
}

/// Counts the approvals after the voter's, which is new or a repeat, and lets the proposal take effect if
/// they suffice.
fn settle(context: &mut Context<'_>, id: u64, voter: &Record, is_new: bool) -> Result<bool, Stop> {
    let slot = state::votes_slot(context, id)?;
    let (approvals, _) = votes::count(context, slot)?;
    let total = votes::total_weight(context)?;
    let proposal_id = U256::from(id);
    if is_new {
        context.emit(&IMembers::ProposalApproved {
            proposalId: proposal_id,
            member: voter.account,
            approvals,
            total,
        })?;
    }
    if approvals.saturating_mul(2) <= total {
        return votes::pending(is_new, voter);
    }
    let mut proposal = super::views::find_proposal(context, proposal_id)?;
    proposal.passed = true;
    state::set_proposal(context, &proposal)?;
    state::close_all_about(context, proposal.subject)?;
    execute(context, &proposal)?;
    context.emit(&IMembers::ProposalPassed {
        proposalId: proposal_id,
        subject: proposal.subject,
        kind: proposal.kind,
    })?;
    Ok(true)
}

fn execute(context: &mut Context<'_>, proposal: &Proposal) -> Result<(), Stop> {
    check_premise(context, proposal.kind, proposal.subject)?;
    if proposal.kind == Kind::Admit {
        let profile = state::nominee(context, proposal.id)?;
        let (roles, weight) = (proposal.roles, proposal.weight);
        return admit(context, proposal.subject, profile, roles, weight);
    }
    let old = known(context, proposal.subject)?;
    let mut new = old;
    match proposal.kind {
        Kind::Suspend => new.active = false,
        Kind::Reinstate => new.active = true,
        _ => (new.roles, new.weight) = (proposal.roles, proposal.weight),
    }
    put_record(context, Some(&old), &new)
}

fn admit(
    context: &mut Context<'_>,
    account: Address,
    profile: Profile,
    roles: u8,
    weight: u32,
) -> Result<(), Stop> {
    put_profile(context, account, profile)?;
    let mut counters = state::counters(context)?;
    check_room(counters)?;
    let index = counters.members;
    counters.members += 1;
    state::set_counters(context, counters)?;
    state::set_index(context, account, index)?;
    let since = context.now();
    let record = Record {
        index,
        account,
        weight,
        roles,
        active: true,
        since,
    };
    put_record(context, None, &record)
}

/// Writes a record and keeps the total weight in step.
fn put_record(context: &mut Context<'_>, old: Option<&Record>, new: &Record) -> Result<(), Stop> {
    let mut counters = state::counters(context)?;
    let without = counters.weight - u64::from(old.map_or(0, Record::voting_weight));
    counters.weight = without + u64::from(new.voting_weight());
    // A genesis may list observers first, so only a loss is refused here.
    ensure(counters.weight > 0 || old.is_none(), || {
        IMembers::NoWeightLeft {}
    })?;
    state::set_counters(context, counters)?;
    state::set_record(context, new)?;
    context.emit(&IMembers::MemberChanged {
        account: new.account,
        status: new.status(),
        roles: new.roles,
        weight: new.weight,
    })
}

fn put_profile(context: &mut Context<'_>, account: Address, profile: Profile) -> Result<(), Stop> {
    state::set_profile(context, account, &profile)?;
    let Profile {
        name,
        contact,
        x25519,
    } = profile;
    context.emit(&IMembers::ProfileChanged {
        account,
        name,
        contact,
        x25519,
    })
}

fn known(context: &mut Context<'_>, account: Address) -> Result<Record, Stop> {
    state::find(context, account)?.ok_or_else(|| revert(IMembers::UnknownMember { account }))
}

/// What must be true of a subject for a proposal about it to be opened, and to take effect.
fn check_premise(context: &mut Context<'_>, kind: Kind, account: Address) -> Result<(), Stop> {
    let record = state::find(context, account)?;
    if kind == Kind::Admit {
        return ensure(record.is_none(), || IMembers::AlreadyMember { account });
    }
    let record = record.ok_or_else(|| revert(IMembers::UnknownMember { account }))?;
    let holds = match kind {
        Kind::Suspend => record.active,
        Kind::Reinstate => !record.active,
        _ => true,
    };
    ensure(holds, || IMembers::WrongStatus {
        account,
        status: record.status(),
    })
}

fn check_subject(account: Address) -> Result<(), Stop> {
    ensure(!account.is_zero() && !is_module_address(&account), || {
        IMembers::InvalidSubject { account }
    })
}

fn check_room(counters: Counters) -> Result<(), Stop> {
    ensure(counters.members < MAX_MEMBERS, || IMembers::LeagueFull {
        limit: U256::from(MAX_MEMBERS),
    })
}

fn check_profile(profile: &Profile) -> Result<(), Stop> {
    check_present("name", !profile.name.is_empty())?;
    check_length("name", profile.name.len(), MAX_NAME_BYTES)?;
    check_length("contact", profile.contact.len(), MAX_CONTACT_BYTES)
}

fn check_roles(mask: u8, weight: u32) -> Result<(), Stop> {
    let roles =
        Roles::from_mask(mask).map_err(|_| revert(IMembers::InvalidRoles { roles: mask }))?;
    let range = if roles.contains(Role::Observer) {
        0..=0
    } else {
        1..=MAX_WEIGHT
    };
    ensure(range.contains(&weight), || IMembers::InvalidWeight {
        weight,
        limit: *range.end(),
    })
}
