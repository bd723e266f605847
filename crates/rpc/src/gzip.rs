//! Packs large answers for clients that take gzip: logs and blocks are text that repeats itself, and shrink to a small part.
//!
//! Only what is sent is ever packed, never a request unpacked, so nobody can send a small body that grows. An answer is bounded by
//! `max_response_bytes` before it comes here. Packing takes a core for its time: it runs where requests may block, a few at once, and an answer
//! for which there is no turn is sent as it is, so that clients who ask for much hold up nobody.
//!
//! Sources: RFC 9110, 8.4 and 12.5.3; RFC 1952.

use crate::{Limits, node::Node};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http_body_util::BodyExt as _;
use hyper::{
    HeaderMap,
    body::Body as _,
    header::{self, HeaderValue},
};
use jsonrpsee::server::{HttpBody, HttpResponse};
use std::io::Write as _;

/// Whether the client takes gzip: it names it, with a weight above nothing.
pub fn takes_gzip(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|entry| {
            let mut parts = entry.split(';').map(str::trim);
            let is_gzip = parts
                .next()
                .is_some_and(|coding| coding.eq_ignore_ascii_case("gzip"));
            is_gzip && parts.all(is_wanted)
        })
}

/// A weight that is none is not heeded: such a client named the coding.
fn is_wanted(parameter: &str) -> bool {
    let weight = parameter
        .split_once('=')
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        .and_then(|(_, weight)| weight.trim().parse::<f32>().ok());
    weight.is_none_or(|weight| weight > 0.0)
}

/// The same answer, packed if it is large enough and there is a turn.
pub(crate) async fn pack(node: &Node, response: HttpResponse) -> HttpResponse {
    if !is_large(&node.config.limits, &response) {
        return response;
    }
    let Ok(turn) = node.packing.clone().try_acquire_owned() else {
        return response;
    };
    let (mut parts, body) = response.into_parts();
    let plain = match body.collect().await {
        Ok(body) => body.to_bytes(),
        // Answers lie in memory whole: reading one does not fail.
        Err(error) => {
            tracing::error!(%error, "rpc: an answer cannot be read");
            return jsonrpsee::server::http::response::internal_error();
        }
    };
    let kept = plain.clone();
    let packed = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        gzip(&plain)
    });
    let body = match packed.await {
        Ok(Ok(packed)) => {
            parts.headers.remove(header::CONTENT_LENGTH);
            let coding = HeaderValue::from_static("gzip");
            parts.headers.insert(header::CONTENT_ENCODING, coding);
            packed
        }
        // Only where the server ends.
        Ok(Err(_)) | Err(_) => kept,
    };
    HttpResponse::from_parts(parts, HttpBody::new(http_body_util::Full::new(body)))
}

fn is_large(limits: &Limits, response: &HttpResponse) -> bool {
    response.body().size_hint().lower() >= u64::from(limits.min_packed_bytes)
}

fn gzip(plain: &[u8]) -> std::io::Result<Bytes> {
    // The fastest: on a local network, what a better one saves does not pay for its time.
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 8), Compression::fast());
    encoder.write_all(plain)?;
    Ok(encoder.finish()?.into())
}
