//! From a transaction's hash to its place.
//!
//! A B-tree row per transaction costs a page write per transaction once the tree is large, for hashes
//! are random. So the newest transactions live in a sorted set in memory (and, 8 bytes each, in one row per
//! block, from which it is rebuilt at open). When the set is full it is written out by bucket, a bucket
//! being the hashes that share their first [`BUCKET_BITS`] bits: a thousand rows of some dozens of locations
//! each, instead of tens of thousands of rows. A bucket's rows are neighbours in the table, newest last;
//! a lookup searches each of them.
//!
//! Only the first 8 bytes of a hash are stored. The caller checks each candidate against the block.

use crate::{
    IndexError,
    codec::Reader,
    tables::{BUCKETS, FRESH},
};
use alloy_primitives::B256;
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

fn pack(height: u64, index: u32) -> u64 {
    height << INDEX_BITS | u64::from(index)
}

fn unpack(packed: u64) -> Location {
    (
        packed >> INDEX_BITS,
        (packed & ((1 << INDEX_BITS) - 1)) as u32,
    )
}

/// The newest transactions: what is not in [`BUCKETS`] yet.
pub(crate) struct Fresh {
    /// (prefix, packed location).
    set: BTreeSet<(u64, u64)>,
    blocks: usize,
    /// How much of a hash is indexed: all ones, but in tests that provoke collisions.
    mask: u64,
}

impl Fresh {
    pub(crate) fn new(mask: u64) -> Self {
        Self {
            set: BTreeSet::new(),
            blocks: 0,
            mask,
        }
    }

    /// Rebuilds the set from the rows of [`FRESH`].
    pub(crate) fn load(&mut self, database: &Database) -> Result<(), IndexError> {
        let read = database.begin_read()?;
        for row in read.open_table(FRESH)?.iter()? {
            let (height, prefixes) = row?;
            let mut reader = Reader::new("fresh", prefixes.value());
            let mut decoded = Vec::with_capacity(reader.rest.len() / 8);
            while !reader.rest.is_empty() {
                decoded.push(reader.u64()?);
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

    pub(crate) fn insert(&mut self, height: u64, prefixes: &[u64]) {
        self.blocks += usize::from(!prefixes.is_empty());
        let rows = prefixes.iter().zip(0u32..);
        self.set
            .extend(rows.map(|(prefix, index)| (*prefix, pack(height, index))));
    }

    /// Whether `more` transactions of one block would pass the limit.
    pub(crate) fn is_full(&self, more: usize, limit: usize) -> bool {
        !self.set.is_empty() && (self.set.len() + more > limit || self.blocks >= MAX_FRESH_BLOCKS)
    }

    pub(crate) fn clear(&mut self) {
        self.set.clear();
        self.blocks = 0;
    }

    /// Candidates, newest first.
    pub(crate) fn find(&self, prefix: u64) -> Vec<Location> {
        let range = self.set.range((prefix, 0)..=(prefix, u64::MAX));
        range.rev().map(|(_, packed)| unpack(*packed)).collect()
    }

    /// Writes the set to the buckets and empties [`FRESH`]; the set itself is cleared after the commit.
    pub(crate) fn write_out(
        &self,
        write: &WriteTransaction,
        height: u64,
    ) -> Result<(), IndexError> {
        write.delete_table(FRESH)?;
        // Whoever opens the file looks for the table, and the block may have no transactions to put there.
        write.open_table(FRESH)?;
        let mut table = write.open_table(BUCKETS)?;
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

/// Candidates in the buckets, newest row first.
pub(crate) fn find_written(
    table: &impl ReadableTable<u64, &'static [u8]>,
    prefix: u64,
) -> Result<Vec<Location>, IndexError> {
    let bucket = prefix >> (u64::BITS - BUCKET_BITS);
    let first = bucket << HEIGHT_BITS;
    let mut found = Vec::new();
    for row in table.range(first..=first | MAX_HEIGHT)?.rev() {
        let (_, row) = row?;
        search(row.value(), prefix, &mut found);
    }
    Ok(found)
}

fn search(row: &[u8], prefix: u64, found: &mut Vec<Location>) {
    let rows = row.len() / ROW_BYTES;
    let field = |index: usize, offset: usize| {
        let start = index * ROW_BYTES + offset;
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&row[start..start + 8]);
        u64::from_be_bytes(bytes)
    };
    let (mut low, mut high) = (0, rows);
    while low < high {
        let middle = low.midpoint(high);
        if field(middle, 0) < prefix {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let start = found.len();
    while low < rows && field(low, 0) == prefix {
        found.push(unpack(field(low, 8)));
        low += 1;
    }
    found[start..].reverse();
}
