//! One chain of a node: consensus, the pool with its gossip, and the newest state. The hub and every zone are one.

use crate::{
    Config, NodeError,
    feed::Feed,
    head::{self, NodeHead},
    node::{
        States, catch_up, ended, genesis_block, head, head_info, indexed, seed_index, watch_keeper,
    },
    panics::Watched,
};
use commonware_cryptography::Signer as _;
use commonware_p2p::{Blocker, Receiver, Sender, authenticated::lookup::Oracle};
use commonware_parallel::Rayon;
use commonware_runtime::{Supervisor as _, buffer::paged::CacheRef, tokio::Context};
use commonware_utils::channel::mpsc;
use hansa_engine::{Chain, Channels, Evidence, Hub, Join, Tuning};
use hansa_index::{FinalizedBlock, Index};
use hansa_mempool::{FileJournal, Gossip, GossipConfig, Keeper, Limits, Pool, Rules};
use hansa_modules::zones::Reseed;
use hansa_primitives::{Block, Genesis, PrivateKey, PublicKey};
use hansa_state::{FinalizedState, RecentDiffs};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::{broadcast, watch};

/// What the chains of a node share.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) config: Arc<Config>,
    pub(crate) key: PrivateKey,
    /// Whether the key is an operator's.
    pub(crate) votes: bool,
    pub(crate) votes_after_ms: Option<u64>,
    pub(crate) strategy: Rayon,
    /// Recovers the senders of transactions that come in.
    pub(crate) admission: Rayon,
    pub(crate) page_cache: CacheRef,
    pub(crate) oracle: Oracle<PublicKey>,
    pub(crate) stopped: watch::Receiver<bool>,
}

/// One of them.
pub(crate) struct Setup {
    pub(crate) genesis: Arc<Genesis>,
    /// Prefix of its partitions.
    pub(crate) partition: String,
    /// Partition of its local transactions.
    pub(crate) journal: String,
    /// Folder of its partitions.
    pub(crate) storage: PathBuf,
    pub(crate) index: Index,
    pub(crate) subscribers: broadcast::Sender<Arc<FinalizedBlock>>,
    /// Its first state comes, or came, from peers.
    pub(crate) from_state: bool,
    pub(crate) join: Option<Join>,
    /// Of a zone.
    pub(crate) hub: Option<Arc<dyn Hub>>,
    /// Of a zone: where its hub has cut its epochs.
    pub(crate) reseeds: Arc<[Reseed]>,
    pub(crate) evidence: Option<mpsc::Sender<Evidence>>,
    /// Is told once its databases are open.
    pub(crate) watched: Watched,
}

/// A chain that runs, and whose state is as new as its index.
pub(crate) struct Opened {
    pub(crate) chain: Chain<Context, Rayon>,
    pub(crate) pool: Pool,
    pub(crate) states: States,
    pub(crate) head: NodeHead,
    pub(crate) genesis_block: Block,
    /// Height of its index then.
    pub(crate) started_at: u64,
}

/// Starts a chain.
///
/// # Errors
/// Its genesis is not one, its index is older than its state, its pool's journal cannot be read, or it ended already.
pub(crate) async fn open<N, R, B>(
    context: &Context,
    common: &Common,
    setup: Setup,
    blocker: B,
    channels: Channels<N, R>,
    gossip_channel: (N, R),
) -> Result<Opened, NodeError>
where
    N: Sender<PublicKey = PublicKey>,
    R: Receiver<PublicKey = PublicKey>,
    B: Blocker<PublicKey = PublicKey>,
{
    let Setup {
        genesis,
        index,
        from_state,
        ..
    } = setup;
    let pool = Pool::new(
        Rules::new(genesis.chain_id),
        Limits::default(),
        head_info(&genesis, &index),
        common.admission.clone(),
    );
    let genesis_block = genesis_block(&genesis)?;
    seed_index(&genesis, &genesis_block, &index)?;
    let mut started_at = head(&index);
    // The chain moves it as soon as it runs.
    let newest = Arc::new(AtomicU64::new(0));
    let recent = RecentDiffs::default();
    let mut chain = hansa_engine::start(
        context.child("chain"),
        hansa_engine::Config {
            genesis: genesis.clone(),
            key: common.votes.then(|| common.key.clone()),
            me: common.key.public_key(),
            partition: setup.partition,
            pool: pool.clone(),
            sink: Feed {
                index: index.clone(),
                subscribers: setup.subscribers,
                gap: from_state,
            },
            peers: common.oracle.clone(),
            blocker: blocker.clone(),
            page_cache: common.page_cache.clone(),
            strategy: common.strategy.clone(),
            head: newest.clone(),
            recent: recent.clone(),
            votes_after_ms: common.votes_after_ms,
            join: setup.join,
            hub: setup.hub,
            reseeds: setup.reseeds,
            evidence: setup.evidence,
            tuning: tuning(&common.config, &genesis.name),
        },
        channels,
    )
    .await?;
    setup.watched.opened();
    // After a crash the databases can be behind the index. Consensus delivers the blocks between
    // again; until it has, nobody may take the older state for the newest.
    let processed = chain.marshal.get_processed().await;
    let applied = processed.map_or(0, |processed| processed.height().get());
    if from_state && (started_at == 0 || head(&index) < applied) {
        // Nothing can be served before the first block after the state that peers gave.
        tracing::info!(applied, "the state is here: waiting for the next block");
        tokio::select! {
            () = indexed(&index, applied.max(1)) => {}
            error = ended(&mut chain) => return Err(error),
        }
        started_at = head(&index);
        tracing::info!(height = started_at, "joined");
    }
    // A block is in the index before consensus may forget it. The chain runs: the index may have grown since.
    let indexed = head(&index);
    if applied > indexed {
        return Err(NodeError::Behind {
            index: indexed,
            state: applied,
        });
    }
    newest.fetch_max(applied, Ordering::AcqRel);
    tokio::select! {
        () = catch_up(&newest, started_at) => {}
        error = ended(&mut chain) => return Err(error),
    }
    let stored = Arc::new(index.clone());
    let states = FinalizedState::new(chain.databases.clone(), recent, stored, newest);
    let head = head::head(states.clone(), index.clone());
    let gossip = Gossip::new(
        context.child("gossip"),
        pool.clone(),
        head.clone(),
        blocker,
        GossipConfig::default(),
    );
    let failed = |error: &dyn std::fmt::Display| NodeError::Server {
        what: "pool",
        reason: error.to_string(),
    };
    pool.reset(&head, head_info(&genesis, &index))
        .await
        .map_err(|error| failed(&error))?;
    let restore = || {
        let journal = FileJournal::new(context.child("pool_journal"), setup.journal.clone());
        Keeper::init(context.child("keeper"), pool.clone(), &head, journal)
    };
    let mut keeper = restore().await;
    if let Err(error) = &keeper
        && error.is_damage()
        && let Ok(aside) = move_aside(&setup.storage.join(&setup.journal))
    {
        // They are not worth a chain that does not start.
        tracing::error!(%error, aside = %aside.display(), "the journal of local transactions is damaged and was moved away: those that were in no block yet are lost");
        keeper = restore().await;
    }
    let found = setup.storage.display();
    let keeper = keeper.map_err(|error| failed(&format!("{error}\nits folder is in {found}")))?;
    if keeper.restored() > 0 {
        tracing::info!(
            transactions = keeper.restored(),
            "local transactions restored"
        );
    }
    tokio::spawn(watch_keeper(keeper.start(), common.stopped.clone()));
    gossip.start(gossip_channel);
    Ok(Opened {
        chain,
        pool,
        states,
        head,
        genesis_block,
        started_at,
    })
}

/// A node's chains are tuned alike.
#[cfg(not(feature = "test-utils"))]
fn tuning(_: &Config, _: &str) -> Tuning {
    Tuning::default()
}

/// The same, but for a zone with a fault.
#[cfg(feature = "test-utils")]
fn tuning(config: &Config, chain: &str) -> Tuning {
    let poison = config.zones.poison.as_ref();
    let poison = poison.filter(|poison| poison.zone == chain);
    Tuning {
        poison: poison.map(|poison| poison.address),
        ..Tuning::default()
    }
}

/// Gives a folder another name, which no other has, and says which.
fn move_aside(folder: &Path) -> std::io::Result<PathBuf> {
    let names = (1u32..).map(|number| folder.with_extension(format!("damaged-{number}")));
    let free = names.into_iter().find(|name| !name.exists());
    let aside = free.ok_or(std::io::ErrorKind::AlreadyExists)?;
    fs::rename(folder, &aside)?;
    Ok(aside)
}
