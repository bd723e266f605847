//! The native modules of Hansa: staking, zones, members, exchange, guard and messages.
//!
//! Pure, synchronous logic over a storage context. A chain executes a module by calling [`run`] with
//! its own [`Host`]; the module reads and writes ordinary storage slots of its own address, emits
//! ordinary logs and moves ether by the host, so that its state is proved like any contract's.
//!
//! What [`run`] promises, for any input whatever:
//!
//! - it never panics, and the same calls on the same state give the same result on every machine;
//! - it is atomic: the host sees no write, log or transfer of a call that does not return;
//! - a static call never mutates, and ether sent to a selector that takes none reverts;
//! - gas is charged before the work it pays for, see [`gas`];
//! - every revert carries an ABI-encoded error of the interfaces in `contracts/src/interfaces`.
//!
//! Staking also acts without a call: a chain that has it calls [`staking::end_block`] after the transactions of every
//! block, and reads the committees that follow from it.
//!
//! No clock, no randomness, no hash-map order, no async: time is the block's.

mod codec;
mod context;
pub mod exchange;
pub mod gas;
pub mod genesis;
pub mod guard;
mod host;
pub mod limits;
pub mod members;
pub mod messages;
mod query;
mod run;
mod slots;
pub mod staking;
pub mod testing;
pub mod zones;

pub use host::{Block, Call, Host, HostError, Outcome, RunResult, StorageRead};
pub use query::{QueryError, dry_run, query};
pub use run::{refuse_input, run};

#[cfg(test)]
mod tests;
