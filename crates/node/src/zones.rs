//! The zones of a league, as this node runs them.
//!
//! The register on the hub says which there are. Every node runs each of them, from the hub's block after the one that created it; it votes
//! where it has a seat. A zone's chain lies beside the hub's in the data directory, in `zones/NAME`.
//!
//! Each zone has a runtime of its own, on threads of its own: a panic in one of its tasks ends this runtime and nothing else, and its load
//! competes with that of the hub for the machine's cores only.

use crate::{
    NodeError,
    chain::{self, Common, Opened},
    head::NodePayer,
    info::Info,
    metrics::ZoneMetrics,
    network::{self, Connected},
    node::{States, caught, ended, index_config, until},
    peers::Roster,
    threads::{Handles, ReadsOn},
};
use alloy_primitives::B256;
use alloy_sol_types::SolEvent as _;
use commonware_actor::Feedback;
use commonware_cryptography::Signer as _;
use commonware_p2p::{
    BlockedSubscription, Blocker,
    authenticated::lookup::Oracle,
    utils::mux::{MuxHandle, Muxer},
};
use commonware_runtime::{
    Runner as _, Spawner as _, Supervisor as _,
    tokio::{self as runtime, Context},
};
use hansa_abi::{IZones, ZONES};
use hansa_engine::{
    Channels, Courier, Evidence, Hub, HubBlock, HubBlocks, LocalHub, Shared, ZoneBlocks,
};
use hansa_index::{FinalizedBlock, Index};
use hansa_modules::zones;
use hansa_primitives::{Fork, Genesis, Header, PublicKey, Receipt};
use hansa_state::StateProvider as _;
use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};
use tokio::sync::{broadcast, mpsc, oneshot};

/// How long to wait before a zone that ended is started again, at first; each time twice as long.
const RESTART_AFTER: Duration = Duration::from_secs(1);
/// At most so long.
const RESTART_AT_MOST: Duration = Duration::from_secs(60);
/// Async threads of a zone.
const WORKERS: usize = 2;
/// Stack of the thread that starts a zone, bytes: as the main thread's, which starts the hub.
const STACK_BYTES: usize = 8 << 20;
/// How long a zone's tasks have to end when the node stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(3);
/// How long to wait before the register is read again after that failed.
const RETRY: Duration = Duration::from_secs(1);

/// The network that zones share.
#[derive(Clone)]
pub(crate) struct Network {
    roles: Arc<tokio::sync::Mutex<Shared<network::Sender>>>,
    gossip: MuxHandle<network::Sender>,
}

type Both = (
    Channels<network::Sender, network::Receiver>,
    (network::Sender, network::Receiver),
);

impl Network {
    pub(crate) fn new(context: &Context, (roles, (sender, receiver)): Both) -> Self {
        let (muxer, gossip) = Muxer::new(context.child("zones_gossip"), sender, receiver);
        muxer.start();
        let roles = Shared::new(&context.child("zones_network"), roles);
        Self {
            roles: Arc::new(tokio::sync::Mutex::new(roles)),
            gossip,
        }
    }
}

/// Starts and restarts zones.
pub(crate) struct Supervisor {
    pub(crate) common: Common,
    /// Pays for what the node tells the hub of its zones.
    pub(crate) payer: Option<NodePayer>,
    /// Takes evidence of faults.
    pub(crate) accusations: mpsc::Sender<Evidence>,
    /// The hub's genesis, and its hash.
    pub(crate) hub: (Arc<Genesis>, B256),
    pub(crate) states: States,
    pub(crate) index: Index,
    /// Of their folders.
    pub(crate) folder: PathBuf,
    pub(crate) network: Network,
    pub(crate) metrics: ZoneMetrics,
    /// Held by each zone that runs.
    pub(crate) alive: mpsc::Sender<()>,
    pub(crate) servers: hansa_rpc::Zones,
    pub(crate) threads: Handles,
    pub(crate) connected: Connected,
    pub(crate) roster: Roster,
}

impl Supervisor {
    /// Follows the register until the hub ends.
    pub(crate) async fn run(self, mut blocks: broadcast::Receiver<Arc<FinalizedBlock>>) {
        let supervisor = Arc::new(self);
        let mut started = 0;
        loop {
            match supervisor.new_zones(started).await {
                Ok(zones) => {
                    for (id, genesis) in zones {
                        started = id;
                        tokio::spawn(supervisor.clone().keep(genesis).run());
                    }
                    // Whatever the block holds: the register is two slots.
                    let next = tokio::select! {
                        next = blocks.recv() => next,
                        () = until(supervisor.common.stopped.clone()) => return,
                    };
                    match next {
                        Ok(block) => warn_of_upgrades(&block),
                        Err(broadcast::error::RecvError::Lagged(_)) => {}
                        Err(broadcast::error::RecvError::Closed) => return,
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot read the register of zones");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// The zones after the first `started`.
    async fn new_zones(&self, started: u64) -> Result<Vec<(u64, Genesis)>, NodeError> {
        let (states, hub) = (self.states.clone(), self.hub.clone());
        let read = move || {
            let view = states.view(states.head())?;
            let mut view = view.as_ref();
            let count = zones::count(&mut view)?;
            let genesis = |id| {
                Ok(zones::genesis(&mut view, (&*hub.0, hub.1), id)?.map(|genesis| (id, genesis)))
            };
            (started + 1..=count)
                .map(genesis)
                .filter_map(Result::transpose)
                .collect::<Result<Vec<_>, hansa_state::StateError>>()
        };
        let read = self.threads.reads.spawn_blocking(read).await;
        let failed = |error: &dyn std::fmt::Display| NodeError::Failed(error.to_string());
        read.map_err(|error| failed(&error))?
            .map_err(|error| failed(&error))
    }

    const fn keep(self: Arc<Self>, genesis: Genesis) -> Zone {
        Zone {
            supervisor: self,
            genesis,
        }
    }
}

/// Tells the operator of upgrades that this version will not follow, while there is time to install another one.
fn warn_of_upgrades(block: &FinalizedBlock) {
    let logs = block.receipts.iter().flat_map(|receipt| &receipt.logs);
    for log in logs.filter(|log| log.address == ZONES) {
        let Ok(upgrade) = IZones::ZoneUpgrading::decode_log_data(&log.data) else {
            continue;
        };
        let fork = Fork::from_number(upgrade.terms.fork);
        if !fork.is_known() {
            tracing::warn!(
                zone = upgrade.zoneId,
                %fork,
                starts_at = upgrade.startsAt,
                "a zone will run by rules that this version of hansa does not know, and stop here then: install a newer version before"
            );
        }
    }
}

/// Refuses a chain whose newest block is by rules that this version does not know.
fn require_known(genesis: &Genesis, index: &Index) -> Result<(), NodeError> {
    let head = index
        .head()
        .and_then(|(number, _)| index.header(number).ok().flatten());
    let fork = head.map_or(genesis.fork, |(_, header)| header.terms.fork);
    require_fork(&genesis.name, fork)
}

fn require_fork(name: &str, fork: Fork) -> Result<(), NodeError> {
    if fork.is_known() {
        return Ok(());
    }
    Err(NodeError::Failed(format!(
        "{name} runs by {fork}, which this version of hansa does not know: install a newer one"
    )))
}

/// The hub's blocks by its index, whose every block is executed.
struct Indexed(Index);

impl HubBlocks for Indexed {
    fn newest(&self) -> Option<HubBlock> {
        let (number, _) = self.0.head()?;
        self.at(number)
    }

    fn at(&self, number: u64) -> Option<HubBlock> {
        let header = self.0.header(number).ok().flatten();
        header.map(|(_, header)| HubBlock::from(&header))
    }
}

impl ZoneBlocks for Indexed {
    fn newest(&self) -> Option<Header> {
        let (number, _) = self.0.head()?;
        self.header(number)
    }

    fn header(&self, number: u64) -> Option<Header> {
        let header = self.0.header(number).ok().flatten();
        header.map(|(_, header)| header)
    }

    fn receipts(&self, number: u64) -> Option<Arc<Vec<Receipt>>> {
        self.0.receipts(number).ok().flatten()
    }
}

/// Says what a peer did, and leaves it: blocking is for the whole network, and what is wrong on one zone must not cut off the hub.
#[derive(Clone)]
struct Lenient(Oracle<PublicKey>);

impl Blocker for Lenient {
    type PublicKey = PublicKey;

    fn block(&mut self, peer: PublicKey) -> Feedback {
        tracing::warn!(%peer, "a peer broke the protocol of a zone");
        Feedback::Ok
    }

    fn blocked(&mut self) -> BlockedSubscription<PublicKey> {
        self.0.blocked()
    }
}

/// One zone.
#[derive(Clone)]
struct Zone {
    supervisor: Arc<Supervisor>,
    genesis: Genesis,
}

impl Zone {
    /// Runs it, and runs it again when it ends.
    async fn run(self) {
        let genesis = Arc::new(self.genesis.clone());
        let name = genesis.name.clone();
        let mut pause = RESTART_AFTER;
        // Once: clients of a zone that ended may still hold it.
        let mut index = None;
        loop {
            let start = Instant::now();
            let error = match index.clone().map_or_else(|| self.open_index(&genesis), Ok) {
                Ok(opened) => {
                    index = Some(opened.clone());
                    self.on_its_own(genesis.clone(), opened).await.to_string()
                }
                Err(error) => error.to_string(),
            };
            self.supervisor.metrics.remove(&name);
            if start.elapsed() > RESTART_AT_MOST {
                pause = RESTART_AFTER;
            }
            self.supervisor.servers.close(&name);
            if *self.supervisor.common.stopped.borrow() {
                return;
            }
            tracing::error!(zone = %name, error, again_after = ?pause, "a zone ended; the hub and other zones go on");
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = until(self.supervisor.common.stopped.clone()) => return,
            }
            pause = (pause * 2).min(RESTART_AT_MOST);
        }
    }

    /// Runs it on a runtime of its own until it ends, and says why it did.
    async fn on_its_own(&self, genesis: Arc<Genesis>, index: Index) -> NodeError {
        let (zone, alive) = (self.clone(), self.supervisor.alive.clone());
        let (done, ended) = oneshot::channel();
        let run = move || {
            let outcome = caught(&format!("zone {}", genesis.name), || {
                zone.run_here(genesis, index)
            });
            drop(alive);
            let _ = done.send(outcome);
        };
        let thread = std::thread::Builder::new()
            .name("hansa-zone".into())
            .stack_size(STACK_BYTES);
        if let Err(error) = thread.spawn(run) {
            return NodeError::Failed(error.to_string());
        }
        match ended.await {
            Ok(Err(error)) => error,
            Ok(Ok(())) => NodeError::Failed("the node stops".into()),
            Err(error) => NodeError::Failed(error.to_string()),
        }
    }

    /// Runs it on this thread and those of its runtime, until it ends or the node stops.
    fn run_here(&self, genesis: Arc<Genesis>, index: Index) -> Result<(), NodeError> {
        let config = runtime::Config::default()
            .with_worker_threads(WORKERS)
            .with_storage_directory(self.supervisor.folder.join(&genesis.name).join("storage"))
            .with_catch_panics(false);
        runtime::Runner::new(config).start(|context| async move {
            let stopper = context.child("stopper");
            let stopped = until(self.supervisor.common.stopped.clone());
            let outcome = tokio::select! {
                outcome = self.once(context, genesis, index) => outcome.map(|never| match never {}),
                () = stopped => Ok(()),
            };
            // What it has started ends with the runtime; journals may want to be closed before.
            let _ = stopper.stop(0, Some(STOP_TIMEOUT)).await;
            outcome
        })
    }

    fn open_index(&self, genesis: &Genesis) -> Result<Index, NodeError> {
        // Before anything is written: the version that knows the fork may name it otherwise, and so the genesis.
        require_fork(&genesis.name, genesis.fork)?;
        let failed = |error: &dyn std::fmt::Display| NodeError::Failed(error.to_string());
        let folder = self.supervisor.folder.join(&genesis.name);
        std::fs::create_dir_all(&folder).map_err(|error| failed(&error))?;
        let hash = genesis.hash().map_err(|error| failed(&error))?;
        let config = index_config(&self.supervisor.common.config, hash);
        Ok(Index::open(folder.join("index.redb"), config)?)
    }

    /// Runs it until it ends.
    async fn once(
        &self,
        context: Context,
        genesis: Arc<Genesis>,
        index: Index,
    ) -> Result<std::convert::Infallible, NodeError> {
        let supervisor = &self.supervisor;
        let common = &supervisor.common;
        let name = genesis.name.as_str();
        let id = genesis.zone.as_ref().map_or(0, |zone| zone.id);
        let failed = |error: &dyn std::fmt::Display| NodeError::Failed(error.to_string());
        require_known(&genesis, &index)?;
        let hash = genesis.hash().map_err(|error| failed(&error))?;
        let roles = supervisor.network.roles.lock().await.open(id).await;
        let roles = roles.map_err(|error| failed(&error))?;
        let gossip = supervisor.network.gossip.clone().register(id).await;
        let gossip = gossip.map_err(|error| failed(&error))?;
        let (subscribers, _) = broadcast::channel(crate::node::SUBSCRIBER_BACKLOG);
        let setup = chain::Setup {
            genesis: genesis.clone(),
            partition: format!("zone-{id}"),
            journal: format!("zone-{id}-local-transactions"),
            index: index.clone(),
            subscribers: subscribers.clone(),
            from_state: false,
            join: None,
            hub: Some(self.hub(&context, id)),
            evidence: Some(supervisor.accusations.clone()),
        };
        let opened = chain::open(
            &context,
            common,
            setup,
            Lenient(common.oracle.clone()),
            roles,
            gossip,
        )
        .await?;
        let Opened {
            mut chain,
            pool,
            states,
            head,
            genesis_block,
            started_at,
        } = opened;
        if let Some(payer) = supervisor.payer.clone() {
            let courier = Courier {
                zone: id,
                chain_id: genesis.chain_id,
                hub_interval_ms: supervisor.hub.0.pace.min_block_interval_ms,
                me: common.key.public_key(),
                blocks: Indexed(index.clone()),
                marshal: chain.marshal.clone(),
                head: head.clone(),
                payer,
            };
            let context = context.child("courier");
            drop(context.spawn(move |context| courier.run(context)));
        }
        let threads = &supervisor.threads;
        let info = Info {
            connected: supervisor.connected.clone(),
            roster: supervisor.roster.clone(),
            reads: threads.reads.clone(),
            config: common.config.clone(),
            me: common.key.public_key(),
            marshal: chain.marshal.clone(),
            states: states.clone(),
            index: index.clone(),
            started_at,
            highest: Arc::new(AtomicU64::new(started_at)),
            subscribers,
        };
        let mempool = {
            // Its tasks read the state.
            let _entered = threads.reads.enter();
            hansa_rpc::MempoolApi::new(pool, head)
        };
        let served = hansa_rpc::Context {
            genesis: genesis.clone(),
            genesis_block,
            index,
            state: Arc::new(ReadsOn {
                states,
                reads: threads.reads.clone(),
            }),
            pool: Arc::new(mempool),
            node: Arc::new(info),
        };
        supervisor.metrics.insert(name, context);
        let opened = supervisor.servers.open(name, served);
        opened.map_err(|error| failed(&error))?;
        tracing::info!(zone = name, chain_id = genesis.chain_id, genesis = %hash, height = started_at, "zone running");
        Err(ended(&mut chain).await)
    }

    fn hub(&self, context: &Context, id: u64) -> Arc<dyn Hub> {
        let Supervisor {
            states, index, hub, ..
        } = &*self.supervisor;
        let blocks = Indexed(index.clone());
        let context = context.child("hub");
        Arc::new(LocalHub::new(id, context, states.clone(), blocks, &hub.0))
    }
}
