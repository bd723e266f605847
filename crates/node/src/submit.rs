//! The pool as RPC uses it: submissions that arrive together are added together.

use crate::node::States;
use alloy_primitives::{Address, B256, Bytes};
use commonware_parallel::Rayon;
use commonware_runtime::tokio::Context;
use futures::{FutureExt as _, future::BoxFuture};
use hansa_engine::Head;
use hansa_index::Index;
use hansa_mempool::{Origin, Pool, PoolError, PooledTransaction as Pooled};
use hansa_primitives::decode_transaction;
use hansa_rpc::{Fault, PoolContent, PooledTransaction, SubmitError, TransactionPool};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::{broadcast, mpsc, oneshot};

pub(crate) type NodeHead = Head<Context, Rayon, Index>;

/// Most transactions added in one go.
const BATCH: usize = 4_096;
/// Submissions that may wait.
const BACKLOG: usize = 1_024;
/// Pending transactions that a slow subscriber may fall behind.
const SUBSCRIBER_BACKLOG: usize = 4_096;

type Outcomes = Vec<Result<B256, SubmitError>>;

struct Submission {
    raw: Vec<Bytes>,
    reply: oneshot::Sender<Outcomes>,
}

/// See [`TransactionPool`].
pub(crate) struct RpcPool {
    pool: Pool,
    submissions: mpsc::Sender<Submission>,
    pending: broadcast::Sender<Arc<PooledTransaction>>,
}

impl RpcPool {
    /// Must be called in the runtime.
    pub(crate) fn start(pool: Pool, head: NodeHead) -> Self {
        let (submissions, queue) = mpsc::channel(BACKLOG);
        let (pending, _) = broadcast::channel(SUBSCRIBER_BACKLOG);
        tokio::spawn(add(pool.clone(), head, queue));
        tokio::spawn(announce(pool.clone(), pending.clone()));
        Self {
            pool,
            submissions,
            pending,
        }
    }
}

/// Collects what has arrived and adds it together.
async fn add(pool: Pool, head: NodeHead, mut queue: mpsc::Receiver<Submission>) {
    while let Some(first) = queue.recv().await {
        let mut waiting = vec![first];
        let mut count = waiting[0].raw.len();
        while count < BATCH
            && let Ok(next) = queue.try_recv()
        {
            count += next.raw.len();
            waiting.push(next);
        }
        let mut outcomes: Vec<Outcomes> = Vec::with_capacity(waiting.len());
        let mut transactions = Vec::with_capacity(count);
        let mut places = Vec::with_capacity(count);
        for (submission, waiting) in waiting.iter().enumerate() {
            let mut results = Vec::with_capacity(waiting.raw.len());
            for (position, raw) in waiting.raw.iter().enumerate() {
                match decode_transaction(raw) {
                    Ok(transaction) => {
                        places.push((submission, position));
                        results.push(Ok(*transaction.tx_hash()));
                        transactions.push(transaction);
                    }
                    Err(error) => results.push(Err(server(error.to_string()))),
                }
            }
            outcomes.push(results);
        }
        let added = pool.add_many(&head, transactions, Origin::Local).await;
        for ((submission, position), result) in places.into_iter().zip(added) {
            if let Err(error) = result {
                outcomes[submission][position] = Err(fault(&error));
            }
        }
        for (submission, outcome) in waiting.into_iter().zip(outcomes) {
            // A client that went away does not wait.
            let _ = submission.reply.send(outcome);
        }
    }
}

/// A JSON-RPC server error in these words.
pub(crate) fn server(message: impl Into<String>) -> Fault {
    Fault::new(hansa_rpc::errors::SERVER_ERROR, message)
}

/// The pool's words; for a blocked party, the directive as data too.
fn fault(error: &PoolError) -> Fault {
    let fault = server(error.to_string());
    if let PoolError::Blocked {
        address,
        alert_id,
        until,
        ..
    } = error
    {
        return fault.with_data(json!({
            "address": address,
            "alertId": alert_id,
            "until": until,
        }));
    }
    fault
}

async fn announce(pool: Pool, pending: broadcast::Sender<Arc<PooledTransaction>>) {
    let mut hashes = pool.subscribe();
    while let Some(hash) = hashes.recv().await {
        if pending.receiver_count() > 0
            && let Some(pooled) = pool.get(&hash)
        {
            let _ = pending.send(Arc::new(shown(&pooled)));
        }
    }
}

fn shown(pooled: &Pooled) -> PooledTransaction {
    PooledTransaction {
        transaction: pooled.transaction.clone(),
        sender: pooled.sender,
    }
}

impl TransactionPool for RpcPool {
    fn submit(&self, raw: Vec<Bytes>) -> BoxFuture<'static, Outcomes> {
        let (reply, outcome) = oneshot::channel();
        let queue = self.submissions.clone();
        let count = raw.len();
        async move {
            let stopped = || Err(server("the node is stopping; send again later"));
            if queue.send(Submission { raw, reply }).await.is_err() {
                return (0..count).map(|_| stopped()).collect();
            }
            match outcome.await {
                Ok(outcomes) => outcomes,
                Err(_) => (0..count).map(|_| stopped()).collect(),
            }
        }
        .boxed()
    }

    fn transaction(&self, hash: B256) -> Option<PooledTransaction> {
        self.pool.get(&hash).map(|pooled| shown(&pooled))
    }

    fn next_nonce(&self, sender: Address) -> Option<u64> {
        self.pool.nonce_after(&sender)
    }

    fn status(&self) -> (usize, usize) {
        self.pool.status()
    }

    fn content(&self, sender: Option<Address>, limit: usize) -> PoolContent {
        let by_sender = match sender {
            Some(sender) => [(sender, self.pool.content_from(&sender))].into(),
            None => self.pool.content(),
        };
        let mut content = PoolContent::default();
        let mut left = limit;
        for (sender, waiting) in by_sender {
            let parts = [
                (&mut content.pending, waiting.pending),
                (&mut content.queued, waiting.queued),
            ];
            for (target, transactions) in parts {
                for pooled in transactions.into_iter().take(left) {
                    left -= 1;
                    target
                        .entry(sender)
                        .or_default()
                        .insert(pooled.nonce(), shown(&pooled));
                }
            }
        }
        content
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<PooledTransaction>> {
        self.pending.subscribe()
    }
}

/// Reads the newest finalized state, at the chain's time: the clock's, which the next block's will be,
/// but never before the head's.
pub(crate) fn head(states: States, index: Index) -> NodeHead {
    Head::new(states, move || {
        let clock = hansa_primitives::genesis_timestamp_ms() / 1_000;
        let head = index
            .head()
            .and_then(|(number, _)| index.header(number).ok().flatten());
        head.map_or(clock, |(_, header)| header.timestamp().max(clock))
    })
}
