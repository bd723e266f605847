//! One operator, put together as a node does it.

use crate::{
    Account, League, Load, churn,
    league::{CHAIN_ID, Kept, Occupied, Running, SENDERS_PER_OPERATOR, Slot, accuser},
    traffic::Traffic,
    warning, zone,
};
use alloy_primitives::Address;
use commonware_consensus::{
    Epochable as _, Viewable as _,
    types::{Height, Round},
};
use commonware_cryptography::Signer as _;
use commonware_glue::{simulate::tracker::FinalizationUpdate, stateful::db::Shared as QmdbShared};
use commonware_p2p::{
    Receiver, Sender,
    simulated::{Control, Manager},
};
use commonware_parallel::Sequential;
use commonware_runtime::{
    Clock as _, Spawner as _, Supervisor as _, buffer::paged::CacheRef, deterministic::Context,
};
use commonware_utils::{
    NZU16, NZU64, NZUsize,
    channel::{mpsc, oneshot},
};
use hansa_engine::{
    Accuser, Chain, Channels, Config, Evidence, Finalized, Head, Hub, Join, Payer, Shared, Sink,
    Tuning,
};
use hansa_index::{Appended, FinalizedBlock, Index};
use hansa_mempool::{
    FileJournal, Gossip, GossipConfig, HeadInfo, Keeper, Limits, Origin, Pool, Rules,
};
use hansa_modules::zones::Reseed;
use hansa_primitives::{Genesis, PublicKey};
use hansa_state::{FinalizedState, RecentDiffs, StateDb};
use parking_lot::Mutex;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Finalized states of a simulated operator.
pub(crate) type States = FinalizedState<Context, Sequential, Index>;
/// The newest of them.
pub(crate) type State = Head<Context, Sequential, Index>;

/// What an operator is started with.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) league: League,
    pub(crate) operator: usize,
    pub(crate) partition: String,
    pub(crate) kept: Kept,
    pub(crate) manager: Manager<PublicKey, Context>,
    pub(crate) control: Control<PublicKey, Context>,
    pub(crate) monitor: Option<mpsc::UnboundedSender<FinalizationUpdate<PublicKey>>>,
    pub(crate) slot: Slot,
    /// The state of the zone that ends, while it is open.
    pub(crate) ending: Ending,
}

/// Where the state of a zone is found that ends.
pub(crate) type Ending = Arc<Mutex<Option<QmdbShared<StateDb<Context, Sequential>>>>>;

/// Feeds the index and tells the harness.
#[derive(Clone)]
pub(crate) struct Feed {
    pub(crate) me: PublicKey,
    pub(crate) kept: Kept,
    pub(crate) monitor: Option<mpsc::UnboundedSender<FinalizationUpdate<PublicKey>>>,
    pub(crate) joins: bool,
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
        // Another block at an indexed height, or a gap, is an error: nothing finalized is ever lost. Whoever joins from
        // state has none before, and after a crash on the way it may begin once more.
        let index = &self.kept.index;
        let appended = if self.joins {
            index.append_after_gap(&feed, Some(&diff))
        } else {
            index.append(&feed, Some(&diff))
        };
        let appended = appended.unwrap_or_else(|error| panic!("index: {error}"));
        if appended == Appended::Added {
            let count = executed.block.transactions().len();
            self.kept.included.fetch_add(count, Ordering::Relaxed);
            let balances = &self.kept.balances;
            let taken = balances.take_in(&executed.changes, !self.joins);
            taken.unwrap_or_else(|error| panic!("block {}: {error}", executed.block.number()));
        }
        let header = executed.block.header();
        if let Some(monitor) = &self.monitor {
            let _ = monitor.send(FinalizationUpdate {
                pk: self.me.clone(),
                round: Round::new(header.context.epoch(), header.context.view()),
                height: Height::new(header.number),
                block_digest: executed.block.hash().to_vec(),
            });
        }
    }
}

/// One chain of an operator.
pub(crate) struct ChainSetup {
    pub(crate) genesis: Arc<Genesis>,
    pub(crate) partition: String,
    pub(crate) feed: Feed,
    pub(crate) join: Option<Join>,
    /// Of a zone.
    pub(crate) hub: Option<Arc<dyn Hub>>,
    /// Of a zone: where its epochs were cut.
    pub(crate) reseeds: Arc<[Reseed]>,
}

/// A chain that runs.
pub(crate) struct Started {
    pub(crate) chain: Chain<Context, Sequential>,
    pub(crate) pool: Pool,
    pub(crate) states: States,
    pub(crate) state: State,
    pub(crate) head: Arc<AtomicU64>,
    pub(crate) evidence: mpsc::Receiver<Evidence>,
}

/// Where an operator keeps what it runs a second time.
pub(crate) fn twin_of(partition: &str) -> String {
    format!("{partition}-twin")
}

/// Starts a chain as a node does it; returns when its state is as new as its index.
pub(crate) async fn start<N, R>(
    context: &Context,
    setup: &Setup,
    chain: ChainSetup,
    channels: Channels<N, R>,
) -> Started
where
    N: Sender<PublicKey = PublicKey>,
    R: Receiver<PublicKey = PublicKey>,
{
    let (league, operator) = (&setup.league, setup.operator);
    let (genesis, index) = (chain.genesis, chain.feed.kept.index.clone());
    let indexed = index.head().map_or(0, |(number, _)| number);
    let head = Arc::new(AtomicU64::new(0));
    let recent = RecentDiffs::default();
    let pool = Pool::new(
        Rules::new(genesis.chain_id),
        Limits::default(),
        head_info(&genesis, &index),
        Sequential,
    );
    let (evidence_sender, evidence) = mpsc::channel(16);
    let running = hansa_engine::start(
        context.child("chain"),
        Config {
            genesis: genesis.clone(),
            key: Some(league.keys[operator].clone()),
            me: league.keys[operator].public_key(),
            partition: chain.partition,
            pool: pool.clone(),
            sink: chain.feed,
            peers: setup.manager.clone(),
            blocker: setup.control.clone(),
            page_cache: CacheRef::new(NZU16!(4_096), NZUsize!(256)),
            strategy: Sequential,
            head: head.clone(),
            recent: recent.clone(),
            votes_after_ms: None,
            reseeds: chain.reseeds,
            join: chain.join,
            hub: chain.hub,
            evidence: Some(evidence_sender),
            tuning: tuning(league, operator),
        },
        channels,
    )
    .await
    .unwrap_or_else(|error| panic!("operator {operator}: {error}"));
    // After a crash the databases can be behind the index, until consensus has delivered the blocks between.
    let processed = running.marshal.get_processed().await;
    let applied = processed.map_or(0, |processed| processed.height().get());
    head.fetch_max(applied, Ordering::AcqRel);
    while head.load(Ordering::Acquire) < indexed {
        context.sleep(Duration::from_millis(10)).await;
    }
    let stored = Arc::new(index.clone());
    let states = FinalizedState::new(running.databases.clone(), recent, stored, head.clone());
    let clock_index = index.clone();
    let state = Head::new(states.clone(), move || {
        let (number, _) = clock_index.head().unwrap_or_default();
        let header = clock_index.header(number).ok().flatten();
        header.map_or(0, |(_, header)| header.timestamp())
    });
    pool.reset(&state, head_info(&genesis, &index))
        .await
        .unwrap_or_else(|error| panic!("pool: {error}"));
    Started {
        chain: running,
        pool,
        states,
        state,
        head,
        evidence,
    }
}

/// Runs an operator until it is crashed, or consensus ends.
///
/// `zones` are the channels that zones share: one set, unless the operator runs all zones more than once.
pub(crate) async fn run<N, R, M>(
    context: Context,
    setup: Setup,
    channels: Channels<N, R>,
    gossip_channel: (N, R),
    zones: Vec<Channels<M, R>>,
    ready: oneshot::Sender<()>,
) where
    N: Sender<PublicKey = PublicKey>,
    M: Sender<PublicKey = PublicKey>,
    R: Receiver<PublicKey = PublicKey>,
{
    let (league, operator) = (&setup.league, setup.operator);
    let index = setup.kept.index.clone();
    let hub = ChainSetup {
        genesis: league.genesis.clone(),
        partition: setup.partition.clone(),
        feed: Feed {
            me: league.keys[operator].public_key(),
            kept: setup.kept.clone(),
            monitor: setup.monitor.clone(),
            joins: league.joins(operator),
        },
        join: league.joins(operator).then(Join::default),
        hub: None,
        reseeds: Arc::from([]),
    };
    let Started {
        chain,
        pool,
        states,
        state,
        head,
        evidence,
    } = start(&context, &setup, hub, channels).await;
    let Chain {
        marshal,
        databases,
        consensus,
        ..
    } = chain;
    let gossip = Gossip::new(
        context.child("gossip"),
        pool.clone(),
        state.clone(),
        setup.control.clone(),
        GossipConfig::default(),
    );
    let journal = FileJournal::new(
        context.child("journal"),
        format!("{}-transactions", setup.partition),
    );
    let keeper = Keeper::init(context.child("keeper"), pool.clone(), &state, journal)
        .await
        .unwrap_or_else(|error| panic!("operator {operator}: {error}"));
    let signer = Account::new(accuser(operator as u32), CHAIN_ID).signer();
    let payer = Payer::new(pool.clone(), state.clone(), signer, CHAIN_ID);
    let accuser = Accuser {
        evidence,
        payer: payer.clone(),
    };
    let _accuser = context
        .child("accuser")
        .spawn(move |context| accuser.run(context));
    // Held, for dropping a handle does not end its task and a lost journal must not go unnoticed.
    let _journal = keeper.start();
    gossip.start(gossip_channel);
    *setup.slot.lock() = Some(Running { marshal, databases });
    let _occupied = Occupied(setup.slot.clone());
    let has_zones = !zones.is_empty();
    let mut partition = setup.partition.clone();
    for channels in zones {
        let shared = Shared::new(&context, channels);
        let shared = Arc::new(futures::lock::Mutex::new(shared));
        let setup = Setup {
            partition: partition.clone(),
            ..setup.clone()
        };
        for genesis in &league.zones {
            let hub = zone::hub(&context, states.clone(), &index, (&league.genesis, genesis));
            zone::spawn(
                &context,
                &setup,
                genesis.clone(),
                (hub, payer.clone()),
                shared.clone(),
            );
        }
        partition = twin_of(&partition);
    }
    if has_zones && league.traffic {
        let traffic = Traffic::on_hub(&setup, operator);
        let (pool, state) = (pool.clone(), state.clone());
        let task = context.child("traffic");
        drop(task.spawn(move |context| async move { traffic.play(&context, &pool, &state).await }));
    }
    let _ = ready.send(());
    if league.role(operator).takes_load() {
        offer(&context, &pool, &state, &setup, &head).await;
        let parts = (&pool, &state, head.as_ref());
        churn::play(&context, league, &league.churn, parts, operator).await;
        if let Some(warning) = &league.warning {
            warning::play(&context, warning, &pool, &state, &index, operator).await;
        }
    }
    let _ = consensus.await;
}

fn tuning(league: &League, operator: usize) -> Tuning {
    Tuning {
        write_buffer: NZUsize!(65_536),
        items_per_section: NZU64!(64),
        items_per_blob: NZU64!(64),
        table_size: 64,
        // Often enough that crashes and restarts meet pruned databases.
        prune_interval: NZUsize!(4),
        retained_state_blocks: 2,
        build_time: None,
        // Seven turns between heartbeats: idle blocks come from each of four operators in turn.
        turn: Duration::from_millis(300),
        leader_slack: Duration::from_millis(500),
        certification_slack: Duration::from_millis(500),
        tamper: league.role(operator).tamper(),
        ..Tuning::default()
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
            terms: genesis.terms(),
            timestamp: 0,
        },
        |(_, header)| HeadInfo {
            number: header.number,
            base_fee_next: hansa_primitives::next_base_fee(
                &header,
                genesis.fees.base_fee_params(),
                &header.terms,
            ),
            terms: header.terms,
            timestamp: header.timestamp(),
        },
    )
}

/// Offers this operator's share of the load. After a restart it goes on with the first round that the
/// journal may have missed: earlier ones must come back from the journal.
async fn offer(context: &Context, pool: &Pool, state: &State, setup: &Setup, head: &AtomicU64) {
    // Block 1 holds the accounts.
    while head.load(Ordering::Acquire) == 0 {
        context.sleep(Duration::from_millis(50)).await;
    }
    let load: Load = setup.league.load;
    let first = setup.operator as u32 * SENDERS_PER_OPERATOR;
    // The first is the member, the last pays whom the members warn of.
    let mut accounts: Vec<_> = (first + 1..first + SENDERS_PER_OPERATOR - 1)
        .map(|index| Account::new(index, CHAIN_ID))
        .collect();
    let resume = if load.journaled {
        setup.kept.offered.load(Ordering::Relaxed)
    } else {
        0
    };
    for round in 0..load.rounds {
        let transactions: Vec<_> = (0..load.batch)
            .map(|position| {
                let count = accounts.len();
                let sender = &mut accounts[(round * load.batch + position) % count];
                sender.transfer(Address::repeat_byte(0x70 + (position % 5) as u8))
            })
            .collect();
        if round < resume {
            continue;
        }
        pool.add_many(state, transactions, Origin::Local).await;
        context.sleep(load.every).await;
        setup.kept.offered.store(round + 1, Ordering::Relaxed);
    }
}
