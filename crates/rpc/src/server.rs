//! The port: accepts connections, bounds them, and hands requests to the dispatcher.

use crate::{
    Config, Context,
    dispatch::{Connection, Dispatcher},
    flow::{self, Flow, Ticket},
    http,
    node::{Contradiction, Node, Run},
    stream::Stream,
};
use futures::future::BoxFuture;
use hansa_primitives::GenesisError;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use jsonrpsee::{
    Methods,
    core::{RegisterMethodError, middleware::RpcServiceBuilder},
    server::{
        BatchRequestConfig, HttpResponse, PingConfig, Server, ServerConfig, ServerHandle,
        StopHandle, stop_channel,
    },
};
use parking_lot::RwLock;
use std::{collections::BTreeMap, convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};
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

/// Who a request for a [`Front`] came from, among its extensions: the other end of the connection, which can be a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client(pub SocketAddr);

/// Answers, on a listener of its own, what is not for a chain: see [`Handle::listen_with`].
pub trait Front: Send + Sync + 'static {
    /// Whether requests of this path are its own; the chains answer all others.
    fn takes(&self, path: &str) -> bool;
    /// Answers one of those; its extensions have the [`Client`]. The listener has checked the host, and bounds how slowly a client sends and reads;
    /// bodies are for the front to bound.
    fn answer(&self, request: hyper::Request<Incoming>) -> BoxFuture<'static, HttpResponse>;
}

/// A running server.
pub struct Handle {
    /// Where it listens.
    pub addr: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
    zones: Zones,
}

/// The zones that a server answers for, each at `/zones/NAME`. Clones share them.
#[derive(Clone)]
pub struct Zones(Arc<Routes>);

impl Zones {
    /// Answers for a zone from now on, with the hub's configuration.
    ///
    /// # Errors
    /// The genesis definition has no hash.
    pub fn open(&self, name: &str, context: Context) -> Result<(), RpcError> {
        let genesis_hash = context.genesis.hash()?;
        let hub = &self.0.hub;
        let mut node = Node::new(context, hub.node.config.clone(), genesis_hash);
        node.share_with(&hub.node);
        let connections = hub.connections.clone();
        self.0.runtime.spawn(node.finality_watch());
        let (stop, stopper) = stop_channel();
        let zone = Shared::new(Arc::new(node), connections, stop)?;
        let served = Served {
            shared: Arc::new(zone),
            _stopper: stopper,
        };
        self.0.zones.write().insert(name.to_owned(), served);
        self.note(name, |run| run.answers = true);
        Ok(())
    }

    /// Answers no more for a zone that this node is to run, and lets its sockets go: nothing of it stays in use.
    pub fn close(&self, name: &str) {
        self.0.zones.write().remove(name);
        self.note(name, |run| run.answers = false);
    }

    /// Says of a zone that this node is to run whether the hub's newest checkpoint contradicts this node.
    pub fn contradict(&self, name: &str, contradiction: Option<Contradiction>) {
        self.note(name, |run| run.contradiction = contradiction);
    }

    fn note(&self, name: &str, change: impl FnOnce(&mut Run)) {
        let mut zones = self.0.hub.node.zones.write();
        change(zones.entry(name.to_owned()).or_default());
    }

    /// This node does not run the zone any more.
    pub fn forget(&self, name: &str) {
        self.0.zones.write().remove(name);
        self.0.hub.node.zones.write().remove(name);
    }
}

/// Which chain answers at which path.
struct Routes {
    hub: Arc<Shared>,
    /// Where what follows the chains runs.
    runtime: tokio::runtime::Handle,
    zones: RwLock<BTreeMap<String, Served>>,
}

/// A zone that the server answers for.
struct Served {
    shared: Arc<Shared>,
    /// Its sockets end with this.
    _stopper: ServerHandle,
}

impl Routes {
    /// The hub is everywhere but under `/zones`; `None` for a zone that is not here.
    fn of(&self, path: &str) -> Option<Arc<Shared>> {
        let Some(name) = path.strip_prefix("/zones/") else {
            return Some(self.hub.clone());
        };
        let name = name.strip_suffix('/').unwrap_or(name);
        let zones = self.zones.read();
        zones.get(name).map(|zone| zone.shared.clone())
    }
}

impl Handle {
    /// The zones that it answers for: none at first.
    pub fn zones(&self) -> Zones {
        self.zones.clone()
    }

    /// Serves the same chains on another listener too, behind `front` and with as many connections again, until the server stops.
    pub fn listen_with(&mut self, listener: TcpListener, front: Arc<dyn Front>) {
        let routes = self.zones.0.clone();
        let most = routes.hub.node.config.limits.max_connections as usize;
        let door = Door {
            front: Some(front),
            places: Arc::new(Semaphore::new(most)),
            routes: routes.clone(),
        };
        let stop = routes.hub.stop.clone();
        self.tasks.push(tokio::spawn(async move {
            door.accept(listener, stop.shutdown()).await;
            door.drained().await;
        }));
    }

    /// Waits until the server has stopped, after the shutdown future resolved.
    pub async fn stopped(self) {
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "rpc: the server ended abnormally");
            }
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
    tokio::spawn(node.finality_watch());
    let (stop, stopper) = stop_channel();
    let connections = Arc::new(Semaphore::new(node.config.limits.max_connections as usize));
    let routes = Arc::new(Routes {
        hub: Arc::new(Shared::new(node, connections, stop)?),
        runtime: tokio::runtime::Handle::current(),
        zones: RwLock::default(),
    });
    let door = Door {
        front: None,
        places: routes.hub.connections.clone(),
        routes: routes.clone(),
    };
    let stopped = routes.clone();
    let task = tokio::spawn(async move {
        door.accept(listener, shutdown).await;
        // Fails only when nobody listens any more.
        let _ = stopper.stop();
        stopped.zones.write().clear();
        door.drained().await;
    });
    Ok(Handle {
        addr,
        tasks: vec![task],
        zones: Zones(routes),
    })
}

fn websocket_config(config: &Config) -> ServerConfig {
    let limits = &config.limits;
    ServerConfig::builder()
        .max_request_body_size(limits.max_request_bytes)
        .max_response_body_size(limits.max_response_bytes)
        .max_connections(limits.max_connections)
        .set_message_buffer_capacity(limits.subscription_buffer)
        .set_batch_request_config(BatchRequestConfig::Limit(HARD_BATCH))
        .enable_ws_ping(PingConfig::new())
        .build()
}

/// What all connections to one chain share.
pub(crate) struct Shared {
    pub(crate) node: Arc<Node>,
    pub(crate) dispatcher: Arc<Dispatcher>,
    /// What jsonrpsee itself answers.
    methods: Methods,
    connections: Arc<Semaphore>,
    websocket: ServerConfig,
    stop: StopHandle,
}

/// What the connections of one listener share.
#[derive(Clone)]
struct Door {
    routes: Arc<Routes>,
    front: Option<Arc<dyn Front>>,
    places: Arc<Semaphore>,
}

impl Door {
    async fn accept(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        tokio::pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, from)) => match self.places.clone().try_acquire_owned() {
                    Ok(permit) => {
                        tokio::spawn(connection(stream, Client(from), self.clone(), permit));
                    }
                    Err(_) => http::refuse(&stream, &self.routes.hub.node.config.limits),
                },
                Err(error) => {
                    // Out of descriptors, mostly: give the others time to close.
                    tracing::warn!(%error, "rpc: cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    /// Waits a moment for connections to end.
    async fn drained(&self) {
        let all = self.routes.hub.node.config.limits.max_connections;
        let finished = self.places.acquire_many(all);
        let _ = tokio::time::timeout(SHUTDOWN_GRACE, finished).await;
    }
}

async fn connection(stream: TcpStream, from: Client, door: Door, permit: OwnedSemaphorePermit) {
    let Door { routes, front, .. } = door;
    let shared = &routes.hub;
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "rpc: connection without TCP_NODELAY");
    }
    let limits = &shared.node.config.limits;
    let header_timeout = Duration::from_millis(limits.header_timeout_ms);
    let flow = Flow::new(limits.max_waiting_bytes);
    let stream = Stream::new(stream, flow.clone(), limits, permit);
    let stop = shared.stop.clone();
    let of_hub = Connection::http(shared.dispatcher.clone());
    let routes = routes.clone();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        let (routes, flow, of_hub) = (routes.clone(), flow.clone(), of_hub.clone());
        let front = front.clone();
        async move {
            if let Some(front) = front.filter(|front| front.takes(request.uri().path())) {
                let refusal = http::refusal(&routes.hub.node.config, request.headers());
                return Ok(match refusal {
                    Some(refusal) => refusal,
                    None => {
                        request.extensions_mut().insert(from);
                        front.answer(request).await
                    }
                });
            }
            let Some(shared) = routes.of(request.uri().path()) else {
                return Ok::<_, Infallible>(http::no_zone());
            };
            let calls = if Arc::ptr_eq(&shared, &routes.hub) {
                of_hub
            } else {
                Connection::http(shared.dispatcher.clone())
            };
            Ok(http::answer(&shared, calls, flow, request).await)
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
    fn new(
        node: Arc<Node>,
        connections: Arc<Semaphore>,
        stop: StopHandle,
    ) -> Result<Self, RpcError> {
        Ok(Self {
            methods: flow::sink_method()?,
            dispatcher: Arc::new(Dispatcher::new(node.clone())),
            connections,
            websocket: websocket_config(&node.config),
            stop,
            node,
        })
    }

    /// Hands a connection over to jsonrpsee.
    pub(crate) async fn upgrade(
        &self,
        flow: Arc<Flow>,
        mut request: hyper::Request<Incoming>,
    ) -> HttpResponse {
        let dispatcher = self.dispatcher.clone();
        request.extensions_mut().insert(Ticket::new(flow.clone()));
        let middleware = RpcServiceBuilder::new()
            .layer_fn(move |inner| Connection::websocket(dispatcher.clone(), &inner, flow.clone()));
        let mut service = Server::builder()
            .set_config(self.websocket.clone())
            .set_rpc_middleware(middleware)
            .to_service_builder()
            .build(self.methods.clone(), self.stop.clone());
        match tower::Service::call(&mut service, request).await {
            Ok(response) => response,
            Err(error) => {
                tracing::debug!(%error, "rpc: upgrade failed");
                jsonrpsee::server::http::response::internal_error()
            }
        }
    }
}
