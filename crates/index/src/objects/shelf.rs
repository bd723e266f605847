//! The records in memory.

use super::record::{MAX_SERVED_TLP, ObjectLog, ObjectRecord};
use crate::{
    IndexError,
    tables::{ALERTS, OBJECTS, REVOKED},
};
use alloy_primitives::B256;
use redb::{Database, ReadableDatabase, ReadableTable};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// Audiences by the narrowest label they read: 0 TLP:CLEAR, 1 TLP:GREEN.
pub(super) const AUDIENCES: usize = MAX_SERVED_TLP as usize + 1;

/// A record in one of the logs.
pub(super) struct Entry {
    pub(super) record: Arc<ObjectRecord>,
    pub(super) added_us: u64,
    /// By audience: an earlier version of the id is readable in this log.
    pub(super) earlier: [bool; AUDIENCES],
    /// By audience: a later one is.
    pub(super) later: [bool; AUDIENCES],
}

/// One of the logs.
#[derive(Default)]
pub(super) struct Log {
    pub(super) entries: Vec<Entry>,
    pub(super) by_id: HashMap<B256, Vec<usize>>,
}

impl Log {
    fn push(&mut self, record: Arc<ObjectRecord>, added_us: u64) {
        let versions = self.by_id.entry(record.object_id).or_default();
        let mut earlier = [false; AUDIENCES];
        for place in versions.iter() {
            let before = &mut self.entries[*place];
            let flags = earlier.iter_mut().zip(&mut before.later);
            for (audience, (earlier, later)) in flags.enumerate() {
                *earlier |= readable(&before.record, audience);
                *later |= readable(&record, audience);
            }
        }
        versions.push(self.entries.len());
        self.entries.push(Entry {
            record,
            added_us,
            earlier,
            later: [false; AUDIENCES],
        });
    }

    pub(super) fn last_added_us(&self) -> Option<u64> {
        self.entries.last().map(|entry| entry.added_us)
    }
}

pub(super) fn readable(record: &ObjectRecord, audience: usize) -> bool {
    record.flaw.is_none() && usize::from(record.tlp) <= audience
}

/// Everything about objects but their contents.
#[derive(Default)]
pub(crate) struct Shelf {
    pub(super) objects: Log,
    pub(super) alerts: Log,
    pub(super) revoked: HashSet<B256>,
}

impl Shelf {
    pub(crate) fn load(database: &Database) -> Result<Self, IndexError> {
        let mut shelf = Self::default();
        let read = database.begin_read()?;
        for row in read.open_table(OBJECTS)?.iter()? {
            let (position, row) = row?;
            shelf.push_object(ObjectRecord::decode(position.value(), row.value())?);
        }
        for row in read.open_table(ALERTS)?.iter()? {
            let (position, added_us) = row?.1.value();
            if shelf.objects.entries.len() as u64 <= position {
                return Err(IndexError::damaged("alerts", "names an unknown object"));
            }
            shelf.push_alert(position, added_us);
        }
        for row in read.open_table(REVOKED)?.iter()? {
            shelf.revoked.insert(B256::new(row?.0.value()));
        }
        Ok(shelf)
    }

    pub(super) fn log(&self, log: ObjectLog) -> &Log {
        match log {
            ObjectLog::Objects => &self.objects,
            ObjectLog::Alerts => &self.alerts,
        }
    }

    pub(super) fn push_object(&mut self, record: ObjectRecord) {
        let added_us = record.added_us;
        self.objects.push(Arc::new(record), added_us);
    }

    /// `position` must be in the log of objects.
    pub(super) fn push_alert(&mut self, position: u64, added_us: u64) {
        let record = self.objects.entries[position as usize].record.clone();
        self.alerts.push(record, added_us);
    }
}
