//! The Prometheus endpoint, and whether the node is well.

use crate::runtimes::Loads;
use commonware_runtime::{Metrics as _, tokio::Context};
use hansa_index::Index;
use hansa_mempool::Pool;
use parking_lot::RwLock;
use std::{collections::BTreeMap, fmt::Write as _, future::Future, io, sync::Arc};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{Duration, sleep, timeout},
};

/// Largest request head, bytes.
const MAX_REQUEST_BYTES: usize = 4_096;
/// How long a client has to send its request and to take the answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Connections at once; more are closed unanswered.
const MAX_CONNECTIONS: usize = 16;
/// Rest after the system refused a connection (no descriptors left, for example).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Metrics of the zones that this node is to run. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct ZoneMetrics(Arc<RwLock<BTreeMap<String, ZoneHealth>>>);

/// How it goes with a zone here.
#[derive(Default)]
struct ZoneHealth {
    /// Its registry, while it runs.
    running: Option<Context>,
    /// How often it ended with an error since the node was started.
    failures: u64,
    /// Checkpoints on the hub that name other blocks than this node has.
    contradictions: u64,
}

impl ZoneMetrics {
    /// It runs; its own metrics are those of `context`.
    pub(crate) fn runs(&self, zone: &str, context: Context) {
        self.0.write().entry(zone.to_owned()).or_default().running = Some(context);
    }

    /// It does not run any more, but is to run again.
    pub(crate) fn ended(&self, zone: &str, failed: bool) {
        let mut zones = self.0.write();
        let health = zones.entry(zone.to_owned()).or_default();
        health.running = None;
        health.failures += u64::from(failed);
    }

    /// A checkpoint names another block than this node has.
    pub(crate) fn contradicted(&self, zone: &str) {
        let mut zones = self.0.write();
        zones.entry(zone.to_owned()).or_default().contradictions += 1;
    }

    /// It is not to run here any more.
    pub(crate) fn forget(&self, zone: &str) {
        self.0.write().remove(zone);
    }

    fn render(&self, zone: &str) -> Option<String> {
        let zones = self.0.read();
        zones.get(zone)?.running.as_ref().map(Context::encode)
    }

    /// What the node says of them: a zone that ended has no registry.
    fn render_health(&self) -> String {
        let zones = self.0.read();
        let mut text = String::new();
        if zones.is_empty() {
            return text;
        }
        text.push_str("# HELP hansa_zone_up Whether a zone that this node is to run does.\n# TYPE hansa_zone_up gauge\n");
        for (zone, ZoneHealth { running, .. }) in &*zones {
            let up = u8::from(running.is_some());
            let _ = writeln!(text, "hansa_zone_up{{chain=\"{zone}\"}} {up}");
        }
        text.push_str("# HELP hansa_zone_failures How often a zone ended with an error.\n# TYPE hansa_zone_failures counter\n");
        for (zone, ZoneHealth { failures, .. }) in &*zones {
            let _ = writeln!(
                text,
                "hansa_zone_failures_total{{chain=\"{zone}\"}} {failures}"
            );
        }
        text.push_str("# HELP hansa_zone_contradictions Checkpoints on the hub that name other blocks of a zone than this node has.\n# TYPE hansa_zone_contradictions counter\n");
        for (zone, ZoneHealth { contradictions, .. }) in &*zones {
            let _ = writeln!(
                text,
                "hansa_zone_contradictions_total{{chain=\"{zone}\"}} {contradictions}"
            );
        }
        text
    }
}

/// Where the numbers come from.
pub(crate) struct Source {
    pub(crate) context: Arc<Context>,
    pub(crate) pool: Pool,
    pub(crate) index: Index,
    pub(crate) zones: ZoneMetrics,
    pub(crate) loads: Loads,
}

impl Source {
    /// What is at a path: the node and its hub at `/metrics`, a zone at `/metrics/zones/NAME`.
    fn render(&self, path: &str) -> Option<String> {
        match path.strip_prefix("/metrics/zones/") {
            Some(zone) => self.zones.render(zone),
            None => (path == "/metrics").then(|| self.render_node()),
        }
    }

    fn render_node(&self) -> String {
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
        text.push_str(&self.loads.render());
        text.push_str(&self.zones.render_health());
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
    serve_text(
        listener,
        Arc::new(move |path: &str| source.render(path)),
        shutdown,
    )
    .await;
}

/// What is at a path.
type Render = dyn Fn(&str) -> Option<String> + Send + Sync;

async fn serve_text(
    listener: TcpListener,
    render: Arc<Render>,
    shutdown: impl Future<Output = ()> + Send,
) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => return,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::debug!(%error, "metrics: cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            continue;
        };
        let render = render.clone();
        tokio::spawn(async move {
            let _ = timeout(TIMEOUT, answer(stream, &*render)).await;
            drop(place);
        });
    }
}

async fn answer(mut stream: TcpStream, render: &Render) -> io::Result<()> {
    let mut request = Vec::new();
    let mut chunk = [0; 1_024];
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        let read = stream.read(&mut chunk).await?;
        request.extend_from_slice(&chunk[..read]);
        if read == 0 || request.len() > MAX_REQUEST_BYTES {
            return Ok(());
        }
    }
    let request = String::from_utf8_lossy(&request);
    let path = request
        .strip_prefix("GET ")
        .and_then(|rest| rest.split(' ').next());
    let (status, body) = match path.and_then(render) {
        Some(text) => ("200 OK", text),
        None => (
            "404 Not Found",
            "GET /metrics, and /metrics/zones/NAME for a zone that runs here\n".into(),
        ),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(stream: &mut TcpStream) -> String {
        let mut text = String::new();
        let request = b"GET /metrics HTTP/1.1\r\n\r\n";
        // A refused connection may be gone before it is written to.
        let _ = stream.write_all(request).await;
        let _ = stream.read_to_string(&mut text).await;
        text
    }

    #[test]
    fn a_zone_that_ended_is_told_until_it_is_not_to_run_here() {
        let zones = ZoneMetrics::default();
        assert_eq!(zones.render_health(), "");
        zones.ended("market", true);
        zones.ended("market", false);
        let text = zones.render_health();
        assert!(text.contains("hansa_zone_up{chain=\"market\"} 0\n"));
        assert!(text.contains("hansa_zone_failures_total{chain=\"market\"} 1\n"));
        assert!(text.contains("hansa_zone_contradictions_total{chain=\"market\"} 0\n"));
        zones.contradicted("market");
        zones.contradicted("market");
        let text = zones.render_health();
        assert!(text.contains("hansa_zone_contradictions_total{chain=\"market\"} 2\n"));
        assert_eq!(zones.render("market"), None);
        zones.forget("market");
        assert_eq!(zones.render_health(), "");
    }

    #[tokio::test]
    async fn connections_beyond_the_limit_are_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let render = Arc::new(|path: &str| (path == "/metrics").then(|| "# EOF\n".to_owned()));
        tokio::spawn(serve_text(listener, render, std::future::pending()));
        let mut held = Vec::new();
        for _ in 0..MAX_CONNECTIONS {
            held.push(TcpStream::connect(address).await.unwrap());
        }
        let mut one_more = TcpStream::connect(address).await.unwrap();
        assert_eq!(get(&mut one_more).await, "");
        for stream in &mut held {
            let text = get(stream).await;
            assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
        }
        let mut again = TcpStream::connect(address).await.unwrap();
        assert!(get(&mut again).await.ends_with("# EOF\n"));
    }
}
