//! The bytes of one connection. A client that does not read is cut off, and one that has asked for
//! too much is not read from.

use crate::{Limits, flow::Flow};
use futures::future::BoxFuture;
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::OwnedSemaphorePermit,
    time::{Sleep, sleep},
};

/// A connection, HTTP or WebSocket; its permit is given back with the socket.
pub(crate) struct Stream {
    inner: TcpStream,
    flow: Arc<Flow>,
    room: Option<BoxFuture<'static, ()>>,
    /// How long a write may stand still.
    patience: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
    /// A write stood still for too long: the connection is over in both directions.
    cut_off: bool,
    _permit: OwnedSemaphorePermit,
}

impl Stream {
    pub(crate) fn new(
        inner: TcpStream,
        flow: Arc<Flow>,
        limits: &Limits,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            inner,
            flow,
            room: None,
            patience: Duration::from_millis(limits.write_timeout_ms),
            stalled: None,
            cut_off: false,
            _permit: permit,
        }
    }

    fn check(&self) -> io::Result<()> {
        if self.cut_off {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }

    /// Fails a write that made no progress for too long, and wakes who reads to learn of it.
    fn watch<T>(
        &mut self,
        outcome: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.stalled = None;
            return outcome;
        }
        let patience = self.patience;
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(stalled.as_mut().poll(context));
        self.cut_off = true;
        self.flow.wake();
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let open = this.flow.poll_open(&mut this.room, context);
        this.check()?;
        ready!(open);
        let before = buffer.filled().len();
        let outcome = ready!(Pin::new(&mut this.inner).poll_read(context, buffer));
        this.flow.arrived(buffer.filled().len() - before);
        Poll::Ready(outcome)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.check()?;
        let outcome = Pin::new(&mut this.inner).poll_write(context, bytes);
        this.watch(outcome, context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.check()?;
        let outcome = Pin::new(&mut this.inner).poll_write_vectored(context, parts);
        this.watch(outcome, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}
