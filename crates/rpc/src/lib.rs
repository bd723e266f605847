//! Ethereum JSON-RPC and the `hansa` namespace, HTTP and WebSocket on one port.
//!
//! # What this crate promises
//! - Answers follow the ethereum/execution-apis schemas, errors follow go-ethereum's codes and
//!   words ([`errors`]), so that wallets and tools work unchanged.
//! - Every block that is shown is final: `latest`, `safe`, `finalized` and `pending` are one
//!   block; `pending` adds the pool's nonces.
//! - Everything a stranger can send has a limit ([`Limits`]), and the error names it.
//! - It reads the chain, the state and the pool through traits ([`Context`]) and never sees
//!   consensus.

mod addresses;
mod api;
mod chain;
mod convert;
mod deadline;
mod debug;
mod dispatch;
mod duration;
pub mod errors;
mod eth;
mod exec;
mod finality;
mod flow;
mod gzip;
mod hansa;
mod http;
mod limits;
mod mempool;
mod method;
mod net;
mod node;
mod openrpc;
mod params;
mod rehearsal;
mod server;
mod staking;
mod stream;
mod subscriptions;
mod txpool;
mod zones;

pub use api::{
    BySender, Certificate, ChainLoad, Context, Load, Machine, NodeInfo, Operator, Peer,
    PoolContent, PooledTransaction, SubmitError, SyncProgress, TransactionPool,
};
pub use errors::Fault;
pub use gzip::takes_gzip;
pub use jsonrpsee::server::{HttpBody, HttpResponse};
pub use limits::Limits;
pub use mempool::MempoolApi;
pub use node::Contradiction;
pub use openrpc::document as openrpc_document;
#[cfg(feature = "fuzzing")]
pub use params::read_as_everything;
pub use rehearsal::{Rehearsed, rehearse};
pub use server::{Client, Front, Handle, RpcError, Zones, serve};

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Configuration of the server. In the configuration file: `[rpc]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Namespaces that are switched on: `eth`, `net`, `web3`, `hansa`, `debug`, `txpool`.
    pub namespaces: BTreeSet<String>,
    /// `Host` headers that are answered, without port; `*` admits all. Against DNS rebinding.
    pub allowed_hosts: Vec<String>,
    /// Web pages (`Origin` headers) that may call; empty by default: no CORS.
    pub allowed_origins: Vec<String>,
    /// Limits.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        let names = ["eth", "net", "web3", "hansa"];
        let hosts = ["localhost", "127.0.0.1", "[::1]"];
        Self {
            namespaces: names.map(str::to_owned).into(),
            allowed_hosts: hosts.map(str::to_owned).into(),
            allowed_origins: Vec::new(),
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// For a development league: `debug` and `txpool` too.
    pub fn development() -> Self {
        let mut config = Self::default();
        config
            .namespaces
            .extend(["debug", "txpool"].map(str::to_owned));
        config
    }
}
