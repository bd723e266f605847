//! From selectors to functions.

use super::{logic, policy, views};
use crate::context::{Context, Stop};
use alloy_primitives::Bytes;
use alloy_sol_types::SolCall;
use hansa_abi::IGuard as Abi;

pub(crate) fn dispatch(context: &mut Context<'_>) -> Result<Bytes, Stop> {
    match context.selector() {
        Abi::raiseCall::SELECTOR => context.pay(logic::raise),
        Abi::raiseProvisionalCall::SELECTOR => context.pay(logic::raise_provisional),
        Abi::endorseCall::SELECTOR => context.write(logic::endorse),
        Abi::voteRevokeCall::SELECTOR => context.write(logic::vote_revoke),
        Abi::claimBondCall::SELECTOR => context.write(logic::claim_bond),
        Abi::issueOwnCall::SELECTOR => context.write(policy::issue_own),
        Abi::endOwnCall::SELECTOR => context.write(policy::end_own),
        Abi::protectCall::SELECTOR => context.write(policy::protect),
        Abi::unprotectCall::SELECTOR => context.write(policy::unprotect),
        Abi::setWardenCall::SELECTOR => context.write(policy::set_warden),
        Abi::wardenCall::SELECTOR => context.view(policy::warden),
        Abi::protectedAddressesCall::SELECTOR => context.view(policy::protected_addresses),
        Abi::ownDirectivesCall::SELECTOR => context.view(policy::own_directives),
        Abi::alertCall::SELECTOR => context.view(views::alert),
        Abi::tallyCall::SELECTOR => context.view(views::tally),
        Abi::bondClaimableAtCall::SELECTOR => context.view(views::bond_claimable_at),
        Abi::blockedUntilCall::SELECTOR => context.view(views::blocked_until),
        Abi::directivesCall::SELECTOR => context.view(views::directives_of),
        Abi::alertIdsCall::SELECTOR => context.view(views::alert_ids),
        Abi::isProtectedCall::SELECTOR => context.view(views::is_protected),
        Abi::parametersCall::SELECTOR => context.view(views::parameters),
        _ => Err(context.unknown_selector()),
    }
}
