//! p2p, chain supervisor, configuration, keys, metrics: a Hansa node.
//!
//! [`run`] turns a [`Config`] into a running node and returns when it was asked to stop or cannot go
//! on. Everything durable lives in one data directory, whose marker file names the chain and the
//! storage format; see [`DataDirError`] for what can be wrong with it and the way out.

mod catalog;
mod chain;
mod checkpoints;
mod config;
mod datadir;
mod error;
mod evidence;
mod feed;
mod forks;
mod head;
mod indexed;
mod info;
mod journal;
mod keys;
pub mod league;
mod local;
mod logs;
mod metrics;
mod network;
mod node;
mod open_files;
mod panics;
mod peers;
mod reindex;
mod relayer;
mod runtimes;
mod text;
mod threads;
mod voter;
mod zones;

pub use config::{
    Config, ConfigError, DASHBOARD_PORT, Dashboard, History, Join, JoinFrom, Log, METRICS_PORT,
    Metrics, P2P_PORT, P2p, Peer, RPC_PORT, Resources, Rpc, TAXII_PORT, Taxii, TaxiiCredential,
    Zones,
};
pub use datadir::DataDirError;
pub use error::NodeError;
pub use evidence::{EvidenceFile, new_evidence_account};
pub use keys::{KeyError, generate_key, load_key, save_key};
pub use local::Console;
pub use logs::Logs;
pub use node::{load_genesis, run};
pub use reindex::reindex;
pub use runtimes::{ZoneFields, ZoneJson};
pub use voter::VoterError;
