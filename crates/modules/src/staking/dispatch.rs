//! From selectors to functions.

use super::{allocations, delegation, lifecycle, previews, slashing, views};
use crate::context::{Context, Stop};
use alloy_primitives::Bytes;
use alloy_sol_types::SolCall;
use hansa_abi::IStaking as Abi;

pub(crate) fn dispatch(context: &mut Context<'_>) -> Result<Bytes, Stop> {
    match context.selector() {
        Abi::registerCall::SELECTOR => context.pay(lifecycle::register),
        Abi::rotateKeyCall::SELECTOR => context.write(lifecycle::rotate_key),
        Abi::setCommissionCall::SELECTOR => context.write(lifecycle::set_commission),
        Abi::setFeeRecipientCall::SELECTOR => context.write(lifecycle::set_fee_recipient),
        Abi::setProfileCall::SELECTOR => context.write(lifecycle::set_profile),
        Abi::setRiskCall::SELECTOR => context.write(lifecycle::set_risk),
        Abi::setZoneShareCall::SELECTOR => context.write(allocations::set_zone_share),
        Abi::setStandingShareCall::SELECTOR => context.write(allocations::set_standing_share),
        Abi::exitCall::SELECTOR => context.write(lifecycle::exit),
        Abi::rejoinCall::SELECTOR => context.write(lifecycle::rejoin),
        Abi::retireCall::SELECTOR => context.write(lifecycle::retire),
        Abi::unjailCall::SELECTOR => context.write(lifecycle::unjail),
        Abi::claimCommissionCall::SELECTOR => context.write(lifecycle::claim_commission),
        Abi::delegateCall::SELECTOR => context.pay(delegation::delegate),
        Abi::undelegateCall::SELECTOR => context.write(delegation::undelegate),
        Abi::withdrawCall::SELECTOR => context.write(delegation::withdraw),
        Abi::redelegateCall::SELECTOR => context.write(delegation::redelegate),
        Abi::completeRedelegationCall::SELECTOR => context.write(delegation::complete_redelegation),
        Abi::claimRewardsCall::SELECTOR => context.write(delegation::claim_rewards),
        Abi::restakeCall::SELECTOR => context.write(delegation::restake),
        Abi::setAutoRestakeCall::SELECTOR => context.write(delegation::set_auto_restake),
        Abi::settleCall::SELECTOR => context.write(delegation::settle),
        Abi::submitEvidenceCall::SELECTOR => context.write(slashing::submit_evidence),
        Abi::submitZoneEvidenceCall::SELECTOR => context.write(slashing::submit_zone_evidence),
        Abi::appealCall::SELECTOR => context.pay(slashing::appeal),
        Abi::approveAppealCall::SELECTOR => context.write(slashing::approve_appeal),
        Abi::settleSlashCall::SELECTOR => context.write(slashing::settle_slash),
        _ => view(context),
    }
}

fn view(context: &mut Context<'_>) -> Result<Bytes, Stop> {
    match context.selector() {
        Abi::operatorCall::SELECTOR => context.view(views::operator),
        Abi::operatorsCall::SELECTOR => context.view(views::operators),
        Abi::operatorOfCall::SELECTOR => context.view(views::operator_of),
        Abi::operatorOfKeyCall::SELECTOR => context.view(views::operator_of_key),
        Abi::committeeOfCall::SELECTOR => context.view(views::committee_of),
        Abi::epochOfCall::SELECTOR => context.view(views::epoch_of),
        Abi::delegationCall::SELECTOR => context.view(views::delegation),
        Abi::delegationsOfCall::SELECTOR => context.view(views::delegations_of),
        Abi::slashCall::SELECTOR => context.view(views::slash),
        Abi::slashesCall::SELECTOR => context.view(views::slashes),
        Abi::zoneShareCall::SELECTOR => context.view(allocations::zone_share),
        Abi::standingShareCall::SELECTOR => context.view(allocations::standing_share),
        Abi::parametersCall::SELECTOR => context.view(views::parameters),
        Abi::lastSelectionCall::SELECTOR => context.view(views::last_selection),
        Abi::slashShareOfCall::SELECTOR => context.view(previews::slash_share_of),
        Abi::previewSlashCall::SELECTOR => context.view(previews::preview_slash),
        Abi::previewLossCall::SELECTOR => context.view(previews::preview_loss),
        Abi::exposureCall::SELECTOR => context.view(previews::exposure),
        Abi::concentrationCall::SELECTOR => context.view(previews::concentration),
        Abi::rewardRateCall::SELECTOR => context.view(previews::reward_rate),
        _ => Err(context.unknown_selector()),
    }
}
