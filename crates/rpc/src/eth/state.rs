//! Accounts, code and storage at a block.

use crate::{
    errors::{CallResult, Fault},
    method::{Method, handler},
    node::Node,
};
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, B256, Bytes, U64, U256};
use serde_json::Value;
use std::sync::Arc;

pub(crate) const METHODS: &[Method] = &[
    Method::new(
        "eth_accounts",
        "Always empty: this node holds no keys.",
        &[],
        "address[]",
        handler!(_node, _args => Vec::<Address>::new()),
    ),
    Method::new(
        "eth_coinbase",
        "The address that receives the tips of this operator's blocks.",
        &[],
        "address",
        handler!(node, _args => coinbase(node)?),
    ),
    Method::new(
        "eth_getBalance",
        "An account's balance, wei.",
        &["address: address", "block: blockId?"],
        "quantity",
        handler!(node, args => {
            let (address, number) = at(node, args.get(0)?, args.opt(1)?)?;
            node.with_state(number, move |state| {
                Ok(state.account(address)?.unwrap_or_default().balance)
            })
            .await?
        }),
    ),
    Method::new(
        "eth_getCode",
        "An account's code.",
        &["address: address", "block: blockId?"],
        "bytes",
        handler!(node, args => {
            let (address, number) = at(node, args.get(0)?, args.opt(1)?)?;
            code(node, address, number).await?
        }),
    ),
    Method::new(
        "eth_getStorageAt",
        "A storage slot, 32 bytes.",
        &["address: address", "slot: quantity", "block: blockId?"],
        "hash",
        handler!(node, args => {
            let slot: U256 = args.get(1)?;
            let (address, number) = at(node, args.get(0)?, args.opt(2)?)?;
            node.with_state(number, move |state| {
                Ok(B256::from(state.storage(address, slot)?))
            })
            .await?
        }),
    ),
    Method::new(
        "eth_getTransactionCount",
        "An account's nonce; with `pending`, the nonce after what waits in the pool.",
        &["address: address", "block: blockId?"],
        "quantity",
        handler!(node, args => nonce(node, args.get(0)?, args.opt(1)?).await?),
    ),
    Method::new(
        "eth_getProof",
        "Not available: answers with an error that names hansa_getProof.",
        &["address: address", "slots: hash[]", "block: blockId?"],
        "null",
        handler!(_node, _args => no_proof()?),
    ),
];

fn coinbase(node: &Node) -> CallResult<Address> {
    let operator = node.context.node.operator();
    operator
        .map(|operator| operator.fee_recipient)
        .ok_or_else(|| Fault::server("no coinbase: this node runs no operator"))
}

fn at(node: &Node, address: Address, id: Option<BlockId>) -> CallResult<(Address, u64)> {
    let number = node
        .number(id.unwrap_or_default())?
        .ok_or_else(Fault::header_not_found)?;
    Ok((address, number))
}

async fn code(node: &Arc<Node>, address: Address, number: u64) -> CallResult<Bytes> {
    node.with_state(number, move |state| {
        Ok(match state.account(address)? {
            Some(account) => state.code(account.code_hash)?,
            None => Bytes::new(),
        })
    })
    .await
}

async fn nonce(node: &Arc<Node>, address: Address, id: Option<BlockId>) -> CallResult<U64> {
    let pending = id == Some(BlockId::Number(BlockNumberOrTag::Pending));
    let waiting = pending
        .then(|| node.context.pool.next_nonce(address))
        .flatten();
    let (address, number) = at(node, address, id)?;
    let nonce = node
        .with_state(number, move |state| {
            Ok(state.account(address)?.unwrap_or_default().nonce)
        })
        .await?;
    // The pool may lag a block behind: the larger is right.
    Ok(U64::from(nonce.max(waiting.unwrap_or_default())))
}

fn no_proof() -> CallResult<Value> {
    Err(Fault::server(
        "eth_getProof is not available: the state of this chain is a QMDB, not a \
         Merkle-Patricia trie; use hansa_getProof",
    ))
}
