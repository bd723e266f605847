//! Errors of starting and stopping the server. Errors of requests are TAXII error messages.

use std::net::SocketAddr;
use thiserror::Error;

/// Why the server cannot run.
#[derive(Debug, Error)]
pub enum TaxiiError {
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address}: {cause}; choose another TAXII address in the configuration"
    )]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A listener was handed over that does not work.
    #[error("the TAXII listener does not work: {0}")]
    Listener(std::io::Error),
    /// A credential cannot be used.
    #[error("the TAXII credential of member `{member}` cannot be used: {why}")]
    Credential {
        /// The member.
        member: String,
        /// The reason.
        why: &'static str,
    },
    /// The public URL is none.
    #[error(
        "`{0}` cannot be the public URL; use a scheme and a host, such as https://taxii.example.org"
    )]
    PublicUrl(String),
    /// A password could not be hashed.
    #[error("the password could not be hashed: {0}")]
    Password(String),
}
