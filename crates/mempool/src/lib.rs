//! The transaction pool and its gossip rules.
//!
//! # What this crate promises
//! - A sender's transactions are handed out in nonce order without a gap, across senders by effective
//!   tip ([`Pool::best`]).
//! - No limit of [`Limits`] is ever exceeded; whoever is refused learns why in go-ethereum's words
//!   ([`PoolError`]), and which limit it was.
//! - A sender is recovered once per node ([`SenderCache`]), a finalized block costs work in
//!   proportion to what it changed ([`Pool::on_finalized`]).
//! - Local transactions are announced to the other operators ([`Gossip`]) and survive a restart
//!   ([`Keeper`]).
//!
//! Nothing here needs a particular runtime or reads a clock of its own; the pool's behaviour does not
//! depend on the order of a hash map. Prices are wei per gas, sizes encoded bytes.

mod admit;
mod best;
mod config;
mod core;
mod error;
mod gossip;
mod head;
mod journal;
mod keeper;
mod message;
mod notify;
mod pool;
mod queries;
mod senders;
mod stats;
mod transaction;
mod validate;

#[cfg(test)]
mod gossip_tests;
#[cfg(test)]
mod pool_tests;
#[cfg(test)]
mod rejections_tests;
#[cfg(test)]
mod testing;

pub use best::Best;
pub use config::{Limits, Rules};
pub use error::{Added, Gap, HeadError, InvalidSignature, Party, PoolError};
pub use gossip::{Gossip, GossipConfig, PeerBook, PeerStats};
pub use head::{AccountInfo, BlockUpdate, BlockedBy, HeadInfo, HeadState};
pub use journal::{FileJournal, Journal, JournalError};
pub use keeper::Keeper;
pub use message::{Batch, BatchLimits, Received};
pub use pool::Pool;
pub use queries::SenderContent;
pub use senders::{SenderCache, recover, recover_one};
pub use stats::{DropReason, PoolStats};
pub use transaction::{Origin, PooledTransaction};
