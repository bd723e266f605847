//! URL query parameters: paging and filters (TAXII 2.1 sections 3.4 and 3.5).
//!
//! A parameter that the resource does not know, one given twice, or a value that is not of its kind is
//! an error: answering as if it were absent would hand out objects that were not asked for.

use crate::{
    catalog::{Record, SPEC_VERSION},
    config::Limits,
    stix::{is_stix_id, is_stix_type},
    time,
};
use percent_encoding::percent_decode;
use std::{borrow::Cow, collections::BTreeSet};
use thiserror::Error;

/// The kinds of resource, by the parameters they know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Objects and manifests of a collection.
    Listing,
    /// One object.
    Object,
    /// The versions of one object.
    Versions,
    /// Everything else: no parameters.
    Plain,
}

impl Kind {
    fn knows(self) -> &'static [&'static str] {
        match self {
            Self::Listing => &[
                "added_after",
                "limit",
                "next",
                "match[id]",
                "match[type]",
                "match[version]",
                "match[spec_version]",
            ],
            Self::Object => &[
                "added_after",
                "limit",
                "next",
                "match[version]",
                "match[spec_version]",
            ],
            Self::Versions => &["added_after", "limit", "next", "match[spec_version]"],
            Self::Plain => &[],
        }
    }
}

/// What is wrong with a query.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QueryError {
    /// Not UTF-8 after percent-decoding.
    #[error("the query is not valid UTF-8 after percent-decoding; send parameters as UTF-8")]
    Utf8,
    /// Not a parameter of this resource.
    #[error("`{name}` is not a parameter here; known are: {known}")]
    Unknown {
        /// The parameter.
        name: String,
        /// What the resource knows.
        known: String,
    },
    /// Given twice.
    #[error("`{0}` is given more than once; send one with a comma-separated list")]
    Repeated(&'static str),
    /// A value that is not of its kind.
    #[error("`{name}` has the value `{value}`; {expected}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// The start of the value.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// Too many values.
    #[error("`{name}` lists more than match_values = {limit} values; send several requests")]
    TooMany {
        /// The parameter.
        name: &'static str,
        /// [`Limits::match_values`].
        limit: usize,
    },
}

/// A parsed query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Objects on the page: at least 1, at most [`Limits::page_max`].
    pub limit: usize,
    /// The cursor as sent; it is checked against its collection.
    pub next: Option<String>,
    /// `added_after` in microseconds since 1970; earlier times count as 0 with nothing left out.
    pub added_after_us: Option<u64>,
    /// `match[id]`.
    pub ids: Option<BTreeSet<String>>,
    /// `match[type]`.
    pub types: Option<BTreeSet<String>>,
    /// `match[version]`.
    pub versions: VersionMatch,
    /// Whether `match[spec_version]`, if any, asks for STIX 2.1, which is all there is.
    pub spec_version_fits: bool,
}

/// `match[version]`: the union of what is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionMatch {
    /// Every version.
    pub all: bool,
    /// The first one.
    pub first: bool,
    /// The current one: the last, unless the object was withdrawn.
    pub last: bool,
    /// The ones at these microseconds since 1970.
    pub at_us: BTreeSet<i64>,
}

impl VersionMatch {
    /// The match of a request without the parameter.
    #[must_use]
    pub const fn current() -> Self {
        Self {
            all: false,
            first: false,
            last: true,
            at_us: BTreeSet::new(),
        }
    }

    /// The match of every version.
    #[must_use]
    pub const fn every() -> Self {
        Self {
            all: true,
            first: false,
            last: false,
            at_us: BTreeSet::new(),
        }
    }

    /// Whether the record is chosen.
    #[must_use]
    pub fn admits(&self, record: &Record<'_>) -> bool {
        self.all
            || (self.first && record.first)
            || (self.last && record.last && !record.revoked)
            || (!self.at_us.is_empty()
                && time::parse(record.version).is_ok_and(|at| self.at_us.contains(&at.micros)))
    }
}

impl Query {
    /// Reads the part of a URL behind its question mark.
    ///
    /// # Errors
    /// [`QueryError`] names the parameter and what it should be.
    pub fn parse(text: &str, kind: Kind, limits: &Limits) -> Result<Self, QueryError> {
        let mut query = Self {
            limit: limits.page_default.clamp(1, limits.page_max.max(1)),
            next: None,
            added_after_us: None,
            ids: None,
            types: None,
            versions: VersionMatch::current(),
            spec_version_fits: true,
        };
        let mut seen = BTreeSet::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            let Some(name) = kind.knows().iter().copied().find(|known| *known == name) else {
                let known = match kind.knows() {
                    [] => "none".to_owned(),
                    names => names.join(", "),
                };
                return Err(QueryError::Unknown {
                    name: shown(&name),
                    known,
                });
            };
            if !seen.insert(name) {
                return Err(QueryError::Repeated(name));
            }
            query.set(name, &value, limits)?;
        }
        Ok(query)
    }

    fn set(&mut self, name: &'static str, value: &str, limits: &Limits) -> Result<(), QueryError> {
        let wrong = |expected| QueryError::Value {
            name,
            value: shown(value),
            expected,
        };
        match name {
            "limit" => self.limit = page_limit(value, limits).ok_or_else(|| wrong(WHOLE_NUMBER))?,
            "next" => self.next = Some(value.to_owned()),
            "added_after" => {
                let at = time::parse(value).map_err(|_| wrong(TIMESTAMP))?;
                // Before 1970 nothing was added, so such a time leaves nothing out.
                self.added_after_us = u64::try_from(at.micros).ok();
            }
            "match[id]" => {
                self.ids = Some(list(
                    name,
                    value,
                    limits,
                    |id| is_stix_id(id).then(|| id.into()),
                    STIX_ID,
                )?);
            }
            "match[type]" => {
                let keep = |text: &str| is_stix_type(text).then(|| text.into());
                self.types = Some(list(name, value, limits, keep, STIX_TYPE)?);
            }
            "match[spec_version]" => {
                let keep = |text: &str| is_spec_version(text).then(|| text.to_owned());
                let wanted = list(name, value, limits, keep, SPEC_VERSIONS)?;
                self.spec_version_fits = wanted.contains(SPEC_VERSION);
            }
            _ => self.versions = version_match(name, value, limits)?,
        }
        Ok(())
    }
}

const WHOLE_NUMBER: &str = "it must be a whole number of at least 1";
const TIMESTAMP: &str = "it must be an RFC 3339 time in UTC such as 2026-01-31T12:00:00.000000Z";
const STIX_ID: &str =
    "each must be a STIX id such as indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
const STIX_TYPE: &str = "each must be a STIX type such as attack-pattern";
const SPEC_VERSIONS: &str = "each must be a version number such as 2.1";
const VERSIONS: &str =
    "each must be first, last or an RFC 3339 time in UTC, none twice, or the one value all";

fn page_limit(value: &str, limits: &Limits) -> Option<usize> {
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // More digits than a usize holds is still a number, only a large one.
    let wanted = value.parse().unwrap_or(usize::MAX);
    (wanted >= 1).then(|| wanted.min(limits.page_max.max(1)))
}

fn version_match(
    name: &'static str,
    value: &str,
    limits: &Limits,
) -> Result<VersionMatch, QueryError> {
    let mut chosen = VersionMatch {
        last: false,
        ..VersionMatch::current()
    };
    let keep = |text: &str| -> Option<String> {
        match text {
            "all" => chosen.all = true,
            "first" => chosen.first = true,
            "last" => chosen.last = true,
            at => {
                let micros = time::parse(at).ok()?.micros;
                chosen.at_us.insert(micros);
                return Some(micros.to_string());
            }
        }
        Some(text.to_owned())
    };
    let distinct = list(name, value, limits, keep, VERSIONS)?.len();
    // Section 3.4.1: `all` stands alone, and nothing is there twice.
    if (chosen.all && distinct > 1) || distinct < value.split(',').count() {
        return Err(QueryError::Value {
            name,
            value: shown(value),
            expected: VERSIONS,
        });
    }
    Ok(chosen)
}

/// Splits a comma-separated list and checks each value.
fn list(
    name: &'static str,
    value: &str,
    limits: &Limits,
    mut keep: impl FnMut(&str) -> Option<String>,
    expected: &'static str,
) -> Result<BTreeSet<String>, QueryError> {
    let mut values = BTreeSet::new();
    for (count, text) in value.split(',').enumerate() {
        if count == limits.match_values {
            return Err(QueryError::TooMany {
                name,
                limit: limits.match_values,
            });
        }
        let kept = keep(text).ok_or_else(|| QueryError::Value {
            name,
            value: shown(text),
            expected,
        })?;
        values.insert(kept);
    }
    Ok(values)
}

fn is_spec_version(text: &str) -> bool {
    let number = |part: &str| {
        !part.is_empty() && part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    text.split_once('.')
        .is_some_and(|(major, minor)| number(major) && number(minor))
}

/// Decodes one name or value of `application/x-www-form-urlencoded`.
fn decode(text: &str) -> Result<String, QueryError> {
    let spaced: Cow<'_, str> = if text.contains('+') {
        text.replace('+', " ").into()
    } else {
        text.into()
    };
    let decoded = percent_decode(spaced.as_bytes())
        .decode_utf8()
        .map_err(|_| QueryError::Utf8)?;
    Ok(decoded.into_owned())
}

/// The start of a hostile text, short enough for an error message.
fn shown(text: &str) -> String {
    const SHOWN_CHARS: usize = 80;
    let mut start: String = text.chars().take(SHOWN_CHARS).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}

#[cfg(test)]
mod tests;
