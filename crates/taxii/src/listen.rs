//! The listener: accepting connections, and stopping.

use crate::{
    catalog::Catalog,
    config::{Config, Limits},
    error::TaxiiError,
    guarded::Guarded,
    problem::Problem,
    server::{headers_too_large, router, uri_too_long},
};
use axum::{Router, http::StatusCode};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    future::{Future, poll_fn},
    io::Write,
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::{JoinHandle, JoinSet},
    time::{sleep, timeout},
};
use tower::ServiceExt;

/// How long the listener rests after the system refused a connection (no descriptors, for example).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long a last message on a closing connection may take, and the client to stop sending.
const FAREWELL: Duration = Duration::from_secs(1);
/// The HTTP library refuses heads beyond its own bounds before ours can be named well, so its bounds
/// are this much wider.
const LIBRARY_SLACK: usize = 4;

/// A running server.
#[derive(Debug)]
pub struct Server {
    local_addr: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// Where the server listens.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Waits until the server has stopped after its shutdown.
    pub async fn stopped(self) {
        // The task neither panics nor is cancelled but with the runtime, and then nobody waits.
        let _ = self.task.await;
    }
}

/// Listens on the configured address and serves until `shutdown` completes; then running requests
/// have [`Limits::shutdown_grace`] to end.
///
/// # Errors
/// [`TaxiiError`] if the address cannot be had or the configuration cannot be used.
pub async fn serve(
    config: Config,
    catalog: Arc<dyn Catalog>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<Server, TaxiiError> {
    let address = config.listen;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|cause| TaxiiError::Bind { address, cause })?;
    serve_on(listener, config, catalog, shutdown)
}

/// As [`serve`], on a listener that is already bound; [`Config::listen`] is not looked at.
///
/// # Errors
/// [`TaxiiError`] if the listener or the configuration cannot be used.
pub fn serve_on(
    listener: TcpListener,
    config: Config,
    catalog: Arc<dyn Catalog>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<Server, TaxiiError> {
    let local_addr = listener.local_addr().map_err(TaxiiError::Listener)?;
    let limits = config.limits.clone();
    let router = router(config, catalog)?;
    let task = tokio::spawn(accept(listener, router, limits, shutdown));
    Ok(Server { local_addr, task })
}

async fn accept(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) {
    let mut shutdown = pin!(shutdown);
    let (stop, stopping) = watch::channel(false);
    let places = Arc::new(Semaphore::new(limits.connections.max(1)));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a TAXII connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            refuse(stream, limits.connections);
            continue;
        };
        let connection = connection(stream, router.clone(), limits.clone(), stopping.clone());
        connections.spawn(async move {
            connection.await;
            drop(place);
        });
    }
    drop(listener);
    // Receivers outlive their connections or are gone; both are fine.
    let _ = stop.send(true);
    let ended = timeout(limits.shutdown_grace, async {
        while connections.join_next().await.is_some() {}
    });
    if ended.await.is_err() {
        connections.shutdown().await;
    }
}

/// Tells a client that there is no place. A fresh socket has room for this much, so nothing waits.
fn refuse(stream: TcpStream, connections: usize) {
    let problem = Problem::busy(format!(
        "More than connections = {connections} are open; try again shortly"
    ));
    // Past the runtime, which does not yet know whether the socket is ready.
    let told = stream
        .into_std()
        .and_then(|mut stream| stream.write_all(&problem.to_wire()));
    if let Err(error) = told {
        tracing::debug!(%error, "a refused TAXII client could not be told");
    }
}

async fn connection(
    stream: TcpStream,
    router: Router,
    limits: Limits,
    mut stopping: watch::Receiver<bool>,
) {
    // Pages are written whole; waiting for more to fill a segment only delays the last one.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        Box::pin(router.clone().oneshot(request.map(axum::body::Body::new)))
    });
    let shown = limits.clone();
    let explain = Box::new(move |status| refusal(status, &shown));
    let guarded = Guarded::new(stream, limits.response_timeout, explain);
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(limits.headers.saturating_mul(LIBRARY_SLACK))
        .max_buf_size((limits.header_bytes + limits.uri_bytes).saturating_mul(LIBRARY_SLACK))
        .serve_connection(TokioIo::new(guarded), service);
    let mut asked_to_stop = false;
    let result = loop {
        tokio::select! {
            result = poll_fn(|cx| connection.poll_without_shutdown(cx)) => break result,
            _ = stopping.wait_for(|stop| *stop), if !asked_to_stop => {
                asked_to_stop = true;
                std::pin::Pin::new(&mut connection).graceful_shutdown();
            }
        }
    };
    let guarded = connection.into_parts().io.into_inner();
    let begun = guarded.request_begun;
    let mut stream = guarded.into_inner();
    let slow = result.as_ref().is_err_and(hyper::Error::is_timeout);
    let farewell = async {
        if slow && begun {
            stream
                .write_all(&too_slow(limits.header_timeout).to_wire())
                .await?;
        }
        stream.shutdown().await?;
        // A socket that is closed with bytes unread is reset, and the answer may be lost with it.
        if !asked_to_stop {
            drain(&mut stream, limits.request_body_bytes).await?;
        }
        Ok::<_, std::io::Error>(())
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a TAXII connection ended early");
    }
    // The client may be gone; then there is nobody to tell.
    let _ = timeout(FAREWELL, farewell).await;
}

/// Throws away what a client still sends, up to a bound.
async fn drain(stream: &mut TcpStream, most: u64) -> std::io::Result<()> {
    let mut rest = stream.take(most);
    let mut buffer = [0; 8 * 1024];
    while rest.read(&mut buffer).await? > 0 {}
    Ok(())
}

fn too_slow(header_timeout: Duration) -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "request_timeout",
        "The request did not arrive in time",
        format!("A request head has to be complete within header_timeout = {header_timeout:?}"),
    )
}

/// What to say where the HTTP library refuses a request head.
fn refusal(status: u16, limits: &Limits) -> Problem {
    match status {
        414 => uri_too_long(limits.uri_bytes),
        431 => headers_too_large(limits.headers, limits.header_bytes),
        _ => Problem::bad_request("bad_http", "The request is not well-formed HTTP/1.1"),
    }
}
