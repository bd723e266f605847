//! What the view selectors return.

use super::{
    id::{is_valid_type, stix_id},
    state,
};
use crate::{
    codec::{check_count, check_length},
    context::{Context, Stop, ensure},
    limits::{MAX_HAS, MAX_TYPE_BYTES},
};
use alloy_primitives::{Address, B256, U256};
use hansa_abi::{IExchange, IModule};

pub(super) fn latest(
    context: &mut Context<'_>,
    call: IExchange::latestCall,
) -> Result<IExchange::Latest, Stop> {
    let Some(head) = state::head(context, call.objectId)? else {
        return Ok(IExchange::Latest {
            status: IExchange::Status::None,
            publisher: Address::ZERO,
            version: 0,
            tlp: 0,
            digest: B256::ZERO,
        });
    };
    Ok(IExchange::Latest {
        status: head.status(),
        publisher: head.publisher,
        version: head.version,
        tlp: head.tlp,
        digest: state::digest(context, call.objectId, head.version)?,
    })
}

pub(super) fn digest_of(
    context: &mut Context<'_>,
    call: IExchange::digestOfCall,
) -> Result<B256, Stop> {
    state::digest(context, call.objectId, call.version)
}

pub(super) fn has(context: &mut Context<'_>, call: IExchange::hasCall) -> Result<Vec<bool>, Stop> {
    let (ids, versions) = (call.objectIds, call.versions);
    check_count("objectIds", ids.len(), MAX_HAS)?;
    ensure(ids.len() == versions.len(), || IModule::LengthMismatch {
        left: U256::from(ids.len()),
        right: U256::from(versions.len()),
    })?;
    ids.into_iter()
        .zip(versions)
        .map(|(id, version)| Ok(!state::digest(context, id, version)?.is_zero()))
        .collect()
}

pub(super) fn sightings(
    context: &mut Context<'_>,
    call: IExchange::sightingsCall,
) -> Result<IExchange::Sightings, Stop> {
    state::sightings(context, call.objectId)
}

pub(super) fn counts(
    context: &mut Context<'_>,
    _: IExchange::countsCall,
) -> Result<IExchange::countsReturn, Stop> {
    let (objects, versions) = state::counters(context)?;
    Ok(IExchange::countsReturn { objects, versions })
}

pub(super) fn object_id_of(
    context: &mut Context<'_>,
    call: IExchange::objectIdOfCall,
) -> Result<B256, Stop> {
    check_length("objectType", call.objectType.len(), MAX_TYPE_BYTES)?;
    ensure(is_valid_type(&call.objectType), || IExchange::InvalidType {
        objectType: call.objectType.clone(),
    })?;
    context.keccak(stix_id(&call.objectType, &call.uuid).as_bytes())
}
