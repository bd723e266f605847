//! Storage of the members module.
//!
//! | slot | what |
//! |---|---|
//! | 0 | counters: members (bits 0..64), total active weight (64..128), proposals (128..192) |
//! | 1 | `mapping(index => record)`: account (0..160), weight (160..192), roles (192..200), status (200..208), since (208..256) |
//! | 2 | `mapping(account => index + 1)` |
//! | 3 | `mapping(account => profile)`: name (+0), contact (+1), X25519 key (+2) |
//! | 4 | `mapping(subject => mapping(proposer => id of the latest proposal))` |
//! | 5 | `mapping(id => proposal)`: two packed words (+0, +1), reason (+2), a nominee's profile (+3..+5, as in slot 3), votes (+16..) |
//! | 6 | `mapping(subject => id of the newest proposal at all when one about it last passed)` |
//!
//! Reads name the module, because other modules read members too.

use crate::{
    context::{Context, Stop},
    slots::address_key,
};
use alloy_primitives::{Address, B256, U256};
use hansa_abi::{IMembers, MEMBERS};

const COUNTERS: U256 = U256::ZERO;
const RECORDS: U256 = U256::from_limbs([1, 0, 0, 0]);
const INDEXES: U256 = U256::from_limbs([2, 0, 0, 0]);
const PROFILES: U256 = U256::from_limbs([3, 0, 0, 0]);
const SUBJECTS: U256 = U256::from_limbs([4, 0, 0, 0]);
const PROPOSALS: U256 = U256::from_limbs([5, 0, 0, 0]);
const SETTLED: U256 = U256::from_limbs([6, 0, 0, 0]);

const REASON_OFFSET: u64 = 2;
const PROFILE_OFFSET: u64 = 3;
const VOTES_OFFSET: u64 = 16;

/// Counts over the whole module.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    pub(super) members: u64,
    pub(super) weight: u64,
    pub(super) proposals: u64,
}

/// A member, except its profile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) index: u64,
    pub(crate) account: Address,
    /// As voted; see [`Record::voting_weight`] for what counts.
    pub(crate) weight: u32,
    pub(crate) roles: u8,
    pub(crate) active: bool,
    /// Time of admission, in seconds.
    pub(crate) since: u64,
}

impl Record {
    /// What the member votes with now. Observers are stored with weight 0.
    pub(crate) const fn voting_weight(&self) -> u32 {
        if self.active { self.weight } else { 0 }
    }

    pub(super) const fn status(&self) -> IMembers::Status {
        if self.active {
            IMembers::Status::Active
        } else {
            IMembers::Status::Suspended
        }
    }
}

/// A proposal, except its reason and votes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Proposal {
    pub(super) id: u64,
    pub(super) kind: IMembers::Kind,
    pub(super) passed: bool,
    pub(super) subject: Address,
    pub(super) proposer: Address,
    pub(super) roles: u8,
    pub(super) weight: u32,
    pub(super) expiry: u64,
}

pub(super) fn counters(context: &mut Context<'_>) -> Result<Counters, Stop> {
    let word = context.sload_of(MEMBERS, COUNTERS)?;
    let [members, weight, proposals, _] = word.into_limbs();
    Ok(Counters {
        members,
        weight,
        proposals,
    })
}

pub(super) fn set_counters(context: &mut Context<'_>, counters: Counters) -> Result<(), Stop> {
    let Counters {
        members,
        weight,
        proposals,
    } = counters;
    context.sstore(COUNTERS, U256::from_limbs([members, weight, proposals, 0]))
}

/// The member with an index below the member count.
pub(super) fn record_at(context: &mut Context<'_>, index: u64) -> Result<Record, Stop> {
    let slot = context.slot_of(U256::from(index), RECORDS)?;
    let bytes = context.sload_of(MEMBERS, slot)?.to_be_bytes::<32>();
    let mut since = [0u8; 8];
    since[2..].copy_from_slice(&bytes[..6]);
    Ok(Record {
        index,
        account: Address::from_slice(&bytes[12..]),
        weight: u32::from_be_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]),
        roles: bytes[7],
        active: bytes[6] == IMembers::Status::Active as u8,
        since: u64::from_be_bytes(since),
    })
}

pub(super) fn set_record(context: &mut Context<'_>, record: &Record) -> Result<(), Stop> {
    let mut bytes = [0u8; 32];
    bytes[..6].copy_from_slice(&record.since.to_be_bytes()[2..]);
    bytes[6] = record.status() as u8;
    bytes[7] = record.roles;
    bytes[8..12].copy_from_slice(&record.weight.to_be_bytes());
    bytes[12..].copy_from_slice(record.account.as_slice());
    let slot = context.slot_of(U256::from(record.index), RECORDS)?;
    context.sstore(slot, U256::from_be_bytes(bytes))
}

/// The member at an address, unless it was never admitted.
pub(super) fn find(context: &mut Context<'_>, account: Address) -> Result<Option<Record>, Stop> {
    let slot = context.slot_of(address_key(account), INDEXES)?;
    let position = context.sload_of(MEMBERS, slot)?.as_limbs()[0];
    position
        .checked_sub(1)
        .map(|index| record_at(context, index))
        .transpose()
}

pub(super) fn set_index(
    context: &mut Context<'_>,
    account: Address,
    index: u64,
) -> Result<(), Stop> {
    let slot = context.slot_of(address_key(account), INDEXES)?;
    context.sstore(slot, U256::from(index + 1))
}

/// What a member, or whoever nominates one, says about it.
#[derive(Clone, Debug, Default)]
pub(super) struct Profile {
    pub(super) name: String,
    pub(super) contact: String,
    pub(super) x25519: B256,
}

/// A member's profile; empty for others.
pub(super) fn profile(context: &mut Context<'_>, account: Address) -> Result<Profile, Stop> {
    let slot = context.slot_of(address_key(account), PROFILES)?;
    load_profile(context, slot)
}

pub(super) fn set_profile(
    context: &mut Context<'_>,
    account: Address,
    profile: &Profile,
) -> Result<(), Stop> {
    let slot = context.slot_of(address_key(account), PROFILES)?;
    store_profile(context, slot, profile)
}

/// The profile that a nomination gives its subject; empty for other proposals.
pub(super) fn nominee(context: &mut Context<'_>, id: u64) -> Result<Profile, Stop> {
    let slot = context.slot_of(U256::from(id), PROPOSALS)?;
    load_profile(context, slot.wrapping_add(U256::from(PROFILE_OFFSET)))
}

pub(super) fn set_nominee(
    context: &mut Context<'_>,
    id: u64,
    profile: &Profile,
) -> Result<(), Stop> {
    let slot = context.slot_of(U256::from(id), PROPOSALS)?;
    let slot = slot.wrapping_add(U256::from(PROFILE_OFFSET));
    store_profile(context, slot, profile)
}

fn load_profile(context: &mut Context<'_>, slot: U256) -> Result<Profile, Stop> {
    Ok(Profile {
        name: context.load_text(slot)?,
        contact: context.load_text(slot.wrapping_add(U256::ONE))?,
        x25519: context.sload(slot.wrapping_add(U256::from(2)))?.into(),
    })
}

fn store_profile(context: &mut Context<'_>, slot: U256, profile: &Profile) -> Result<(), Stop> {
    context.store_text(slot, &profile.name)?;
    context.store_text(slot.wrapping_add(U256::ONE), &profile.contact)?;
    context.sstore(slot.wrapping_add(U256::from(2)), profile.x25519.into())
}

/// A proposer's latest proposal about a subject, open or not; 0 for none.
pub(super) fn latest_about(
    context: &mut Context<'_>,
    subject: Address,
    proposer: Address,
) -> Result<u64, Stop> {
    let slot = latest_slot(context, subject, proposer)?;
    Ok(context.sload(slot)?.as_limbs()[0])
}

pub(super) fn set_latest_about(
    context: &mut Context<'_>,
    subject: Address,
    proposer: Address,
    id: u64,
) -> Result<(), Stop> {
    let slot = latest_slot(context, subject, proposer)?;
    context.sstore(slot, U256::from(id))
}

fn latest_slot(
    context: &mut Context<'_>,
    subject: Address,
    proposer: Address,
) -> Result<U256, Stop> {
    let proposers = context.slot_of(address_key(subject), SUBJECTS)?;
    context.slot_of(address_key(proposer), proposers)
}

/// Whether a proposal can still be approved: it has neither passed nor expired, and nothing was decided
/// about its subject since it was opened.
pub(super) fn is_open(context: &mut Context<'_>, proposal: &Proposal) -> Result<bool, Stop> {
    if proposal.passed || context.now() >= proposal.expiry {
        return Ok(false);
    }
    let slot = context.slot_of(address_key(proposal.subject), SETTLED)?;
    Ok(context.sload(slot)?.as_limbs()[0] < proposal.id)
}

/// Closes every proposal about a subject that is open now.
pub(super) fn close_all_about(context: &mut Context<'_>, subject: Address) -> Result<(), Stop> {
    let newest = counters(context)?.proposals;
    let slot = context.slot_of(address_key(subject), SETTLED)?;
    context.sstore(slot, U256::from(newest))
}

/// A proposal by id, unless there is none.
pub(super) fn proposal(context: &mut Context<'_>, id: u64) -> Result<Option<Proposal>, Stop> {
    let slot = context.slot_of(U256::from(id), PROPOSALS)?;
    let first = context.sload(slot)?.to_be_bytes::<32>();
    let second = context.sload(slot.wrapping_add(U256::ONE))?;
    if second.is_zero() {
        return Ok(None);
    }
    let kind = match first[11] {
        0 => IMembers::Kind::Admit,
        1 => IMembers::Kind::Suspend,
        2 => IMembers::Kind::Reinstate,
        _ => IMembers::Kind::SetRoles,
    };
    Ok(Some(Proposal {
        id,
        kind,
        passed: first[10] != 0,
        subject: Address::from_slice(&first[12..]),
        proposer: Address::from_slice(&second.to_be_bytes::<32>()[12..]),
        roles: first[9],
        weight: u32::from_be_bytes([first[5], first[6], first[7], first[8]]),
        expiry: (second >> 160usize).as_limbs()[0],
    }))
}

pub(super) fn set_proposal(context: &mut Context<'_>, proposal: &Proposal) -> Result<(), Stop> {
    let mut first = [0u8; 32];
    first[5..9].copy_from_slice(&proposal.weight.to_be_bytes());
    first[9] = proposal.roles;
    first[10] = proposal.passed.into();
    first[11] = proposal.kind as u8;
    first[12..].copy_from_slice(proposal.subject.as_slice());
    let second = (U256::from(proposal.expiry) << 160) | address_key(proposal.proposer);
    let slot = context.slot_of(U256::from(proposal.id), PROPOSALS)?;
    context.sstore(slot, U256::from_be_bytes(first))?;
    context.sstore(slot.wrapping_add(U256::ONE), second)
}

pub(super) fn reason(context: &mut Context<'_>, id: u64) -> Result<String, Stop> {
    let slot = context.slot_of(U256::from(id), PROPOSALS)?;
    context.load_text(slot.wrapping_add(U256::from(REASON_OFFSET)))
}

pub(super) fn set_reason(context: &mut Context<'_>, id: u64, reason: &str) -> Result<(), Stop> {
    let slot = context.slot_of(U256::from(id), PROPOSALS)?;
    context.store_text(slot.wrapping_add(U256::from(REASON_OFFSET)), reason)
}

/// Where the votes on a proposal begin, see [`super::votes`].
pub(super) fn votes_slot(context: &mut Context<'_>, id: u64) -> Result<U256, Stop> {
    let slot = context.slot_of(U256::from(id), PROPOSALS)?;
    Ok(slot.wrapping_add(U256::from(VOTES_OFFSET)))
}
