//! When to propose: at once when there is work, never before the minimum interval, and at the
//! heartbeat when there is none. A leader without work passes after a while, which nullifies the
//! view at once: so the wait for a leader that is gone can be much shorter than the heartbeat.
//!
//! A wrapper around the stateful mailbox. It must not be inside the stateful application, whose
//! actor could not apply finalized blocks while a proposal is held back.

use crate::{Hub, Ledger, Runtime, application::now_ms};
use commonware_consensus::{Application, Handoff, Reporter, marshal::ancestry::Ancestry};
use commonware_cryptography::Digested;
use commonware_macros::select;
use futures::{StreamExt, future::pending};
use hansa_mempool::Pool;
use hansa_primitives::{Block, Context, Genesis, Header, MAX_TIMESTAMP_STEP_MS, next_base_fee};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Holds proposals back until it is time for them.
#[derive(Clone)]
pub struct Paced<A> {
    inner: A,
    genesis: Arc<Genesis>,
    pool: Pool,
    ledger: Ledger,
    hub: Option<Arc<dyn Hub>>,
    turn: Turn,
    #[cfg(feature = "test-utils")]
    tamper: Option<crate::Tamper>,
}

/// How long a leader without work holds its turn in the present epoch: less than consensus waits for it. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Turn(Arc<AtomicU64>);

impl Turn {
    pub(crate) fn set(&self, turn: Duration) {
        self.0.store(turn.as_millis() as u64, Ordering::Relaxed);
    }

    fn get(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// What to do about a proposal, from times alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timing {
    /// Propose now.
    Now,
    /// Work may be proposed after `work`. Without work, the turn ends after `rest`: with a block if
    /// one is `due` by then, otherwise by passing.
    Hold {
        work: Duration,
        rest: Duration,
        due: bool,
    },
}

/// When a child of `parent` is due, for a leader that holds its turn for `turn` at most.
pub(crate) fn timing(parent: &Header, now_ms: u64, turn: Duration) -> Timing {
    let terms = &parent.terms;
    let age = now_ms.saturating_sub(parent.timestamp_ms);
    // The genesis allocation waits for nobody, and a chain that was down catches up with time.
    if parent.number == 0 || age > MAX_TIMESTAMP_STEP_MS {
        return Timing::Now;
    }
    let left = |target: u64| Duration::from_millis(target.saturating_sub(age));
    let heartbeat = left(terms.heartbeat_ms);
    if heartbeat.is_zero() {
        return Timing::Now;
    }
    Timing::Hold {
        work: left(terms.min_block_interval_ms),
        rest: heartbeat.min(turn),
        due: heartbeat <= turn,
    }
}

impl<A> Paced<A> {
    /// Wraps `inner`, on a zone with its hub.
    pub const fn new(
        inner: A,
        genesis: Arc<Genesis>,
        pool: Pool,
        ledger: Ledger,
        hub: Option<Arc<dyn Hub>>,
        turn: Turn,
    ) -> Self {
        Self {
            inner,
            genesis,
            pool,
            ledger,
            hub,
            turn,
            #[cfg(feature = "test-utils")]
            tamper: None,
        }
    }

    /// Lies about every block that is proposed.
    #[cfg(feature = "test-utils")]
    pub(crate) fn with_tamper(mut self, tamper: Option<crate::Tamper>) -> Self {
        self.tamper = tamper;
        self
    }

    /// Waits until it is time for a child of `parent`: true; or, false, until the turn is over.
    async fn hold<E: Runtime>(&self, runtime: &E, parent: &Block) -> bool {
        let header = parent.header();
        let start = runtime.current();
        let timing = timing(header, now_ms(runtime), self.turn.get());
        let Timing::Hold { work, rest, due } = timing else {
            return true;
        };
        let deadline = start + rest;
        runtime.sleep(work.min(rest)).await;
        // An upgrade made the interval longer than turns are: a later leader proposes.
        if work > rest {
            return false;
        }
        let fees = &self.genesis.fees;
        let base_fee = next_base_fee(header, fees.base_fee_params(), &header.terms);
        let included = self
            .ledger
            .next_nonces(parent.hash(), parent.number(), self.pool.head().number)
            .into_iter()
            .collect();
        let news = async {
            match &self.hub {
                Some(hub) => hub.news(header).await,
                None => pending().await,
            }
        };
        select! {
            _ = self.pool.wait_for_executable(base_fee, &included) => true,
            _ = news => true,
            _ = runtime.sleep_until(deadline) => due,
        }
    }
}

impl<E, A> Application<E> for Paced<A>
where
    E: Runtime,
    A: Application<E, Block = Block, Context = Context> + Sync,
{
    type SigningScheme = A::SigningScheme;
    type Context = A::Context;
    type Block = A::Block;
    type Input = A::Input;

    async fn prepare(
        &mut self,
        _context: (E, Self::Context),
        _ancestry: impl Ancestry<Self::Block>,
        _input: Self::Input,
    ) -> Handoff<Digested<Self::Block>> {
        // Blocks are built on certified parents: the time of a proposal is decided by its parent.
        Handoff::Wait
    }

    async fn propose(
        &mut self,
        context: (E, Self::Context),
        ancestry: impl Ancestry<Self::Block>,
        input: Self::Input,
    ) -> Option<Digested<Self::Block>> {
        let mut peek = ancestry.clone();
        let parent = peek.next().await?;
        drop(peek);
        let clock = context.0.child("turn");
        let pass = clock.current() + self.turn.get();
        if !self.hold(&clock, parent.inner()).await {
            return None;
        }
        let block = self.inner.propose(context, ancestry, input).await;
        if block.is_none() {
            // Passing at once would let views go by as fast as messages do, for as long as nobody can propose.
            clock.sleep_until(pass).await;
        }
        #[cfg(feature = "test-utils")]
        let block = match &self.tamper {
            Some(tamper) => block.map(|block| tamper.apply(block.inner())),
            None => block,
        };
        block
    }

    async fn verify(
        &mut self,
        context: (E, Self::Context),
        ancestry: impl Ancestry<Self::Block>,
    ) -> bool {
        self.inner.verify(context, ancestry).await
    }
}

impl<A: Reporter> Reporter for Paced<A> {
    type Activity = A::Activity;

    fn report(&mut self, activity: Self::Activity) -> commonware_actor::Feedback {
        self.inner.report(activity)
    }
}
