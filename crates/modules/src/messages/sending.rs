//! The way out.

use super::{
    lanes::Lane,
    outbox,
    state::{self, Home},
};
use crate::{
    codec::check_length,
    context::{Context, Stop, ensure},
    gas, guard,
    limits::{MAX_CALL_GAS, MAX_MESSAGE_BYTES, MAX_MESSAGE_FEE},
    staking, zones,
};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolValue as _;
use hansa_abi::IMessages::{self, Message};
use hansa_primitives::Arrival;

pub(super) fn send(context: &mut Context<'_>, call: IMessages::sendCall) -> Result<B256, Stop> {
    check_length("data", call.data.len(), MAX_MESSAGE_BYTES)?;
    let order = IMessages::sendWithCallCall {
        destination: call.destination,
        to: call.to,
        fee: call.fee,
        gas: 0,
        reward: U256::ZERO,
        data: call.data,
    };
    accept(context, order)
}

pub(super) fn send_with_call(
    context: &mut Context<'_>,
    order: IMessages::sendWithCallCall,
) -> Result<B256, Stop> {
    check_length("data", order.data.len(), MAX_MESSAGE_BYTES)?;
    let (gas, limit) = (order.gas, MAX_CALL_GAS);
    let is_valid = (1..=limit).contains(&gas);
    ensure(is_valid, || IMessages::InvalidCallGas { gas, limit })?;
    let is_call = !order.data.is_empty();
    ensure(is_call, || IMessages::NothingToCall {})?;
    accept(context, order)
}

fn accept(context: &mut Context<'_>, call: IMessages::sendWithCallCall) -> Result<B256, Stop> {
    let can = can_receive(call.to, call.data.is_empty());
    ensure(can, || IMessages::InvalidReceiver { to: call.to })?;
    // Nobody pays for that look-up: it comes after what is paid for.
    let home = state::home(context)?;
    context.check_free(call.to)?;
    let is_hub = home.zone == 0;
    let limit = if is_hub { U256::ZERO } else { MAX_MESSAGE_FEE };
    let limit = limit.min(context.value());
    let fee = call.fee;
    ensure(fee <= limit, || IMessages::FeeTooHigh { fee, limit })?;
    let rest = context.value().saturating_sub(fee);
    let reward = call.reward;
    let limit = rest;
    ensure(reward <= limit, || IMessages::RewardTooHigh {
        reward,
        limit,
    })?;
    let value = rest.saturating_sub(reward);
    let carries = !value.is_zero() || !call.data.is_empty();
    ensure(carries, || IMessages::NothingSent {})?;
    let mut message = Message {
        source: context.chain_id(),
        destination: call.destination,
        nonce: home.sent,
        sender: context.caller(),
        to: call.to,
        value,
        fee,
        gas: call.gas,
        reward,
        data: call.data,
    };
    let elsewhere = message.destination != message.source;
    if !is_hub {
        let chain_id = message.destination;
        ensure(elsewhere, || IMessages::UnknownChain { chainId: chain_id })?;
        return leave(context, home, message);
    }
    let is_enabled = staking::is_enabled(context)?;
    ensure(is_enabled, || IMessages::NotEnabled {})?;
    let zone = zones::by_chain_id(context, message.destination)?;
    ensure(zone != 0, || IMessages::UnknownChain {
        chainId: message.destination,
    })?;
    zones::require_open(context, zone)?;
    let mut lane = Lane::load(context, zone)?;
    message.nonce = lane.sent;
    lane.let_in(carried(&message));
    let id = forward(context, &mut lane, &message)?;
    lane.save(context)?;
    announce(context, id, message)
}

/// Who can receive ether alone, or a message, on any chain.
pub(super) fn can_receive(to: Address, ether_alone: bool) -> bool {
    let refuses = ether_alone && guard::is_of_protocol(to);
    !to.is_zero() && !refuses
}

/// Wei that travel with a message.
pub(super) fn carried(message: &Message) -> U256 {
    message.value.saturating_add(message.reward)
}

/// The id of a message.
pub(super) fn id_of(context: &mut Context<'_>, message: &Message) -> Result<B256, Stop> {
    let encoded = message.abi_encode();
    context.charge(gas::copy(encoded.len()))?;
    context.keccak(&encoded)
}

/// Appends a message to a lane. Its ether is locked there already.
pub(super) fn forward(
    context: &mut Context<'_>,
    lane: &mut Lane,
    message: &Message,
) -> Result<B256, Stop> {
    let id = id_of(context, message)?;
    let arrival = Arrival {
        to: message.to,
        amount: carried(message),
        message: if message.data.is_empty() {
            B256::ZERO
        } else {
            id
        },
    };
    lane.push(context, arrival)?;
    Ok(id)
}

/// Sends a message from this zone: its ether ends here.
pub(super) fn leave(context: &mut Context<'_>, home: Home, message: Message) -> Result<B256, Stop> {
    let id = id_of(context, &message)?;
    outbox::push(context, home, id)?;
    context.burn(carried(&message).saturating_add(message.fee))?;
    announce(context, id, message)
}

fn announce(context: &mut Context<'_>, id: B256, message: Message) -> Result<B256, Stop> {
    context.emit(&IMessages::Sent {
        id,
        destination: message.destination,
        sender: message.sender,
        message,
    })?;
    Ok(id)
}
