//! Reading objects back from the chain's logs, in windows of blocks, digest-checked.

use crate::{
    limits::LOG_BLOCKS,
    rpc::{LIMIT_EXCEEDED, Rpc, RpcError},
};
use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256, keccak256};
use alloy_rpc_types_eth::{Filter, Log};
use alloy_sol_types::SolEvent as _;
use hansa_abi::{EXCHANGE, IExchange};
use thiserror::Error;
use uuid::Uuid;

#[cfg(test)]
mod tests;

/// Why objects cannot be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The node refused, or did not answer.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// A log is not what its topic says.
    #[error("block {block}: a log of the exchange is not understood: {cause}")]
    Malformed {
        /// Where.
        block: u64,
        /// Why not.
        cause: String,
    },
    /// The node's content is not what the ledger's state vouches for.
    #[error(
        "{id}: content with digest {found}, but the ledger says {expected}: this node's answer is not to be trusted"
    )]
    Digest {
        /// Which object.
        id: String,
        /// Of the content received.
        found: B256,
        /// In the state.
        expected: B256,
    },
}

/// A version as published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// STIX id.
    pub id: String,
    /// The exchange's id.
    pub object_id: B256,
    /// Type part of the STIX id.
    pub object_type: String,
    /// Whose it is.
    pub publisher: Address,
    /// Milliseconds since 1970.
    pub version: u64,
    /// TLP 2.0 label.
    pub tlp: u8,
    /// keccak256 of the content, as checked.
    pub digest: B256,
    /// The object.
    pub content: Bytes,
    /// In this block.
    pub block: u64,
    /// By this transaction.
    pub transaction: B256,
}

/// What to read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Selection {
    /// Only this object.
    pub object: Option<B256>,
    /// Only by this publisher.
    pub publisher: Option<Address>,
    /// Only this version.
    pub version: Option<u64>,
}

impl Selection {
    fn filter(&self, from: u64, to: u64) -> Filter {
        let mut filter = Filter::new()
            .address(EXCHANGE)
            .event_signature(IExchange::ObjectPublished::SIGNATURE_HASH)
            .from_block(from)
            .to_block(to);
        if let Some(object) = self.object {
            filter = filter.topic1(object);
        }
        if let Some(publisher) = self.publisher {
            filter = filter.topic2(publisher.into_word());
        }
        if let Some(version) = self.version {
            filter = filter.topic3(B256::from(U256::from(version)));
        }
        filter
    }
}

/// Walks blocks `from..=to` in windows and gives each selected version, in ledger order, to `visit`, which
/// says whether to go on.
///
/// # Errors
/// See [`ReadError`]; a window that is too much for one answer is halved first.
pub async fn walk(
    rpc: &Rpc,
    selection: &Selection,
    from: u64,
    to: u64,
    mut visit: impl FnMut(Published) -> bool,
) -> Result<(), ReadError> {
    let mut start = from;
    let mut width = LOG_BLOCKS;
    while start <= to {
        let end = start.saturating_add(width - 1).min(to);
        match window(rpc, selection, start, end).await? {
            None => width = (end - start).div_ceil(2).max(1),
            Some(objects) => {
                for object in objects {
                    if !visit(object) {
                        return Ok(());
                    }
                }
                start = end.saturating_add(1);
                width = width.saturating_mul(2).min(LOG_BLOCKS);
            }
        }
    }
    Ok(())
}

/// The newest version of an object that is selected, looked for from the newest block backwards.
///
/// # Errors
/// See [`ReadError`].
pub async fn find(rpc: &Rpc, selection: &Selection) -> Result<Option<Published>, ReadError> {
    let mut end = rpc.block_number().await?;
    let mut width = LOG_BLOCKS;
    loop {
        let start = (end + 1).saturating_sub(width);
        match window(rpc, selection, start, end).await? {
            None => width = (end - start).div_ceil(2).max(1),
            Some(mut objects) => {
                if let Some(newest) = objects.pop() {
                    return Ok(Some(newest));
                }
                if start == 0 {
                    return Ok(None);
                }
                end = start - 1;
            }
        }
    }
}

/// One query; `None` when its answer would be over the node's limits and the window can be smaller.
async fn window(
    rpc: &Rpc,
    selection: &Selection,
    from: u64,
    to: u64,
) -> Result<Option<Vec<Published>>, ReadError> {
    match rpc.logs(&selection.filter(from, to)).await {
        Ok(logs) => {
            let objects = logs.iter().map(decode).collect::<Result<Vec<_>, _>>()?;
            Ok(Some(objects))
        }
        Err(RpcError::Refused { code, .. }) if code == LIMIT_EXCEEDED && from < to => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Checks versions against the digests in the ledger's state, not only against those of their own logs.
///
/// # Errors
/// One differs, or the node does not answer.
pub async fn check(rpc: &Rpc, objects: &[Published]) -> Result<(), ReadError> {
    let calls: Vec<_> = objects
        .iter()
        .map(|object| IExchange::digestOfCall {
            objectId: object.object_id,
            version: object.version,
        })
        .collect();
    let digests = rpc.views(EXCHANGE, &calls).await?;
    for (object, expected) in objects.iter().zip(digests) {
        if object.digest != expected {
            return Err(ReadError::Digest {
                id: object.id.clone(),
                found: object.digest,
                expected,
            });
        }
    }
    Ok(())
}

fn decode(log: &Log) -> Result<Published, ReadError> {
    let block = log.block_number.unwrap_or_default();
    let event = IExchange::ObjectPublished::decode_log_data(log.data()).map_err(|error| {
        ReadError::Malformed {
            block,
            cause: error.to_string(),
        }
    })?;
    let id = stix_id(&event.objectType, &event.uuid);
    let found = keccak256(&event.content);
    if found != event.digest {
        return Err(ReadError::Digest {
            id,
            found,
            expected: event.digest,
        });
    }
    Ok(Published {
        id,
        object_id: event.objectId,
        object_type: event.objectType,
        publisher: event.publisher,
        version: event.version,
        tlp: event.tlp,
        digest: found,
        content: event.content,
        block,
        transaction: log.transaction_hash.unwrap_or_default(),
    })
}

fn stix_id(object_type: &str, uuid: &FixedBytes<16>) -> String {
    format!("{object_type}--{}", Uuid::from_bytes(uuid.0))
}

/// The exchange's id of an object named by its STIX id, or by the exchange's id itself (0x, 64 digits).
pub fn parse_object_id(text: &str) -> Option<B256> {
    if text.starts_with("0x") {
        return text.parse().ok();
    }
    let (object_type, uuid) = text.rsplit_once("--")?;
    let uuid = Uuid::try_parse(uuid).ok()?;
    let uuid = FixedBytes(uuid.into_bytes());
    Some(hansa_modules::exchange::object_id(object_type, &uuid))
}
