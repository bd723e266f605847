//! Which names this server answers to.
//!
//! A web page can point its own DNS name at 127.0.0.1 and have the reader's browser ask a local server.
//! Such requests name the page's host, so a list of names keeps them out.

use crate::problem::Problem;
use axum::http::{StatusCode, header, request::Parts};

/// Names that always mean this machine.
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Whether the host that a request names is an allowed one.
pub(crate) fn check(head: &Parts, allowed: &[String]) -> Result<(), Problem> {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let (host, more) = (hosts.next(), hosts.next().is_some());
    let named = host.and_then(|value| value.to_str().ok()).filter(|_| !more);
    let Some(authority) = named else {
        return Err(Problem::bad_request(
            "bad_host",
            "Send exactly one Host header",
        ));
    };
    let target = head.uri.authority().map(|target| target.as_str());
    if [Some(authority), target]
        .into_iter()
        .flatten()
        .all(|name| is_allowed(name, allowed))
    {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "host_not_allowed",
        "This server does not answer to that host name",
        "Use localhost, or have the operator add the name to allowed_hosts",
    ))
}

fn is_allowed(authority: &str, allowed: &[String]) -> bool {
    let Some(name) = host_name(authority) else {
        return false;
    };
    LOCAL_NAMES
        .into_iter()
        .chain(allowed.iter().map(String::as_str))
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// The host of `host[:port]`, with an IPv6 address in its brackets.
fn host_name(authority: &str) -> Option<&str> {
    let end = match authority.strip_prefix('[') {
        Some(rest) => rest.find(']')? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (name, port) = authority.split_at(end);
    let sound = match port.strip_prefix(':') {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_digit()),
        None => port.is_empty(),
    };
    (sound && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests;
