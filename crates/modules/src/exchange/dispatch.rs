//! From selectors to functions.

use super::{logic, views};
use crate::context::{Context, Stop};
use alloy_primitives::Bytes;
use alloy_sol_types::SolCall;
use hansa_abi::IExchange as Abi;

pub(crate) fn dispatch(context: &mut Context<'_>) -> Result<Bytes, Stop> {
    match context.selector() {
        Abi::publishCall::SELECTOR => context.write(logic::publish),
        Abi::revokeCall::SELECTOR => context.write(logic::revoke),
        Abi::sightCall::SELECTOR => context.write(logic::sight),
        Abi::latestCall::SELECTOR => context.view(views::latest),
        Abi::digestOfCall::SELECTOR => context.view(views::digest_of),
        Abi::hasCall::SELECTOR => context.view(views::has),
        Abi::sightingsCall::SELECTOR => context.view(views::sightings),
        Abi::countsCall::SELECTOR => context.view(views::counts),
        Abi::objectIdOfCall::SELECTOR => context.view(views::object_id_of),
        _ => Err(context.unknown_selector()),
    }
}
