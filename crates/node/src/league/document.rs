//! `league.json`: what clients of a local league need.

use super::{Account, layout::Layout};
use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What `hansa up --json` prints and `league.json` holds. Paths are absolute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Hash of the genesis.
    pub genesis_hash: B256,
    /// The league's folder.
    pub dir: PathBuf,
    /// The genesis file.
    pub genesis: PathBuf,
    /// Opens every member's keystore. TAXII takes a member's name and the same password.
    pub password_file: PathBuf,
    /// The nodes.
    pub operators: Vec<OperatorEntry>,
    /// Funded accounts with well-known keys.
    pub accounts: Vec<Account>,
    /// The members of the exchange.
    pub members: Vec<MemberEntry>,
}

/// A node of a local league.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorEntry {
    /// Its name.
    pub name: String,
    /// URL of JSON-RPC over HTTP.
    pub rpc: String,
    /// URL of JSON-RPC over WebSocket.
    pub ws: String,
    /// URL of TAXII's discovery.
    pub taxii: String,
    /// URL of the dashboard.
    #[serde(default)]
    pub dashboard: String,
    /// URL of the Prometheus metrics.
    pub metrics: String,
    /// Its process; none when it is stopped.
    pub pid: Option<u32>,
    /// Its folder.
    pub dir: PathBuf,
}

/// A member of a local league.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberEntry {
    /// Its name.
    pub name: String,
    /// Its account.
    pub address: Address,
    /// Its encrypted key.
    pub keystore: PathBuf,
    /// The operator that it uses.
    pub operator: String,
}

impl OperatorEntry {
    pub(super) fn new(
        layout: &Layout,
        name: &str,
        config: &crate::Config,
        pid: Option<u32>,
    ) -> Self {
        Self {
            name: name.into(),
            rpc: format!("http://{}", config.rpc.listen),
            ws: format!("ws://{}", config.rpc.listen),
            taxii: format!("http://{}/taxii2/", config.taxii.listen),
            dashboard: format!("http://{}/", config.dashboard.listen),
            metrics: format!("http://{}/metrics", config.metrics.listen),
            pid,
            dir: layout.operator(name),
        }
    }
}
