//! Transactions by the addresses that they involve.

use crate::{
    convert,
    errors::{CallResult, Fault},
    method::{Method, handler},
    node::Node,
};
use alloy_primitives::{Address, U64};
use alloy_rpc_types_eth::Transaction;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How many are given to who names no limit.
const DEFAULT_LIMIT: usize = 25;

pub(crate) const METHODS: &[Method] = &[Method::new(
    "hansa_getTransactionsByAddress",
    "Final transactions that an address signed, that call it, or that created it, newest first.",
    &["address: address", "paging: AddressPaging?"],
    "AddressPage",
    handler!(node, args => page(node, args.get(0)?, args.opt(1)?).await?),
)];

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Paging {
    before: Option<Place>,
    limit: Option<U64>,
}

/// Of a transaction in the chain.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Place {
    block_number: U64,
    transaction_index: U64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    transactions: Vec<Entry>,
    next: Option<Place>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    transaction: Transaction,
    timestamp_ms: U64,
    succeeded: bool,
}

async fn page(node: &Arc<Node>, address: Address, paging: Option<Paging>) -> CallResult<Page> {
    let paging = paging.unwrap_or_default();
    let most = node.config.limits.max_address_transactions;
    let limit = match paging.limit {
        Some(limit) => usize::try_from(limit.to::<u64>()).unwrap_or(usize::MAX),
        None => DEFAULT_LIMIT.min(most),
    };
    if limit == 0 {
        return Err(Fault::params("limit: at least 1"));
    }
    if limit > most {
        let what = format!("{limit} transactions asked for");
        return Err(Fault::limit("max_address_transactions", most, what));
    }
    let before = paging.before.map(|place| {
        let index = u32::try_from(place.transaction_index.to::<u64>()).unwrap_or(u32::MAX);
        (place.block_number.to::<u64>(), index)
    });
    let (shared, max_bytes) = (node.clone(), node.config.limits.max_log_bytes);
    node.heavy(move |deadline| {
        let chain = &shared.chain;
        let found = chain.transactions_of(address, before, (limit, max_bytes), &deadline)?;
        let mut transactions = Vec::with_capacity(found.found.len());
        for located in &found.found {
            let Some((hash, header)) = chain.header(located.block_number)? else {
                return Err(Fault::internal("a transaction without its block"));
            };
            transactions.push(Entry {
                transaction: convert::Placed::from(located, hash, &header).transaction(),
                timestamp_ms: U64::from(header.timestamp_ms),
                succeeded: located.receipt.success,
            });
        }
        let next = found.next.map(|(number, index)| Place {
            block_number: U64::from(number),
            transaction_index: U64::from(index),
        });
        Ok(Page { transactions, next })
    })
    .await
}
