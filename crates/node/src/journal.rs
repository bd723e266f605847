//! The id of a chain's consensus journal, kept in the folder of its databases: whoever loses the journal loses the id with it.

use crate::datadir::write_durably;
use alloy_primitives::B256;
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::{self, ErrorKind},
    path::Path,
};

/// In the folder of the databases, beside their partitions.
const FILE: &str = "journal.json";

/// What is written there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Journal {
    pub(crate) id: B256,
    /// The node votes in epochs of this chain that began after this, milliseconds since 1970; in all, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) votes_after_ms: Option<u64>,
}

/// What a folder of databases holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A journal with its id.
    Named(Journal),
    /// Databases of a version that wrote no id.
    Unnamed,
    /// No journal, or none that can be told from another.
    Nothing,
}

/// Looks for the journal in `storage`.
pub(crate) fn find(storage: &Path) -> io::Result<Found> {
    match fs::read(storage.join(FILE)) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).map_or(Found::Nothing, Found::Named)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if is_unused(storage)? {
                Ok(Found::Nothing)
            } else {
                Ok(Found::Unnamed)
            }
        }
        Err(error) => Err(error),
    }
}

/// Whether nothing but an id was ever written to `storage`.
pub(crate) fn is_unused(storage: &Path) -> io::Result<bool> {
    let entries = match fs::read_dir(storage) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
        entries => entries?,
    };
    for entry in entries {
        let name = entry?.file_name();
        // A file system of its own has a folder for what its check finds.
        let is_id = Path::new(&name).file_stem() == Path::new(FILE).file_stem();
        if !is_id && name != "lost+found" {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes the id into `storage`, which is made if it is missing. Durable when it returns.
pub(crate) fn keep(storage: &Path, journal: Journal) -> io::Result<()> {
    fs::create_dir_all(storage)?;
    write_durably(&storage.join(FILE), &serde_json::to_vec_pretty(&journal)?)?;
    if let Some(folder) = storage.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Makes `storage` hold the journal `id` of a chain that was begun here or not, on which the operator's key is recorded to have voted or not, and says
/// after when the node may vote with it: from `now_ms` on, if the journal that it voted with is not there.
pub(crate) fn settle(
    storage: &Path,
    id: B256,
    (is_begun, has_voted): (bool, bool),
    now_ms: u64,
) -> io::Result<Option<u64>> {
    let votes_after_ms = match find(storage)? {
        Found::Named(journal) if journal.id == id => return Ok(journal.votes_after_ms),
        Found::Named(_) => Some(now_ms),
        Found::Nothing => (is_begun || has_voted).then_some(now_ms),
        // Journals have had ids since before keys were recorded.
        Found::Unnamed => has_voted.then_some(now_ms),
    };
    if votes_after_ms.is_some() {
        tracing::warn!(storage = %storage.display(), "the consensus journal that this chain had here is gone: the node votes in it from the next epoch on");
    }
    keep(storage, Journal { id, votes_after_ms })?;
    Ok(votes_after_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: B256 = B256::repeat_byte(1);

    #[test]
    fn a_chain_votes_at_once_only_with_the_journal_that_it_voted_with() {
        let folder = tempfile::tempdir().unwrap();
        let storage = folder.path().join("storage");
        let settle = |id, is_begun, now_ms| settle(&storage, id, is_begun, now_ms).unwrap();
        assert_eq!(settle(ID, (false, false), 5), None);
        assert_eq!(settle(ID, (true, true), 6), None);
        fs::remove_dir_all(&storage).unwrap();
        assert_eq!(settle(ID, (true, false), 7), Some(7));
        // It stays so, until it is lost again or replaced.
        assert_eq!(settle(ID, (true, false), 8), Some(7));
        assert_eq!(settle(B256::repeat_byte(2), (true, false), 9), Some(9));
        fs::write(storage.join(FILE), "{").unwrap();
        assert_eq!(settle(ID, (true, false), 10), Some(10));
        fs::remove_file(storage.join(FILE)).unwrap();
        assert_eq!(settle(ID, (true, false), 11), Some(11));
        // Nothing of the chain is left, but the key remembers.
        fs::remove_dir_all(&storage).unwrap();
        assert_eq!(settle(ID, (false, true), 12), Some(12));
    }

    #[test]
    fn databases_of_a_version_without_ids_are_taken_over_once() {
        let folder = tempfile::tempdir().unwrap();
        let storage = folder.path().join("storage");
        fs::create_dir_all(storage.join("zone-1-blocks-keys")).unwrap();
        assert_eq!(find(&storage).unwrap(), Found::Unnamed);
        assert_eq!(settle(&storage, ID, (true, false), 5).unwrap(), None);
        let named = Journal {
            id: ID,
            votes_after_ms: None,
        };
        assert_eq!(find(&storage).unwrap(), Found::Named(named));
        fs::remove_file(storage.join(FILE)).unwrap();
        assert_eq!(settle(&storage, ID, (true, true), 6).unwrap(), Some(6));
    }
}
