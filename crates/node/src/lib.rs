//! p2p, chain supervisor, configuration, keys, metrics: a Hansa node.

mod config;
mod keys;
pub mod league;

pub use config::{
    Config, ConfigError, History, Log, METRICS_PORT, Metrics, P2P_PORT, P2p, Peer, RPC_PORT,
    Resources, Rpc, TAXII_PORT, Taxii, TaxiiCredential,
};
pub use keys::{KeyError, generate_key, load_key, save_key};
