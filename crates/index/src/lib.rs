//! Finalized blocks, receipts, logs, transactions by hash and by address, and exchange objects, stored for queries.
//!
//! # What this crate promises
//! - The feed is [`Index::append`]: one finalized block, one write transaction. Feeding a block again
//!   changes nothing; feeding another block at an indexed height is an error that names both.
//! - A block is in all tables or in none, whatever moment the process dies at. With
//!   [`Durability::Immediate`] it is on disk when `append` returns; with [`Durability::EveryBlocks`]
//!   a crash may lose the newest blocks, and feeding them again repairs that.
//! - Reads see finalized data only, never wait for a write transaction, and may run on any number of
//!   threads: an [`Index`] is a handle, cheap to clone.
//! - A transaction found by hash or by address is checked against its block's bytes: only 8 bytes are
//!   indexed, and colliding prefixes are told apart.
//! - Exchange objects are a function of the ledger alone: positions, times and verdicts agree on
//!   every operator.
//! - A file of another chain or format, or one that cannot be read, is refused by name with the way
//!   out; nothing is ever repaired in silence.
//!
//! Units: heights are `u64` (below 2^40), times milliseconds (`*_ms`) or microseconds (`*_us`) since
//! the Unix epoch, sizes bytes. Errors: [`IndexError`]. Limits: [`Config`] and [`LogLimits`].

mod append;
mod block;
mod bloom;
mod cache;
mod codec;
mod config;
mod diffs;
mod error;
mod locations;
mod logs;
mod objects;
mod read;
mod rebuild;
mod state;
mod store;
mod tables;
mod verify;

#[cfg(test)]
mod tests;

pub use append::Appended;
pub use block::{AddressPage, FinalizedBlock, Located, LocatedLog};
pub use config::{Config, Durability};
pub use diffs::StateDiff;
pub use error::IndexError;
pub use logs::{LogFilter, LogLimits};
pub use objects::{
    Declared, MAX_SERVED_TLP, ObjectContents, ObjectLog, ObjectPage, ObjectRecord, ObjectScan,
    ObjectView, Sightings, Validator,
};
pub use state::state_diff;
pub use store::Index;
pub use verify::Verified;
