//! The hub, as the zones of the same node see it, and what their blocks take from it.
//!
//! A zone's block names a final block of the hub. What it takes follows from that name and from its parent alone, so every
//! validator finds the same by its own hub, whenever it looks: the hub's feeds only grow, and say when each entry came.
//! A hub that is behind makes a validator wait. The rules that bound this wait need no hub.

use crate::{Runtime, head::Gathered};
use alloy_primitives::{B256, U256};
use commonware_parallel::Strategy;
use futures::{FutureExt as _, future::BoxFuture};
use hansa_evm::ChainRules;
use hansa_modules::{
    guard::feed,
    messages,
    staking::{Calendar, Committee},
    zones::{self, Reseed},
};
use hansa_primitives::{
    Arrival, DirectiveChange, Genesis, HUB_STEP_SLACK, Header, HubPoint, Inputs,
    MAX_ARRIVAL_INPUTS, MAX_DIRECTIVE_INPUTS, MAX_HUB_AGE_MS, MAX_HUB_STEP, Seat, Terms,
};
use hansa_state::{FinalizedState, PreImages, StateError};
use parking_lot::Mutex;
use std::{convert::Infallible, time::Duration};
use thiserror::Error;

/// How often a zone that waits for its hub looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// How often an idle zone looks whether its hub has a new block.
const LOOK_FOR_NEWS: Duration = Duration::from_millis(20);

/// How long a block waits that only brings the end of an epoch nearer.
const HURRY: Duration = Duration::from_millis(250);

/// A final block of the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HubBlock {
    /// Height.
    pub number: u64,
    /// Block hash.
    pub hash: B256,
    /// Milliseconds since the Unix epoch.
    pub timestamp_ms: u64,
}

impl From<&Header> for HubBlock {
    fn from(header: &Header) -> Self {
        Self {
            number: header.number,
            hash: header.hash(),
            timestamp_ms: header.timestamp_ms,
        }
    }
}

/// What a zone asks its node's hub.
pub trait Hub: Send + Sync + 'static {
    /// The newest block that is final and executed here.
    fn newest(&self) -> BoxFuture<'_, HubBlock>;

    /// The block of a height, as soon as it is final and executed here.
    fn block(&self, number: u64) -> BoxFuture<'_, HubBlock>;

    /// Changes of directives from the `from`-th on, at most `most`, that were made up to block `number`, which is executed here.
    ///
    /// # Errors
    /// The hub's database failed, or the node is stopping.
    fn directives(
        &self,
        from: u64,
        number: u64,
        most: usize,
    ) -> BoxFuture<'_, Result<Vec<DirectiveChange>, StateError>>;

    /// Arrivals to the zone from the `from`-th on, likewise.
    ///
    /// # Errors
    /// As [`Hub::directives`].
    fn arrivals(
        &self,
        from: u64,
        number: u64,
        most: usize,
    ) -> BoxFuture<'_, Result<Vec<Arrival>, StateError>>;

    /// The zone's upgrade `index` (from 0) if it is due at a time, seconds since 1970, that a block executed here has.
    ///
    /// # Errors
    /// As [`Hub::directives`].
    fn upgrade(&self, index: u64, time: u64) -> BoxFuture<'_, Result<Option<Terms>, StateError>>;

    /// Ends when the hub has something for a child of this block: a proposer with nothing else to do need not wait longer. Other operators than the
    /// next block's are such news: so an idle zone comes to the end of its epoch, where they take over.
    fn news(&self, parent: &Header) -> BoxFuture<'_, ()>;

    /// Who serves the zone by the hub's block `number`, which is executed here.
    ///
    /// # Errors
    /// As [`Hub::directives`].
    fn committee(&self, number: u64) -> BoxFuture<'_, Result<Vec<Seat>, StateError>>;

    /// Whether a committee of the zone with this id may be relied upon, by the hub's newest block.
    ///
    /// # Errors
    /// As [`Hub::directives`].
    fn relies_on(&self, committee: B256) -> BoxFuture<'_, Result<bool, StateError>>;

    /// The hub's block that stopped the zone, if one up to the newest that is executed here did.
    ///
    /// # Errors
    /// As [`Hub::directives`].
    fn stopped_at(&self) -> BoxFuture<'_, Result<Option<u64>, StateError>>;

    /// Whether the zone has settled by the newest block: nothing that it does counts any more.
    ///
    /// # Errors
    /// As [`Hub::directives`].
    fn has_settled(&self) -> BoxFuture<'_, Result<bool, StateError>>;
}

/// The hub's finalized blocks.
pub trait HubBlocks: Send + Sync + 'static {
    /// The newest one, which is executed.
    fn newest(&self) -> Option<HubBlock>;
    /// The one of a height, if it is there.
    fn at(&self, number: u64) -> Option<HubBlock>;
}

/// The hub of this node, as one of its zones sees it.
pub struct LocalHub<E: Runtime, S: Strategy, P, B> {
    zone: u64,
    runtime: E,
    states: FinalizedState<E, S, P>,
    blocks: B,
    calendar: Calendar,
    /// The newest epoch of the hub that was asked for, and the id of the zone's committee in it.
    committee: Mutex<Option<(u64, B256)>>,
}

impl<E: Runtime, S: Strategy, P: PreImages, B: HubBlocks> LocalHub<E, S, P, B> {
    /// The hub of `genesis` for the zone with an id; `blocks` has none that `states` does not have.
    pub const fn new(
        zone: u64,
        runtime: E,
        states: FinalizedState<E, S, P>,
        blocks: B,
        genesis: &Genesis,
    ) -> Self {
        Self {
            zone,
            runtime,
            states,
            blocks,
            calendar: calendar(genesis),
            committee: Mutex::new(None),
        }
    }

    /// Who serves the zone by the hub's block `head`: never another within one epoch. `None` where the hub cannot be read.
    async fn committee_id(&self, head: u64) -> Option<B256> {
        let epoch = self.calendar.epoch_of(head);
        let known = *self.committee.lock();
        if let Some((of, id)) = known
            && of == epoch
        {
            return Some(id);
        }
        let seats = self.committee(head).await.ok()?;
        let id = (!seats.is_empty()).then(|| Committee { epoch, seats }.id())?;
        *self.committee.lock() = Some((epoch, id));
        Some(id)
    }

    /// Asks the newest state until every slot that the question needs is known.
    async fn ask<T>(
        &self,
        mut question: impl FnMut(&mut Gathered) -> Result<T, Infallible> + Send,
    ) -> Result<T, StateError> {
        let mut gathered = Gathered::default();
        loop {
            let Ok(answer) = question(&mut gathered);
            let missing = gathered.missing();
            if missing.is_empty() {
                return Ok(answer);
            }
            for (module, slot) in missing {
                let number = self.states.head();
                let value = self.states.storage(module, slot, number).await?;
                gathered.learn(module, slot, value);
            }
        }
    }

    async fn wait<T>(&self, mut look: impl FnMut() -> Option<T> + Send) -> T {
        loop {
            if let Some(found) = look() {
                return found;
            }
            self.runtime.sleep(LOOK_AGAIN).await;
        }
    }
}

impl<E: Runtime, S: Strategy, P: PreImages, B: HubBlocks> Hub for LocalHub<E, S, P, B> {
    fn newest(&self) -> BoxFuture<'_, HubBlock> {
        self.wait(|| self.blocks.newest()).boxed()
    }

    fn block(&self, number: u64) -> BoxFuture<'_, HubBlock> {
        self.wait(move || self.blocks.at(number)).boxed()
    }

    fn directives(
        &self,
        from: u64,
        number: u64,
        most: usize,
    ) -> BoxFuture<'_, Result<Vec<DirectiveChange>, StateError>> {
        self.ask(move |state| feed::changes(state, from, number, most))
            .boxed()
    }

    fn arrivals(
        &self,
        from: u64,
        number: u64,
        most: usize,
    ) -> BoxFuture<'_, Result<Vec<Arrival>, StateError>> {
        let zone = self.zone;
        self.ask(move |state| messages::arrivals(state, (zone, from), number, most))
            .boxed()
    }

    fn upgrade(&self, index: u64, time: u64) -> BoxFuture<'_, Result<Option<Terms>, StateError>> {
        let zone = self.zone;
        self.ask(move |state| zones::upgrade_due(state, (zone, index), time))
            .boxed()
    }

    fn news(&self, parent: &Header) -> BoxFuture<'_, ()> {
        let (taken, operators) = (parent.hub, parent.next_committee);
        async move {
            let mut seen = None;
            loop {
                let head = self.states.head();
                if seen != Some(head) {
                    seen = Some(head);
                    let directives = self.directives(taken.directives, head, 1).await;
                    let arrivals = self.arrivals(taken.arrivals, head, 1).await;
                    // A failing database is no news.
                    let some = directives.is_ok_and(|changes| !changes.is_empty())
                        || arrivals.is_ok_and(|arrivals| !arrivals.is_empty());
                    if some {
                        return;
                    }
                }
                if self
                    .committee_id(head)
                    .await
                    .is_some_and(|id| id != operators)
                {
                    self.runtime.sleep(HURRY).await;
                    return;
                }
                self.runtime.sleep(LOOK_FOR_NEWS).await;
            }
        }
        .boxed()
    }

    fn committee(&self, number: u64) -> BoxFuture<'_, Result<Vec<Seat>, StateError>> {
        // That of the block's own epoch: the block's state has it for certain. It never changes. What answers is the hub's to know.
        let (zone, epoch) = (self.zone, self.calendar.epoch_of(number));
        async move {
            let committee = self
                .ask(move |state| zones::committee(state, zone, epoch))
                .await?;
            let mut seats = committee.map_or_else(Vec::new, |committee| committee.seats);
            for seat in &mut seats {
                seat.stake = U256::ZERO;
            }
            Ok(seats)
        }
        .boxed()
    }

    fn relies_on(&self, committee: B256) -> BoxFuture<'_, Result<bool, StateError>> {
        let zone = self.zone;
        async move {
            let about = (committee, self.states.head());
            let known = self
                .ask(move |state| zones::relied_upon(state, zone, about))
                .await?;
            Ok(known.is_some())
        }
        .boxed()
    }

    fn stopped_at(&self) -> BoxFuture<'_, Result<Option<u64>, StateError>> {
        let zone = self.zone;
        async move {
            let block = self
                .ask(move |state| zones::stopped_at(state, zone))
                .await?;
            Ok((block != 0).then_some(block))
        }
        .boxed()
    }

    fn has_settled(&self) -> BoxFuture<'_, Result<bool, StateError>> {
        let zone = self.zone;
        async move {
            let now = self.blocks.newest().map_or(0, |newest| newest.timestamp_ms);
            self.ask(move |state| zones::has_settled(state, zone, now / 1_000))
                .await
        }
        .boxed()
    }
}

const fn calendar(genesis: &Genesis) -> Calendar {
    Calendar {
        epoch_blocks: genesis.staking.epoch_blocks,
        freeze_blocks: genesis.staking.freeze_blocks,
    }
}

/// Why a block of a zone is not one, whatever its transactions.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(crate) enum Refused {
    #[error("it names a block of the hub before its parent's, or too far after it")]
    Step,
    #[error("the block of the hub that it names has another hash")]
    Hash,
    #[error("the block of the hub that it names is too old")]
    Age,
    #[error("it takes something else from the hub than the hub says")]
    Inputs,
    #[error("its parent was the zone's last block")]
    Stopped,
    #[error("a block of the hub takes nothing from another chain")]
    NoZone,
}

/// The furthest block of the hub that a child of `parent` with this time may name: there cannot be many more by then. So no proposer
/// can hold its validators for long with a block that is not there.
pub(crate) fn furthest(genesis: &Genesis, parent: &Header, timestamp_ms: u64) -> u64 {
    let zone = genesis.zone.as_ref();
    let interval = zone.map_or(1, |zone| zone.hub_interval_ms.max(1));
    let elapsed = timestamp_ms.saturating_sub(parent.timestamp_ms);
    let step = (elapsed / interval)
        .saturating_add(HUB_STEP_SLACK)
        .min(MAX_HUB_STEP);
    parent.hub.number.saturating_add(step)
}

/// The hub's block that a proposal on `parent` names, `furthest` at most. Waits while the hub is behind.
pub(crate) async fn choose(hub: &dyn Hub, parent: &Header, furthest: u64) -> HubBlock {
    let before = parent.hub.number;
    let newest = hub.newest().await;
    let number = newest.number.clamp(before, furthest);
    if number == newest.number {
        newest
    } else {
        hub.block(number).await
    }
}

/// Whether a block's name of a hub block can be right, by the chain's own rules: they bound how long [`check`] can wait.
pub(crate) fn check_step(
    genesis: &Genesis,
    header: &Header,
    parent: &Header,
) -> Result<(), Refused> {
    let furthest = furthest(genesis, parent, header.timestamp_ms);
    let right = (parent.hub.number..=furthest).contains(&header.hub.number);
    if right { Ok(()) } else { Err(Refused::Step) }
}

/// Whether a block of a zone is its last: it is the first to name the hub's block that stopped the zone, or a later one. The hub has to have
/// executed the block that it names.
///
/// # Errors
/// As [`Hub::directives`].
pub(crate) async fn is_last(hub: &dyn Hub, header: &Header) -> Result<bool, StateError> {
    let stopped = hub.stopped_at().await?;
    Ok(stopped.is_some_and(|stopped| header.hub.number >= stopped))
}

/// Whether nothing can follow a block of a zone here: it is the last, or the zone has settled without its last block. After that its state has to
/// stay where the hub knows it: proofs are of the newest one.
///
/// # Errors
/// As [`Hub::directives`].
pub(crate) async fn is_over(hub: &dyn Hub, header: &Header) -> Result<bool, StateError> {
    let Some(stopped) = hub.stopped_at().await? else {
        return Ok(false);
    };
    Ok(header.hub.number >= stopped || hub.has_settled().await?)
}

/// Whether what a candidate takes from the hub is what the hub says. Waits while the hub is behind.
///
/// # Errors
/// The hub's database failed, or the node is stopping: this says nothing about the block.
pub(crate) async fn check(
    hub: &dyn Hub,
    (rules, reseeds): (&ChainRules, &[Reseed]),
    header: &Header,
    inputs: &Inputs,
    parent: &Header,
) -> Result<Result<(), Refused>, StateError> {
    let named = hub.block(header.hub.number).await;
    if named.hash != header.hub.hash {
        return Ok(Err(Refused::Hash));
    }
    let furthest = furthest(&rules.genesis, parent, header.timestamp_ms);
    if is_too_old(&named, header.timestamp_ms, furthest) {
        return Ok(Err(Refused::Age));
    }
    if is_last(hub, parent).await? {
        return Ok(Err(Refused::Stopped));
    }
    let (point, derived) = derive(hub, (rules, reseeds), named, parent).await?;
    let right = point == header.hub && derived == *inputs;
    Ok(if right { Ok(()) } else { Err(Refused::Inputs) })
}

/// Whether a block of this time must not name this block of the hub. One that is as far on as it may be is never too old: so a zone
/// that stood catches up.
pub(crate) const fn is_too_old(named: &HubBlock, timestamp_ms: u64, furthest: u64) -> bool {
    let latest = named.timestamp_ms.saturating_add(MAX_HUB_AGE_MS);
    timestamp_ms > latest && named.number < furthest
}

/// What a child of `parent` takes from the hub when it names the block `named`.
///
/// # Errors
/// As [`check`].
pub(crate) async fn derive(
    hub: &dyn Hub,
    (rules, reseeds): (&ChainRules, &[Reseed]),
    named: HubBlock,
    parent: &Header,
) -> Result<(HubPoint, Inputs), StateError> {
    let from = parent.hub.directives;
    let directives = hub
        .directives(from, named.number, MAX_DIRECTIVE_INPUTS)
        .await?;
    let arrived = parent.hub.arrivals;
    let arrivals = hub
        .arrivals(arrived, named.number, MAX_ARRIVAL_INPUTS)
        .await?;
    let number = parent.number + 1;
    let reseed = reseeds.iter().find(|reseed| reseed.cut.first == number);
    let seats = match reseed {
        // The hub's word stands already: no block has to name the one in which it was said.
        Some(reseed) => reseed.seats.clone(),
        None if rules.epochs.freezes(number) => hub.committee(named.number).await?,
        None => Vec::new(),
    };
    let upgrades = parent.hub.upgrades;
    let terms = hub.upgrade(upgrades, named.timestamp_ms / 1_000).await?;
    let point = HubPoint {
        number: named.number,
        hash: named.hash,
        directives: from + directives.len() as u64,
        arrivals: arrived + arrivals.len() as u64,
        upgrades: upgrades + u64::from(terms.is_some()),
    };
    let inputs = Inputs {
        directives,
        arrivals,
        seats,
        terms,
    };
    Ok((point, inputs))
}
