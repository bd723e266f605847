//! What must hold of a zone.

use super::{Verdict, honest, text};
use crate::{
    Node,
    league::{EPOCH_BLOCKS, ZONE_ID},
    traffic::{UPGRADED_INTERVAL_MS, messages},
    warning::BLOCK,
};
use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::{SolEvent, SolValue as _};
use commonware_glue::simulate::{property::Property, tracker::ProgressTracker};
use hansa_abi::{
    IGuard,
    IMessages::{self, Outcome},
    IZones, MESSAGES, ZONES,
};
use hansa_index::Index;
use hansa_primitives::{Block, PublicKey};
use hansa_state::newest_slot;
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

/// Every message that the hub took from a zone was sent there, and comes once, in its order. What the hub holds for a zone is what went there and
/// has not left. Enough went each way, and was taken.
#[derive(Clone, Copy, Debug)]
pub struct ZonesTrade {
    /// Messages of each kind at least.
    pub each: usize,
}

impl Property<PublicKey, Node> for ZonesTrade {
    fn name(&self) -> &str {
        "zones_trade"
    }

    fn check<'a>(
        &'a self,
        _tracker: &'a ProgressTracker<PublicKey>,
        nodes: &'a [&'a Node],
    ) -> Verdict<'a, ()> {
        Box::pin(async move {
            for node in honest(nodes) {
                let (mut seen, locked) = follow_hub(node, node.height())?;
                check_locked(node, locked).await?;
                for index in node.zones.iter().chain([&node.index]) {
                    let height = index.head().map_or(0, |(number, _)| number);
                    seen.taken += logs_of::<IMessages::Taken>(index, height)?.len();
                }
                seen.check(node, self.each)?;
            }
            Ok(())
        })
    }
}

/// Blocks that a state can be behind its index.
const BEHIND: usize = 16;

/// How many messages of each kind there were.
#[derive(Debug, Default)]
struct Seen {
    to_zones: usize,
    to_hub: usize,
    waiting: usize,
    across: usize,
    taken: usize,
}

impl Seen {
    fn check(&self, node: &Node, least: usize) -> Result<(), String> {
        let across = if node.zones.len() > 1 {
            self.across
        } else {
            least
        };
        let all = [self.to_zones, self.to_hub, self.waiting, across, self.taken];
        if all.iter().any(|count| *count < least) {
            return Err(format!("operator {}: only {self:?}", node.operator));
        }
        Ok(())
    }
}

/// Goes through what the hub's blocks up to a height tell, in their order: how many messages there were, and what the hub holds for each zone
/// by them.
fn follow_hub(node: &Node, height: u64) -> Result<(Seen, Vec<U256>), String> {
    let mut seen = Seen::default();
    let mut locked = vec![U256::ZERO; node.zones.len()];
    let zone_of = |chain_id: u64| (chain_id - ZONE_ID) as usize;
    for sent in logs_of::<IMessages::Sent>(&node.index, height)? {
        seen.to_zones += 1;
        locked[zone_of(sent.message.destination)] += sent.message.value;
    }
    let sent: Vec<_> = node.zones.iter().map(messages).collect();
    let mut next = vec![0; node.zones.len()];
    for event in logs_of::<IMessages::Delivered>(&node.index, height)? {
        let zone = event.zoneId as usize - 1;
        if event.nonce != next[zone] {
            let (nonce, next) = (event.nonce, next[zone]);
            return Err(format!("message {nonce} of zone {zone} came for {next}"));
        }
        next[zone] += 1;
        locked[zone] -= event.value;
        match event.outcome {
            Outcome::Paid => seen.to_hub += 1,
            Outcome::Waiting => seen.waiting += 1,
            Outcome::Forwarded => {
                seen.across += 1;
                // There are two.
                locked[1 - zone] += event.value;
            }
            outcome => return Err(format!("{outcome:?} is not expected")),
        }
        // The others may be further with the zone.
        let message = sent[zone].get(event.nonce as usize);
        if message.is_some_and(|message| keccak256(message.abi_encode()) != event.id) {
            return Err(format!("the hub took another message {}", event.nonce));
        }
    }
    Ok((seen, locked))
}

/// Compares what the hub should hold for its zones with what it says. After a crash its state can be some blocks behind its index.
async fn check_locked(node: &Node, newest: Vec<U256>) -> Result<(), String> {
    let running = node.running.lock().clone();
    let Some(running) = running else {
        return Ok(());
    };
    let mapping = |key: U256, base: u64| {
        let base = U256::from(base).to_be_bytes::<32>();
        U256::from_be_bytes(keccak256([key.to_be_bytes::<32>(), base].concat()).0)
    };
    let mut stored = Vec::new();
    for zone in 0..newest.len() {
        let slot = mapping(U256::from(zone + 1), 3) + U256::ONE;
        let locked = newest_slot(&running.databases, MESSAGES, slot).await;
        stored.push(locked.map_err(text)?);
    }
    let heights = (1..=node.height()).rev().take(BEHIND);
    for height in heights {
        if follow_hub(node, height)?.1 == stored {
            return Ok(());
        }
    }
    Err(format!("the hub holds {stored:?} wei, not {newest:?}"))
}

/// Events of the messages module in a chain's blocks up to a height, in their order.
fn logs_of<E: SolEvent>(index: &Index, height: u64) -> Result<Vec<E>, String> {
    let mut events = Vec::new();
    for number in 1..=height {
        let receipts = index.receipts(number).map_err(text)?.unwrap_or_default();
        let logs = receipts.iter().flat_map(|receipt| &receipt.logs);
        let own = logs.filter(|log| [MESSAGES, ZONES].contains(&log.address));
        events.extend(own.filter_map(|log| E::decode_log_data(&log.data).ok()));
    }
    Ok(events)
}

/// An operator's final blocks of a zone, from the first on.
fn zone_blocks(node: &Node, zone: &Index) -> Result<Vec<Block>, String> {
    let height = zone.head().map_or(0, |(number, _)| number);
    let block = |number| {
        let block = zone.block(number).map_err(text)?;
        block.ok_or_else(|| format!("operator {} has no zone block {number}", node.operator))
    };
    let first = if node.joined { zone.oldest() } else { None };
    (first.unwrap_or(1)..=height).map(block).collect()
}
