//! A response body that keeps its turn until it is sent, and does not wait for ever.

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

/// A page and the permit to hold it in memory. The HTTP library drops a body once it has taken its last
/// chunk; with large pages the permit thus covers all but the last write. The connection bounds the time
/// of each chunk ([`crate::guarded`]), and this the time of all.
pub(crate) struct Sending {
    bytes: Bytes,
    deadline: Instant,
    _turn: OwnedSemaphorePermit,
}

impl Sending {
    pub(crate) fn new(bytes: Bytes, timeout: Duration, turn: OwnedSemaphorePermit) -> Self {
        Self {
            bytes,
            deadline: Instant::now() + timeout,
            _turn: turn,
        }
    }
}

impl Body for Sending {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        /// Small enough that the body outlives most of a page's transmission.
        const CHUNK_BYTES: usize = 256 * 1024;
        if self.bytes.is_empty() {
            return Poll::Ready(None);
        }
        if Instant::now() > self.deadline {
            return Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())));
        }
        let length = self.bytes.len().min(CHUNK_BYTES);
        Poll::Ready(Some(Ok(Frame::data(self.bytes.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}

#[cfg(test)]
mod tests;
