//! The index as the store of state history.

use crate::{Index, StateDiff};
use hansa_state::{Diff, PreImages, StateError, StateKey, StateValue};

/// What [`hansa_state::FinalizedState`] looks older states up in.
impl PreImages for Index {
    fn previous(
        &self,
        key: &StateKey,
        number: u64,
    ) -> Result<Option<Option<StateValue>>, StateError> {
        let failed = |error: &dyn std::fmt::Display| StateError::Database(error.to_string());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(key.as_ref());
        let found = Index::previous(self, &bytes, number).map_err(|error| failed(&error))?;
        let decode = |value: Vec<u8>| {
            let value: [u8; 72] = value
                .try_into()
                .map_err(|_| failed(&"a stored state value has another size"))?;
            Ok(StateValue::new(value))
        };
        found.map(|value| value.map(decode).transpose()).transpose()
    }

    fn oldest_state(&self) -> Option<u64> {
        Index::oldest_state(self)
    }
}

/// A diff as the index stores it.
pub fn state_diff(diff: &Diff) -> StateDiff {
    diff.iter()
        .map(|(key, value)| {
            let mut bytes = [0; 32];
            bytes.copy_from_slice(key.as_ref());
            (bytes, value.as_ref().map(|value| value.to_vec()))
        })
        .collect()
}
