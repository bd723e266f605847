//! The way out of a zone that has settled: what its last checkpoint proves, and what it never took, is paid on the hub.

use super::{
    delivery::chain_of,
    inbox::{give_home, waiting_slot},
    lanes::{Lane, held_slot},
    sending::{carried, id_of},
    state::EXITS,
};
use crate::{
    codec::check_length,
    context::{Context, Stop, ensure, revert},
    gas, guard,
    limits::MAX_PROOF_BYTES,
    slots::{address_key, word_key},
    zones,
};
use alloy_primitives::{Address, B256, Bytes, U256};
use hansa_abi::{
    FUND, IMessages,
    IZones::{self, Phase},
    MESSAGES,
};
use hansa_primitives::{
    StateKey, StateValue, account_key, balance_of, slot_of, storage_key, verify_value,
};

pub(super) fn exit(
    context: &mut Context<'_>,
    call: IMessages::exitCall,
) -> Result<IMessages::exitReturn, Stop> {
    let account = call.account;
    let mut lane = settled(context, call.zoneId)?;
    // The base fees of the zone are the league's.
    let is_users = account == FUND || !guard::is_of_protocol(account);
    ensure(is_users, || IMessages::ProtocolAccount { account })?;
    let state = proved(
        context,
        &lane,
        account_key(account),
        (&call.state, &call.proof),
    )?;
    let key = address_key(account);
    let (paid, left) = let_out(context, &mut lane, key, balance_of(&state))?;
    lane.save(context)?;
    context.transfer(account, paid)?;
    context.emit(&IMessages::Exited {
        zoneId: lane.zone,
        account,
        amount: paid,
        left,
    })?;
    Ok(IMessages::exitReturn { paid, left })
}

pub(super) fn exit_message(
    context: &mut Context<'_>,
    call: IMessages::exitMessageCall,
) -> Result<IMessages::exitMessageReturn, Stop> {
    let mut lane = settled(context, call.zoneId)?;
    let message = &call.message;
    let id = id_of(context, message)?;
    // What the zone kept for an address says how much; any other message, since when it waits.
    let is_kept = message.source == message.destination;
    let slot = if is_kept {
        held_slot(id)
    } else {
        waiting_slot(id)
    };
    let slot = storage_key(MESSAGES, slot);
    let state = slot_of(&proved(context, &lane, slot, (&call.state, &call.proof))?);
    ensure(!state.is_zero(), || IMessages::NotWaiting { id })?;
    let value = if is_kept { state } else { carried(message) };
    let (paid, left) = let_out(context, &mut lane, word_key(id), value)?;
    lane.save(context)?;
    give_home(context, message, paid)?;
    tell(context, (lane.zone, message.sender, paid))?;
    Ok(IMessages::exitMessageReturn { paid, left })
}

pub(super) fn reclaim(
    context: &mut Context<'_>,
    call: IMessages::reclaimCall,
) -> Result<U256, Stop> {
    let mut lane = settled(context, call.zoneId)?;
    let taken = zones::checkpoint(context, lane.zone)?.arrivals;
    let never_taken = (taken..lane.sent).contains(&call.index);
    ensure(never_taken, || IMessages::NothingLeft {})?;
    let arrival = lane.entry(context, call.index)?;
    // No account and no message has this key.
    let key = U256::MAX.saturating_sub(U256::from(call.index));
    let (amount, _) = let_out(context, &mut lane, key, arrival.amount)?;
    lane.save(context)?;
    let to = if arrival.message.is_zero() {
        context.transfer(arrival.to, amount)?;
        arrival.to
    } else {
        let message = &call.message;
        let id = id_of(context, message)?;
        ensure(id == arrival.message, || IMessages::NotWaiting { id })?;
        give_home(context, message, amount)?;
        message.sender
    };
    tell(context, (lane.zone, to, amount))?;
    Ok(amount)
}

fn tell(context: &mut Context<'_>, (zone, to, amount): (u64, Address, U256)) -> Result<(), Stop> {
    context.emit(&IMessages::Reclaimed {
        zoneId: zone,
        to,
        amount,
    })
}

/// The lane of a zone that has settled.
fn settled(context: &mut Context<'_>, zone: u64) -> Result<Lane, Stop> {
    chain_of(context, zone)?;
    let phase = zones::phase(context, zone)?;
    ensure(phase == Phase::Settled, || IZones::NotSettled {
        zoneId: zone,
    })?;
    Lane::load(context, zone)
}

/// The value of a key in the state of the zone's last checkpoint.
fn proved(
    context: &mut Context<'_>,
    lane: &Lane,
    key: StateKey,
    (state, proof): (&Bytes, &Bytes),
) -> Result<StateValue, Stop> {
    check_length("proof", proof.len(), MAX_PROOF_BYTES)?;
    // Each digest of the proof is hashed once, with another.
    context.charge(gas::sha256(2 * proof.len()))?;
    let invalid = || revert(IMessages::InvalidStateProof {});
    let value = <[u8; 72]>::try_from(state.as_ref()).map_err(|_| invalid())?;
    let value = StateValue::new(value);
    let root: B256 = zones::checkpoint(context, lane.zone)?.stateRoot;
    verify_value(root, key, &value, proof).map_err(|_| invalid())?;
    Ok(value)
}

/// How much of `amount` leaves the zone now, and what is left of it.
fn let_out(
    context: &mut Context<'_>,
    lane: &mut Lane,
    key: U256,
    amount: U256,
) -> Result<(U256, U256), Stop> {
    let exits = context.slot_of(U256::from(lane.zone), EXITS)?;
    let slot = context.slot_of(key, exits)?;
    let before = context.sload(slot)?;
    let owed = amount.saturating_sub(before);
    ensure(!owed.is_zero(), || IMessages::NothingLeft {})?;
    lane.check_locked(U256::from(1))?;
    let available = lane.locked.saturating_sub(lane.held);
    let limit = lane.limit(context)?;
    let paid = lane.let_out(context.now(), limit, owed.min(available));
    ensure(!paid.is_zero(), || IMessages::OutflowLimit { limit })?;
    lane.locked = lane.locked.saturating_sub(paid);
    context.sstore(slot, before.saturating_add(paid))?;
    Ok((paid, owed.saturating_sub(paid)))
}
