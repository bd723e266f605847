//! The `txpool` namespace: what waits.

use crate::{
    api::{BySender, PooledTransaction},
    convert,
    method::{Method, handler},
    node::Node,
};
use alloy_consensus::Transaction as _;
use alloy_primitives::Address;
use alloy_rpc_types_eth::Transaction;
use alloy_rpc_types_txpool::{TxpoolContent, TxpoolContentFrom, TxpoolStatus};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) const METHODS: &[Method] = &[
    Method::new(
        "txpool_status",
        "How many transactions are pending and queued.",
        &[],
        "PoolStatus",
        handler!(node, _args => {
            let (pending, queued) = node.context.pool.status();
            TxpoolStatus { pending: pending as u64, queued: queued as u64 }
        }),
    ),
    Method::new(
        "txpool_content",
        "Every waiting transaction by sender and nonce, up to rpc.limits.max_pool_results.",
        &[],
        "PoolContent",
        handler!(node, _args => content(node)),
    ),
    Method::new(
        "txpool_contentFrom",
        "One sender's waiting transactions by nonce.",
        &["address: address"],
        "PoolContent",
        handler!(node, args => content_from(node, args.get(0)?)),
    ),
    Method::new(
        "txpool_inspect",
        "As txpool_content, one line each.",
        &[],
        "PoolContent",
        handler!(node, _args => inspect(node)),
    ),
];

type ByNonce<T> = BTreeMap<String, T>;

fn map<T>(
    by_sender: &BySender,
    show: impl Fn(&PooledTransaction) -> T,
) -> BTreeMap<Address, ByNonce<T>> {
    let nonces = |by_nonce: &BTreeMap<u64, PooledTransaction>| {
        let shown = by_nonce.iter();
        shown
            .map(|(nonce, pooled)| (nonce.to_string(), show(pooled)))
            .collect()
    };
    let senders = by_sender.iter();
    senders
        .map(|(sender, by_nonce)| (*sender, nonces(by_nonce)))
        .collect()
}

fn content(node: &Node) -> TxpoolContent<Transaction> {
    let most = node.config.limits.max_pool_results;
    let content = node.context.pool.content(None, most);
    TxpoolContent {
        pending: map(&content.pending, convert::pooled),
        queued: map(&content.queued, convert::pooled),
    }
}

fn content_from(node: &Node, sender: Address) -> TxpoolContentFrom<Transaction> {
    let most = node.config.limits.max_pool_results;
    let content = node.context.pool.content(Some(sender), most);
    let of = |by_sender: &BySender| {
        map(by_sender, convert::pooled)
            .remove(&sender)
            .unwrap_or_default()
    };
    TxpoolContentFrom {
        pending: of(&content.pending),
        queued: of(&content.queued),
    }
}

fn inspect(node: &Node) -> Value {
    let most = node.config.limits.max_pool_results;
    let content = node.context.pool.content(None, most);
    let lines = |by_sender: &BySender| {
        let senders = map(by_sender, line).into_iter();
        // Keys as go-ethereum writes them, with their checksum.
        senders
            .map(|(sender, lines)| (sender.to_string(), lines))
            .collect::<BTreeMap<_, _>>()
    };
    json!({ "pending": lines(&content.pending), "queued": lines(&content.queued) })
}

fn line(pooled: &PooledTransaction) -> String {
    let transaction = &pooled.transaction;
    let to = transaction
        .to()
        .map_or_else(|| "contract creation".to_owned(), |to| to.to_string());
    format!(
        "{to}: {} wei + {} gas × {} wei",
        transaction.value(),
        transaction.gas_limit(),
        transaction.max_fee_per_gas()
    )
}
