//! A TAXII 2.1 server over the objects of a Hansa league, and the STIX 2.1 checks that decide what it serves.
//!
//! # What it promises
//! - **Any operator answers alike.** An answer is a function of the request, the shared configuration and
//!   the catalog, which is a function of the ledger: no local clock, counter or secret is in it but HTTP's
//!   `Date`. A walk begun at one operator can go on at another.
//! - **Paging neither skips nor repeats**, whatever the page sizes and while objects are being added:
//!   `date_added` (the block's time, ties broken by position) grows strictly along a collection, and a
//!   cursor is a place in it. `added_after` is exclusive.
//! - **Pages say how far they go**: `X-TAXII-Date-Added-First` and `-Last` are the dates of the first and
//!   last object. A page that ends empty at [`Limits::scanned_records`] has `more` and both dates are
//!   the place it came to; an empty page at the end of a collection has neither, for nothing was added.
//! - **Objects come back as published**, byte for byte inside the envelope.
//! - **Nobody reads above their label.** The public sees TLP:CLEAR if that is switched on, members see
//!   TLP:CLEAR and TLP:GREEN; what is narrower is ciphertext on the ledger and not served.
//! - **Every error is a TAXII error message** with the TAXII media type, a stable `error_code`, and a
//!   description that says what to do; a limit is named by its field in [`Limits`].
//! - **Nothing is written here.** Publishing and revoking are transactions on the hub.
//!
//! An object that its publisher revoked on the ledger is no longer current: it leaves the default answers
//! (`match[version]=last`) and stays in `all`, `first` and by timestamp. Among the alerts the same holds of an
//! object whose every alert was revoked.
//!
//! # Units and errors
//! Times of records are microseconds since 1970, version times of publications milliseconds, sizes bytes.
//! [`TaxiiError`] says why a server cannot start; [`CatalogError`] is a failing store (HTTP 500);
//! [`stix::StixError`] and [`stix::Mismatch`] say why content is not served.
//!
//! # Sources
//! OASIS TAXII Version 2.1 (10 June 2021): sections 1.6.8 media types, 1.6.9 authentication, 3.3 sorting, 3.4
//! filtering, 3.5 pagination, 3.6 errors, 4 server information, 5 collections. OASIS STIX Version 2.1:
//! sections 2 data types, 3.2 common properties, 4 to 7 what each type requires, 7.2 markings. RFC 7617 for HTTP Basic.

mod auth;
mod catalog;
mod collections;
mod config;
mod cursor;
mod error;
mod guarded;
mod host;
mod listen;
mod memory;
mod negotiate;
mod page;
mod problem;
mod query;
mod route;
mod sending;
mod server;
pub mod stix;
pub mod time;

pub use auth::hash_password;
pub use catalog::{
    Audience, Catalog, CatalogError, Log, Record, SPEC_VERSION, STIX_MEDIA_TYPE, Scan, Tlp,
    TypeSet, Visitor, next_date_added_us,
};
pub use collections::{Collection, Collections, FAMILIES, Family};
pub use config::{Config, Credential, DEFAULT_LISTEN, Limits, is_public_url};
pub use error::TaxiiError;
pub use listen::{Server, serve, serve_on};
pub use memory::{MemoryCatalog, NewRecord};
pub use problem::TAXII_MEDIA_TYPE;
pub use query::{Kind, Query, QueryError, VersionMatch};
pub use route::{API_ROOT_PATH, DISCOVERY_PATH, Route};
pub use server::router;
