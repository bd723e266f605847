//! From a JSON-RPC request to a method and back: what HTTP and WebSocket share.

use crate::{
    errors::{CallResult, Fault, METHOD_NOT_FOUND},
    eth::transactions::{SEND_RAW, send_all},
    method::{self, Method},
    node::Node,
    params::Args,
};
use alloy_primitives::Bytes;
use jsonrpsee::{
    BatchResponseBuilder, MethodResponse, ResponsePayload,
    core::middleware::{Batch, BatchEntry, Notification, RpcServiceT},
    server::middleware::rpc::RpcService,
    types::{ErrorObjectOwned, Id, Request, error},
};
use serde_json::value::RawValue;
use std::{collections::HashMap, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The table of methods and the node that they work on.
pub(crate) struct Dispatcher {
    node: Arc<Node>,
    methods: HashMap<&'static str, &'static Method>,
}

impl Dispatcher {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        let methods = method::all().map(|method| (method.name, method)).collect();
        Self { node, methods }
    }

    /// The method that `name` means, if it is switched on.
    fn find(&self, name: &str) -> CallResult<&'static Method> {
        let missing = || format!("the method {name} does not exist/is not available");
        let Some(method) = self.methods.get(name) else {
            return Err(Fault::new(METHOD_NOT_FOUND, missing()));
        };
        let namespace = method.namespace();
        if namespace != "rpc" && !self.node.config.namespaces.contains(namespace) {
            let message = format!(
                "{}: namespace `{namespace}` is off; add it to rpc.namespaces",
                missing()
            );
            return Err(Fault::new(METHOD_NOT_FOUND, message));
        }
        Ok(method)
    }

    async fn answer(&self, request: &Request<'_>) -> CallResult<Box<RawValue>> {
        let method = self.find(&request.method)?;
        let Some(handler) = method.handler else {
            return Err(Fault::new(
                METHOD_NOT_FOUND,
                "notifications not supported: subscriptions need a WebSocket connection",
            ));
        };
        let args = Args::parse(request.params.as_deref(), method.params.len())?;
        handler(&self.node, args).await
    }

    /// The response; `turn` is given back once it has been handed to the connection.
    fn respond(
        &self,
        id: Id<'_>,
        result: CallResult<Box<RawValue>>,
        turn: Option<OwnedSemaphorePermit>,
    ) -> MethodResponse {
        let most = self.node.config.limits.max_response_bytes as usize;
        match result {
            Ok(result) if result.get().len() < most => {
                let mut payload = ResponsePayload::success(result);
                if let Some(turn) = turn {
                    let (watched, sent) = payload.notify_on_completion();
                    payload = watched;
                    tokio::spawn(async move {
                        let _ = sent.await;
                        drop(turn);
                    });
                }
                MethodResponse::response(id, payload, most)
            }
            Ok(_) => MethodResponse::error(id, ErrorObjectOwned::from(self.too_large())),
            Err(fault) => MethodResponse::error(id, ErrorObjectOwned::from(fault)),
        }
    }

    fn too_large(&self) -> Fault {
        let most = self.node.config.limits.max_response_bytes;
        let what = "the response is larger; ask for less";
        Fault::limit("max_response_bytes", most, what)
    }

    async fn call(
        &self,
        request: Request<'_>,
        turn: Option<OwnedSemaphorePermit>,
    ) -> MethodResponse {
        let result = self.answer(&request).await;
        self.respond(request.id, result, turn)
    }

    /// Answers neighbouring `eth_sendRawTransaction` calls with one submission, so that their
    /// senders are recovered in parallel.
    async fn send_group(&self, requests: Vec<Request<'_>>) -> Vec<MethodResponse> {
        let mut raw = Vec::with_capacity(requests.len());
        let parsed: Vec<CallResult<()>> = requests
            .iter()
            .map(|request| {
                let method = self.find(&request.method)?;
                let args = Args::parse(request.params.as_deref(), method.params.len())?;
                raw.push(args.get::<Bytes>(0)?);
                Ok(())
            })
            .collect();
        let mut sent = send_all(&self.node, raw).await.into_iter();
        requests
            .into_iter()
            .zip(parsed)
            .map(|(request, parsed)| {
                let missing = || Err(Fault::internal("the pool gave no outcome"));
                let outcome = parsed.and_then(|()| sent.next().unwrap_or_else(missing));
                let result = outcome.and_then(|hash| method::json(&hash));
                self.respond(request.id, result, None)
            })
            .collect()
    }
}

/// One connection's calls. Over WebSocket, `inner` runs subscriptions.
#[derive(Clone)]
pub(crate) struct Connection {
    dispatcher: Arc<Dispatcher>,
    inner: Option<RpcService>,
    turns: Arc<Semaphore>,
}

impl Connection {
    pub(crate) fn new(dispatcher: Arc<Dispatcher>, inner: Option<RpcService>) -> Self {
        let turns = dispatcher.node.config.limits.max_calls_per_connection as usize;
        Self {
            dispatcher,
            inner,
            turns: Arc::new(Semaphore::new(turns)),
        }
    }

    async fn one(
        &self,
        request: Request<'_>,
        turn: Option<OwnedSemaphorePermit>,
    ) -> MethodResponse {
        let dispatcher = &self.dispatcher;
        let Some(inner) = &self.inner else {
            return dispatcher.call(request, None).await;
        };
        match dispatcher.find(&request.method) {
            Ok(method) if method.handler.is_none() => {
                let id = request.id.clone().into_owned();
                let response = inner.call(request).await;
                self.reword(id, response)
            }
            _ => dispatcher.call(request, turn).await,
        }
    }

    /// jsonrpsee's limit on subscriptions, in this server's words.
    fn reword(&self, id: Id<'_>, response: MethodResponse) -> MethodResponse {
        if response.as_error_code() != Some(error::TOO_MANY_SUBSCRIPTIONS_CODE) {
            return response;
        }
        let most = self
            .dispatcher
            .node
            .config
            .limits
            .max_subscriptions_per_connection;
        let what = "this connection holds as many subscriptions as it may";
        let fault = Fault::limit("max_subscriptions_per_connection", most, what);
        MethodResponse::error(id, ErrorObjectOwned::from(fault))
    }

    async fn all(&self, batch: Batch<'_>) -> MethodResponse {
        let limits = &self.dispatcher.node.config.limits;
        let fail = |fault: Fault| MethodResponse::error(Id::Null, ErrorObjectOwned::from(fault));
        if batch.len() > limits.max_batch as usize {
            let what = format!("{} calls in one batch", batch.len());
            return fail(Fault::limit("max_batch", limits.max_batch, what));
        }
        let most = limits.max_response_bytes as usize;
        let mut responses = BatchResponseBuilder::new_with_limit(most);
        let mut only_notifications = !batch.is_empty();
        let mut entries = batch.into_iter().peekable();
        while let Some(entry) = entries.next() {
            let answered = match entry {
                Ok(BatchEntry::Notification(_)) => continue,
                Ok(BatchEntry::Call(request)) if request.method == SEND_RAW => {
                    let mut group = vec![request];
                    while let Some(Ok(BatchEntry::Call(request))) = entries.next_if(is_send) {
                        group.push(request);
                    }
                    self.dispatcher.send_group(group).await
                }
                Ok(BatchEntry::Call(request)) => vec![self.one(request, None).await],
                Err(error) => {
                    let (error, id) = error.into_parts();
                    vec![MethodResponse::error(id, error)]
                }
            };
            only_notifications = false;
            for response in answered {
                if responses.append(response).is_err() {
                    return fail(self.dispatcher.too_large());
                }
            }
        }
        if only_notifications {
            return MethodResponse::notification();
        }
        MethodResponse::from_batch(responses.finish())
    }
}

fn is_send<E>(entry: &Result<BatchEntry<'_>, E>) -> bool {
    matches!(entry, Ok(BatchEntry::Call(request)) if request.method == SEND_RAW)
}

impl RpcServiceT for Connection {
    type MethodResponse = MethodResponse;
    type NotificationResponse = MethodResponse;
    type BatchResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            // A client that asks without reading the answers waits here: what is being answered
            // or waits to be sent is bounded.
            let turn = this.turns.clone().acquire_owned().await.ok();
            this.one(request, turn).await
        }
    }

    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            let _turn = this.turns.acquire().await;
            this.all(batch).await
        }
    }

    fn notification<'a>(
        &self,
        _notification: Notification<'a>,
    ) -> impl Future<Output = MethodResponse> + Send + 'a {
        std::future::ready(MethodResponse::notification())
    }
}
