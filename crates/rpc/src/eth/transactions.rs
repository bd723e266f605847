//! Finding transactions and sending them.

use crate::{
    convert,
    errors::{CallResult, Fault, SYNC_TIMEOUT},
    method::{Method, handler},
    node::Node,
};
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{B256, Bytes};
use alloy_rpc_types_eth::{Index, Transaction, TransactionReceipt};
use hansa_index::Located;
use serde::{Deserialize, de};
use serde_json::json;
use std::{sync::Arc, time::Duration};

pub(crate) const METHODS: &[Method] = &[
    Method::new(
        "eth_getTransactionByHash",
        "A finalized or waiting transaction.",
        &["hash: hash"],
        "Transaction?",
        handler!(node, args => by_hash(node, args.get(0)?)?),
    ),
    Method::new(
        "eth_getTransactionByBlockHashAndIndex",
        "A transaction by its place.",
        &["hash: hash", "index: quantity"],
        "Transaction?",
        handler!(node, args => by_place(node, args.get::<B256>(0)?.into(), args.get(1)?)?),
    ),
    Method::new(
        "eth_getTransactionByBlockNumberAndIndex",
        "A transaction by its place.",
        &["block: blockTag", "index: quantity"],
        "Transaction?",
        handler!(node, args => {
            let tag: BlockNumberOrTag = args.get(0)?;
            by_place(node, tag.into(), args.get(1)?)?
        }),
    ),
    Method::new(
        "eth_getTransactionReceipt",
        "What a finalized transaction did.",
        &["hash: hash"],
        "Receipt?",
        handler!(node, args => receipt(node, args.get(0)?)?),
    ),
    Method::new(
        SEND_RAW,
        "Adds a signed transaction to the pool.",
        &["transaction: bytes"],
        "hash",
        handler!(node, args => send(node, args.get(0)?).await?),
    ),
    Method::new(
        "eth_sendRawTransactionSync",
        "Adds a signed transaction and waits for its receipt (EIP-7966).",
        &["transaction: bytes", "timeoutMs: quantity?"],
        "Receipt",
        handler!(node, args => {
            let timeout: Option<Millis> = args.opt(1)?;
            send_and_wait(node, args.get(0)?, timeout).await?
        }),
    ),
];

/// The method whose calls are grouped within a batch.
pub(crate) const SEND_RAW: &str = "eth_sendRawTransaction";

fn shown(node: &Node, located: Option<Located>) -> CallResult<Option<Transaction>> {
    let Some(located) = located else {
        return Ok(None);
    };
    let header = node.chain.header(located.block_number)?;
    Ok(header.map(|(hash, header)| convert::Placed::from(&located, hash, &header).transaction()))
}

fn by_hash(node: &Node, hash: B256) -> CallResult<Option<Transaction>> {
    if let Some(found) = shown(node, node.chain.transaction(hash)?)? {
        return Ok(Some(found));
    }
    let waiting = node.context.pool.transaction(hash);
    Ok(waiting.as_ref().map(convert::pooled))
}

fn by_place(node: &Node, id: BlockId, index: Index) -> CallResult<Option<Transaction>> {
    let place = node.number(id)?.zip(u32::try_from(index.0).ok());
    match place {
        Some((number, index)) => shown(node, node.chain.transaction_at(number, index)?),
        None => Ok(None),
    }
}

/// The receipt of a finalized transaction.
pub(crate) fn receipt(node: &Node, hash: B256) -> CallResult<Option<TransactionReceipt>> {
    let Some(located) = node.chain.transaction(hash)? else {
        return Ok(None);
    };
    let header = node.chain.header(located.block_number)?;
    Ok(header.map(|(hash, header)| convert::Placed::from(&located, hash, &header).receipt()))
}

async fn send(node: &Arc<Node>, raw: Bytes) -> CallResult<B256> {
    send_all(node, vec![raw])
        .await
        .pop()
        .unwrap_or_else(|| Err(Fault::internal("the pool gave no outcome")))
}

/// Sends a batch: one outcome for each, in order.
pub(crate) async fn send_all(node: &Arc<Node>, raw: Vec<Bytes>) -> Vec<CallResult<B256>> {
    let count = raw.len();
    let mut outcomes = node.context.pool.submit(raw).await;
    outcomes.resize_with(count, || Err(Fault::internal("the pool gave no outcome")));
    outcomes
}

/// Milliseconds, as a JSON number or a hexadecimal quantity.
#[derive(Clone, Copy)]
struct Millis(u64);

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = alloy_primitives::U256::deserialize(deserializer)?;
        u64::try_from(value)
            .map(Self)
            .map_err(|_| de::Error::custom("timeout out of range"))
    }
}

async fn send_and_wait(
    node: &Arc<Node>,
    raw: Bytes,
    timeout: Option<Millis>,
) -> CallResult<TransactionReceipt> {
    let limits = &node.config.limits;
    // EIP-7966: a longer wait than the node allows is cut to what it allows.
    let wait_ms = timeout
        .map_or(limits.default_sync_timeout_ms, |asked| asked.0)
        .min(limits.max_sync_timeout_ms);
    // Listening begins before sending: the block cannot slip in between.
    let mut blocks = node.context.node.finalized();
    let hash = send(node, raw).await?;
    let wait = async {
        loop {
            if let Some(receipt) = receipt(node, hash)? {
                return Ok(receipt);
            }
            use tokio::sync::broadcast::error::RecvError;
            match blocks.recv().await {
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Err(Fault::server("the node is stopping")),
            }
        }
    };
    tokio::time::timeout(Duration::from_millis(wait_ms), wait)
        .await
        .unwrap_or_else(|_| {
            let message = format!(
                "The transaction was added to the mempool but wasn't processed in {wait_ms}ms"
            );
            Err(Fault::new(SYNC_TIMEOUT, message).with_data(json!(hash)))
        })
}
