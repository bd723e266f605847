//! Reading the common properties of an object.

use super::{
    Facts, MAX_CONTENT_BYTES, MIN_FRACTION_DIGITS, StixError, is_stix_id, is_stix_type, required,
    strict, tlp_of_marking,
};
use crate::{
    catalog::{SPEC_VERSION, Tlp},
    collections::FAMILIES,
    time::{self, MICROS_PER_MILLI, Timestamp},
};
use serde::Deserialize;

/// The common properties that matter here (STIX 2.1 section 3.2).
#[derive(Deserialize)]
struct Common {
    #[serde(rename = "type")]
    stix_type: Option<String>,
    id: Option<String>,
    spec_version: Option<String>,
    created: Option<String>,
    modified: Option<String>,
    created_by_ref: Option<String>,
    #[serde(default)]
    revoked: bool,
    #[serde(default)]
    object_marking_refs: Vec<String>,
    #[serde(default)]
    granular_markings: Vec<GranularMarking>,
}

#[derive(Deserialize)]
struct GranularMarking {
    marking_ref: Option<String>,
}

/// What a type has to say about its version.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Versioning {
    /// `created` and `modified`.
    Full,
    /// `created` only: a marking is never changed (section 7.2.1).
    CreatedOnly,
    /// Nothing: cyber-observables (section 6).
    Free,
    /// All or nothing: a custom type may be either kind of object.
    AllOrNothing,
}

/// Checks one object and tells what it says about itself.
///
/// # Errors
/// [`StixError`] with the first rule that the content breaks.
pub fn inspect(content: &[u8]) -> Result<Facts, StixError> {
    if content.len() > MAX_CONTENT_BYTES {
        return Err(StixError::TooLarge(content.len()));
    }
    strict::check(content)?;
    if content.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(StixError::NotAnObject);
    }
    let common: Common = serde_json::from_slice(content)
        .map_err(|error| StixError::PropertyType(error.to_string()))?;
    let stix_type = common.stix_type.clone().ok_or(StixError::Missing("type"))?;
    if stix_type == "bundle" {
        return Err(StixError::Bundle);
    }
    if !is_stix_type(&stix_type) {
        return Err(syntax(
            "type",
            &stix_type,
            "it must be 3 to 250 of a-z, 0-9 and -",
        ));
    }
    let id = common.id.clone().ok_or(StixError::Missing("id"))?;
    let agrees = id
        .rsplit_once("--")
        .is_some_and(|(prefix, _)| prefix == stix_type);
    if !is_stix_id(&id) || !agrees {
        return Err(syntax(
            "id",
            &id,
            "it must be the type, -- and a UUID in lower case",
        ));
    }
    if let Some(creator) = common.created_by_ref.as_deref()
        && !(is_stix_id(creator) && creator.starts_with("identity--"))
    {
        return Err(syntax(
            "created_by_ref",
            creator,
            "it must be the id of an identity",
        ));
    }
    let parts = &common.granular_markings;
    let parts = parts.iter().filter_map(|part| part.marking_ref.as_ref());
    let tlp = narrowest("object_marking_refs", common.object_marking_refs.iter())?;
    let granular_tlp = narrowest("granular_markings", parts)?;
    let (version, at) = version(&common, versioning(&stix_type))?.unzip();
    let version_ms = at.map(|at| milliseconds(&at)).transpose()?;
    required::check(&stix_type, content)?;
    Ok(Facts {
        tlp,
        granular_tlp,
        created_by_ref: common.created_by_ref,
        revoked: common.revoked,
        id,
        stix_type,
        version,
        version_ms,
    })
}

fn versioning(stix_type: &str) -> Versioning {
    match stix_type {
        "marking-definition" => Versioning::CreatedOnly,
        name if FAMILIES
            .iter()
            .any(|family| family.observables.contains(&name)) =>
        {
            Versioning::Free
        }
        name if FAMILIES.iter().any(|family| family.types.contains(&name)) => Versioning::Full,
        _ => Versioning::AllOrNothing,
    }
}

/// The text and instant of the object's version, with everything its type requires checked.
fn version(
    common: &Common,
    versioning: Versioning,
) -> Result<Option<(String, Timestamp)>, StixError> {
    let any = common.created.is_some() || common.modified.is_some();
    let required = match versioning {
        Versioning::Full | Versioning::CreatedOnly => true,
        Versioning::Free => false,
        Versioning::AllOrNothing => any,
    };
    match common.spec_version.as_deref() {
        Some(SPEC_VERSION) => {}
        Some(other) => return Err(syntax("spec_version", other, "it must be 2.1")),
        None if required => return Err(StixError::Missing("spec_version")),
        None => {}
    }
    let created = instant("created", common.created.as_deref())?;
    let modified = instant("modified", common.modified.as_deref())?;
    if required && created.is_none() {
        return Err(StixError::Missing("created"));
    }
    if required && modified.is_none() && versioning != Versioning::CreatedOnly {
        return Err(StixError::Missing("modified"));
    }
    if let (Some(created), Some(modified)) = (created, modified)
        && modified.micros < created.micros
    {
        return Err(StixError::ModifiedBeforeCreated);
    }
    let text = common.modified.clone().or_else(|| common.created.clone());
    Ok(text.zip(modified.or(created)))
}

fn instant(name: &'static str, text: Option<&str>) -> Result<Option<Timestamp>, StixError> {
    const EXPECTED: &str = "it must be an RFC 3339 time in UTC with at least milliseconds";
    let Some(text) = text else { return Ok(None) };
    match time::parse(text) {
        Ok(at) if at.fraction_digits >= MIN_FRACTION_DIGITS && at.micros >= 0 => Ok(Some(at)),
        _ => Err(syntax(name, text, EXPECTED)),
    }
}

fn milliseconds(at: &Timestamp) -> Result<u64, StixError> {
    // `instant` has refused what lies before 1970.
    u64::try_from(at.micros)
        .map(|micros| micros / MICROS_PER_MILLI)
        .map_err(|_| StixError::Missing("created"))
}

/// The narrowest TLP among markings. A marking that is written in another way than ids are is refused: it
/// would pass for one that has nothing to do with TLP.
fn narrowest<'a>(
    name: &'static str,
    ids: impl Iterator<Item = &'a String>,
) -> Result<Option<Tlp>, StixError> {
    let mut narrowest = None;
    for id in ids {
        if !is_stix_id(id) {
            return Err(syntax(
                name,
                id,
                "each must be a STIX id with its UUID in lower case",
            ));
        }
        narrowest = narrowest.max(tlp_of_marking(id));
    }
    Ok(narrowest)
}

fn syntax(name: &'static str, value: &str, expected: &'static str) -> StixError {
    StixError::Syntax {
        name,
        value: value.chars().take(80).collect(),
        expected,
    }
}
