//! What the hub takes from its zones.

use super::{
    inbox,
    lanes::{Lane, held_slot, outflow_limit},
    sending::{can_receive, forward, id_of},
};
use crate::{
    codec::{check_count, check_length},
    context::{Context, Stop, ensure, revert},
    gas,
    limits::{MAX_DELIVERIES, MAX_MESSAGE_BYTES, MAX_MESSAGE_FEE},
    staking, zones,
};
use alloy_primitives::{Address, B256, U256};
use hansa_abi::{
    IMessages::{self, Message, Outcome},
    IZones,
};
use hansa_primitives::{Arrival, OUTBOX_LEVELS, climb};

/// Reverts on a chain without zones, and when there is none with this id.
fn chain_of(context: &mut Context<'_>, zone: u64) -> Result<u64, Stop> {
    let is_enabled = staking::is_enabled(context)?;
    ensure(is_enabled, || IMessages::NotEnabled {})?;
    let chain_id = zones::chain_id(context, zone)?;
    ensure(chain_id != 0, || IZones::UnknownZone { zoneId: zone })?;
    Ok(chain_id)
}

pub(super) fn deliver(
    context: &mut Context<'_>,
    call: IMessages::deliverCall,
) -> Result<u64, Stop> {
    let chain_id = chain_of(context, call.zoneId)?;
    check_count("messages", call.messages.len(), MAX_DELIVERIES)?;
    let paired = call.messages.len() == call.proofs.len();
    ensure(paired, || IMessages::MalformedProof {})?;
    let checkpoint = zones::checkpoint(context, call.zoneId)?;
    let limit = outflow_limit(checkpoint.stake);
    let mut lane = Lane::load(context, call.zoneId)?;
    let mut fees = U256::ZERO;
    for (message, proof) in call.messages.iter().zip(&call.proofs) {
        let (nonce, expected) = (message.nonce, lane.delivered);
        ensure(nonce == expected, || IMessages::OutOfOrder {
            nonce,
            expected,
        })?;
        let count = checkpoint.outboxCount;
        ensure(nonce < count, || IMessages::NotCheckpointed {
            nonce,
            count,
        })?;
        let complete = proof.len() == OUTBOX_LEVELS;
        ensure(complete, || IMessages::MalformedProof {})?;
        check_length("data", message.data.len(), MAX_MESSAGE_BYTES)?;
        let id = id_of(context, message)?;
        context.charge(gas::keccak(64).saturating_mul(OUTBOX_LEVELS as u64))?;
        let proved = climb(id, nonce, proof) == checkpoint.outboxRoot && message.source == chain_id;
        ensure(proved, || IMessages::InvalidProof { nonce })?;
        lane.check_locked(message.value.saturating_add(message.fee))?;
        lane.delivered += 1;
        let fee = pay_fee(context, &mut lane, message, limit)?;
        fees = fees.saturating_add(fee);
        let out = lane.let_out(context.now(), limit, message.value);
        let held = message.value.saturating_sub(out);
        let outcome = if held.is_zero() {
            settle(context, &mut lane, id, message)?
        } else {
            lane.held = lane.held.saturating_add(message.value);
            context.sstore(held_slot(id), held)?;
            Outcome::Held
        };
        tell(context, id, (lane.zone, message), outcome)?;
    }
    lane.save(context)?;
    context.transfer(context.caller(), fees)?;
    Ok(call.messages.len() as u64)
}

/// Takes the fee from the lane, as far as the outflow limit allows. What a zone should never have asked for stays with it.
fn pay_fee(
    context: &mut Context<'_>,
    lane: &mut Lane,
    message: &Message,
    limit: U256,
) -> Result<U256, Stop> {
    let allowed = message.fee.min(MAX_MESSAGE_FEE);
    let fee = lane.let_out(context.now(), limit, allowed);
    lane.locked = lane.locked.saturating_sub(fee);
    let rest = message.fee.saturating_sub(fee);
    if !rest.is_zero() {
        send_back(context, lane, message.sender, rest)?;
    }
    Ok(fee)
}

/// Gives ether that is locked for a zone to an account there.
fn send_back(
    context: &mut Context<'_>,
    lane: &mut Lane,
    to: Address,
    amount: U256,
) -> Result<(), Stop> {
    let back = Arrival {
        to,
        amount,
        message: B256::ZERO,
    };
    lane.push(context, back)
}

/// Hands a message on whose value may leave.
fn settle(
    context: &mut Context<'_>,
    lane: &mut Lane,
    id: B256,
    message: &Message,
) -> Result<Outcome, Stop> {
    let ether_alone = message.data.is_empty();
    let can = can_receive(message.to, ether_alone);
    if can && message.destination == context.chain_id() {
        lane.locked = lane.locked.saturating_sub(message.value);
        if !ether_alone {
            inbox::wait(context, id)?;
            return Ok(Outcome::Waiting);
        }
        context.transfer(message.to, message.value)?;
        return Ok(Outcome::Paid);
    }
    let zone = zones::by_chain_id(context, message.destination)?;
    if can && zone != 0 && zone != lane.zone {
        lane.locked = lane.locked.saturating_sub(message.value);
        let mut other = Lane::load(context, zone)?;
        other.locked = other.locked.saturating_add(message.value);
        forward(context, &mut other, message)?;
        other.save(context)?;
        return Ok(Outcome::Forwarded);
    }
    if !message.value.is_zero() {
        send_back(context, lane, message.sender, message.value)?;
    }
    Ok(Outcome::Returned)
}

fn tell(
    context: &mut Context<'_>,
    id: B256,
    (zone, message): (u64, &Message),
    outcome: Outcome,
) -> Result<(), Stop> {
    context.emit(&IMessages::Delivered {
        id,
        zoneId: zone,
        to: message.to,
        nonce: message.nonce,
        value: message.value,
        outcome,
    })
}

pub(super) fn release(
    context: &mut Context<'_>,
    call: IMessages::releaseCall,
) -> Result<U256, Stop> {
    let message = call.message;
    let id = id_of(context, &message)?;
    let held = context.sload(held_slot(id))?;
    ensure(!held.is_zero(), || IMessages::NotWaiting { id })?;
    // What is held came from a zone.
    let zone = zones::by_chain_id(context, message.source)?;
    let limit = outflow_limit(zones::checkpoint(context, zone)?.stake);
    let mut lane = Lane::load(context, zone)?;
    let out = lane.let_out(context.now(), limit, held);
    if out.is_zero() {
        return Err(revert(IMessages::OutflowLimit { limit }));
    }
    let rest = held.saturating_sub(out);
    context.sstore(held_slot(id), rest)?;
    if rest.is_zero() {
        lane.held = lane.held.saturating_sub(message.value);
        let outcome = settle(context, &mut lane, id, &message)?;
        tell(context, id, (zone, &message), outcome)?;
    }
    lane.save(context)?;
    Ok(rest)
}

pub(super) fn lane(
    context: &mut Context<'_>,
    call: IMessages::laneCall,
) -> Result<IMessages::Lane, Stop> {
    chain_of(context, call.zoneId)?;
    let limit = outflow_limit(zones::checkpoint(context, call.zoneId)?.stake);
    let lane = Lane::load(context, call.zoneId)?;
    Ok(lane.describe(context.now(), limit))
}
