//! One chain's consensus: simplex, marshal, the stateful application, and pacing.
//!
//! # Data flow
//! ```text
//! pool --> Paced --> Deferred --> simplex (one per epoch: Epochs) --> certificates
//!            |          |                        |
//!            v          v                        v
//!        Stateful <-- blocks <-- marshal <-- finalizations
//!            |
//!            v
//!      Application: propose / process over hansa-evm and hansa-state
//!            |
//!            v
//!      Sink (index), pool, head: what is final
//! ```
//!
//! # What this crate promises
//! - A block is final before anybody outside consensus sees it.
//! - Proposer and verifiers run the same function on the same inputs; every commitment of a header
//!   is checked before a vote to finalize. The vote to notarize says only that the block is here: a block that
//!   does not hold what it claims can be notarized, and is then never certified.
//! - What is missing or late makes a validator wait. Only what the block itself proves makes it refuse.
//! - After a crash at any moment, what was finalized is delivered to the [`Sink`] again until the
//!   sink has said that it is durable.

mod accuser;
mod application;
mod build;
mod chain;
mod code_peers;
mod committees;
mod courier;
mod early;
#[cfg(test)]
mod early_tests;
mod effort;
mod epocher;
mod epochs;
mod guide;
mod handover;
#[cfg(test)]
mod handover_tests;
mod head;
mod hub;
#[cfg(test)]
mod hub_tests;
mod ledger;
mod pacing;
mod payer;
mod shared;
#[cfg(feature = "test-utils")]
mod tamper;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod void_tests;
mod witness;
#[cfg(test)]
mod witness_tests;

pub use accuser::Accuser;
pub use application::{Application, Finalized, Sink};
pub use chain::{
    BlockArchive, Chain, Channels, Config, Join, Marshal, Start, Tuning, genesis, open_blocks,
    start,
};
pub use committees::{Committees, Entry};
pub use courier::{Courier, ZoneBlocks};
pub use effort::Effort;
pub use handover::{Checkpoint, NoCheckpoint};
pub use head::Head;
pub use hub::{Hub, HubBlock, HubBlocks, LocalHub};
pub use ledger::{Executed, Ledger};
pub use pacing::Paced;
pub use payer::Payer;
pub use shared::{Shared, ZoneChannels};
#[cfg(feature = "test-utils")]
pub use tamper::{Draft, Tamper};
pub use witness::{Evidence, Witness};

use commonware_runtime::{Clock, Metrics, Spawner, Storage};
use rand_core::CryptoRng;

/// What the engine needs of a runtime: tokio in a node, the deterministic one in simulations.
pub trait Runtime: Clock + CryptoRng + Spawner + Storage + Metrics + Send + Sync + 'static {}

impl<E> Runtime for E where
    E: Clock + CryptoRng + Spawner + Storage + Metrics + Send + Sync + 'static
{
}
