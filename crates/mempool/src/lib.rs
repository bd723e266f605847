//! The transaction pool and its gossip rules.

mod best;
mod config;
mod core;
mod error;
mod head;
mod notify;
mod pool;
mod senders;
mod stats;
mod transaction;
mod validate;

pub use best::Best;
pub use config::{Limits, Rules};
pub use error::{Added, Gap, HeadError, InvalidSignature, Party, PoolError};
pub use head::{AccountInfo, BlockUpdate, BlockedBy, HeadInfo, HeadState};
pub use pool::{Pool, SenderContent};
pub use senders::{SenderCache, recover, recover_one};
pub use stats::{DropReason, PoolStats};
pub use transaction::{Origin, PooledTransaction};
