//! `eth_subscribe`: pushed over WebSocket through the connection's bounded buffer. A client that does
//! not keep up loses its subscription, never the node its memory.
//!
//! jsonrpsee's own subscriptions send their id on their own, also where a batch asked for them; so these
//! are kept here, and their ids are answers like any other.

use crate::{
    chain::{block_logs, log_filter},
    convert,
    errors::{CallResult, Fault, METHOD_NOT_FOUND},
    eth::logs::check,
    flow::Flow,
    method::{self, Method},
    node::Node,
    params::Args,
};
use alloy_primitives::B256;
use alloy_rpc_types_eth::Filter;
use hansa_index::{FinalizedBlock, LogFilter};
use jsonrpsee::{SendTimeoutError, core::server::MethodSink};
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{
    json,
    value::{RawValue, to_raw_value},
};
use std::{collections::HashMap, convert::Infallible, sync::Arc, time::Duration};
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        oneshot,
    },
    task::AbortHandle,
};

const SUBSCRIBE: &str = "eth_subscribe";
const UNSUBSCRIBE: &str = "eth_unsubscribe";
const NOTIFICATION: &str = "eth_subscription";

pub(crate) const METHODS: &[Method] = &[
    Method {
        name: SUBSCRIBE,
        summary: "Starts a subscription (WebSocket): newHeads, logs, newPendingTransactions.",
        params: &["kind: string", "filterOrFull: object?"],
        result: "string",
        handler: None,
    },
    Method {
        name: UNSUBSCRIBE,
        summary: "Ends a subscription (WebSocket).",
        params: &["id: string"],
        result: "boolean",
        handler: None,
    },
];

enum Kind {
    Heads,
    Logs(LogFilter),
    Pending { full: bool },
}

/// The subscriptions of one WebSocket.
pub(crate) struct Subscriptions {
    node: Arc<Node>,
    pub(crate) flow: Arc<Flow>,
    open: Arc<Mutex<HashMap<String, AbortHandle>>>,
}

/// Lets a subscription begin once its id was sent; dropped, it ends it.
pub(crate) struct Start(oneshot::Sender<()>);

impl Start {
    pub(crate) fn now(self) {
        // Fails only when the subscription has ended already.
        let _ = self.0.send(());
    }
}

/// What is answered, and what is to begin after that.
pub(crate) type Answer = (Box<RawValue>, Option<Start>);

impl Subscriptions {
    pub(crate) fn new(node: Arc<Node>, flow: Arc<Flow>) -> Self {
        let open = Arc::default();
        Self { node, flow, open }
    }

    /// Answers one of [`METHODS`].
    pub(crate) fn answer(&self, name: &str, args: &Args<'_>) -> CallResult<Answer> {
        if name == SUBSCRIBE {
            return self.subscribe(args);
        }
        let id: String = args.get(0)?;
        let ended = self.open.lock().remove(&id);
        ended
            .ok_or_else(|| Fault::server("subscription not found"))?
            .abort();
        Ok((method::json(&true)?, None))
    }

    fn subscribe(&self, args: &Args<'_>) -> CallResult<Answer> {
        let source = Source::open(kind(args, &self.node)?, &self.node);
        let missing = || Fault::internal("a WebSocket without a sink");
        let sink = self.flow.sink().ok_or_else(missing)?;
        let limits = &self.node.config.limits;
        let mut open = self.open.lock();
        let most = limits.max_subscriptions_per_connection;
        if open.len() >= most as usize {
            let what = "this connection holds as many subscriptions as it may";
            return Err(Fault::limit("max_subscriptions_per_connection", most, what));
        }
        // As go-ethereum makes them: 16 random bytes.
        let id = format!("{:#x}", rand::random::<u128>());
        let out = Out {
            id: id.clone(),
            sink,
            patience: Duration::from_millis(limits.subscription_timeout_ms),
        };
        let (start, started) = oneshot::channel();
        let (node, table) = (self.node.clone(), self.open.clone());
        let task = tokio::spawn(async move {
            if started.await.is_ok() {
                let Err(outcome) = source.run(&node, &out).await;
                if matches!(outcome, Outcome::TooSlow) {
                    out.give_up().await;
                }
            }
            table.lock().remove(&out.id);
        });
        open.insert(id.clone(), task.abort_handle());
        Ok((method::json(&id)?, Some(Start(start))))
    }
}

fn kind(args: &Args<'_>, node: &Node) -> CallResult<Kind> {
    let name: String = args.get(0)?;
    match name.as_str() {
        "newHeads" => Ok(Kind::Heads),
        "logs" => {
            let filter: Filter = args.opt(1)?.unwrap_or_default();
            check(&filter, &node.config.limits)?;
            Ok(Kind::Logs(log_filter(&filter, 0, u64::MAX)))
        }
        "newPendingTransactions" => Ok(Kind::Pending {
            full: args.opt(1)?.unwrap_or(false),
        }),
        other => {
            let words = format!("no {other:?} subscription in eth namespace");
            Err(Fault::new(METHOD_NOT_FOUND, words))
        }
    }
}

/// Why a subscription ended.
enum Outcome {
    Gone,
    TooSlow,
}

/// Goes on until it ends.
type Run = Result<Infallible, Outcome>;

/// What a subscription listens to. Opened before its id is given: nothing is missed.
enum Source {
    Heads(broadcast::Receiver<Arc<FinalizedBlock>>),
    Logs(broadcast::Receiver<Arc<FinalizedBlock>>, LogFilter),
    Pending(broadcast::Receiver<B256>, bool),
}

impl Source {
    fn open(kind: Kind, node: &Node) -> Self {
        let blocks = || node.context.node.finalized();
        match kind {
            Kind::Heads => Self::Heads(blocks()),
            Kind::Logs(filter) => Self::Logs(blocks(), filter),
            Kind::Pending { full } => Self::Pending(node.context.pool.subscribe(), full),
        }
    }

    async fn run(self, node: &Node, out: &Out) -> Run {
        match self {
            Self::Heads(mut blocks) => loop {
                let block = out.next(&mut blocks).await?;
                out.send(&convert::header(&block.block)).await?;
            },
            Self::Logs(mut blocks, filter) => loop {
                let block = out.next(&mut blocks).await?;
                for found in block_logs(&block, &filter) {
                    out.send(&convert::log(found)).await?;
                }
            },
            Self::Pending(mut hashes, full) => loop {
                let hash = out.next(&mut hashes).await?;
                if !full {
                    out.send(&hash).await?;
                } else if let Some(pooled) = node.context.pool.transaction(hash) {
                    out.send(&convert::pooled(&pooled)).await?;
                }
            },
        }
    }
}

/// Where a subscription's notifications go. They share the connection's buffer with its answers.
struct Out {
    id: String,
    sink: MethodSink,
    patience: Duration,
}

#[derive(Serialize)]
struct Notification<'a, T> {
    jsonrpc: &'static str,
    method: &'static str,
    params: Params<'a, T>,
}

#[derive(Serialize)]
struct Params<'a, T> {
    subscription: &'a str,
    result: &'a T,
}

impl Out {
    /// Waits for room. Who falls behind meanwhile finds out in [`Out::next`].
    async fn send(&self, result: &impl Serialize) -> Result<(), Outcome> {
        let subscription = &self.id;
        let message = Notification {
            jsonrpc: "2.0",
            method: NOTIFICATION,
            params: Params {
                subscription,
                result,
            },
        };
        let message = to_raw_value(&message).map_err(|_| Outcome::Gone)?;
        let sent = self.sink.send_timeout(message, self.patience).await;
        sent.map_err(|error| match error {
            SendTimeoutError::Timeout(_) => Outcome::TooSlow,
            SendTimeoutError::Closed(_) => Outcome::Gone,
        })
    }

    async fn next<T: Clone>(&self, source: &mut broadcast::Receiver<T>) -> Result<T, Outcome> {
        let next = tokio::select! {
            () = self.sink.closed() => return Err(Outcome::Gone),
            next = source.recv() => next,
        };
        next.map_err(|error| match error {
            RecvError::Lagged(_) => Outcome::TooSlow,
            RecvError::Closed => Outcome::Gone,
        })
    }

    /// The last message of a subscription that the client is too slow for.
    async fn give_up(&self) {
        let timeout = self.patience.as_millis();
        let error = format!(
            "limit exceeded: this client reads too slowly \
             (rpc.limits.subscription_timeout_ms = {timeout}); subscribe again"
        );
        let params = json!({ "subscription": self.id, "error": error });
        let message = json!({ "jsonrpc": "2.0", "method": NOTIFICATION, "params": params });
        if let Ok(message) = to_raw_value(&message) {
            // Fails only when the client is gone.
            let _ = self.sink.send(message).await;
        }
    }
}
