//! The records in memory.

use super::record::{MAX_SERVED_TLP, ObjectLog, ObjectRecord};
use crate::{
    IndexError,
    tables::{ALERTS, LIVE_ALERTS, OBJECTS, REVOKED},
};
use alloy_primitives::B256;
use redb::{Database, ReadableDatabase, ReadableTable};
use std::{
    collections::{HashMap, HashSet, hash_map},
    sync::Arc,
};

/// Audiences by the narrowest label they read: 0 TLP:CLEAR, 1 TLP:GREEN.
pub(super) const AUDIENCES: usize = MAX_SERVED_TLP as usize + 1;

/// A record in one of the logs.
pub(super) struct Entry {
    pub(super) record: Arc<ObjectRecord>,
    pub(super) added_us: u64,
    /// Place of its object among the log's.
    object: usize,
}

/// The versions of one object in one of the logs.
#[derive(Default)]
struct Versions {
    /// Their places in the log, oldest first.
    places: Vec<usize>,
    /// By audience: the places of the first and the last that it reads.
    ends: [Option<(usize, usize)>; AUDIENCES],
}

/// One of the logs.
#[derive(Default)]
pub(super) struct Log {
    pub(super) entries: Vec<Entry>,
    objects: Vec<Versions>,
    by_id: HashMap<B256, usize>,
}

impl Log {
    /// Costs the same however many versions the object has: whoever publishes thousands must not slow the
    /// feed down.
    fn push(&mut self, record: Arc<ObjectRecord>, added_us: u64) {
        let place = self.entries.len();
        let next = self.objects.len();
        let object = *self.by_id.entry(record.object_id).or_insert(next);
        if object == next {
            self.objects.push(Versions::default());
        }
        let versions = &mut self.objects[object];
        versions.places.push(place);
        for (audience, ends) in versions.ends.iter_mut().enumerate() {
            if readable(&record, audience) {
                *ends = Some((ends.map_or(place, |(first, _)| first), place));
            }
        }
        self.entries.push(Entry {
            record,
            added_us,
            object,
        });
    }

    /// The places of an object's versions, oldest first.
    pub(super) fn places(&self, object_id: &B256) -> &[usize] {
        let object = self.by_id.get(object_id);
        object.map_or(&[], |object| &self.objects[*object].places)
    }

    /// Whether an entry that the audience reads is the first and the last version that it reads.
    pub(super) fn ends(&self, place: usize, audience: usize) -> (bool, bool) {
        let ends = self.objects[self.entries[place].object].ends[audience];
        ends.map_or((false, false), |(first, last)| {
            (first == place, last == place)
        })
    }

    /// The newest version of an object that may be served.
    pub(super) fn newest_served(&self, object_id: &B256) -> Option<&ObjectRecord> {
        let object = *self.by_id.get(object_id)?;
        let (_, last) = self.objects[object].ends[AUDIENCES - 1]?;
        Some(&self.entries[last].record)
    }

    pub(super) fn last_added_us(&self) -> Option<u64> {
        self.entries.last().map(|entry| entry.added_us)
    }
}

pub(super) fn readable(record: &ObjectRecord, audience: usize) -> bool {
    record.flaw.is_none() && usize::from(record.tlp) <= audience
}

/// Whether some audience reads the record.
pub(super) fn served(record: &ObjectRecord) -> bool {
    readable(record, AUDIENCES - 1)
}

/// Everything about objects but their contents.
#[derive(Default)]
pub(crate) struct Shelf {
    pub(super) objects: Log,
    pub(super) alerts: Log,
    revoked: HashSet<B256>,
    /// Alerts that were not revoked, and the object each rests on.
    live_alerts: HashMap<B256, B256>,
    /// How many of them rest on an object; those with none are left out.
    alerts_on: HashMap<B256, usize>,
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
            shelf.revoke(B256::new(row?.0.value()));
        }
        for row in read.open_table(LIVE_ALERTS)?.iter()? {
            let (alert_id, object_id) = row?;
            shelf.raise(B256::new(alert_id.value()), B256::new(object_id.value()));
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

    pub(super) fn revoke(&mut self, object_id: B256) {
        self.revoked.insert(object_id);
    }

    pub(super) fn raise(&mut self, alert_id: B256, object_id: B256) {
        self.live_alerts.insert(alert_id, object_id);
        *self.alerts_on.entry(object_id).or_default() += 1;
    }

    /// An alert was revoked. One from before the index began is not known.
    pub(super) fn end(&mut self, alert_id: &B256) {
        let Some(object_id) = self.live_alerts.remove(alert_id) else {
            return;
        };
        if let hash_map::Entry::Occupied(mut count) = self.alerts_on.entry(object_id) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }

    /// Whether the publisher withdrew an object; in the log of alerts also whether every alert on it was
    /// revoked.
    pub(super) fn is_revoked(&self, log: ObjectLog, object_id: &B256) -> bool {
        let baseless = log == ObjectLog::Alerts && !self.alerts_on.contains_key(object_id);
        baseless || self.revoked.contains(object_id)
    }
}
