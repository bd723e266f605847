//! One consensus engine per epoch, and the hand-over between them.
//!
//! # Hand-over
//! The last block of an epoch is final: the engine of the next epoch starts from it, with its own journal and its own
//! subchannels; then the old one ends; only then is the block acknowledged to marshal. A crash at any point in between leaves the
//! block unacknowledged, and it is delivered again.
//!
//! The committee of the next epoch is fixed some blocks before. Marshal can be ahead of what is executed here, so entering
//! an epoch waits until the block that fixes its committee is.
//!
//! # Catching up
//! A node that missed the last block of its epoch hears from the engines of later ones, and cannot verify what it hears. It
//! asks whom it heard from for the finalization of that last block, which it can.
//!
//! # Cuts
//! An epoch that the hub has cut short is not entered any more: nobody is left to end it. A node that lacks some of its blocks goes on in the epoch behind
//! the cut, on the block that the hub knows, and takes what it lacks from its peers.

use crate::{
    Committees, Marshal, Runtime, Tuning, Witness,
    committees::Entry,
    early::{Early, Replayed},
    epocher::Epocher,
    guide,
    handover::Root,
    pacing::Turn,
};
use commonware_actor::{
    Feedback,
    mailbox::{self, Policy},
};
use commonware_codec::{Copying, DecodeExt as _};
use commonware_consensus::{
    CertifiableAutomaton, Heightable as _, Relay, Reporter, Reporters,
    marshal::Update,
    simplex::{
        self, Floor, Plan,
        config::{ForwardPolicy, SkipBudget, SkipPolicy},
        elector::RoundRobin,
        types::Activity,
    },
    types::{Epoch, Epocher as _, Height, ViewDelta},
};
use commonware_cryptography::Digested;
use commonware_macros::{select, select_loop};
use commonware_p2p::{
    Blocker, Channel, Message as Incoming, Receiver, Sender,
    utils::mux::{Builder as _, MuxHandle, Muxer, SubSender},
};
use commonware_parallel::Strategy;
use commonware_runtime::{ContextCell, Handle, buffer::paged::CacheRef, spawn_cell};
use commonware_utils::{
    Acknowledgement as _, NZDuration, NZU64, acknowledgement::Exact, channel::mpsc,
    vec::NonEmptyVec,
};
use futures::future::Either;
use hansa_modules::zones::Reseed;
use hansa_primitives::{Block, Context, Digest, Hasher, MAX_CLOCK_AHEAD_MS, PublicKey, Scheme};
use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::{Duration, SystemTime},
};

/// How often a view that is stuck is voted to be skipped again.
const TIMEOUT_RETRY: Duration = Duration::from_millis(500);
/// How long the state has to fix a committee that is due before peers are asked for it.
const ASK_AFTER: Duration = Duration::from_secs(1);
/// Views whose votes are kept behind the newest finalized one.
pub(crate) const VIEW_RETENTION: ViewDelta = ViewDelta::new(64);

/// A finalized block from marshal.
pub(crate) struct Message {
    block: Digested<Block>,
    acknowledgement: Exact,
}

impl Policy for Message {
    type Overflow = VecDeque<Self>;

    /// A block that is lost would never be acknowledged.
    fn handle(overflow: &mut VecDeque<Self>, message: Self) {
        overflow.push_back(message);
    }
}

/// Takes finalized blocks from marshal.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox(mailbox::Sender<Message>);

impl Reporter for Mailbox {
    type Activity = Update<Block>;

    fn report(&mut self, update: Update<Block>) -> Feedback {
        let Update::Block(block, acknowledgement) = update else {
            return Feedback::Ok;
        };
        self.0.enqueue(Message {
            block,
            acknowledgement,
        })
    }
}

/// What every epoch's engine is made with.
pub(crate) struct Config<E: Runtime, S, B, A> {
    pub(crate) committees: Committees<E>,
    pub(crate) marshal: Marshal,
    pub(crate) application: A,
    pub(crate) witness: Witness,
    pub(crate) guide: guide::Mailbox,
    pub(crate) blocker: B,
    pub(crate) strategy: S,
    pub(crate) epocher: Epocher,
    /// Where the hub has cut this zone's epochs.
    pub(crate) reseeds: Arc<[Reseed]>,
    pub(crate) partition: String,
    pub(crate) page_cache: CacheRef,
    pub(crate) tuning: Tuning,
    /// Leaders' turns, which each epoch sets.
    pub(crate) turn: Turn,
    /// Added to the waits of epoch 0.
    pub(crate) allocation_slack: Duration,
    /// See [`Config::votes_after_ms`](crate::Config::votes_after_ms).
    pub(crate) votes_after_ms: Option<u64>,
}

/// One epoch's consensus.
type Engine<E, S, B, A> =
    simplex::Engine<E, Scheme, RoundRobin<Hasher>, B, Digest, A, A, Reporters<A, Witness>, S>;

/// Runs the engine of the present epoch, and the next one's after it.
pub(crate) struct Epochs<E: Runtime, S, B, A> {
    context: ContextCell<E>,
    config: Config<E, S, B, A>,
    mailbox: mailbox::Receiver<Message>,
}

/// One role's subchannels, by epoch.
struct Subchannels<N: Sender> {
    open: MuxHandle<N>,
    /// Messages for epochs that this node is not in.
    others: mpsc::Receiver<(Channel, Incoming<PublicKey>)>,
    /// Of those, messages for the next epoch.
    early: Early,
}

impl<N: Sender<PublicKey = PublicKey>> Subchannels<N> {
    fn new<E: Runtime, R>(context: E, (sender, receiver): (N, R)) -> Self
    where
        R: Receiver<PublicKey = PublicKey>,
    {
        let builder = Muxer::builder(context, sender, receiver).with_backup();
        let (muxer, open, others) = builder.build();
        muxer.start();
        Self {
            open,
            others,
            early: Early::default(),
        }
    }

    /// The subchannel of an epoch, beginning with what was sent before. `None`: the chain stops.
    async fn enter(&mut self, epoch: Epoch) -> Option<(SubSender<N>, Replayed)> {
        let (sender, receiver) = self.open.register(epoch.get()).await.ok()?;
        let early = std::mem::take(&mut self.early);
        Some((sender, early.then(&mut self.others, epoch, receiver)))
    }
}

/// Subchannels of every role.
struct Muxed<N: Sender> {
    votes: Subchannels<N>,
    certificates: Subchannels<N>,
    resolver: MuxHandle<N>,
}

/// The engine that runs. Ends with this.
struct Active {
    epoch: Epoch,
    engine: Handle<()>,
}

impl Drop for Active {
    fn drop(&mut self) {
        self.engine.abort();
    }
}

impl<E, S, B, A> Epochs<E, S, B, A>
where
    E: Runtime,
    S: Strategy,
    B: Blocker<PublicKey = PublicKey>,
    A: CertifiableAutomaton<Context = Context, Digest = Digest>
        + Relay<Digest = Digest, PublicKey = PublicKey, Plan = Plan<PublicKey>>
        + Reporter<Activity = Activity<Scheme, Digest>>,
{
    pub(crate) fn new(context: E, config: Config<E, S, B, A>) -> (Self, Mailbox) {
        let (sender, mailbox) = mailbox::new(context.child("mailbox"), config.tuning.mailbox);
        let epochs = Self {
            context: ContextCell::new(context),
            config,
            mailbox,
        };
        (epochs, Mailbox(sender))
    }

    /// Starts with the epoch of the first block that is not yet processed, on top of `genesis` if that is epoch 0; with that of `floor`,
    /// where state sync begins, if that is later.
    pub(crate) fn start<N, R>(
        mut self,
        genesis: Block,
        floor: Option<Epoch>,
        channels: Roles<N, R>,
    ) -> Handle<()>
    where
        N: Sender<PublicKey = PublicKey>,
        R: Receiver<PublicKey = PublicKey>,
    {
        spawn_cell!(self.context, self.run(genesis, floor, channels))
    }

    async fn run<N, R>(mut self, genesis: Block, floor: Option<Epoch>, channels: Roles<N, R>)
    where
        N: Sender<PublicKey = PublicKey>,
        R: Receiver<PublicKey = PublicKey>,
    {
        let mut muxed = self.multiplex(channels);
        let processed = self.config.marshal.get_processed().await;
        let next = processed.map_or_else(Height::zero, |processed| processed.height().next());
        let epoch = self.containing(next).max(floor.unwrap_or_default());
        let epoch = self.beyond_cuts(epoch);
        let Some(root) = self.root(epoch, genesis).await else {
            tracing::debug!("the chain stops while it starts");
            return;
        };
        let Some(mut active) = self.enter(epoch, root, &mut muxed).await else {
            return;
        };
        let mut ask_at = self.ask_before_cut().await;
        select_loop! {
            self.context,
            on_start => {
                let asking = match ask_at {
                    Some(at) => Either::Left(self.context.sleep_until(at)),
                    None => Either::Right(std::future::pending()),
                };
            },
            on_stopped => {},
            _ = asking => ask_at = self.ask_before_cut().await,
            Some((epoch, message)) = muxed.votes.others.recv() else break => {
                self.heard_of(active.epoch, Epoch::new(epoch), message, &mut muxed.votes.early);
            },
            Some((epoch, message)) = muxed.certificates.others.recv() else break => {
                self.heard_of(active.epoch, Epoch::new(epoch), message, &mut muxed.certificates.early);
            },
            ended = &mut active.engine => match ended {
                Ok(()) => break,
                Err(error) => panic!("consensus of epoch {} stopped: {error}", active.epoch),
            },
            Some(message) = self.mailbox.recv() else break => {
                if message.block.height() == self.last(active.epoch) {
                    let next = self.beyond_cuts(self.config.epocher.next(active.epoch));
                    let root = self.reseed(next).map(Root::from);
                    let root = root.unwrap_or_else(|| Root::from(message.block.inner().header()));
                    let Some(entered) = self.enter(next, root, &mut muxed).await else { break };
                    active = entered;
                }
                message.acknowledgement.acknowledge();
            },
        }
    }

    fn containing(&self, height: Height) -> Epoch {
        let epoch = self.config.epocher.containing(height);
        // Heights that overflow are millions of years away.
        epoch.map_or_else(Epoch::zero, |info| info.epoch())
    }

    fn last(&self, epoch: Epoch) -> Height {
        let last = self.config.epocher.last(epoch);
        last.unwrap_or_else(|| Height::new(u64::MAX))
    }

    /// The block that an epoch builds on: the last one before it.
    async fn root(&mut self, epoch: Epoch, genesis: Block) -> Option<Root> {
        let first = self.config.epocher.first(epoch)?;
        let Some(before) = first.previous() else {
            return Some(Root::from(genesis.header()));
        };
        if let Some(reseed) = self.reseed(epoch) {
            return Some(Root::from(reseed));
        }
        let entry = self.config.committees.get(epoch.get());
        if let Some(root) = entry.and_then(|entry| entry.root) {
            return Some(root);
        }
        let block = self.config.marshal.get_block(before).await?;
        Some(Root::from(block.inner().header()))
    }

    /// What the hub said of the first epoch behind a cut.
    fn reseed(&self, epoch: Epoch) -> Option<&Reseed> {
        let mut reseeds = self.config.reseeds.iter();
        reseeds.find(|reseed| reseed.cut.epoch == epoch.get())
    }

    /// The epoch to be in instead of one that may have been cut.
    fn beyond_cuts(&self, mut epoch: Epoch) -> Epoch {
        while self.config.epocher.is_cut(epoch) {
            epoch = self.config.epocher.next(epoch);
        }
        epoch
    }

    /// The committee of an epoch. A node that syncs its state does not execute the block that fixes it.
    async fn committee(&mut self, epoch: Epoch) -> Arc<Entry> {
        loop {
            select! {
                entry = self.config.committees.wait(epoch.get()) => return entry,
                _ = self.context.sleep(ASK_AFTER) => {
                    if let Some(before) = self.config.epocher.previous(epoch) {
                        self.config.guide.ask(before);
                    }
                },
            }
        }
    }

    /// Asks a peer that is ahead for the finalization of the last block of our epoch, and keeps what it says of the next.
    fn heard_of(
        &self,
        ours: Epoch,
        theirs: Epoch,
        message: Incoming<PublicKey>,
        early: &mut Early,
    ) {
        if theirs > ours {
            let (last, from) = (self.last(ours), message.0.clone());
            self.config
                .marshal
                .hint_finalized(last, NonEmptyVec::new(from));
        }
        if theirs == self.beyond_cuts(self.config.epocher.next(ours)) {
            early.keep(message);
        }
    }

    /// Asks for what this node lacks of the blocks before the last cut: nobody may be left who says of himself that there is more. Gives when to ask again, if at all.
    async fn ask_before_cut(&mut self) -> Option<SystemTime> {
        let last = self.config.reseeds.last()?;
        let processed = self.config.marshal.get_processed().await;
        let processed = processed.map_or_else(Height::zero, |processed| processed.height());
        if processed.get() + 1 >= last.cut.first {
            return None;
        }
        let me = self.config.committees.public_key();
        let known = self.config.committees.known();
        let known = known.iter().flat_map(|entry| &entry.committee.seats);
        let keys: BTreeSet<_> = known.chain(&last.seats).map(|seat| seat.key).collect();
        let keys = keys
            .iter()
            .map(|key| PublicKey::decode(Copying(key.as_slice())));
        let others = keys.flatten().filter(|key| Some(key) != me.as_ref());
        if let Ok(others) = NonEmptyVec::try_from(others.collect::<Vec<_>>()) {
            let height = self.last(self.containing(processed.next()));
            self.config.marshal.hint_finalized(height, others);
        }
        Some(self.context.current() + ASK_AFTER)
    }

    fn multiplex<N, R>(&self, channels: Roles<N, R>) -> Muxed<N>
    where
        N: Sender<PublicKey = PublicKey>,
        R: Receiver<PublicKey = PublicKey>,
    {
        let context = |name| self.context.as_present().child(name);
        let (sender, receiver) = channels.resolver;
        let (muxer, resolver) = Muxer::new(context("resolver"), sender, receiver);
        muxer.start();
        Muxed {
            votes: Subchannels::new(context("votes"), channels.votes),
            certificates: Subchannels::new(context("certificates"), channels.certificates),
            resolver,
        }
    }

    /// Starts the engine of an epoch on `root`. `None`: the chain stops.
    async fn enter<N: Sender<PublicKey = PublicKey>>(
        &mut self,
        epoch: Epoch,
        root: Root,
        muxed: &mut Muxed<N>,
    ) -> Option<Active> {
        let entry = self.committee(epoch).await;
        self.config.witness.enter(epoch.get(), entry.scheme.clone());
        let votes = muxed.votes.enter(epoch).await?;
        let certificates = muxed.certificates.enter(epoch).await?;
        let resolver = muxed.resolver.register(epoch.get()).await.ok()?;
        // A journal that was lost may know votes in epochs that had begun by then, by the clock of whoever proposed their roots.
        let began = root.timestamp_ms.saturating_sub(MAX_CLOCK_AHEAD_MS);
        let silent = entry.votes && self.config.votes_after_ms.is_some_and(|lost| began <= lost);
        let scheme = if silent {
            tracing::warn!(%epoch, "this node has a seat, but votes from the next epoch on: its journal was lost");
            Arc::new(self.config.committees.verifier(&entry))
        } else {
            entry.scheme.clone()
        };
        let journal = self.journal(epoch, entry.votes && !silent);
        let engine = self.engine(epoch, root, &entry, &scheme, journal);
        let engine = engine.start(votes, certificates, resolver);
        tracing::info!(
            %epoch,
            committee = %entry.id,
            operators = entry.committee.seats.len(),
            votes = entry.votes && !silent,
            "epoch entered"
        );
        self.forget(epoch).await;
        Some(Active { epoch, engine })
    }

    fn engine(
        &self,
        epoch: Epoch,
        root: Root,
        entry: &Entry,
        scheme: &Scheme,
        journal: String,
    ) -> Engine<E, S, B, A> {
        let config = &self.config;
        let waits = config.tuning.waits(&root.terms);
        config.turn.set(waits.turn);
        // A leader that passes, or is known to be away, is skipped at once: between two heartbeats, that
        // is once for each turn, and once for each operator that is away.
        let operators = entry.committee.seats.len() as u64;
        let skips = waits.passes.saturating_add(operators).max(1);
        let application = config.application.clone();
        let context = self.context.as_present().child("simplex");
        let slack = match epoch.previous() {
            Some(_) => Duration::ZERO,
            None => config.allocation_slack,
        };
        let certification_timeout = waits.certification + slack;
        simplex::Engine::new(
            context.with_attribute("epoch", epoch),
            simplex::Config {
                scheme: scheme.clone(),
                elector: RoundRobin::<Hasher>::default(),
                blocker: config.blocker.clone(),
                automaton: application.clone(),
                relay: application.clone(),
                reporter: Reporters::from((Some(application), Some(config.witness.clone()))),
                strategy: config.strategy.clone(),
                partition: journal,
                mailbox_size: config.tuning.mailbox,
                epoch,
                floor: Floor::Genesis(hansa_primitives::digest(root.hash)),
                replay_buffer: config.tuning.write_buffer,
                write_buffer: config.tuning.write_buffer,
                page_cache: config.page_cache.clone(),
                leader_timeout: waits.leader + slack,
                certification_timeout,
                timeout_retry: TIMEOUT_RETRY,
                view_retention: VIEW_RETENTION,
                skip: SkipPolicy::Enabled {
                    timeout: certification_timeout + 2 * TIMEOUT_RETRY,
                    budget: SkipBudget::Fixed(NZU64!(skips)),
                },
                fetch_timeout: NZDuration!(config.tuning.fetch_timeout),
                fetch_retry_delay: Duration::from_millis(500),
                forward: ForwardPolicy::SilentVoters,
                // Conflicts are evidence also when the view is certified already.
                track_historical_votes: true,
            },
        )
    }

    /// The journal of an epoch. One that votes cannot be read by who does not, nor by who votes with another key.
    fn journal(&self, epoch: Epoch, votes: bool) -> String {
        let key = self.config.committees.public_key().filter(|_| votes);
        let voter = key.map_or_else(|| "silent".to_owned(), |key| key.to_string());
        format!("{}-simplex-{epoch}-{voter}", self.config.partition)
    }

    /// Removes the journals of epochs that cannot come again, not even after a crash while this node catches up.
    async fn forget(&mut self, epoch: Epoch) {
        let epocher = self.config.epocher.clone();
        let before = std::iter::successors(Some(epoch), |epoch| epocher.previous(*epoch));
        let kept = self.config.committees.kept_epochs() as usize;
        for old in before.skip(kept + 1).take(2) {
            for votes in [true, false] {
                let journal = self.journal(old, votes);
                // An error says that it is gone.
                let _ = self.context.as_present().remove(&journal, None).await;
            }
        }
    }
}

/// The channels that each epoch has to itself.
pub(crate) struct Roles<N, R> {
    pub(crate) votes: (N, R),
    pub(crate) certificates: (N, R),
    pub(crate) resolver: (N, R),
}
