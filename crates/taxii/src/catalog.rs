//! What the server reads from, and what an index has to promise.
//!
//! A catalog is two append-only logs of STIX object versions ([`Log`]). Each entry has a `date_added`
//! in microseconds that grows strictly along its log and is derived from ledger data alone
//! ([`next_date_added_us`]), so it is cursor, sort key and TAXII `date_added` in one, and the same on
//! every operator.

use crate::{query::VersionMatch, time::MICROS_PER_MILLI};
use std::{collections::BTreeSet, ops::ControlFlow};
use thiserror::Error;

/// The STIX version of everything a catalog holds.
pub const SPEC_VERSION: &str = "2.1";
/// The media type of everything a catalog holds.
pub const STIX_MEDIA_TYPE: &str = "application/stix+json;version=2.1";

/// A failure of the store behind a catalog. The reader sees only that the server failed; the text goes
/// to the log.
#[derive(Debug, Error)]
#[error("the catalog could not be read: {0}")]
pub struct CatalogError(pub String);

/// Traffic Light Protocol 2.0 labels, from the widest audience to the narrowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tlp {
    /// For everybody.
    Clear,
    /// For the league's members.
    Green,
    /// For the recipients and their clients.
    Amber,
    /// For the recipients alone.
    AmberStrict,
    /// For named people.
    Red,
}

/// Who is reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// Anybody: sees TLP:CLEAR.
    Public,
    /// A member of the league: sees TLP:CLEAR and TLP:GREEN. What is narrower is ciphertext on the
    /// ledger and is in no catalog answer.
    Member,
}

impl Audience {
    /// The narrowest label this audience may read.
    #[must_use]
    pub const fn ceiling(self) -> Tlp {
        match self {
            Self::Public => Tlp::Clear,
            Self::Member => Tlp::Green,
        }
    }

    /// Whether this audience may read what carries `label`.
    #[must_use]
    pub fn may_read(self, label: Tlp) -> bool {
        label <= self.ceiling()
    }
}

/// The two logs of a catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Log {
    /// Every accepted object version, in ledger order.
    Objects,
    /// The object versions that alerts rest on, in the order in which an alert first named each. An
    /// entry's `date_added` is the alert's, not the object's: a client that polls with `added_after`
    /// would otherwise miss an alert on an object published earlier.
    Alerts,
}

/// One object version, borrowed from the catalog for the length of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// `date_added` in microseconds since 1970: strictly increasing along the log.
    pub added_us: u64,
    /// The STIX id, `type--uuid`.
    pub id: &'a str,
    /// The version's timestamp exactly as the object writes it: `modified`, else `created`, else the
    /// version time declared at publication.
    pub version: &'a str,
    /// The declared label.
    pub tlp: Tlp,
    /// The publisher withdrew the object on the ledger (in the log of alerts also: every alert on it was
    /// revoked): it is no longer current, its history stays.
    pub revoked: bool,
    /// No earlier version of this id in this log is readable by the scan's audience.
    pub first: bool,
    /// No later version of this id in this log is readable by the scan's audience.
    pub last: bool,
    /// The object's JSON as published: one value, valid UTF-8, passed by
    /// [`crate::stix::inspect`].
    pub content: &'a [u8],
}

impl<'a> Record<'a> {
    /// The STIX type, which is the id up to its last `--`.
    #[must_use]
    pub fn stix_type(&self) -> &'a str {
        self.id
            .rsplit_once("--")
            .map_or(self.id, |(stix_type, _)| stix_type)
    }
}

/// Which types a scan is after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeSet {
    /// Every type.
    Any,
    /// These types.
    In(BTreeSet<String>),
    /// Every type except these.
    NotIn(BTreeSet<String>),
}

impl TypeSet {
    /// Whether the set holds `stix_type`.
    #[must_use]
    pub fn contains(&self, stix_type: &str) -> bool {
        match self {
            Self::Any => true,
            Self::In(types) => types.contains(stix_type),
            Self::NotIn(types) => !types.contains(stix_type),
        }
    }
}

/// What a scan is after. The server checks every visited record against it again ([`Scan::admits`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// The log to read.
    pub log: Log,
    /// Who reads; also decides [`Record::first`] and [`Record::last`].
    pub audience: Audience,
    /// Visit only records whose `added_us` is greater; `None` begins at the first.
    pub after_us: Option<u64>,
    /// Only these ids, if given. Never empty; a catalog should use its index by id.
    pub ids: Option<BTreeSet<String>>,
    /// Only types that are in all of these sets (the collection's and the request's).
    pub types: [TypeSet; 2],
    /// Only these versions.
    pub versions: VersionMatch,
    /// Whether [`Record::content`] is wanted; a catalog may leave it empty otherwise.
    pub content: bool,
    /// Most records to visit; 0 counts as 1.
    pub limit: usize,
    /// Most records to look at, wanted or not; 0 counts as 1.
    pub examine: usize,
}

impl Scan {
    /// Whether the scan asks for this record.
    #[must_use]
    pub fn admits(&self, record: &Record<'_>) -> bool {
        self.audience.may_read(record.tlp)
            && self.after_us.is_none_or(|after| record.added_us > after)
            && self.ids.as_ref().is_none_or(|ids| ids.contains(record.id))
            && self
                .types
                .iter()
                .all(|types| types.contains(record.stix_type()))
            && self.versions.admits(record)
    }
}

/// What a scan calls for each record; it answers whether to go on.
pub type Visitor<'v> = dyn FnMut(&Record<'_>) -> ControlFlow<()> + 'v;

/// A store of object versions, as the TAXII server reads it.
///
/// # Promises an implementation makes
/// 1. Records come in strictly increasing `added_us`.
/// 2. Every record of the log that [`Scan::admits`] is visited, until the visitor breaks or a limit of the
///    scan is reached; no other is.
/// 3. A scan decides by one snapshot what it visits. Records appear in the order of `added_us`: once a scan has seen one,
///    no record with a smaller `added_us` appears later. (Append only after the block is final.)
/// 4. `added_us`, order and contents are functions of the ledger alone: all operators agree.
/// 5. Versions of one id appear in the order of their version times.
/// 6. An id and version appear at most once per log.
///
/// [`Record::first`] and [`Record::last`] are best kept with each record, per audience: appending a version
/// only changes the flags of earlier records of the same id, while looking them up for each record of a
/// page would cost more than the page.
pub trait Catalog: Send + Sync + 'static {
    /// Visits the records of a log in order. Called on a thread that may block; the visitor may be slow, so
    /// nothing that appends may wait for it.
    ///
    /// Gives the [`Scan::after_us`] to go on with if the scan ended at one of its limits, and `None` at the
    /// end of the log or if the visitor broke.
    ///
    /// # Errors
    /// [`CatalogError`] if the store fails; the records visited before count for nothing.
    fn scan(&self, scan: &Scan, visit: &mut Visitor<'_>) -> Result<Option<u64>, CatalogError>;
}

/// The rule for `date_added`: a record gets its block's time, or one microsecond more than the record
/// before it in the log, whichever is later. `previous_us` is the log's last `date_added`.
///
/// The n-th record of a block thus has the block time plus n microseconds, and the order never breaks
/// even if a block brings more records than microseconds passed since the last.
#[must_use]
pub fn next_date_added_us(previous_us: Option<u64>, block_time_ms: u64) -> u64 {
    let block_time_us = block_time_ms.saturating_mul(MICROS_PER_MILLI);
    previous_us.map_or(block_time_us, |previous| {
        block_time_us.max(previous.saturating_add(1))
    })
}

#[cfg(test)]
mod tests;
