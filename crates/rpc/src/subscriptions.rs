//! `eth_subscribe`: pushed over WebSocket, each with a bounded buffer. A client that does not keep
//! up loses its subscription, never the node its memory.

use crate::{
    chain::{block_logs, log_filter},
    convert,
    errors::{CallResult, Fault},
    eth::logs,
    method::Method,
    node::Node,
    params::Args,
};
use alloy_rpc_types_eth::Filter;
use hansa_index::{FinalizedBlock, LogFilter};
use jsonrpsee::{
    PendingSubscriptionSink, RpcModule, SubscriptionMessage, SubscriptionSink,
    core::{SubscriptionError, traits::IdProvider},
    server::{IntoSubscriptionCloseResponse, SubscriptionCloseResponse},
    types::{Params, SubscriptionId},
};
use serde::Serialize;
use serde_json::value::RawValue;
use std::sync::Arc;
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
    TooSlow(u32),
}

impl IntoSubscriptionCloseResponse for Ended {
    fn into_response(self) -> SubscriptionCloseResponse {
        match self {
            Self::Quietly => SubscriptionCloseResponse::None,
            Self::TooSlow(buffer) => {
                let text = format!(
                    "limit exceeded: this client reads too slowly \
                     (rpc.limits.subscription_buffer = {buffer}); subscribe again"
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
            logs::check(&filter, &node.config.limits)?;
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
    // Listening begins before the id is given: nothing is missed.
    let blocks = node.context.node.finalized();
    let incoming = node.context.pool.subscribe();
    let Ok(sink) = pending.accept().await else {
        return Ended::Quietly;
    };
    let buffer = node.config.limits.subscription_buffer;
    let outcome = match kind {
        Kind::Heads => {
            forward(
                sink,
                blocks,
                |block: &FinalizedBlock, out: &mut Sender<'_>| {
                    out.send(&convert::header(&block.block))
                },
            )
            .await
        }
        Kind::Logs(filter) => {
            forward(
                sink,
                blocks,
                |block: &FinalizedBlock, out: &mut Sender<'_>| {
                    block_logs(block, &filter).try_for_each(|found| out.send(&convert::log(found)))
                },
            )
            .await
        }
        Kind::Pending { full } => {
            forward(
                sink,
                incoming,
                |pooled: &crate::api::PooledTransaction, out: &mut Sender<'_>| {
                    if full {
                        out.send(&convert::pooled(pooled))
                    } else {
                        out.send(pooled.transaction.tx_hash())
                    }
                },
            )
            .await
        }
    };
    match outcome {
        Outcome::Gone => Ended::Quietly,
        Outcome::TooSlow => Ended::TooSlow(buffer),
    }
}

/// Why a subscription ended.
enum Outcome {
    Gone,
    TooSlow,
}

/// Sends without waiting: the buffer of the connection is all that a slow client gets.
struct Sender<'a>(&'a mut SubscriptionSink);

impl Sender<'_> {
    fn send(&mut self, value: &impl Serialize) -> Result<(), Outcome> {
        let message = serde_json::value::to_raw_value(value).map_err(|_| Outcome::Gone)?;
        let sent = self.0.try_send(SubscriptionMessage::from(message));
        sent.map_err(|error| match error {
            jsonrpsee::TrySendError::Full(_) => Outcome::TooSlow,
            jsonrpsee::TrySendError::Closed(_) => Outcome::Gone,
        })
    }
}

async fn forward<T: Send + Sync + 'static>(
    mut sink: SubscriptionSink,
    mut source: broadcast::Receiver<Arc<T>>,
    show: impl Fn(&T, &mut Sender<'_>) -> Result<(), Outcome>,
) -> Outcome {
    loop {
        let next = tokio::select! {
            () = sink.closed() => return Outcome::Gone,
            next = source.recv() => next,
        };
        match next {
            Ok(item) => {
                if let Err(outcome) = show(&item, &mut Sender(&mut sink)) {
                    return outcome;
                }
            }
            Err(RecvError::Lagged(_)) => return Outcome::TooSlow,
            Err(RecvError::Closed) => return Outcome::Gone,
        }
    }
}
