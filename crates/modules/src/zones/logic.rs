//! What the selectors do.

use super::{
    committees,
    lifecycle::rent_for,
    reseeds,
    state::{self, COUNT, End, Record, Upgrade, chain_id_slot, name_slot},
    upgrades,
};
use crate::{
    codec::check_present,
    context::{Context, Stop, ensure},
    gas,
    limits::{
        MAX_EPOCH_BLOCKS, MAX_ZONE_NAME_BYTES, MAX_ZONE_NOTICE_S, MAX_ZONE_PROTECTED,
        MAX_ZONE_RENT, MAX_ZONES, MAX_ZONES_PAGE, MIN_ZONE_EPOCH_BLOCKS, MIN_ZONE_ESCROW,
        MIN_ZONE_NOTICE_S,
    },
    staking::{self, Committee},
};
use alloy_primitives::{Address, B256, U256};
use hansa_abi::IZones::{self, Parameters, Reason};

pub(super) fn create(context: &mut Context<'_>, call: IZones::createCall) -> Result<u64, Stop> {
    let is_hub = staking::is_enabled(context)?;
    ensure(is_hub, || IZones::NotEnabled {})?;
    let parameters = call.parameters;
    check(&parameters)?;
    let escrow = context.value();
    let count = context.sload(COUNT)?.as_limbs()[0];
    ensure(count < MAX_ZONES, || IZones::ZonesFull { limit: MAX_ZONES })?;
    let id = count + 1;
    claim(context, &parameters, id)?;
    let record = Record {
        creator: context.caller(),
        created_at: context.block_number(),
        timestamp: context.now(),
        chain_id: parameters.chainId,
        epoch_blocks: parameters.epochBlocks,
        terms: upgrades::checked(&parameters.terms)?,
        notice_s: parameters.noticeSeconds,
        escrow,
        rent_per_day: parameters.rentPerDay,
        end: End::default(),
        halted_after_s: state::halted_after(context)?,
    };
    let minimum = MIN_ZONE_ESCROW.max(U256::from(2) * rent_for(&record, record.notice_s));
    ensure(escrow >= minimum, || IZones::EscrowTooSmall {
        sent: escrow,
        minimum,
    })?;
    state::store(context, id, &record)?;
    state::set_name(context, id, &parameters.name)?;
    let rule = committees::checked(&parameters.committee)?;
    state::store_rule(context, id, (0, &rule))?;
    state::store_guard_rule(context, id, &parameters.guard)?;
    context.sstore(COUNT, U256::from(id))?;
    context.emit(&IZones::ZoneCreated {
        zoneId: id,
        creator: record.creator,
        chainId: record.chain_id,
        name: parameters.name,
    })?;
    Ok(id)
}

/// Takes the zone's name and chain id, for ever.
fn claim(context: &mut Context<'_>, parameters: &Parameters, id: u64) -> Result<(), Stop> {
    let name = &parameters.name;
    context.charge(gas::keccak(name.len()))?;
    let by_name = name_slot(name);
    let taken = context.sload(by_name)?.as_limbs()[0];
    ensure(taken == 0, || IZones::NameTaken {
        name: name.clone(),
        zoneId: taken,
    })?;
    let chain_id = parameters.chainId;
    let by_chain_id = chain_id_slot(chain_id);
    let taken = context.sload(by_chain_id)?.as_limbs()[0];
    let free = taken == 0 && chain_id != context.chain_id();
    ensure(free, || IZones::ChainIdTaken {
        chainId: chain_id,
        zoneId: taken,
    })?;
    context.sstore(by_name, U256::from(id))?;
    context.sstore(by_chain_id, U256::from(id))
}

fn check(parameters: &Parameters) -> Result<(), Stop> {
    ensure(is_name(&parameters.name), || IZones::InvalidName {
        name: parameters.name.clone(),
    })?;
    let notice = parameters.noticeSeconds;
    let bounds = [
        ("chainId", parameters.chainId, 1, MAX_CHAIN_ID),
        (
            "epochBlocks",
            parameters.epochBlocks,
            MIN_ZONE_EPOCH_BLOCKS,
            MAX_EPOCH_BLOCKS,
        ),
        (
            "noticeSeconds",
            notice,
            MIN_ZONE_NOTICE_S,
            MAX_ZONE_NOTICE_S,
        ),
    ];
    for (parameter, value, least, most) in bounds {
        upgrades::within(parameter, value, least, most)?;
    }
    let protected = &parameters.guard.neverBlocked;
    let is_list = protected.len() <= MAX_ZONE_PROTECTED
        && protected.is_sorted_by(|target, next| target < next)
        && protected.first() != Some(&Address::ZERO);
    ensure(is_list, || IZones::InvalidList {
        most: MAX_ZONE_PROTECTED as u64,
    })?;
    let rent = parameters.rentPerDay;
    ensure(rent <= MAX_ZONE_RENT, || IZones::RentTooHigh {
        rentPerDay: rent,
        most: MAX_ZONE_RENT,
    })
}

/// Wallets keep chain ids as JavaScript numbers, and EIP-155 needs room to double one (EIP-2294 says as much).
const MAX_CHAIN_ID: u64 = (1 << 52) - 1;

/// A name that is a path segment, a folder and a label as it is.
fn is_name(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_ZONE_NAME_BYTES).contains(&name.len())
        && name.bytes().all(known)
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('-')
}

pub(super) fn zone(
    context: &mut Context<'_>,
    call: IZones::zoneCall,
) -> Result<IZones::Zone, Stop> {
    describe(context, call.zoneId)
}

pub(super) fn zone_named(
    context: &mut Context<'_>,
    call: IZones::zoneNamedCall,
) -> Result<u64, Stop> {
    context.charge(gas::keccak(call.name.len()))?;
    Ok(context.sload(name_slot(&call.name))?.as_limbs()[0])
}

pub(super) fn zones(
    context: &mut Context<'_>,
    call: IZones::zonesCall,
) -> Result<IZones::zonesReturn, Stop> {
    check_present("limit", !call.limit.is_zero())?;
    let total = context.sload(COUNT)?;
    let limit = call.limit.min(U256::from(MAX_ZONES_PAGE));
    let first = call.offset.min(total).as_limbs()[0];
    let most = limit.as_limbs()[0];
    let last = first.saturating_add(most).min(total.as_limbs()[0]);
    let page = (first..last).map(|index| describe(context, index + 1));
    Ok(IZones::zonesReturn {
        page: page.collect::<Result<_, _>>()?,
        total,
    })
}

pub(super) fn committee_of(
    context: &mut Context<'_>,
    call: IZones::committeeOfCall,
) -> Result<IZones::committeeOfReturn, Stop> {
    state::find(context, call.zoneId)?;
    let committee = super::committee(context, call.zoneId, call.epoch)?;
    let id = committee.as_ref().map_or(B256::ZERO, Committee::id);
    let seats = committee.map_or_else(Vec::new, |committee| committee.seats);
    let seats = seats.into_iter().map(|seat| IZones::Seat {
        operatorId: seat.operator,
        key: seat.key,
        feeRecipient: seat.fee_recipient,
        stake: seat.stake,
    });
    Ok(IZones::committeeOfReturn {
        id,
        seats: seats.collect(),
    })
}

fn describe(context: &mut Context<'_>, id: u64) -> Result<IZones::Zone, Stop> {
    let record = state::find(context, id)?;
    let checkpoint = state::checkpoint(context, id)?;
    let now = context.now();
    let terms = upgrades::in_force(context, (id, &record), now)?;
    let next = upgrades::pending(context, id, now)?;
    let (since, rule) = state::last_rule(context, id)?;
    let is_halted = record.end.reason == Reason::Halted as u8 && record.end.stopped_at == 0;
    let (reseeds_at, stops_at) = if is_halted {
        (
            reseeds::reseeds_at(context, id)?,
            reseeds::stops_at(context, id)?,
        )
    } else {
        (0, 0)
    };
    let next = next.unwrap_or(Upgrade {
        starts_at: 0,
        terms,
    });
    Ok(IZones::Zone {
        id,
        creator: record.creator,
        createdAt: record.created_at,
        timestamp: record.timestamp,
        escrow: record.escrow,
        phase: record.phase(&checkpoint, now),
        reason: Reason::try_from(record.end.reason).unwrap_or(Reason::None),
        closesAt: record.end.closes_at,
        stoppedAt: record.end.stopped_at,
        reseedsAt: reseeds_at,
        stopsAt: stops_at,
        committeeSince: since,
        upgradesAt: next.starts_at,
        next: upgrades::told(&next.terms),
        parameters: Parameters {
            name: state::name(context, id)?,
            chainId: record.chain_id,
            epochBlocks: record.epoch_blocks,
            noticeSeconds: record.notice_s,
            rentPerDay: record.rent_per_day,
            committee: committees::told(&rule),
            terms: upgrades::told(&terms),
            guard: state::guard_rule(context, id)?,
        },
    })
}
