//! The tables of the file. A change of a name, a type, a blob's shape, or of what may be served raises [`FORMAT`].

use redb::TableDefinition;

/// Version of everything in this module, in [`crate::codec`], and of what decides which objects are served.
pub(crate) const FORMAT: u64 = 4;

/// A table from heights, positions or packed keys to blobs.
pub(crate) type Blobs = TableDefinition<'static, u64, &'static [u8]>;

/// `format` (u64 big-endian) and `genesis` (32 bytes).
pub(crate) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
/// Height to block hash and encoded header.
pub(crate) const HEADERS: Blobs = TableDefinition::new("headers");
/// Height to transactions and senders.
pub(crate) const BODIES: Blobs = TableDefinition::new("bodies");
/// Height to receipts.
pub(crate) const RECEIPTS: Blobs = TableDefinition::new("receipts");
/// Height to logs bloom, for blocks with logs only.
pub(crate) const BLOOMS: TableDefinition<'_, u64, [u8; 256]> = TableDefinition::new("blooms");
/// Block hash to height.
pub(crate) const HASHES: TableDefinition<'_, [u8; 32], u64> = TableDefinition::new("hashes");
/// Height to the hash prefixes of its transactions with their places, until they go to [`BUCKETS`].
pub(crate) const FRESH: Blobs = TableDefinition::new("fresh");
/// `bucket << 40 | height` to sorted transaction locations of that bucket.
pub(crate) const BUCKETS: Blobs = TableDefinition::new("buckets");
/// As [`FRESH`], of the addresses that the transactions involve.
pub(crate) const FRESH_ADDRESSES: Blobs = TableDefinition::new("fresh_addresses");
/// As [`BUCKETS`], of those.
pub(crate) const ADDRESS_BUCKETS: Blobs = TableDefinition::new("address_buckets");
/// All tables of blobs.
pub(crate) const ALL_BLOBS: [Blobs; 10] = [
    HEADERS,
    BODIES,
    RECEIPTS,
    FRESH,
    BUCKETS,
    FRESH_ADDRESSES,
    ADDRESS_BUCKETS,
    DIFFS,
    OBJECTS,
    CONTENTS,
];
/// Height to state diff.
pub(crate) const DIFFS: Blobs = TableDefinition::new("diffs");
/// Position to object record.
pub(crate) const OBJECTS: Blobs = TableDefinition::new("objects");
/// Position to object content.
pub(crate) const CONTENTS: Blobs = TableDefinition::new("contents");
/// Place in the log of alerts to (position in the log of objects, `added_us`).
pub(crate) const ALERTS: TableDefinition<'_, u64, (u64, u64)> = TableDefinition::new("alerts");
/// Id of an alert that was not revoked to the object it rests on.
pub(crate) const LIVE_ALERTS: TableDefinition<'_, [u8; 32], [u8; 32]> =
    TableDefinition::new("live_alerts");
/// Object id to the height of its revocation.
pub(crate) const REVOKED: TableDefinition<'_, [u8; 32], u64> = TableDefinition::new("revoked");
/// Object id to reports, count, first seen, last seen.
pub(crate) const SIGHTINGS: TableDefinition<'_, [u8; 32], (u64, u64, u64, u64)> =
    TableDefinition::new("sightings");
