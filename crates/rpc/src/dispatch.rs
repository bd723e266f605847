//! From a JSON-RPC request to a method and back: what HTTP and WebSocket share.

use crate::{
    errors::{CallResult, Fault, METHOD_NOT_FOUND},
    eth::transactions::{SEND_RAW, send_all},
    flow::Flow,
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
use tokio::sync::Semaphore;

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

    fn respond(&self, id: Id<'_>, result: CallResult<Box<RawValue>>) -> MethodResponse {
        let most = self.node.config.limits.max_response_bytes as usize;
        match result {
            Ok(result) if result.get().len() < most => {
                MethodResponse::response(id, ResponsePayload::success(result), most)
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

    async fn call(&self, request: Request<'_>) -> MethodResponse {
        let result = self.answer(&request).await;
        self.respond(request.id, result)
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
                self.respond(request.id, result)
            })
            .collect()
    }
}

/// One connection's calls.
#[derive(Clone)]
pub(crate) struct Connection {
    dispatcher: Arc<Dispatcher>,
    /// Only a WebSocket has it: what runs its subscriptions, and where its answers go.
    session: Option<(RpcService, Arc<Flow>)>,
    turns: Arc<Semaphore>,
}

impl Connection {
    /// Calls over HTTP.
    pub(crate) fn http(dispatcher: Arc<Dispatcher>) -> Self {
        Self::new(dispatcher, None)
    }

    /// Calls over WebSocket.
    pub(crate) fn websocket(
        dispatcher: Arc<Dispatcher>,
        inner: RpcService,
        flow: Arc<Flow>,
    ) -> Self {
        flow.attach(&inner);
        Self::new(dispatcher, Some((inner, flow)))
    }

    fn new(dispatcher: Arc<Dispatcher>, session: Option<(RpcService, Arc<Flow>)>) -> Self {
        let turns = dispatcher.node.config.limits.max_calls_per_connection as usize;
        Self {
            dispatcher,
            session,
            turns: Arc::new(Semaphore::new(turns)),
        }
    }

    /// Waits until an answer can be sent. Its turn is kept meanwhile, so that what has been answered
    /// and is not sent stays as bounded as what is being answered.
    async fn room(&self) {
        if let Some((_, flow)) = &self.session {
            flow.room().await;
        }
    }

    async fn one(&self, request: Request<'_>) -> MethodResponse {
        let dispatcher = &self.dispatcher;
        let Some((inner, _)) = &self.session else {
            return dispatcher.call(request).await;
        };
        match dispatcher.find(&request.method) {
            Ok(method) if method.handler.is_none() => {
                let id = request.id.clone().into_owned();
                let response = inner.call(request).await;
                self.reword(id, response)
            }
            _ => dispatcher.call(request).await,
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
                Ok(BatchEntry::Call(request)) => vec![self.one(request).await],
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
            let _turn = this.turns.acquire().await;
            let response = this.one(request).await;
            this.room().await;
            response
        }
    }

    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            let _turn = this.turns.acquire().await;
            let response = this.all(batch).await;
            this.room().await;
            response
        }
    }

    fn notification<'a>(
        &self,
        _notification: Notification<'a>,
    ) -> impl Future<Output = MethodResponse> + Send + 'a {
        std::future::ready(MethodResponse::notification())
    }
}
