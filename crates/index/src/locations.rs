//! From 8 bytes to places: of transactions by the beginning of their hashes, and by addresses that they involve.
//!
//! A B-tree row per transaction costs a page write per transaction once the tree is large, for hashes
//! are random. So the newest places live in a sorted set in memory (and, 12 bytes each, in one row per
//! block, from which it is rebuilt at open). When the set is full it is written out by bucket, a bucket
//! being what shares its first [`BUCKET_BITS`] bits: a thousand rows of some dozens of locations
//! each, instead of tens of thousands of rows. A bucket's rows are neighbours in the table, newest last;
//! a lookup searches each of them.
//!
//! Only 8 bytes are stored, of a transaction's hash or of an address's. The caller checks each candidate against the block.

use crate::{
    IndexError,
    codec::Reader,
    tables::{ADDRESS_BUCKETS, BUCKETS, Blobs, FRESH, FRESH_ADDRESSES},
};
use alloy_primitives::{Address, B256, keccak256};
use redb::{Database, ReadableDatabase, ReadableTable, WriteTransaction};
use std::collections::BTreeSet;

const BUCKET_BITS: u32 = 10;
const HEIGHT_BITS: u32 = 40;
const INDEX_BITS: u32 = 24;
const ROW_BYTES: usize = 16;
/// Heights stay below this.
pub(crate) const MAX_HEIGHT: u64 = (1 << HEIGHT_BITS) - 1;
/// Places in a block stay below this.
pub(crate) const MAX_INDEX: usize = (1 << INDEX_BITS) - 1;
/// Blocks whose transactions are in memory, at most: bounds the rows read at open.
pub(crate) const MAX_FRESH_BLOCKS: usize = 16_384;

/// Height and place in the block.
pub(crate) type Location = (u64, u32);
/// 8 bytes, and a place in the block.
pub(crate) type Entry = (u64, u32);

fn pack((height, index): Location) -> u64 {
    height << INDEX_BITS | u64::from(index)
}

fn unpack(packed: u64) -> Location {
    (
        packed >> INDEX_BITS,
        (packed & ((1 << INDEX_BITS) - 1)) as u32,
    )
}

/// Where the places of one kind lie in the file.
pub(crate) struct Tables {
    /// Height to the entries of its block, until they are written out.
    fresh: Blobs,
    /// `bucket << 40 | height` to sorted entries of that bucket, of blocks below that height.
    pub(crate) written: Blobs,
}

/// Transactions by their hashes.
pub(crate) const TRANSACTIONS: Tables = Tables {
    fresh: FRESH,
    written: BUCKETS,
};
/// Transactions by the addresses that they involve.
pub(crate) const ADDRESSES: Tables = Tables {
    fresh: FRESH_ADDRESSES,
    written: ADDRESS_BUCKETS,
};

/// The newest places of one kind: what is not written out yet.
pub(crate) struct Fresh {
    tables: &'static Tables,
    /// (prefix, packed location).
    set: BTreeSet<(u64, u64)>,
    blocks: usize,
    /// How much of a hash is indexed: all ones, but in tests that provoke collisions.
    mask: u64,
}

impl Fresh {
    pub(crate) fn new(tables: &'static Tables, mask: u64) -> Self {
        Self {
            tables,
            set: BTreeSet::new(),
            blocks: 0,
            mask,
        }
    }

    /// Rebuilds the set from the rows of its blocks.
    pub(crate) fn load(&mut self, database: &Database) -> Result<(), IndexError> {
        let read = database.begin_read()?;
        for row in read.open_table(self.tables.fresh)?.iter()? {
            let (height, entries) = row?;
            let mut reader = Reader::new("fresh", entries.value());
            let mut decoded = Vec::with_capacity(reader.rest.len() / 12);
            while !reader.rest.is_empty() {
                decoded.push((reader.u64()?, reader.u32()?));
            }
            self.insert(height.value(), &decoded);
        }
        Ok(())
    }

    pub(crate) fn prefix(&self, hash: &B256) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&hash[..8]);
        u64::from_be_bytes(bytes) & self.mask
    }

    /// Of an address: modules and precompiles share their first bytes, so it is hashed.
    pub(crate) fn prefix_of(&self, address: Address) -> u64 {
        self.prefix(&keccak256(address))
    }

    fn insert(&mut self, height: u64, entries: &[Entry]) {
        self.blocks += usize::from(!entries.is_empty());
        let rows = entries.iter();
        self.set
            .extend(rows.map(|(prefix, index)| (*prefix, pack((height, *index)))));
    }

    /// Whether `more` entries of one block would pass the limit.
    fn is_full(&self, more: usize, limit: usize) -> bool {
        !self.set.is_empty() && (self.set.len() + more > limit || self.blocks >= MAX_FRESH_BLOCKS)
    }

    /// Writes the entries of a block, and before them the set itself if it would hold more than `limit` with them. Tells which; once this
    /// is committed, it is for [`Fresh::apply`].
    pub(crate) fn write(
        &self,
        write: &WriteTransaction,
        height: u64,
        entries: &[Entry],
        limit: usize,
    ) -> Result<bool, IndexError> {
        let full = self.is_full(entries.len(), limit);
        if full {
            self.write_out(write, height)?;
        }
        if !entries.is_empty() {
            let mut row = Vec::with_capacity(entries.len() * 12);
            for (prefix, index) in entries {
                row.extend_from_slice(&prefix.to_le_bytes());
                row.extend_from_slice(&index.to_le_bytes());
            }
            let mut table = write.open_table(self.tables.fresh)?;
            table.insert(height, row.as_slice())?;
        }
        Ok(full)
    }

    /// Follows what was written.
    pub(crate) fn apply(&mut self, height: u64, entries: &[Entry], full: bool) {
        if full {
            self.set.clear();
            self.blocks = 0;
        }
        self.insert(height, entries);
    }

    /// Candidates, newest first.
    pub(crate) fn find(&self, prefix: u64) -> Vec<Location> {
        let range = self.set.range((prefix, 0)..=(prefix, u64::MAX));
        range.rev().map(|(_, packed)| unpack(*packed)).collect()
    }

    /// At most `most` candidates below a place, newest first.
    pub(crate) fn find_below(&self, prefix: u64, below: Location, most: usize) -> Vec<Location> {
        let range = self.set.range((prefix, 0)..(prefix, pack(below)));
        let candidates = range.rev().map(|(_, packed)| unpack(*packed));
        candidates.take(most).collect()
    }

    /// Writes the set to the buckets and empties the rows of its blocks; the set itself is cleared after the commit.
    fn write_out(&self, write: &WriteTransaction, height: u64) -> Result<(), IndexError> {
        write.delete_table(self.tables.fresh)?;
        // Whoever opens the file looks for the table, and the block may have no transactions to put there.
        write.open_table(self.tables.fresh)?;
        let mut table = write.open_table(self.tables.written)?;
        let mut row = Vec::new();
        let mut bucket = 0;
        for (prefix, packed) in &self.set {
            let next = prefix >> (u64::BITS - BUCKET_BITS);
            if next != bucket && !row.is_empty() {
                table.insert(bucket << HEIGHT_BITS | height, row.as_slice())?;
                row.clear();
            }
            bucket = next;
            row.extend_from_slice(&prefix.to_be_bytes());
            row.extend_from_slice(&packed.to_be_bytes());
        }
        if !row.is_empty() {
            table.insert(bucket << HEIGHT_BITS | height, row.as_slice())?;
        }
        Ok(())
    }
}

/// The keys of a bucket's rows.
fn keys(prefix: u64) -> (u64, u64) {
    let first = (prefix >> (u64::BITS - BUCKET_BITS)) << HEIGHT_BITS;
    (first, first | MAX_HEIGHT)
}

/// Candidates in the buckets, newest row first.
pub(crate) fn find_written(
    table: &impl ReadableTable<u64, &'static [u8]>,
    prefix: u64,
) -> Result<Vec<Location>, IndexError> {
    let (first, last) = keys(prefix);
    let mut found = Vec::new();
    for row in table.range(first..=last)?.rev() {
        let (_, row) = row?;
        let row = Row(row.value());
        let (start, end) = (row.seek(prefix, 0), row.seek_after(prefix));
        found.extend((start..end).rev().map(|at| unpack(row.field(at, 8))));
    }
    Ok(found)
}

/// At most `most` candidates in the buckets below a place, newest first. `stop` is asked at each row; once it says yes, nothing is returned.
pub(crate) fn find_written_below(
    table: &impl ReadableTable<u64, &'static [u8]>,
    prefix: u64,
    below: Location,
    most: usize,
    stop: &impl Fn() -> bool,
) -> Result<Option<Vec<Location>>, IndexError> {
    let (first, last) = keys(prefix);
    // A row has what lies below its height and not below that of the row before: later ones have nothing for us.
    let from = (first | below.0.min(MAX_HEIGHT - 1)) + 1;
    let top = match table.range(from..=last)?.next() {
        Some(row) => row?.0.value(),
        None => last,
    };
    let mut found = Vec::new();
    for row in table.range(first..=top)?.rev() {
        if stop() {
            return Ok(None);
        }
        let (_, row) = row?;
        let row = Row(row.value());
        let (start, end) = (row.seek(prefix, 0), row.seek(prefix, pack(below)));
        let room = most - found.len();
        found.extend(
            (start..end)
                .rev()
                .take(room)
                .map(|at| unpack(row.field(at, 8))),
        );
        if found.len() == most {
            break;
        }
    }
    Ok(Some(found))
}

/// Sorted entries: 8 bytes and a packed location each.
struct Row<'a>(&'a [u8]);

impl Row<'_> {
    fn field(&self, index: usize, offset: usize) -> u64 {
        let start = index * ROW_BYTES + offset;
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.0[start..start + 8]);
        u64::from_be_bytes(bytes)
    }

    /// The first entry that is not less than this one.
    fn seek(&self, prefix: u64, packed: u64) -> usize {
        let (mut low, mut high) = (0, self.0.len() / ROW_BYTES);
        while low < high {
            let middle = low.midpoint(high);
            if (self.field(middle, 0), self.field(middle, 8)) < (prefix, packed) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The first entry after those of a prefix.
    fn seek_after(&self, prefix: u64) -> usize {
        match prefix.checked_add(1) {
            Some(next) => self.seek(next, 0),
            None => self.0.len() / ROW_BYTES,
        }
    }
}
