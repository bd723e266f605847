//! What the state-changing selectors do.

use super::{
    roles::{Role, Roles},
    state::{self, Counters, Proposal, Record},
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
    ensure(state::find(context, account)?.is_none(), || {
        IMembers::AlreadyMember { account }
    })?;
    check_room(state::counters(context)?)?;
    check_profile(&call.name, &call.contact)?;
    check_roles(call.roles, call.weight)?;
    let id = open(
        context,
        &proposer,
        Kind::Admit,
        account,
        (call.roles, call.weight),
        "",
    )?;
    put_profile(context, account, call.name, call.contact, call.x25519)?;
    settle(context, id)?;
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
    let record = known(context, account)?;
    ensure(record.active == (kind == Kind::Suspend), || {
        IMembers::WrongStatus {
            account,
            status: record.status(),
        }
    })?;
    check_length("reason", reason.len(), MAX_REASON_BYTES)?;
    let id = open(
        context,
        &proposer,
        kind,
        account,
        (record.roles, record.weight),
        reason,
    )?;
    settle(context, id)?;
    Ok(U256::from(id))
}

pub(super) fn propose_roles(
    context: &mut Context<'_>,
    call: IMembers::proposeRolesCall,
) -> Result<U256, Stop> {
    let proposer = votes::voter(context, context.caller())?;
    known(context, call.subject)?;
    check_roles(call.roles, call.weight)?;
    let terms = (call.roles, call.weight);
    let id = open(context, &proposer, Kind::SetRoles, call.subject, terms, "")?;
    settle(context, id)?;
    Ok(U256::from(id))
}

pub(super) fn approve(
    context: &mut Context<'_>,
    call: IMembers::approveCall,
) -> Result<bool, Stop> {
    let voter = votes::voter(context, context.caller())?;
    let proposal_id = call.proposalId;
    let proposal = super::views::find_proposal(context, proposal_id)?;
    let now = context.now();
    ensure(proposal.is_open(now), || IMembers::ProposalClosed {
        proposalId: proposal_id,
    })?;
    let slot = state::votes_slot(context, proposal.id)?;
    votes::cast(context, slot, &voter)?;
    settle(context, proposal.id)
}

pub(super) fn update_profile(
    context: &mut Context<'_>,
    call: IMembers::updateProfileCall,
) -> Result<IMembers::updateProfileReturn, Stop> {
    let account = votes::active(context, context.caller())?.account;
    check_profile(&call.name, &call.contact)?;
    put_profile(context, account, call.name, call.contact, call.x25519)?;
    Ok(IMembers::updateProfileReturn {})
}

pub(super) fn update_key(
    context: &mut Context<'_>,
    call: IMembers::updateKeyCall,
) -> Result<IMembers::updateKeyReturn, Stop> {
    let account = votes::active(context, context.caller())?.account;
    let (name, contact, _) = state::profile(context, account)?;
    put_profile(context, account, name, contact, call.x25519)?;
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
    let (name, contact, key) = profile;
    check_subject(account)?;
    ensure(state::find(context, account)?.is_none(), || {
        IMembers::AlreadyMember { account }
    })?;
    check_profile(name, contact)?;
    check_roles(roles.mask(), weight)?;
    put_profile(context, account, name.into(), contact.into(), key)?;
    admit(context, account, roles.mask(), weight)
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
    let pending = super::views::open_proposal_of(context, subject)?;
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
    state::set_latest_about(context, subject, id)?;
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

/// Counts the approvals after the caller's, and lets the proposal take effect if they suffice.
fn settle(context: &mut Context<'_>, id: u64) -> Result<bool, Stop> {
    let slot = state::votes_slot(context, id)?;
    let (approvals, _) = votes::count(context, slot)?;
    let total = votes::total_weight(context)?;
    let proposal_id = U256::from(id);
    context.emit(&IMembers::ProposalApproved {
        proposalId: proposal_id,
        member: context.caller(),
        approvals,
        total,
    })?;
    if approvals.saturating_mul(2) <= total {
        return Ok(false);
    }
    let mut proposal = super::views::find_proposal(context, proposal_id)?;
    proposal.passed = true;
    state::set_proposal(context, &proposal)?;
    execute(context, &proposal)?;
    context.emit(&IMembers::ProposalPassed {
        proposalId: proposal_id,
        subject: proposal.subject,
        kind: proposal.kind,
    })?;
    Ok(true)
}

fn execute(context: &mut Context<'_>, proposal: &Proposal) -> Result<(), Stop> {
    if proposal.kind == Kind::Admit {
        return admit(context, proposal.subject, proposal.roles, proposal.weight);
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

fn admit(context: &mut Context<'_>, account: Address, roles: u8, weight: u32) -> Result<(), Stop> {
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

fn put_profile(
    context: &mut Context<'_>,
    account: Address,
    name: String,
    contact: String,
    x25519: B256,
) -> Result<(), Stop> {
    state::set_profile(context, account, &name, &contact, x25519)?;
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

fn check_profile(name: &str, contact: &str) -> Result<(), Stop> {
    check_present("name", !name.is_empty())?;
    check_length("name", name.len(), MAX_NAME_BYTES)?;
    check_length("contact", contact.len(), MAX_CONTACT_BYTES)
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
