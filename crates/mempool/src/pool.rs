//! The pool as the rest of the node uses it: shared, locked briefly, async only towards the head.

use crate::{
    Best, BlockUpdate, DropReason, Gap, HeadError, HeadInfo, HeadState, Limits, PooledTransaction,
    Rules, SenderCache,
    core::{Core, Effects},
    notify::Notify,
};
use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, B256, map::HashMap};
use commonware_parallel::Strategy;
use commonware_utils::channel::ring;
use futures::future::{BoxFuture, FutureExt as _};
use hansa_primitives::Transaction;
use parking_lot::{Mutex, MutexGuard};
use std::{collections::BTreeSet, num::NonZeroUsize, sync::Arc};

type Recovered = (Vec<Transaction>, Vec<Option<Address>>);
/// A strategy with its type erased, so that the pool has no type parameter.
pub(crate) type Recover =
    dyn Fn(SenderCache, Vec<Transaction>) -> BoxFuture<'static, Recovered> + Send + Sync;

/// The transaction pool. Clones share it.
#[derive(Clone)]
pub struct Pool {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    core: Mutex<Core>,
    pub(crate) rules: Rules,
    limits: Limits,
    pub(crate) cache: SenderCache,
    pub(crate) recover: Box<Recover>,
    pending: Notify,
    hash_subscribers: Mutex<Vec<ring::Sender<B256>>>,
    local_subscribers: Mutex<Vec<ring::Sender<Arc<PooledTransaction>>>>,
}

impl Pool {
    /// An empty pool at `head`. Signatures are recovered on `strategy`.
    pub fn new(rules: Rules, limits: Limits, head: HeadInfo, strategy: impl Strategy) -> Self {
        let recover = move |cache: SenderCache, transactions: Vec<Transaction>| {
            strategy
                .spawn(transactions.len(), move |strategy| {
                    let senders = cache.recover(&transactions, &strategy);
                    (transactions, senders)
                })
                .boxed()
        };
        Self {
            inner: Arc::new(Inner {
                core: Mutex::new(Core::new(limits, head)),
                rules,
                limits,
                cache: SenderCache::new(limits.sender_cache),
                recover: Box::new(recover),
                pending: Notify::default(),
                hash_subscribers: Mutex::default(),
                local_subscribers: Mutex::default(),
            }),
        }
    }

    pub(crate) fn core(&self) -> MutexGuard<'_, Core> {
        self.inner.core.lock()
    }

    /// The senders recovered so far, to share with block processing and RPC.
    pub fn senders(&self) -> &SenderCache {
        &self.inner.cache
    }

    /// The rules that transactions are checked against.
    pub fn rules(&self) -> &Rules {
        &self.inner.rules
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// The newest finalized block that the pool was told of.
    pub fn head(&self) -> HeadInfo {
        self.core().head
    }

    /// Tells subscribers what became executable, and wakes who waits for work.
    pub(crate) fn publish(&self, effects: &Effects) {
        if effects.promoted.is_empty() {
            return;
        }
        self.inner.hash_subscribers.lock().retain(|subscriber| {
            effects
                .promoted
                .iter()
                .all(|tx| subscriber.send_lossy(tx.hash))
        });
        self.inner.pending.wake();
    }

    pub(crate) fn announce(&self, local: &[Arc<PooledTransaction>]) {
        if local.is_empty() {
            return;
        }
        self.inner
            .local_subscribers
            .lock()
            .retain(|subscriber| local.iter().all(|tx| subscriber.send_lossy(tx.clone())));
    }

    /// Applies a finalized block: what it included leaves, what became invalid is dropped, the rest
    /// is promoted or demoted. A block that was applied before is ignored.
    ///
    /// # Errors
    /// Blocks are missing in between: call [`Pool::reset`]. Nothing changed.
    pub fn on_finalized(&self, update: &BlockUpdate<'_>) -> Result<(), Gap> {
        let mut core = self.core();
        let lowered = update.head.base_fee_next < core.head.base_fee_next;
        core.finalize(update)?;
        let effects = std::mem::take(&mut core.effects);
        drop(core);
        self.publish(&effects);
        if lowered {
            // What the base fee priced out may be executable now.
            self.inner.pending.wake();
        }
        Ok(())
    }

    /// Revalidates everything against `head`, whose newest block is `info`. For starts and gaps.
    ///
    /// # Errors
    /// The head's state cannot be read. Nothing changed.
    pub async fn reset<H: HeadState>(&self, head: &H, info: HeadInfo) -> Result<(), HeadError> {
        let (senders, parties) = {
            let core = self.core();
            let senders: BTreeSet<_> = core.queues.keys().copied().collect();
            let to = core.by_hash.values().filter_map(|tx| tx.transaction.to());
            let parties: BTreeSet<_> = to.chain(senders.iter().copied()).collect();
            (Vec::from_iter(senders), parties)
        };
        let accounts = head.accounts(&senders).await?;
        let blocked: BTreeSet<_> = blocked(head, parties).await.into_keys().collect();
        let mut core = self.core();
        if core.head.number > info.number {
            // A finalized block overtook this reading; what it says is newer.
            return Ok(());
        }
        core.set_head(info);
        for (sender, account) in senders.into_iter().zip(accounts) {
            core.set_account(sender, &account);
        }
        core.drop_blocked(&Vec::from_iter(blocked));
        let effects = std::mem::take(&mut core.effects);
        drop(core);
        self.publish(&effects);
        self.inner.pending.wake();
        Ok(())
    }

    /// The chain has ended: what is here is dropped, and nothing is let in from now on.
    pub fn close(&self) {
        self.core().close();
    }

    /// Executable transactions for a block at `base_fee`: highest effective tip first within nonce
    /// order. Lazy; the pool is not locked between two items, and may change meanwhile.
    pub fn best(&self, base_fee: u64) -> Best {
        Best::new(self.clone(), base_fee, &HashMap::default())
    }

    /// Like [`Pool::best`], for a builder whose ancestors are not all final: each sender in
    /// `included` starts at the nonce given there.
    pub fn best_excluding(&self, base_fee: u64, included: &HashMap<Address, u64>) -> Best {
        Best::new(self.clone(), base_fee, included)
    }

    /// Something would come out of [`Pool::best_excluding`].
    pub fn has_executable(&self, base_fee: u64, included: &HashMap<Address, u64>) -> bool {
        let core = self.core();
        let base_fee = u128::from(base_fee);
        let fresh = core
            .head_caps
            .iter()
            .rev()
            .take_while(|(cap, _, _)| *cap >= base_fee)
            .any(|(_, _, sender)| !included.contains_key(sender));
        fresh
            || included.iter().any(|(sender, nonce)| {
                let queue = core.queues.get(sender);
                let tx = queue.and_then(|queue| queue.txs.get(nonce));
                tx.is_some_and(|tx| tx.fee_cap >= base_fee)
            })
    }

    /// Resolves once [`Pool::has_executable`] holds. Several may wait. Safe to cancel.
    ///
    /// Executable means that nonce, fee cap and balance admit it at the finalized head; a builder
    /// that finds otherwise calls [`Pool::drop_invalid`], or this resolves again at once.
    pub async fn wait_for_executable(&self, base_fee: u64, included: &HashMap<Address, u64>) {
        loop {
            // Listening first: nothing is missed between the look and the wait.
            let changed = self.inner.pending.listen();
            if self.has_executable(base_fee, included) {
                return;
            }
            // The sender lives as long as the pool, which `self` keeps alive.
            let _ = changed.await;
        }
    }

    /// Resolves once a transaction can run in the block after the newest finalized one.
    pub async fn wait_for_pending(&self) {
        loop {
            let changed = self.inner.pending.listen();
            if self.has_executable(self.head().base_fee_next, &HashMap::default()) {
                return;
            }
            let _ = changed.await;
        }
    }

    /// Drops a transaction that a proposer could not execute; false when it is not here. Later ones of
    /// its sender are queued.
    pub fn drop_invalid(&self, hash: B256, reason: impl Into<String>) -> bool {
        self.core()
            .remove(&hash, &DropReason::Invalid(reason.into()))
    }

    /// Hashes as they become executable. A subscriber that lags loses the oldest; nobody waits for
    /// it.
    pub fn subscribe(&self) -> ring::Receiver<B256> {
        subscribe(
            &self.inner.hash_subscribers,
            self.inner.limits.subscription_backlog,
        )
    }

    /// Local transactions as they are let in, to announce and to keep. Lossy like
    /// [`Pool::subscribe`]; [`Pool::local`] has all.
    pub fn subscribe_local(&self) -> ring::Receiver<Arc<PooledTransaction>> {
        subscribe(
            &self.inner.local_subscribers,
            self.inner.limits.announce_backlog,
        )
    }
}

pub(crate) async fn blocked<H: HeadState>(
    head: &H,
    parties: BTreeSet<Address>,
) -> HashMap<Address, crate::BlockedBy> {
    let parties: Vec<_> = parties.into_iter().collect();
    let answers = head.blocked_many(&parties).await;
    parties
        .into_iter()
        .zip(answers)
        .filter_map(|(address, by)| Some((address, by?)))
        .collect()
}

fn subscribe<T>(list: &Mutex<Vec<ring::Sender<T>>>, capacity: usize) -> ring::Receiver<T> {
    let capacity = NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN);
    let (sender, receiver) = ring::channel(capacity);
    let mut list = list.lock();
    list.retain(|subscriber| !subscriber.is_closed());
    list.push(sender);
    receiver
}
