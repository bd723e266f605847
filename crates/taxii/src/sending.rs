//! A response body that keeps its turn until it is sent.

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::sync::OwnedSemaphorePermit;

/// One chunk of bytes and the permit to hold it in memory. The HTTP library drops a body once it has
/// taken its last chunk; with large pages the permit thus covers all but the last write.
pub(crate) struct Sending {
    bytes: Bytes,
    _turn: OwnedSemaphorePermit,
}

impl Sending {
    pub(crate) fn new(bytes: Bytes, turn: OwnedSemaphorePermit) -> Self {
        Self { bytes, _turn: turn }
    }
}

impl Body for Sending {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        /// Small enough that the body outlives most of a page's transmission.
        const CHUNK_BYTES: usize = 256 * 1024;
        if self.bytes.is_empty() {
            return Poll::Ready(None);
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
