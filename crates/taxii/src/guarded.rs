//! A connection that ends politely and in time.
//!
//! Two things the HTTP library leaves open are closed here. It answers a request head that it cannot
//! parse with an empty body; TAXII asks for an error message on every error (section 3.6), so that answer
//! is exchanged on its way out. And it waits without end for a client that does not read; here an
//! answer has to be taken within a time.

use crate::problem::Problem;
use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

/// Gives the TAXII error for a status with which the HTTP library refuses a request head.
pub(crate) type Explain = Box<dyn Fn(u16) -> Problem + Send>;

/// A socket with a bound on the time an answer takes.
pub(crate) struct Guarded {
    stream: TcpStream,
    response_timeout: Duration,
    /// Runs from the first write that had to wait until everything written is flushed.
    deadline: Option<Pin<Box<Sleep>>>,
    explain: Explain,
    /// An error message on its way out in place of the library's answer.
    instead: Option<(Vec<u8>, usize)>,
    /// Bytes came in since the last answer.
    pub(crate) request_begun: bool,
}

impl Guarded {
    pub(crate) fn new(stream: TcpStream, response_timeout: Duration, explain: Explain) -> Self {
        Self {
            stream,
            response_timeout,
            deadline: None,
            explain,
            instead: None,
            request_begun: false,
        }
    }

    /// The socket itself.
    pub(crate) fn into_inner(self) -> TcpStream {
        self.stream
    }

    /// Passes a finished write on, and fails one that has waited too long.
    fn timed<T>(&mut self, cx: &mut Context<'_>, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if poll.is_pending() {
            let timeout = self.response_timeout;
            let deadline = self
                .deadline
                .get_or_insert_with(|| Box::pin(sleep(timeout)));
            if deadline.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        poll
    }

    /// Sends the error message that stands in for the library's answer.
    fn poll_instead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some((message, sent)) = &mut self.instead {
            if *sent == message.len() {
                self.instead = None;
                break;
            }
            let poll = Pin::new(&mut self.stream).poll_write(cx, &message[*sent..]);
            match poll {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(bytes)) => *sent += bytes,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return self.timed(cx, Poll::Pending),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Takes over if `head` is an answer of the library's own.
    fn poll_exchange(
        &mut self,
        cx: &mut Context<'_>,
        head: &[u8],
    ) -> Option<Poll<io::Result<usize>>> {
        if self.instead.is_none() {
            let status = bare_error(head)?;
            self.instead = Some(((self.explain)(status).to_wire(), 0));
        }
        Some(self.poll_instead(cx).map_ok(|()| head.len()))
    }
}

/// The status of a response head without body or media type. Our own answers all have a media type, and
/// no piece of one looks like this: JSON has no bare line breaks inside its texts.
fn bare_error(head: &[u8]) -> Option<u16> {
    const LONGEST: usize = 512;
    let is_head = head.len() <= LONGEST
        && head.starts_with(b"HTTP/1.1 4")
        && head.ends_with(b"\r\n\r\n")
        && !head
            .windows(13)
            .any(|part| part.eq_ignore_ascii_case(b"content-type:"));
    std::str::from_utf8(head.get(9..12)?)
        .ok()?
        .parse()
        .ok()
        .filter(|_| is_head)
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        self.request_begun |= buffer.filled().len() > before;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.request_begun = false;
        if let Some(poll) = self.poll_exchange(cx, bytes) {
            return poll;
        }
        let poll = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.timed(cx, poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.request_begun = false;
        if let [head] = slices
            && let Some(poll) = self.poll_exchange(cx, head)
        {
            return poll;
        }
        let poll = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.timed(cx, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.deadline = None;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
