//! The register of zones in the `hansa` namespace: the module's own views of one finalized state of the hub.
//!
//! Amounts (wei) and block numbers are quantities; ids, counts and times (seconds, or milliseconds where the name says so) are numbers.

use crate::{
    errors::{CallResult, Fault},
    method::{Method, handler},
    node::Node,
};
use alloy_eips::BlockId;
use alloy_primitives::{Address, U64, U256};
use hansa_abi::{IZones, ZONES};
use hansa_modules::{Block, QueryError, limits::MAX_ZONES_PAGE, query};
use serde::Serialize;
use std::sync::Arc;

pub(crate) const METHODS: &[Method] = &[Method::new(
    "hansa_zones",
    "The league's zones, in order of their ids, and whether this node runs them. Of the hub only.",
    &["block: blockId?"],
    "Zone[]",
    handler!(node, args => zones(node, args.opt(0)?).await?),
)];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Zone {
    id: u64,
    name: String,
    chain_id: U64,
    creator: Address,
    created_at: U64,
    timestamp: u64,
    escrow: U256,
    /// What was deposited to it.
    locked: U256,
    deposits: u64,
    gas_limit: U64,
    min_base_fee: U64,
    block_interval_ms: u64,
    heartbeat_ms: u64,
    epoch_blocks: u64,
    min_severity: u8,
    max_directive_seconds: u64,
    /// Where this node answers for it; null while it does not run it.
    path: Option<String>,
}

async fn zones(node: &Arc<Node>, id: Option<BlockId>) -> CallResult<Vec<Zone>> {
    let found = node.state_block(id)?;
    let header = found.block.header();
    let block = Block {
        number: header.number,
        timestamp: header.timestamp(),
        chain_id: node.chain_id(),
    };
    let running = node.zones.read().clone();
    node.with_state(block.number, move |state| {
        let mut zones = Vec::new();
        loop {
            let call = IZones::zonesCall {
                offset: U256::from(zones.len()),
                limit: U256::from(MAX_ZONES_PAGE),
            };
            let page = query(state, ZONES, &call, &block).map_err(|error| match error {
                QueryError::Refused(words) => Fault::server(format!("zones: {words}")),
                QueryError::State(cause) => Fault::internal(cause),
            })?;
            let is_last = page.page.is_empty();
            zones.extend(page.page);
            if is_last || U256::from(zones.len()) >= page.total {
                break;
            }
        }
        let shape = |zone: IZones::Zone| {
            let of = zone.parameters;
            let path = (running.contains(&of.name)).then(|| format!("/zones/{}", of.name));
            Zone {
                id: zone.id,
                name: of.name,
                chain_id: U64::from(of.chainId),
                creator: zone.creator,
                created_at: U64::from(zone.createdAt),
                timestamp: zone.timestamp,
                escrow: zone.escrow,
                locked: zone.locked,
                deposits: zone.deposits,
                gas_limit: U64::from(of.gasLimit),
                min_base_fee: U64::from(of.minBaseFee),
                block_interval_ms: of.blockIntervalMs,
                heartbeat_ms: of.heartbeatMs,
                epoch_blocks: of.epochBlocks,
                min_severity: of.minSeverity,
                max_directive_seconds: of.maxDirectiveSeconds,
                path,
            }
        };
        Ok(zones.into_iter().map(shape).collect())
    })
    .await
}
