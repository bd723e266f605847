//! What the state-changing selectors do.

use super::{
    id::{is_valid_type, stix_id},
    state::{self, Head},
};
use crate::{
    codec::{check_count, check_length, check_present},
    context::{Context, Stop, ensure, revert},
    gas,
    limits::{
        MAX_CLOCK_SKEW_MS, MAX_CONTENT_BYTES, MAX_ENTRIES, MAX_REASON_BYTES, MAX_SIGHTING_COUNT,
        MAX_TYPE_BYTES,
    },
    members,
};
use alloy_primitives::{Address, B256, U256};
use hansa_abi::IExchange;

/// TLP:RED, the highest of TLP 2.0.
const MAX_TLP: u8 = 4;

pub(super) fn publish(
    context: &mut Context<'_>,
    call: IExchange::publishCall,
) -> Result<U256, Stop> {
    let publisher = members::voter(context, context.caller())?.account;
    check_present("entries", !call.entries.is_empty())?;
    check_count("entries", call.entries.len(), MAX_ENTRIES)?;
    for entry in &call.entries {
        check_entry(entry)?;
    }
    let mut published = 0u64;
    for entry in call.entries {
        published += u64::from(publish_entry(context, publisher, entry)?);
    }
    Ok(U256::from(published))
}

/// Publishes one version; false when it is there already.
fn publish_entry(
    context: &mut Context<'_>,
    publisher: Address,
    entry: IExchange::Entry,
) -> Result<bool, Stop> {
    let object_id = context.keccak(stix_id(&entry.objectType, &entry.uuid).as_bytes())?;
    let version = entry.version;
    ensure(version > 0, || IExchange::InvalidVersion {
        objectId: object_id,
    })?;
    let latest = latest_time_ms(context);
    ensure(version <= latest, || IExchange::VersionInFuture {
        objectId: object_id,
        version,
        latest,
    })?;
    let digest = context.keccak(&entry.content)?;
    let known = state::digest(context, object_id, version)?;
    if known == digest {
        return Ok(false);
    }
    ensure(known.is_zero(), || IExchange::VersionConflict {
        objectId: object_id,
        version,
    })?;
    let head = state::head(context, object_id)?;
    if let Some(head) = head {
        ensure(head.publisher == publisher, || IExchange::NotPublisher {
            objectId: object_id,
            publisher: head.publisher,
        })?;
        ensure(!head.revoked, || IExchange::Revoked {
            objectId: object_id,
        })?;
        let latest = head.version;
        ensure(version > latest, || IExchange::StaleVersion {
            objectId: object_id,
            version,
            latest,
        })?;
    }
    context.charge(gas::CONTENT_BYTE.saturating_mul(entry.content.len() as u64))?;
    let (objects, versions) = state::counters(context)?;
    state::set_counters(context, (objects + u64::from(head.is_none()), versions + 1))?;
    let new_head = Head {
        publisher,
        version,
        tlp: entry.tlp,
        revoked: false,
    };
    state::set_head(context, object_id, &new_head)?;
    state::set_digest(context, object_id, version, digest)?;
    context.emit(&IExchange::ObjectPublished {
        objectId: object_id,
        publisher,
        version,
        uuid: entry.uuid,
        objectType: entry.objectType,
        tlp: entry.tlp,
        digest,
        content: entry.content,
    })?;
    Ok(true)
}

pub(super) fn revoke(
    context: &mut Context<'_>,
    call: IExchange::revokeCall,
) -> Result<IExchange::revokeReturn, Stop> {
    let publisher = members::active(context, context.caller())?.account;
    check_length("reason", call.reason.len(), MAX_REASON_BYTES)?;
    let object_id = call.objectId;
    let mut head = known(context, object_id)?;
    ensure(head.publisher == publisher, || IExchange::NotPublisher {
        objectId: object_id,
        publisher: head.publisher,
    })?;
    ensure(!head.revoked, || IExchange::Revoked {
        objectId: object_id,
    })?;
    head.revoked = true;
    state::set_head(context, object_id, &head)?;
    context.emit(&IExchange::ObjectRevoked {
        objectId: object_id,
        publisher,
        reason: call.reason,
    })?;
    Ok(IExchange::revokeReturn {})
}

pub(super) fn sight(
    context: &mut Context<'_>,
    call: IExchange::sightCall,
) -> Result<IExchange::sightReturn, Stop> {
    let member = members::active(context, context.caller())?.account;
    let IExchange::sightCall {
        objectId,
        count,
        firstSeenMs,
        lastSeenMs,
    } = call;
    ensure((1..=MAX_SIGHTING_COUNT).contains(&count), || {
        IExchange::InvalidCount {
            count,
            limit: MAX_SIGHTING_COUNT,
        }
    })?;
    let in_order = firstSeenMs <= lastSeenMs && lastSeenMs <= latest_time_ms(context);
    ensure(in_order, || IExchange::InvalidTimes {
        firstSeenMs,
        lastSeenMs,
    })?;
    let head = known(context, objectId)?;
    ensure(!head.revoked, || IExchange::Revoked { objectId })?;
    let mut sum = state::sightings(context, objectId)?;
    sum.firstSeenMs = if sum.reports == 0 {
        firstSeenMs
    } else {
        sum.firstSeenMs.min(firstSeenMs)
    };
    sum.lastSeenMs = sum.lastSeenMs.max(lastSeenMs);
    sum.reports = sum.reports.saturating_add(1);
    sum.count = sum.count.saturating_add(u64::from(count));
    state::set_sightings(context, objectId, &sum)?;
    context.emit(&IExchange::ObjectSighted {
        objectId,
        member,
        count,
        firstSeenMs,
        lastSeenMs,
    })?;
    Ok(IExchange::sightReturn {})
}

/// The latest time that counts as past: publishers' clocks may be ahead of the block's.
fn latest_time_ms(context: &Context<'_>) -> u64 {
    context
        .now()
        .saturating_mul(1_000)
        .saturating_add(MAX_CLOCK_SKEW_MS)
}

/// What can be checked without state.
fn check_entry(entry: &IExchange::Entry) -> Result<(), Stop> {
    check_length("objectType", entry.objectType.len(), MAX_TYPE_BYTES)?;
    ensure(is_valid_type(&entry.objectType), || {
        IExchange::InvalidType {
            objectType: entry.objectType.clone(),
        }
    })?;
    ensure(entry.tlp <= MAX_TLP, || IExchange::InvalidTlp {
        tlp: entry.tlp,
    })?;
    check_present("content", !entry.content.is_empty())?;
    check_length("content", entry.content.len(), MAX_CONTENT_BYTES)
}

fn known(context: &mut Context<'_>, object_id: B256) -> Result<Head, Stop> {
    state::head(context, object_id)?.ok_or_else(|| {
        revert(IExchange::UnknownObject {
            objectId: object_id,
        })
    })
}
