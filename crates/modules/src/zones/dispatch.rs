//! From selectors to functions.

use super::{checkpoints, committees, lifecycle, logic, reseeds, upgrades};
use crate::context::{Context, Stop};
use alloy_primitives::Bytes;
use alloy_sol_types::SolCall;
use hansa_abi::IZones as Abi;

pub(crate) fn dispatch(context: &mut Context<'_>) -> Result<Bytes, Stop> {
    match context.selector() {
        Abi::createCall::SELECTOR => context.pay(logic::create),
        Abi::checkpointCall::SELECTOR => context.write(checkpoints::checkpoint),
        Abi::fundCall::SELECTOR => context.pay(lifecycle::fund),
        Abi::upgradeCall::SELECTOR => context.write(upgrades::upgrade),
        Abi::setCommitteeRuleCall::SELECTOR => context.write(committees::set_rule),
        Abi::closeCall::SELECTOR => context.write(lifecycle::close),
        Abi::haltCall::SELECTOR => context.write(lifecycle::halt),
        Abi::reseedCall::SELECTOR => context.write(reseeds::reseed),
        Abi::stopCall::SELECTOR => context.write(lifecycle::stop),
        Abi::returnEscrowCall::SELECTOR => context.write(lifecycle::return_escrow),
        Abi::committeeOfCall::SELECTOR => context.view(logic::committee_of),
        Abi::checkpointOfCall::SELECTOR => context.view(checkpoints::checkpoint_of),
        Abi::zoneCall::SELECTOR => context.view(logic::zone),
        Abi::zoneNamedCall::SELECTOR => context.view(logic::zone_named),
        Abi::zonesCall::SELECTOR => context.view(logic::zones),
        _ => Err(context.unknown_selector()),
    }
}
