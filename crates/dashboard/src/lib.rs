//! The dashboard: a page that every node serves, and on the same origin what the page reads.
//!
//! # What this crate promises
//! - One listener, one origin: the built page under `/`, TAXII under `/taxii2/`, JSON-RPC of the hub at `/rpc` and of zones at
//!   `/zones/NAME`, both HTTP and WebSocket. So the page's policy allows connections to its own origin only, and no other page needs CORS.
//! - Chains and TAXII are answered by the very handlers of their own listeners, with their limits.
//! - What the node tells of itself under `/local/` ([`Local`]) is told to clients on its own machine only: see `local`.
//! - The files are in the binary, and nothing on disk is ever read for a request. A binary that was built without them serves a page
//!   that says how to build it.
//! - Hosts, connections and slow clients are the listener's business ([`hansa_rpc::Handle::listen_with`]). Request bodies are never read here.
//!
//! Sources: CSP Level 3; RFC 9110 for methods, validators and encodings.

mod files;
mod local;

pub use local::{Local, LogQuery};

use axum::{Router, body::Body};
use futures::future::BoxFuture;
use hansa_rpc::{HttpBody, HttpResponse};
use hyper::{Request, body::Incoming};
use std::sync::Arc;
use tower::ServiceExt as _;

/// The hub's JSON-RPC on this listener.
pub const RPC_PATH: &str = "/rpc";
/// What the chains of zones begin with, here as on the RPC's own listener.
const ZONES_PREFIX: &str = "/zones/";
/// What TAXII's resources begin with.
const TAXII_PREFIX: &str = "/taxii2";

/// What stands before the chains on the dashboard's listener.
pub struct Dashboard {
    taxii: Router,
    local: Option<Arc<dyn Local>>,
}

impl Dashboard {
    /// With the service that answers TAXII (`hansa_taxii::router`), and what the node tells its own machine.
    pub const fn new(taxii: Router, local: Option<Arc<dyn Local>>) -> Self {
        Self { taxii, local }
    }

    /// Whether this binary has the page.
    pub fn is_built() -> bool {
        files::is_built()
    }
}

impl hansa_rpc::Front for Dashboard {
    fn takes(&self, path: &str) -> bool {
        path != RPC_PATH && !path.starts_with(ZONES_PREFIX)
    }

    fn answer(&self, request: Request<Incoming>) -> BoxFuture<'static, HttpResponse> {
        let path = request.uri().path();
        let of_taxii = path
            .strip_prefix(TAXII_PREFIX)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if of_taxii {
            let taxii = self.taxii.clone();
            return Box::pin(async move {
                // It has no error: failures are answers.
                match taxii.oneshot(request.map(Body::new)).await {
                    Ok(response) => response.map(HttpBody::new),
                    Err(never) => match never {},
                }
            });
        }
        if path.starts_with(local::PREFIX) {
            return local::answer(self.local.as_ref(), &request);
        }
        let response = files::answer(request.method(), path, request.headers());
        Box::pin(std::future::ready(response))
    }
}

#[cfg(test)]
mod tests;
