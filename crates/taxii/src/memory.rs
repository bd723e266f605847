//! A catalog in memory, for tests and benchmarks.

use crate::catalog::{
    Audience, Catalog, CatalogError, Log, Record, Scan, Tlp, Visitor, next_date_added_us,
};
use bytes::Bytes;
use parking_lot::RwLock;
use std::collections::BTreeMap;

/// One object version to append.
#[derive(Debug, Clone)]
pub struct NewRecord {
    /// The STIX id.
    pub id: String,
    /// The version's timestamp text.
    pub version: String,
    /// The declared label.
    pub tlp: Tlp,
    /// The object's JSON.
    pub content: Bytes,
}

#[derive(Debug)]
struct Stored {
    new: NewRecord,
    added_us: u64,
    revoked: bool,
    /// By audience (public, member): earlier and later readable versions exist.
    earlier: [bool; 2],
    later: [bool; 2],
}

#[derive(Debug, Default)]
struct Shelf {
    records: Vec<Stored>,
    by_id: BTreeMap<String, Vec<usize>>,
}

/// A [`Catalog`] that keeps everything in memory.
#[derive(Debug, Default)]
pub struct MemoryCatalog {
    objects: RwLock<Shelf>,
    alerts: RwLock<Shelf>,
}

const AUDIENCES: [Audience; 2] = [Audience::Public, Audience::Member];

impl MemoryCatalog {
    /// An empty catalog.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the records of one block and gives their `date_added`. Versions of one id must come
    /// in order.
    pub fn append(&self, log: Log, block_time_ms: u64, records: Vec<NewRecord>) -> Vec<u64> {
        let mut shelf = self.shelf(log).write();
        records
            .into_iter()
            .map(|record| shelf.append(block_time_ms, record))
            .collect()
    }

    /// Marks every version of an object as withdrawn on the ledger.
    pub fn revoke(&self, id: &str) {
        for log in [Log::Objects, Log::Alerts] {
            let mut shelf = self.shelf(log).write();
            let Shelf { records, by_id } = &mut *shelf;
            for index in by_id.get(id).into_iter().flatten() {
                records[*index].revoked = true;
            }
        }
    }

    fn shelf(&self, log: Log) -> &RwLock<Shelf> {
        match log {
            Log::Objects => &self.objects,
            Log::Alerts => &self.alerts,
        }
    }
}

impl Shelf {
    fn append(&mut self, block_time_ms: u64, new: NewRecord) -> u64 {
        let added_us =
            next_date_added_us(self.records.last().map(|last| last.added_us), block_time_ms);
        let versions = self.by_id.entry(new.id.clone()).or_default();
        let mut earlier = [false; 2];
        for (slot, audience) in AUDIENCES.into_iter().enumerate() {
            for index in versions.iter() {
                let before = &mut self.records[*index];
                earlier[slot] |= audience.may_read(before.new.tlp);
                before.later[slot] |= audience.may_read(new.tlp);
            }
        }
        versions.push(self.records.len());
        self.records.push(Stored {
            new,
            added_us,
            revoked: false,
            earlier,
            later: [false; 2],
        });
        added_us
    }
}

impl Catalog for MemoryCatalog {
    fn scan(&self, scan: &Scan, visit: &mut Visitor<'_>) -> Result<Option<u64>, CatalogError> {
        let shelf = self.shelf(scan.log).read();
        let slot = AUDIENCES
            .iter()
            .position(|a| *a == scan.audience)
            .unwrap_or(0);
        let after = |stored: &Stored| scan.after_us.is_none_or(|after| stored.added_us > after);
        let places: Box<dyn Iterator<Item = usize>> = match &scan.ids {
            Some(ids) => {
                let versions = ids.iter().filter_map(|id| shelf.by_id.get(id));
                let mut places: Vec<usize> = versions.flatten().copied().collect();
                places.sort_unstable();
                Box::new(places.into_iter())
            }
            None => {
                let start = shelf.records.partition_point(|stored| !after(stored));
                Box::new(start..shelf.records.len())
            }
        };
        let places = places.filter(|place| after(&shelf.records[*place]));
        let (mut visited, mut settled_us) = (0, None);
        for (examined, place) in places.enumerate() {
            if examined == scan.examine.max(1) {
                return Ok(settled_us);
            }
            let stored = &shelf.records[place];
            let record = Record {
                added_us: stored.added_us,
                id: &stored.new.id,
                version: &stored.new.version,
                tlp: stored.new.tlp,
                revoked: stored.revoked,
                first: !stored.earlier[slot],
                last: !stored.later[slot],
                content: &stored.new.content,
            };
            if scan.admits(&record) {
                if visited == scan.limit.max(1) {
                    return Ok(settled_us);
                }
                visited += 1;
                if visit(&record).is_break() {
                    return Ok(None);
                }
            }
            settled_us = Some(stored.added_us);
        }
        Ok(None)
    }
}
