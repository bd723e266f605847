//! `eth_subscribe`: pushed over WebSocket through the connection's bounded buffer. A client that does
//! not keep up loses its subscription, never the node its memory.

use crate::{
    chain::{block_logs, log_filter},
    convert,
    errors::{CallResult, Fault},
    eth::logs::check,
    method::Method,
    node::Node,
    params::Args,
};
use alloy_rpc_types_eth::Filter;
use hansa_index::LogFilter;
use jsonrpsee::{
    PendingSubscriptionSink, RpcModule, SendTimeoutError, SubscriptionMessage, SubscriptionSink,
    core::{SubscriptionError, traits::IdProvider},
    server::{IntoSubscriptionCloseResponse, SubscriptionCloseResponse},
    types::{Params, SubscriptionId},
};
use serde::Serialize;
use serde_json::value::RawValue;
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::broadcast::{self, error::RecvError};

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

/// Subscription ids as go-ethereum makes them: 16 random bytes, hexadecimal.
#[derive(Debug)]
pub(crate) struct Ids;

impl IdProvider for Ids {
    fn next_id(&self) -> SubscriptionId<'static> {
        format!("{:#x}", rand::random::<u128>()).into()
    }
}

enum Kind {
    Heads,
    Logs(LogFilter),
    Pending { full: bool },
}

/// The ends of a subscription need no words: the client asked, or is gone, or was told.
enum Ended {
    Quietly,
    TooSlow(u64),
}

impl IntoSubscriptionCloseResponse for Ended {
    fn into_response(self) -> SubscriptionCloseResponse {
        match self {
            Self::Quietly => SubscriptionCloseResponse::None,
            Self::TooSlow(timeout) => {
                let text = format!(
                    "limit exceeded: this client reads too slowly \
                     (rpc.limits.subscription_timeout_ms = {timeout}); subscribe again"
                );
                SubscriptionCloseResponse::NotifErr(SubscriptionError::from(text))
            }
        }
    }
}

/// The two methods, for the server to merge.
pub(crate) fn module(
    node: Arc<Node>,
) -> Result<RpcModule<Arc<Node>>, jsonrpsee::core::RegisterMethodError> {
    let mut module = RpcModule::new(node);
    module.register_subscription(
        SUBSCRIBE,
        NOTIFICATION,
        UNSUBSCRIBE,
        |params, pending, node, _extensions| async move { run(params, pending, &node).await },
    )?;
    Ok(module)
}

fn kind(params: &Params<'_>, node: &Node) -> CallResult<Kind> {
    let raw = params.as_str().map(|text| {
        serde_json::from_str::<&RawValue>(text).map_err(|_| Fault::params("non-array args"))
    });
    let args = Args::parse(raw.transpose()?, 2)?;
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
        other => Err(Fault::params(format!(
            "no \"{other}\" subscription in eth namespace: \
             there are newHeads, logs and newPendingTransactions"
        ))),
    }
}

async fn run(params: Params<'static>, pending: PendingSubscriptionSink, node: &Arc<Node>) -> Ended {
    let kind = match kind(&params, node) {
        Ok(kind) => kind,
        Err(fault) => {
            pending.reject(fault).await;
            return Ended::Quietly;
        }
    };
    let outcome = match kind {
        Kind::Heads => heads(node, pending).await,
        Kind::Logs(filter) => logs(node, pending, &filter).await,
        Kind::Pending { full } => transactions(node, pending, full).await,
    };
    let Err(outcome) = outcome;
    match outcome {
        Outcome::Gone => Ended::Quietly,
        Outcome::TooSlow => Ended::TooSlow(node.config.limits.subscription_timeout_ms),
    }
}

/// Why a subscription ended.
enum Outcome {
    Gone,
    TooSlow,
}

/// Goes on until it ends.
type Run = Result<Infallible, Outcome>;

async fn heads(node: &Node, pending: PendingSubscriptionSink) -> Run {
    // Here and below, listening begins before the id is given: nothing is missed.
    let mut blocks = node.context.node.finalized();
    let out = Out::accept(node, pending).await?;
    loop {
        let block = out.next(&mut blocks).await?;
        out.send(&convert::header(&block.block)).await?;
    }
}

async fn logs(node: &Node, pending: PendingSubscriptionSink, filter: &LogFilter) -> Run {
    let mut blocks = node.context.node.finalized();
    let out = Out::accept(node, pending).await?;
    loop {
        let block = out.next(&mut blocks).await?;
        for found in block_logs(&block, filter) {
            out.send(&convert::log(found)).await?;
        }
    }
}

async fn transactions(node: &Node, pending: PendingSubscriptionSink, full: bool) -> Run {
    let mut hashes = node.context.pool.subscribe();
    let out = Out::accept(node, pending).await?;
    loop {
        let hash = out.next(&mut hashes).await?;
        if !full {
            out.send(&hash).await?;
        } else if let Some(pooled) = node.context.pool.transaction(hash) {
            out.send(&convert::pooled(&pooled)).await?;
        }
    }
}

/// Where a subscription's notifications go. They share the connection's buffer with its answers.
struct Out {
    sink: SubscriptionSink,
    patience: Duration,
}

impl Out {
    async fn accept(node: &Node, pending: PendingSubscriptionSink) -> Result<Self, Outcome> {
        let sink = pending.accept().await.map_err(|_| Outcome::Gone)?;
        let patience = Duration::from_millis(node.config.limits.subscription_timeout_ms);
        Ok(Self { sink, patience })
    }

    /// Waits for room. Who falls behind meanwhile finds out in [`Out::next`].
    async fn send(&self, value: &impl Serialize) -> Result<(), Outcome> {
        let message = serde_json::value::to_raw_value(value).map_err(|_| Outcome::Gone)?;
        let message = SubscriptionMessage::from(message);
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
}
