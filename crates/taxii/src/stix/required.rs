//! What each type of STIX 2.1 requires beyond the common properties (sections 4 to 7 of the OASIS standard).
//!
//! [`RULES`] is the standard as data. Properties that a row does not name are let pass, and so are types without a row. A
//! property that is `null` counts as missing.

mod rules;
#[cfg(test)]
mod tests;

use super::{StixError, is_stix_id};
use crate::time;
use rules::{Kind, Property, RULES, Rule};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The properties of an object, unread.
type Properties<'a> = BTreeMap<String, &'a RawValue>;

/// Checks that an object, known to be one, has what its type requires.
///
/// # Errors
/// [`StixError`] with the first rule that the object breaks.
pub(super) fn check(stix_type: &str, content: &[u8]) -> Result<(), StixError> {
    let Some(rule) = RULES.iter().find(|rule| rule.stix_type == stix_type) else {
        return Ok(());
    };
    let properties: Properties<'_> =
        serde_json::from_slice(content).map_err(|error| StixError::Json(error.to_string()))?;
    for property in rule.required {
        rule.require(&properties, property)?;
    }
    for property in rule.groups.iter().copied().flatten() {
        rule.check_kind(&properties, property)?;
    }
    let is_whole = |group: &&[Property]| {
        group
            .iter()
            .all(|(name, _)| present(&properties, name).is_some())
    };
    if !rule.groups.is_empty() && !rule.groups.iter().any(is_whole) {
        return Err(rule.lacks(names_of(rule.groups)));
    }
    for (condition, property) in rule.implied {
        if present(&properties, condition).is_some_and(|value| value != "false") {
            rule.require(&properties, property)?;
        }
    }
    for pair in rule.ordered {
        rule.check_order(
            &properties,
            pair,
            |first, second| first <= second,
            "not be earlier than",
        )?;
    }
    for pair in rule.strictly_ordered {
        rule.check_order(
            &properties,
            pair,
            |first, second| first < second,
            "be later than",
        )?;
    }
    Ok(())
}

impl Rule {
    fn lacks(&self, what: String) -> StixError {
        StixError::Needs {
            stix_type: self.stix_type,
            what,
        }
    }

    fn require(&self, properties: &Properties<'_>, property: &Property) -> Result<(), StixError> {
        match present(properties, property.0) {
            Some(_) => self.check_kind(properties, property),
            None => Err(self.lacks(property.0.to_owned())),
        }
    }

    /// Checks a property if it is there.
    fn check_kind(
        &self,
        properties: &Properties<'_>,
        (name, kind): &Property,
    ) -> Result<(), StixError> {
        match present(properties, name) {
            Some(value) if !kind.admits(value) => Err(StixError::Property {
                stix_type: self.stix_type,
                name,
                expected: kind.expected(),
            }),
            _ => Ok(()),
        }
    }

    /// Checks two times if they are there, and that they come in order.
    fn check_order(
        &self,
        properties: &Properties<'_>,
        (first, second): &(&'static str, &'static str),
        in_order: fn(i64, i64) -> bool,
        relation: &'static str,
    ) -> Result<(), StixError> {
        self.check_kind(properties, &(first, Kind::Time))?;
        self.check_kind(properties, &(second, Kind::Time))?;
        let at = |name| present(properties, name).and_then(instant);
        match (at(first), at(second)) {
            (Some(earlier), Some(later)) if !in_order(earlier, later) => Err(StixError::Property {
                stix_type: self.stix_type,
                name: second,
                expected: format!("must {relation} {first}"),
            }),
            _ => Ok(()),
        }
    }
}

impl Kind {
    /// Whether a JSON value is one of this kind.
    fn admits(self, json: &str) -> bool {
        match self {
            Self::Text => read::<String>(json).is_some(),
            Self::Bool => read::<bool>(json).is_some(),
            Self::Integer(from, to) => {
                read::<i64>(json).is_some_and(|number| (from..=to).contains(&number))
            }
            Self::Number(from, to) => {
                read::<f64>(json).is_some_and(|number| (from..=to).contains(&number))
            }
            Self::Time => instant(json).is_some(),
            Self::Id => read::<String>(json).is_some_and(|id| is_stix_id(&id)),
            Self::Word(words) => {
                read::<String>(json).is_some_and(|word| words.contains(&word.as_str()))
            }
            Self::Texts => read::<Vec<String>>(json).is_some_and(|list| !list.is_empty()),
            Self::Ids => read::<Vec<String>>(json)
                .is_some_and(|ids| !ids.is_empty() && ids.iter().all(|id| is_stix_id(id))),
            Self::List => read::<Vec<IgnoredAny>>(json).is_some_and(|list| !list.is_empty()),
            Self::Dictionary => read::<BTreeMap<String, IgnoredAny>>(json)
                .is_some_and(|dictionary| !dictionary.is_empty()),
        }
    }

    fn expected(self) -> String {
        match self {
            Self::Text => "must be a string".into(),
            Self::Bool => "must be true or false".into(),
            Self::Integer(i64::MIN, _) => "must be a whole number".into(),
            Self::Integer(from, i64::MAX) => format!("must be a whole number of at least {from}"),
            Self::Integer(from, to) => format!("must be a whole number from {from} to {to}"),
            Self::Number(from, to) => format!("must be a number from {from} to {to}"),
            Self::Time => "must be an RFC 3339 time in UTC".into(),
            Self::Id => "must be a STIX id with its UUID in lower case".into(),
            Self::Word(words) => format!("must be one of {}", words.join(", ")),
            Self::Texts => "must be a list of strings that is not empty".into(),
            Self::Ids => {
                "must be a list, not empty, of STIX ids with their UUIDs in lower case".into()
            }
            Self::List => "must be a list that is not empty".into(),
            Self::Dictionary => "must be a JSON object that is not empty".into(),
        }
    }
}

/// A property's JSON, if it is there and not `null`.
fn present<'a>(properties: &Properties<'a>, name: &str) -> Option<&'a str> {
    let value = properties.get(name)?.get();
    (value != "null").then_some(value)
}

fn read<T: DeserializeOwned>(json: &str) -> Option<T> {
    serde_json::from_str(json).ok()
}

fn instant(json: &str) -> Option<i64> {
    time::parse(&read::<String>(json)?).ok().map(|at| at.micros)
}

/// `a, b or c with d`.
fn names_of(groups: &[&[Property]]) -> String {
    let mut names: Vec<_> = groups
        .iter()
        .map(|group| {
            group
                .iter()
                .map(|(name, _)| *name)
                .collect::<Vec<_>>()
                .join(" with ")
        })
        .collect();
    let last = names.pop().unwrap_or_default();
    match names.is_empty() {
        true => last,
        false => format!("{} or {last}", names.join(", ")),
    }
}
