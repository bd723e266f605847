//! Why a node does not start, or stopped: the cause in the first line, what to do in the next.

use crate::{ConfigError, DataDirError, KeyError, VoterError, text};
use hansa_primitives::GenesisError;
use std::{net::SocketAddr, path::PathBuf};
use thiserror::Error;

/// Why a node does not start, or stopped.
#[derive(Debug, Error)]
pub enum NodeError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The operator's key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The operator's key and its journal.
    #[error(transparent)]
    Voter(#[from] VoterError),
    /// The genesis file.
    #[error(
        "{path}: {}\nmake one with `hansa genesis new`, or get your league's",
        text::one_line(source)
    )]
    Genesis {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        source: GenesisError,
    },
    /// What is for development leagues is in the genesis of another one.
    #[error(
        "{path}: {reason}\nuse a genesis with the league's own keys and without `development = true`; `hansa up` makes development leagues"
    )]
    Misplaced {
        /// The genesis file.
        path: PathBuf,
        /// What is there.
        reason: String,
    },
    /// The index.
    #[error("{0}\nstop the node and run `hansa node reindex` to rebuild the index")]
    Index(#[from] hansa_index::IndexError),
    /// The index lacks blocks that the state has: it was lost, or put back from an older copy.
    #[error(
        "the index ends at block {index}, but the chain's state is at block {state}\nrun `hansa node reindex` with this configuration to rebuild the index"
    )]
    Behind {
        /// Newest block of the index.
        index: u64,
        /// Newest block whose state is applied.
        state: u64,
    },
    /// The blocks before the state that this node began with were never here.
    #[error(
        "this node joined from state: it has no blocks to execute from the genesis on\nmove {index} away and start the node: it begins a new index, without older blocks"
    )]
    FromState {
        /// The index file.
        index: PathBuf,
    },
    /// There is nothing to rebuild an index from.
    #[error(
        "{path}: there are no blocks to rebuild an index from\ncheck data_dir; a new node needs no index: move index.redb away, if there is one, and start it: it catches up from peers"
    )]
    NoBlocks {
        /// Where the blocks would be.
        path: PathBuf,
    },
    /// A rebuilt index would lack blocks that the old one has.
    #[error(
        "the stored blocks end at block {rebuilt}, but the index at block {old}: the index was left as it is\nrestore storage/ from the same time; or, to go on with fewer blocks, move index.redb away and run this again"
    )]
    FewerBlocks {
        /// Last stored block.
        rebuilt: u64,
        /// Newest block of the index.
        old: u64,
    },
    /// A port.
    #[error(
        "cannot listen on {address} ({what}): {source}\nfree the port, or set another one in the configuration ([{what}] listen)"
    )]
    Listen {
        /// For what.
        what: &'static str,
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A server could not be started.
    #[error("{what}: {reason}")]
    Server {
        /// Which.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// The chain.
    #[error(transparent)]
    Chain(#[from] hansa_engine::Start),
    /// A chain failed while it ran.
    #[error(
        "{what} cannot go on: {reason}\ncheck that the disk works and has space left, see the log above, and start again: everything is there as of the last finalized block; if that does not help, move {storage} away: the blocks come from peers"
    )]
    Ended {
        /// The node, or a zone.
        what: String,
        /// Why.
        reason: String,
        /// Where its databases are.
        storage: PathBuf,
    },
    /// Something failed.
    #[error("{0}\nsee the log above, and start again")]
    Failed(String),
}
