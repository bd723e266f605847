//! How much one connection may ask for at once.
//!
//! jsonrpsee reads a WebSocket as fast as its client sends and starts a task for each message. What
//! those tasks hold would have no bound, so the connection itself stops being read from while too much
//! waits: the client feels it as a full TCP window, and nothing that it sent is lost.

use futures::{future::BoxFuture, task::AtomicWaker};
use jsonrpsee::{
    MethodResponse, Methods,
    core::{
        RegisterMethodError,
        middleware::RpcServiceT as _,
        server::{MethodCallback, MethodSink},
    },
    server::middleware::rpc::RpcService,
    types::{ErrorCode, Id, Request},
};
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

/// What a message costs beside its bytes: its task.
const MESSAGE_OVERHEAD: usize = 2_048;
/// The ticket that a message carries is the second clone of the connection's first.
const MESSAGE_DEPTH: u8 = 2;
/// Not callable from outside: the dispatcher knows no such method.
const SINK_METHOD: &str = "flow_sink";

/// What one connection has asked for and was not answered yet.
pub(crate) struct Flow {
    /// Bytes that may wait.
    most: usize,
    /// Bytes that came in and belong to no message yet.
    arrived: AtomicUsize,
    /// Bytes of messages that are not answered yet.
    waiting: AtomicUsize,
    reader: AtomicWaker,
    /// Where a WebSocket's answers go.
    sink: OnceLock<MethodSink>,
}

impl Flow {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            arrived: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            reader: AtomicWaker::new(),
            sink: OnceLock::new(),
        })
    }

    /// Counts bytes that came in.
    pub(crate) fn arrived(&self, bytes: usize) {
        self.arrived.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Ready when more may be read: neither too many messages wait to be answered nor an answer for
    /// room to be sent. `room` is kept between calls; [`Flow::wake`] wakes who called last.
    pub(crate) fn poll_open(
        &self,
        room: &mut Option<BoxFuture<'static, ()>>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        // Registered before the look: nothing is missed between the two.
        self.reader.register(context.waker());
        if self.waiting.load(Ordering::Acquire) > self.most {
            return Poll::Pending;
        }
        let Some(sink) = self.sink.get() else {
            return Poll::Ready(());
        };
        if room.is_none() && sink.capacity() > 0 {
            return Poll::Ready(());
        }
        let wait = room.get_or_insert_with(|| Box::pin(has_room(sink.clone())));
        ready!(wait.as_mut().poll(context));
        *room = None;
        Poll::Ready(())
    }

    /// Wakes whoever reads.
    pub(crate) fn wake(&self) {
        self.reader.wake();
    }

    /// Waits until an answer can be sent. At once where there is no WebSocket.
    pub(crate) async fn room(&self) {
        if let Some(sink) = self.sink.get() {
            has_room(sink.clone()).await;
        }
    }

    /// Where a WebSocket's answers go.
    pub(crate) fn sink(&self) -> Option<MethodSink> {
        self.sink.get().cloned()
    }

    /// Takes note of where the answers of `service`'s connection go.
    pub(crate) fn attach(self: &Arc<Self>, service: &RpcService) {
        let mut request = Request::borrowed(SINK_METHOD, None, Id::Null);
        request.extensions.insert(Attach(self.clone()));
        // The callback has run by now; there is nothing to wait for.
        drop(service.call(request));
    }
}

async fn has_room(sink: MethodSink) {
    // An error means that the connection is gone: then there is nothing to wait for.
    let _ = sink.has_capacity().await;
}

#[derive(Clone)]
struct Attach(Arc<Flow>);

/// [`SINK_METHOD`] alone: jsonrpsee hands a connection's sink to subscriptions only.
pub(crate) fn sink_method() -> Result<Methods, RegisterMethodError> {
    let callback =
        MethodCallback::Subscription(Arc::new(|id, _params, sink, _state, extensions| {
            if let Some(Attach(flow)) = extensions.get() {
                // Attached once for each connection.
                let _ = flow.sink.set(sink);
            }
            let id = id.into_owned();
            Box::pin(async move { MethodResponse::error(id, ErrorCode::MethodNotFound) })
        }));
    let mut methods = Methods::new();
    methods.verify_and_insert(SINK_METHOD, callback)?;
    Ok(methods)
}

/// Counts a message from when it was read until it was answered. jsonrpsee clones a request's
/// extensions, and this within them: once for the connection, from that for each message before it
/// reads the next, from that for each call of a batch.
pub(crate) struct Ticket {
    flow: Arc<Flow>,
    depth: u8,
    bytes: usize,
}

impl Ticket {
    /// The first one, for a connection that becomes a WebSocket.
    pub(crate) fn new(flow: Arc<Flow>) -> Self {
        // What came before was HTTP.
        flow.arrived.store(0, Ordering::Relaxed);
        Self {
            flow,
            depth: 0,
            bytes: 0,
        }
    }
}

impl Clone for Ticket {
    fn clone(&self) -> Self {
        let flow = self.flow.clone();
        let depth = self.depth.saturating_add(1);
        let mut bytes = 0;
        if depth == MESSAGE_DEPTH {
            bytes = flow.arrived.swap(0, Ordering::Relaxed) + MESSAGE_OVERHEAD;
            flow.waiting.fetch_add(bytes, Ordering::AcqRel);
        }
        Self { flow, depth, bytes }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.flow.waiting.fetch_sub(self.bytes, Ordering::AcqRel);
            self.flow.wake();
        }
    }
}
