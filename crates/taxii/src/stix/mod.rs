//! What a publication's plain content has to be before it is served.
//!
//! [`inspect`] takes bytes and promises that what passes is one well-formed STIX 2.1 object: UTF-8 JSON
//! of at most [`MAX_CONTENT_BYTES`] bytes and [`MAX_DEPTH`] levels without repeated names (RFC 7493, as
//! STIX 2.1 section 1.2.10 asks), with the common properties its type requires (sections 3.2 and 2.9) and those that
//! only this type requires (sections 4 to 7), in their syntax, and with times in their order. Properties that a type
//! may leave out are not checked otherwise; custom types need the common properties alone, and custom properties pass.
//! [`Facts::matches`] then compares it with what its publication declared. What fails either is kept on
//! the ledger, flagged, and not served.
//!
//! Both are pure functions of their input, so every operator comes to the same verdict. Neither
//! panics or recurses deeper than [`MAX_DEPTH`]. Units: version times are milliseconds since 1970, as
//! on the ledger; finer digits are cut off for the comparison.

mod inspect;
mod required;
mod strict;
#[cfg(test)]
mod tests;

pub use inspect::inspect;

use crate::{catalog::Tlp, time};
use thiserror::Error;
use uuid::Uuid;

/// The largest object, in bytes.
pub const MAX_CONTENT_BYTES: usize = 1024 * 1024;
/// The deepest nesting of objects and lists; the object itself is level 1.
pub const MAX_DEPTH: usize = 64;
/// The shortest type name.
pub const MIN_TYPE_BYTES: usize = 3;
/// The longest type name.
pub const MAX_TYPE_BYTES: usize = 250;
/// The fewest fractional digits of `created` and `modified` (STIX 2.1 section 3.2).
pub const MIN_FRACTION_DIGITS: usize = 3;

/// Why content is not a STIX 2.1 object.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StixError {
    /// Longer than [`MAX_CONTENT_BYTES`].
    #[error("the object has {0} bytes, more than {MAX_CONTENT_BYTES}")]
    TooLarge(usize),
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("the object is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// A name occurs twice in one JSON object.
    #[error("the name `{0}` occurs twice in one JSON object")]
    RepeatedName(String),
    /// Not JSON, or not UTF-8.
    #[error("not well-formed JSON: {0}")]
    Json(String),
    /// JSON, but not an object.
    #[error("not a JSON object")]
    NotAnObject,
    /// A common property is of the wrong JSON type.
    #[error("a common property has the wrong type: {0}")]
    PropertyType(String),
    /// A property that the type requires is not there.
    #[error("the property `{0}` is missing")]
    Missing(&'static str),
    /// A property is not in its syntax.
    #[error("the property `{name}` is `{value}`; {expected}")]
    Syntax {
        /// The property.
        name: &'static str,
        /// The start of its value.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A property that only this type requires is not there.
    #[error("{stix_type} needs {what}")]
    Needs {
        /// The type.
        stix_type: &'static str,
        /// The property, or the choice of properties.
        what: String,
    },
    /// A property that the type defines does not hold what the type says.
    #[error("{name} of {stix_type} {expected}")]
    Property {
        /// The type.
        stix_type: &'static str,
        /// The property.
        name: &'static str,
        /// What is asked of it.
        expected: String,
    },
    /// `modified` lies before `created`.
    #[error("`modified` is earlier than `created`")]
    ModifiedBeforeCreated,
    /// A bundle is a way to carry objects, not an object.
    #[error("a bundle is not an object; publish the objects in it")]
    Bundle,
}

/// What a publication declared about its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Declared<'a> {
    /// The STIX id.
    pub id: &'a str,
    /// The STIX type.
    pub stix_type: &'a str,
    /// The version's time in milliseconds since 1970.
    pub version_ms: u64,
    /// The label.
    pub tlp: Tlp,
}

/// How content differs from what was declared.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Mismatch {
    /// Another id.
    #[error("declared as `{declared}`, but the object's id is `{found}`")]
    Id {
        /// As declared.
        declared: String,
        /// As found.
        found: String,
    },
    /// Another type.
    #[error("declared as type `{declared}`, but the object's type is `{found}`")]
    Type {
        /// As declared.
        declared: String,
        /// As found.
        found: String,
    },
    /// Another version.
    #[error("declared as of {declared_ms} ms, but the object says {found_ms} ms since 1970")]
    Version {
        /// As declared.
        declared_ms: u64,
        /// As found.
        found_ms: u64,
    },
    /// The narrowest marking of the object and its parts is another label.
    #[error("declared as {declared:?}, but the object is marked {found:?}")]
    Tlp {
        /// As declared.
        declared: Tlp,
        /// As found.
        found: Tlp,
    },
}

/// What [`inspect`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The id, in canonical lower case.
    pub id: String,
    /// The type, equal to the id's.
    pub stix_type: String,
    /// `modified`, else `created`, as written. `None` for objects that have neither, such as
    /// most cyber-observables.
    pub version: Option<String>,
    /// The same in whole milliseconds since 1970.
    pub version_ms: Option<u64>,
    /// The narrowest well-known TLP marking of the whole object, if it has one.
    pub tlp: Option<Tlp>,
    /// The narrowest well-known TLP marking of a part of the object, if one has.
    pub granular_tlp: Option<Tlp>,
    /// `created_by_ref`, for the comparison with the publisher.
    pub created_by_ref: Option<String>,
    /// The object's own `revoked` property.
    pub revoked: bool,
}

impl Facts {
    /// Whether the object is what its publication declared.
    ///
    /// # Errors
    /// The first [`Mismatch`], in the order id, type, version, label.
    pub fn matches(&self, declared: &Declared<'_>) -> Result<(), Mismatch> {
        if self.id != declared.id {
            let (declared, found) = (declared.id.to_owned(), self.id.clone());
            return Err(Mismatch::Id { declared, found });
        }
        if self.stix_type != declared.stix_type {
            let (declared, found) = (declared.stix_type.to_owned(), self.stix_type.clone());
            return Err(Mismatch::Type { declared, found });
        }
        if let Some(found_ms) = self
            .version_ms
            .filter(|found| *found != declared.version_ms)
        {
            return Err(Mismatch::Version {
                declared_ms: declared.version_ms,
                found_ms,
            });
        }
        // The object travels as a whole, so the narrowest marking in it is its label. One that is marked in
        // parts only may be declared more narrowly.
        let found = self.tlp.max(self.granular_tlp);
        let agrees = match self.tlp {
            Some(_) => found == Some(declared.tlp),
            None => found <= Some(declared.tlp),
        };
        match found.filter(|_| !agrees) {
            Some(found) => Err(Mismatch::Tlp {
                declared: declared.tlp,
                found,
            }),
            None => Ok(()),
        }
    }

    /// The version text to show: the object's own, else the declared time.
    #[must_use]
    pub fn version_text(&self, declared: &Declared<'_>) -> String {
        self.version.clone().unwrap_or_else(|| {
            time::format(declared.version_ms.saturating_mul(time::MICROS_PER_MILLI))
        })
    }
}

/// Whether a text is a STIX type name: 3 to 250 bytes, a letter first (STIX 2.1 section 3.1), of `a-z`, `0-9` and `-`
/// (section 11.2.1).
#[must_use]
pub fn is_stix_type(text: &str) -> bool {
    (MIN_TYPE_BYTES..=MAX_TYPE_BYTES).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// Whether a text is a STIX identifier: a type, `--`, and a UUID in lower case (STIX 2.1 section 2.9;
/// lower case because ids are compared as texts).
#[must_use]
pub fn is_stix_id(text: &str) -> bool {
    text.rsplit_once("--").is_some_and(|(stix_type, uuid)| {
        is_stix_type(stix_type)
            && uuid.len() == 36
            && !uuid.bytes().any(|byte| byte.is_ascii_uppercase())
            && Uuid::try_parse(uuid).is_ok()
    })
}

/// The label of a well-known TLP marking, by its id in lower case: TLP 1.0 as in STIX 2.1 section 7.2.1.4, and TLP 2.0 as in the
/// OASIS common objects (extension definition 60a3c5c5-0d10-413e-aab3-9e08dde9e88d).
#[must_use]
pub fn tlp_of_marking(id: &str) -> Option<Tlp> {
    Some(match id.strip_prefix("marking-definition--")? {
        "613f2e26-407d-48c7-9eca-b8e91df99dc9" | "94868c89-83c2-464b-929b-a1a8aa3c8487" => {
            Tlp::Clear
        }
        "34098fce-860f-48ae-8e50-ebd3cc5e41da" | "bab4a63c-aed9-4cf5-a766-dfca5abac2bb" => {
            Tlp::Green
        }
        "f88d31f6-486f-44da-b317-01333bde0b82" | "55d920b0-5e8b-4f79-9ee9-91f868d9b421" => {
            Tlp::Amber
        }
        "939a9414-2ddd-4d32-a0cd-375ea402b003" => Tlp::AmberStrict,
        "5e57c739-391a-4eb3-b6be-7d15ca92d5ed" | "e828b379-4e03-4974-9ac4-e53a884c97c1" => Tlp::Red,
        _ => return None,
    })
}
