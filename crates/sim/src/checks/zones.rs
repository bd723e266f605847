//! What must hold of a zone.

use super::{Verdict, honest, text};
use crate::{Node, league::EPOCH_BLOCKS, traffic::UPGRADED_INTERVAL_MS, warning::BLOCK};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use commonware_glue::simulate::{property::Property, tracker::ProgressTracker};
use hansa_abi::{FUND, IGuard, IStaking, IZones, MESSAGES, STAKING, ZONES};
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
            let mut hashes: BTreeMap<(usize, u64), B256> = BTreeMap::new();
            for node in honest(nodes) {
                for (zone, index) in node.zones.iter().enumerate() {
                    let blocks = zone_blocks(node, index)?;
                    self.check_node(node, &blocks)?;
                    for block in blocks {
                        let at = (zone, block.number());
                        if *hashes.entry(at).or_insert(block.hash()) != block.hash() {
                            return Err(format!("two blocks of a zone at {at:?}"));
                        }
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
        let height = blocks.last().map_or(0, |block| block.number());
        let count = committees.len();
        if height < self.height || count < self.committees {
            return Err(format!(
                "operator {}: the zone has {height} blocks and had {count} committees",
                node.operator
            ));
        }
        Ok(())
    }
}

/// Whoever joined has no old blocks of the zone.
#[derive(Clone, Copy, Debug)]
pub struct ZoneJoined {
    /// None up to this height.
    pub after: u64,
}

impl Property<PublicKey, Node> for ZoneJoined {
    fn name(&self) -> &str {
        "zone_joined"
    }

    fn check<'a>(
        &'a self,
        _tracker: &'a ProgressTracker<PublicKey>,
        nodes: &'a [&'a Node],
    ) -> Verdict<'a, ()> {
        Box::pin(async move {
            for node in honest(nodes).filter(|node| node.joined) {
                let oldest = node.zones[0].oldest();
                if oldest.is_none_or(|oldest| oldest <= self.after) {
                    return Err(format!("operator {}: zone from {oldest:?}", node.operator));
                }
            }
            Ok(())
        })
    }
}

/// The first zone was cut: an epoch ended early, and every honest operator has blocks of later ones, which are of the usual length.
#[derive(Clone, Copy, Debug)]
pub struct ZoneReseeded {
    /// Epochs that ended after the cut, at least.
    pub epochs: u64,
}

impl Property<PublicKey, Node> for ZoneReseeded {
    fn name(&self) -> &str {
        "zone_reseeded"
    }

    fn check<'a>(
        &'a self,
        _tracker: &'a ProgressTracker<PublicKey>,
        nodes: &'a [&'a Node],
    ) -> Verdict<'a, ()> {
        Box::pin(async move {
            for node in honest(nodes) {
                let blocks = zone_blocks(node, &node.zones[0])?;
                let epochs: Vec<_> = blocks.iter().map(|block| block.header().epoch()).collect();
                let ends = epochs.windows(2).enumerate();
                let ends = ends.filter(|(_, pair)| pair[0] != pair[1]);
                let ends: Vec<_> = ends.map(|(last, _)| blocks[last].number()).collect();
                let is_usual = |end: &u64| (end + 1).is_multiple_of(EPOCH_BLOCKS);
                let cut = ends.iter().position(|end| !is_usual(end));
                let after = cut.map_or(&[][..], |cut| &ends[cut..]);
                let usual = after
                    .windows(2)
                    .all(|pair| pair[1] - pair[0] == EPOCH_BLOCKS);
                if !usual || (after.len() as u64) <= self.epochs {
                    return Err(format!(
                        "operator {}: epochs of the zone end at {ends:?}",
                        node.operator
                    ));
                }
            }
            Ok(())
        })
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
        let zone = node.zones.first().ok_or("there is no zone")?;
        for block in zone_blocks(node, zone)? {
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

/// The first zone keeps to what was announced for it from its first block on that names a block of the hub of that time, and to its genesis before.
#[derive(Clone, Copy, Debug)]
pub struct ZoneUpgrades;

impl Property<PublicKey, Node> for ZoneUpgrades {
    fn name(&self) -> &str {
        "zone_upgrades"
    }

    fn check<'a>(
        &'a self,
        _tracker: &'a ProgressTracker<PublicKey>,
        nodes: &'a [&'a Node],
    ) -> Verdict<'a, ()> {
        Box::pin(async move {
            for node in honest(nodes) {
                let announced = logs_of::<IZones::ZoneUpgrading>(&node.index, node.height())?;
                let starts_at = announced.first().ok_or("nothing was announced")?.startsAt;
                let (mut before, mut after) = (0, 0);
                for block in zone_blocks(node, &node.zones[0])? {
                    let header = block.header();
                    let named = node.index.header(header.hub.number).map_err(text)?;
                    // Its hub may be behind the zone.
                    let Some((_, named)) = named else { break };
                    let is_upgraded = header.terms.min_block_interval_ms == UPGRADED_INTERVAL_MS;
                    if is_upgraded != (named.timestamp() >= starts_at) {
                        return Err(format!(
                            "zone block {} names a block of {} s and keeps to {:?}; the upgrade starts at {starts_at} s",
                            header.number,
                            named.timestamp(),
                            header.terms
                        ));
                    }
                    if is_upgraded != (header.hub.upgrades == 1)
                        || block.inputs().terms.is_some() != (is_upgraded && after == 0)
                    {
                        return Err(format!(
                            "zone block {} takes other terms than it keeps to",
                            header.number
                        ));
                    }
                    *if is_upgraded { &mut after } else { &mut before } += 1;
                }
                if before == 0 || after == 0 {
                    return Err(format!(
                        "operator {}: {before} blocks before the upgrade, {after} after",
                        node.operator
                    ));
                }
            }
            Ok(())
        })
    }
}

/// Events of the modules of staking, zones and messages in a chain's blocks up to a height, in their order.
pub(super) fn logs_of<E: SolEvent>(index: &Index, height: u64) -> Result<Vec<E>, String> {
    let mut events = Vec::new();
    for number in 1..=height {
        let receipts = index.receipts(number).map_err(text)?.unwrap_or_default();
        let logs = receipts.iter().flat_map(|receipt| &receipt.logs);
        let own = logs.filter(|log| [MESSAGES, ZONES, STAKING].contains(&log.address));
        events.extend(own.filter_map(|log| E::decode_log_data(&log.data).ok()));
    }
    Ok(events)
}

/// An operator's final blocks of a zone, from the first on.
pub(super) fn zone_blocks(node: &Node, zone: &Index) -> Result<Vec<Block>, String> {
    let height = zone.head().map_or(0, |(number, _)| number);
    let block = |number| {
        let block = zone.block(number).map_err(text)?;
        block.ok_or_else(|| format!("operator {} has no zone block {number}", node.operator))
    };
    let first = if node.joined { zone.oldest() } else { None };
    (first.unwrap_or(1)..=height).map(block).collect()
}

/// An operator is slashed once, for a fault on the first zone: its slice for it is gone by the end of the appeal window, and nothing else of
/// anybody's stake.
#[derive(Clone, Copy, Debug)]
pub struct ZoneSlashed {
    /// By place in the genesis.
    pub operator: usize,
    /// Basis points of its stake that answer for the zone.
    pub share: u64,
}

impl Property<PublicKey, Node> for ZoneSlashed {
    fn name(&self) -> &str {
        "zone_slashed"
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

impl ZoneSlashed {
    fn check_node(&self, node: &Node) -> Result<(), String> {
        let slashes = logs_of::<IStaking::SlashRaised>(&node.index, node.height())?;
        let [slash] = slashes.as_slice() else {
            return Err(format!("operator {}: slashes {slashes:?}", node.operator));
        };
        let params = &node.hub.staking;
        let whole = U256::from(10_000);
        let bps = params.slash_bps[slash.kind as usize] * self.share / 10_000;
        if (slash.operatorId, slash.zoneId, u64::from(slash.bps))
            != (self.operator as u64 + 1, 1, bps)
        {
            return Err(format!("operator {}: slash {slash:?}", node.operator));
        }
        // Rewards are stake as well: a little more may answer than at first.
        let stake = node.hub.operators[self.operator].stake;
        let least = stake * U256::from(bps) / whole;
        let right = least..=least + least / U256::from(100);
        // Nothing else goes to the fund, or is burnt.
        let balances = &node.balances[0];
        let gone = balances.of(FUND) + balances.of(Address::ZERO);
        let lost = gone * whole / U256::from(10_000 - params.finder_bps);
        if !right.contains(&slash.amount) || !right.contains(&(lost + U256::ONE)) {
            return Err(format!(
                "operator {}: {lost} wei were lost by {slash:?}, not {least}",
                node.operator
            ));
        }
        Ok(())
    }
}
