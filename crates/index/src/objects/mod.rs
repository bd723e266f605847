//! Objects of the exchange, read from the logs of its module.
//!
//! Two logs, append only. [`ObjectLog::Objects`] has every published version in the order of the ledger.
//! [`ObjectLog::Alerts`] has the versions that alerts rest on: when an alert names an object, the newest
//! version that may be served is added, unless it is there already. There an object counts as revoked also
//! when every alert on it was. A record's `added_us` is its block's time
//! in microseconds, or one more than the record before it, whichever is later; so it grows strictly along
//! a log and is the same on every operator.
//!
//! Content that contradicts its declaration is kept and flagged ([`ObjectRecord::flaw`]); so is content whose
//! digest is not the event's. Records are in memory (some 300 bytes each), contents in the file.

mod read;
mod record;
mod shelf;
mod stage;

pub use read::{ObjectContents, ObjectPage, ObjectScan, ObjectView};
pub use record::{Declared, MAX_SERVED_TLP, ObjectLog, ObjectRecord, Sightings, Validator};
pub(crate) use shelf::Shelf;
