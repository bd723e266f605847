//! What must hold of the ether and the messages between a hub and its zones.

use super::{
    Verdict, honest, text,
    zones::{logs_of, zone_blocks},
};
use crate::{
    Node,
    league::ZONE_ID,
    traffic::{STRANGER, messages},
};
use alloy_primitives::{Address, B256, Log, U256, keccak256};
use alloy_sol_types::{SolEvent as _, SolValue as _};
use commonware_glue::simulate::{property::Property, tracker::ProgressTracker};
use hansa_abi::{
    IMessages::{self, Message, Outcome},
    IZones, MESSAGES, ZONES,
};
use hansa_index::Index;
use hansa_primitives::{Arrival, PublicKey};
use hansa_state::newest_slot;
use std::collections::BTreeMap;

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
                let Followed {
                    mut seen, lanes, ..
                } = follow_hub(&node.index, &node.zones, node.height())?;
                check_locked(node, locked(&lanes)).await?;
                for index in node.zones.iter().chain([&node.index]) {
                    seen.taken += logs_of::<IMessages::Taken>(index, newest(index))?.len();
                }
                seen.check(node, self.each)?;
            }
            Ok(())
        })
    }
}

/// No wei is lost or made: what all accounts of a zone have together is what they had at first, what the zone took from its lane and no more, less
/// what left it. What the hub holds for it is all of that and what is under way, in both directions; and the ether is there. What waits for a receiver
/// on a chain is its module's until it is taken, once; and who only receives has what came for it.
#[derive(Clone, Copy, Debug)]
pub struct ValueConserved;

impl Property<PublicKey, Node> for ValueConserved {
    fn name(&self) -> &str {
        "value_conserved"
    }

    fn check<'a>(
        &'a self,
        _tracker: &'a ProgressTracker<PublicKey>,
        nodes: &'a [&'a Node],
    ) -> Verdict<'a, ()> {
        Box::pin(async move {
            // Who began with the state of its peers does not know what was before.
            let nodes: Vec<_> = honest(nodes).filter(|node| !node.joined).collect();
            let Some(first) = nodes.first() else {
                return Ok(());
            };
            // Operators have the same blocks, some of them more.
            let ahead = |chain: usize| {
                let furthest = nodes
                    .iter()
                    .max_by_key(|node| newest(chain_of(node, chain)));
                *furthest.unwrap_or(first)
            };
            let hub = ahead(0);
            let zones: Vec<_> = (1..=first.zones.len()).map(ahead).collect();
            let indexes = zones.iter().enumerate();
            let indexes: Vec<_> = indexes
                .map(|(zone, node)| node.zones[zone].clone())
                .collect();
            let followed = follow_hub(&hub.index, &indexes, hub.height())?;
            let held = locked(&followed.lanes).into_iter().sum::<U256>() + followed.waiting.sum();
            let there = hub.balances[0].of(MESSAGES);
            if there != held {
                return Err(format!("the hub has {there} wei for messages, not {held}"));
            }
            let has = hub.balances[0].of(STRANGER);
            let paid = followed.paid + followed.left_by(STRANGER);
            if has != paid {
                return Err(format!("{STRANGER} has {has} wei on the hub, not {paid}"));
            }
            for (zone, lane) in followed.lanes.iter().enumerate() {
                for node in &nodes {
                    Account::of(node, zone)?.check(lane)?;
                }
                Account::of(zones[zone], zone)?.check_all(lane)?;
                for (account, paid) in &lane.exits {
                    let had = zones[zone].balances[zone + 1].of(*account);
                    if *paid > had {
                        return Err(format!("{account} had {had} wei and left with {paid}"));
                    }
                }
            }
            Ok(())
        })
    }
}

/// A chain of an operator; the hub is 0.
fn chain_of(node: &Node, chain: usize) -> &Index {
    match chain {
        0 => &node.index,
        zone => &node.zones[zone - 1],
    }
}

pub(super) fn newest(index: &Index) -> u64 {
    index.head().map_or(0, |(number, _)| number)
}

/// What a zone has by an operator's blocks of it.
struct Account {
    name: String,
    /// Wei of all accounts at first.
    began: U256,
    /// Wei of all accounts now.
    sum: U256,
    taken: Vec<Arrival>,
    sent: Vec<Message>,
    /// What waits there for receivers.
    waiting: Waiting,
    /// What the module of messages has, wei.
    of_module: U256,
    /// What [`STRANGER`] has, wei.
    of_stranger: U256,
}

/// Messages that wait for their receivers on a chain, each with its wei.
#[derive(Clone, Debug, Default)]
struct Waiting(BTreeMap<B256, U256>);

impl Waiting {
    /// Its receiver took a message.
    fn take(&mut self, id: B256, value: U256) -> Result<(), String> {
        match self.0.remove(&id) {
            Some(had) if had == value => Ok(()),
            had => Err(format!("{value} wei were taken of {id}, which had {had:?}")),
        }
    }

    fn sum(&self) -> U256 {
        self.0.values().copied().sum()
    }
}

impl Account {
    fn of(node: &Node, zone: usize) -> Result<Self, String> {
        let (genesis, index) = (&node.began[zone], &node.zones[zone]);
        let blocks = zone_blocks(node, index)?;
        let name = format!("operator {}, {}", node.operator, genesis.name);
        let taken: Vec<_> = (blocks.iter())
            .flat_map(|block| block.inputs().arrivals.clone())
            .collect();
        let messages_of = taken.iter().filter(|arrival| !arrival.message.is_zero());
        let mut waiting = Waiting(
            messages_of
                .map(|arrival| (arrival.message, arrival.amount))
                .collect(),
        );
        for event in logs_of::<IMessages::Taken>(index, newest(index))? {
            let taken = waiting.take(event.id, event.value);
            taken.map_err(|error| format!("{name}: {error}"))?;
        }
        let balances = &node.balances[zone + 1];
        // Before its first block nobody has anything.
        let alloc = genesis.alloc.values().filter(|_| !blocks.is_empty());
        Ok(Self {
            name,
            began: alloc.map(|alloc| alloc.balance).sum(),
            sum: balances.sum(),
            taken,
            sent: messages(index),
            waiting,
            of_module: balances.of(MESSAGES),
            of_stranger: balances.of(STRANGER),
        })
    }

    /// What came is what the hub sent, in its order, and nothing else came or went.
    fn check(&self, lane: &Lane) -> Result<(), String> {
        let name = &self.name;
        if !lane.entries.starts_with(&self.taken) {
            return Err(format!("{name} took something else than it was sent"));
        }
        let (has, waits) = (self.of_module, self.waiting.sum());
        if has != waits {
            return Err(format!(
                "{name}: {has} wei are there for what waits, not {waits}"
            ));
        }
        let to_stranger = self.taken.iter().filter(|arrival| arrival.to == STRANGER);
        let (has, came) = (
            self.of_stranger,
            to_stranger.map(|arrival| arrival.amount).sum::<U256>(),
        );
        if has != came {
            return Err(format!("{name}: {STRANGER} has {has} wei, not {came}"));
        }
        let came = self.began + amounts(&self.taken);
        let left = self.sum + values(&self.sent);
        if came != left {
            return Err(format!(
                "{name}: {came} wei came to be, and {left} are there or left"
            ));
        }
        Ok(())
    }

    /// What the hub holds is there, or under way. It has to be the newest that anybody has of the zone.
    fn check_all(&self, lane: &Lane) -> Result<(), String> {
        let name = &self.name;
        let under_way = lane.entries.get(self.taken.len()..);
        let undelivered = self.sent.get(lane.delivered as usize..);
        let (Some(under_way), Some(undelivered)) = (under_way, undelivered) else {
            return Err(format!("{name}: the hub knows more of it than anybody"));
        };
        let left = lane.exits.values().copied().sum::<U256>();
        let held = self.began + lane.locked + left;
        let all = self.sum + amounts(under_way) + values(undelivered) + lane.held;
        if held != all {
            return Err(format!(
                "{name}: {all} wei are there or under way, for {held}"
            ));
        }
        Ok(())
    }
}

fn amounts(arrivals: &[Arrival]) -> U256 {
    arrivals.iter().map(|arrival| arrival.amount).sum()
}

fn values(messages: &[Message]) -> U256 {
    let values = messages
        .iter()
        .map(|message| carried(message) + message.fee);
    values.sum()
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

/// What lies between the hub and a zone, as the hub's events tell it.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane {
    /// What the zone has to take, from the first on.
    entries: Vec<Arrival>,
    /// Messages of the zone that the hub took.
    pub(super) delivered: u64,
    /// Wei that the hub holds for it.
    locked: U256,
    /// Wei of that which messages wait for that the hub took.
    held: U256,
    /// What was paid on the hub since the zone ended, wei.
    pub(super) exits: BTreeMap<Address, U256>,
    is_stopped: bool,
}

impl Lane {
    fn push(&mut self, message: &Message) {
        let id = keccak256(message.abi_encode());
        self.entries.push(Arrival {
            to: message.to,
            amount: carried(message),
            message: if message.data.is_empty() {
                B256::ZERO
            } else {
                id
            },
        });
    }
}

fn locked(lanes: &[Lane]) -> Vec<U256> {
    lanes.iter().map(|lane| lane.locked).collect()
}

/// Wei that travel with a message.
fn carried(message: &Message) -> U256 {
    message.value + message.reward
}

/// What the hub's events tell.
#[derive(Debug, Default)]
pub(super) struct Followed {
    seen: Seen,
    pub(super) lanes: Vec<Lane>,
    /// What waits on the hub for receivers.
    waiting: Waiting,
    /// Wei that came to [`STRANGER`] on the hub.
    paid: U256,
}

const fn zone_of(chain_id: u64) -> usize {
    (chain_id - ZONE_ID) as usize
}

/// Goes through what the hub's blocks up to a height tell, in their order. Of the zones it takes what they sent.
pub(super) fn follow_hub(hub: &Index, zones: &[Index], height: u64) -> Result<Followed, String> {
    let sent: Vec<_> = zones.iter().map(messages).collect();
    let mut followed = Followed {
        lanes: vec![Lane::default(); zones.len()],
        ..Followed::default()
    };
    for number in 1..=height {
        let receipts = hub.receipts(number).map_err(text)?.unwrap_or_default();
        for log in receipts.iter().flat_map(|receipt| &receipt.logs) {
            followed.take_in(log, &sent)?;
        }
    }
    Ok(followed)
}

impl Followed {
    /// What an account was paid of what it had on zones that have ended, wei.
    fn left_by(&self, account: Address) -> U256 {
        let exits = self
            .lanes
            .iter()
            .filter_map(|lane| lane.exits.get(&account));
        exits.copied().sum()
    }

    fn take_in(&mut self, log: &Log, sent: &[Vec<Message>]) -> Result<(), String> {
        if log.address == ZONES {
            if let Ok(event) = IZones::ZoneStopped::decode_log_data(&log.data) {
                self.lanes[event.zoneId as usize - 1].is_stopped = true;
            }
        } else if log.address != MESSAGES {
        } else if let Ok(event) = IMessages::Sent::decode_log_data(&log.data) {
            self.seen.to_zones += 1;
            let lane = &mut self.lanes[zone_of(event.message.destination)];
            lane.locked += carried(&event.message);
            lane.push(&event.message);
        } else if let Ok(event) = IMessages::Taken::decode_log_data(&log.data) {
            let taken = self.waiting.take(event.id, event.value);
            taken.map_err(|error| format!("the hub: {error}"))?;
        } else if let Ok(event) = IMessages::Exited::decode_log_data(&log.data) {
            let lane = &mut self.lanes[event.zoneId as usize - 1];
            lane.locked -= event.amount;
            *lane.exits.entry(event.account).or_default() += event.amount;
        } else if let Ok(event) = IMessages::Delivered::decode_log_data(&log.data) {
            self.deliver(&event, sent)?;
        }
        Ok(())
    }

    fn deliver(
        &mut self,
        event: &IMessages::Delivered,
        sent: &[Vec<Message>],
    ) -> Result<(), String> {
        let zone = event.zoneId as usize - 1;
        let lane = &mut self.lanes[zone];
        if event.nonce != lane.delivered {
            let (nonce, next) = (event.nonce, lane.delivered);
            return Err(format!("message {nonce} of zone {zone} came for {next}"));
        }
        lane.delivered += 1;
        // Others may be further with the zone.
        let message = sent[zone].get(event.nonce as usize);
        if message.is_some_and(|message| keccak256(message.abi_encode()) != event.id) {
            return Err(format!("the hub took another message {}", event.nonce));
        }
        let returns = event.outcome == Outcome::Returned && !lane.is_stopped;
        // Who leaves a zone that has ended uses up what may leave, and messages wait.
        if event.outcome == Outcome::Held && lane.is_stopped {
            lane.held += event.value;
            return Ok(());
        }
        if !returns {
            lane.locked -= event.value;
        }
        match event.outcome {
            Outcome::Paid => {
                self.seen.to_hub += 1;
                if event.to == STRANGER {
                    self.paid += event.value;
                }
            }
            Outcome::Waiting => {
                self.seen.waiting += 1;
                self.waiting.0.insert(event.id, event.value);
            }
            Outcome::Forwarded => {
                self.seen.across += 1;
                // There are two.
                let other = &mut self.lanes[1 - zone];
                other.locked += event.value;
                if let Some(message) = message {
                    other.push(message);
                }
            }
            Outcome::Returned => {
                if let Some(message) =
                    message.filter(|message| returns && !carried(message).is_zero())
                {
                    lane.push(&Message {
                        to: message.sender,
                        data: Default::default(),
                        ..message.clone()
                    });
                }
            }
            outcome => return Err(format!("{outcome:?} is not expected")),
        }
        Ok(())
    }
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
        let followed = follow_hub(&node.index, &node.zones, height)?;
        if locked(&followed.lanes) == stored {
            return Ok(());
        }
    }
    Err(format!("the hub holds {stored:?} wei, not {newest:?}"))
}
