//! Queries over finalized logs.

use crate::{
    chain::log_filter,
    convert,
    errors::{CallResult, Fault},
    limits::Limits,
    method::{Method, handler},
    node::Node,
};
use alloy_eips::BlockNumberOrTag;
use alloy_rpc_types_eth::{Filter, FilterBlockOption, Log};
use hansa_index::LogLimits;
use std::sync::Arc;

pub(crate) const METHODS: &[Method] = &[Method::new(
    "eth_getLogs",
    "Logs of a block range that match addresses and topics.",
    &["filter: Filter"],
    "Log[]",
    handler!(node, args => get_logs(node, args.get(0)?).await?),
)];

/// Refuses filters that are wider than the node takes.
pub(crate) fn check(filter: &Filter, limits: &Limits) -> CallResult<()> {
    let most = limits.max_log_addresses;
    let widest = filter
        .topics
        .iter()
        .map(|topic| topic.iter().count())
        .chain([filter.address.iter().count()])
        .max()
        .unwrap_or_default();
    if widest > most {
        let what = format!("{widest} addresses or topics in one filter");
        return Err(Fault::limit("max_log_addresses", most, what));
    }
    Ok(())
}

fn bound(node: &Node, tag: Option<BlockNumberOrTag>, head: u64) -> CallResult<u64> {
    Ok(match tag {
        Some(BlockNumberOrTag::Number(number)) => number,
        Some(tag) => node.number(tag.into())?.unwrap_or(head),
        None => head,
    })
}

/// The range that a filter means: `None` where it lies beyond the head.
pub(crate) fn range(node: &Node, filter: &Filter) -> CallResult<Option<(u64, u64)>> {
    let head = node.chain.head_number();
    match filter.block_option {
        FilterBlockOption::AtBlockHash(hash) => {
            let number = node.chain.number(hash)?;
            let number = number.ok_or_else(|| Fault::server("unknown block"))?;
            Ok(Some((number, number)))
        }
        FilterBlockOption::Range {
            from_block,
            to_block,
        } => {
            let from = bound(node, from_block, head)?;
            let to = bound(node, to_block, head)?;
            // An open end is the head, wherever a range begins; a range that its caller turned
            // around is an error.
            let open = !matches!(to_block, Some(BlockNumberOrTag::Number(_)));
            if from > to && !(open && from > head) {
                return Err(Fault::params("invalid block range params"));
            }
            Ok((from <= head).then_some((from, to.min(head))))
        }
    }
}

/// Answers a logs query.
pub(crate) async fn get_logs(node: &Arc<Node>, filter: Filter) -> CallResult<Vec<Log>> {
    check(&filter, &node.config.limits)?;
    match range(node, &filter)? {
        Some((from, to)) => search(node, filter, from, to).await,
        None => Ok(Vec::new()),
    }
}

/// Logs of blocks `from..=to`.
pub(crate) async fn search(
    node: &Arc<Node>,
    filter: Filter,
    from: u64,
    to: u64,
) -> CallResult<Vec<Log>> {
    let limits = node.config.limits;
    let blocks = to - from + 1;
    if blocks > limits.max_log_blocks {
        let what = format!("the query spans {blocks} blocks; narrow the range");
        return Err(Fault::limit("max_log_blocks", limits.max_log_blocks, what));
    }
    let wanted = log_filter(&filter, from, to);
    let log_limits = LogLimits {
        max_blocks: limits.max_log_blocks,
        max_results: limits.max_log_results,
        max_bytes: limits.max_log_bytes,
    };
    let shared = node.clone();
    node.heavy(move |deadline| {
        let found = shared.chain.logs(&wanted, log_limits, &deadline)?;
        Ok(found.into_iter().map(convert::log).collect())
    })
    .await
}
