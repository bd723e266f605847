//! Reading objects.

use super::{
    record::{ObjectLog, ObjectRecord, Sightings},
    shelf::{AUDIENCES, Entry, readable},
};
use crate::{
    Index, IndexError,
    tables::{CONTENTS, SIGHTINGS},
};
use alloy_primitives::{B256, keccak256};
use bytes::Bytes;
use redb::ReadableDatabase;
use std::{ops::ControlFlow, sync::Arc};

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
}

/// A record as a scan shows it.
#[derive(Clone, Copy)]
pub struct ObjectView<'a> {
    index: &'a Index,
    entry: &'a Entry,
    revoked: bool,
    first: bool,
    last: bool,
}

impl<'a> ObjectView<'a> {
    /// The record.
    pub fn record(&self) -> &'a Arc<ObjectRecord> {
        &self.entry.record
    }

    /// When it was added to the scanned log, microseconds since the Unix epoch.
    pub const fn added_us(&self) -> u64 {
        self.entry.added_us
    }

    /// The publisher withdrew the object; in the log of alerts also, every alert on it was revoked.
    pub const fn revoked(&self) -> bool {
        self.revoked
    }

    /// The reader can see no earlier version of it in this log.
    pub const fn first(&self) -> bool {
        self.first
    }

    /// The reader can see no later version of it in this log.
    pub const fn last(&self) -> bool {
        self.last
    }

    /// The content, shared with the cache.
    ///
    /// # Errors
    /// The database failed.
    pub fn content(&self) -> Result<Bytes, IndexError> {
        self.index.content_of(self.entry.record.position)
    }
}

impl Index {
    /// Visits the served records of a log in order until `visit` breaks: those without a flaw whose label the
    /// reader may see. The scan sees one state of the log, and holds up the feed while it runs: visit
    /// quickly.
    pub fn scan_objects(
        &self,
        scan: &ObjectScan<'_>,
        mut visit: impl FnMut(ObjectView<'_>) -> ControlFlow<()>,
    ) {
        let shelf = self.inner.shelf.read();
        let log = shelf.log(scan.log);
        let audience = usize::from(scan.max_tlp).min(AUDIENCES - 1);
        let after = |entry: &Entry| scan.after_us.is_none_or(|after| entry.added_us > after);
        let mut show = |place: usize| {
            let entry = &log.entries[place];
            if !readable(&entry.record, audience) {
                return ControlFlow::Continue(());
            }
            let (first, last) = log.ends(place, audience);
            visit(ObjectView {
                index: self,
                entry,
                revoked: shelf.is_revoked(scan.log, &entry.record.object_id),
                first,
                last,
            })
        };
        if let Some(ids) = &scan.ids {
            let mut places: Vec<usize> = ids
                .iter()
                .flat_map(|id| log.places(&keccak256(id)))
                .copied()
                .collect();
            places.sort_unstable();
            places.dedup();
            for place in places {
                if after(&log.entries[place]) && show(place).is_break() {
                    return;
                }
            }
            return;
        }
        let start = log.entries.partition_point(|entry| !after(entry));
        for place in start..log.entries.len() {
            if show(place).is_break() {
                return;
            }
        }
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

    /// The content at a position in the log of objects, flawed or not; `None` past the end.
    ///
    /// # Errors
    /// The database failed.
    pub fn object_content(&self, position: u64) -> Result<Option<Bytes>, IndexError> {
        match position < self.object_count() {
            true => self.content_of(position).map(Some),
            false => Ok(None),
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

    fn content_of(&self, position: u64) -> Result<Bytes, IndexError> {
        if let Some(content) = self.inner.contents.get(position) {
            return Ok(content);
        }
        let read = self.inner.database.begin_read()?;
        let row = read.open_table(CONTENTS)?.get(position)?;
        let row = row.ok_or_else(|| {
            IndexError::damaged(format!("contents, position {position}"), "row is missing")
        })?;
        let content = Bytes::copy_from_slice(row.value());
        let bytes = content.len();
        self.inner.contents.insert(position, content.clone(), bytes);
        Ok(content)
    }
}
