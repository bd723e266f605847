//! Configuration and limits.

use axum::http::Uri;
use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

/// Where the server listens unless told otherwise.
pub const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8180);

/// What a server needs to know. Every operator of a league uses the same `title`, `description` and
/// `league_identity`, so that all answer alike.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen. The server speaks plain HTTP: beyond the own machine, put a TLS proxy before
    /// it, since Basic credentials travel readable.
    pub listen: SocketAddr,
    /// The league's name.
    pub title: String,
    /// One sentence about the league.
    pub description: String,
    /// Whom to ask, shown by discovery if set.
    pub contact: Option<String>,
    /// The league's identity: the hash of its hub's genesis. Collection ids are derived from it.
    pub league_identity: [u8; 32],
    /// The scheme and authority that clients use, such as `https://taxii.example.org`, for the URLs in
    /// discovery ([`is_public_url`]). Unset: they are relative, which leads a client to the scheme and
    /// host that it asked.
    pub public_url: Option<String>,
    /// Host names that requests may name beside `localhost`, `127.0.0.1` and `[::1]`; this keeps
    /// web pages with a rebound DNS name out. Compared without port and case.
    pub allowed_hosts: Vec<String>,
    /// The members that may read, and their hashed passwords.
    pub credentials: Vec<Credential>,
    /// Whether readers without credentials see TLP:CLEAR. Otherwise they see nothing.
    pub anonymous_clear: bool,
    /// All limits.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: DEFAULT_LISTEN,
            title: "Hansa league".into(),
            description: "Threat intelligence shared by the members of this league".into(),
            contact: None,
            league_identity: [0; 32],
            public_url: None,
            allowed_hosts: Vec::new(),
            credentials: Vec::new(),
            anonymous_clear: false,
            limits: Limits::default(),
        }
    }
}

/// Whether a text can be [`Config::public_url`]: `http` or `https`, a host, perhaps a port, and no path but a
/// slash.
#[must_use]
pub fn is_public_url(text: &str) -> bool {
    let Ok(url) = text.parse::<Uri>() else {
        return false;
    };
    let known = matches!(url.scheme_str(), Some("http" | "https"));
    let named = url.host().is_some_and(|host| !host.is_empty());
    known && named && !text.contains(['@', '#']) && url.path() == "/" && url.query().is_none()
}

/// A member's right to read.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The member's name, which is the user name of HTTP Basic. Holds no colon.
    pub member: String,
    /// The salted hash in PHC form (`$argon2id$...`), from [`crate::hash_password`].
    pub password_hash: String,
}

/// Every limit of the server. The error that a limit causes names its field.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Open connections; more are answered 503 and closed.
    pub connections: usize,
    /// Time for a client to send a whole request head, and to stay idle between requests.
    pub header_timeout: Duration,
    /// Bytes of a request head, and what is kept of it.
    pub header_bytes: usize,
    /// Header lines of a request.
    pub headers: usize,
    /// Bytes of a request's path and query.
    pub uri_bytes: usize,
    /// Bytes of a request body that are taken and thrown away before the connection ends, so that the answer
    /// reaches whoever is still sending; API roots show it as `max_content_length`.
    pub request_body_bytes: u64,
    /// Requests being answered at a time, until their last byte is sent. Times `response_bytes`
    /// bounds the memory that answers take.
    pub concurrent_requests: usize,
    /// How long a request waits for its turn before it is answered 503.
    pub queue_timeout: Duration,
    /// How long a client may take to receive one answer, and then each piece of 256 KiB still under way,
    /// before the connection is closed.
    pub response_timeout: Duration,
    /// Password hashes computed at a time for members' names, and as many for other names. One takes some
    /// 20 MB and tens of milliseconds.
    pub password_checks: usize,
    /// Objects on a page when the request has no `limit`.
    pub page_default: usize,
    /// Objects on a page at most; a larger `limit` means this.
    pub page_max: usize,
    /// Bytes after which a page ends early with `more: true`. A page holds at least one object.
    pub response_bytes: usize,
    /// Records a request may examine; then its page ends early with `more: true`, perhaps empty.
    pub scanned_records: usize,
    /// Values in one `match[...]` list.
    pub match_values: usize,
    /// How long running requests may go on after a shutdown was asked for.
    pub shutdown_grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 500,
            header_timeout: Duration::from_secs(10),
            header_bytes: 16 * 1024,
            headers: 64,
            uri_bytes: 8 * 1024,
            request_body_bytes: 1024 * 1024,
            concurrent_requests: 32,
            queue_timeout: Duration::from_secs(5),
            response_timeout: Duration::from_secs(60),
            password_checks: 2,
            page_default: 1_000,
            page_max: 10_000,
            response_bytes: 8 * 1024 * 1024,
            scanned_records: 200_000,
            match_values: 100,
            shutdown_grace: Duration::from_secs(5),
        }
    }
}

#[cfg(test)]
mod tests;
