//! The pool as the rest of the node uses it: shared, locked briefly, async only towards the head.

use crate::{
    AccountInfo, Added, Best, BlockUpdate, DropReason, Gap, HeadError, HeadInfo, HeadState, Limits,
    Origin, Party, PoolError, PoolStats, PooledTransaction, Rules, SenderCache,
    core::{Core, Effects},
    notify::Notify,
    validate,
};
use alloy_consensus::Transaction as _;
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, map::HashMap};
use commonware_parallel::Strategy;
use commonware_utils::channel::ring;
use futures::future::{BoxFuture, FutureExt as _};
use hansa_primitives::{Transaction, decode_transaction};
use parking_lot::{Mutex, MutexGuard};
use std::{collections::BTreeSet, num::NonZeroUsize, sync::Arc};

/// How often a batch is looked at again because the head moved under it.
const MAX_HEAD_RETRIES: usize = 8;

type Recovered = (Vec<Transaction>, Vec<Option<Address>>);
/// A strategy with its type erased, so that the pool has no type parameter.
type Recover = dyn Fn(SenderCache, Vec<Transaction>) -> BoxFuture<'static, Recovered> + Send + Sync;

/// The transaction pool. Clones share it.
#[derive(Clone)]
pub struct Pool {
    inner: Arc<Inner>,
}

struct Inner {
    core: Mutex<Core>,
    rules: Rules,
    limits: Limits,
    cache: SenderCache,
    recover: Box<Recover>,
    pending: Notify,
    hash_subscribers: Mutex<Vec<ring::Sender<B256>>>,
    local_subscribers: Mutex<Vec<ring::Sender<Arc<PooledTransaction>>>>,
}

/// A sender's transactions by nonce, for `txpool_content`.
#[derive(Clone, Debug, Default)]
pub struct SenderContent {
    /// Executable, in nonce order.
    pub pending: Vec<Arc<PooledTransaction>>,
    /// Waiting for a nonce, in nonce order.
    pub queued: Vec<Arc<PooledTransaction>>,
}

/// What is known about the parties of a batch at the head.
#[derive(Default)]
struct Facts {
    accounts: HashMap<Address, AccountInfo>,
    blocked: HashMap<Address, crate::BlockedBy>,
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

    /// Adds a transaction in its EIP-2718 encoding.
    ///
    /// # Errors
    /// Why it is refused, in go-ethereum's words.
    pub async fn add_raw<H: HeadState>(
        &self,
        head: &H,
        raw: &[u8],
        origin: Origin,
    ) -> Result<Added, PoolError> {
        self.add(head, decode_transaction(raw)?, origin).await
    }

    /// Adds a transaction.
    ///
    /// # Errors
    /// Why it is refused, in go-ethereum's words.
    pub async fn add<H: HeadState>(
        &self,
        head: &H,
        transaction: Transaction,
        origin: Origin,
    ) -> Result<Added, PoolError> {
        let mut results = self.add_many(head, vec![transaction], origin).await;
        // One result for one transaction.
        results.pop().unwrap_or(Err(PoolError::AlreadyKnown))
    }

    /// Adds many at once: senders are recovered in parallel, each account is read once, the lock is
    /// taken once. One result for each, in order. Within the batch, lower nonces go first.
    pub async fn add_many<H: HeadState>(
        &self,
        head: &H,
        transactions: Vec<Transaction>,
        origin: Origin,
    ) -> Vec<Result<Added, PoolError>> {
        let mut results: Vec<Option<Result<Added, PoolError>>> = vec![None; transactions.len()];
        let (indexes, candidates) = self.screen(transactions, origin, &mut results);
        let mut entries = Vec::with_capacity(candidates.len());
        let cache = self.inner.cache.clone();
        let (candidates, senders) = (self.inner.recover)(cache, candidates).await;
        for ((index, transaction), sender) in indexes.into_iter().zip(candidates).zip(senders) {
            match sender.ok_or(PoolError::InvalidSender).and_then(|sender| {
                validate::after_recovery(&transaction, sender)?;
                Ok(PooledTransaction::new(transaction, sender, origin))
            }) {
                Ok(tx) => entries.push((index, tx)),
                Err(error) => results[index] = Some(Err(error)),
            }
        }
        entries.sort_by_key(|(_, tx)| tx.nonce());
        self.admit(head, entries, origin, &mut results).await;
        let results: Vec<_> = results
            .into_iter()
            .map(|result| result.unwrap_or(Err(PoolError::AlreadyKnown)))
            .collect();
        let refused = results.iter().filter(|result| result.is_err()).count();
        if refused > 0 {
            self.core().stats.refused += refused as u64;
        }
        results
    }

    /// Answers what can be answered without a sender; returns the rest with their positions.
    fn screen(
        &self,
        transactions: Vec<Transaction>,
        origin: Origin,
        results: &mut [Option<Result<Added, PoolError>>],
    ) -> (Vec<usize>, Vec<Transaction>) {
        let gas_limit = {
            let core = self.core();
            for (transaction, result) in transactions.iter().zip(results.iter_mut()) {
                if core.by_hash.contains_key(transaction.tx_hash()) {
                    *result = Some(Err(PoolError::AlreadyKnown));
                }
            }
            core.head.gas_limit
        };
        let rules = &self.inner.rules;
        let mut kept = (Vec::new(), Vec::new());
        for (index, transaction) in transactions.into_iter().enumerate() {
            if results[index].is_some() {
                continue;
            }
            let size = transaction.encode_2718_len();
            match validate::before_recovery(&transaction, size, rules, gas_limit, origin) {
                Ok(()) => {
                    kept.0.push(index);
                    kept.1.push(transaction);
                }
                Err(error) => results[index] = Some(Err(error)),
            }
        }
        kept
    }

    /// Reads what the entries need from the head and inserts them under one lock, again if the head
    /// moved meanwhile.
    async fn admit<H: HeadState>(
        &self,
        head: &H,
        entries: Vec<(usize, PooledTransaction)>,
        origin: Origin,
        results: &mut [Option<Result<Added, PoolError>>],
    ) {
        if entries.is_empty() {
            return;
        }
        for attempt in 0.. {
            let number = self.core().head.number;
            let facts = match self.facts(head, &entries).await {
                Ok(facts) => facts,
                Err(error) => {
                    for (index, _) in entries {
                        results[index] = Some(Err(error.clone().into()));
                    }
                    return;
                }
            };
            let mut core = self.core();
            let stale = core.head.number != number
                || entries.iter().any(|(_, tx)| {
                    !core.queues.contains_key(&tx.sender)
                        && !facts.accounts.contains_key(&tx.sender)
                });
            if stale && attempt < MAX_HEAD_RETRIES {
                continue;
            }
            let mut local = Vec::new();
            for (index, tx) in entries {
                let result = insert(&mut core, tx, &facts);
                if let (Ok(added), Origin::Local) = (&result, origin) {
                    local.extend(core.by_hash.get(&added.hash).cloned());
                }
                results[index] = Some(result);
            }
            let effects = std::mem::take(&mut core.effects);
            drop(core);
            self.publish(&effects);
            self.announce(&local);
            return;
        }
    }

    async fn facts<H: HeadState>(
        &self,
        head: &H,
        entries: &[(usize, PooledTransaction)],
    ) -> Result<Facts, HeadError> {
        // Sorted, so that the same batch asks the same questions in the same order.
        let senders: BTreeSet<_> = entries.iter().map(|(_, tx)| tx.sender).collect();
        let parties: BTreeSet<_> = entries
            .iter()
            .flat_map(|(_, tx)| [Some(tx.sender), tx.transaction.to()])
            .flatten()
            .collect();
        let unknown: Vec<_> = {
            let core = self.core();
            senders
                .into_iter()
                .filter(|sender| !core.queues.contains_key(sender))
                .collect()
        };
        let accounts = head.accounts(&unknown).await?;
        Ok(Facts {
            accounts: unknown.into_iter().zip(accounts).collect(),
            blocked: blocked(head, parties).await,
        })
    }

    /// Tells subscribers what became executable, and wakes who waits for work.
    fn publish(&self, effects: &Effects) {
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

    fn announce(&self, local: &[Arc<PooledTransaction>]) {
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
        core.set_head(info);
        for (sender, account) in senders.into_iter().zip(accounts) {
            core.set_account(sender, account.nonce, account.balance);
        }
        core.drop_blocked(&Vec::from_iter(blocked));
        let effects = std::mem::take(&mut core.effects);
        drop(core);
        self.publish(&effects);
        self.inner.pending.wake();
        Ok(())
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

    /// Drops a transaction that a proposer could not execute. Later ones of its sender are queued.
    pub fn drop_invalid(&self, hash: B256, reason: impl Into<String>) -> bool {
        self.core()
            .remove(&hash, &DropReason::Invalid(reason.into()))
    }

    /// A transaction by its hash.
    pub fn get(&self, hash: &B256) -> Option<Arc<PooledTransaction>> {
        self.core().by_hash.get(hash).cloned()
    }

    /// The nonce after a sender's executable transactions; `None` when it has none here, and the
    /// state's nonce stands.
    pub fn nonce_after(&self, sender: &Address) -> Option<u64> {
        let core = self.core();
        let queue = core.queues.get(sender)?;
        (queue.pending() > 0).then_some(queue.next)
    }

    /// Executable transactions.
    pub fn pending_count(&self) -> usize {
        self.core().pending
    }

    /// Executable and queued transactions.
    pub fn status(&self) -> (usize, usize) {
        let core = self.core();
        (core.pending, core.queued())
    }

    /// Everything, by sender.
    pub fn content(&self) -> std::collections::BTreeMap<Address, SenderContent> {
        let core = self.core();
        core.queues
            .iter()
            .map(|(sender, queue)| (*sender, content(queue)))
            .collect()
    }

    /// One sender's transactions.
    pub fn content_from(&self, sender: &Address) -> SenderContent {
        self.core()
            .queues
            .get(sender)
            .map(content)
            .unwrap_or_default()
    }

    /// Local transactions in order of arrival.
    pub fn local(&self) -> Vec<Arc<PooledTransaction>> {
        let mut local: Vec<_> = self
            .core()
            .by_hash
            .values()
            .filter(|tx| tx.origin == Origin::Local)
            .cloned()
            .collect();
        local.sort_unstable_by_key(|tx| tx.sequence);
        local
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

    /// Counters.
    pub fn stats(&self) -> PoolStats {
        let core = self.core();
        PoolStats {
            pending: core.pending,
            queued: core.queued(),
            bytes: core.bytes,
            senders: core.queues.len(),
            ..core.stats
        }
    }
}

fn insert(core: &mut Core, tx: PooledTransaction, facts: &Facts) -> Result<Added, PoolError> {
    let parties = [
        (Party::Sender, Some(tx.sender)),
        (Party::Recipient, tx.transaction.to()),
    ];
    for (party, address) in parties {
        if let Some(address) = address
            && let Some(by) = facts.blocked.get(&address)
        {
            return Err(PoolError::Blocked {
                party,
                address,
                alert_id: by.alert_id,
                until: by.until,
            });
        }
    }
    let account = facts.accounts.get(&tx.sender).copied();
    if account.is_some_and(|account| account.has_code) {
        return Err(PoolError::SenderNotEoa { sender: tx.sender });
    }
    // Only a head that moved on every retry leaves an untracked sender without an account.
    let Some(account) = account.or_else(|| {
        let queue = core.queues.get(&tx.sender)?;
        Some(AccountInfo {
            nonce: queue.nonce,
            balance: queue.balance,
            has_code: false,
        })
    }) else {
        return Err(HeadError("the head moved too often meanwhile; send it again".into()).into());
    };
    core.insert(tx, account)
}

async fn blocked<H: HeadState>(
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

fn content(queue: &crate::core::Queue) -> SenderContent {
    let part = |range: std::ops::Range<u64>| -> Vec<_> {
        queue.txs.range(range).map(|(_, tx)| tx.clone()).collect()
    };
    SenderContent {
        pending: part(queue.nonce..queue.next),
        // No nonce is the largest one (EIP-2681), so the range misses nothing.
        queued: part(queue.next..u64::MAX),
    }
}

fn subscribe<T>(list: &Mutex<Vec<ring::Sender<T>>>, capacity: usize) -> ring::Receiver<T> {
    let capacity = NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN);
    let (sender, receiver) = ring::channel(capacity);
    let mut list = list.lock();
    list.retain(|subscriber| !subscriber.is_closed());
    list.push(sender);
    receiver
}
