//! Leagues as the simulation harness starts, crashes and restarts them.

use crate::{
    Account, Churn, Load, Role, Warning,
    balances::Balances,
    operator::{Setup, run},
    reseeding::Reseeding,
    role,
};
use alloy_primitives::{Address, B256, U256};
use commonware_cryptography::Signer as _;
use commonware_glue::simulate::{
    engine::{EngineDefinition, InitContext},
    processed::ProcessedHeight,
};
use commonware_parallel::Sequential;
use commonware_runtime::{Handle, Quota, Spawner as _, deterministic::Context};
use commonware_utils::{NZU32, channel::oneshot};
use hansa_engine::{Channels, Marshal};
use hansa_evm::genesis_committee;
use hansa_index::{Config as IndexConfig, Index};
use hansa_primitives::{
    Alloc, Fees, Fork, Genesis, GuardParams, Member, Operator, Pace, PrivateKey, PublicKey,
    StakingParams, Zone, ZonesParams,
};
use hansa_state::Databases;
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, BTreeSet},
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// The chain id of every simulation.
pub const CHAIN_ID: u64 = 4_857;
/// The chain id of the first zone; others follow it.
pub const ZONE_ID: u64 = 4_858;
/// So short that every simulation passes through several epochs.
pub(crate) const EPOCH_BLOCKS: u64 = 12;
/// How long the hub waits for what it should hear of a zone that ends, seconds: as long as its notice.
const PATIENCE_S: u64 = 10;
const QUOTA: Quota = Quota::per_second(NZU32!(4_096));
/// Channels beside the chain's: gossip.
const GOSSIP: u64 = Channels::<(), ()>::COUNT;
/// Channels of the zones.
const ZONES: u64 = Channels::<(), ()>::COUNT;
/// Accounts that send through one operator: a member, three of the load, and one who pays whom the
/// members warn of.
pub(crate) const SENDERS_PER_OPERATOR: u32 = 5;

/// A league under simulation: how each operator is built, and what outlives its crashes.
#[derive(Clone)]
pub struct League {
    pub(crate) keys: Vec<PrivateKey>,
    pub(crate) genesis: Arc<Genesis>,
    pub(crate) load: Load,
    pub(crate) warning: Option<Warning>,
    pub(crate) churn: Churn,
    /// In the order of their ids, from 1 on.
    pub(crate) zones: Vec<Arc<Genesis>>,
    pub(crate) traffic: bool,
    pub(crate) reseeding: Reseeding,
    /// Whether the first zone ends.
    pub(crate) ends: bool,
    joining: BTreeSet<usize>,
    roles: BTreeMap<usize, Role>,
    kept: Arc<Mutex<BTreeMap<String, Kept>>>,
}

/// What an operator keeps across crashes, as files would: the index, of which every append is
/// durable when it returns, what its blocks left to whom, and how much load it took and had time to journal.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) index: Index,
    pub(crate) balances: Balances,
    pub(crate) included: Arc<AtomicUsize>,
    pub(crate) offered: Arc<AtomicUsize>,
}

/// What checks see of an operator.
#[derive(Clone)]
pub struct Node {
    /// Its place in the committee.
    pub operator: usize,
    /// Whether it follows the protocol. Nothing is expected of one that does not.
    pub honest: bool,
    /// Whether it began with the state of its peers, and so has no older blocks.
    pub joined: bool,
    /// Its finalized blocks.
    pub index: Index,
    /// Those of each zone.
    pub zones: Vec<Index>,
    /// What everybody has on the hub, and then on each zone.
    pub(crate) balances: Vec<Balances>,
    /// How the hub began.
    pub(crate) hub: Arc<Genesis>,
    /// How the zones began.
    pub(crate) began: Vec<Arc<Genesis>>,
    pub(crate) running: Slot,
    included: Arc<AtomicUsize>,
}

/// The parts of a running operator.
#[derive(Clone)]
pub(crate) struct Running {
    /// Blocks and certificates.
    pub(crate) marshal: Marshal,
    /// Accounts, storage and code.
    pub(crate) databases: Databases<Context, Sequential>,
}

/// Holds [`Running`] while the operator runs: the harness keeps a [`Node`] beyond its crash, and
/// databases that are still open could not be opened again.
pub(crate) type Slot = Arc<Mutex<Option<Running>>>;

/// Empties a slot when the operator's task ends, however it ends.
pub(crate) struct Occupied(pub(crate) Slot);

impl Drop for Occupied {
    fn drop(&mut self) {
        self.0.lock().take();
    }
}

impl Node {
    /// The newest finalized height.
    pub fn height(&self) -> u64 {
        self.index.head().map_or(0, |(number, _)| number)
    }

    /// The oldest height that it has: that of the first block it executed, if it joined.
    pub fn oldest(&self) -> u64 {
        let first = if self.joined {
            self.index.oldest()
        } else {
            Some(1)
        };
        first.unwrap_or(u64::MAX)
    }

    /// Transactions in its finalized blocks.
    pub fn included(&self) -> usize {
        self.included.load(Ordering::Relaxed)
    }
}

impl ProcessedHeight for Node {
    async fn processed_height(&self) -> u64 {
        self.height()
    }
}

impl League {
    /// `operators` operators, who are also members, and accounts with ether.
    pub fn new(operators: u32, load: Load) -> Self {
        let keys: Vec<_> = (0..operators)
            .map(|seed| PrivateKey::from_seed(seed.into()))
            .collect();
        let genesis = Genesis {
            chain_id: CHAIN_ID,
            name: "simulation".into(),
            development: true,
            timestamp_ms: 0,
            gas_limit: 30_000_000,
            fork: Fork::OSAKA,
            fees: Fees::default(),
            pace: Pace {
                min_block_interval_ms: 100,
                heartbeat_ms: 2_000,
            },
            zone: None,
            operators: keys.iter().enumerate().map(operator).collect(),
            staking: StakingParams {
                epoch_blocks: EPOCH_BLOCKS,
                freeze_blocks: 3,
                ..StakingParams::default()
            },
            members: (0..operators).map(member).collect(),
            guard: GuardParams::default(),
            zones: ZonesParams::default(),
            alloc: (0..operators * SENDERS_PER_OPERATOR)
                .chain((0..operators).map(accuser))
                .chain((0..operators).map(traveller))
                .map(|index| {
                    let alloc = Alloc {
                        balance: U256::from(1_000) * U256::from(10u64.pow(18)),
                        ..Alloc::default()
                    };
                    (Account::new(index, CHAIN_ID).address(), alloc)
                })
                .collect(),
        };
        Self {
            keys,
            genesis: Arc::new(genesis),
            load,
            warning: None,
            churn: Churn::default(),
            zones: Vec::new(),
            traffic: false,
            reseeding: Reseeding::default(),
            ends: false,
            joining: BTreeSet::new(),
            roles: BTreeMap::new(),
            kept: Arc::default(),
        }
    }

    /// Gives one operator another role than an honest one's.
    pub fn with_role(mut self, operator: usize, role: Role) -> Self {
        self.roles.insert(operator, role);
        self
    }

    /// Lets members warn each other of an address, after the load.
    pub fn with_warning(mut self, warning: Warning) -> Self {
        self.warning = Some(warning);
        self
    }

    /// Lets operators come and go. Those who join run from the start, without a seat.
    pub fn with_churn(mut self, churn: Churn) -> Self {
        let genesis = Arc::make_mut(&mut self.genesis);
        let candidates = churn.joins.iter();
        let names: Vec<_> = candidates
            .map(|place| format!("operator-{place}"))
            .collect();
        genesis
            .operators
            .retain(|operator| !names.contains(&operator.name));
        self.churn = churn;
        self
    }

    /// Lets every operator begin with so much stake, wei, instead of the least that gets a seat. Zones come after this, for they follow the
    /// hub's genesis.
    pub fn with_stake(mut self, stake: U256) -> Self {
        for operator in &mut Arc::make_mut(&mut self.genesis).operators {
            operator.stake = stake;
        }
        self
    }

    /// Adds zones, which every operator serves. They begin with accounts of their own that have ether.
    ///
    /// # Panics
    /// Never: the hub's genesis is one.
    pub fn with_zones(mut self, count: u64) -> Self {
        self.zones = (1..=count).map(|id| Arc::new(self.zone(id))).collect();
        self
    }

    /// Lets the hub register the zones, and everybody send ether and messages between all chains.
    pub fn with_traffic(mut self) -> Self {
        self.traffic = true;
        self
    }

    /// Lets everybody send between all chains, and the creator of the first zone close it. Then its users leave by proofs of what they had there.
    pub fn with_ending(mut self) -> Self {
        // So that the zone settles soon, also if its last block does not become final.
        Arc::make_mut(&mut self.genesis).zones.halted_after_s = PATIENCE_S;
        let zones = self.zones.len() as u64;
        self.ends = true;
        self.with_zones(zones).with_traffic()
    }

    /// Lets these operators, by place, stop serving the first zone at a height of it, so that it stands; a while later all of them go on behind a cut.
    pub fn with_reseeding(mut self, stops: &[(usize, u64)]) -> Self {
        self.reseeding = Reseeding::new(stops);
        self
    }

    fn zone(&self, id: u64) -> Genesis {
        let hub = &self.genesis;
        let first = genesis_committee(hub).unwrap_or_else(|error| panic!("hub: {error}"));
        Genesis {
            chain_id: ZONE_ID + id - 1,
            name: format!("zone-{id}"),
            zone: Some(Zone {
                hub: hub.hash().unwrap_or_default(),
                id,
                hub_interval_ms: hub.pace.min_block_interval_ms,
                since: 0,
                committee: first.seats,
                min_severity: 1,
            }),
            operators: Vec::new(),
            members: Vec::new(),
            ..Genesis::clone(hub)
        }
    }

    /// Lets an operator begin with the state of its peers.
    pub fn with_joining(mut self, operator: usize) -> Self {
        self.joining.insert(operator);
        self
    }

    pub(crate) fn joins(&self, operator: usize) -> bool {
        self.joining.contains(&operator)
    }

    /// Transactions that the load offers in all, through operators that take any.
    pub fn offered(&self) -> usize {
        let taking = (0..self.keys.len()).filter(|operator| self.role(*operator).takes_load());
        self.load.batch * self.load.rounds * taking.count()
    }

    /// Operators that follow the protocol.
    pub fn honest(&self) -> usize {
        (0..self.keys.len())
            .filter(|operator| self.role(*operator).is_honest())
            .count()
    }

    /// The identity of one operator.
    pub fn key(&self, operator: usize) -> PublicKey {
        self.keys[operator].public_key()
    }

    pub(crate) fn role(&self, operator: usize) -> Role {
        self.roles.get(&operator).cloned().unwrap_or_default()
    }

    pub(crate) fn kept(&self, partition: &str, genesis: &Genesis) -> Kept {
        let mut kept = self.kept.lock();
        let open = || Kept {
            index: Index::in_memory(IndexConfig::new(genesis.hash().unwrap_or_default()))
                .unwrap_or_else(|error| panic!("index in memory: {error}")),
            balances: Balances::default(),
            included: Arc::default(),
            offered: Arc::default(),
        };
        kept.entry(partition.into()).or_insert_with(open).clone()
    }
}

/// Where an operator keeps a zone.
pub(crate) fn zone_partition(partition: &str, zone: &Genesis) -> String {
    format!("{partition}-{}", zone.name)
}

fn chain_channels<N, R>(mut next: impl FnMut() -> (N, R)) -> Channels<N, R> {
    Channels {
        votes: next(),
        certificates: next(),
        resolver: next(),
        backfill: next(),
        broadcast: next(),
        state: next(),
        code: next(),
        guide: next(),
    }
}

/// The account that sends between chains at an operator.
pub(crate) const fn traveller(operator: u32) -> u32 {
    3_000_000 + operator
}

/// The account that an operator sends evidence from.
pub(crate) const fn accuser(operator: u32) -> u32 {
    1_000_000 + operator
}

fn operator((index, key): (usize, &PrivateKey)) -> Operator {
    let owner = Account::new(index as u32 * SENDERS_PER_OPERATOR, CHAIN_ID);
    Operator {
        owner: Some(owner.address()),
        ..Operator::new(
            format!("operator-{index}"),
            B256::from_slice(key.public_key().as_ref()),
            Address::repeat_byte(0xa0 + index as u8),
        )
    }
}

fn member(index: u32) -> Member {
    Member {
        name: format!("member-{index}"),
        contact: String::new(),
        address: Account::new(index * SENDERS_PER_OPERATOR, CHAIN_ID).address(),
        x25519: B256::ZERO,
        roles: 1,
        weight: 1,
    }
}

impl EngineDefinition for League {
    type PublicKey = PublicKey;
    type Engine = Handle<()>;
    type State = Node;

    fn participants(&self) -> Vec<PublicKey> {
        self.keys.iter().map(|key| key.public_key()).collect()
    }

    fn channels(&self) -> Vec<(u64, Quota)> {
        let zones = if self.zones.is_empty() { 0 } else { ZONES };
        (0..=GOSSIP + zones)
            .map(|channel| (channel, QUOTA))
            .collect()
    }

    fn max_message_size(&self) -> u32 {
        8 * 1024 * 1024
    }

    async fn init(&self, init: InitContext<'_, PublicKey>) -> (Handle<()>, Node) {
        let operator = init.index;
        let role = self.role(operator);
        let partition = format!("operator-{operator}");
        let kept = self.kept(&partition, &self.genesis);
        let zones = self.zones.iter();
        let zones: Vec<_> = zones
            .map(|zone| self.kept(&zone_partition(&partition, zone), zone))
            .collect();
        let balances = [&kept].into_iter().chain(&zones);
        let balances = balances.map(|kept| kept.balances.clone()).collect();
        let zones: Vec<_> = zones.into_iter().map(|zone| zone.index).collect();
        let slot = Slot::default();
        let setup = Setup {
            league: self.clone(),
            operator,
            kept: kept.clone(),
            partition,
            manager: init.oracle.manager(),
            control: init.oracle.control(init.public_key.clone()),
            monitor: Some(init.monitor),
            ending: Arc::default(),
            slot: slot.clone(),
        };
        let mut channels = init.channels.into_iter();
        let mut next = || {
            channels
                .next()
                .unwrap_or_else(|| panic!("a channel for each"))
        };
        let chain = chain_channels(&mut next);
        let gossip = next();
        let zone_channels = (!zones.is_empty()).then(|| chain_channels(&mut next));
        let (ready, started) = oneshot::channel();
        // One task is the parent of all others: a crash aborts it, and with it the whole operator.
        let task = init.context.spawn(move |context| async move {
            match role {
                Role::Silent => pending().await,
                Role::Twins => role::twins(context, setup, chain, gossip, ready).await,
                Role::ZoneTwins => {
                    let zones = role::halves(&context, &setup, zone_channels);
                    run(context, setup, chain, gossip, zones, ready).await;
                }
                Role::Honest | Role::Liar(_) => {
                    let zones = zone_channels.into_iter().collect();
                    run(context, setup, chain, gossip, zones, ready).await;
                }
            }
        });
        // One that joins takes its time, and may crash while it does.
        if !matches!(self.role(operator), Role::Silent) && !self.joins(operator) {
            // An error says that the operator failed while it started, with a panic that is reported,
            // or that it was crashed.
            let _ = started.await;
        }
        let node = Node {
            operator,
            honest: self.role(operator).is_honest(),
            joined: self.joins(operator),
            index: kept.index,
            zones,
            balances,
            hub: self.genesis.clone(),
            began: self.zones.clone(),
            running: slot,
            included: kept.included,
        };
        (task, node)
    }

    fn start(engine: Handle<()>) -> Handle<()> {
        engine
    }
}
