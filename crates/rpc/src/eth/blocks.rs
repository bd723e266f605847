//! Blocks, headers and receipts.

use crate::{
    convert,
    errors::CallResult,
    method::{Method, handler},
    node::Node,
};
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{B256, U64};
use alloy_rpc_types_eth::TransactionReceipt;
use serde_json::{Value, json};

pub(crate) const METHODS: &[Method] = &[
    Method::new(
        "eth_chainId",
        "The chain's EIP-155 id.",
        &[],
        "quantity",
        handler!(node, _args => U64::from(node.chain_id())),
    ),
    Method::new(
        "eth_syncing",
        "False when the node follows the head, else how far it is.",
        &[],
        "SyncStatus",
        handler!(node, _args => syncing(node)),
    ),
    Method::new(
        "eth_blockNumber",
        "Number of the newest finalized block.",
        &[],
        "quantity",
        handler!(node, _args => U64::from(node.chain.head_number())),
    ),
    Method::new(
        "eth_getBlockByNumber",
        "A block by number or tag; latest, safe, finalized and pending are the same block.",
        &["block: blockTag", "full: boolean?"],
        "Block?",
        handler!(node, args => {
            let tag: BlockNumberOrTag = args.get(0)?;
            block(node, tag.into(), args.opt(1)?)?
        }),
    ),
    Method::new(
        "eth_getBlockByHash",
        "A block by hash.",
        &["hash: hash", "full: boolean?"],
        "Block?",
        handler!(node, args => {
            let hash: B256 = args.get(0)?;
            block(node, hash.into(), args.opt(1)?)?
        }),
    ),
    Method::new(
        "eth_getHeaderByNumber",
        "A block's header by number or tag.",
        &["block: blockTag"],
        "Header?",
        handler!(node, args => {
            let tag: BlockNumberOrTag = args.get(0)?;
            header(node, tag.into())?
        }),
    ),
    Method::new(
        "eth_getHeaderByHash",
        "A block's header by hash.",
        &["hash: hash"],
        "Header?",
        handler!(node, args => header(node, args.get::<B256>(0)?.into())?),
    ),
    Method::new(
        "eth_getBlockTransactionCountByNumber",
        "How many transactions a block has.",
        &["block: blockTag"],
        "quantity?",
        handler!(node, args => {
            let tag: BlockNumberOrTag = args.get(0)?;
            count(node, tag.into())?
        }),
    ),
    Method::new(
        "eth_getBlockTransactionCountByHash",
        "How many transactions a block has.",
        &["hash: hash"],
        "quantity?",
        handler!(node, args => count(node, args.get::<B256>(0)?.into())?),
    ),
    Method::new(
        "eth_getBlockReceipts",
        "All receipts of a block.",
        &["block: blockId"],
        "Receipt[]?",
        handler!(node, args => receipts(node, args.get(0)?)?),
    ),
    Method::new(
        "eth_getUncleByBlockHashAndIndex",
        "Always null: there are no uncles.",
        &["hash: hash", "index: quantity"],
        "null",
        handler!(_node, _args => Value::Null),
    ),
    Method::new(
        "eth_getUncleByBlockNumberAndIndex",
        "Always null: there are no uncles.",
        &["block: blockTag", "index: quantity"],
        "null",
        handler!(_node, _args => Value::Null),
    ),
    Method::new(
        "eth_getUncleCountByBlockHash",
        "Zero: there are no uncles.",
        &["hash: hash"],
        "quantity?",
        handler!(node, args => uncles(node, args.get::<B256>(0)?.into())?),
    ),
    Method::new(
        "eth_getUncleCountByBlockNumber",
        "Zero: there are no uncles.",
        &["block: blockTag"],
        "quantity?",
        handler!(node, args => {
            let tag: BlockNumberOrTag = args.get(0)?;
            uncles(node, tag.into())?
        }),
    ),
];

fn syncing(node: &Node) -> Value {
    match node.context.node.syncing() {
        None => Value::Bool(false),
        Some(progress) => json!({
            "startingBlock": U64::from(progress.starting),
            "currentBlock": U64::from(progress.current),
            "highestBlock": U64::from(progress.highest),
        }),
    }
}

fn block(node: &Node, id: BlockId, full: Option<bool>) -> CallResult<Option<convert::Block>> {
    let found = node.block(id)?;
    Ok(found.map(|found| convert::block(&found, full.unwrap_or(false))))
}

fn header(node: &Node, id: BlockId) -> CallResult<Option<convert::Header>> {
    let found = node.block(id)?;
    Ok(found.map(|found| convert::header(&found.block)))
}

fn count(node: &Node, id: BlockId) -> CallResult<Option<U64>> {
    let found = node.block(id)?;
    Ok(found.map(|found| U64::from(found.block.transactions().len())))
}

fn uncles(node: &Node, id: BlockId) -> CallResult<Option<U64>> {
    Ok(node.number(id)?.map(|_| U64::ZERO))
}

fn receipts(node: &Node, id: BlockId) -> CallResult<Option<Vec<TransactionReceipt>>> {
    Ok(node.block(id)?.map(|found| convert::receipts(&found)))
}
