//! Operators as the simulation harness starts, crashes and restarts them.

use crate::{Account, Load};
use alloy_primitives::{Address, B256, U256};
use commonware_consensus::{
    Epochable as _, Viewable as _,
    types::{Height, Round},
};
use commonware_cryptography::Signer as _;
use commonware_glue::simulate::{
    engine::{EngineDefinition, InitContext},
    processed::ProcessedHeight,
    tracker::FinalizationUpdate,
};
use commonware_parallel::Sequential;
use commonware_runtime::{
    Clock as _, Handle, Quota, Spawner as _, Supervisor as _, buffer::paged::CacheRef,
    deterministic::Context,
};
use commonware_utils::{NZU16, NZU32, NZU64, NZUsize, channel::mpsc};
use hansa_engine::{Chain, Channels, Config, Finalized, Head, Marshal, Sink, Tuning};
use hansa_index::{Config as IndexConfig, FinalizedBlock, Index};
use hansa_mempool::{FileJournal, Gossip, GossipConfig, HeadInfo, Limits, Origin, Pool, Rules};
use hansa_primitives::{
    Alloc, Fees, Genesis, GuardParams, Member, Operator, Pace, PrivateKey, PublicKey,
};
use hansa_state::{FinalizedState, RecentDiffs};
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

const CHAIN_ID: u64 = 4_857;
const QUOTA: Quota = Quota::per_second(NZU32!(4_096));
/// Channels beside the chain's: gossip.
const GOSSIP: u64 = 6;
const SENDERS_PER_OPERATOR: u32 = 4;

/// A league under simulation: how each operator is built.
#[derive(Clone)]
pub struct League {
    keys: Vec<PrivateKey>,
    genesis: Arc<Genesis>,
    load: Load,
    indexes: Arc<Mutex<BTreeMap<usize, Index>>>,
}

/// What checks see of a running operator.
#[derive(Clone)]
pub struct Node {
    /// Its finalized blocks.
    pub index: Index,
    /// Blocks and certificates.
    pub marshal: Marshal,
    /// Its transactions.
    pub pool: Pool,
}

impl ProcessedHeight for Node {
    async fn processed_height(&self) -> u64 {
        self.index.head().map_or(0, |(number, _)| number)
    }
}

impl League {
    /// `operators` operators, who are also members, and accounts with ether.
    ///
    /// # Panics
    /// Never: keys from seeds are valid.
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
            fees: Fees::default(),
            pace: Pace {
                min_block_interval_ms: 100,
                heartbeat_ms: 2_000,
            },
            operators: keys.iter().enumerate().map(operator).collect(),
            members: (0..operators).map(member).collect(),
            guard: GuardParams::default(),
            alloc: (0..operators * SENDERS_PER_OPERATOR)
                .map(|index| {
                    let alloc = Alloc {
                        balance: U256::from(10u64.pow(18)),
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
            indexes: Arc::default(),
        }
    }

    /// Transactions that the load offers in all.
    pub const fn offered(&self) -> usize {
        self.load.batch * self.load.rounds * self.keys.len()
    }

    /// The index of an operator outlives its crashes, as a file would; what was not flushed is lost
    /// with the process only in reality, and every append is durable when it returns.
    fn index(&self, operator: usize) -> Index {
        let mut indexes = self.indexes.lock();
        let open = || {
            let hash = self.genesis.hash().unwrap_or_default();
            Index::in_memory(IndexConfig::new(hash))
                .unwrap_or_else(|error| panic!("index in memory: {error}"))
        };
        indexes.entry(operator).or_insert_with(open).clone()
    }
}

fn operator((index, key): (usize, &PrivateKey)) -> Operator {
    Operator {
        name: format!("operator-{index}"),
        public_key: B256::from_slice(key.public_key().as_ref()),
        fee_recipient: Address::repeat_byte(0xa0 + index as u8),
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

/// Feeds the index and tells the harness.
#[derive(Clone)]
struct Feed {
    me: PublicKey,
    index: Index,
    monitor: mpsc::UnboundedSender<FinalizationUpdate<PublicKey>>,
}

impl Sink for Feed {
    async fn finalized(&self, block: Finalized) {
        let executed = &block.executed;
        let feed = FinalizedBlock {
            block: executed.block.clone(),
            receipts: executed.receipts.clone(),
            senders: executed.senders.clone(),
        };
        let diff = hansa_index::state_diff(&block.diff);
        self.index
            .append(&feed, Some(&diff))
            .unwrap_or_else(|error| panic!("index: {error}"));
        let header = executed.block.header();
        let _ = self.monitor.send(FinalizationUpdate {
            pk: self.me.clone(),
            round: Round::new(header.context.epoch(), header.context.view()),
            height: Height::new(header.number),
            block_digest: executed.block.hash().to_vec(),
        });
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
        (0..=GOSSIP).map(|channel| (channel, QUOTA)).collect()
    }

    fn max_message_size(&self) -> u32 {
        8 * 1024 * 1024
    }

    async fn init(&self, init: InitContext<'_, PublicKey>) -> (Handle<()>, Node) {
        let InitContext {
            context,
            index: operator,
            public_key,
            oracle,
            channels,
            monitor,
            ..
        } = init;
        let index = self.index(operator);
        let head = Arc::new(AtomicU64::new(index.head().map_or(0, |(number, _)| number)));
        let recent = RecentDiffs::default();
        let pool = Pool::new(
            Rules::new(CHAIN_ID),
            Limits::default(),
            head_info(&self.genesis, &index),
            Sequential,
        );
        let mut channels = channels.into_iter();
        let mut next = || channels.next().unwrap_or_else(|| panic!("seven channels"));
        let chain_channels = Channels {
            votes: next(),
            certificates: next(),
            resolver: next(),
            backfill: next(),
            broadcast: next(),
            state: next(),
        };
        let gossip_channel = next();
        let chain = hansa_engine::start(
            context.child("chain"),
            Config {
                genesis: self.genesis.clone(),
                key: Some(self.keys[operator].clone()),
                me: public_key.clone(),
                partition: format!("operator-{operator}"),
                pool: pool.clone(),
                sink: Feed {
                    me: public_key.clone(),
                    index: index.clone(),
                    monitor,
                },
                peers: oracle.manager(),
                blocker: oracle.control(public_key.clone()),
                page_cache: CacheRef::new(NZU16!(4_096), NZUsize!(256)),
                strategy: Sequential,
                head: head.clone(),
                recent: recent.clone(),
                tuning: Tuning {
                    write_buffer: NZUsize!(65_536),
                    items_per_section: NZU64!(64),
                    items_per_blob: NZU64!(1_024),
                    table_size: 64,
                    leader_slack: Duration::from_millis(500),
                    certification_slack: Duration::from_millis(500),
                    ..Tuning::default()
                },
            },
            chain_channels,
        )
        .await
        .unwrap_or_else(|error| panic!("operator {operator}: {error}"));
        let Chain {
            marshal,
            databases,
            consensus,
            ..
        } = chain;
        let states = FinalizedState::new(databases, recent, Arc::new(index.clone()), head.clone());
        let clock_index = index.clone();
        let state = Head::new(states, move || {
            let (number, _) = clock_index.head().unwrap_or_default();
            let header = clock_index.header(number).ok().flatten();
            header.map_or(0, |(_, header)| header.timestamp())
        });
        pool.reset(&state, head_info(&self.genesis, &index))
            .await
            .unwrap_or_else(|error| panic!("pool: {error}"));
        let gossip = Gossip::new(
            context.child("gossip"),
            pool.clone(),
            state.clone(),
            oracle.control(public_key.clone()),
            GossipConfig::default(),
        );
        gossip.start(gossip_channel);
        let _: Option<FileJournal<Context>> = None;
        let node = Node {
            index,
            marshal,
            pool: pool.clone(),
        };
        let load = self.load;
        let task = context.child("load").spawn(move |context| async move {
            offer(context, pool, state, operator, load, head).await;
            let _ = consensus.await;
        });
        (task, node)
    }

    fn start(engine: Handle<()>) -> Handle<()> {
        engine
    }
}

fn head_info(genesis: &Genesis, index: &Index) -> HeadInfo {
    let head = index
        .head()
        .and_then(|(number, _)| index.header(number).ok().flatten());
    head.map_or(
        HeadInfo {
            number: 0,
            base_fee_next: genesis.fees.initial_base_fee,
            gas_limit: genesis.gas_limit,
            timestamp: 0,
        },
        |(_, header)| HeadInfo {
            number: header.number,
            base_fee_next: hansa_primitives::next_base_fee(
                &header,
                genesis.fees.base_fee_params(),
                genesis.fees.min_base_fee,
            ),
            gas_limit: header.gas_limit,
            timestamp: header.timestamp(),
        },
    )
}

/// Offers this operator's share of the load. After a restart it starts over: what is known already
/// is refused, what got lost with the pool is offered again.
async fn offer<P: hansa_state::PreImages>(
    context: Context,
    pool: Pool,
    state: Head<Context, Sequential, P>,
    operator: usize,
    load: Load,
    head: Arc<AtomicU64>,
) {
    while head.load(Ordering::Acquire) == 0 {
        context.sleep(Duration::from_millis(50)).await;
    }
    let first = operator as u32 * SENDERS_PER_OPERATOR;
    let mut accounts: Vec<_> = (first..first + SENDERS_PER_OPERATOR)
        .map(|index| Account::new(index, CHAIN_ID))
        .collect();
    for round in 0..load.rounds {
        let transactions = (0..load.batch)
            .map(|position| {
                let count = accounts.len();
                let sender = &mut accounts[(round * load.batch + position) % count];
                sender.transfer(Address::repeat_byte(0x70 + (position % 5) as u8))
            })
            .collect();
        pool.add_many(&state, transactions, Origin::Local).await;
        context.sleep(load.every).await;
    }
}
