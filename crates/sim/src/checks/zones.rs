//! What must hold of a zone.

use super::{Verdict, honest, text};
use crate::{Node, warning::BLOCK};

use alloy_primitives::{Address, B256};
use alloy_sol_types::SolEvent;
use commonware_glue::simulate::{property::Property, tracker::ProgressTracker};
use hansa_abi::IGuard;
use hansa_index::Index;
use hansa_primitives::{Block, PublicKey};
use std::collections::{BTreeMap, HashSet};

/// Every honest operator has the same zone. Each of its blocks names a final block of the hub, none an earlier one than its parent's,
/// and its operators are those of the hub.
#[derive(Clone, Copy, Debug)]
pub struct ZoneFollows {
    /// Blocks at least.
    pub height: u64,
    /// Committees at least, one after the other.
    pub committees: usize,
}

impl Property<PublicKey, Node> for ZoneFollows {
    fn name(&self) -> &str {
        "zone_follows"
    }

    fn check<'a>(
        &'a self,
        _tracker: &'a ProgressTracker<PublicKey>,
        nodes: &'a [&'a Node],
    ) -> Verdict<'a, ()> {
        Box::pin(async move {
            let mut hashes: BTreeMap<u64, B256> = BTreeMap::new();
            for node in honest(nodes) {
                let blocks = zone_blocks(node)?;
                self.check_node(node, &blocks)?;
                for block in blocks {
                    if *hashes.entry(block.number()).or_insert(block.hash()) != block.hash() {
                        return Err(format!("two zone blocks at height {}", block.number()));
                    }
                }
            }
            Ok(())
        })
    }
}

impl ZoneFollows {
    fn check_node(&self, node: &Node, blocks: &[Block]) -> Result<(), String> {
        let mut of_hub = HashSet::new();
        for number in 1..=node.height() {
            let header = node.index.header(number).map_err(text)?;
            of_hub.extend(header.map(|(_, header)| header.committee));
        }
        let mut named = 0;
        let mut committees = Vec::new();
        for block in blocks {
            let header = block.header();
            let (number, hub) = (header.number, header.hub);
            // The zone may be final by others before this operator's hub is as far.
            let hash = node.index.hash_of(hub.number).map_err(text)?;
            if hub.number < named || hash.is_some_and(|hash| hash != hub.hash) {
                return Err(format!("zone block {number} names another hub: {hub:?}"));
            }
            named = hub.number;
            if !of_hub.contains(&header.committee) {
                return Err(format!("zone block {number} has a committee of its own"));
            }
            if committees.last() != Some(&header.committee) {
                committees.push(header.committee);
            }
        }
        let (height, count) = (blocks.len() as u64, committees.len());
        if height < self.height || count < self.committees {
            return Err(format!(
                "operator {}: the zone has {height} blocks and had {count} committees",
                node.operator
            ));
        }
        Ok(())
    }
}

/// Payments on the zone to an address that the hub warns of pass before and after, and in no block that names one of the hub's under
/// the directive.
#[derive(Clone, Copy, Debug)]
pub struct ZoneEnforces(pub Address);

impl Property<PublicKey, Node> for ZoneEnforces {
    fn name(&self) -> &str {
        "zone_enforces"
    }

    fn check<'a>(
        &'a self,
        _tracker: &'a ProgressTracker<PublicKey>,
        nodes: &'a [&'a Node],
    ) -> Verdict<'a, ()> {
        Box::pin(async move {
            for node in honest(nodes) {
                self.check_node(node)?;
            }
            Ok(())
        })
    }
}

impl ZoneEnforces {
    /// The hub's block that issued the directive, and when this ends.
    fn directive(&self, hub: &Index, height: u64) -> Result<Option<(u64, u64)>, String> {
        for number in 1..=height {
            let receipts = hub.receipts(number).map_err(text)?.unwrap_or_default();
            let issued = (receipts.iter().flat_map(|receipt| &receipt.logs))
                .filter_map(|log| IGuard::DirectiveIssued::decode_log_data(&log.data).ok())
                .find(|event| event.target == self.0 && event.action == BLOCK);
            if let Some(issued) = issued {
                return Ok(Some((number, issued.until)));
            }
        }
        Ok(None)
    }

    fn check_node(&self, node: &Node) -> Result<(), String> {
        let directive = self.directive(&node.index, node.height())?;
        let (since, until) = directive.ok_or("the hub issued no directive")?;
        let (mut before, mut quiet, mut after) = (0, 0, 0);
        for block in zone_blocks(node)? {
            let header = block.header();
            let payments = block.transactions().iter();
            let payments = payments
                .filter(|payment| alloy_consensus::Transaction::to(*payment) == Some(self.0))
                .count();
            if header.hub.number < since {
                before += payments;
            } else if header.timestamp() >= until {
                after += payments;
            } else if payments > 0 {
                return Err(format!(
                    "zone block {} pays a blocked address",
                    header.number
                ));
            } else {
                quiet += 1;
            }
        }
        if before == 0 || quiet == 0 || after == 0 {
            return Err(format!(
                "operator {}: {before} payments on the zone before, {quiet} blocks under the directive, {after} payments after",
                node.operator
            ));
        }
        Ok(())
    }
}

/// An operator's final blocks of the zone, from the first on.
fn zone_blocks(node: &Node) -> Result<Vec<Block>, String> {
    let zone = node.zone.as_ref().ok_or("there is no zone")?;
    let height = zone.head().map_or(0, |(number, _)| number);
    let block = |number| {
        let block = zone.block(number).map_err(text)?;
        block.ok_or_else(|| format!("operator {} has no zone block {number}", node.operator))
    };
    (1..=height).map(block).collect()
}
