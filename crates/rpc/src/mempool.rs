//! The real transaction pool behind [`TransactionPool`].
//!
//! Submissions that arrive while the pool is busy are taken together by its next round, so that
//! senders are recovered in parallel however the clients batch.

use crate::{
    api::{BySender, PoolContent, PooledTransaction, TransactionPool},
    errors::Fault,
};
use alloy_primitives::{Address, B256, Bytes};
use futures::{FutureExt as _, future::BoxFuture};
use hansa_mempool::{HeadState, Origin, Party, Pool, PoolError};
use hansa_primitives::{Transaction, decode_transaction};
use serde_json::json;
use std::sync::Arc;
use tokio::{
    sync::{broadcast, mpsc, oneshot},
    task::JoinHandle,
};

/// Submissions that wait for the pool; more wait in their connections.
const WAITING_SUBMISSIONS: usize = 1_024;
/// Submissions that one round takes at most.
const ROUND_SUBMISSIONS: usize = 256;
/// Hashes of pending transactions that a subscriber may lag behind.
const SUBSCRIPTION_BACKLOG: usize = 4_096;

type Outcome = Result<B256, Fault>;

struct Submission {
    transactions: Vec<Transaction>,
    reply: oneshot::Sender<Vec<Outcome>>,
}

/// A pool and the head that it checks transactions against. Its tasks end with it.
pub struct MempoolApi {
    pool: Pool,
    submissions: mpsc::Sender<Submission>,
    incoming: broadcast::Sender<B256>,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for MempoolApi {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl MempoolApi {
    /// Serves `pool`; spawns two tasks on the current tokio runtime.
    pub fn new<H: HeadState + 'static>(pool: Pool, head: H) -> Self {
        let (submissions, queue) = mpsc::channel(WAITING_SUBMISSIONS);
        let (incoming, _) = broadcast::channel(SUBSCRIPTION_BACKLOG);
        let tasks = [
            tokio::spawn(work(pool.clone(), head, queue)),
            tokio::spawn(forward(pool.clone(), incoming.clone())),
        ];
        Self {
            pool,
            submissions,
            incoming,
            tasks,
        }
    }
}

/// Adds what was submitted, round by round.
async fn work<H: HeadState>(pool: Pool, head: H, mut queue: mpsc::Receiver<Submission>) {
    let mut round = Vec::new();
    while queue.recv_many(&mut round, ROUND_SUBMISSIONS).await > 0 {
        let mut replies = Vec::with_capacity(round.len());
        let mut transactions = Vec::new();
        for submission in round.drain(..) {
            replies.push((submission.transactions.len(), submission.reply));
            transactions.extend(submission.transactions);
        }
        let mut outcomes = pool
            .add_many(&head, transactions, Origin::Local)
            .await
            .into_iter();
        for (count, reply) in replies {
            let own = outcomes.by_ref().take(count);
            let own = own.map(|outcome| outcome.map(|added| added.hash).map_err(Fault::from));
            // A client that has gone needs no answer.
            let _ = reply.send(own.collect());
        }
    }
}

/// Tells subscribers what became executable.
async fn forward(pool: Pool, incoming: broadcast::Sender<B256>) {
    let mut hashes = pool.subscribe();
    while let Some(hash) = hashes.recv().await {
        // Nobody listening is fine.
        let _ = incoming.send(hash);
    }
}

fn shown(pooled: &hansa_mempool::PooledTransaction) -> PooledTransaction {
    PooledTransaction {
        transaction: pooled.transaction.clone(),
        sender: pooled.sender,
    }
}

impl From<PoolError> for Fault {
    fn from(error: PoolError) -> Self {
        let message = error.to_string();
        match error {
            PoolError::Blocked {
                party,
                address,
                alert_id,
                until,
            } => {
                let party = match party {
                    Party::Sender => "sender",
                    Party::Recipient => "recipient",
                };
                Self::server(message).with_data(json!({
                    "address": address,
                    "alertId": alert_id,
                    "party": party,
                    "until": until,
                }))
            }
            PoolError::Head(error) => Self::internal(error),
            _ => Self::server(message),
        }
    }
}

/// Outcomes of those that decoded, back among the errors of those that did not.
fn weave(decoded: Vec<Result<(), Fault>>, added: Vec<Outcome>) -> Vec<Outcome> {
    let mut added = added.into_iter();
    let missing = || Err(Fault::internal("the pool gave no outcome"));
    let outcomes = decoded.into_iter();
    outcomes
        .map(|decoded| decoded.and_then(|()| added.next().unwrap_or_else(missing)))
        .collect()
}

impl TransactionPool for MempoolApi {
    fn submit(&self, raw: Vec<Bytes>) -> BoxFuture<'static, Vec<Outcome>> {
        let submissions = self.submissions.clone();
        async move {
            let mut transactions = Vec::with_capacity(raw.len());
            let decoded = raw.iter().map(|raw| {
                let transaction = decode_transaction(raw).map_err(PoolError::from)?;
                transactions.push(transaction);
                Ok(())
            });
            let decoded: Vec<_> = decoded.collect();
            if transactions.is_empty() {
                return weave(decoded, Vec::new());
            }
            let count = transactions.len();
            let (reply, added) = oneshot::channel();
            let submission = Submission {
                transactions,
                reply,
            };
            let stopping = || vec![Err(Fault::server("the node is stopping")); count];
            if submissions.send(submission).await.is_err() {
                return weave(decoded, stopping());
            }
            let added = added.await.unwrap_or_else(|_| stopping());
            weave(decoded, added)
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
        let senders = match sender {
            Some(sender) => [(sender, self.pool.content_from(&sender))].into(),
            None => self.pool.content(),
        };
        let mut left = limit;
        let mut take = |part: Vec<Arc<hansa_mempool::PooledTransaction>>, into: &mut BySender| {
            for pooled in part {
                if left == 0 {
                    return;
                }
                left -= 1;
                let by_nonce = into.entry(pooled.sender).or_default();
                by_nonce.insert(pooled.nonce(), shown(&pooled));
            }
        };
        let mut content = PoolContent::default();
        for (_, waiting) in senders {
            take(waiting.pending, &mut content.pending);
            take(waiting.queued, &mut content.queued);
        }
        content
    }

    fn subscribe(&self) -> broadcast::Receiver<B256> {
        self.incoming.subscribe()
    }
}
