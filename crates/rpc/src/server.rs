//! The port: accepts connections, bounds them, and hands requests to the dispatcher.

use crate::{
    Config, Context,
    dispatch::{Connection, Dispatcher},
    flow::{self, Flow, Ticket},
    http,
    node::Node,
    stream::Stream,
    subscriptions,
};
use hansa_primitives::GenesisError;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use jsonrpsee::{
    Methods,
    core::{RegisterMethodError, middleware::RpcServiceBuilder},
    server::{
        BatchRequestConfig, PingConfig, Server, ServerConfig, ServerHandle, StopHandle,
        stop_channel,
    },
};
use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};
use thiserror::Error;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
};

/// Beyond this many calls a WebSocket batch is not even looked at; up to here the error names
/// `max_batch`.
const HARD_BATCH: u32 = 20_000;
/// After a shutdown, connections get this long to finish their answers.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// Why the server does not start.
#[derive(Debug, Error)]
pub enum RpcError {
    /// The listener is unusable.
    #[error("rpc: the listening socket fails: {0}; check rpc.listen")]
    Listener(#[from] std::io::Error),
    /// A namespace that does not exist.
    #[error("rpc.namespaces: there is no `{0}`; there are eth, net, web3, hansa, debug and txpool")]
    Namespace(String),
    /// The genesis definition has no hash.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// Two methods of one name: a defect of this crate.
    #[error("rpc: {0}")]
    Register(#[from] RegisterMethodError),
}

/// A running server.
#[derive(Debug)]
pub struct Handle {
    /// Where it listens.
    pub addr: SocketAddr,
    task: JoinHandle<()>,
}

impl Handle {
    /// Waits until the server has stopped, after the shutdown future resolved.
    pub async fn stopped(self) {
        if let Err(error) = self.task.await {
            tracing::error!(%error, "rpc: the server ended abnormally");
        }
    }
}

/// Serves JSON-RPC over HTTP and WebSocket on `listener` until `shutdown` resolves.
///
/// # Errors
/// The configuration names an unknown namespace, or the socket is unusable.
pub async fn serve(
    listener: TcpListener,
    config: Config,
    context: Context,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<Handle, RpcError> {
    let known = ["eth", "net", "web3", "hansa", "debug", "txpool"];
    if let Some(unknown) = config
        .namespaces
        .iter()
        .find(|name| !known.contains(&name.as_str()))
    {
        return Err(RpcError::Namespace(unknown.clone()));
    }
    let addr = listener.local_addr()?;
    let genesis_hash = context.genesis.hash()?;
    let node = Arc::new(Node::new(context, config, genesis_hash));
    let (stop, stopper) = stop_channel();
    let mut subscriptions: Methods = subscriptions::module(node.clone())?.into();
    subscriptions.verify_and_insert(flow::SINK_METHOD, flow::sink_method())?;
    let shared = Arc::new(Shared {
        subscriptions,
        dispatcher: Arc::new(Dispatcher::new(node.clone())),
        connections: Arc::new(Semaphore::new(node.config.limits.max_connections as usize)),
        websocket: websocket_config(&node.config),
        stop,
        node,
    });
    let task = tokio::spawn(accept(listener, shared, stopper, shutdown));
    Ok(Handle { addr, task })
}

fn websocket_config(config: &Config) -> ServerConfig {
    let limits = &config.limits;
    ServerConfig::builder()
        .max_request_body_size(limits.max_request_bytes)
        .max_response_body_size(limits.max_response_bytes)
        .max_connections(limits.max_connections)
        .max_subscriptions_per_connection(limits.max_subscriptions_per_connection)
        .set_message_buffer_capacity(limits.subscription_buffer)
        .set_batch_request_config(BatchRequestConfig::Limit(HARD_BATCH))
        .enable_ws_ping(PingConfig::new())
        .set_id_provider(subscriptions::Ids)
        .build()
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) node: Arc<Node>,
    pub(crate) dispatcher: Arc<Dispatcher>,
    subscriptions: Methods,
    connections: Arc<Semaphore>,
    websocket: ServerConfig,
    stop: StopHandle,
}

async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    stopper: ServerHandle,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => match shared.connections.clone().try_acquire_owned() {
                Ok(permit) => {
                    tokio::spawn(connection(stream, shared.clone(), permit));
                }
                Err(_) => http::refuse(&stream, &shared.node.config.limits),
            },
            Err(error) => {
                // Out of descriptors, mostly: give the others time to close.
                tracing::warn!(%error, "rpc: cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    // Fails only when nobody listens any more.
    let _ = stopper.stop();
    let all = shared.node.config.limits.max_connections;
    let finished = shared.connections.acquire_many(all);
    let _ = tokio::time::timeout(SHUTDOWN_GRACE, finished).await;
}

async fn connection(stream: TcpStream, shared: Arc<Shared>, permit: OwnedSemaphorePermit) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "rpc: connection without TCP_NODELAY");
    }
    let limits = &shared.node.config.limits;
    let header_timeout = Duration::from_millis(limits.header_timeout_ms);
    let flow = Flow::new(limits.max_waiting_bytes);
    let stream = Stream::new(stream, flow.clone(), limits, permit);
    let stop = shared.stop.clone();
    let calls = Connection::http(shared.dispatcher.clone());
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (shared, flow, calls) = (shared.clone(), flow.clone(), calls.clone());
        async move {
            let response = http::answer(&shared, calls, flow, request).await;
            Ok::<_, Infallible>(response)
        }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(serving);
    let outcome = tokio::select! {
        outcome = &mut serving => outcome,
        () = stop.shutdown() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "rpc: connection ended");
    }
}

impl Shared {
    /// Hands a connection over to jsonrpsee.
    pub(crate) async fn upgrade(
        &self,
        flow: Arc<Flow>,
        mut request: hyper::Request<Incoming>,
    ) -> jsonrpsee::server::HttpResponse {
        let dispatcher = self.dispatcher.clone();
        request.extensions_mut().insert(Ticket::new(flow.clone()));
        let middleware = RpcServiceBuilder::new()
            .layer_fn(move |inner| Connection::websocket(dispatcher.clone(), inner, flow.clone()));
        let mut service = Server::builder()
            .set_config(self.websocket.clone())
            .set_rpc_middleware(middleware)
            .to_service_builder()
            .build(self.subscriptions.clone(), self.stop.clone());
        match tower::Service::call(&mut service, request).await {
            Ok(response) => response,
            Err(error) => {
                tracing::debug!(%error, "rpc: upgrade failed");
                jsonrpsee::server::http::response::internal_error()
            }
        }
    }
}
