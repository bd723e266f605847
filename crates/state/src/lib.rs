//! The EVM's state over QMDB, its proofs, and recent history.
//!
//! # Layout
//! Two databases per chain, committed together:
//! - **state** (QMDB `current`, unordered, fixed-size values): accounts and storage slots under
//!   hashed keys, see [`account_key`] and [`storage_key`]. Its canonical root is a block's
//!   `state.root`, against which a current value can be proved.
//! - **code** (QMDB `immutable`): contract code by keccak256.
//!
//! # Reading
//! - Blocks execute through [`execute`]: the EVM runs on its own thread in lock step with the async
//!   databases, in every runtime.
//! - Everything else reads finalized states through [`StateProvider`], which blocks its thread.
//!   [`FinalizedState`] answers for recent blocks by looking up what later blocks overwrote.
//!
//! # Errors
//! Database errors never mean that a block is invalid.

// Tests hold whole databases in nested futures.
#![cfg_attr(test, recursion_limit = "256")]

mod bridge;
mod db;
mod history;
mod keys;
mod proof;
mod view;

#[cfg(test)]
mod tests;

pub use bridge::{BridgeDb, Cancelled, EXECUTION_THREAD, Prefetch, ViewDb, execute};
pub use db::{
    Batches, CodeDb, Config, DatabaseConfigs, Databases, Family, Merkleized, StateDb, SyncTargets,
    commitment, empty_commitment, merkleize, sync_targets,
};
pub use hansa_evm::Account;
pub use hansa_primitives::{ProofError, StateKey, StateValue, account_key, storage_key};
pub use history::{Diff, FinalizedState, PreImages, RecentDiffs, diff_of, newest_slot};
pub use keys::{Code, decode_account};
pub use proof::{ValueProof, prove, verify};
pub use view::{MemoryState, StateError, StateProvider, StateView};
