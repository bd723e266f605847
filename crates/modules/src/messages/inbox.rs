//! Messages that wait for their receivers.

use super::{
    lanes::{Lane, held_slot},
    sending::{carried, id_of, leave},
    state::{self, WAITING, load},
};
use crate::{
    context::{Context, Stop, ensure},
    genesis::explain,
    host::{Block, Host, HostError},
    limits::REFUND_AFTER_S,
    slots::{mapping, word_key},
    zones,
};
use alloy_primitives::{Address, B256, Bytes, U256};
use hansa_abi::{
    IMessages::{self, Message},
    MESSAGES,
};
use hansa_primitives::Arrival;

/// Where it is kept since when a message waits for its receiver, seconds since 1970; 0: it does not.
pub fn waiting_slot(id: B256) -> U256 {
    mapping(word_key(id), WAITING)
}

/// Lets a message wait from now on. Its ether is here.
pub(super) fn wait(context: &mut Context<'_>, id: B256) -> Result<(), Stop> {
    let now = U256::from(context.now());
    context.sstore(waiting_slot(id), now)
}

/// On a zone: takes note of what arrives, lets the messages among it wait for their receivers, and says whom the chain has to give how much.
/// The ether of messages is this module's until they are taken; so is what is for a blocked address, which anybody may `release` once it is free.
///
/// # Errors
/// [`HostError::Fatal`] when the host fails.
pub fn arrive(
    host: &mut dyn Host,
    arrivals: &[Arrival],
    block: Block,
) -> Result<Vec<(Address, U256)>, HostError> {
    if arrivals.is_empty() {
        return Ok(Vec::new());
    }
    let mut context = Context::of_chain(host, MESSAGES, block);
    let taken = take_note(&mut context, arrivals).and_then(|credits| {
        context.commit()?;
        Ok(credits)
    });
    taken.map_err(|stop| HostError::Fatal(format!("messages, inputs: {}", explain(stop))))
}

fn take_note(
    context: &mut Context<'_>,
    arrivals: &[Arrival],
) -> Result<Vec<(Address, U256)>, Stop> {
    let mut home = state::home(context)?;
    home.arrived += arrivals.len() as u64;
    state::set_home(context, home)?;
    let mut credits = Vec::new();
    for arrival in arrivals {
        let mut to = MESSAGES;
        if !arrival.message.is_zero() {
            wait(context, arrival.message)?;
        } else if context.is_blocked(arrival.to)? {
            withhold(context, arrival)?;
        } else {
            to = arrival.to;
        }
        credits.push((to, arrival.amount));
    }
    Ok(credits)
}

/// Keeps ether for an address that is blocked. Who sent it is not known here any more, and a contract need not be on another chain: so it stays.
fn withhold(context: &mut Context<'_>, arrival: &Arrival) -> Result<(), Stop> {
    let message = withheld(context.chain_id(), arrival.to);
    let slot = held_slot(id_of(context, &message)?);
    let held = context.sload(slot)?;
    context.sstore(slot, held.saturating_add(arrival.amount))
}

/// What stands for the ether that a zone keeps for an address: a message from there to there, which nobody can send. How much it is, is not part of it.
pub(super) const fn withheld(chain_id: u64, of: Address) -> Message {
    Message {
        source: chain_id,
        destination: chain_id,
        nonce: 0,
        sender: of,
        to: of,
        value: U256::ZERO,
        fee: U256::ZERO,
        gas: 0,
        reward: U256::ZERO,
        data: Bytes::new(),
    }
}

/// See `IMessages.arrived`.
pub(super) fn arrived(context: &mut Context<'_>, _: IMessages::arrivedCall) -> Result<u64, Stop> {
    Ok(state::home(context)?.arrived)
}

/// Since when a message waits; it does not any more after this.
fn stop_waiting(context: &mut Context<'_>, message: &Message) -> Result<(B256, u64), Stop> {
    let id = id_of(context, message)?;
    let since = context.sload(waiting_slot(id))?.as_limbs()[0];
    ensure(since != 0, || IMessages::NotWaiting { id })?;
    context.sstore(waiting_slot(id), U256::ZERO)?;
    Ok((id, since))
}

pub(super) fn take(
    context: &mut Context<'_>,
    call: IMessages::takeCall,
) -> Result<IMessages::takeReturn, Stop> {
    let message = call.message;
    let to = message.to;
    ensure(context.caller() == to, || IMessages::NotReceiver { to })?;
    let (id, _) = stop_waiting(context, &message)?;
    context.transfer(to, message.value)?;
    if !message.reward.is_zero() {
        context.transfer(context.sender(), message.reward)?;
    }
    context.emit(&IMessages::Taken {
        id,
        source: message.source,
        to,
        value: carried(&message),
    })?;
    Ok(IMessages::takeReturn {})
}

pub(super) fn refund(
    context: &mut Context<'_>,
    call: IMessages::refundCall,
) -> Result<IMessages::refundReturn, Stop> {
    let message = call.message;
    // One without value waits for as long as it has to: there is nothing to send back, and something to lose.
    let has_value = !carried(&message).is_zero();
    ensure(has_value, || IMessages::NothingToRefund {})?;
    let (id, since) = stop_waiting(context, &message)?;
    let at = since.saturating_add(REFUND_AFTER_S);
    ensure(context.now() >= at, || IMessages::NotDue { id, at })?;
    let (sender, value) = (message.sender, carried(&message));
    return_value(context, &message)?;
    context.emit(&IMessages::Refunded {
        id,
        source: message.source,
        sender,
        value,
    })?;
    Ok(IMessages::refundReturn {})
}

/// Sends a message's value back to its sender.
fn return_value(context: &mut Context<'_>, message: &Message) -> Result<(), Stop> {
    let home = state::home(context)?;
    if home.zone != 0 {
        let back = Message {
            source: context.chain_id(),
            destination: message.source,
            nonce: home.sent,
            sender: MESSAGES,
            to: message.sender,
            value: carried(message),
            fee: U256::ZERO,
            gas: 0,
            reward: U256::ZERO,
            data: Default::default(),
        };
        return leave(context, home, back).map(drop);
    }
    // What waits on the hub came from a zone.
    give_home(context, message, carried(message))
}

/// On the hub: sends what a message carried back to where it came from; to the same account here if that has stopped. It is locked nowhere.
pub(super) fn give_home(
    context: &mut Context<'_>,
    message: &Message,
    amount: U256,
) -> Result<(), Stop> {
    if message.source == context.chain_id() {
        return context.transfer(message.sender, amount);
    }
    let zone = zones::by_chain_id(context, message.source)?;
    let mut lane = Lane::load(context, zone)?;
    if lane.is_stopped(context)? {
        return context.transfer(message.sender, amount);
    }
    lane.let_in(amount);
    lane.give_back(context, message.sender, amount)?;
    lane.save(context)
}

pub(super) fn waiting(
    context: &mut Context<'_>,
    call: IMessages::waitingCall,
) -> Result<IMessages::waitingReturn, Stop> {
    Ok(IMessages::waitingReturn {
        since: load(context, waiting_slot(call.id))?.as_limbs()[0],
        held: load(context, held_slot(call.id))?,
    })
}
