//! What a node is configured with: one TOML file.
//!
//! Relative paths are relative to the file's folder.

use crate::text::{self, MAX_CONFIG_BYTES};
use hansa_engine::{Checkpoint, NoCheckpoint};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Default port of Ethereum JSON-RPC.
pub const RPC_PORT: u16 = 8_545;
/// Default port of the dashboard, which answers for TAXII too.
pub const DASHBOARD_PORT: u16 = 8_080;
/// Default port of TAXII alone.
pub const TAXII_PORT: u16 = 8_180;
/// Default port of p2p.
pub const P2P_PORT: u16 = 9_545;
/// Default port of metrics.
pub const METRICS_PORT: u16 = 9_645;

/// Why a configuration is refused.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML of this shape.
    #[error("{path}: {}", text::one_line(source))]
    Toml {
        /// Which.
        path: PathBuf,
        /// Why.
        source: Box<toml::de::Error>,
    },
    /// A value is out of range.
    #[error("{field}: {reason}")]
    Field {
        /// Where.
        field: &'static str,
        /// What is wrong, and what would be right.
        reason: String,
    },
}

/// A node's configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// A name for people: logs, metrics.
    pub name: String,
    /// The genesis file (TOML or JSON by its ending).
    pub genesis: PathBuf,
    /// The operator's key file, made by `hansa keys operator`; none for a follower, whose key on the
    /// network is made at its first start and kept in `data_dir`.
    #[serde(default)]
    pub key: Option<PathBuf>,
    /// The key file of an account that sends evidence against operators, blocks of zones and their messages to the hub by itself, and pays
    /// for that; made by `hansa keys evidence`. Without one, evidence is only kept, in `data_dir/evidence`, and zones are left to others.
    #[serde(default)]
    pub evidence_key: Option<PathBuf>,
    /// Where everything durable lives.
    pub data_dir: PathBuf,
    /// How a node with an empty data directory gets the chain.
    #[serde(default)]
    pub join: Join,
    /// The peer network.
    #[serde(default)]
    pub p2p: P2p,
    /// Ethereum JSON-RPC.
    #[serde(default)]
    pub rpc: Rpc,
    /// TAXII 2.1.
    #[serde(default)]
    pub taxii: Taxii,
    /// The dashboard.
    #[serde(default)]
    pub dashboard: Dashboard,
    /// Prometheus metrics.
    #[serde(default)]
    pub metrics: Metrics,
    /// Which zones this node runs.
    #[serde(default)]
    pub zones: Zones,
    /// What is kept.
    #[serde(default)]
    pub history: History,
    /// Logging.
    #[serde(default)]
    pub log: Log,
    /// Threads and memory.
    #[serde(default)]
    pub resources: Resources,
}

/// How a node with an empty data directory gets the chain, and zones that it has nothing of. It matters at the first start only, of each chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Join {
    /// From blocks or from state.
    pub from: JoinFrom,
    /// For `from = "state"`: the last block of an epoch, as `EPOCH:HASH`, from which on committees are followed. Without one they are
    /// followed from the genesis, which trusts that keys of past operators were never used for another history. Zones need none: the hub says whom to trust.
    pub checkpoint: Option<String>,
}

impl Join {
    /// The checkpoint, if there is one.
    ///
    /// # Errors
    /// It is not written as one.
    pub fn checkpoint(&self) -> Result<Option<Checkpoint>, ConfigError> {
        let parsed = self.checkpoint.as_deref().map(str::parse).transpose();
        parsed.map_err(|error: NoCheckpoint| ConfigError::Field {
            field: "join.checkpoint",
            reason: error.to_string(),
        })
    }
}

/// What a new node takes from its peers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JoinFrom {
    /// Every block since the genesis, each of which it executes: it has all history.
    #[default]
    Blocks,
    /// The newest state, and blocks from then on: it has no older blocks, receipts, logs or exchange objects.
    State,
}

/// The peer network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct P2p {
    /// Listens here.
    pub listen: SocketAddr,
    /// Peers may have private addresses (a league on one machine or one LAN).
    pub allow_private_ips: bool,
    /// Other nodes, and where they listen. An address here overrides what an operator registered with staking. Beside these and
    /// registered operators nobody is dialled or let in: a follower is listed by those that it follows.
    pub peers: Vec<Peer>,
}

/// Another node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// Its ed25519 public key, hex.
    pub public_key: alloy_primitives::B256,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Default for P2p {
    fn default() -> Self {
        Self {
            listen: local(P2P_PORT),
            allow_private_ips: false,
            peers: Vec::new(),
        }
    }
}

/// Ethereum JSON-RPC over HTTP and WebSocket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rpc {
    /// Listens here.
    pub listen: SocketAddr,
    /// Namespaces beyond `eth`, `net`, `web3` and `hansa`: `debug`, `txpool`.
    pub namespaces: BTreeSet<String>,
    /// Host names that requests may carry, beyond addresses and `localhost`.
    pub allowed_hosts: BTreeSet<String>,
    /// What a client may ask for; errors name these.
    pub limits: hansa_rpc::Limits,
}

impl Default for Rpc {
    fn default() -> Self {
        Self {
            listen: local(RPC_PORT),
            namespaces: BTreeSet::new(),
            allowed_hosts: BTreeSet::new(),
            limits: hansa_rpc::Limits::default(),
        }
    }
}

/// The TAXII 2.1 server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Taxii {
    /// Listens here.
    pub listen: SocketAddr,
    /// The scheme and host that clients use, such as `https://taxii.example.org`, where a proxy stands before
    /// the node and clients cannot follow relative links.
    pub public_url: Option<String>,
    /// Serve TLP:CLEAR without a password.
    pub anonymous: bool,
    /// Who may read more.
    pub credentials: Vec<TaxiiCredential>,
    /// Host names that requests may carry, beyond addresses and `localhost`.
    pub allowed_hosts: BTreeSet<String>,
}

/// A member's password for TAXII.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaxiiCredential {
    /// User name.
    pub member: String,
    /// Salted hash, made by `hansa keys password`.
    pub password_hash: String,
}

impl Default for Taxii {
    fn default() -> Self {
        Self {
            listen: local(TAXII_PORT),
            public_url: None,
            anonymous: false,
            credentials: Vec::new(),
            allowed_hosts: BTreeSet::new(),
        }
    }
}

/// The page for people, and on the same origin what it reads: JSON-RPC and TAXII, under their own limits, names and passwords.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dashboard {
    /// Listens here.
    pub listen: SocketAddr,
    /// Whether clients on this machine are told of the node's log, settings and disks, under `/local/`. To be switched off behind a proxy on this machine:
    /// most make everybody a client on it.
    pub local: bool,
}

impl Default for Dashboard {
    fn default() -> Self {
        Self {
            listen: local(DASHBOARD_PORT),
            local: true,
        }
    }
}

/// The Prometheus endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metrics {
    /// Listens here.
    pub listen: SocketAddr,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            listen: local(METRICS_PORT),
        }
    }
}

/// What is kept for queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct History {
    /// States of this many newest blocks can be read (at least 256).
    pub state_blocks: u64,
}

impl Default for History {
    fn default() -> Self {
        Self { state_blocks: 512 }
    }
}

/// Logging to standard error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// A `tracing` filter: `info`, `hansa=debug`, ...
    pub filter: String,
    /// One JSON object a line instead of text.
    pub json: bool,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            filter: "warn,hansa=info".into(),
            json: false,
        }
    }
}

/// Which zones this node runs: those in whose committee its operator has a seat, and what is named here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Zones {
    /// Zones that it follows without a seat, by name; `*` for every one.
    pub follow: Vec<String>,
    /// A zone here has a module that panics.
    #[cfg(feature = "test-utils")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poison: Option<Poison>,
}

/// A module with a fault, which a zone has on this node alone: for tests of what a panic ends. A released node is built without the feature, and knows no such setting.
#[cfg(feature = "test-utils")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Poison {
    /// The zone's name.
    pub zone: String,
    /// The module's address.
    pub address: alloy_primitives::Address,
}

impl Zones {
    /// Whether it follows this zone.
    pub fn follows(&self, name: &str) -> bool {
        let mut named = self.follow.iter();
        named.any(|followed| followed == name || followed == "*")
    }
}

/// Threads and memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Resources {
    /// Threads of the async runtime.
    pub worker_threads: usize,
    /// Threads that recover senders and compute roots; 1 computes in place.
    pub compute_threads: usize,
    /// Memory for pages of the databases, MiB.
    pub page_cache_mib: usize,
}

impl Default for Resources {
    fn default() -> Self {
        Self {
            worker_threads: 2,
            compute_threads: std::thread::available_parallelism().map_or(2, usize::from),
            page_cache_mib: 64,
        }
    }
}

const fn local(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// The file cannot be read, is malformed, or holds a value out of range.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = text::read(path, MAX_CONFIG_BYTES).map_err(|source| ConfigError::Read {
            path: path.into(),
            source,
        })?;
        let mut config: Self = toml::from_str(&text).map_err(|source| ConfigError::Toml {
            path: path.into(),
            source: Box::new(source),
        })?;
        config.resolve(path.parent().unwrap_or(Path::new("")));
        config.validate()?;
        Ok(config)
    }

    /// Makes relative paths relative to `folder`.
    pub fn resolve(&mut self, folder: &Path) {
        for path in [&mut self.genesis, &mut self.data_dir] {
            *path = folder.join(&*path);
        }
        for key in [&mut self.key, &mut self.evidence_key]
            .into_iter()
            .flatten()
        {
            *key = folder.join(&*key);
        }
    }

    /// Checks every value.
    ///
    /// # Errors
    /// The first one out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let field = |field, reason: String| Err(ConfigError::Field { field, reason });
        for namespace in &self.rpc.namespaces {
            if !["debug", "txpool"].contains(&namespace.as_str()) {
                let reason = format!("`{namespace}` is not a switch; use \"debug\" or \"txpool\"");
                return field("rpc.namespaces", reason);
            }
        }
        if let Some(url) = &self.taxii.public_url
            && !hansa_taxii::is_public_url(url)
        {
            let reason = format!(
                "`{url}` is no scheme and host; use one such as \"https://taxii.example.org\""
            );
            return field("taxii.public_url", reason);
        }
        if self.join.checkpoint()?.is_some() && self.join.from == JoinFrom::Blocks {
            let reason = "only a node that joins from state needs one; set join.from = \"state\"";
            return field("join.checkpoint", reason.into());
        }
        if self.dashboard.listen == self.taxii.listen {
            let reason = format!(
                "{} is taxii.listen too; give one of them another port",
                self.dashboard.listen
            );
            return field("dashboard.listen", reason);
        }
        if self.history.state_blocks < 256 {
            return field("history.state_blocks", "must be at least 256".into());
        }
        if self.resources.worker_threads == 0 || self.resources.compute_threads == 0 {
            return field("resources", "thread counts must not be 0".into());
        }
        if self.resources.page_cache_mib < 4 {
            return field("resources.page_cache_mib", "must be at least 4".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
