//! Putting a node together, and taking it down again.

use crate::{
    Config, ConfigError, DataDirError, KeyError, catalog, config, datadir::DataDir, feed::Feed,
    head, info::Info, load_key, metrics, network,
};
use alloy_primitives::B256;
use commonware_cryptography::Signer as _;
use commonware_parallel::Rayon;
use commonware_runtime::{
    Runner as _, Spawner as _, Strategizer as _, Supervisor as _,
    buffer::paged::CacheRef,
    tokio::{self as runtime, Context},
};
use commonware_utils::{NZU16, NZUsize};
use hansa_engine::{Chain, Tuning};
use hansa_index::{Config as IndexConfig, FinalizedBlock, Index};
use hansa_mempool::{FileJournal, Gossip, GossipConfig, HeadInfo, Keeper, Limits, Pool, Rules};
use hansa_primitives::{Block, Genesis, GenesisError, PrivateKey, next_base_fee};
use hansa_state::{FinalizedState, RecentDiffs, empty_commitment};
use std::{
    net::SocketAddr,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use thiserror::Error;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::{broadcast, watch},
};

/// Finalized states of a running node.
pub(crate) type States = FinalizedState<Context, Rayon, Index>;

/// Prefix of the chain's partitions.
pub(crate) const PARTITION: &str = "hub";
/// Finalized blocks that a slow subscriber may fall behind.
const SUBSCRIBER_BACKLOG: usize = 256;
/// Bytes of a page of the page cache.
pub(crate) const PAGE_BYTES: u16 = 4_096;
/// How long tasks have to end after a stop was asked for.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a node does not start, or stopped.
#[derive(Debug, Error)]
pub enum NodeError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The operator's key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The genesis file.
    #[error("{path}: {source}\nmake one with `hansa genesis new`, or get your league's")]
    Genesis {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        source: GenesisError,
    },
    /// The index.
    #[error("{0}\nstop the node and run `hansa node reindex` to rebuild the index")]
    Index(#[from] hansa_index::IndexError),
    /// The index lacks blocks that the state has: it was lost, or put back from an older copy.
    #[error(
        "the index ends at block {index}, but the chain's state is at block {state}\nrun `hansa node reindex` with this configuration to rebuild the index"
    )]
    Behind {
        /// Newest block of the index.
        index: u64,
        /// Newest block whose state is applied.
        state: u64,
    },
    /// A port.
    #[error(
        "cannot listen on {address} ({what}): {source}\nfree the port, or set another one in the configuration ([{what}] listen)"
    )]
    Listen {
        /// For what.
        what: &'static str,
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A server could not be started.
    #[error("{what}: {reason}")]
    Server {
        /// Which.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// The chain.
    #[error(transparent)]
    Chain(#[from] hansa_engine::Start),
    /// The chain failed while it ran.
    #[error(
        "{0}\nsee the log above; the data directory is as of the last finalized block, start again"
    )]
    Failed(String),
}

/// Reads a genesis file.
///
/// # Errors
/// The file cannot be read or is not a genesis.
pub fn load_genesis(path: &Path) -> Result<Genesis, NodeError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.into(),
        source,
    })?;
    let json = path.extension().is_some_and(|ending| ending == "json");
    let genesis = if json {
        Genesis::from_json(&text)
    } else {
        Genesis::from_toml(&text)
    };
    genesis.map_err(|source| NodeError::Genesis {
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
    directory: DataDir,
    index: Index,
}

/// How this node keeps its index.
pub(crate) fn index_config(config: &Config, genesis_hash: B256) -> IndexConfig {
    let mut index = IndexConfig::new(genesis_hash);
    index.diff_blocks = config.history.state_blocks;
    index.validator = Some(catalog::validator());
    index
}

fn prepare(config: Config) -> Result<Prepared, NodeError> {
    config.validate()?;
    let genesis = load_genesis(&config.genesis)?;
    let failed = |source| NodeError::Genesis {
        path: config.genesis.clone(),
        source,
    };
    let genesis_hash = genesis.hash().map_err(failed)?;
    let (key, votes) = match &config.key {
        Some(path) => (load_key(path)?, true),
        None => (crate::generate_key().0, false),
    };
    let directory = DataDir::open(&config.data_dir, genesis_hash)?;
    let index = Index::open(directory.index(), index_config(&config, genesis_hash))?;
    Ok(Prepared {
        config: Arc::new(config),
        genesis: Arc::new(genesis),
        genesis_hash,
        key,
        votes,
        directory,
        index,
    })
}

/// Runs a node until SIGINT or SIGTERM, or until it cannot go on.
///
/// # Errors
/// See [`NodeError`]; each says what to do.
pub fn run(config: Config) -> Result<(), NodeError> {
    let prepared = prepare(config)?;
    let runner = runtime::Runner::new(
        runtime::Config::default()
            .with_worker_threads(prepared.config.resources.worker_threads)
            .with_storage_directory(prepared.directory.storage())
            .with_catch_panics(false),
    );
    runner.start(|context| supervise(context, prepared))
}

fn head_info(genesis: &Genesis, index: &Index) -> HeadInfo {
    let head = index
        .head()
        .and_then(|(number, _)| index.header(number).ok().flatten());
    let fees = &genesis.fees;
    head.filter(|(_, header)| header.number > 0).map_or(
        HeadInfo {
            number: 0,
            base_fee_next: fees.initial_base_fee,
            gas_limit: genesis.gas_limit,
            timestamp: genesis.timestamp_ms / 1_000,
        },
        |(_, header)| HeadInfo {
            number: header.number,
            base_fee_next: next_base_fee(&header, fees.base_fee_params(), fees.min_base_fee),
            gas_limit: header.gas_limit,
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
    metrics: TcpListener,
}

/// Waits until the state is as new as the index.
async fn catch_up(newest: &AtomicU64, indexed: u64) {
    while newest.load(Ordering::Acquire) < indexed {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Block 0.
pub(crate) fn genesis_block(genesis: &Genesis) -> Result<Block, NodeError> {
    let header = genesis
        .header(empty_commitment::<Context, Rayon>())
        .map_err(hansa_engine::Start::from)?;
    Ok(Block::new(header, Vec::new()))
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

async fn supervise(context: Context, prepared: Prepared) -> Result<(), NodeError> {
    let listeners = Listeners {
        rpc: listen("rpc", prepared.config.rpc.listen).await?,
        taxii: listen("taxii", prepared.config.taxii.listen).await?,
        metrics: listen("metrics", prepared.config.metrics.listen).await?,
    };
    let stopper = context.child("stopper");
    let (stop, stopped) = watch::channel(false);
    let mut chain = start(context, &prepared, listeners, stopped).await?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(signals)?;
    let outcome = tokio::select! {
        _ = interrupt.recv() => Ok("SIGINT"),
        _ = terminate.recv() => Ok("SIGTERM"),
        result = &mut chain.consensus => Err(format!("consensus stopped: {result:?}")),
        result = &mut chain.state => Err(format!("the chain's state stopped: {result:?}")),
    };
    let _ = stop.send(true);
    let _ = stopper.stop(0, Some(STOP_TIMEOUT)).await;
    match outcome {
        Ok(signal) => {
            tracing::info!(signal, "stopped");
            Ok(())
        }
        Err(reason) => Err(NodeError::Failed(reason)),
    }
}

fn signals(error: std::io::Error) -> NodeError {
    NodeError::Server {
        what: "signals",
        reason: error.to_string(),
    }
}

/// Waits for the stop signal.
async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone: stopping as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn start(
    context: Context,
    prepared: &Prepared,
    listeners: Listeners,
    stopped: watch::Receiver<bool>,
) -> Result<Chain<Context, Rayon>, NodeError> {
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
    let threads = NonZeroUsize::new(config.resources.compute_threads).unwrap_or(NonZeroUsize::MIN);
    let strategy = context.child("compute").strategy(threads);
    let pool = Pool::new(
        Rules {
            min_base_fee: genesis.fees.min_base_fee,
            ..Rules::new(genesis.chain_id)
        },
        Limits::default(),
        head_info(genesis, index),
        strategy.clone(),
    );
    let network =
        network::start(&context, config, genesis, *genesis_hash, key).map_err(server("p2p"))?;
    network::gather(&context, genesis.operators.len()).await;
    let (subscribers, _) = broadcast::channel(SUBSCRIBER_BACKLOG);
    let genesis_block = genesis_block(genesis)?;
    seed_index(genesis, &genesis_block, index)?;
    let started_at = index.head().map_or(0, |(number, _)| number);
    let newest = Arc::new(AtomicU64::new(started_at));
    let recent = RecentDiffs::default();
    let pages = NonZeroUsize::new(config.resources.page_cache_mib * 256).unwrap_or(NZUsize!(1_024));
    let chain = hansa_engine::start(
        context.child("chain"),
        hansa_engine::Config {
            genesis: genesis.clone(),
            key: votes.then(|| key.clone()),
            me: key.public_key(),
            partition: PARTITION.into(),
            pool: pool.clone(),
            sink: Feed {
                index: index.clone(),
                subscribers: subscribers.clone(),
            },
            peers: network.oracle.clone(),
            blocker: network.oracle.clone(),
            page_cache: CacheRef::new(NZU16!(PAGE_BYTES), pages),
            strategy,
            head: newest.clone(),
            recent: recent.clone(),
            tuning: Tuning::default(),
        },
        network.chain,
    )
    .await?;
    // After a crash the databases can be behind the index. Consensus delivers the blocks between
    // again; until it has, nobody may take the older state for the newest.
    let processed = chain.marshal.get_processed().await;
    let applied = processed.map_or(0, |processed| processed.height().get());
    // A block is in the index before consensus may forget it.
    if applied > started_at {
        return Err(NodeError::Behind {
            index: started_at,
            state: applied,
        });
    }
    newest.store(applied, Ordering::Release);
    catch_up(&newest, started_at).await;
    let states = FinalizedState::new(
        chain.databases.clone(),
        recent,
        Arc::new(index.clone()),
        newest,
    );
    let state_head = head::head(states.clone(), index.clone());
    let gossip = Gossip::new(
        context.child("gossip"),
        pool.clone(),
        state_head.clone(),
        network.oracle.clone(),
        GossipConfig::default(),
    );
    let failed = |error: &dyn std::fmt::Display| server("pool")(error.to_string());
    pool.reset(&state_head, head_info(genesis, index))
        .await
        .map_err(|error| failed(&error))?;
    let journal = FileJournal::new(context.child("pool_journal"), "local-transactions");
    let keeper = Keeper::init(context.child("keeper"), pool.clone(), &state_head, journal)
        .await
        .map_err(|error| failed(&error))?;
    if keeper.restored() > 0 {
        tracing::info!(
            transactions = keeper.restored(),
            "local transactions restored"
        );
    }
    keeper.start();
    gossip.start(network.gossip);

    let highest = Arc::new(AtomicU64::new(started_at));
    tokio::spawn(watch_tip(
        chain.marshal.clone(),
        highest.clone(),
        stopped.clone(),
    ));
    let shared = Arc::new(context);
    let info = Info {
        context: shared.clone(),
        config: config.clone(),
        genesis: genesis.clone(),
        me: key.public_key(),
        marshal: chain.marshal.clone(),
        states: states.clone(),
        index: index.clone(),
        started_at,
        highest,
        subscribers,
    };
    let mut rpc = if genesis.development {
        hansa_rpc::Config::development()
    } else {
        hansa_rpc::Config::default()
    };
    rpc.namespaces.extend(config.rpc.namespaces.iter().cloned());
    rpc.limits = config.rpc.limits;
    rpc.allowed_hosts
        .extend(config.rpc.allowed_hosts.iter().cloned());
    let rpc_context = hansa_rpc::Context {
        genesis: genesis.clone(),
        genesis_block,
        index: index.clone(),
        state: Arc::new(states),
        pool: Arc::new(hansa_rpc::MempoolApi::new(pool.clone(), state_head)),
        node: Arc::new(info),
    };
    let rpc = hansa_rpc::serve(listeners.rpc, rpc, rpc_context, until(stopped.clone()))
        .await
        .map_err(|error| server("rpc")(error.to_string()))?;
    let taxii = hansa_taxii::serve_on(
        listeners.taxii,
        taxii_config(config, genesis, *genesis_hash),
        Arc::new(catalog::IndexCatalog(index.clone())),
        until(stopped.clone()),
    )
    .map_err(|error| server("taxii")(error.to_string()))?;
    let metrics_address = config.metrics.listen;
    let source = metrics::Source {
        context: shared,
        pool,
        index: index.clone(),
    };
    tokio::spawn(metrics::serve(listeners.metrics, source, until(stopped)));
    tracing::info!(
        name = %config.name,
        chain_id = genesis.chain_id,
        genesis = %genesis_hash,
        height = started_at,
        rpc = %rpc.addr,
        taxii = %taxii.local_addr(),
        metrics = %metrics_address,
        p2p = %config.p2p.listen,
        "running"
    );
    Ok(chain)
}

fn taxii_config(config: &Config, genesis: &Genesis, genesis_hash: B256) -> hansa_taxii::Config {
    let config::Taxii {
        listen,
        anonymous,
        credentials,
        allowed_hosts,
    } = &config.taxii;
    hansa_taxii::Config {
        listen: *listen,
        title: genesis.name.clone(),
        league_identity: genesis_hash.0,
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
