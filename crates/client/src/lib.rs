//! Talking to a league from outside: everything the command line does beyond parsing arguments.
//!
//! # What this crate promises
//! - A transaction counts as done when its receipt is there: a block that a node shows is final.
//! - What a module refuses is told in the module's own words ([`describe_revert`]).
//! - Publishing ([`publish`]) is idempotent and resumable: what the ledger has is not sent again, and
//!   content is published byte for byte as the file had it, without the blanks between tokens.
//! - What is read back ([`objects`]) is checked against the digest that the state keeps.
//! - Every batch, window and wait has a named limit in [`limits`].

pub mod import;
pub mod keystore;
pub mod limits;
pub mod objects;
pub mod publish;
mod revert;
mod rpc;
mod sender;
mod staking;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use revert::describe_revert;
pub use rpc::{LIMIT_EXCEEDED, Rpc, RpcError};
pub use sender::{Call, SendError, Sender, SenderConfig, Sent};
pub use staking::{Proof, prove_key};
