//! Putting a node together, and taking it down again.

use crate::{
    Config, ConfigError, JoinFrom, NodeError, catalog,
    chain::{self, Common},
    config,
    datadir::DataDir,
    evidence::{self, Clerk, load_account},
    info::Info,
    keys::load_or_make_key,
    league, load_key,
    local::{Console, LocalNode},
    metrics, network, open_files,
    panics::{self, Watched},
    peers::{Roster, Tracker},
    relayer::Relayer,
    runtimes::Loads,
    text::{self, MAX_GENESIS_BYTES},
    threads::{self, Handles, ReadsOn, Threads},
    voter::{Journal, Voter},
    zones,
};
use alloy_primitives::B256;
use alloy_signer_local::PrivateKeySigner;
use commonware_cryptography::Signer as _;
use commonware_parallel::Rayon;
use commonware_runtime::{
    Runner as _, Spawner as _, Strategizer as _, Supervisor as _,
    buffer::paged::CacheRef,
    tokio::{self as runtime, Context},
};
use commonware_utils::{NZU16, NZUsize};
use hansa_engine::{Chain, Join, Payer};
use hansa_index::{Config as IndexConfig, FinalizedBlock, Index};
use hansa_mempool::{HeadInfo, JournalError};
use hansa_primitives::{Block, Genesis, PrivateKey, genesis_timestamp_ms, next_base_fee};
use hansa_state::FinalizedState;
use std::{
    net::SocketAddr,
    num::NonZeroUsize,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::TcpListener,
    runtime::Handle,
    signal::unix::{Signal, SignalKind, signal},
    sync::{broadcast, mpsc, watch},
};

/// Finalized states of a running node.
pub(crate) type States = FinalizedState<Context, Rayon, Index>;

/// Prefix of the chain's partitions.
pub(crate) const PARTITION: &str = "hub";
/// Finalized blocks that a slow subscriber may fall behind.
pub(crate) const SUBSCRIBER_BACKLOG: usize = 256;
/// Bytes of a page of the page cache.
pub(crate) const PAGE_BYTES: u16 = 4_096;
/// How long tasks have to end after a stop was asked for.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads a genesis file.
///
/// # Errors
/// The file cannot be read or is not a genesis.
pub fn load_genesis(path: &Path) -> Result<Genesis, NodeError> {
    let text = text::read(path, MAX_GENESIS_BYTES).map_err(|source| ConfigError::Read {
        path: path.into(),
        source,
    })?;
    league::genesis::parse(path, &text).map_err(|source| NodeError::Genesis {
        path: path.into(),
        source,
    })
}

/// Everything that is checked before the runtime starts.
struct Prepared {
    config: Arc<Config>,
    genesis: Arc<Genesis>,
    genesis_hash: B256,
    key: PrivateKey,
    votes: bool,
    accuser: Option<PrivateKeySigner>,
    directory: DataDir,
    voter: Option<Arc<Voter>>,
    index: Index,
}

/// How this node keeps its index.
pub(crate) fn index_config(config: &Config, genesis_hash: B256) -> IndexConfig {
    let mut index = IndexConfig::new(genesis_hash);
    index.diff_blocks = config.history.state_blocks;
    index.validator = Some(catalog::validator());
    index
}

fn prepare(config: Config, lost_journal: bool) -> Result<Prepared, NodeError> {
    config.validate()?;
    let genesis = load_genesis(&config.genesis)?;
    let failed = |source| NodeError::Genesis {
        path: config.genesis.clone(),
        source,
    };
    let genesis_hash = genesis.hash().map_err(failed)?;
    if let Some(reason) = league::genesis::misplaced(&genesis) {
        let path = config.genesis;
        return Err(NodeError::Misplaced { path, reason });
    }
    let operator = config.key.as_deref().map(load_key).transpose()?;
    let accuser = config
        .evidence_key
        .as_deref()
        .map(load_account)
        .transpose()?;
    let from_state = config.join.from == JoinFrom::State;
    let mut directory = DataDir::open(&config.data_dir, genesis_hash, from_state)?;
    if from_state && !directory.joined_from_state() {
        tracing::warn!(data_dir = %config.data_dir.display(), "this data directory was begun from blocks: join.from = \"state\" has no effect on it");
    }
    let voter = take_voter(&config, genesis_hash, &mut directory, lost_journal)?;
    directory.save()?;
    let (key, votes) = match operator {
        Some(key) => (key, true),
        None => (load_or_make_key(&directory.network_key())?, false),
    };
    let index = Index::open(directory.index(), index_config(&config, genesis_hash))?;
    Ok(Prepared {
        config: Arc::new(config),
        genesis: Arc::new(genesis),
        genesis_hash,
        key,
        votes,
        accuser,
        directory,
        voter,
        index,
    })
}

/// Takes the operator's key, if there is one, for the journal in the data directory.
fn take_voter(
    config: &Config,
    genesis: B256,
    directory: &mut DataDir,
    lost_journal: bool,
) -> Result<Option<Arc<Voter>>, NodeError> {
    let Some(key) = config.key.as_deref() else {
        return Ok(None);
    };
    let journal = Journal {
        key,
        data_dir: &config.data_dir,
        genesis,
        id: directory.journal(),
    };
    let abstain = || Ok(directory.vote_after(genesis_timestamp_ms())?);
    let voter = Voter::take::<NodeError>(journal, lost_journal, abstain)?;
    Ok(Some(Arc::new(voter)))
}

/// Runs a node until SIGINT or SIGTERM, or until it cannot go on. With `lost_journal`, the operator's key may have voted with
/// another data directory, which is gone: the node votes in epochs that begin from now on. `console` is for the page that the node shows its own
/// machine.
///
/// # Errors
/// See [`NodeError`]; each says what to do.
pub fn run(config: Config, lost_journal: bool, console: &Console) -> Result<(), NodeError> {
    open_files::raise_limit_or_warn();
    panics::watch();
    let prepared = prepare(config, lost_journal)?;
    let zones = prepared.directory.zones();
    let local = LocalNode::new(console, &prepared.config, &prepared.genesis, zones);
    // They outlive the chain's runtime: what they read from must not go before them.
    let threads = Threads::start().map_err(|error| NodeError::Server {
        what: "threads",
        reason: error.to_string(),
    })?;
    let handles = threads.handles();
    let runner = runtime::Runner::new(
        runtime::Config::default()
            .with_worker_threads(prepared.config.resources.worker_threads)
            .with_storage_directory(prepared.directory.storage())
            .with_catch_panics(false),
    );
    let watched = Watched::new(None, prepared.directory.path().into());
    watched.caught(|| {
        let opened = watched.clone();
        runner.start(|context| supervise(context, prepared, handles, Arc::new(local), opened))
    })
}

pub(crate) fn head_info(genesis: &Genesis, index: &Index) -> HeadInfo {
    let head = index
        .head()
        .and_then(|(number, _)| index.header(number).ok().flatten());
    let fees = &genesis.fees;
    head.filter(|(_, header)| header.number > 0).map_or(
        HeadInfo {
            number: 0,
            base_fee_next: fees.initial_base_fee,
            terms: genesis.terms(),
            timestamp: genesis.timestamp_ms / 1_000,
        },
        |(_, header)| HeadInfo {
            number: header.number,
            base_fee_next: next_base_fee(&header, fees.base_fee_params(), &header.terms),
            terms: header.terms,
            timestamp: header.timestamp(),
        },
    )
}

async fn listen(what: &'static str, address: SocketAddr) -> Result<TcpListener, NodeError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| NodeError::Listen {
            what,
            address,
            source,
        })
}

/// The sockets of all servers, taken before anything starts, so that a busy port is found first.
struct Listeners {
    rpc: TcpListener,
    taxii: TcpListener,
    dashboard: TcpListener,
    metrics: TcpListener,
}

impl Listeners {
    /// Listens on the current runtime.
    async fn bind(config: &Config) -> Result<Self, NodeError> {
        // The peer network takes its port by itself, a little later, and panics if it cannot.
        drop(listen("p2p", config.p2p.listen).await?);
        Ok(Self {
            rpc: listen("rpc", config.rpc.listen).await?,
            taxii: listen("taxii", config.taxii.listen).await?,
            dashboard: listen("dashboard", config.dashboard.listen).await?,
            metrics: listen("metrics", config.metrics.listen).await?,
        })
    }
}

/// Runs on other threads what is to stay there.
async fn on<T: Send + 'static>(
    threads: &Handle,
    future: impl Future<Output = Result<T, NodeError>> + Send + 'static,
) -> Result<T, NodeError> {
    let outcome = threads.spawn(future).await;
    outcome.unwrap_or_else(|error| Err(NodeError::Failed(error.to_string())))
}

/// Waits until the state is as new as the index.
pub(crate) async fn catch_up(newest: &AtomicU64, indexed: u64) {
    while newest.load(Ordering::Acquire) < indexed {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Number of the newest block in the index.
pub(crate) fn head(index: &Index) -> u64 {
    index.head().map_or(0, |(number, _)| number)
}

/// Waits until the index has a block of this height, or a later one.
pub(crate) async fn indexed(index: &Index, height: u64) {
    while head(index) < height {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Block 0.
pub(crate) fn genesis_block(genesis: &Genesis) -> Result<Block, NodeError> {
    let (block, _) = hansa_engine::genesis::<Context, Rayon>(genesis)?;
    Ok(block)
}

/// The index begins with the genesis block, which no consensus delivers.
pub(crate) fn seed_index(
    genesis: &Genesis,
    genesis_block: &Block,
    index: &Index,
) -> Result<(), NodeError> {
    if index.head().is_none() {
        tracing::info!(chain_id = genesis.chain_id, "a new chain begins");
        let block = FinalizedBlock {
            block: genesis_block.clone(),
            receipts: Arc::default(),
            senders: Arc::default(),
        };
        index.append(&block, Some(&Vec::new()))?;
    }
    Ok(())
}

/// A node that has started.
struct Running {
    chain: Chain<Context, Rayon>,
    rpc: hansa_rpc::Handle,
    taxii: hansa_taxii::Server,
    /// Closed when no zone runs any more.
    zones: mpsc::Receiver<()>,
}

async fn supervise(
    context: Context,
    prepared: Prepared,
    threads: Handles,
    local: Arc<LocalNode>,
    watched: Watched,
) -> Result<(), NodeError> {
    // First of all: a node may be asked to stop while it starts, which can take long.
    let mut signals = Signals::new()?;
    let config = prepared.config.clone();
    let listeners = async move { Listeners::bind(&config).await };
    let listeners = on(&threads.requests, listeners).await?;
    let stopper = context.child("stopper");
    let (stop, stopped) = watch::channel(false);
    let running = tokio::select! {
        running = start(context, &prepared, listeners, stopped, threads, local, &watched) => Ok(running?),
        signal = signals.next() => Err(signal),
    };
    let (outcome, servers) = match running {
        Ok(mut running) => {
            let chain = &mut running.chain;
            let outcome = tokio::select! {
                signal = signals.next() => Ok(signal),
                error = ended(chain) => Err(error),
            };
            (outcome, Some((running.rpc, running.taxii, running.zones)))
        }
        Err(signal) => (Ok(signal), None),
    };
    let _ = stop.send(true);
    let servers = async move {
        if let Some((rpc, taxii, mut zones)) = servers {
            tokio::join!(rpc.stopped(), taxii.stopped(), zones.recv());
        }
    };
    let servers = tokio::time::timeout(STOP_TIMEOUT, servers);
    let _ = tokio::join!(stopper.stop(0, Some(STOP_TIMEOUT)), servers);
    outcome.map(|signal| tracing::info!(signal, "stopped"))
}

/// Resolves when the chain ends by itself.
pub(crate) async fn ended(chain: &mut Chain<Context, Rayon>) -> NodeError {
    NodeError::Failed(tokio::select! {
        result = &mut chain.consensus => format!("consensus stopped: {result:?}"),
        result = &mut chain.state => format!("the chain's state stopped: {result:?}"),
    })
}

/// The signals that ask a node to stop.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> Result<Self, NodeError> {
        let on = |kind| {
            signal(kind).map_err(|error| NodeError::Server {
                what: "signals",
                reason: error.to_string(),
            })
        };
        Ok(Self {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

/// Waits for the stop signal.
pub(crate) async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone: stopping as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn start(
    context: Context,
    prepared: &Prepared,
    listeners: Listeners,
    stopped: watch::Receiver<bool>,
    threads: Handles,
    local: Arc<LocalNode>,
    watched: &Watched,
) -> Result<Running, NodeError> {
    let Prepared {
        config,
        genesis,
        genesis_hash,
        key,
        votes,
        index,
        ..
    } = prepared;
    let server = |what: &'static str| move |reason: String| NodeError::Server { what, reason };
    let compute = NonZeroUsize::new(config.resources.compute_threads).unwrap_or(NonZeroUsize::MIN);
    let strategy = context.child("compute").strategy(compute);
    let admission =
        threads::admission(compute).map_err(|error| server("admission")(error.to_string()))?;
    if !votes {
        let public_key = key.public_key();
        tracing::info!(%public_key, "this node follows without voting: it reaches only operators that list this key, with its address, in their p2p.peers");
    }
    let network = network::start(&context, config, genesis, *genesis_hash, key);
    network::gather(&context, genesis.operators.len()).await;
    let (subscribers, _) = broadcast::channel(SUBSCRIBER_BACKLOG);
    let from_state = prepared.directory.joined_from_state();
    let join = from_state
        .then(|| config.join.checkpoint())
        .transpose()?
        .map(|checkpoint| Join { checkpoint });
    let pages = NonZeroUsize::new(config.resources.page_cache_mib * 256).unwrap_or(NZUsize!(1_024));
    let common = Common {
        config: config.clone(),
        key: key.clone(),
        votes: *votes,
        votes_after_ms: prepared.directory.votes_after_ms(),
        strategy,
        admission,
        page_cache: CacheRef::new(NZU16!(PAGE_BYTES), pages),
        oracle: network.oracle.clone(),
        stopped: stopped.clone(),
    };
    let (accusations, evidence) = evidence::channel();
    let hub = chain::Setup {
        genesis: genesis.clone(),
        partition: PARTITION.into(),
        journal: "local-transactions".into(),
        storage: prepared.directory.storage(),
        index: index.clone(),
        subscribers: subscribers.clone(),
        from_state,
        join,
        hub: None,
        reseeds: Arc::from([]),
        evidence: Some(accusations.clone()),
        watched: watched.clone(),
    };
    let opened = chain::open(
        &context,
        &common,
        hub,
        network.oracle.clone(),
        network.chain,
        network.gossip,
    )
    .await?;
    let chain::Opened {
        chain,
        pool,
        states,
        head: state_head,
        genesis_block,
        started_at,
    } = opened;
    let signer = prepared.accuser.clone();
    let payer = signer.map(|signer| {
        let (pool, head) = (pool.clone(), state_head.clone());
        Payer::new(pool, head, signer, genesis.chain_id)
    });
    let clerk = Clerk {
        folder: prepared.directory.evidence(),
        payer: payer.clone(),
        pool: pool.clone(),
        head: state_head.clone(),
    };
    clerk.start(&context, evidence);

    let roster = Roster::new(genesis);
    let tracker = Tracker {
        config: config.clone(),
        key: key.clone(),
        committees: chain.committees.clone(),
        states: states.clone(),
        reads: threads.reads.clone(),
        oracle: network.oracle.clone(),
        roster: roster.clone(),
        most: network::max_nodes(genesis),
    };
    threads.requests.spawn(tracker.run(subscribers.subscribe()));
    let highest = Arc::new(AtomicU64::new(started_at));
    let zones = zones::Network::new(&context, network.zones);
    tokio::spawn(watch_tip(
        chain.marshal.clone(),
        highest.clone(),
        stopped.clone(),
    ));
    let shared = Arc::new(context);
    let connected = network::Connected::default();
    connected.look(&shared);
    threads
        .requests
        .spawn(connected.clone().watch(shared.clone()));
    let loads = Loads::default();
    loads.insert(None, chain.effort.clone());
    tokio::spawn(loads.clone().keep());
    let zones_states = states.clone();
    let blocks = subscribers.subscribe();
    let info = Info {
        connected: connected.clone(),
        roster: roster.clone(),
        reads: threads.reads.clone(),
        config: config.clone(),
        me: key.public_key(),
        marshal: chain.marshal.clone(),
        states: states.clone(),
        index: index.clone(),
        started_at,
        highest,
        loads: loads.clone(),
        subscribers,
    };
    let mempool = {
        // Its tasks read the state.
        let _entered = threads.reads.enter();
        hansa_rpc::MempoolApi::new(pool.clone(), state_head)
    };
    let rpc_context = hansa_rpc::Context {
        genesis: genesis.clone(),
        genesis_block,
        index: index.clone(),
        state: Arc::new(ReadsOn {
            states,
            reads: threads.reads.clone(),
        }),
        pool: Arc::new(mempool),
        node: Arc::new(info),
    };
    if let Some(payer) = payer.clone() {
        let relayer = Relayer {
            me: key.public_key(),
            hub: index.clone(),
            served: rpc_context.clone(),
            limits: config.rpc.limits,
            payer,
            purse: None,
            reads: threads.reads.clone(),
        };
        let stop = until(stopped.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = stop => {}
                () = relayer.run() => {}
            }
        });
    }
    let taxii_settings = || taxii_config(config, genesis, *genesis_hash);
    let shown = config
        .dashboard
        .local
        .then_some(local as Arc<dyn hansa_dashboard::Local>);
    let catalog_of_dashboard = Arc::new(catalog::IndexCatalog(index.clone()));
    let dashboard = hansa_taxii::router(taxii_settings(), catalog_of_dashboard)
        .map(|taxii| Arc::new(hansa_dashboard::Dashboard::new(taxii, shown)))
        .map_err(|error| server("dashboard")(error.to_string()))?;
    let (listener, config_of_rpc) = (listeners.rpc, rpc_config(config, genesis));
    let stop = until(stopped.clone());
    let rpc = on(&threads.requests, async move {
        let mut rpc = hansa_rpc::serve(listener, config_of_rpc, rpc_context, stop)
            .await
            .map_err(|error| server("rpc")(error.to_string()))?;
        rpc.listen_with(listeners.dashboard, dashboard);
        Ok(rpc)
    });
    let rpc = rpc.await?;
    let (alive, zones_end) = mpsc::channel(1);
    let zone_metrics = metrics::ZoneMetrics::default();
    let supervisor = zones::Supervisor {
        common,
        payer,
        accusations,
        hub: (genesis.clone(), *genesis_hash),
        states: zones_states,
        index: index.clone(),
        folder: prepared.directory.zones(),
        journal: prepared.directory.journal(),
        voter: prepared.voter.clone(),
        metrics: zone_metrics.clone(),
        loads: loads.clone(),
        alive,
        network: zones,
        servers: rpc.zones(),
        threads: threads.clone(),
        connected,
        roster,
    };
    tokio::spawn(supervisor.run(blocks));
    let (listener, config_of_taxii) = (listeners.taxii, taxii_settings());
    let (catalog, stop) = (catalog::IndexCatalog(index.clone()), until(stopped.clone()));
    let taxii = on(&threads.requests, async move {
        hansa_taxii::serve_on(listener, config_of_taxii, Arc::new(catalog), stop)
            .map_err(|error| server("taxii")(error.to_string()))
    });
    let taxii = taxii.await?;
    let source = metrics::Source {
        context: shared,
        pool,
        index: index.clone(),
        zones: zone_metrics,
        loads,
    };
    threads
        .requests
        .spawn(metrics::serve(listeners.metrics, source, until(stopped)));
    tracing::info!(
        name = %config.name,
        chain_id = genesis.chain_id,
        genesis = %genesis_hash,
        height = started_at,
        rpc = %rpc.addr,
        taxii = %taxii.local_addr(),
        dashboard = %config.dashboard.listen,
        metrics = %config.metrics.listen,
        p2p = %config.p2p.listen,
        "running"
    );
    Ok(Running {
        chain,
        rpc,
        taxii,
        zones: zones_end,
    })
}

fn rpc_config(config: &Config, genesis: &Genesis) -> hansa_rpc::Config {
    let mut rpc = if genesis.development {
        hansa_rpc::Config::development()
    } else {
        hansa_rpc::Config::default()
    };
    rpc.namespaces.extend(config.rpc.namespaces.iter().cloned());
    rpc.limits = config.rpc.limits;
    rpc.allowed_hosts
        .extend(config.rpc.allowed_hosts.iter().cloned());
    rpc
}

fn taxii_config(config: &Config, genesis: &Genesis, genesis_hash: B256) -> hansa_taxii::Config {
    let config::Taxii {
        listen,
        public_url,
        anonymous,
        credentials,
        allowed_hosts,
    } = &config.taxii;
    hansa_taxii::Config {
        listen: *listen,
        title: genesis.name.clone(),
        league_identity: genesis_hash.0,
        public_url: public_url.clone(),
        allowed_hosts: allowed_hosts.iter().cloned().collect(),
        credentials: credentials
            .iter()
            .map(|credential| hansa_taxii::Credential {
                member: credential.member.clone(),
                password_hash: credential.password_hash.clone(),
            })
            .collect(),
        anonymous_clear: *anonymous,
        ..hansa_taxii::Config::default()
    }
}

/// Says so when local transactions are no longer written down.
pub(crate) async fn watch_keeper(
    keeper: commonware_runtime::Handle<Result<(), JournalError>>,
    stopped: watch::Receiver<bool>,
) {
    tokio::select! {
        biased;
        () = until(stopped) => {}
        result = keeper => {
            let reason = match result {
                Ok(Ok(())) => "it ended by itself".to_owned(),
                Ok(Err(error)) => error.to_string(),
                Err(error) => error.to_string(),
            };
            tracing::error!(%reason, "the journal of local transactions cannot be written: those that wait are lost with this process; free disk space and restart the node");
        }
    }
}

/// Keeps the highest height that is known to be final, for `eth_syncing`.
async fn watch_tip(
    marshal: hansa_engine::Marshal,
    highest: Arc<AtomicU64>,
    stopped: watch::Receiver<bool>,
) {
    let stop = until(stopped);
    tokio::pin!(stop);
    loop {
        let latest = commonware_consensus::marshal::Identifier::Latest;
        if let Some((height, _)) = marshal.get_info(latest).await {
            highest.fetch_max(height.get(), Ordering::Relaxed);
        }
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
}
