//! STIX objects as the exchange takes them, read from a file.

use super::minify;
use crate::limits::MAX_OBJECTS;
use alloy_primitives::{B256, Bytes, FixedBytes, keccak256};
use hansa_modules::limits::{MAX_CONTENT_BYTES, MAX_TYPE_BYTES};
use hansa_taxii::{Tlp, stix};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::HashMap};
use thiserror::Error;
use uuid::Uuid;

/// A version of an object, ready to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StixObject {
    /// Type part of the STIX id.
    pub object_type: String,
    /// UUID part of the STIX id.
    pub uuid: FixedBytes<16>,
    /// Milliseconds since 1970; 0 for an object that has no time of its own (a cyber-observable),
    /// until [`compare`](super::compare) gives it one.
    pub version: u64,
    /// Whether the version is the object's own, not one given at publication.
    pub has_own_version: bool,
    /// TLP 2.0 label.
    pub tlp: u8,
    /// JSON without blanks.
    pub content: Bytes,
    /// Its place in the file, from 0.
    pub position: usize,
}

impl StixObject {
    /// The STIX id.
    pub fn id(&self) -> String {
        let uuid = Uuid::from_bytes(self.uuid.0);
        format!("{}--{uuid}", self.object_type)
    }

    /// The exchange's id: keccak256 of the STIX id.
    pub fn object_id(&self) -> B256 {
        hansa_modules::exchange::object_id(&self.object_type, &self.uuid)
    }

    /// keccak256 of the content.
    pub fn digest(&self) -> B256 {
        keccak256(&self.content)
    }
}

/// An object that cannot be published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Its place in the file, from 0.
    pub position: usize,
    /// Its STIX id, as far as it has one.
    pub id: Option<String>,
    /// Why not.
    pub reason: String,
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Parsed {
    /// Each version once, in the order of the file.
    pub objects: Vec<StixObject>,
    /// The same version with the same content again.
    pub duplicates: usize,
    /// What cannot be published.
    pub refused: Vec<Refused>,
}

/// Why a file as a whole cannot be read.
#[derive(Debug, Error)]
pub enum ParseError {
    /// Not JSON.
    #[error("not well-formed JSON: {0}")]
    Json(String),
    /// JSON of another shape.
    #[error("neither a STIX object, nor a bundle, nor a list of objects")]
    Shape,
    /// Over [`MAX_OBJECTS`].
    #[error("holds {0} objects, and at most {MAX_OBJECTS} can be published at once")]
    TooMany(usize),
}

/// The name of a TLP label.
pub const fn label(tlp: u8) -> &'static str {
    match tlp {
        0 => "clear",
        1 => "green",
        2 => "amber",
        3 => "amber+strict",
        _ => "red",
    }
}

/// The TLP label of a name.
pub fn parse_label(name: &str) -> Option<u8> {
    (0..=4).find(|&tlp| label(tlp) == name.to_ascii_lowercase())
}

#[derive(Deserialize)]
struct Outer<'a> {
    #[serde(rename = "type", borrow)]
    stix_type: Option<Cow<'a, str>>,
    /// A bundle's list; an observed-data may have a dictionary of that name.
    #[serde(borrow)]
    objects: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Identified<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
}

/// Reads a bundle, an object, or a list of objects. `unmarked` is the label of those that carry none.
///
/// # Errors
/// The file as a whole is none of these; single objects that cannot be published are in the result.
pub fn parse(file: &[u8], unmarked: u8) -> Result<Parsed, ParseError> {
    let json = |error: &dyn ToString| ParseError::Json(error.to_string());
    let text = std::str::from_utf8(file).map_err(|error| json(&error))?;
    let text = text.trim_start_matches('\u{feff}');
    let whole: &RawValue = serde_json::from_str(text).map_err(|error| json(&error))?;
    let raw = if whole.get().starts_with('[') {
        serde_json::from_str(whole.get()).map_err(|error| json(&error))?
    } else {
        let outer: Outer<'_> = serde_json::from_str(whole.get()).map_err(|_| ParseError::Shape)?;
        match (outer.stix_type.as_deref(), outer.objects) {
            (Some("bundle"), Some(objects)) => {
                serde_json::from_str(objects.get()).map_err(|_| ParseError::Shape)?
            }
            (Some("bundle"), None) => Vec::new(),
            (Some(_), _) => vec![whole],
            (None, _) => return Err(ParseError::Shape),
        }
    };
    if raw.len() > MAX_OBJECTS {
        return Err(ParseError::TooMany(raw.len()));
    }
    let mut parsed = Parsed::default();
    let mut seen: HashMap<(B256, u64), usize> = HashMap::new();
    for (position, raw) in raw.into_iter().enumerate() {
        let refuse = |id: Option<String>, reason: String| Refused {
            position,
            id,
            reason,
        };
        let object = match object(raw, position, unmarked) {
            Ok(object) => object,
            Err(reason) => {
                let named = serde_json::from_str::<Identified<'_>>(raw.get());
                let id = named.ok().and_then(|named| named.id.map(Cow::into_owned));
                parsed.refused.push(refuse(id, reason));
                continue;
            }
        };
        let known = seen.get(&(object.object_id(), object.version));
        match known.map(|&index| parsed.objects[index].content == object.content) {
            None => {
                let key = (object.object_id(), object.version);
                seen.insert(key, parsed.objects.len());
                parsed.objects.push(object);
            }
            Some(true) => parsed.duplicates += 1,
            Some(false) => {
                let reason = "the file holds this version twice with different content";
                parsed
                    .refused
                    .push(refuse(Some(object.id()), reason.into()));
            }
        }
    }
    Ok(parsed)
}

/// One object, or why it cannot be published.
fn object(raw: &RawValue, position: usize, unmarked: u8) -> Result<StixObject, String> {
    let content = minify(raw.get());
    if content.len() > MAX_CONTENT_BYTES {
        let bytes = content.len();
        return Err(format!(
            "{bytes} bytes, and the exchange takes objects of at most {MAX_CONTENT_BYTES}"
        ));
    }
    let facts = stix::inspect(content.as_bytes()).map_err(|error| error.to_string())?;
    let (object_type, uuid) = facts
        .id
        .rsplit_once("--")
        .ok_or_else(|| "the id is not type--uuid".to_owned())?;
    let misplaced =
        object_type.starts_with('-') || object_type.ends_with('-') || object_type.contains("--");
    if object_type.len() > MAX_TYPE_BYTES || misplaced {
        return Err(format!(
            "the exchange takes types of at most {MAX_TYPE_BYTES} bytes with single hyphens inside"
        ));
    }
    let uuid = Uuid::try_parse(uuid).map_err(|error| error.to_string())?;
    let marked = facts.tlp.map_or(unmarked, level);
    let tlp = facts
        .granular_tlp
        .map_or(marked, |part| marked.max(level(part)));
    if tlp > level(Tlp::Green) {
        return Err(format!(
            "TLP:{} must be encrypted to its recipients, which this version cannot do",
            label(tlp).to_uppercase()
        ));
    }
    if facts.version_ms == Some(0) {
        return Err("the exchange takes no version of 1970-01-01T00:00:00.000Z".into());
    }
    Ok(StixObject {
        object_type: object_type.to_owned(),
        uuid: FixedBytes(uuid.into_bytes()),
        version: facts.version_ms.unwrap_or(0),
        has_own_version: facts.version_ms.is_some(),
        tlp,
        content: content.into_bytes().into(),
        position,
    })
}

const fn level(tlp: Tlp) -> u8 {
    match tlp {
        Tlp::Clear => 0,
        Tlp::Green => 1,
        Tlp::Amber => 2,
        Tlp::AmberStrict => 3,
        Tlp::Red => 4,
    }
}
