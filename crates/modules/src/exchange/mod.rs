//! Exchange (native module 4): authored, versioned objects of threat intelligence.
//!
//! The content of a version is in its `ObjectPublished` event alone, so that the ledger's logs are
//! enough to read everything back; the state keeps the digest to check it by. An object belongs to
//! whoever published its first version, versions strictly increase and are times of the past, and a
//! revoked object stays so.
//! Publishing what is there already is a no-op, so that an interrupted import can simply run again.
//! Whether the content is valid STIX is not consensus' business: nodes check that when they serve it.
//!
//! | selector | kind | who |
//! |---|---|---|
//! | `publish` | write | active members with weight (roles member, sentinel) |
//! | `revoke` | write | the publisher, while an active member |
//! | `sight` | write | active members |
//! | `latest`, `digestOf`, `has`, `sightings`, `counts`, `objectIdOf` | view | anybody |

mod dispatch;
mod id;
mod logic;
mod state;
mod views;

pub(crate) use dispatch::dispatch;
pub use id::object_id;
pub(crate) use state::is_active;

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;
