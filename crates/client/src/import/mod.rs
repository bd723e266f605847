//! Address lists as STIX indicators.
//!
//! # Ids
//! Everything imported has a UUID of version 5, so that a second run finds what the first published:
//! the namespace is [`namespace`], the name is `<kind>:<publisher>:<address>` with both addresses in lower
//! case. The publisher is part of it, because an object on the exchange belongs to one member.
//!
//! # Times
//! `created` and `modified` are those of what is published already; only an object that is new or whose
//! content changed gets the time of this run. So a second run publishes nothing, on whatever day.
//!
//! # Pattern
//! STIX has no observable for addresses on a ledger. The pattern is the one that OpenCTI uses and its
//! connectors understand: `[cryptocurrency-wallet:value = '0x...']`, in lower case.

mod indicator;
mod list;
mod reconcile;

pub use indicator::{Draft, indicator_drafts, namespace};
pub use list::{Columns, List, ListError, Listed, RefusedRow, read_csv, read_text};
pub use reconcile::{ImportError, reconcile};

#[cfg(test)]
mod tests;
