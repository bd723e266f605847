//! A key that votes, and the journal that remembers what it voted for, belong together.
//!
//! Consensus writes down every vote before it sends it. A key that is started without that journal can sign another vote
//! for the same view, which is a fault that is slashed. So there is a record beside each operator key, `<key>.voter`: for
//! each chain, zones as well, which data directory holds the journal. It is locked while a node runs: one node per key on a machine.

use crate::datadir::{wait_for, write_durably};
use alloy_primitives::B256;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, ErrorKind, Read as _},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};
use thiserror::Error;

/// Largest record, bytes: more chains than a machine can follow.
const MAX_RECORD_BYTES: u64 = 64 * 1_024;

/// Why a key must not vote here.
#[derive(Debug, Error)]
pub enum VoterError {
    /// The record cannot be read or written.
    #[error(
        "{path}: {source}\ncheck that its folder is writable: what a key voted for is recorded there"
    )]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The record is damaged.
    #[error(
        "{path} is not a record of a voting key: {reason}\nrestore it from a backup; or, if this key runs nowhere else, remove it and start once with --lost-journal"
    )]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// A node runs with this key.
    #[error(
        "another node runs with the key {key}\nstop it first: two nodes that vote with one key are slashed"
    )]
    InUse {
        /// The key file.
        key: PathBuf,
    },
    /// The journal is not here.
    #[error(
        "the key {key} has voted on this chain with a journal that is not in {data_dir}\nstart with the data directory that it voted with, with all of its storage/; or, if that is lost and this key runs nowhere else, start once with --lost-journal: the node votes again from the next epoch on"
    )]
    LostJournal {
        /// The key file.
        key: PathBuf,
        /// The data directory that was to be used.
        data_dir: PathBuf,
    },
}

/// The journal of each chain that a key votes on, by genesis hash.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Record(BTreeMap<B256, B256>);

/// A key that may vote. Nobody else can start with it until this is dropped.
#[derive(Debug)]
pub(crate) struct Voter {
    path: PathBuf,
    record: Mutex<Record>,
    _lock: fs::File,
}

/// What a key votes with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Journal<'a> {
    /// The operator's key file.
    pub(crate) key: &'a Path,
    /// Where the journal is.
    pub(crate) data_dir: &'a Path,
    /// The chain.
    pub(crate) genesis: B256,
    /// The journal's id.
    pub(crate) id: B256,
}

impl Voter {
    /// Takes the key for a journal. If it voted with another one, that is an error, or, with `lost`, `abstain` is called before
    /// the key is recorded to vote with this one: it has to keep the node from voting in epochs that the other journal may know.
    pub(crate) fn take<E: From<VoterError>>(
        journal: Journal<'_>,
        lost: bool,
        abstain: impl FnOnce() -> Result<(), E>,
    ) -> Result<Self, E> {
        let path = record_of(journal.key);
        let io = |source| VoterError::Io {
            path: path.clone(),
            source,
        };
        let lock = fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.with_extension("lock"))
            .map_err(io)?;
        if !wait_for(&lock).map_err(io)? {
            let key = journal.key.into();
            return Err(VoterError::InUse { key }.into());
        }
        let mut record = read(&path)?;
        let known = record.0.insert(journal.genesis, journal.id);
        let voter = Self {
            path: path.clone(),
            record: Mutex::new(record),
            _lock: lock,
        };
        if known == Some(journal.id) {
            return Ok(voter);
        }
        if lost {
            abstain()?;
        } else if known.is_some() {
            let (key, data_dir) = (journal.key.into(), journal.data_dir.into());
            return Err(VoterError::LostJournal { key, data_dir }.into());
        }
        write(&path, &voter.known()).map_err(io)?;
        Ok(voter)
    }

    /// Whether the key may have voted on a zone with this genesis, whatever is left of it here.
    pub(crate) fn has_voted(&self, zone: B256) -> bool {
        self.known().0.contains_key(&zone)
    }

    /// Writes down that the key votes on a zone with this genesis, with the journal `id`. Durable when it returns: only then it may vote.
    pub(crate) fn votes_on(&self, zone: B256, id: B256) -> Result<(), VoterError> {
        let mut record = self.known();
        let former = record.0.insert(zone, id);
        if former == Some(id) {
            return Ok(());
        }
        write(&self.path, &record).map_err(|source| {
            // What is not on the disk is tried again, and what is there is not forgotten.
            match former {
                Some(former) => record.0.insert(zone, former),
                None => record.0.remove(&zone),
            };
            let path = self.path.clone();
            VoterError::Io { path, source }
        })
    }

    fn known(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The record of a key file.
fn record_of(key: &Path) -> PathBuf {
    let mut name = key.file_name().unwrap_or_default().to_owned();
    name.push(".voter");
    key.with_file_name(name)
}

fn write(path: &Path, record: &Record) -> io::Result<()> {
    write_durably(path, &serde_json::to_vec_pretty(record)?)
}

fn read(path: &Path) -> Result<Record, VoterError> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Record::default()),
        Err(source) => {
            let path = path.into();
            return Err(VoterError::Io { path, source });
        }
    };
    let mut bytes = Vec::new();
    file.take(MAX_RECORD_BYTES)
        .read_to_end(&mut bytes)
        .map_err(|source| VoterError::Io {
            path: path.into(),
            source,
        })?;
    serde_json::from_slice(&bytes).map_err(|error| VoterError::Damaged {
        path: path.into(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_key_votes_with_one_journal_per_chain_and_in_one_node() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("operator.key");
        let journal = |genesis, id| Journal {
            key: &key,
            data_dir: folder.path(),
            genesis: B256::repeat_byte(genesis),
            id: B256::repeat_byte(id),
        };
        let abstained = Cell::new(0);
        let take = |genesis, id, lost| {
            Voter::take::<VoterError>(journal(genesis, id), lost, || {
                abstained.set(abstained.get() + 1);
                Ok(())
            })
        };
        let voter = take(1, 1, false).unwrap();
        let second = take(1, 1, true).unwrap_err();
        assert!(matches!(second, VoterError::InUse { .. }), "{second}");
        drop(voter);
        drop(take(1, 1, false).unwrap());
        // Another chain has a journal of its own.
        drop(take(2, 7, false).unwrap());
        let lost = take(1, 2, false).unwrap_err();
        assert!(matches!(lost, VoterError::LostJournal { .. }), "{lost}");
        // A refusal changes nothing, and a journal that is there is not lost.
        drop(take(1, 1, true).unwrap());
        assert_eq!(abstained.get(), 0);
        drop(take(1, 2, true).unwrap());
        assert_eq!(abstained.get(), 1);
        drop(take(1, 2, false).unwrap());
        let former = take(1, 1, false).unwrap_err();
        assert!(matches!(former, VoterError::LostJournal { .. }), "{former}");
        let voter = take(1, 2, false).unwrap();
        let zone = B256::repeat_byte(9);
        assert!(!voter.has_voted(zone));
        voter.votes_on(zone, B256::repeat_byte(2)).unwrap();
        drop(voter);
        let voter = take(1, 2, false).unwrap();
        assert!(voter.has_voted(zone));
        // A record that cannot be written changes nothing: neither what is known, nor what is on the disk.
        let (path, aside) = (record_of(&key), folder.path().join("aside"));
        fs::rename(&path, &aside).unwrap();
        fs::create_dir(&path).unwrap();
        let unknown = B256::repeat_byte(10);
        for of in [zone, unknown] {
            voter.votes_on(of, B256::repeat_byte(3)).unwrap_err();
        }
        assert!(voter.has_voted(zone) && !voter.has_voted(unknown));
        fs::remove_dir(&path).unwrap();
        fs::rename(&aside, &path).unwrap();
        drop(voter);
        fs::write(record_of(&key), "{").unwrap();
        let damaged = take(1, 2, true).unwrap_err();
        assert!(matches!(damaged, VoterError::Damaged { .. }), "{damaged}");
    }
}
