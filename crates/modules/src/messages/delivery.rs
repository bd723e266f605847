//! What the hub takes from its zones.

use super::{
    inbox,
    lanes::{Lane, held_slot},
    sending::{can_receive, carried, forward, id_of},
    state,
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
    IZones, MESSAGES,
};
use hansa_primitives::{OUTBOX_LEVELS, climb};

/// Reverts on a chain without zones, and when there is none with this id.
pub(super) fn chain_of(context: &mut Context<'_>, zone: u64) -> Result<u64, Stop> {
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
    let mut lane = Lane::load(context, call.zoneId)?;
    let limit = lane.limit(context)?;
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
        lane.check_locked(carried(message).saturating_add(message.fee))?;
        lane.delivered += 1;
        let fee = pay_fee(context, &mut lane, message, limit)?;
        fees = fees.saturating_add(fee);
        let target = target(context, &lane, message)?;
        let outcome = take(context, &mut lane, (id, message, target), limit)?;
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
    if lane.is_stopped(context)? {
        // There is no way back. What no honest zone lets anybody offer stays where it is, and so does what would never fit: nothing waits for that.
        let fits = fee == allowed || allowed > limit;
        ensure(fits, || IMessages::OutflowLimit { limit })?;
        return Ok(fee);
    }
    let rest = message.fee.saturating_sub(fee);
    lane.give_back(context, message.sender, rest)?;
    Ok(fee)
}

/// Where a message goes.
#[derive(Clone, Copy)]
enum Target {
    Hub,
    /// Another zone.
    Zone(u64),
    /// Its sender, for nobody can receive it any more.
    Back,
}

fn target(context: &mut Context<'_>, lane: &Lane, message: &Message) -> Result<Target, Stop> {
    let ether_alone = message.data.is_empty();
    let is_nothing = ether_alone && carried(message).is_zero();
    if is_nothing || !can_receive(message.to, ether_alone) {
        return Ok(Target::Back);
    }
    if message.destination == context.chain_id() {
        return Ok(Target::Hub);
    }
    let zone = zones::by_chain_id(context, message.destination)?;
    let is_other = zone != 0 && zone != lane.zone;
    Ok(if is_other && zones::is_open(context, zone)? {
        Target::Zone(zone)
    } else if is_other && message.sender == MESSAGES {
        // A refund whose home ends: whom it is for has the same address here.
        Target::Hub
    } else {
        Target::Back
    })
}

/// Who is paid when a message is handed on, if that is here.
fn payee(
    context: &mut Context<'_>,
    lane: &Lane,
    message: &Message,
    target: Target,
) -> Result<Option<Address>, Stop> {
    Ok(match target {
        Target::Hub if message.data.is_empty() => Some(message.to),
        Target::Back if lane.is_stopped(context)? => Some(message.sender),
        Target::Hub | Target::Zone(_) | Target::Back => None,
    })
}

/// Lets a message's value leave, as far as the limit allows, and hands the message on once all of it may. What is for a blocked address is held.
fn take(
    context: &mut Context<'_>,
    lane: &mut Lane,
    (id, message, target): (B256, &Message, Target),
    limit: U256,
) -> Result<Outcome, Stop> {
    if matches!(target, Target::Back) && !lane.is_stopped(context)? {
        lane.give_back(context, message.sender, carried(message))?;
        return Ok(Outcome::Returned);
    }
    let is_blocked = match payee(context, lane, message, target)? {
        Some(payee) => context.is_blocked(payee)?,
        None => false,
    };
    let leaves = if is_blocked {
        U256::ZERO
    } else {
        carried(message)
    };
    let out = lane.let_out(context.now(), limit, leaves);
    let held = carried(message).saturating_sub(out);
    if held.is_zero() {
        return settle(context, lane, (id, message, target));
    }
    lane.held = lane.held.saturating_add(carried(message));
    context.sstore(held_slot(id), held)?;
    Ok(Outcome::Held)
}

/// Hands a message on whose value may leave.
fn settle(
    context: &mut Context<'_>,
    lane: &mut Lane,
    (id, message, target): (B256, &Message, Target),
) -> Result<Outcome, Stop> {
    if matches!(target, Target::Back) && !lane.is_stopped(context)? {
        // It was held until its destination began to close, and does not leave after all.
        lane.put_back(carried(message));
        lane.give_back(context, message.sender, carried(message))?;
        return Ok(Outcome::Returned);
    }
    lane.locked = lane.locked.saturating_sub(carried(message));
    match target {
        Target::Back => {
            context.transfer(message.sender, carried(message))?;
            Ok(Outcome::Returned)
        }
        Target::Zone(zone) => {
            let mut other = Lane::load(context, zone)?;
            other.let_in(carried(message));
            forward(context, &mut other, message)?;
            other.save(context)?;
            ask_for_call(context, id, message)?;
            Ok(Outcome::Forwarded)
        }
        Target::Hub if message.data.is_empty() => {
            context.transfer(message.to, carried(message))?;
            Ok(Outcome::Paid)
        }
        Target::Hub => {
            inbox::wait(context, id)?;
            ask_for_call(context, id, message)?;
            Ok(Outcome::Waiting)
        }
    }
}

/// Tells nodes of a message whose receiver is to be called, wherever it was sent.
fn ask_for_call(context: &mut Context<'_>, id: B256, message: &Message) -> Result<(), Stop> {
    if message.gas == 0 {
        return Ok(());
    }
    context.emit(&IMessages::Due {
        id,
        destination: message.destination,
        to: message.to,
        message: message.clone(),
    })
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
        value: carried(message),
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
    let home = state::home(context)?;
    if home.zone != 0 {
        // What a zone holds was for an address that was blocked when it came.
        context.sstore(held_slot(id), U256::ZERO)?;
        context.transfer(message.to, held)?;
        let paid = Message {
            value: held,
            ..message
        };
        tell(context, id, (home.zone, &paid), Outcome::Paid)?;
        return Ok(U256::ZERO);
    }
    // What is held came from a zone.
    let zone = zones::by_chain_id(context, message.source)?;
    let mut lane = Lane::load(context, zone)?;
    let limit = lane.limit(context)?;
    let target = target(context, &lane, &message)?;
    if let Some(payee) = payee(context, &lane, &message, target)? {
        context.check_free(payee)?;
    }
    let out = lane.let_out(context.now(), limit, held);
    if out.is_zero() {
        return Err(revert(IMessages::OutflowLimit { limit }));
    }
    let rest = held.saturating_sub(out);
    context.sstore(held_slot(id), rest)?;
    if rest.is_zero() {
        lane.held = lane.held.saturating_sub(carried(&message));
        let outcome = settle(context, &mut lane, (id, &message, target))?;
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
    let lane = Lane::load(context, call.zoneId)?;
    let limit = lane.limit(context)?;
    Ok(lane.describe(context.now(), limit))
}
