//! Storage of the exchange.
//!
//! | slot | what |
//! |---|---|
//! | 0 | counters: objects (bits 0..64), versions (64..128) |
//! | 1 | `mapping(object id => head)`: publisher (0..160), latest version (160..224), TLP (224..232), status (232..240) |
//! | 2 | `mapping(object id => mapping(version => digest))` |
//! | 3 | `mapping(object id => sightings)`: reports, count, first seen, last seen (64 bits each) |
//!
//! Reads name the module, because the guard reads heads too.

use crate::{
    context::{Context, Stop},
    slots::word_key,
};
use alloy_primitives::{Address, B256, U256};
use hansa_abi::{EXCHANGE, IExchange};

const COUNTERS: U256 = U256::ZERO;
const HEADS: U256 = U256::from_limbs([1, 0, 0, 0]);
const DIGESTS: U256 = U256::from_limbs([2, 0, 0, 0]);
const SIGHTINGS: U256 = U256::from_limbs([3, 0, 0, 0]);

/// An object's latest version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) publisher: Address,
    pub(super) version: u64,
    pub(super) tlp: u8,
    pub(super) revoked: bool,
}

impl Head {
    pub(super) const fn status(&self) -> IExchange::Status {
        if self.revoked {
            IExchange::Status::Revoked
        } else {
            IExchange::Status::Active
        }
    }
}

/// Whether an object is published and not revoked.
pub(crate) fn is_active(context: &mut Context<'_>, object_id: B256) -> Result<bool, Stop> {
    Ok(head(context, object_id)?.is_some_and(|head| !head.revoked))
}

/// How many objects and versions there are.
pub(super) fn counters(context: &mut Context<'_>) -> Result<(u64, u64), Stop> {
    let [objects, versions, _, _] = context.sload(COUNTERS)?.into_limbs();
    Ok((objects, versions))
}

pub(super) fn set_counters(
    context: &mut Context<'_>,
    (objects, versions): (u64, u64),
) -> Result<(), Stop> {
    context.sstore(COUNTERS, U256::from_limbs([objects, versions, 0, 0]))
}

pub(super) fn head(context: &mut Context<'_>, object_id: B256) -> Result<Option<Head>, Stop> {
    let slot = context.slot_of(word_key(object_id), HEADS)?;
    let bytes = context.sload_of(EXCHANGE, slot)?.to_be_bytes::<32>();
    let mut version = [0u8; 8];
    version.copy_from_slice(&bytes[4..12]);
    let status = bytes[2];
    Ok((status != IExchange::Status::None as u8).then(|| Head {
        publisher: Address::from_slice(&bytes[12..]),
        version: u64::from_be_bytes(version),
        tlp: bytes[3],
        revoked: status == IExchange::Status::Revoked as u8,
    }))
}

pub(super) fn set_head(
    context: &mut Context<'_>,
    object_id: B256,
    head: &Head,
) -> Result<(), Stop> {
    let mut bytes = [0u8; 32];
    bytes[2] = head.status() as u8;
    bytes[3] = head.tlp;
    bytes[4..12].copy_from_slice(&head.version.to_be_bytes());
    bytes[12..].copy_from_slice(head.publisher.as_slice());
    let slot = context.slot_of(word_key(object_id), HEADS)?;
    context.sstore(slot, U256::from_be_bytes(bytes))
}

/// The digest of a version; zero when it was never published.
pub(super) fn digest(
    context: &mut Context<'_>,
    object_id: B256,
    version: u64,
) -> Result<B256, Stop> {
    let slot = digest_slot(context, object_id, version)?;
    Ok(context.sload(slot)?.into())
}

pub(super) fn set_digest(
    context: &mut Context<'_>,
    object_id: B256,
    version: u64,
    digest: B256,
) -> Result<(), Stop> {
    let slot = digest_slot(context, object_id, version)?;
    context.sstore(slot, digest.into())
}

fn digest_slot(context: &mut Context<'_>, object_id: B256, version: u64) -> Result<U256, Stop> {
    let versions = context.slot_of(word_key(object_id), DIGESTS)?;
    context.slot_of(U256::from(version), versions)
}

pub(super) fn sightings(
    context: &mut Context<'_>,
    object_id: B256,
) -> Result<IExchange::Sightings, Stop> {
    let slot = context.slot_of(word_key(object_id), SIGHTINGS)?;
    let [reports, count, first_seen, last_seen] = context.sload(slot)?.into_limbs();
    Ok(IExchange::Sightings {
        reports,
        count,
        firstSeenMs: first_seen,
        lastSeenMs: last_seen,
    })
}

pub(super) fn set_sightings(
    context: &mut Context<'_>,
    object_id: B256,
    sightings: &IExchange::Sightings,
) -> Result<(), Stop> {
    let IExchange::Sightings {
        reports,
        count,
        firstSeenMs,
        lastSeenMs,
    } = *sightings;
    let slot = context.slot_of(word_key(object_id), SIGHTINGS)?;
    context.sstore(
        slot,
        U256::from_limbs([reports, count, firstSeenMs, lastSeenMs]),
    )
}
