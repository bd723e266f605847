//! From selectors to functions.

use super::{logic, views};
use crate::context::{Context, Stop};
use alloy_primitives::Bytes;
use alloy_sol_types::SolCall;
use hansa_abi::IMembers as Abi;

pub(crate) fn dispatch(context: &mut Context<'_>) -> Result<Bytes, Stop> {
    match context.selector() {
        Abi::nominateCall::SELECTOR => context.write(logic::nominate),
        Abi::proposeSuspensionCall::SELECTOR => context.write(logic::propose_suspension),
        Abi::proposeReinstatementCall::SELECTOR => context.write(logic::propose_reinstatement),
        Abi::proposeRolesCall::SELECTOR => context.write(logic::propose_roles),
        Abi::approveCall::SELECTOR => context.write(logic::approve),
        Abi::updateProfileCall::SELECTOR => context.write(logic::update_profile),
        Abi::updateKeyCall::SELECTOR => context.write(logic::update_key),
        Abi::memberCall::SELECTOR => context.view(views::member),
        Abi::isActiveCall::SELECTOR => context.view(views::is_active),
        Abi::weightOfCall::SELECTOR => context.view(views::weight_of),
        Abi::rolesOfCall::SELECTOR => context.view(views::roles_of),
        Abi::totalActiveWeightCall::SELECTOR => context.view(views::total_active_weight),
        Abi::memberCountCall::SELECTOR => context.view(views::member_count),
        Abi::membersCall::SELECTOR => context.view(views::members),
        Abi::proposalCall::SELECTOR => context.view(views::proposal),
        Abi::proposalCountCall::SELECTOR => context.view(views::proposal_count),
        Abi::openProposalCall::SELECTOR => context.view(views::open_proposal),
        Abi::hasApprovedCall::SELECTOR => context.view(views::has_approved),
        _ => Err(context.unknown_selector()),
    }
}
