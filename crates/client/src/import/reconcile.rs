//! Giving drafts their times, so that what is published already stays as it is.

use super::Draft;
use crate::{
    objects::{ReadError, Selection, find},
    publish::StixObject,
    rpc::{Rpc, RpcError},
};
use hansa_abi::{EXCHANGE, IExchange};
use hansa_taxii::time;
use serde::Deserialize;
use thiserror::Error;

/// Why drafts cannot be completed.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The node refused, or did not answer.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// A published version cannot be read back.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A draft has no JSON form.
    #[error("cannot write an object: {0}")]
    Json(#[from] serde_json::Error),
}

#[derive(Deserialize)]
struct Times {
    created: String,
}

/// Objects for drafts, in order. A draft whose content is published gets the times it has there, so that
/// publishing it is a no-op; one that changed keeps `created` and is modified at `now_ms`.
///
/// # Errors
/// See [`ImportError`].
pub async fn reconcile(
    rpc: &Rpc,
    drafts: &[Draft],
    now_ms: u64,
) -> Result<Vec<StixObject>, ImportError> {
    let fresh = drafts
        .iter()
        .enumerate()
        .map(|(position, draft)| draft.render(position, now_ms, now_ms))
        .collect::<Result<Vec<_>, _>>()?;
    let calls: Vec<_> = fresh
        .iter()
        .map(|object| IExchange::latestCall {
            objectId: object.object_id(),
        })
        .collect();
    let known = rpc.views(EXCHANGE, &calls).await?;
    let mut objects = Vec::with_capacity(drafts.len());
    for ((draft, fresh), latest) in drafts.iter().zip(fresh).zip(known) {
        objects.push(if latest.status == IExchange::Status::None {
            fresh
        } else {
            against(rpc, draft, fresh, &latest, now_ms).await?
        });
    }
    Ok(objects)
}

/// The object of a draft of which `latest` is published.
async fn against(
    rpc: &Rpc,
    draft: &Draft,
    fresh: StixObject,
    latest: &IExchange::Latest,
    now_ms: u64,
) -> Result<StixObject, ImportError> {
    // The usual case, and the cheap one: it was published once, and never changed.
    let first = draft.render(fresh.position, latest.version, latest.version)?;
    if first.digest() == latest.digest {
        return Ok(first);
    }
    let selection = Selection {
        object: Some(fresh.object_id()),
        version: Some(latest.version),
        ..Selection::default()
    };
    let published = find(rpc, &selection).await?;
    let times = published.and_then(|published| {
        let times: Times = serde_json::from_slice(&published.content).ok()?;
        u64::try_from(time::parse(&times.created).ok()?.micros).ok()
    });
    let created_ms = times.map_or(latest.version, |micros| micros / time::MICROS_PER_MILLI);
    let same = draft.render(fresh.position, created_ms, latest.version)?;
    if same.digest() == latest.digest {
        return Ok(same);
    }
    let modified_ms = now_ms.max(latest.version.saturating_add(1));
    Ok(draft.render(fresh.position, created_ms, modified_ms)?)
}
