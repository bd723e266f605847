//! What the ledger has already, and what it would refuse.

use super::StixObject;
use crate::rpc::{Rpc, RpcError};
use alloy_primitives::Address;
use hansa_abi::{EXCHANGE, IExchange};
use hansa_modules::limits::{MAX_CLOCK_SKEW_MS, MAX_HAS};

/// What would become of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// To be published.
    New,
    /// There already, with the same content.
    Published,
    /// The exchange would refuse it.
    Refused(String),
}

/// Compares objects with the ledger; verdicts in order. An object without a time of its own gets a
/// version: the published one when its content is the same, else `now_ms`.
///
/// # Errors
/// The node does not answer.
pub async fn compare(
    rpc: &Rpc,
    publisher: Address,
    objects: &mut [StixObject],
    now_ms: u64,
) -> Result<Vec<Verdict>, RpcError> {
    give_versions(rpc, objects, now_ms).await?;
    let mut published = Vec::with_capacity(objects.len());
    for chunk in objects.chunks(MAX_HAS) {
        let call = IExchange::hasCall {
            objectIds: chunk.iter().map(StixObject::object_id).collect(),
            versions: chunk.iter().map(|object| object.version).collect(),
        };
        published.extend(rpc.view(EXCHANGE, &call).await?);
    }
    let select = |wanted: bool| {
        let pairs = objects.iter().zip(&published).enumerate();
        pairs
            .filter(|(_, (_, published))| **published == wanted)
            .map(|(index, _)| index)
            .collect::<Vec<_>>()
    };
    let mut verdicts = vec![Verdict::New; objects.len()];

    let there = select(true);
    let calls: Vec<_> = there
        .iter()
        .map(|&index| IExchange::digestOfCall {
            objectId: objects[index].object_id(),
            version: objects[index].version,
        })
        .collect();
    let digests = rpc.views(EXCHANGE, &calls).await?;
    for (index, digest) in there.into_iter().zip(digests) {
        verdicts[index] = if digest == objects[index].digest() {
            Verdict::Published
        } else {
            Verdict::Refused("this version is published with other content".into())
        };
    }

    let absent = select(false);
    let latest_version = rpc.time().await?.saturating_mul(1_000) + MAX_CLOCK_SKEW_MS;
    let known = latest(rpc, absent.iter().map(|&index| &objects[index])).await?;
    for (index, latest) in absent.into_iter().zip(known) {
        if let Some(reason) = refusal(publisher, &objects[index], &latest, latest_version) {
            verdicts[index] = Verdict::Refused(reason);
        }
    }
    Ok(verdicts)
}

/// The latest versions of objects, in order.
pub(crate) async fn latest(
    rpc: &Rpc,
    objects: impl Iterator<Item = &StixObject>,
) -> Result<Vec<IExchange::Latest>, RpcError> {
    let calls: Vec<_> = objects
        .map(|object| IExchange::latestCall {
            objectId: object.object_id(),
        })
        .collect();
    rpc.views(EXCHANGE, &calls).await
}

/// Why the exchange would refuse a version that is not published.
fn refusal(
    publisher: Address,
    object: &StixObject,
    latest: &IExchange::Latest,
    latest_version: u64,
) -> Option<String> {
    match latest.status {
        // One such object would take its whole batch with it.
        _ if object.version > latest_version => {
            Some("it was modified in the future: check its `modified`".into())
        }
        IExchange::Status::None => None,
        IExchange::Status::Revoked => Some("the object was revoked on the exchange".into()),
        _ if latest.publisher != publisher => {
            Some(format!("the object belongs to {}", latest.publisher))
        }
        _ if latest.version > object.version => Some(format!(
            "version {} is older than the published {}",
            object.version, latest.version
        )),
        _ => None,
    }
}

async fn give_versions(rpc: &Rpc, objects: &mut [StixObject], now_ms: u64) -> Result<(), RpcError> {
    let without = || objects.iter().filter(|object| !object.has_own_version);
    if without().next().is_none() {
        return Ok(());
    }
    let known = latest(rpc, without()).await?;
    let without = objects.iter_mut().filter(|object| !object.has_own_version);
    for (object, latest) in without.zip(known) {
        object.version = if latest.digest == object.digest() {
            latest.version
        } else {
            now_ms.max(latest.version.saturating_add(1))
        };
    }
    Ok(())
}
