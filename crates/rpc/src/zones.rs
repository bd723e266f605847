//! The register of zones in the `hansa` namespace: the module's own views of one finalized state of the hub.
//!
//! Amounts (wei) and block numbers are quantities; ids, counts and times (seconds, or milliseconds where the name says so) are numbers.

use crate::{
    errors::{CallResult, Fault},
    method::{Method, handler},
    node::{Contradiction, Node},
};
use alloy_eips::BlockId;
use alloy_primitives::{Address, B256, U64, U256};
use alloy_sol_types::SolCall;
use hansa_abi::{IMessages, IZones, MESSAGES, ZONES, phase_name, reason_name};
use hansa_modules::{
    Block, QueryError, StorageRead,
    limits::MAX_ZONES_PAGE,
    query,
    staking::{Calendar, Cut},
    zones,
};
use hansa_primitives::Fork;
use serde::Serialize;
use std::sync::Arc;

pub(crate) const METHODS: &[Method] = &[
    Method::new(
        "hansa_zones",
        "The league's zones, in order of their ids, and whether this node runs them. Of the hub only.",
        &["block: blockId?"],
        "Zone[]",
        handler!(node, args => zones(node, args.opt(0)?).await?),
    ),
    Method::new(
        "hansa_zone",
        "A zone by its name, who serves it, and what answers for it; null where there is none. Of the hub only.",
        &["name: string", "block: blockId?"],
        "Zone?",
        handler!(node, args => zone(node, args.get(0)?, args.opt(1)?).await?),
    ),
];

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
    /// What that pays its operators each day.
    rent_per_day: U256,
    /// registered, active, closing, stopped or settled.
    phase: &'static str,
    /// Why it ends: creator, escrow or halted.
    reason: Option<&'static str>,
    /// When it can be stopped, and the hub's block that did.
    closes_at: Option<u64>,
    stopped_at: Option<U64>,
    notice_seconds: u64,
    /// What the hub holds for it, and how much of that messages wait for.
    locked: U256,
    held: U256,
    /// Entries that the hub has for it, and messages that the hub took from it.
    sent: u64,
    delivered: u64,
    /// What lately left it, of what may within a day.
    outflow: U256,
    outflow_limit: U256,
    /// Its newest block that the hub knows of.
    checkpoint: Option<Checkpoint>,
    epoch_blocks: u64,
    /// Who may serve it.
    committee_rule: CommitteeRule,
    /// What its guard began with; the zone's own guard tells what holds now.
    guard: GuardRule,
    /// What its blocks keep to.
    #[serde(flatten)]
    terms: Terms,
    /// What they keep to from a time on; null where no upgrade is announced.
    upgrade: Option<Upgrade>,
    /// Whether this node is to run it: its operator has a seat there, or follows it.
    serves: bool,
    /// Where this node answers for it; null while it does not run it.
    path: Option<String>,
    /// The hub's newest checkpoint that this node could compare, if it names another block than this node has.
    contradiction: Option<Contradicted>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Contradicted {
    number: U64,
    /// Hash of this node's block.
    own: B256,
    /// Hash of the block that the hub has recorded.
    recorded: B256,
}

impl From<Contradiction> for Contradicted {
    fn from(of: Contradiction) -> Self {
        Self {
            number: U64::from(of.number),
            own: of.own,
            recorded: of.recorded,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GuardRule {
    /// Null: nobody decides on the zone's own directives, and on whom it never blocks.
    warden: Option<Address>,
    never_blocked: Vec<Address>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CommitteeRule {
    /// From when on it holds, for committees that the hub fixes then or later, seconds since 1970.
    starts_at: u64,
    /// Null: as many as fit.
    max_seats: Option<u16>,
    /// Wei of each seat that answer for the zone at least.
    min_stake: U256,
    /// Ids of the operators that may; empty: all.
    allowed: Vec<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Terms {
    gas_limit: U64,
    min_base_fee: U64,
    block_interval_ms: u64,
    heartbeat_ms: u64,
    min_severity: u8,
    max_directive_seconds: u64,
    /// Ethereum's rules, by name.
    fork: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Upgrade {
    /// Seconds since 1970: the zone's first block that names a block of the hub of that time or later is the first that keeps to it.
    starts_at: u64,
    /// Whether this node knows the rules, and goes on.
    followed: bool,
    #[serde(flatten)]
    terms: Terms,
}

impl From<IZones::Terms> for Terms {
    fn from(of: IZones::Terms) -> Self {
        Self {
            gas_limit: U64::from(of.gasLimit),
            min_base_fee: U64::from(of.minBaseFee),
            block_interval_ms: of.blockIntervalMs,
            heartbeat_ms: of.heartbeatMs,
            min_severity: of.minSeverity,
            max_directive_seconds: of.maxDirectiveSeconds,
            fork: Fork::from_number(of.fork).to_string(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checkpoint {
    number: U64,
    hash: B256,
    timestamp_ms: u64,
    hub_number: U64,
    state_root: B256,
    outbox_count: u64,
    outbox_root: B256,
    /// Wei that answer for it.
    answers: U256,
    recorded_at: U64,
    recorded_time: u64,
    /// Entries of its lane that the zone had taken.
    arrivals: u64,
}

impl From<IZones::Checkpoint> for Checkpoint {
    fn from(of: IZones::Checkpoint) -> Self {
        Self {
            number: U64::from(of.number),
            hash: of.blockHash,
            timestamp_ms: of.timestampMs,
            hub_number: U64::from(of.hubNumber),
            state_root: of.stateRoot,
            outbox_count: of.outboxCount,
            outbox_root: of.outboxRoot,
            answers: of.answers,
            recorded_at: U64::from(of.recordedAt),
            recorded_time: of.recordedTime,
            arrivals: of.arrivals,
        }
    }
}

/// A zone, and who serves it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Served {
    #[serde(flatten)]
    zone: Zone,
    /// The hub's epoch, whose committee this is.
    epoch: u64,
    committee: Vec<Seat>,
    /// Wei of all seats that answer for it.
    stake: U256,
    /// Wei that it loses at least if it contradicts itself: what an attack on it costs.
    answers: U256,
    /// Where it was reseeded: its blocks from each of these on are of that epoch or a later one.
    reseeds: Vec<Reseed>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reseed {
    /// Height of the first block.
    first_block: U64,
    epoch: u64,
    /// Hash of the block before.
    parent: B256,
}

impl From<(Cut, B256)> for Reseed {
    fn from((cut, parent): (Cut, B256)) -> Self {
        Self {
            first_block: U64::from(cut.first),
            epoch: cut.epoch,
            parent,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Seat {
    operator: u64,
    key: B256,
    fee_recipient: Address,
    /// Wei that answer for the zone.
    stake: U256,
}

impl From<hansa_modules::staking::Seat> for Seat {
    fn from(of: hansa_modules::staking::Seat) -> Self {
        Self {
            operator: of.operator,
            key: of.key,
            fee_recipient: of.fee_recipient,
            stake: of.stake,
        }
    }
}

async fn zone(node: &Arc<Node>, name: String, id: Option<BlockId>) -> CallResult<Option<Served>> {
    let number = node.state_block(id)?.block.number();
    let at = Some(BlockId::number(number));
    let mut all = zones(node, at).await?.into_iter();
    let Some(zone) = all.find(|zone| zone.name == name) else {
        return Ok(None);
    };
    let staking = &node.context.genesis.staking;
    let calendar = Calendar {
        epoch_blocks: staking.epoch_blocks,
        freeze_blocks: staking.freeze_blocks,
    };
    let epoch = calendar.epoch_of(number);
    node.with_state(number, move |mut state| {
        let committee = zones::committee(&mut state, zone.id, epoch);
        let committee = committee.map_err(Fault::internal)?;
        let answers = committee.as_ref();
        let answers = answers.map(|committee| zones::answers(&mut state, committee));
        let answers = answers
            .transpose()
            .map_err(Fault::internal)?
            .unwrap_or_default();
        let seats = committee.map_or_else(Vec::new, |committee| committee.seats);
        let reseeds = zones::cuts(&mut state, zone.id).map_err(Fault::internal)?;
        let stakes = seats.iter().map(|seat| seat.stake);
        Ok(Some(Served {
            zone,
            epoch,
            stake: stakes.fold(U256::ZERO, U256::saturating_add),
            answers,
            committee: seats.into_iter().map(Seat::from).collect(),
            reseeds: reseeds.into_iter().map(Reseed::from).collect(),
        }))
    })
    .await
}

fn ask<C: SolCall, R: StorageRead>(
    state: R,
    module: Address,
    call: &C,
    block: &Block,
) -> CallResult<C::Return>
where
    R::Error: std::fmt::Display,
{
    query(state, module, call, block).map_err(|error| match error {
        QueryError::Refused(words) => Fault::server(format!("zones: {words}")),
        QueryError::State(cause) => Fault::internal(cause),
    })
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
            let page = ask(state, ZONES, &call, &block)?;
            let is_last = page.page.is_empty();
            zones.extend(page.page);
            if is_last || U256::from(zones.len()) >= page.total {
                break;
            }
        }
        let shape = |zone: IZones::Zone| {
            let (of, id) = (zone.parameters, zone.id);
            let call = IZones::checkpointOfCall { zoneId: id };
            let checkpoint = ask(state, ZONES, &call, &block)?;
            let call = IMessages::laneCall { zoneId: id };
            let lane = ask(state, MESSAGES, &call, &block)?;
            let runs = running.get(&of.name);
            let answers = runs.is_some_and(|run| run.answers);
            let path = answers.then(|| format!("/zones/{}", of.name));
            let contradiction = runs.and_then(|run| run.contradiction);
            Ok(Zone {
                id: zone.id,
                name: of.name,
                chain_id: U64::from(of.chainId),
                creator: zone.creator,
                created_at: U64::from(zone.createdAt),
                timestamp: zone.timestamp,
                escrow: zone.escrow,
                rent_per_day: of.rentPerDay,
                phase: phase_name(zone.phase),
                reason: reason_name(zone.reason),
                closes_at: (zone.closesAt != 0).then_some(zone.closesAt),
                stopped_at: (zone.stoppedAt != 0).then(|| U64::from(zone.stoppedAt)),
                notice_seconds: of.noticeSeconds,
                locked: lane.locked,
                held: lane.held,
                sent: lane.sent,
                delivered: lane.delivered,
                outflow: lane.outflow,
                outflow_limit: lane.outflowLimit,
                checkpoint: (checkpoint.number > 0).then(|| checkpoint.into()),
                epoch_blocks: of.epochBlocks,
                committee_rule: CommitteeRule {
                    starts_at: zone.committeeSince,
                    max_seats: (of.committee.maxSeats != 0).then_some(of.committee.maxSeats),
                    min_stake: of.committee.minStake,
                    allowed: of.committee.allowed,
                },
                guard: GuardRule {
                    warden: (!of.guard.warden.is_zero()).then_some(of.guard.warden),
                    never_blocked: of.guard.neverBlocked,
                },
                terms: of.terms.into(),
                upgrade: (zone.upgradesAt != 0).then(|| Upgrade {
                    starts_at: zone.upgradesAt,
                    followed: Fork::from_number(zone.next.fork).is_known(),
                    terms: zone.next.into(),
                }),
                serves: runs.is_some(),
                path,
                contradiction: contradiction.map(Contradicted::from),
            })
        };
        zones.into_iter().map(shape).collect()
    })
    .await
}
