//! One HTTP request: who may ask, how large and how slow a body may be.

use crate::{
    Config, Limits,
    dispatch::{Connection, Silence},
    errors::Fault,
    flow::Flow,
    gzip,
    server::Shared,
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::{
    HeaderMap, Method, Request, StatusCode,
    body::{Body as _, Incoming},
    header::{self, HeaderValue},
};
use jsonrpsee::{
    server::{BatchRequestConfig, HttpBody, HttpResponse, http, ws},
    types::{ErrorObjectOwned, Id, Response, ResponsePayload},
};
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::net::TcpStream;

/// Answers one request.
pub(crate) async fn answer(
    shared: &Shared,
    calls: Connection,
    flow: Arc<Flow>,
    request: Request<Incoming>,
) -> HttpResponse {
    let config = &shared.node.config;
    if let Some(refusal) = refusal(config, request.headers()) {
        return refusal;
    }
    let origin = allowed_origin(config, request.headers());
    if ws::is_upgrade_request(&request) {
        let foreign =
            request.headers().contains_key(header::ORIGIN) && !is_same_origin(request.headers());
        if foreign && origin.is_none() {
            return text(
                StatusCode::FORBIDDEN,
                "This web page may not connect: add its origin to rpc.allowed_origins.\n",
            );
        }
        return shared.upgrade(flow, request).await;
    }
    let mut response = match (request.method(), &origin) {
        (&Method::OPTIONS, Some(_)) => preflight(),
        (&Method::POST, _) => {
            let takes_gzip = gzip::takes_gzip(request.headers());
            let mut response = post(&config.limits, calls, request).await;
            if takes_gzip {
                response = gzip::pack(&shared.node, response).await;
            }
            let vary = HeaderValue::from_static("accept-encoding");
            response.headers_mut().insert(header::VARY, vary);
            response
        }
        // As go-ethereum: load balancers ask so whether the node is there.
        (&Method::GET, _) if request.body().is_end_stream() && request.uri().query().is_none() => {
            text(StatusCode::OK, "")
        }
        _ => text(
            StatusCode::METHOD_NOT_ALLOWED,
            "This is a JSON-RPC endpoint: POST a request, or open a WebSocket.\n",
        ),
    };
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    response
}

async fn post(limits: &Limits, calls: Connection, request: Request<Incoming>) -> HttpResponse {
    let (parts, body) = request.into_parts();
    let most = limits.max_request_bytes;
    let body = Limited::new(body, most as usize).collect();
    let timeout = Duration::from_millis(limits.body_timeout_ms);
    let body = match tokio::time::timeout(timeout, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let what = "the request is larger; send less at once";
            let fault = Fault::limit("max_request_bytes", most, what);
            return fail(StatusCode::PAYLOAD_TOO_LARGE, fault);
        }
        Ok(Err(_)) => {
            let fault = Fault::new(-32700, "Parse error: the request ended early");
            return fail(StatusCode::BAD_REQUEST, fault);
        }
        Err(_) => {
            let what = "the request's body came too slowly";
            let fault = Fault::limit("body_timeout_ms", limits.body_timeout_ms, what);
            return fail(StatusCode::REQUEST_TIMEOUT, fault);
        }
    };
    let calls = calls.of(body.clone());
    let request = Request::from_parts(parts, Full::new(body));
    // The dispatcher counts a batch itself, with an error that names the limit.
    let batch = BatchRequestConfig::Limit(limits.max_request_bytes);
    let mut response = http::call_with_service(request, batch, most, calls).await;
    if response.extensions().get::<Silence>().is_some() {
        *response.body_mut() = HttpBody::empty();
    }
    response
}

/// Against DNS rebinding: a name that is not on the list is refused. An address is no name.
pub(crate) fn refusal(config: &Config, headers: &HeaderMap) -> Option<HttpResponse> {
    let host = headers.get(header::HOST)?.to_str().unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let listed = |entry: &String| entry == "*" || entry.eq_ignore_ascii_case(name);
    if bare.parse::<IpAddr>().is_ok() || config.allowed_hosts.iter().any(listed) {
        return None;
    }
    Some(text(
        StatusCode::FORBIDDEN,
        "This host name is not served: add it to rpc.allowed_hosts.\n",
    ))
}

/// A page that came from this very host and port; the host has been checked.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(header::ORIGIN);
    let authority = origin.and_then(|origin| {
        origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"))
    });
    match (authority, text(header::HOST)) {
        (Some(authority), Some(host)) => authority.eq_ignore_ascii_case(host),
        _ => false,
    }
}

fn allowed_origin(config: &Config, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    let text = origin.to_str().ok()?;
    let listed = |entry: &String| entry == "*" || entry.eq_ignore_ascii_case(text);
    config
        .allowed_origins
        .iter()
        .any(listed)
        .then(|| origin.clone())
}

fn preflight() -> HttpResponse {
    let mut response = text(StatusCode::NO_CONTENT, "");
    let headers = response.headers_mut();
    let (methods, names) = ("POST", "content-type");
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static(methods),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(names),
    );
    response
}

/// The path of a zone that this node does not run.
pub(crate) fn no_zone() -> HttpResponse {
    text(
        StatusCode::NOT_FOUND,
        "This node does not run such a zone: hansa_zones lists them.\n",
    )
}

fn text(status: StatusCode, body: &'static str) -> HttpResponse {
    let mut response = HttpResponse::new(HttpBody::from(body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn error_body(fault: Fault) -> String {
    let payload = ResponsePayload::<()>::error(ErrorObjectOwned::from(fault));
    serde_json::to_string(&Response::new(payload, Id::Null)).unwrap_or_default()
}

fn fail(status: StatusCode, fault: Fault) -> HttpResponse {
    let mut response = HttpResponse::new(HttpBody::from(error_body(fault)));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Tells one client too many, without waiting for it.
pub(crate) fn refuse(stream: &TcpStream, limits: &Limits) {
    let what = "this node has as many connections as it may; try again later";
    let body = error_body(Fault::limit(
        "max_connections",
        limits.max_connections,
        what,
    ));
    let length = body.len();
    let message = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    // A fresh socket's send buffer takes this at once, or the client goes without.
    let _ = stream.try_write(Bytes::from(message).as_ref());
}
