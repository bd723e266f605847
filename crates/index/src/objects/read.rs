//! Reading objects.

use super::{
    record::{ObjectLog, ObjectRecord, Sightings},
    shelf::{AUDIENCES, Entry, Shelf, readable},
};
use crate::{
    Index, IndexError,
    tables::{CONTENTS, SIGHTINGS},
};
use alloy_primitives::{B256, keccak256};
use bytes::Bytes;
use redb::{Range, ReadOnlyTable, ReadableDatabase};
use std::sync::Arc;

/// What a scan is after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectScan<'a> {
    /// The log to read.
    pub log: ObjectLog,
    /// The narrowest label the reader may see: 0 TLP:CLEAR, 1 TLP:GREEN (more counts as 1).
    pub max_tlp: u8,
    /// Only records added later than this, microseconds since the Unix epoch.
    pub after_us: Option<u64>,
    /// Only these STIX ids.
    pub ids: Option<Vec<&'a str>>,
    /// Most records to find; at least 1 is found if there is one.
    pub limit: usize,
    /// Most records to look at, at least 1.
    pub examine: usize,
}

/// A record as a scan shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectView {
    /// The record.
    pub record: Arc<ObjectRecord>,
    /// When it was added to the scanned log, microseconds since the Unix epoch.
    pub added_us: u64,
    /// The publisher withdrew the object; in the log of alerts also, every alert on it was revoked.
    pub revoked: bool,
    /// The reader can see no earlier version of it in this log.
    pub first: bool,
    /// The reader can see no later version of it in this log.
    pub last: bool,
}

/// What a scan found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectPage {
    /// The wanted records, in the order of the log.
    pub found: Vec<ObjectView>,
    /// Where the next scan begins (its `after_us`) if this one ended at one of its limits; `None` at the
    /// end of the log.
    pub next_us: Option<u64>,
}

impl Index {
    /// The served records of a log that `wanted` admits, in order: those without a flaw whose label the reader
    /// may see. A scan sees one state of the log and holds up the feed while it runs, so `wanted` has to
    /// be quick and must not call the index; contents are read afterwards, by
    /// [`Index::object_content`].
    pub fn scan_objects(
        &self,
        scan: &ObjectScan<'_>,
        wanted: impl FnMut(&ObjectView) -> bool,
    ) -> ObjectPage {
        let shelf = self.inner.shelf.read();
        let log = shelf.log(scan.log);
        let after = |entry: &Entry| scan.after_us.is_none_or(|after| entry.added_us > after);
        let Some(ids) = &scan.ids else {
            let start = log.entries.partition_point(|entry| !after(entry));
            return collect(&shelf, scan, start..log.entries.len(), wanted);
        };
        let mut places: Vec<usize> = ids
            .iter()
            .flat_map(|id| log.places(&keccak256(id)))
            .copied()
            .filter(|place| after(&log.entries[*place]))
            .collect();
        places.sort_unstable();
        places.dedup();
        collect(&shelf, scan, places.into_iter(), wanted)
    }

    /// All versions of an object, oldest first, flawed ones included; with whether it is revoked.
    pub fn object_versions(&self, object_id: &B256) -> (Vec<Arc<ObjectRecord>>, bool) {
        let shelf = self.inner.shelf.read();
        let places = shelf.objects.places(object_id).iter();
        let records = places.map(|place| shelf.objects.entries[*place].record.clone());
        (
            records.collect(),
            shelf.is_revoked(ObjectLog::Objects, object_id),
        )
    }

    /// The record at a position in the log of objects, flawed or not.
    pub fn object_at(&self, position: u64) -> Option<Arc<ObjectRecord>> {
        let shelf = self.inner.shelf.read();
        let entry = shelf.objects.entries.get(usize::try_from(position).ok()?)?;
        Some(entry.record.clone())
    }

    /// How many versions were ever published.
    pub fn object_count(&self) -> u64 {
        self.inner.shelf.read().objects.entries.len() as u64
    }

    /// The content at a position in the log of objects, flawed or not; `None` past the end. For many, see
    /// [`Index::object_contents`].
    ///
    /// # Errors
    /// The database failed.
    pub fn object_content(&self, position: u64) -> Result<Option<Bytes>, IndexError> {
        self.object_contents().get(position)
    }

    /// Reads contents, as of the first that is read.
    pub const fn object_contents(&self) -> ObjectContents<'_> {
        ObjectContents {
            index: self,
            table: None,
            rows: None,
            next: 0,
        }
    }

    /// What was seen of an object.
    ///
    /// # Errors
    /// The database failed.
    pub fn sightings(&self, object_id: &B256) -> Result<Sightings, IndexError> {
        let read = self.inner.database.begin_read()?;
        let row = read.open_table(SIGHTINGS)?.get(object_id.0)?;
        Ok(row.map_or_else(Sightings::default, |row| Sightings::from_row(row.value())))
    }
}

/// A reader of contents. To find a row costs more than to read it: so the table stays open, and who reads on in the
/// order of the log walks along the rows.
pub struct ObjectContents<'a> {
    index: &'a Index,
    table: Option<ReadOnlyTable<u64, &'static [u8]>>,
    /// Rows from position `next` on. There is one for every position.
    rows: Option<Range<'static, u64, &'static [u8]>>,
    next: u64,
}

/// So many rows are passed over sooner than the next one is looked for.
const MOST_PASSED: u64 = 8;

impl ObjectContents<'_> {
    /// The content at a position in the log of objects, flawed or not; `None` past the end.
    ///
    /// # Errors
    /// The database failed.
    pub fn get(&mut self, position: u64) -> Result<Option<Bytes>, IndexError> {
        let near = position.checked_sub(self.next);
        let passed = near.filter(|passed| *passed <= MOST_PASSED);
        let (mut rows, passed) = match (self.rows.take(), passed) {
            (Some(rows), Some(passed)) => (rows, passed),
            _ => (self.table()?.range(position..)?, 0),
        };
        for _ in 0..passed {
            rows.next().transpose()?;
        }
        let row = rows.next().transpose()?;
        let Some((found, content)) = row else {
            return Ok(None);
        };
        if found.value() != position {
            let place = format!("contents, position {position}");
            return Err(IndexError::damaged(place, "row is missing"));
        }
        self.rows = Some(rows);
        self.next = position + 1;
        Ok(Some(Bytes::copy_from_slice(content.value())))
    }

    fn table(&mut self) -> Result<&ReadOnlyTable<u64, &'static [u8]>, IndexError> {
        let table = match self.table.take() {
            Some(table) => table,
            None => self
                .index
                .inner
                .database
                .begin_read()?
                .open_table(CONTENTS)?,
        };
        Ok(self.table.insert(table))
    }
}

/// Walks places of a log until a limit of the scan is reached.
fn collect(
    shelf: &Shelf,
    scan: &ObjectScan<'_>,
    places: impl Iterator<Item = usize>,
    mut wanted: impl FnMut(&ObjectView) -> bool,
) -> ObjectPage {
    let log = shelf.log(scan.log);
    let audience = usize::from(scan.max_tlp).min(AUDIENCES - 1);
    let mut page = ObjectPage::default();
    let mut settled_us = None;
    for (examined, place) in places.enumerate() {
        if examined == scan.examine.max(1) {
            page.next_us = settled_us;
            break;
        }
        let entry = &log.entries[place];
        if readable(&entry.record, audience) {
            let (first, last) = log.ends(place, audience);
            let view = ObjectView {
                record: entry.record.clone(),
                added_us: entry.added_us,
                revoked: shelf.is_revoked(scan.log, &entry.record.object_id),
                first,
                last,
            };
            if wanted(&view) {
                if page.found.len() == scan.limit.max(1) {
                    page.next_us = settled_us;
                    break;
                }
                page.found.push(view);
            }
        }
        settled_us = Some(entry.added_us);
    }
    page
}
