//! Why the index refuses something.

use alloy_primitives::B256;
use std::path::PathBuf;
use thiserror::Error;

/// A failure of the index. Each message says what to do.
#[derive(Debug, Error)]
pub enum IndexError {
    /// The file cannot be read as an index.
    #[error("index {}: {reason}; `hansa node reindex` rebuilds it from the node's blocks", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Another process has the file open.
    #[error("index {}: another process has it open; stop that node first", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The index belongs to another chain.
    #[error(
        "index {} belongs to the chain with genesis {found}, not {expected}: point the node at its own data directory, or rebuild the index with `hansa node reindex`",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Genesis hash in the file.
        found: B256,
        /// Genesis hash of this chain.
        expected: B256,
    },
    /// Written by another version of Hansa.
    #[error(
        "index {} has format {found}, this version reads {expected}: `hansa node reindex` rebuilds it",
        path.display()
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// Format in the file.
        found: u64,
        /// Format that this version reads.
        expected: u64,
    },
    /// Stored data does not decode or contradicts itself.
    #[error("index is damaged at {place}: {reason}; `hansa node reindex` rebuilds it")]
    Damaged {
        /// Which row.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// The disk or the database failed.
    #[error("index storage failed: {0}; check the disk and restart the node")]
    Storage(String),
    /// Blocks between the head and this one are missing.
    #[error(
        "block {number} does not follow the index's head {head}: feed the blocks between first"
    )]
    Gap {
        /// The newest indexed block.
        head: u64,
        /// The offered block.
        number: u64,
    },
    /// Another block is indexed at this height.
    #[error(
        "block {number} is indexed as {indexed}, but {offered} was offered: the finalized chain cannot change; rebuild with `hansa node reindex` if the index is wrong"
    )]
    Conflict {
        /// Height.
        number: u64,
        /// Hash in the index.
        indexed: B256,
        /// Hash of the offered block.
        offered: B256,
    },
    /// The block's parent is not the head.
    #[error(
        "block {number} names parent {parent}, but the indexed block before it is {head}; rebuild with `hansa node reindex` if the index is wrong"
    )]
    Parent {
        /// Height of the offered block.
        number: u64,
        /// Its parent.
        parent: B256,
        /// The index's head.
        head: B256,
    },
    /// The block is not indexed and older than everything that is.
    #[error(
        "block {number} is not indexed: this index begins at block {oldest}; ask an archive node"
    )]
    TooOld {
        /// Height.
        number: u64,
        /// The oldest indexed block.
        oldest: u64,
    },
    /// What was offered is no finalized block.
    #[error("block {number} cannot be indexed: {reason}")]
    Malformed {
        /// Height.
        number: u64,
        /// What is wrong.
        reason: String,
    },
    /// `from` is after `to`.
    #[error("invalid block range: from {from} is after to {to}")]
    InvalidRange {
        /// First block asked for.
        from: u64,
        /// Last block asked for.
        to: u64,
    },
    /// A log query spans too many blocks.
    #[error("block range of {blocks} blocks is over the limit of {limit}: ask for less at a time")]
    RangeTooWide {
        /// Asked for.
        blocks: u64,
        /// Limit.
        limit: u64,
    },
    /// A log query has too many results.
    #[error("query returns more than {limit} logs{}", suggest(*suggested))]
    TooManyResults {
        /// Limit.
        limit: usize,
        /// A range from the same block on that stays within the limit, if there is one.
        suggested: Option<(u64, u64)>,
    },
    /// A log query's results are too large.
    #[error("query returns more than {limit} bytes of logs{}", suggest(*suggested))]
    TooManyBytes {
        /// Limit.
        limit: usize,
        /// A range from the same block on that stays within the limit, if there is one.
        suggested: Option<(u64, u64)>,
    },
    /// A log query was stopped by its caller.
    #[error("query took too long{}", suggest(*suggested))]
    Stopped {
        /// The range that was looked through by then, if there is one.
        suggested: Option<(u64, u64)>,
    },
}

fn suggest(range: Option<(u64, u64)>) -> String {
    range.map_or_else(
        || ": narrow the addresses or topics".to_owned(),
        |(from, to)| format!(": retry with the block range {from} to {to}"),
    )
}

impl IndexError {
    pub(crate) fn damaged(place: impl Into<String>, reason: impl ToString) -> Self {
        Self::Damaged {
            place: place.into(),
            reason: reason.to_string(),
        }
    }
}

macro_rules! storage_errors {
    ($($name:ident),+) => {
        $(impl From<redb::$name> for IndexError {
            fn from(error: redb::$name) -> Self {
                Self::Storage(error.to_string())
            }
        })+
    };
}

storage_errors!(
    StorageError,
    TableError,
    TransactionError,
    CommitError,
    SetDurabilityError
);
