//! What is for those at the node's own machine only: its logs, settings, resources and checks, under [`PREFIX`].
//!
//! A request is answered when it comes from a loopback address, names a loopback host (against rebound names), says nothing of a proxy (which
//! would make everybody local), and does not come from a page of another origin. Nothing here writes.

use futures::future::BoxFuture;
use hansa_rpc::{Client, HttpBody, HttpResponse};
use hyper::{
    HeaderMap, Method, Request, StatusCode, Uri,
    header::{self, HeaderName, HeaderValue},
};
use serde_json::{Value, json};
use std::{net::IpAddr, sync::Arc};

/// What these paths begin with.
pub(crate) const PREFIX: &str = "/local/";
/// Lines of one answer at most.
pub(crate) const MAX_LINES: usize = 500;

/// Left by proxies, beside what begins with `x-forwarded-`.
const PROXY: [HeaderName; 3] = [
    header::FORWARDED,
    header::VIA,
    HeaderName::from_static("x-real-ip"),
];

/// Which lines of the log are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogQuery {
    /// The least severe level: 1 error to 5 trace.
    pub level: u8,
    /// Newer than the line of this number.
    pub after: Option<u64>,
    /// The newest of them, at most so many.
    pub limit: usize,
}

/// What the node tells of itself to its own machine. None of it holds secrets.
pub trait Local: Send + Sync + 'static {
    /// Lines of the log, oldest first: `{lines: [{number, level, atMs, text}], oldest}`.
    fn logs(&self, query: LogQuery) -> Value;
    /// Settings in force, each with where it comes from: `[{name, value, origin}]`.
    fn config(&self) -> Value;
    /// The process, its threads, and the folder of each chain.
    fn resources(&self) -> BoxFuture<'static, Value>;
    /// The checks of `hansa doctor` that make sense within: `[{check, level, found, advice}]`.
    fn doctor(&self) -> BoxFuture<'static, Value>;
}

/// Why a request is none of its own machine.
pub(crate) fn refusal(client: Option<Client>, headers: &HeaderMap) -> Option<&'static str> {
    let is_near = client.is_some_and(|Client(from)| from.ip().to_canonical().is_loopback());
    if !is_near {
        return Some("this is for clients on the node's own machine");
    }
    let of_proxy =
        |name: &HeaderName| PROXY.contains(name) || name.as_str().starts_with("x-forwarded-");
    if headers.keys().any(of_proxy) {
        return Some("this is not for clients of a proxy");
    }
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(&header::HOST).unwrap_or_default();
    if !is_loopback(host) {
        return Some("open the page by a loopback address, as http://127.0.0.1");
    }
    // A page of another origin cannot read the answer; it gets none either.
    let foreign = headers.contains_key(header::ORIGIN)
        && text(&header::ORIGIN)
            .and_then(|origin| origin.split_once("://"))
            .map(|(_, of)| of)
            != Some(host);
    let site = HeaderName::from_static("sec-fetch-site");
    let across =
        headers.contains_key(&site) && !matches!(text(&site), Some("same-origin" | "none"));
    (foreign || across).then_some("this is for the node's own page")
}

/// Whether a `Host` header, with or without a port, is this machine.
fn is_loopback(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').unwrap_or_default(),
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let is_port = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    if !port.is_empty() && !port.strip_prefix(':').is_some_and(is_port) {
        return false;
    }
    let address = name.parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// Answers a request under [`PREFIX`].
pub(crate) fn answer<B>(
    local: Option<&Arc<dyn Local>>,
    request: &Request<B>,
) -> BoxFuture<'static, HttpResponse> {
    let Some(local) = local else {
        let reason = "switched off by `local` under [dashboard] in the node's configuration";
        return now(StatusCode::FORBIDDEN, &json!({ "error": reason }));
    };
    let client = request.extensions().get::<Client>().copied();
    if let Some(reason) = refusal(client, request.headers()) {
        return now(StatusCode::FORBIDDEN, &json!({ "error": reason }));
    }
    if request.method() != Method::GET {
        return now(
            StatusCode::METHOD_NOT_ALLOWED,
            &json!({ "error": "only GET" }),
        );
    }
    let later = |value: BoxFuture<'static, Value>| -> BoxFuture<'static, HttpResponse> {
        Box::pin(async move { response(StatusCode::OK, &value.await) })
    };
    match request.uri().path().strip_prefix(PREFIX) {
        Some("logs") => match log_query(request.uri()) {
            Some(query) => now(StatusCode::OK, &local.logs(query)),
            None => now(
                StatusCode::BAD_REQUEST,
                &json!({ "error": "level is 1 to 5, after and limit are numbers" }),
            ),
        },
        Some("config") => now(StatusCode::OK, &local.config()),
        Some("resources") => later(local.resources()),
        Some("doctor") => later(local.doctor()),
        _ => now(
            StatusCode::NOT_FOUND,
            &json!({ "error": "there are logs, config, resources and doctor" }),
        ),
    }
}

pub(crate) fn log_query(uri: &Uri) -> Option<LogQuery> {
    let mut query = LogQuery {
        level: 3,
        after: None,
        limit: MAX_LINES,
    };
    for pair in uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
    {
        let (name, value) = pair.split_once('=')?;
        match name {
            "level" => query.level = value.parse().ok().filter(|level| (1..=5).contains(level))?,
            "after" => query.after = Some(value.parse().ok()?),
            "limit" => query.limit = value.parse::<usize>().ok()?.min(MAX_LINES),
            _ => return None,
        }
    }
    Some(query)
}

fn now(status: StatusCode, value: &Value) -> BoxFuture<'static, HttpResponse> {
    Box::pin(std::future::ready(response(status, value)))
}

fn response(status: StatusCode, value: &Value) -> HttpResponse {
    let mut response = HttpResponse::new(HttpBody::from(value.to_string()));
    *response.status_mut() = status;
    let fields = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        fields.insert(name, HeaderValue::from_static(value));
    }
    response
}
