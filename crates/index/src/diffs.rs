//! What the newest blocks changed in the state, so that states before them can be read.
//!
//! A diff holds a key's value *before* its block. The value of a key after block `n` is therefore the
//! pre-image in the lowest block above `n` that changed the key, and if none did, the current value.
//!
//! Diffs are kept for an unbroken run of blocks that ends in the head: a block without a diff, or a gap,
//! ends the run, for a change could hide in it.
//!
//! Blob: `count u32`, `count` rows sorted by key (key 32 bytes, end of its value `u32` little-endian, with
//! bit 31 set where there was no value), values.

use crate::{Index, IndexError, tables::DIFFS};
use redb::{Database, ReadableDatabase, ReadableTable};
use std::{collections::VecDeque, sync::Arc};

/// For each key that a block changed, the value before; `None` where there was none. Any order; of
/// repeated keys the first counts.
pub type StateDiff = Vec<([u8; 32], Option<Vec<u8>>)>;

const ROW_BYTES: usize = 36;
const ABSENT: u32 = 1 << 31;

fn prefix(key: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&key[..8]);
    u64::from_be_bytes(bytes)
}

/// A diff as it is stored.
pub(crate) struct EncodedDiff {
    number: u64,
    prefixes: Box<[u64]>,
    blob: Arc<[u8]>,
}

impl EncodedDiff {
    pub(crate) fn new(number: u64, diff: &StateDiff) -> Self {
        let mut rows: Vec<_> = diff.iter().collect();
        rows.sort_by_key(|(key, _)| key);
        rows.dedup_by_key(|(key, _)| key);
        let values: usize = rows
            .iter()
            .filter_map(|(_, v)| v.as_ref())
            .map(Vec::len)
            .sum();
        let mut blob = Vec::with_capacity(4 + rows.len() * ROW_BYTES + values);
        blob.extend_from_slice(&(rows.len() as u32).to_le_bytes());
        let mut end = 0u32;
        for (key, value) in &rows {
            blob.extend_from_slice(key);
            let tagged = match value {
                Some(value) => {
                    end += value.len() as u32;
                    end
                }
                None => end | ABSENT,
            };
            blob.extend_from_slice(&tagged.to_le_bytes());
        }
        for value in rows.iter().filter_map(|(_, value)| value.as_ref()) {
            blob.extend_from_slice(value);
        }
        Self {
            number,
            prefixes: rows.iter().map(|(key, _)| prefix(key)).collect(),
            blob: blob.into(),
        }
    }

    fn decode(number: u64, blob: &[u8]) -> Result<Self, IndexError> {
        let rows = rows(blob).ok_or_else(|| damaged(number))?;
        Ok(Self {
            number,
            prefixes: rows.chunks_exact(ROW_BYTES).map(prefix).collect(),
            blob: blob.into(),
        })
    }

    pub(crate) fn blob(&self) -> &[u8] {
        &self.blob
    }
}

fn damaged(number: u64) -> IndexError {
    IndexError::damaged(format!("diffs, block {number}"), "row ends early")
}

fn rows(blob: &[u8]) -> Option<&[u8]> {
    let count = blob.first_chunk::<4>().copied().map(u32::from_le_bytes)?;
    blob.get(4..4 + count as usize * ROW_BYTES)
}

/// The value of `key` in a blob: not there, absent, or bytes.
#[allow(clippy::option_option)]
fn find(blob: &[u8], key: &[u8; 32]) -> Option<Option<Option<Vec<u8>>>> {
    let rows = rows(blob)?;
    let row = |index: usize| &rows[index * ROW_BYTES..(index + 1) * ROW_BYTES];
    let count = rows.len() / ROW_BYTES;
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low.midpoint(high);
        if row(middle)[..32] < key[..] {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if low == count || row(low)[..32] != key[..] {
        return Some(None);
    }
    let tagged = |index: usize| {
        row(index)[32..]
            .first_chunk::<4>()
            .map(|end| u32::from_le_bytes(*end))
    };
    let end = tagged(low)?;
    if end & ABSENT != 0 {
        return Some(Some(None));
    }
    let start = match low {
        0 => 0,
        _ => tagged(low - 1)? & !ABSENT,
    };
    let base = 4 + rows.len();
    let value = blob.get(base + start as usize..base + end as usize)?;
    Some(Some(Some(value.to_vec())))
}

/// One block's diff in memory.
struct BlockDiff {
    number: u64,
    prefixes: Box<[u64]>,
    /// Kept for the newest blocks.
    blob: Option<Arc<[u8]>>,
}

/// The run of diffs that ends in the head.
pub(crate) struct DiffIndex {
    blocks: VecDeque<BlockDiff>,
    /// Bytes of blobs in memory.
    bytes: usize,
    limit: usize,
}

/// Where a pre-image may be.
struct Candidate {
    number: u64,
    blob: Option<Arc<[u8]>>,
}

impl DiffIndex {
    pub(crate) fn load(database: &Database, limit: usize) -> Result<Self, IndexError> {
        let mut index = Self {
            blocks: VecDeque::new(),
            bytes: 0,
            limit,
        };
        let read = database.begin_read()?;
        for row in read.open_table(DIFFS)?.iter()? {
            let (number, blob) = row?;
            let diff = EncodedDiff::decode(number.value(), blob.value())?;
            index.push(number.value(), Some(diff), u64::MAX);
        }
        Ok(index)
    }

    /// Heights whose rows go when block `number` comes, with or without a diff.
    pub(crate) fn outdated(&self, number: u64, has_diff: bool, keep: u64) -> Vec<u64> {
        let follows = self
            .blocks
            .back()
            .is_some_and(|last| last.number + 1 == number);
        let numbers = self.blocks.iter().map(|block| block.number);
        if has_diff && follows {
            numbers
                .take_while(|old| old.saturating_add(keep) <= number)
                .collect()
        } else {
            numbers.collect()
        }
    }

    /// Takes in a block's diff after its rows are committed.
    pub(crate) fn push(&mut self, number: u64, diff: Option<EncodedDiff>, keep: u64) {
        let outdated = self.outdated(number, diff.is_some(), keep).len();
        for old in self.blocks.drain(..outdated) {
            self.bytes -= old.blob.map_or(0, |blob| blob.len());
        }
        let Some(diff) = diff else {
            return;
        };
        self.bytes += diff.blob.len();
        self.blocks.push_back(BlockDiff {
            number: diff.number,
            prefixes: diff.prefixes,
            blob: Some(diff.blob),
        });
        for block in &mut self.blocks {
            if self.bytes <= self.limit {
                break;
            }
            self.bytes -= block.blob.take().map_or(0, |blob| blob.len());
        }
    }

    /// The blocks above `after` that may have changed a key, lowest first, beginning with the one at `skip`.
    fn candidates(&self, key: &[u8; 32], after: u64) -> Vec<Candidate> {
        let prefix = prefix(key);
        let start = self.blocks.partition_point(|block| block.number <= after);
        let blocks = self.blocks.range(start..);
        // One prefix match is nearly always the key itself: two are enough before looking again.
        blocks
            .filter(|block| block.prefixes.binary_search(&prefix).is_ok())
            .take(2)
            .map(|block| Candidate {
                number: block.number,
                blob: block.blob.clone(),
            })
            .collect()
    }

    fn floor(&self) -> Option<u64> {
        self.blocks
            .front()
            .map(|first| first.number.saturating_sub(1))
    }
}

impl Index {
    /// The oldest height whose state can be read: diffs are here for all blocks above it. `None` if there
    /// are no diffs: then only the head's state can be read.
    pub fn oldest_state(&self) -> Option<u64> {
        self.inner.live.read().diffs.floor()
    }

    /// The value of `key` before the lowest block above `after` that changed it: its value after block
    /// `after`. The outer `None` says that no kept block changed it, so that the current value is the
    /// value; it says nothing if `after` is below [`Index::oldest_state`].
    ///
    /// # Errors
    /// The database failed or its row is damaged.
    #[allow(clippy::option_option)]
    pub fn previous(
        &self,
        key: &[u8; 32],
        after: u64,
    ) -> Result<Option<Option<Vec<u8>>>, IndexError> {
        let mut after = after;
        loop {
            let candidates = self.inner.live.read().diffs.candidates(key, after);
            let more = candidates.len() > 1;
            for candidate in candidates {
                let number = candidate.number;
                if let Some(value) = self.look_into(&candidate, key)? {
                    return Ok(Some(value));
                }
                after = number;
            }
            if !more {
                return Ok(None);
            }
        }
    }

    #[allow(clippy::option_option)]
    fn look_into(
        &self,
        candidate: &Candidate,
        key: &[u8; 32],
    ) -> Result<Option<Option<Vec<u8>>>, IndexError> {
        let number = candidate.number;
        if let Some(blob) = &candidate.blob {
            return find(blob, key).ok_or_else(|| damaged(number));
        }
        let read = self.inner.database.begin_read()?;
        // A row that left since the candidates were found is one that the caller may not ask for any more.
        match read.open_table(DIFFS)?.get(number)? {
            Some(row) => find(row.value(), key).ok_or_else(|| damaged(number)),
            None => Ok(None),
        }
    }
}
