//! The Prometheus endpoint, and whether the node is well.

use commonware_runtime::{Metrics as _, tokio::Context};
use hansa_index::Index;
use hansa_mempool::Pool;
use std::{fmt::Write as _, future::Future, io, sync::Arc};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::{Duration, timeout},
};

/// Largest request head, bytes.
const MAX_REQUEST_BYTES: usize = 4_096;
/// How long a client has to send its request and to take the answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where the numbers come from.
pub(crate) struct Source {
    pub(crate) context: Arc<Context>,
    pub(crate) pool: Pool,
    pub(crate) index: Index,
}

impl Source {
    fn render(&self) -> String {
        let mut text = self.context.encode();
        // The exposition format ends with a marker: our own lines go before it.
        if let Some(end) = text.rfind("# EOF") {
            text.truncate(end);
        }
        let (pending, queued) = self.pool.status();
        let (number, _) = self.index.head().unwrap_or_default();
        for (name, help, value) in [
            ("hansa_head", "Newest finalized block", number),
            (
                "hansa_pool_pending",
                "Executable transactions",
                pending as u64,
            ),
            (
                "hansa_pool_queued",
                "Transactions behind a nonce gap",
                queued as u64,
            ),
        ] {
            let _ = writeln!(
                text,
                "# HELP {name} {help}.\n# TYPE {name} gauge\n{name} {value}"
            );
        }
        text.push_str("# EOF\n");
        text
    }
}

/// Serves `GET /metrics` until `shutdown`.
pub(crate) async fn serve(
    listener: TcpListener,
    source: Source,
    shutdown: impl Future<Output = ()> + Send,
) {
    let source = Arc::new(source);
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => return,
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    let source = source.clone();
                    tokio::spawn(async move {
                        let _ = timeout(TIMEOUT, answer(stream, &source)).await;
                    });
                }
            }
        }
    }
}

async fn answer(mut stream: TcpStream, source: &Source) -> io::Result<()> {
    let mut request = Vec::new();
    let mut chunk = [0; 1_024];
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        let read = stream.read(&mut chunk).await?;
        request.extend_from_slice(&chunk[..read]);
        if read == 0 || request.len() > MAX_REQUEST_BYTES {
            return Ok(());
        }
    }
    let (status, body) = if request.starts_with(b"GET /metrics ") {
        ("200 OK", source.render())
    } else {
        ("404 Not Found", "only GET /metrics is here\n".into())
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}
