//! One pass over JSON that checks what serde does not: depth, and names that repeat.

use super::{MAX_DEPTH, StixError};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::{cell::RefCell, collections::BTreeSet, fmt};

/// Checks that `content` is one JSON value within [`MAX_DEPTH`] whose objects name nothing twice.
pub(super) fn check(content: &[u8]) -> Result<(), StixError> {
    let cause = RefCell::new(None);
    let mut json = serde_json::Deserializer::from_slice(content);
    let result = Level {
        depth: 0,
        cause: &cause,
    }
    .deserialize(&mut json)
    .and_then(|()| json.end());
    match result {
        Ok(()) => Ok(()),
        Err(error) => Err(cause
            .into_inner()
            .unwrap_or_else(|| StixError::Json(error.to_string()))),
    }
}

/// A value at a depth. serde's errors carry only text, so the typed cause travels beside them.
#[derive(Clone, Copy)]
struct Level<'c> {
    depth: usize,
    cause: &'c RefCell<Option<StixError>>,
}

impl Level<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(self.fail(StixError::TooDeep));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }

    fn fail<E: Error>(self, cause: StixError) -> E {
        let error = E::custom(&cause);
        self.cause.replace(Some(cause));
        error
    }
}

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = ();

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        while list.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        let mut names = BTreeSet::new();
        while let Some(name) = object.next_key::<String>()? {
            if names.contains(&name) {
                return Err(self.fail(StixError::RepeatedName(name.chars().take(80).collect())));
            }
            names.insert(name);
            object.next_value_seed(inner)?;
        }
        Ok(())
    }
}
