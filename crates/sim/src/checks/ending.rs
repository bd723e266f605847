//! What must hold of a zone that ended.

use super::{
    Verdict, honest, text,
    value::{follow_hub, newest},
    zones::logs_of,
};
use crate::{Node, traffic::messages};
use alloy_sol_types::SolEvent as _;
use commonware_glue::simulate::{property::Property, tracker::ProgressTracker};
use hansa_abi::IZones;
use hansa_primitives::{Header, PublicKey};

/// Blocks of the hub behind the one that stopped the first zone, of which others take note in any case.
const LATER: u64 = 10;

/// The first zone ended: every honest operator has the same last block of it, behind which nothing can come, and the hub knows that one. It took all
/// that the zone had sent, and pays who leaves. The other zones went on.
#[derive(Clone, Copy, Debug)]
pub struct ZoneEnds;

impl Property<PublicKey, Node> for ZoneEnds {
    fn name(&self) -> &str {
        "zone_ends"
    }

    fn check<'a>(
        &'a self,
        _tracker: &'a ProgressTracker<PublicKey>,
        nodes: &'a [&'a Node],
    ) -> Verdict<'a, ()> {
        Box::pin(async move {
            let mut last = None;
            for node in honest(nodes) {
                let found = check_node(node).map_err(|error| {
                    let operator = node.operator;
                    format!("operator {operator}: {error}")
                })?;
                if *last.get_or_insert(found) != found {
                    return Err(format!("the zone ends with {last:?} and {found:?}"));
                }
            }
            Ok(())
        })
    }
}

/// The last block by an operator: its height and hash.
fn check_node(node: &Node) -> Result<(u64, alloy_primitives::B256), String> {
    let stopped = stopped_in(node)?.ok_or("the hub did not stop the zone")?;
    let zone = &node.zones[0];
    let (number, hash) = zone.head().ok_or("there is no zone")?;
    let header = |number| -> Result<Header, String> {
        let header = zone.header(number).map_err(text)?;
        Ok(header.ok_or("a block is missing")?.1)
    };
    let (last, parent) = (header(number)?, header(number - 1)?);
    if parent.hub.number >= stopped {
        return Err(format!(
            "block {number} follows one that names block {} of the hub, which stopped the zone in {stopped}",
            parent.hub.number
        ));
    }
    // The very last block may never become final; then the hub waits, and takes the one before as the last.
    let stopped_ms = time_of(node, stopped)?;
    let now_ms = time_of(node, node.height())?;
    let waited = now_ms / 1_000 >= stopped_ms / 1_000 + node.hub.zones.halted_after_s;
    if last.hub.number < stopped && !waited {
        return Err(format!("the zone goes on in block {number}"));
    }
    let known = logs_of::<IZones::Checkpointed>(&node.index, node.height())?;
    let known = known.iter().rev().find(|event| event.zoneId == 1);
    if known.is_none_or(|known| (known.number, known.blockHash) != (number, hash)) {
        return Err(format!("the hub knows {known:?}, not block {number}"));
    }
    let followed = follow_hub(&node.index, &node.zones, node.height())?;
    let (lane, sent) = (&followed.lanes[0], messages(zone).len() as u64);
    if lane.delivered != sent || lane.exits.is_empty() {
        return Err(format!(
            "the hub took {} of {sent} messages of the zone that ended, and paid {} accounts what they had there",
            lane.delivered,
            lane.exits.len()
        ));
    }
    for other in &node.zones[1..] {
        let header = other.header(newest(other)).map_err(text)?;
        let named = header.map_or(0, |(_, header)| header.hub.number);
        if named < stopped + LATER {
            return Err(format!("another zone ends at the hub's block {named}"));
        }
    }
    Ok((number, hash))
}

/// The hub's block that stopped the first zone.
fn stopped_in(node: &Node) -> Result<Option<u64>, String> {
    for number in 1..=node.height() {
        let receipts = node.index.receipts(number).map_err(text)?;
        let receipts = receipts.unwrap_or_default();
        let logs = receipts.iter().flat_map(|receipt| &receipt.logs);
        let mut stopped =
            logs.filter_map(|log| IZones::ZoneStopped::decode_log_data(&log.data).ok());
        if stopped.any(|event| event.zoneId == 1) {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

fn time_of(node: &Node, number: u64) -> Result<u64, String> {
    let header = node.index.header(number).map_err(text)?;
    Ok(header.map_or(0, |(_, header)| header.timestamp_ms))
}
