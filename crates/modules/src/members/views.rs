//! What the view selectors return.

use super::{
    state::{self, Proposal, Record},
    votes,
};
use crate::{
    codec::check_count,
    context::{Context, Stop, revert},
    limits::MAX_MEMBERS_PAGE,
};
use alloy_primitives::{Address, U256};
use hansa_abi::IMembers::{self, ProposalState};

pub(super) fn member(
    context: &mut Context<'_>,
    call: IMembers::memberCall,
) -> Result<IMembers::Member, Stop> {
    let record = state::find(context, call.account)?;
    describe(context, call.account, record)
}

pub(super) fn is_active(
    context: &mut Context<'_>,
    call: IMembers::isActiveCall,
) -> Result<bool, Stop> {
    Ok(state::find(context, call.account)?.is_some_and(|record| record.active))
}

pub(super) fn weight_of(
    context: &mut Context<'_>,
    call: IMembers::weightOfCall,
) -> Result<u32, Stop> {
    Ok(state::find(context, call.account)?.map_or(0, |record| record.voting_weight()))
}

pub(super) fn roles_of(context: &mut Context<'_>, call: IMembers::rolesOfCall) -> Result<u8, Stop> {
    let active = state::find(context, call.account)?.filter(|record| record.active);
    Ok(active.map_or(0, |record| record.roles))
}

pub(super) fn total_active_weight(
    context: &mut Context<'_>,
    _: IMembers::totalActiveWeightCall,
) -> Result<u64, Stop> {
    votes::total_weight(context)
}

pub(super) fn member_count(
    context: &mut Context<'_>,
    _: IMembers::memberCountCall,
) -> Result<U256, Stop> {
    Ok(U256::from(state::counters(context)?.members))
}

pub(super) fn members(
    context: &mut Context<'_>,
    call: IMembers::membersCall,
) -> Result<IMembers::membersReturn, Stop> {
    let limit = usize::try_from(call.limit).unwrap_or(usize::MAX);
    check_count("limit", limit, MAX_MEMBERS_PAGE)?;
    let count = state::counters(context)?.members;
    let start = u64::try_from(call.offset).unwrap_or(u64::MAX).min(count);
    let mut page = Vec::new();
    for index in start..count.min(start.saturating_add(limit as u64)) {
        let record = state::record_at(context, index)?;
        page.push(describe(context, record.account, Some(record))?);
    }
    Ok(IMembers::membersReturn {
        page,
        total: U256::from(count),
    })
}

pub(super) fn proposal(
    context: &mut Context<'_>,
    call: IMembers::proposalCall,
) -> Result<IMembers::Proposal, Stop> {
    let proposal = find_proposal(context, call.proposalId)?;
    let slot = state::votes_slot(context, proposal.id)?;
    let (approvals, _) = votes::count(context, slot)?;
    let state = if proposal.passed {
        ProposalState::Passed
    } else if state::is_open(context, &proposal)? {
        ProposalState::Open
    } else {
        ProposalState::Expired
    };
    let nominee = state::nominee(context, proposal.id)?;
    Ok(IMembers::Proposal {
        id: call.proposalId,
        kind: proposal.kind,
        state,
        subject: proposal.subject,
        proposer: proposal.proposer,
        roles: proposal.roles,
        weight: proposal.weight,
        expiry: proposal.expiry,
        approvals,
        total: votes::total_weight(context)?,
        reason: state::reason(context, proposal.id)?,
        name: nominee.name,
        contact: nominee.contact,
        x25519: nominee.x25519,
    })
}

pub(super) fn proposal_count(
    context: &mut Context<'_>,
    _: IMembers::proposalCountCall,
) -> Result<U256, Stop> {
    Ok(U256::from(state::counters(context)?.proposals))
}

pub(super) fn open_proposal(
    context: &mut Context<'_>,
    call: IMembers::openProposalCall,
) -> Result<U256, Stop> {
    let id = open_proposal_of(context, call.subject, call.proposer)?;
    Ok(U256::from(id))
}

pub(super) fn has_approved(
    context: &mut Context<'_>,
    call: IMembers::hasApprovedCall,
) -> Result<bool, Stop> {
    let proposal = find_proposal(context, call.proposalId)?;
    let Some(record) = state::find(context, call.account)? else {
        return Ok(false);
    };
    let slot = state::votes_slot(context, proposal.id)?;
    votes::has_voted(context, slot, record.index)
}

/// The proposal with an id; reverts when there is none.
pub(super) fn find_proposal(context: &mut Context<'_>, id: U256) -> Result<Proposal, Stop> {
    let unknown = || revert(IMembers::UnknownProposal { proposalId: id });
    let id = u64::try_from(id).map_err(|_| unknown())?;
    state::proposal(context, id)?.ok_or_else(unknown)
}

/// The id of a proposer's open proposal about a subject, or 0.
pub(super) fn open_proposal_of(
    context: &mut Context<'_>,
    subject: Address,
    proposer: Address,
) -> Result<u64, Stop> {
    let id = state::latest_about(context, subject, proposer)?;
    let open = match state::proposal(context, id)? {
        Some(proposal) => state::is_open(context, &proposal)?,
        None => false,
    };
    Ok(if open { id } else { 0 })
}

fn describe(
    context: &mut Context<'_>,
    account: Address,
    record: Option<Record>,
) -> Result<IMembers::Member, Stop> {
    let profile = state::profile(context, account)?;
    Ok(IMembers::Member {
        account,
        status: record.map_or(IMembers::Status::None, |record| record.status()),
        roles: record.map_or(0, |record| record.roles),
        weight: record.map_or(0, |record| record.weight),
        since: record.map_or(0, |record| record.since),
        x25519: profile.x25519,
        name: profile.name,
        contact: profile.contact,
    })
}
