//! The zones of a league, as this node runs them.
//!
//! The register on the hub says which there are, and who has a seat where. A node runs those in whose committee its operator is, from the hub's epoch
//! before on, and those that it follows ([`config::Zones`](crate::config::Zones)). It stops a zone once neither the hub nor the zone itself has a seat for it. A zone's chain lies beside
//! the hub's in the data directory, in `zones/NAME`, also afterwards.
//!
//! Each zone has a runtime of its own, on threads of its own: a panic in one of its tasks ends this runtime and nothing else, and its load
//! competes with that of the hub for the machine's cores only.

use crate::{
    JoinFrom, NodeError,
    chain::{self, Common, Opened},
    checkpoints::{self, Recorded, Verdict},
    datadir::storage_of,
    forks::{require_fork, require_known, warn_of_upgrades},
    head::NodePayer,
    indexed::Indexed,
    info::Info,
    journal,
    metrics::ZoneMetrics,
    network::{self, Connected},
    node::{States, ended, index_config, until},
    panics::Watched,
    peers::Roster,
    relayer::Relayer,
    runtimes::{Loads, Marked},
    threads::{Handles, ReadsOn},
    voter::Voter,
};
use alloy_primitives::B256;
use commonware_cryptography::Signer as _;
use commonware_p2p::utils::mux::{MuxHandle, Muxer};
use commonware_runtime::{
    Runner as _, Spawner as _, Supervisor as _,
    tokio::{self as runtime, Context},
};
use hansa_engine::{Channels, Committees, Courier, Evidence, Hub, Join, LocalHub, Shared};
use hansa_index::{FinalizedBlock, Index, IndexError};
use hansa_modules::{
    staking::{self, Calendar, Committee},
    zones::{self, Reseed},
};
use hansa_primitives::{Genesis, genesis_timestamp_ms as now_ms};
use hansa_state::{StateError, StateProvider as _};
use std::{
    convert::Infallible,
    path::PathBuf,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// How long to wait before a zone that ended is started again, at first; each time twice as long.
const RESTART_AFTER: Duration = Duration::from_secs(1);
/// At most so long.
const RESTART_AT_MOST: Duration = Duration::from_secs(60);
/// Async threads of a zone.
const WORKERS: usize = 2;
/// Stack of the thread that starts a zone, bytes: as the main thread's, which starts the hub.
const STACK_BYTES: usize = 8 << 20;
/// In the folder of a zone whose first state came from its peers, and which lacks older blocks.
const FROM_STATE: &str = "from-state";
/// How long a zone's tasks have to end when the node stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(3);
/// How long to wait before the register is read again after that failed, or a zone is asked again whether this node may leave.
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
    /// The id of the hub's consensus journal, which names theirs as well.
    pub(crate) journal: B256,
    /// What the operator's key votes on; nothing, if the node has none.
    pub(crate) voter: Option<Arc<Voter>>,
    pub(crate) network: Network,
    pub(crate) metrics: ZoneMetrics,
    pub(crate) loads: Loads,
    /// Held by each zone that runs.
    pub(crate) alive: mpsc::Sender<()>,
    pub(crate) servers: hansa_rpc::Zones,
    pub(crate) threads: Handles,
    pub(crate) connected: Connected,
    pub(crate) roster: Roster,
}

/// How far the register was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    /// How many zones there are.
    zones: u64,
    /// The hub's epoch.
    epoch: u64,
    /// The newest epoch whose committee is fixed.
    fixed: u64,
    /// How often any zone was reseeded.
    reseedings: u64,
}

/// What is new in it: zones, and for all of them, in order of their ids, the newest epoch of the hub in which this node's operator has a seat there, of those
/// that were not looked at before, and, if that has changed, where their epochs were cut.
struct News {
    seen: Seen,
    zones: Vec<Genesis>,
    seats: Vec<Option<u64>>,
    reseeds: Vec<Vec<Reseed>>,
}

/// A zone as the supervisor has it.
struct Kept {
    /// The newest epoch of the hub in which the operator has a seat.
    seat: Option<u64>,
    seated: watch::Sender<bool>,
    reseeds: watch::Sender<Vec<Reseed>>,
}

impl Supervisor {
    /// Follows the register until the hub ends.
    pub(crate) async fn run(self, mut blocks: broadcast::Receiver<Arc<FinalizedBlock>>) {
        let supervisor = Arc::new(self);
        let mut seen = Seen::default();
        let mut kept: Vec<Kept> = Vec::new();
        loop {
            match supervisor.look(seen).await {
                Ok(news) => {
                    if let Some(news) = news {
                        seen = news.seen;
                        for genesis in news.zones {
                            let (seated, is_seated) = watch::channel(false);
                            let known = news.reseeds.get(kept.len()).cloned();
                            let (reseeds, cuts) = watch::channel(known.unwrap_or_default());
                            kept.push(Kept {
                                seat: None,
                                seated,
                                reseeds,
                            });
                            let zone = supervisor.clone().keep(genesis, is_seated, cuts);
                            tokio::spawn(zone.run());
                        }
                        for (zone, reseeds) in kept.iter().zip(news.reseeds) {
                            zone.reseeds.send_if_modified(|known| {
                                let is_new = *known != reseeds;
                                *known = reseeds;
                                is_new
                            });
                        }
                        let lives = supervisor.hub.0.staking.certificate_epochs;
                        for (zone, newest) in kept.iter_mut().zip(news.seats) {
                            zone.seat = zone.seat.max(newest);
                            // A zone that lags may yet take a committee that the hub has replaced, as long as its certificates count.
                            let counts = |seat| seat + lives >= seen.epoch;
                            zone.seated.send_replace(zone.seat.is_some_and(counts));
                        }
                    }
                    // Whatever the block holds: seeing that nothing is new takes a few slots.
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

    /// What is new since `before`.
    async fn look(self: &Arc<Self>, before: Seen) -> Result<Option<News>, NodeError> {
        let this = self.clone();
        let read = self.threads.reads.spawn_blocking(move || this.read(before));
        let failed = |error: &dyn std::fmt::Display| NodeError::Failed(error.to_string());
        read.await
            .map_err(|error| failed(&error))?
            .map_err(|error| failed(&error))
    }

    fn read(&self, before: Seen) -> Result<Option<News>, hansa_state::StateError> {
        let (hub, hash) = (&*self.hub.0, self.hub.1);
        let head = self.states.head();
        let view = self.states.view(head)?;
        let mut view = view.as_ref();
        let calendar = Calendar {
            epoch_blocks: hub.staking.epoch_blocks,
            freeze_blocks: hub.staking.freeze_blocks,
        };
        let seen = Seen {
            zones: zones::count(&mut view)?,
            epoch: calendar.epoch_of(head),
            fixed: staking::newest_epoch(&mut view)?,
            reseedings: zones::reseedings(&mut view)?,
        };
        if seen == before {
            return Ok(None);
        }
        let mut news = News {
            seen,
            zones: Vec::new(),
            seats: Vec::new(),
            reseeds: Vec::new(),
        };
        for id in before.zones + 1..=seen.zones {
            news.zones
                .extend(zones::genesis(&mut view, (hub, hash), id)?);
        }
        let me = self.common.votes.then(|| self.common.key.public_key());
        let is_there = |committee: Option<Committee>| {
            let seats = committee.map_or_else(Vec::new, |committee| committee.seats);
            let mut keys = seats.iter().map(|seat| seat.key);
            me.as_ref()
                .is_some_and(|me| keys.any(|key| key.as_slice() == me.as_ref()))
        };
        let oldest = seen.epoch.saturating_sub(hub.staking.certificate_epochs);
        for id in 1..=seen.zones {
            // Those before the last are known, but of a new zone, or when the node has just started.
            let known = id <= before.zones && before != Seen::default();
            let first = if known { before.fixed } else { oldest };
            let mut newest = None;
            for epoch in first..=seen.fixed {
                if is_there(zones::committee(&mut view, id, epoch)?) {
                    newest = Some(epoch);
                }
            }
            // A rule that was announced: who will have a seat begins to take the zone's blocks.
            if is_there(zones::prospective_committee(&mut view, id, seen.fixed)?) {
                newest = Some(seen.fixed);
            }
            news.seats.push(newest);
            if seen.reseedings != before.reseedings || before == Seen::default() {
                news.reseeds.push(zones::reseeds(&mut view, id)?);
            }
        }
        Ok(Some(news))
    }

    fn keep(
        self: Arc<Self>,
        genesis: Genesis,
        seated: watch::Receiver<bool>,
        reseeds: watch::Receiver<Vec<Reseed>>,
    ) -> Zone {
        Zone {
            follows: self.common.config.zones.follows(&genesis.name),
            supervisor: self,
            genesis,
            seated,
            reseeds,
        }
    }
}

/// One zone.
#[derive(Clone)]
struct Zone {
    supervisor: Arc<Supervisor>,
    genesis: Genesis,
    /// It runs whether this node's operator has a seat or not.
    follows: bool,
    /// Whether it has one, by the hub.
    seated: watch::Receiver<bool>,
    /// Where the hub has cut its epochs.
    reseeds: watch::Receiver<Vec<Reseed>>,
}

/// What one run of it begins with.
struct Begun {
    index: Index,
    /// See [`journal::settle`].
    votes_after_ms: Option<u64>,
    watched: Watched,
}

/// Why a zone stops that nothing is wrong with.
enum Stopped {
    /// The node stops.
    Node,
    /// The operator has no seat there any more.
    Left,
    /// The hub has reseeded it: it starts again by another timetable.
    Reseeded,
}

impl Zone {
    /// Its folder.
    fn folder(&self) -> PathBuf {
        self.supervisor.folder.join(&self.genesis.name)
    }

    /// Whether this node is one of those that begin its chain.
    fn begins(&self) -> bool {
        let common = &self.supervisor.common;
        let me = common.key.public_key();
        let first = self.genesis.zone.as_ref().map(|zone| &zone.committee);
        let mut first = first.into_iter().flatten();
        common.votes && first.any(|seat| seat.key.as_slice() == me.as_ref())
    }

    /// Whether this node has its chain, or is one of those that begin it.
    fn is_begun(&self) -> bool {
        self.folder().exists() || self.begins()
    }

    /// Returns when the hub has a seat there for this node's operator, or has none. Never, once the hub has ended.
    async fn until_seated(&self, is_seated: bool) {
        let mut seated = self.seated.clone();
        if seated
            .wait_for(|seated| *seated == is_seated)
            .await
            .is_err()
        {
            std::future::pending::<()>().await;
        }
    }

    /// Returns when neither the hub nor the zone has a seat for this node's operator, and it does not follow the zone.
    async fn until_left(&self, committees: &Committees<Context>) {
        loop {
            if self.follows {
                std::future::pending::<()>().await;
            }
            self.until_seated(false).await;
            let mut known = committees.known().into_iter();
            if !known.any(|entry| entry.votes) {
                return;
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Runs it when this node is to, and runs it again when it ends.
    async fn run(self) {
        let genesis = Arc::new(self.genesis.clone());
        let name = genesis.name.clone();
        let mut pause = RESTART_AFTER;
        // Kept while nothing fails: clients may still read it.
        let mut index = None;
        // What was begun here may need this node, whatever the hub says by now: only the zone itself knows.
        let mut may_wait = !self.follows && !self.is_begun();
        loop {
            if may_wait {
                tokio::select! {
                    () = self.until_seated(true) => {}
                    () = until(self.supervisor.common.stopped.clone()) => return,
                }
            }
            may_wait = false;
            self.supervisor.servers.close(&name);
            let start = Instant::now();
            let outcome = match self.prepare(&genesis, index.clone()) {
                Ok(begun) => {
                    index = Some(begun.index.clone());
                    self.on_its_own(genesis.clone(), begun).await
                }
                Err(error) => Err(error),
            };
            let metrics = &self.supervisor.metrics;
            metrics.ended(&name, outcome.is_err());
            self.supervisor.loads.remove(&name);
            if start.elapsed() > RESTART_AT_MOST {
                pause = RESTART_AFTER;
            }
            self.supervisor.servers.close(&name);
            if *self.supervisor.common.stopped.borrow() {
                return;
            }
            let error = match outcome {
                Ok(Stopped::Node) => return,
                Ok(Stopped::Left) => {
                    self.supervisor.servers.forget(&name);
                    metrics.forget(&name);
                    (index, may_wait) = (None, true);
                    tracing::info!(zone = %name, "this operator has no seat in the zone any more: it is stopped here");
                    continue;
                }
                Ok(Stopped::Reseeded) => {
                    tracing::info!(zone = %name, "the league has reseeded the zone: it starts again here, from the last block that the hub knows");
                    continue;
                }
                Err(error) => error.to_string(),
            };
            // Once it could not write, it refuses everything until it is opened again.
            index = None;
            tracing::error!(zone = %name, error, again_after = ?pause, "a zone ended; the hub and other zones go on");
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = until(self.supervisor.common.stopped.clone()) => return,
            }
            pause = (pause * 2).min(RESTART_AT_MOST);
        }
    }

    /// Runs it on a runtime of its own until it ends, and says why it did.
    async fn on_its_own(&self, genesis: Arc<Genesis>, begun: Begun) -> Result<Stopped, NodeError> {
        let (zone, alive) = (self.clone(), self.supervisor.alive.clone());
        let (done, ended) = oneshot::channel();
        let run = move || {
            let watched = begun.watched.clone();
            let outcome = watched.caught(|| zone.run_here(genesis, begun));
            drop(alive);
            let _ = done.send(outcome);
        };
        let thread = std::thread::Builder::new()
            .name("hansa-zone".into())
            .stack_size(STACK_BYTES);
        if let Err(error) = thread.spawn(run) {
            return Err(NodeError::Failed(error.to_string()));
        }
        ended
            .await
            .unwrap_or_else(|error| Err(NodeError::Failed(error.to_string())))
    }

    /// Runs it on this thread and those of its runtime, until it ends or the node stops.
    fn run_here(&self, genesis: Arc<Genesis>, begun: Begun) -> Result<Stopped, NodeError> {
        let config = runtime::Config::default()
            .with_worker_threads(WORKERS)
            .with_storage_directory(storage_of(&self.folder()))
            .with_catch_panics(false);
        runtime::Runner::new(config).start(|context| async move {
            let _marked = Marked::here(&genesis.name);
            let stopper = context.child("stopper");
            let stopped = until(self.supervisor.common.stopped.clone());
            let compared = self.compare(begun.index.clone());
            let outcome = tokio::select! {
                outcome = self.once(context, genesis, begun) => outcome,
                () = stopped => Ok(Stopped::Node),
                never = compared => match never {},
            };
            // What it has started ends with the runtime; journals may want to be closed before.
            let _ = stopper.stop(0, Some(STOP_TIMEOUT)).await;
            outcome
        })
    }

    /// Makes its folder, and opens its index if that is not open yet.
    fn prepare(&self, genesis: &Genesis, index: Option<Index>) -> Result<Begun, NodeError> {
        // Before anything is written: the version that knows the fork may name it otherwise, and so the genesis.
        require_fork(&genesis.name, genesis.fork)?;
        let failed = |error: &dyn std::fmt::Display| NodeError::Failed(error.to_string());
        let folder = self.folder();
        let is_new = !folder.join("index.redb").exists();
        let hash = genesis.hash().map_err(|error| failed(&error))?;
        let (id, voter) = (self.supervisor.journal, self.supervisor.voter.as_ref());
        let has_voted = voter.is_some_and(|voter| voter.has_voted(hash));
        // The index comes after it: where there is one, there was a journal.
        let storage = storage_of(&folder);
        let votes_after_ms = journal::settle(&storage, id, (!is_new, has_voted), now_ms())
            .map_err(|error| failed(&error))?;
        if let Some(voter) = voter {
            // After that: who is recorded to have voted must find the journal.
            voter.votes_on(hash, id).map_err(|error| failed(&error))?;
        }
        let begun = |index| Begun {
            index,
            votes_after_ms,
            watched: Watched::new(Some(&genesis.name), folder.clone()),
        };
        if let Some(index) = index {
            return Ok(begun(index));
        }
        if is_new && !self.begins() && self.supervisor.common.config.join.from == JoinFrom::State {
            std::fs::write(folder.join(FROM_STATE), "").map_err(|error| failed(&error))?;
        }
        let config = index_config(&self.supervisor.common.config, hash);
        match Index::open(folder.join("index.redb"), config) {
            // This process alone may have the data directory.
            Err(IndexError::Busy { .. }) => {
                Err(failed(&"clients still read the index of its last run"))
            }
            opened => Ok(begun(opened?)),
        }
    }

    /// Runs it until it ends, or this node leaves it.
    async fn once(
        &self,
        context: Context,
        genesis: Arc<Genesis>,
        begun: Begun,
    ) -> Result<Stopped, NodeError> {
        let Begun {
            index,
            votes_after_ms,
            watched,
        } = begun;
        let mut reseeds = self.reseeds.clone();
        let known = reseeds.borrow_and_update().clone();
        let supervisor = &self.supervisor;
        let mut common = supervisor.common.clone();
        common.votes_after_ms = common.votes_after_ms.max(votes_after_ms);
        let common = &common;
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
        // Who goes on behind a cut must not wait for others who do: nobody may be left to vote meanwhile.
        let me = common.key.public_key();
        let goes_on = known.last().is_some_and(|last: &Reseed| {
            let mut keys = last.seats.iter().map(|seat| seat.key);
            common.votes && keys.any(|key| key.as_slice() == me.as_ref())
        });
        let has_blocks = index.head().is_some_and(|(number, _)| number > 0);
        let from_state = self.folder().join(FROM_STATE).exists() && (has_blocks || !goes_on);
        let setup = chain::Setup {
            genesis: genesis.clone(),
            partition: format!("zone-{id}"),
            journal: format!("zone-{id}-local-transactions"),
            storage: storage_of(&self.folder()),
            index: index.clone(),
            subscribers: subscribers.clone(),
            from_state,
            join: from_state.then(Join::default),
            hub: Some(self.hub(&context, id)),
            reseeds: known.into(),
            evidence: Some(supervisor.accusations.clone()),
            watched,
        };
        let reseeded = async {
            if reseeds.changed().await.is_err() {
                // The hub has ended, and so will this.
                std::future::pending::<()>().await;
            }
        };
        let mut reseeded = std::pin::pin!(reseeded);
        let opened = chain::open(
            &context,
            common,
            setup,
            network::Lenient(common.oracle.clone()),
            roles,
            gossip,
        );
        // One that joins waits for its peers, and may wait for what comes only by another timetable, or never.
        let left = async {
            if self.follows || !from_state {
                std::future::pending::<()>().await;
            }
            self.until_seated(false).await;
        };
        let opened = tokio::select! {
            opened = opened => opened?,
            () = &mut reseeded => return Ok(Stopped::Reseeded),
            () = left => return Ok(Stopped::Left),
        };
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
                hub: supervisor.hub.0.clone(),
                me: common.key.public_key(),
                blocks: Indexed(index.clone()),
                marshal: chain.marshal.clone(),
                head: head.clone(),
                payer,
            };
            let context = context.child("courier");
            drop(context.spawn(move |context| courier.run(context)));
        }
        let payer = supervisor.payer.as_ref();
        let payer = payer.map(|payer| payer.on(pool.clone(), head.clone(), genesis.chain_id));
        let threads = &supervisor.threads;
        let own = index.clone();
        let over = pool.clone();
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
            loads: supervisor.loads.clone(),
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
        // Whoever asks a node that catches up would be told old balances.
        tokio::select! {
            () = self.until_caught_up(id, &own) => {}
            () = &mut reseeded => return Ok(Stopped::Reseeded),
            error = ended(&mut chain) => return Err(error),
        }
        if let Some(payer) = payer {
            let relayer = Relayer {
                me: common.key.public_key(),
                hub: supervisor.index.clone(),
                served: served.clone(),
                limits: common.config.rpc.limits,
                payer,
                purse: supervisor.payer.clone(),
                reads: threads.reads.clone(),
            };
            let context = context.child("relayer");
            drop(context.spawn(move |_| relayer.run()));
        }
        supervisor.metrics.runs(name, context);
        supervisor.loads.insert(Some(name), chain.effort.clone());
        let opened = supervisor.servers.open(name, served);
        opened.map_err(|error| failed(&error))?;
        tracing::info!(zone = name, chain_id = genesis.chain_id, genesis = %hash, height = started_at, "zone running");
        let committees = chain.committees.clone();
        // After its last block it is served on.
        let close = async {
            self.until_over(id, &own).await;
            tracing::info!(zone = name, "zone ended: no block follows its last one");
            over.close();
            std::future::pending().await
        };
        tokio::select! {
            error = ended(&mut chain) => Err(error),
            () = self.until_left(&committees) => Ok(Stopped::Left),
            () = reseeded => Ok(Stopped::Reseeded),
            () = close => Ok(Stopped::Left),
        }
    }

    /// Returns when this node has the zone's last block, or the zone has settled without it.
    async fn until_over(&self, id: u64, index: &Index) {
        loop {
            let (states, hub) = (
                self.supervisor.states.clone(),
                self.supervisor.index.clone(),
            );
            let read = move || {
                let view = states.view(states.head())?;
                let time = hub.head().and_then(|(number, _)| hub.header(number).ok()?);
                let now = time.map_or(0, |(_, header)| header.timestamp());
                let stopped = zones::stopped_at(&mut view.as_ref(), id)?;
                Ok::<_, StateError>((stopped, zones::has_settled(&mut view.as_ref(), id, now)?))
            };
            let told = self.supervisor.threads.reads.spawn_blocking(read).await;
            let head = index
                .head()
                .and_then(|(number, _)| index.header(number).ok()?);
            let names = head.map_or(0, |(_, header)| header.hub.number);
            if let Ok(Ok((stopped, settled))) = told
                && stopped != 0
                && (settled || names >= stopped)
            {
                return;
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Returns when this node has the zone's newest block that its hub knows of.
    async fn until_caught_up(&self, id: u64, index: &Index) {
        loop {
            let head = index.head().map_or(0, |(number, _)| number);
            if let Some((known, _)) = self.checkpoint(id).await
                && head >= known
            {
                return;
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// The zone's newest block that this node's hub knows of; number 0 if there is none. `None` while that cannot be read.
    async fn checkpoint(&self, id: u64) -> Option<Recorded> {
        let states = self.supervisor.states.clone();
        let read = move || {
            let view = states.view(states.head())?;
            let known = zones::checkpoint(&mut view.as_ref(), id)?;
            Ok::<_, StateError>((known.number, known.blockHash))
        };
        let read = self.supervisor.threads.reads.spawn_blocking(read).await;
        read.ok()?.ok()
    }

    /// Says of each checkpoint whether this node has that block, or another one.
    async fn compare(&self, index: Index) -> Infallible {
        let id = self.genesis.zone.as_ref().map_or(0, |zone| zone.id);
        let own = |number| index.header(number).ok().flatten().map(|(hash, _)| hash);
        let tell = |verdict: Verdict| {
            let (name, supervisor) = (&self.genesis.name, &self.supervisor);
            if let Some(found) = verdict {
                supervisor.metrics.contradicted(name);
                tracing::error!(zone = %name, number = found.number, own = %found.own, recorded = %found.recorded, "the hub has a checkpoint of another block than this node: believe neither before the zone's operators have compared their blocks");
            }
            supervisor.servers.contradict(name, verdict);
        };
        checkpoints::compare(async || self.checkpoint(id).await, own, tell).await
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
