//! Wiring: from network channels and a data directory to a running chain.

use crate::{
    Application, Checkpoint, Committees, Effort, Hub, Ledger, Paced, Runtime, Sink, Witness,
    code_peers::{CodePeers, MAX_CODES, Served},
    epocher::Epocher,
    epochs::{self, Epochs, Roles, VIEW_RETENTION},
    guide::{self, Guide},
    pacing::Turn,
    witness::Evidence,
};
use commonware_broadcast::buffered;
use commonware_consensus::{
    Epochable as _, Reporters,
    marshal::{
        self,
        core::{Actor as MarshalActor, Mailbox as MarshalMailbox},
        resolver::p2p as marshal_resolver,
        standard::{Deferred, Standard},
    },
};
use commonware_cryptography::Digested;
use commonware_glue::stateful::{
    Config as StatefulConfig, PruneConfig, Stateful, SyncPlan,
    db::{SyncEngineConfig, p2p as sync_resolver},
};
use commonware_p2p::{Blocker, Provider, Receiver, Sender};
use commonware_parallel::{Sequential, Strategy};
use commonware_runtime::{ContextCell, Handle, buffer::paged::CacheRef};
use commonware_storage::{
    archive::{Archive as _, Identifier, immutable},
    mmr,
};
use commonware_utils::{NZDuration, NZU64, NZUsize, channel::mpsc};
use hansa_evm::{ChainRules, ExecutionError, genesis_committee};
use hansa_mempool::Pool;
use hansa_modules::{
    staking::{Committee, Cut},
    zones::Reseed,
};
use hansa_primitives::{
    Block, BlockCfg, Digest, Finalization, Genesis, MAX_OPERATORS, PrivateKey, PublicKey, Scheme,
    Terms,
};
use hansa_state::{Databases, RecentDiffs, StateDb, empty_commitment};
use std::{
    num::{NonZeroU64, NonZeroUsize},
    sync::{Arc, OnceLock, atomic::AtomicU64},
    time::Duration,
};
use thiserror::Error;

/// The block and certificate store of a chain.
pub type Marshal = MarshalMailbox<Scheme, Standard<Block>>;

/// Blocks that marshal hands on before the first of them is acknowledged.
pub(crate) const MAX_PENDING_ACKS: usize = 16;
/// New blocks of a peer that are kept until consensus asks for them. A block can hold megabytes, and operators take turns:
/// so many span a multiple of the views that can be open.
const NEW_BLOCKS_PER_PEER: usize = 4;

/// Time that each account of the genesis gives to the views of epoch 0, whose first block writes them all. It was enough for 500,000 accounts
/// with four operators on two cores.
const ALLOCATION_TIME: Duration = Duration::from_micros(20);
/// Operations of accounts and storage that a peer asks for at once.
const STATE_OPERATIONS: NonZeroU64 = NZU64!(1_024);

/// The network of one chain, one channel per role.
pub struct Channels<N, R> {
    /// Votes.
    pub votes: (N, R),
    /// Certificates.
    pub certificates: (N, R),
    /// Consensus' own fetching.
    pub resolver: (N, R),
    /// Fetching blocks by peers that were away.
    pub backfill: (N, R),
    /// New blocks.
    pub broadcast: (N, R),
    /// State sync: accounts and storage.
    pub state: (N, R),
    /// State sync: contract code.
    pub code: (N, R),
    /// From committee to committee.
    pub guide: (N, R),
}

impl<N, R> Channels<N, R> {
    /// Channels per chain, in the order of the fields.
    pub const COUNT: u64 = 8;
}

/// Sizes and waits, apart from what the genesis says.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// Messages that an actor's mailbox holds.
    pub mailbox: NonZeroUsize,
    /// Write buffer of each journal, bytes.
    pub write_buffer: NonZeroUsize,
    /// Items per archive section.
    pub items_per_section: NonZeroU64,
    /// Operations per state file.
    pub items_per_blob: NonZeroU64,
    /// First size of the archives' hash tables.
    pub table_size: u32,
    /// Blocks between two rounds of pruning the state's operations.
    pub prune_interval: NonZeroUsize,
    /// Operations of this many blocks are kept for peers that state-sync.
    pub retained_state_blocks: usize,
    /// How long a peer has to answer a request.
    pub fetch_timeout: Duration,
    /// How long a proposer takes transactions into a block. What it takes, others must execute within
    /// the certification timeout, or the view is lost. `None` is for simulations, where real time must
    /// not matter.
    pub build_time: Option<Duration>,
    /// How long a leader without work holds its turn before it passes.
    pub turn: Duration,
    /// How long a leader has, beyond its turn, to propose.
    pub leader_slack: Duration,
    /// How long a view has, beyond the leader's time, to be certified.
    pub certification_slack: Duration,
    /// Makes this operator propose invalid blocks.
    #[cfg(feature = "test-utils")]
    pub tamper: Option<crate::Tamper>,
    /// Panics where a block of this operator, or of others, calls this address.
    #[cfg(feature = "test-utils")]
    pub poison: Option<alloy_primitives::Address>,
}

/// How long consensus waits in one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waits {
    /// A leader without work holds its turn for so long.
    pub(crate) turn: Duration,
    /// A leader has so long to propose.
    pub(crate) leader: Duration,
    /// A view has so long to be certified.
    pub(crate) certification: Duration,
    /// Turns that leaders pass between two heartbeats.
    pub(crate) passes: u64,
}

impl Tuning {
    /// The waits of an epoch whose first block is a child of one that keeps to `terms`. An upgrade within the epoch does not change them:
    /// until the next one, leaders pass while a longer interval lasts, and one that is away costs as much as before.
    pub(crate) fn waits(&self, terms: &Terms) -> Waits {
        let heartbeat = Duration::from_millis(terms.heartbeat_ms);
        let interval = Duration::from_millis(terms.min_block_interval_ms);
        // A turn is long enough for the work that waits for the minimum interval.
        let turn = self.turn.max(interval * 2).min(heartbeat);
        let leader = turn + self.leader_slack;
        Waits {
            turn,
            leader,
            certification: leader + self.certification_slack,
            passes: heartbeat.div_duration_f64(turn).ceil() as u64,
        }
    }
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            mailbox: NZUsize!(1_024),
            write_buffer: NZUsize!(1 << 20),
            items_per_section: NZU64!(4_096),
            items_per_blob: NZU64!(1 << 18),
            table_size: 1 << 16,
            prune_interval: NZUsize!(256),
            retained_state_blocks: 256,
            fetch_timeout: Duration::from_secs(2),
            turn: Duration::from_millis(500),
            build_time: Some(Duration::from_millis(400)),
            leader_slack: Duration::from_secs(1),
            certification_slack: Duration::from_secs(2),
            #[cfg(feature = "test-utils")]
            tamper: None,
            #[cfg(feature = "test-utils")]
            poison: None,
        }
    }
}

/// How a node without a chain takes the newest state from peers, instead of executing every block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Join {
    /// Where it begins to trust; without, it is the genesis.
    pub checkpoint: Option<Checkpoint>,
}

/// What a chain runs with.
pub struct Config<S, K, M, B> {
    /// The chain.
    pub genesis: Arc<Genesis>,
    /// This operator's key; `None` follows without voting.
    pub key: Option<PrivateKey>,
    /// This node's identity on the network.
    pub me: PublicKey,
    /// Prefix of every partition.
    pub partition: String,
    /// Transactions.
    pub pool: Pool,
    /// Receives finalized blocks.
    pub sink: K,
    /// Knows the peers.
    pub peers: M,
    /// Blocks peers that break the protocol.
    pub blocker: B,
    /// Page cache for all storage.
    pub page_cache: CacheRef,
    /// Parallel work.
    pub strategy: S,
    /// The newest finalized block, as far as it is applied; the engine moves it.
    pub head: Arc<AtomicU64>,
    /// Diffs of the newest blocks; the engine feeds it.
    pub recent: RecentDiffs,
    /// This node does not vote in epochs that began by then, milliseconds since 1970: after the loss of its journal, which may
    /// know votes in them. `None`: it votes wherever it has a seat.
    pub votes_after_ms: Option<u64>,
    /// Joins by state sync, until that is done once. A node that has executed a block never does.
    pub join: Option<Join>,
    /// Of a zone: the hub of this node.
    pub hub: Option<Arc<dyn Hub>>,
    /// Of a zone: where its hub has cut its epochs.
    pub reseeds: Arc<[Reseed]>,
    /// Takes proofs that operators broke the rules of consensus.
    pub evidence: Option<mpsc::Sender<Evidence>>,
    /// Sizes and waits.
    pub tuning: Tuning,
}

/// Why a chain does not start.
#[derive(Debug, Error)]
pub enum Start {
    /// The genesis is malformed.
    #[error(transparent)]
    Genesis(#[from] hansa_primitives::GenesisError),
    /// A zone without a hub, or a hub with one.
    #[error("a zone runs beside its hub, and a hub by itself: zone = {zone}, hub given = {given}")]
    Hub {
        /// Whether the genesis is a zone's.
        zone: bool,
        /// Whether there is a hub.
        given: bool,
    },
    /// The hub reseeded the zone, and this node has blocks that are void.
    #[error(
        "the league reseeded this zone behind block {last}, and this node has others after it, which are void: stop the node, move zones/{name} in its data directory away, and start it again: the zone's blocks come from its other operators"
    )]
    Void {
        /// The last block that counts.
        last: u64,
        /// The zone's name.
        name: String,
    },
    /// The modules refuse the genesis.
    #[error(transparent)]
    Modules(#[from] ExecutionError),
}

/// A running chain.
pub struct Chain<E: Runtime, S: Strategy> {
    /// Blocks and certificates.
    pub marshal: Marshal,
    /// The state databases.
    pub databases: Databases<E, S>,
    /// The block of height 0.
    pub genesis_block: Block,
    /// Who finalizes blocks.
    pub committees: Committees<E>,
    /// Ends when consensus does: a failure, unless the node is stopping.
    pub consensus: Handle<()>,
    /// Ends when state handling does: likewise.
    pub state: Handle<()>,
    /// What executing its blocks costs.
    pub effort: Effort,
}

/// Block 0, and the committee of epoch 0.
///
/// # Errors
/// The genesis is malformed.
pub fn genesis<E: Runtime, S: Strategy>(genesis: &Genesis) -> Result<(Block, Committee), Start> {
    let committee = genesis_committee(genesis)?;
    let header = genesis.header(empty_commitment::<E, S>(), committee.id())?;
    Ok((Block::new(header, Vec::new()), committee))
}

fn archive<C>(
    partition: &str,
    name: &str,
    page_cache: &CacheRef,
    tuning: &Tuning,
    codec_config: C,
) -> immutable::Config<C> {
    let part = |suffix: &str| format!("{partition}-{name}-{suffix}");
    immutable::Config {
        metadata_partition: part("metadata"),
        freezer_table_partition: part("table"),
        freezer_table_initial_size: tuning.table_size,
        freezer_table_resize_frequency: 4,
        freezer_table_resize_chunk_size: tuning.table_size,
        freezer_key_partition: part("keys"),
        freezer_key_page_cache: page_cache.clone(),
        freezer_value_partition: part("values"),
        freezer_value_target_size: 1 << 30,
        freezer_value_compression: None,
        ordinal_partition: part("ordinal"),
        items_per_section: tuning.items_per_section,
        codec_config,
        replay_buffer: tuning.write_buffer,
        freezer_key_write_buffer: tuning.write_buffer,
        freezer_value_write_buffer: tuning.write_buffer,
        ordinal_write_buffer: tuning.write_buffer,
    }
}

/// The archive of finalized blocks, by height.
pub type BlockArchive<E> = immutable::Archive<E, Digest, Arc<Block>>;

/// Opens the archive of finalized blocks. Only one process, and one of its parts, may have it open.
///
/// # Panics
/// When storage cannot be opened.
pub async fn open_blocks<E: Runtime>(
    context: E,
    partition: &str,
    page_cache: &CacheRef,
    tuning: &Tuning,
) -> BlockArchive<E> {
    let config = archive(partition, "blocks", page_cache, tuning, BlockCfg::default());
    immutable::Archive::init(context, config)
        .await
        .unwrap_or_else(|error| panic!("block archive: {error}"))
}

/// The archive of certificates of finalized blocks, by height.
pub(crate) type CertificateArchive<E> = immutable::Archive<E, Digest, Finalization>;

pub(crate) async fn open_certificates<E: Runtime>(
    context: E,
    partition: &str,
    page_cache: &CacheRef,
    tuning: &Tuning,
) -> CertificateArchive<E> {
    let config = archive(
        partition,
        "finalizations",
        page_cache,
        tuning,
        MAX_OPERATORS,
    );
    immutable::Archive::init(context, config)
        .await
        .unwrap_or_else(|error| panic!("certificate archive: {error}"))
}

/// Starts a chain.
///
/// # Errors
/// See [`Start`].
///
/// # Panics
/// When storage cannot be opened: the caller decides what a failed chain means.
pub async fn start<E, S, K, M, B, N, R>(
    context: E,
    config: Config<S, K, M, B>,
    channels: Channels<N, R>,
) -> Result<Chain<E, S>, Start>
where
    E: Runtime,
    S: Strategy,
    K: Sink,
    M: Provider<PublicKey = PublicKey>,
    B: Blocker<PublicKey = PublicKey>,
    N: Sender<PublicKey = PublicKey>,
    R: Receiver<PublicKey = PublicKey>,
{
    let genesis = config.genesis.clone();
    let (zone, given) = (genesis.zone.is_some(), config.hub.is_some());
    if zone != given {
        return Err(Start::Hub { zone, given });
    }
    let tuning = config.tuning.clone();
    let partition = config.partition.clone();
    let (genesis_block, first) = self::genesis::<E, S>(&genesis)?;
    let committees = Committees::open(
        context.child("committees"),
        format!("{partition}-committees"),
        genesis.namespace()?,
        config.key.clone(),
        first,
        epoch_blocks(&genesis),
    )
    .await
    .with_reseeds(&config.reseeds);
    let cuts = config.reseeds.iter().map(|reseed| reseed.cut);
    let rules = ChainRules::with_cuts(genesis.clone(), cuts);
    #[cfg(feature = "test-utils")]
    let rules = ChainRules {
        poison: tuning.poison,
        ..rules
    };
    let reseeds = config.reseeds.clone();
    let zone = genesis.zone.as_ref().map_or(0, |zone| zone.id);
    let evidence = config.evidence.clone().map(|evidence| (evidence, zone));
    let witness = Witness::new(evidence, context.child("witness"));
    let epocher = Epocher(rules.epochs.clone());
    let (sender, receiver) = channels.guide;
    let mut guide = Guide {
        context: ContextCell::new(context.child("guide")),
        committees: committees.clone(),
        epocher: epocher.clone(),
        blocker: config.blocker.clone(),
        strategy: config.strategy.clone(),
        hub: config.hub.clone(),
        me: config.me.clone(),
        sender,
        receiver,
    };
    let (ask, questions) = guide::questions();
    let mut plan = SyncPlan::init(context.child("plan"), partition.clone()).await;
    if let Some(join) = config.join.filter(|_| plan.should_sync(true)) {
        // There is nothing to sync of a chain that has not begun.
        if let Some(floor) = guide.find(join.checkpoint).await {
            let round = floor.round();
            tracing::info!(epoch = %round.epoch(), view = %round.view(), "joining: the state of this round's block, or of a later one, comes from peers");
            plan = plan.set_floor(floor).await;
        }
    }
    let floor_epoch = plan.floor().map(|finalization| finalization.epoch());

    let resolver = marshal_resolver::init(
        context.child("backfill"),
        marshal_resolver::Config {
            public_key: config.me.clone(),
            peer_provider: config.peers.clone(),
            blocker: config.blocker.clone(),
            mailbox_size: tuning.mailbox,
            fetch_timeout: NZDuration!(tuning.fetch_timeout),
            fetch_retry_delay: Duration::from_millis(100),
            priority_requests: false,
            priority_responses: false,
        },
        channels.backfill,
    );
    let (broadcast, buffer) = buffered::Engine::new(
        context.child("broadcast"),
        buffered::Config {
            public_key: config.me.clone(),
            mailbox_size: tuning.mailbox,
            deque_size: NEW_BLOCKS_PER_PEER,
            priority: true,
            codec_config: BlockCfg::default(),
            peer_provider: config.peers.clone(),
            strategy: Sequential,
        },
    );
    broadcast.start(channels.broadcast);

    let finalizations = open_certificates(
        context.child("finalizations"),
        &partition,
        &config.page_cache,
        &tuning,
    )
    .await;
    let blocks = open_blocks(
        context.child("blocks"),
        &partition,
        &config.page_cache,
        &tuning,
    )
    .await;

    let cuts: Vec<_> = reseeds.iter().map(|reseed| reseed.cut).collect();
    if let Some(cut) = void_behind(&finalizations, &blocks, &cuts).await {
        return Err(Start::Void {
            last: cut.first - 1,
            name: genesis.name.clone(),
        });
    }

    let (marshal_actor, marshal, floor) = MarshalActor::<_, Standard<Block>, _, _, _, _, _>::init(
        context.child("marshal"),
        finalizations,
        blocks,
        marshal::Config {
            provider: committees.clone(),
            epocher: epocher.clone(),
            start: plan.marshal_start(Digested::precomputed(
                genesis_block.clone(),
                hansa_primitives::digest(genesis_block.hash()),
            )),
            partition_prefix: partition.clone(),
            mailbox_size: tuning.mailbox,
            view_retention: VIEW_RETENTION,
            prunable_items_per_section: tuning.items_per_section,
            page_cache: config.page_cache.clone(),
            replay_buffer: tuning.write_buffer,
            key_write_buffer: tuning.write_buffer,
            value_write_buffer: tuning.write_buffer,
            block_codec_config: BlockCfg::default(),
            max_repair: NZUsize!(32),
            max_pending_acks: NZUsize!(MAX_PENDING_ACKS),
            strategy: config.strategy.clone(),
        },
    )
    .await;

    let (state_actor, state_resolver) =
        sync_resolver::Actor::<_, PublicKey, _, _, mmr::Family, StateDb<E, S>>::new(
            context.child("state_sync"),
            sync_peers(&config, STATE_OPERATIONS),
        );
    state_actor.start(channels.state);
    let (code_actor, code_resolver) =
        sync_resolver::Actor::<_, PublicKey, _, _, mmr::Family, Served<E, S>>::new(
            context.child("code_sync"),
            sync_peers(&config, MAX_CODES),
        );
    code_actor.start(channels.code);
    let ledger = Ledger::default();
    let effort = Effort::default();
    let database = hansa_state::Config {
        partition: partition.clone(),
        page_cache: config.page_cache.clone(),
        write_buffer: tuning.write_buffer,
        items_per_blob: tuning.items_per_blob,
        strategy: config.strategy.clone(),
    };
    let (stateful, mailbox) = Stateful::new(
        context.child("stateful"),
        StatefulConfig {
            application: Application {
                rules,
                reseeds: reseeds.clone(),
                genesis_block: genesis_block.clone(),
                pool: config.pool.clone(),
                ledger: ledger.clone(),
                committees: committees.clone(),
                hub: config.hub.clone(),
                witness: witness.clone(),
                recent: config.recent,
                head: config.head,
                sink: config.sink,
                strategy: config.strategy.clone(),
                build_time: tuning.build_time,
                effort: effort.clone(),
            },
            db_config: database.databases::<E>(),
            provider: (),
            marshal: (marshal.clone(), floor),
            mailbox_size: tuning.mailbox,
            plan,
            resolvers: (
                state_resolver,
                CodePeers::new(context.child("code_peers"), code_resolver),
            ),
            sync_config: SyncEngineConfig {
                fetch_batch_size: STATE_OPERATIONS,
                apply_batch_size: NZU64!(4_096),
                max_outstanding_requests: NZUsize!(8),
            },
            prune_config: Some(PruneConfig {
                maintenance_interval: tuning.prune_interval,
                // Blocks stay: their archive does not prune. Pruning waits for so many, so not for more.
                retained_marshal_blocks: tuning.retained_state_blocks,
                retained_qmdb_blocks: tuning.retained_state_blocks,
            }),
            strategy: config.strategy.clone(),
        },
    );

    let turn = Turn::default();
    let paced = Paced::new(
        mailbox.clone(),
        genesis.clone(),
        config.pool,
        ledger,
        config.hub,
        turn.clone(),
    );
    #[cfg(feature = "test-utils")]
    let paced = paced.with_tamper(tuning.tamper.clone());
    let deferred = Deferred::new(
        context.child("deferred"),
        paced,
        marshal.clone(),
        epocher.clone(),
    );
    let allocated = genesis.alloc.len() as u32;
    let (epochs, epochs_mailbox) = Epochs::new(
        context.child("epochs"),
        epochs::Config {
            committees: committees.clone(),
            marshal: marshal.clone(),
            application: deferred,
            witness,
            guide: ask,
            blocker: config.blocker,
            strategy: config.strategy,
            epocher,
            reseeds,
            partition,
            page_cache: config.page_cache,
            tuning,
            turn,
            allocation_slack: ALLOCATION_TIME * allocated,
            votes_after_ms: config.votes_after_ms,
        },
    );
    let reporters: Reporters<_, _> = (mailbox.clone(), epochs_mailbox).into();
    marshal_actor.start(reporters, buffer, resolver);
    let state = stateful.start();
    let roles = Roles {
        votes: channels.votes,
        certificates: channels.certificates,
        resolver: channels.resolver,
    };
    // Before the databases are there: state sync moves its target with the blocks that epochs acknowledge.
    let consensus = epochs.start(genesis_block.clone(), floor_epoch, roles);
    let opened = Arc::new(OnceLock::new());
    guide.start(marshal.clone(), opened.clone(), questions);
    let databases = mailbox.subscribe_databases().await;
    // It is set here only.
    let _ = opened.set(databases.clone());
    Ok(Chain {
        marshal,
        databases,
        consensus,
        genesis_block,
        committees,
        state,
        effort,
    })
}

/// The first cut behind which an archive has something that is of an epoch before it.
pub(crate) async fn void_behind<E: Runtime>(
    finalizations: &CertificateArchive<E>,
    blocks: &BlockArchive<E>,
    cuts: &[Cut],
) -> Option<Cut> {
    for (index, cut) in cuts.iter().enumerate() {
        let end = cuts.get(index + 1).map_or(u64::MAX, |next| next.first);
        let block = blocks.get(Identifier::Index(cut.first)).await;
        let block = block.unwrap_or_else(|error| panic!("block archive: {error}"));
        let mut epochs: Vec<_> = block.iter().map(|block| block.header().epoch()).collect();
        // The newest certificate tells of all blocks before it.
        let certified = finalizations.ranges_from(cut.first);
        let certified = certified.take_while(|(start, _)| *start < end);
        if let Some((_, last)) = certified.last() {
            let at = Identifier::Index(last.min(end - 1));
            let certificate = finalizations.get(at).await;
            let certificate =
                certificate.unwrap_or_else(|error| panic!("certificate archive: {error}"));
            epochs.extend(certificate.map(|certificate| certificate.epoch().get()));
        }
        if epochs.iter().any(|epoch| *epoch < cut.epoch) {
            return Some(*cut);
        }
    }
    None
}

/// How a database is fetched from peers, `most` operations at a time, and served to them.
fn sync_peers<S, K, M, B, D>(
    config: &Config<S, K, M, B>,
    most: NonZeroU64,
) -> sync_resolver::Config<PublicKey, M, B, D>
where
    M: Provider<PublicKey = PublicKey>,
    B: Blocker<PublicKey = PublicKey>,
{
    sync_resolver::Config {
        peer_provider: config.peers.clone(),
        blocker: config.blocker.clone(),
        database: None,
        mailbox_size: config.tuning.mailbox,
        me: Some(config.me.clone()),
        fetch_timeout: NZDuration!(config.tuning.fetch_timeout),
        fetch_retry_delay: Duration::from_millis(100),
        max_serve_ops: most,
        priority_requests: false,
        priority_responses: false,
    }
}

/// Blocks of an epoch. Validation refuses fewer than [`hansa_primitives::MIN_EPOCH_BLOCKS`].
fn epoch_blocks(genesis: &Genesis) -> NonZeroU64 {
    NonZeroU64::new(genesis.staking.epoch_blocks).unwrap_or(NonZeroU64::MAX)
}
