//! From a block's logs to what it adds.

use super::{
    record::{Declared, MAX_SERVED_TLP, ObjectRecord, Sightings},
    shelf::{Shelf, served},
};
use crate::{
    Config, FinalizedBlock, IndexError,
    tables::{ALERTS, CONTENTS, LIVE_ALERTS, OBJECTS, REVOKED, SIGHTINGS},
};
use alloy_primitives::{B256, Log, hex, keccak256};
use alloy_sol_types::SolEvent as _;
use bytes::Bytes;
use hansa_abi::{IExchange, IGuard};
use redb::{ReadableTable as _, WriteTransaction};

const MAX_TLP: u8 = 4;

/// What one block adds to the objects: made before the write transaction, applied after its commit.
#[derive(Default)]
pub(crate) struct Staged {
    number: u64,
    first_position: u64,
    first_alert: u64,
    objects: Vec<(ObjectRecord, Bytes)>,
    /// (position in the log of objects, `added_us`).
    alerts: Vec<(u64, u64)>,
    /// (alert id, object id).
    raised: Vec<(B256, B256)>,
    /// Ids of revoked alerts.
    ended: Vec<B256>,
    revoked: Vec<B256>,
    sighted: Vec<(B256, Sightings)>,
    last_object_us: Option<u64>,
    last_alert_us: Option<u64>,
}

/// A block's time, or one microsecond after the record before, whichever is later.
fn next_added_us(previous: Option<u64>, timestamp_ms: u64) -> u64 {
    let block_us = timestamp_ms.saturating_mul(1_000);
    previous.map_or(block_us, |previous| {
        block_us.max(previous.saturating_add(1))
    })
}

impl Shelf {
    /// Reads the events of a block.
    pub(crate) fn stage(&self, block: &FinalizedBlock, config: &Config) -> Staged {
        let mut staged = Staged {
            number: block.block.number(),
            first_position: self.objects.entries.len() as u64,
            first_alert: self.alerts.entries.len() as u64,
            last_object_us: self.objects.last_added_us(),
            last_alert_us: self.alerts.last_added_us(),
            ..Staged::default()
        };
        let timestamp_ms = block.block.header().timestamp_ms;
        let logs = block.receipts.iter().flat_map(|receipt| &receipt.logs);
        for (log, log_index) in logs.zip(0u32..) {
            let emitter = Some(log.address);
            if emitter == config.exchange {
                staged.exchange_event(log, log_index, timestamp_ms, config);
            } else if emitter == config.guard {
                staged.guard_event(self, log, timestamp_ms);
            }
        }
        staged
    }

    pub(crate) fn apply(&mut self, staged: Staged) {
        for (record, _) in staged.objects {
            self.push_object(record);
        }
        for (position, added_us) in staged.alerts {
            self.push_alert(position, added_us);
        }
        for object_id in staged.revoked {
            self.revoke(object_id);
        }
        // An alert is raised before it is revoked, also in one block.
        for (alert_id, object_id) in staged.raised {
            self.raise(alert_id, object_id);
        }
        for alert_id in staged.ended {
            self.end(&alert_id);
        }
    }
}

impl Staged {
    fn exchange_event(&mut self, log: &Log, log_index: u32, timestamp_ms: u64, config: &Config) {
        let Some(topic) = log.topics().first() else {
            return;
        };
        match *topic {
            IExchange::ObjectPublished::SIGNATURE_HASH => {
                if let Ok(event) = IExchange::ObjectPublished::decode_log(log) {
                    self.published(event.data, log_index, timestamp_ms, config);
                }
            }
            IExchange::ObjectRevoked::SIGNATURE_HASH => {
                if let Ok(event) = IExchange::ObjectRevoked::decode_log(log) {
                    self.revoked.push(event.objectId);
                }
            }
            IExchange::ObjectSighted::SIGNATURE_HASH => {
                if let Ok(event) = IExchange::ObjectSighted::decode_log(log) {
                    let sighting = Sightings {
                        reports: 1,
                        count: u64::from(event.count),
                        first_seen_ms: event.firstSeenMs,
                        last_seen_ms: event.lastSeenMs,
                    };
                    self.sighted.push((event.objectId, sighting));
                }
            }
            _ => {}
        }
    }

    fn guard_event(&mut self, shelf: &Shelf, log: &Log, timestamp_ms: u64) {
        let Some(topic) = log.topics().first() else {
            return;
        };
        match *topic {
            IGuard::AlertRaised::SIGNATURE_HASH => {
                if let Ok(event) = IGuard::AlertRaised::decode_log(log) {
                    self.raised.push((event.alertId.into(), event.objectId));
                    self.alert(shelf, event.objectId, timestamp_ms);
                }
            }
            IGuard::AlertRevoked::SIGNATURE_HASH => {
                if let Ok(event) = IGuard::AlertRevoked::decode_log(log) {
                    self.ended.push(event.alertId.into());
                }
            }
            _ => {}
        }
    }

    fn published(
        &mut self,
        event: IExchange::ObjectPublished,
        log_index: u32,
        timestamp_ms: u64,
        config: &Config,
    ) {
        let content = event.content.0;
        let id = format!("{}--{}", event.objectType, uuid_text(&event.uuid.0));
        let declared = Declared {
            id: &id,
            object_type: &event.objectType,
            version_ms: event.version,
            tlp: event.tlp,
            publisher: event.publisher,
        };
        let verdict = judge(&content, &declared, &event.digest, &event.objectId, config);
        let added_us = next_added_us(self.last_object_us, timestamp_ms);
        self.last_object_us = Some(added_us);
        let (version, flaw) = match verdict {
            Ok(version) => (version, None),
            Err(flaw) => (event.version.to_string(), Some(flaw)),
        };
        let record = ObjectRecord {
            position: self.first_position + self.objects.len() as u64,
            added_us,
            object_id: event.objectId,
            id,
            version_ms: event.version,
            version,
            tlp: event.tlp,
            publisher: event.publisher,
            digest: event.digest,
            content_bytes: content.len() as u32,
            block_number: self.number,
            log_index,
            flaw,
        };
        self.objects.push((record, content));
    }

    /// Adds the newest version of the object that may be served, unless an alert named it before.
    fn alert(&mut self, shelf: &Shelf, object_id: B256, timestamp_ms: u64) {
        let mut staged = self.objects.iter().rev().map(|(record, _)| record);
        let newest = staged
            .find(|record| record.object_id == object_id && served(record))
            .or_else(|| shelf.objects.newest_served(&object_id));
        let Some(position) = newest.map(|record| record.position) else {
            return;
        };
        // Each alert names the newest version, so only the last one can have named this one.
        let named = shelf.alerts.places(&object_id).last();
        let named = named.map(|place| shelf.alerts.entries[*place].record.position);
        if named == Some(position) || self.alerts.iter().any(|(old, _)| *old == position) {
            return;
        }
        let added_us = next_added_us(self.last_alert_us, timestamp_ms);
        self.last_alert_us = Some(added_us);
        self.alerts.push((position, added_us));
    }

    pub(crate) fn write(&self, write: &WriteTransaction) -> Result<(), IndexError> {
        if !self.objects.is_empty() {
            let mut records = write.open_table(OBJECTS)?;
            let mut contents = write.open_table(CONTENTS)?;
            for (record, content) in &self.objects {
                records.insert(record.position, record.encode().as_slice())?;
                contents.insert(record.position, &content[..])?;
            }
        }
        if !self.alerts.is_empty() {
            let mut table = write.open_table(ALERTS)?;
            for (row, place) in self.alerts.iter().zip(self.first_alert..) {
                table.insert(place, *row)?;
            }
        }
        if !self.raised.is_empty() || !self.ended.is_empty() {
            let mut table = write.open_table(LIVE_ALERTS)?;
            for (alert_id, object_id) in &self.raised {
                table.insert(alert_id.0, object_id.0)?;
            }
            for alert_id in &self.ended {
                table.remove(alert_id.0)?;
            }
        }
        if !self.revoked.is_empty() {
            let mut table = write.open_table(REVOKED)?;
            for object_id in &self.revoked {
                table.insert(object_id.0, self.number)?;
            }
        }
        if !self.sighted.is_empty() {
            let mut table = write.open_table(SIGHTINGS)?;
            for (object_id, new) in &self.sighted {
                let old = table.get(object_id.0)?.map(|row| row.value());
                let sum = old.map_or(*new, |old| add(Sightings::from_row(old), *new));
                table.insert(object_id.0, sum.to_row())?;
            }
        }
        Ok(())
    }
}

impl Sightings {
    pub(super) const fn from_row(row: (u64, u64, u64, u64)) -> Self {
        Self {
            reports: row.0,
            count: row.1,
            first_seen_ms: row.2,
            last_seen_ms: row.3,
        }
    }

    const fn to_row(self) -> (u64, u64, u64, u64) {
        (
            self.reports,
            self.count,
            self.first_seen_ms,
            self.last_seen_ms,
        )
    }
}

fn add(old: Sightings, new: Sightings) -> Sightings {
    Sightings {
        reports: old.reports.saturating_add(new.reports),
        count: old.count.saturating_add(new.count),
        first_seen_ms: old.first_seen_ms.min(new.first_seen_ms),
        last_seen_ms: old.last_seen_ms.max(new.last_seen_ms),
    }
}

/// The version's text, or why the content is not served.
fn judge(
    content: &[u8],
    declared: &Declared<'_>,
    digest: &B256,
    object_id: &B256,
    config: &Config,
) -> Result<String, String> {
    let found = keccak256(content);
    if found != *digest {
        return Err(format!(
            "the content's digest is {found}, declared is {digest}"
        ));
    }
    if keccak256(declared.id) != *object_id {
        return Err(format!(
            "{object_id} is not the object id of {}",
            declared.id
        ));
    }
    if declared.tlp > MAX_TLP {
        return Err(format!(
            "TLP {} does not exist (0 to {MAX_TLP})",
            declared.tlp
        ));
    }
    match &config.validator {
        Some(validator) if declared.tlp <= MAX_SERVED_TLP => validator(content, declared),
        _ => Ok(declared.version_ms.to_string()),
    }
}

/// A UUID in its text form (RFC 9562 section 4).
fn uuid_text(uuid: &[u8; 16]) -> String {
    let text = hex::encode(uuid);
    let parts = [
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..],
    ];
    parts.join("-")
}
