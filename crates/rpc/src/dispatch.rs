//! From a JSON-RPC request to a method and back: what HTTP and WebSocket share.

use crate::{
    errors::{CallResult, Fault, METHOD_NOT_FOUND},
    eth::transactions::{SEND_RAW, send_all},
    flow::Flow,
    method::{self, Method},
    node::Node,
    params::Args,
    subscriptions::{Start, Subscriptions},
};
use bytes::Bytes;
use jsonrpsee::{
    BatchResponseBuilder, MethodResponse, ResponsePayload,
    core::middleware::{Batch, BatchEntry, Notification, RpcServiceT},
    server::middleware::rpc::RpcService,
    types::{ErrorCode, ErrorObjectOwned, Id, Request},
};
use serde::Deserialize;
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
                raw.push(args.get::<alloy_primitives::Bytes>(0)?);
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
    /// Only a WebSocket has it.
    session: Option<Arc<Subscriptions>>,
    /// What came over HTTP; a WebSocket's messages are not shown to us.
    body: Bytes,
    turns: Arc<Semaphore>,
}

/// Among the extensions of a response that is none: JSON-RPC answers no notification.
#[derive(Clone)]
pub(crate) struct Silence;

fn silence() -> MethodResponse {
    let mut response = MethodResponse::notification();
    response.extensions_mut().insert(Silence);
    response
}

impl Connection {
    /// Calls over HTTP.
    pub(crate) fn http(dispatcher: Arc<Dispatcher>) -> Self {
        Self::new(dispatcher, None)
    }

    /// Calls over WebSocket.
    pub(crate) fn websocket(
        dispatcher: Arc<Dispatcher>,
        inner: &RpcService,
        flow: Arc<Flow>,
    ) -> Self {
        flow.attach(inner);
        let session = Subscriptions::new(dispatcher.node.clone(), flow);
        Self::new(dispatcher, Some(Arc::new(session)))
    }

    fn new(dispatcher: Arc<Dispatcher>, session: Option<Arc<Subscriptions>>) -> Self {
        let turns = dispatcher.node.config.limits.max_calls_per_connection as usize;
        Self {
            dispatcher,
            session,
            body: Bytes::new(),
            turns: Arc::new(Semaphore::new(turns)),
        }
    }

    /// The same, for the calls in `body`.
    pub(crate) fn of(self, body: Bytes) -> Self {
        Self { body, ..self }
    }

    /// Waits until an answer can be sent. Its turn is kept meanwhile, so that what has been answered
    /// and is not sent stays as bounded as what is being answered.
    async fn room(&self) {
        if let Some(session) = &self.session {
            session.flow.room().await;
        }
    }

    async fn one(&self, request: Request<'_>) -> (MethodResponse, Option<Start>) {
        let dispatcher = &self.dispatcher;
        let Some(session) = &self.session else {
            return (dispatcher.call(request).await, None);
        };
        match dispatcher.find(&request.method) {
            Ok(method) if method.handler.is_none() => {
                let args = Args::parse(request.params.as_deref(), method.params.len());
                let (result, start) = match args.and_then(|args| session.answer(method.name, &args))
                {
                    Ok((result, start)) => (Ok(result), start),
                    Err(fault) => (Err(fault), None),
                };
                (dispatcher.respond(request.id, result), start)
            }
            _ => (dispatcher.call(request).await, None),
        }
    }

    async fn all(&self, batch: Batch<'_>, starts: &mut Vec<Start>) -> MethodResponse {
        let limits = &self.dispatcher.node.config.limits;
        let fail = |fault: Fault| MethodResponse::error(Id::Null, ErrorObjectOwned::from(fault));
        if batch.len() > limits.max_batch as usize {
            let what = format!("{} calls in one batch", batch.len());
            return fail(Fault::limit("max_batch", limits.max_batch, what));
        }
        let most = limits.max_response_bytes as usize;
        let mut responses = BatchResponseBuilder::new_with_limit(most);
        let mut only_notifications = !batch.is_empty();
        let mut ids = None;
        let mut entries = batch.into_iter().enumerate().peekable();
        while let Some((index, entry)) = entries.next() {
            let answered = match entry {
                Ok(BatchEntry::Notification(_)) => {
                    let ids = ids.get_or_insert_with(|| have_ids(&self.body));
                    if !ids.get(index).is_some_and(|has_id| *has_id) {
                        continue;
                    }
                    vec![odd_id()]
                }
                Ok(BatchEntry::Call(request)) if request.method == SEND_RAW => {
                    let mut group = vec![request];
                    while let Some((_, Ok(BatchEntry::Call(request)))) = entries.next_if(is_send) {
                        group.push(request);
                    }
                    self.dispatcher.send_group(group).await
                }
                Ok(BatchEntry::Call(request)) => {
                    let (response, start) = self.one(request).await;
                    starts.extend(start);
                    vec![response]
                }
                Err(error) => {
                    let (error, id) = error.into_parts();
                    vec![MethodResponse::error(id, error)]
                }
            };
            only_notifications = false;
            for response in answered {
                if responses.append(response).is_err() {
                    // Their ids are not told.
                    starts.clear();
                    return fail(self.dispatcher.too_large());
                }
            }
        }
        if only_notifications {
            return silence();
        }
        MethodResponse::from_batch(responses.finish())
    }

    /// Hands over what subscriptions wait for: they begin behind it.
    async fn deliver(&self, response: MethodResponse, starts: Vec<Start>) -> MethodResponse {
        self.room().await;
        let sink = self
            .session
            .as_ref()
            .and_then(|session| session.flow.sink());
        let Some(sink) = sink.filter(|_| !starts.is_empty()) else {
            return response;
        };
        if sink.send(response.into_json()).await.is_ok() {
            starts.into_iter().for_each(Start::now);
        }
        silence()
    }
}

fn is_send<E>((_, entry): &(usize, Result<BatchEntry<'_>, E>)) -> bool {
    matches!(entry, Ok(BatchEntry::Call(request)) if request.method == SEND_RAW)
}

/// jsonrpsee takes a call for a notification if its id is neither a whole number from 0 nor a string.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
}

fn has_id(call: &[u8]) -> bool {
    // An id that is given twice is one too.
    serde_json::from_slice(call).map_or(true, |call: Envelope<'_>| call.id.is_some())
}

/// Which calls of a batch have one.
fn have_ids(batch: &[u8]) -> Vec<bool> {
    let calls = serde_json::from_slice::<Vec<&RawValue>>(batch).unwrap_or_default();
    calls
        .iter()
        .map(|call| has_id(call.get().as_bytes()))
        .collect()
}

fn odd_id() -> MethodResponse {
    let words = "Invalid request: an id is a whole number from 0, a string, or null";
    let fault = Fault::new(ErrorCode::InvalidRequest.code(), words);
    MethodResponse::error(Id::Null, ErrorObjectOwned::from(fault))
}

impl RpcServiceT for Connection {
    type MethodResponse = MethodResponse;
    type NotificationResponse = MethodResponse;
    type BatchResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            let _turn = this.turns.acquire().await;
            let (response, start) = this.one(request).await;
            this.deliver(response, start.into_iter().collect()).await
        }
    }

    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            let _turn = this.turns.acquire().await;
            let mut starts = Vec::new();
            let response = this.all(batch, &mut starts).await;
            this.deliver(response, starts).await
        }
    }

    fn notification<'a>(
        &self,
        _notification: Notification<'a>,
    ) -> impl Future<Output = MethodResponse> + Send + 'a {
        let odd = !self.body.is_empty() && has_id(&self.body);
        std::future::ready(if odd { odd_id() } else { silence() })
    }
}
