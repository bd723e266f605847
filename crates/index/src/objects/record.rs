//! One published version, and its row.

use crate::{
    IndexError,
    codec::{Reader, put_sized},
};
use alloy_primitives::{Address, B256};
use std::sync::Arc;

/// The narrowest label that is plain content: TLP:GREEN. What is narrower is ciphertext and is never
/// validated.
pub const MAX_SERVED_TLP: u8 = 1;

/// Decides whether plain content is what its publication declared, and gives the version's timestamp as text,
/// as the object itself writes it. A pure function: all operators must agree.
pub type Validator = Arc<dyn Fn(&[u8], &Declared<'_>) -> Result<String, String> + Send + Sync>;

/// What a publication declared about its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declared<'a> {
    /// The STIX id, `type--uuid`.
    pub id: &'a str,
    /// The STIX type.
    pub object_type: &'a str,
    /// Time of the version, milliseconds since the Unix epoch.
    pub version_ms: u64,
    /// TLP 2.0: 0 CLEAR, 1 GREEN, 2 AMBER, 3 AMBER+STRICT, 4 RED.
    pub tlp: u8,
    /// Who published it.
    pub publisher: Address,
}

/// Which order of objects is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectLog {
    /// All versions, as published.
    Objects,
    /// The versions that alerts rest on, as alerts first named them.
    Alerts,
}

/// One version of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectRecord {
    /// Place in the log of objects, from 0.
    pub position: u64,
    /// When it was added to the log of objects, microseconds since the Unix epoch.
    pub added_us: u64,
    /// `keccak256` of the STIX id.
    pub object_id: B256,
    /// The STIX id, `type--uuid`.
    pub id: String,
    /// Time of the version as declared, milliseconds since the Unix epoch.
    pub version_ms: u64,
    /// The same as the object writes it; decimal milliseconds where nothing validated it.
    pub version: String,
    /// TLP 2.0, 0 to 4.
    pub tlp: u8,
    /// Who published it.
    pub publisher: Address,
    /// `keccak256` of the content.
    pub digest: B256,
    /// Size of the content, bytes.
    pub content_bytes: u32,
    /// Height of the block.
    pub block_number: u64,
    /// Place of the log in the block.
    pub log_index: u32,
    /// Why the content is not served; `None` if it may be.
    pub flaw: Option<String>,
}

impl ObjectRecord {
    /// The STIX type: the id up to its last `--`.
    pub fn object_type(&self) -> &str {
        self.id.rsplit_once("--").map_or(&self.id, |(kind, _)| kind)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        for number in [self.added_us, self.version_ms, self.block_number] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for number in [self.content_bytes, self.log_index] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.push(self.tlp);
        out.push(u8::from(self.flaw.is_some()));
        out.extend_from_slice(self.object_id.as_slice());
        out.extend_from_slice(self.digest.as_slice());
        out.extend_from_slice(self.publisher.as_slice());
        put_sized(&mut out, self.id.as_bytes());
        put_sized(&mut out, self.version.as_bytes());
        put_sized(
            &mut out,
            self.flaw.as_deref().unwrap_or_default().as_bytes(),
        );
        out
    }

    pub(super) fn decode(position: u64, row: &[u8]) -> Result<Self, IndexError> {
        let mut reader = Reader::new("objects", row);
        let [added_us, version_ms, block_number] = [reader.u64()?, reader.u64()?, reader.u64()?];
        let [content_bytes, log_index] = [reader.u32()?, reader.u32()?];
        let (tlp, flawed) = (reader.u8()?, reader.u8()? == 1);
        Ok(Self {
            position,
            added_us,
            object_id: B256::new(reader.array()?),
            digest: B256::new(reader.array()?),
            publisher: Address::new(reader.array()?),
            id: reader.text()?,
            version_ms,
            version: reader.text()?,
            tlp,
            content_bytes,
            block_number,
            log_index,
            flaw: Some(reader.text()?).filter(|_| flawed),
        })
    }
}

/// What members reported to have seen of an object, summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sightings {
    /// Number of reports.
    pub reports: u64,
    /// Sum of the reported counts, saturating.
    pub count: u64,
    /// Earliest sighting, milliseconds since the Unix epoch.
    pub first_seen_ms: u64,
    /// Latest sighting, milliseconds since the Unix epoch.
    pub last_seen_ms: u64,
}
