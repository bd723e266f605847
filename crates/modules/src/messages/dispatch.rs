//! From selectors to functions.

use super::{delivery, exits, inbox, outbox, sending};
use crate::context::{Context, Stop};
use alloy_primitives::Bytes;
use alloy_sol_types::SolCall;
use hansa_abi::IMessages as Abi;

pub(crate) fn dispatch(context: &mut Context<'_>) -> Result<Bytes, Stop> {
    match context.selector() {
        Abi::sendCall::SELECTOR => context.pay(sending::send),
        Abi::sendWithCallCall::SELECTOR => context.pay(sending::send_with_call),
        Abi::deliverCall::SELECTOR => context.write(delivery::deliver),
        Abi::releaseCall::SELECTOR => context.write(delivery::release),
        Abi::takeCall::SELECTOR => context.write(inbox::take),
        Abi::refundCall::SELECTOR => context.write(inbox::refund),
        Abi::exitCall::SELECTOR => context.write(exits::exit),
        Abi::exitMessageCall::SELECTOR => context.write(exits::exit_message),
        Abi::reclaimCall::SELECTOR => context.write(exits::reclaim),
        Abi::waitingCall::SELECTOR => context.view(inbox::waiting),
        Abi::laneCall::SELECTOR => context.view(delivery::lane),
        Abi::outboxCall::SELECTOR => context.view(outbox::describe),
        Abi::arrivedCall::SELECTOR => context.view(inbox::arrived),
        Abi::proofCall::SELECTOR => context.view(outbox::proof),
        _ => Err(context.unknown_selector()),
    }
}
