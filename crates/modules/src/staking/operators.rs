//! Operators: what is known of each, and where it is kept.

use super::{
    state::{KEYS, LISTED, LISTED_IDS, OPERATORS, OWNERS, load, offset},
    terms::RiskTerms,
};
use crate::{
    context::{Context, Stop, ensure, revert},
    host::StorageRead,
    limits::{MAX_OFFENCES, MAX_OPERATOR_RECORDS},
    slots::{address_key, mapping, word_key},
};
use alloy_primitives::{Address, B256, U256};
use hansa_abi::IStaking;

const KEY_OFFSET: u64 = 1;
const NEXT_KEY_OFFSET: u64 = 2;
const FEE_RECIPIENT_OFFSET: u64 = 3;
const TERMS_OFFSET: u64 = 4;
const EARNED_OFFSET: u64 = 5;
const SELF_STAKE_OFFSET: u64 = 6;
const NAME_OFFSET: u64 = 7;
const ENDPOINT_OFFSET: u64 = 8;
const METADATA_OFFSET: u64 = 9;
const RETIRED_OFFSET: u64 = 10;

/// Why an operator is barred from selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bar {
    None,
    /// Absent for an epoch.
    Jailed,
    /// Caught.
    Faulted,
}

/// An operator, except its profile and what it earned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operator {
    pub(super) id: u64,
    pub(super) owner: Address,
    pub(super) commission: u64,
    pub(super) exited: bool,
    /// Whether it has lost its place for good.
    pub(super) retired: bool,
    pub(super) bar: Bar,
    /// First epoch in which the bar can be lifted, if no slash is pending then.
    pub(super) barred_until: u64,
    pub(super) key: B256,
    /// Replaces the key with a committee fixed later; zero for none.
    pub(super) next_key: B256,
    pub(super) fee_recipient: Address,
    /// The largest part of its stake that one slash can take.
    pub(super) risk: RiskTerms,
    /// The lowest commission since `commission_since`, from which rises count.
    pub(super) commission_anchor: u64,
    /// Seconds since 1970.
    pub(super) commission_since: u64,
    pub(super) offences: u64,
    /// What the owner has delegated to it.
    pub(super) self_stake: U256,
}

impl Operator {
    /// Whether it has offended too often to return.
    pub(super) const fn is_slashed_out(&self) -> bool {
        self.offences >= MAX_OFFENCES
    }

    /// Whether it takes stake.
    pub(super) const fn is_open(&self) -> bool {
        !self.exited && !self.retired && !self.is_slashed_out()
    }

    /// Whether a selection considers it.
    pub(super) fn is_willing(&self, min_self_stake: U256) -> bool {
        self.is_open() && self.bar == Bar::None && self.self_stake >= min_self_stake
    }
}

/// What an operator says about itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Profile {
    pub(super) name: String,
    pub(super) endpoint: String,
    pub(super) metadata: String,
}

/// The operator with an id.
///
/// # Errors
/// Reverts when there is none.
pub(super) fn find(context: &mut Context<'_>, id: u64) -> Result<Operator, Stop> {
    let unknown = || revert(IStaking::UnknownOperator { operatorId: id });
    let slot = operator_slot(context, id)?;
    let first = context.sload(slot)?;
    if first.is_zero() {
        return Err(unknown());
    }
    let bytes = first.to_be_bytes::<32>();
    let short = |at: usize| u64::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
    let terms = context.sload(offset(slot, TERMS_OFFSET))?;
    let [first_risk, second_risk, third_risk, commission_since] = terms.into_limbs();
    let fee_recipient = context.sload(offset(slot, FEE_RECIPIENT_OFFSET))?;
    Ok(Operator {
        id,
        owner: Address::from_slice(&bytes[12..]),
        commission: short(10),
        exited: bytes[9] & 2 != 0,
        retired: bytes[9] & 4 != 0,
        bar: match bytes[8] {
            0 => Bar::None,
            1 => Bar::Jailed,
            _ => Bar::Faulted,
        },
        barred_until: short(4) << 16 | short(6),
        key: context.sload(offset(slot, KEY_OFFSET))?.into(),
        next_key: context.sload(offset(slot, NEXT_KEY_OFFSET))?.into(),
        fee_recipient: Address::from_word(fee_recipient.into()),
        risk: RiskTerms::decode([first_risk, second_risk, third_risk]),
        commission_anchor: short(2),
        commission_since,
        offences: short(0),
        self_stake: context.sload(offset(slot, SELF_STAKE_OFFSET))?,
    })
}

/// What faults may cost an operator.
///
/// # Errors
/// When the state cannot be read.
pub(super) fn risk_terms<R: StorageRead>(read: &mut R, id: u64) -> Result<RiskTerms, R::Error> {
    let slot = mapping(U256::from(id), OPERATORS);
    let [first, second, third, _] = load(read, offset(slot, TERMS_OFFSET))?.into_limbs();
    Ok(RiskTerms::decode([first, second, third]))
}

/// Writes an operator, except its self-stake, which [`note_stake`] keeps.
pub(super) fn store(context: &mut Context<'_>, operator: &Operator) -> Result<(), Stop> {
    let mut first = [0u8; 32];
    // Beyond this number nobody counts: an operator that is slashed out never returns.
    let offences = u16::try_from(operator.offences).unwrap_or(u16::MAX);
    first[..2].copy_from_slice(&offences.to_be_bytes());
    // Commissions are at most 10,000, and epochs have 32 bits.
    first[2..4].copy_from_slice(&(operator.commission_anchor as u16).to_be_bytes());
    first[4..8].copy_from_slice(&(operator.barred_until as u32).to_be_bytes());
    first[8] = match operator.bar {
        Bar::None => 0,
        Bar::Jailed => 1,
        Bar::Faulted => 2,
    };
    first[9] = 1 | u8::from(operator.exited) << 1 | u8::from(operator.retired) << 2;
    first[10..12].copy_from_slice(&(operator.commission as u16).to_be_bytes());
    first[12..].copy_from_slice(operator.owner.as_slice());
    let slot = operator_slot(context, operator.id)?;
    context.sstore(slot, U256::from_be_bytes(first))?;
    context.sstore(offset(slot, KEY_OFFSET), word_key(operator.key))?;
    context.sstore(offset(slot, NEXT_KEY_OFFSET), word_key(operator.next_key))?;
    let fee_recipient = address_key(operator.fee_recipient);
    context.sstore(offset(slot, FEE_RECIPIENT_OFFSET), fee_recipient)?;
    let [first_risk, second_risk, third_risk] = operator.risk.encode();
    let since = operator.commission_since;
    let terms = U256::from_limbs([first_risk, second_risk, third_risk, since]);
    context.sstore(offset(slot, TERMS_OFFSET), terms)
}

/// The operator that the caller owns.
///
/// # Errors
/// Reverts when it owns none.
pub(super) fn of_caller(context: &mut Context<'_>) -> Result<Operator, Stop> {
    let account = context.caller();
    match id_of(context, account)? {
        0 => Err(revert(IStaking::NotOwner { account })),
        id => find(context, id),
    }
}

/// The id of the operator that an account owns, or 0.
pub(super) fn id_of(context: &mut Context<'_>, owner: Address) -> Result<u64, Stop> {
    let slot = context.slot_of(address_key(owner), OWNERS)?;
    Ok(context.sload(slot)?.as_limbs()[0])
}

pub(super) fn set_owner(context: &mut Context<'_>, owner: Address, id: u64) -> Result<(), Stop> {
    let slot = context.slot_of(address_key(owner), OWNERS)?;
    context.sstore(slot, U256::from(id))
}

/// The id of the operator that has or had a key, or 0.
pub(super) fn id_of_key(context: &mut Context<'_>, key: B256) -> Result<u64, Stop> {
    let slot = context.slot_of(word_key(key), KEYS)?;
    Ok(context.sload(slot)?.as_limbs()[0])
}

/// Takes a key for ever.
pub(super) fn take_key(context: &mut Context<'_>, key: B256, id: u64) -> Result<(), Stop> {
    let slot = context.slot_of(word_key(key), KEYS)?;
    context.sstore(slot, U256::from(id))
}

/// Keeps an operator's self-stake, when the position that changed is its owner's.
pub(super) fn note_stake(
    context: &mut Context<'_>,
    id: u64,
    delegator: Address,
    held: U256,
) -> Result<(), Stop> {
    let slot = operator_slot(context, id)?;
    let owner = Address::from_word(context.sload(slot)?.into());
    if owner != delegator {
        return Ok(());
    }
    context.sstore(offset(slot, SELF_STAKE_OFFSET), held)
}

/// What the owner can claim.
pub(super) fn earned(context: &mut Context<'_>, id: u64) -> Result<U256, Stop> {
    let slot = operator_slot(context, id)?;
    context.sload(offset(slot, EARNED_OFFSET))
}

pub(super) fn set_earned(context: &mut Context<'_>, id: u64, amount: U256) -> Result<(), Stop> {
    let slot = operator_slot(context, id)?;
    context.sstore(offset(slot, EARNED_OFFSET), amount)
}

pub(super) fn profile(context: &mut Context<'_>, id: u64) -> Result<Profile, Stop> {
    let slot = operator_slot(context, id)?;
    Ok(Profile {
        name: context.load_text(offset(slot, NAME_OFFSET))?,
        endpoint: context.load_text(offset(slot, ENDPOINT_OFFSET))?,
        metadata: context.load_text(offset(slot, METADATA_OFFSET))?,
    })
}

pub(super) fn set_profile(
    context: &mut Context<'_>,
    id: u64,
    profile: &Profile,
) -> Result<(), Stop> {
    let slot = operator_slot(context, id)?;
    context.store_text(offset(slot, NAME_OFFSET), &profile.name)?;
    context.store_text(offset(slot, ENDPOINT_OFFSET), &profile.endpoint)?;
    context.store_text(offset(slot, METADATA_OFFSET), &profile.metadata)
}

/// Ids of the operators that are not retired: at most [`MAX_OPERATOR_RECORDS`].
pub(super) fn listed(context: &mut Context<'_>) -> Result<Vec<u64>, Stop> {
    let count = context.sload(LISTED)?.as_limbs()[0];
    (0..count)
        .map(|index| Ok(context.sload(offset(LISTED_IDS, index))?.as_limbs()[0]))
        .collect()
}

/// Gives a new operator the next place.
///
/// # Errors
/// Reverts when all places are taken.
pub(super) fn list(context: &mut Context<'_>, id: u64) -> Result<(), Stop> {
    let count = context.sload(LISTED)?.as_limbs()[0];
    ensure(count < MAX_OPERATOR_RECORDS, || IStaking::OperatorsFull {
        limit: U256::from(MAX_OPERATOR_RECORDS),
    })?;
    context.sstore(offset(LISTED_IDS, count), U256::from(id))?;
    context.sstore(LISTED, U256::from(count + 1))
}

/// Takes an operator's place. It earns nothing from the epoch `rewarded` on.
pub(super) fn unlist(context: &mut Context<'_>, id: u64, rewarded: u64) -> Result<(), Stop> {
    let ids = listed(context)?;
    let Some(place) = ids.iter().position(|listed| *listed == id) else {
        return Ok(());
    };
    let last = ids.len() as u64 - 1;
    let moved = U256::from(ids[last as usize]);
    context.sstore(offset(LISTED_IDS, place as u64), moved)?;
    context.sstore(offset(LISTED_IDS, last), U256::ZERO)?;
    context.sstore(LISTED, U256::from(last))?;
    let slot = operator_slot(context, id)?;
    context.sstore(offset(slot, RETIRED_OFFSET), U256::from(rewarded + 1))
}

/// The first epoch that an operator cannot have earned anything in; the largest number unless it is retired.
pub(super) fn earns_until(context: &mut Context<'_>, id: u64) -> Result<u64, Stop> {
    let slot = operator_slot(context, id)?;
    let retired = context.sload(offset(slot, RETIRED_OFFSET))?.as_limbs()[0];
    Ok(retired.checked_sub(1).unwrap_or(u64::MAX))
}

fn operator_slot(context: &mut Context<'_>, id: u64) -> Result<U256, Stop> {
    context.slot_of(U256::from(id), OPERATORS)
}
