//! Polled filters. A filter that nobody polls for a while is dropped; there are only so many.

use crate::{
    convert,
    errors::{CallResult, Fault},
    eth::logs,
    method::{Method, handler},
    node::Node,
};
use alloy_eips::{BlockNumberOrTag, eip2718::Encodable2718 as _};
use alloy_primitives::{B256, U128};
use alloy_rpc_types_eth::{Filter, FilterBlockOption, FilterChanges, Log, Transaction};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::broadcast::{Receiver, error::TryRecvError};

pub(crate) const METHODS: &[Method] = &[
    Method::new(
        "eth_newFilter",
        "Starts a logs filter.",
        &["filter: Filter"],
        "quantity",
        handler!(node, args => new_logs(node, args.get(0)?)?),
    ),
    Method::new(
        "eth_newBlockFilter",
        "Starts a filter of new blocks' hashes.",
        &[],
        "quantity",
        handler!(node, _args => {
            let next = node.chain.head_number() + 1;
            add(node, Kind::Blocks { next })?
        }),
    ),
    Method::new(
        "eth_newPendingTransactionFilter",
        "Starts a filter of transactions that enter the pool: hashes, or whole with true.",
        &["full: boolean?"],
        "quantity",
        handler!(node, args => {
            let full: Option<bool> = args.opt(0)?;
            let incoming = node.context.pool.subscribe();
            add(node, Kind::Pending { incoming, full: full.unwrap_or(false) })?
        }),
    ),
    Method::new(
        "eth_getFilterChanges",
        "What a filter saw since it was last asked.",
        &["id: quantity"],
        "FilterChanges",
        handler!(node, args => changes(node, args.get(0)?).await?),
    ),
    Method::new(
        "eth_getFilterLogs",
        "All logs that a logs filter matches.",
        &["id: quantity"],
        "Log[]",
        handler!(node, args => filter_logs(node, args.get(0)?).await?),
    ),
    Method::new(
        "eth_uninstallFilter",
        "Ends a filter.",
        &["id: quantity"],
        "boolean",
        handler!(node, args => {
            let id: U128 = args.get(0)?;
            node.filters.0.lock().remove(&id).is_some()
        }),
    ),
];

/// The filters of all connections: a caller holds an id that nobody guesses.
#[derive(Default)]
pub(crate) struct Filters(Mutex<HashMap<U128, Entry>>);

struct Entry {
    polled: Instant,
    kind: Kind,
}

enum Kind {
    Logs {
        filter: Box<Filter>,
        next: u64,
    },
    Blocks {
        next: u64,
    },
    Pending {
        incoming: Receiver<B256>,
        full: bool,
    },
}

/// What a poll has to look up once the table is unlocked.
enum Poll {
    Logs { filter: Box<Filter>, from: u64 },
    Blocks { from: u64 },
    Done(FilterChanges<Transaction>),
}

fn not_found() -> Fault {
    Fault::server("filter not found")
}

fn add(node: &Node, kind: Kind) -> CallResult<U128> {
    let limits = &node.config.limits;
    let mut filters = node.filters.0.lock();
    if filters.len() >= limits.max_filters {
        let timeout = Duration::from_millis(limits.filter_timeout_ms);
        filters.retain(|_, entry| entry.polled.elapsed() < timeout);
    }
    if filters.len() >= limits.max_filters {
        let what = "this node holds as many filters as it may; use eth_subscribe or eth_getLogs";
        return Err(Fault::limit("max_filters", limits.max_filters, what));
    }
    let id = U128::from(rand::random::<u128>());
    let polled = Instant::now();
    filters.insert(id, Entry { polled, kind });
    Ok(id)
}

fn new_logs(node: &Node, filter: Filter) -> CallResult<U128> {
    logs::check(&filter, &node.config.limits)?;
    let head = node.chain.head_number();
    if matches!(filter.block_option, FilterBlockOption::Range { .. }) {
        logs::range(node, &filter)?;
    }
    let next = match filter.block_option {
        FilterBlockOption::AtBlockHash(_) => {
            return Err(Fault::params(
                "cannot use blockHash in eth_newFilter: use eth_getLogs",
            ));
        }
        FilterBlockOption::Range {
            from_block: Some(BlockNumberOrTag::Number(from)),
            ..
        } => from.max(head + 1),
        FilterBlockOption::Range { .. } => head + 1,
    };
    let filter = Box::new(filter);
    add(node, Kind::Logs { filter, next })
}

/// The filter, if it lives: a filter that was not polled in time is as good as gone.
fn alive<'a>(
    node: &Node,
    filters: &'a mut HashMap<U128, Entry>,
    id: U128,
) -> CallResult<&'a mut Entry> {
    let timeout = Duration::from_millis(node.config.limits.filter_timeout_ms);
    if filters
        .get(&id)
        .is_some_and(|entry| entry.polled.elapsed() >= timeout)
    {
        filters.remove(&id);
    }
    let entry = filters.get_mut(&id).ok_or_else(not_found)?;
    entry.polled = Instant::now();
    Ok(entry)
}

fn poll(node: &Node, id: U128) -> CallResult<Poll> {
    let mut filters = node.filters.0.lock();
    let entry = alive(node, &mut filters, id)?;
    Ok(match &mut entry.kind {
        Kind::Logs { filter, next } => Poll::Logs {
            filter: filter.clone(),
            from: *next,
        },
        Kind::Blocks { next } => Poll::Blocks { from: *next },
        Kind::Pending { incoming, full } => Poll::Done(drain(node, incoming, *full)),
    })
}

/// Blocks up to `seen` need not be shown again. Called when they have been: a poll that fails loses
/// nothing.
fn advance(node: &Node, id: U128, seen: u64) {
    let mut filters = node.filters.0.lock();
    if let Some(Kind::Logs { next, .. } | Kind::Blocks { next }) =
        filters.get_mut(&id).map(|entry| &mut entry.kind)
    {
        *next = seen.saturating_add(1).max(*next);
    }
}

/// What came in, as much as an answer may hold; the rest is for the next poll. A poller that is too
/// slow for the pool misses what the pool has dropped by now.
fn drain(node: &Node, incoming: &mut Receiver<B256>, full: bool) -> FilterChanges<Transaction> {
    let limits = &node.config.limits;
    let (mut hashes, mut whole, mut bytes) = (Vec::new(), Vec::new(), 0);
    while hashes.len() < limits.max_log_results && bytes < limits.max_log_bytes {
        let hash = match incoming.try_recv() {
            Ok(hash) => hash,
            Err(TryRecvError::Lagged(_)) => continue,
            Err(TryRecvError::Empty | TryRecvError::Closed) => break,
        };
        if full && let Some(pooled) = node.context.pool.transaction(hash) {
            bytes += size_of::<Transaction>() + pooled.transaction.encode_2718_len();
            whole.push(convert::pooled(&pooled));
        }
        hashes.push(hash);
    }
    if full {
        FilterChanges::Transactions(whole)
    } else {
        FilterChanges::Hashes(hashes)
    }
}

async fn changes(node: &Arc<Node>, id: U128) -> CallResult<FilterChanges<Transaction>> {
    let head = node.chain.head_number();
    match poll(node, id)? {
        Poll::Done(changes) => Ok(changes),
        Poll::Blocks { from } => {
            let most = node.config.limits.max_log_blocks;
            // A poller that slept through more blocks than a query may span gets the newest.
            let from = from.max(head.saturating_sub(most - 1));
            let shared = node.clone();
            let hashes = move || -> CallResult<Vec<B256>> {
                let mut hashes = Vec::new();
                for number in from..=head {
                    let header = shared.chain.header(number)?;
                    hashes.extend(header.map(|(hash, _)| hash));
                }
                Ok(hashes)
            };
            let hashes = node.blocking(hashes).await?;
            advance(node, id, head);
            Ok(FilterChanges::Hashes(hashes))
        }
        Poll::Logs { filter, from } => {
            let to = match filter.block_option {
                FilterBlockOption::Range {
                    to_block: Some(BlockNumberOrTag::Number(to)),
                    ..
                } => to.min(head),
                _ => head,
            };
            // A poller that slept through more blocks than a query may span catches up poll by poll.
            let most = node.config.limits.max_log_blocks.max(1);
            let to = to.min(from.saturating_add(most - 1));
            if from > to {
                return Ok(FilterChanges::Logs(Vec::new()));
            }
            let logs = logs::search(node, *filter, from, to).await?;
            advance(node, id, to);
            Ok(FilterChanges::Logs(logs))
        }
    }
}

async fn filter_logs(node: &Arc<Node>, id: U128) -> CallResult<Vec<Log>> {
    let filter = {
        let mut filters = node.filters.0.lock();
        match &alive(node, &mut filters, id)?.kind {
            Kind::Logs { filter, .. } => filter.clone(),
            Kind::Blocks { .. } | Kind::Pending { .. } => return Err(not_found()),
        }
    };
    logs::get_logs(node, *filter).await
}
