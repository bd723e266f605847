//! The data directory: one chain, one format, one process.

use crate::journal::{self, Found, Journal};
use alloy_primitives::B256;
use hansa_primitives::genesis_timestamp_ms as now_ms;
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};
use thiserror::Error;

/// Version of everything below the data directory. Raised when an older node could not read it.
const FORMAT: u32 = 5;
const MARKER: &str = "chain.json";
/// The marker while it is written: see [`write_durably`].
const NEW_MARKER: &str = "chain.new";
const LOCK: &str = "lock";
const STORAGE: &str = "storage";
/// How long a node waits for whoever has the lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a data directory cannot be used.
#[derive(Debug, Error)]
pub enum DataDirError {
    /// It cannot be read or written.
    #[error(
        "data directory {path}: {source}\ncheck that it exists, is writable, and has space left"
    )]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It belongs to another chain.
    #[error(
        "data directory {path} belongs to another chain (genesis {found}, expected {expected})\nuse another data_dir, or the genesis file that it was made with"
    )]
    Foreign {
        /// Which.
        path: PathBuf,
        /// The genesis it was made for.
        found: B256,
        /// The genesis of the configuration.
        expected: B256,
    },
    /// Another version wrote it.
    #[error(
        "data directory {path} has storage format {found}, this version reads {FORMAT}\nrun the version that wrote it, or start with an empty data_dir and catch up from peers"
    )]
    Format {
        /// Which.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// There is something in it that no node wrote, or its marker is damaged.
    #[error(
        "data directory {path} is not a Hansa data directory or is damaged: {reason}\nmove it away and start with an empty one: the node catches up from peers"
    )]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// What consensus and state keep in it cannot be read.
    #[error(
        "data directory {path}: its databases cannot be opened: {reason}\ncheck that the disk works and has space left; if it does, they are damaged: move {storage} away and start again: the node catches up from peers, and an operator votes again from the next epoch on (on the hub it starts once with --lost-journal)"
    )]
    Databases {
        /// Which.
        path: PathBuf,
        /// Where they are.
        storage: PathBuf,
        /// What was found.
        reason: String,
    },
    /// A node runs on it.
    #[error(
        "data directory {path} is in use by another node\nstop that node first, or use another data_dir"
    )]
    Locked {
        /// Which.
        path: PathBuf,
    },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Marker {
    format: u32,
    genesis: B256,
    /// The id of the consensus journal. Kept with the journal as well.
    journal: B256,
    /// The node votes in epochs that began after this, milliseconds since 1970; in all, if there is none.
    #[serde(default)]
    votes_after_ms: Option<u64>,
    /// The chain's state came from peers: blocks before that are not here.
    #[serde(default)]
    from_state: bool,
    /// The journal has its id with it, so one without is another.
    #[serde(default)]
    named: bool,
}

/// An opened data directory. Locked until dropped.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    marker: Marker,
    /// Whether the marker says something else than what is written.
    changed: bool,
    _lock: fs::File,
}

impl DataDir {
    /// Opens or makes the directory for the chain with this genesis hash. `from_state` matters only for one that is made.
    pub(crate) fn open(path: &Path, genesis: B256, from_state: bool) -> Result<Self, DataDirError> {
        let io = |source| DataDirError::Io {
            path: path.into(),
            source,
        };
        fs::create_dir_all(path).map_err(io)?;
        let lock = fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(lock_of(path))
            .map_err(io)?;
        if !wait_for(&lock).map_err(io)? {
            return Err(DataDirError::Locked { path: path.into() });
        }
        let mut marker = Self::check(path, genesis, from_state)?;
        let changed = take_stock(path, &mut marker).map_err(io)?;
        Ok(Self {
            path: path.into(),
            marker,
            changed,
            _lock: lock,
        })
    }

    /// The id of the consensus journal here: a new one, if the journal is gone.
    pub(crate) const fn journal(&self) -> B256 {
        self.marker.journal
    }

    /// Whether the chain's state came, or is to come, from peers.
    pub(crate) const fn joined_from_state(&self) -> bool {
        self.marker.from_state
    }

    /// See [`hansa_engine::Config::votes_after_ms`].
    pub(crate) const fn votes_after_ms(&self) -> Option<u64> {
        self.marker.votes_after_ms
    }

    /// Keeps the node from voting in epochs that began by `now_ms`, for good.
    pub(crate) fn vote_after(&mut self, now_ms: u64) -> Result<(), DataDirError> {
        self.marker.votes_after_ms = Some(now_ms);
        self.changed = true;
        self.save()
    }

    /// Writes down which journal is here. Before that, a directory whose journal is gone is left as it was found.
    pub(crate) fn save(&mut self) -> Result<(), DataDirError> {
        if self.changed {
            name_journal(&self.path, &self.marker)?;
            self.marker.named = true;
            write_marker(&self.path, &self.marker)?;
            self.changed = false;
        }
        Ok(())
    }

    fn check(directory: &Path, genesis: B256, from_state: bool) -> Result<Marker, DataDirError> {
        let path = directory.to_path_buf();
        let io = |source| DataDirError::Io {
            path: path.clone(),
            source,
        };
        let damaged = |reason: String| DataDirError::Damaged {
            path: path.clone(),
            reason,
        };
        let marker = directory.join(MARKER);
        match fs::read(&marker) {
            Ok(bytes) => {
                let broken = |error| damaged(format!("{MARKER}: {error}"));
                let Format { format } = serde_json::from_slice(&bytes).map_err(broken)?;
                if format != FORMAT {
                    let found = format;
                    return Err(DataDirError::Format { path, found });
                }
                let found: Marker = serde_json::from_slice(&bytes).map_err(broken)?;
                if found.genesis != genesis {
                    return Err(DataDirError::Foreign {
                        path,
                        found: found.genesis,
                        expected: genesis,
                    });
                }
                Ok(found)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // A first start that was cut short leaves the journal's id, an unfinished marker, and nothing
                // else; a file system of its own has a folder for what its check finds.
                let mut known = vec![LOCK, NEW_MARKER, "lost+found"];
                if journal::is_unused(&storage_of(directory)).map_err(io)? {
                    known.push(STORAGE);
                }
                let stranger = fs::read_dir(directory)
                    .map_err(io)?
                    .filter_map(Result::ok)
                    .find(|entry| !known.iter().any(|known| entry.file_name() == *known));
                if let Some(entry) = stranger {
                    let name = entry.file_name();
                    return Err(damaged(format!(
                        "it holds {} but no {MARKER}",
                        name.to_string_lossy()
                    )));
                }
                let marker = Marker {
                    format: FORMAT,
                    genesis,
                    journal: B256::new(rand::random()),
                    votes_after_ms: None,
                    from_state,
                    named: true,
                };
                // In this order: where there is a marker, there was a journal.
                name_journal(directory, &marker)?;
                write_marker(directory, &marker)?;
                Ok(marker)
            }
            Err(error) => Err(io(error)),
        }
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where consensus and state keep their partitions.
    pub(crate) fn storage(&self) -> PathBuf {
        storage_of(&self.path)
    }

    /// The key that a follower is known by on the network.
    pub(crate) fn network_key(&self) -> PathBuf {
        self.path.join("network-key")
    }

    /// Evidence against operators.
    pub(crate) fn evidence(&self) -> PathBuf {
        self.path.join("evidence")
    }

    /// What zones keep beside their partitions of the storage.
    pub(crate) fn zones(&self) -> PathBuf {
        self.path.join("zones")
    }

    /// The index file.
    pub(crate) fn index(&self) -> PathBuf {
        self.path.join("index.redb")
    }
}

/// The part of a marker that every version reads.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// Compares the marker with the journal that is there, and says whether it was changed: a journal that is not the marker's may
/// lack votes.
fn take_stock(directory: &Path, marker: &mut Marker) -> std::io::Result<bool> {
    let id = match journal::find(&storage_of(directory))? {
        Found::Named(journal) if journal.id == marker.journal => return Ok(!marker.named),
        Found::Unnamed if !marker.named => return Ok(true),
        Found::Named(journal) => journal.id,
        Found::Unnamed | Found::Nothing => B256::new(rand::random()),
    };
    marker.journal = id;
    marker.votes_after_ms = Some(now_ms());
    Ok(true)
}

/// Writes the id of the journal where the journal is.
fn name_journal(directory: &Path, marker: &Marker) -> Result<(), DataDirError> {
    let journal = Journal {
        id: marker.journal,
        votes_after_ms: None,
    };
    journal::keep(&storage_of(directory), journal).map_err(|source| DataDirError::Io {
        path: directory.into(),
        source,
    })
}

fn write_marker(directory: &Path, marker: &Marker) -> Result<(), DataDirError> {
    let bytes = serde_json::to_vec_pretty(marker).map_err(|error| DataDirError::Damaged {
        path: directory.into(),
        reason: error.to_string(),
    })?;
    write_durably(&directory.join(MARKER), &bytes).map_err(|source| DataDirError::Io {
        path: directory.into(),
        source,
    })
}

/// Takes a lock, and says whether it did. A process that was killed keeps it until its last thread is gone, which can be after it counts as ended.
pub(crate) fn wait_for(lock: &fs::File) -> std::io::Result<bool> {
    let begin = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(true),
            Err(fs::TryLockError::Error(error)) => return Err(error),
            Err(fs::TryLockError::WouldBlock) if begin.elapsed() >= PATIENCE => return Ok(false),
            Err(fs::TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// See [`DataDir::storage`].
pub(crate) fn storage_of(data_dir: &Path) -> PathBuf {
    data_dir.join(STORAGE)
}

/// The file that is locked while a node uses a data directory.
pub(crate) fn lock_of(data_dir: &Path) -> PathBuf {
    data_dir.join(LOCK)
}

/// Writes a file so that a crash leaves either nothing or all of it.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension("new");
    fs::write(&temporary, bytes)?;
    fs::File::open(&temporary)?.sync_all()?;
    fs::rename(&temporary, path)?;
    if let Some(folder) = path.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_for_one_chain_one_format_and_one_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let (ours, theirs) = (B256::repeat_byte(1), B256::repeat_byte(2));
        let open = DataDir::open(&path, ours, false).unwrap();
        let second = DataDir::open(&path, ours, false).unwrap_err();
        assert!(matches!(second, DataDirError::Locked { .. }), "{second}");
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(200));
                drop(open);
            });
            drop(DataDir::open(&path, ours, false).unwrap());
        });
        let foreign = DataDir::open(&path, theirs, false).unwrap_err();
        assert!(matches!(foreign, DataDirError::Foreign { .. }), "{foreign}");
        let marker = path.join(MARKER);
        let text = fs::read_to_string(&marker).unwrap();
        fs::write(
            &marker,
            text.replace(&format!("\"format\": {FORMAT}"), "\"format\": 9"),
        )
        .unwrap();
        let format = DataDir::open(&path, ours, false).unwrap_err();
        assert!(
            matches!(format, DataDirError::Format { found: 9, .. }),
            "{format}"
        );
        fs::write(&marker, "{").unwrap();
        let damaged = DataDir::open(&path, ours, false).unwrap_err();
        assert!(damaged.to_string().contains(&path.display().to_string()));
        fs::remove_file(&marker).unwrap();
        fs::write(path.join("holiday.jpg"), "x").unwrap();
        let stranger = DataDir::open(&path, ours, false).unwrap_err();
        assert!(
            matches!(stranger, DataDirError::Damaged { .. }),
            "{stranger}"
        );
    }

    #[test]
    fn a_first_start_that_was_cut_short_bricks_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        fs::write(path.join(NEW_MARKER), "{\"form").unwrap();
        fs::create_dir(path.join("lost+found")).unwrap();
        let genesis = B256::repeat_byte(1);
        drop(DataDir::open(path, genesis, false).unwrap());
        assert!(!path.join(NEW_MARKER).exists());
        // The journal's id is written before the marker.
        fs::remove_file(path.join(MARKER)).unwrap();
        assert_eq!(
            DataDir::open(path, genesis, false)
                .unwrap()
                .votes_after_ms(),
            None
        );
        drop(DataDir::open(path, genesis, false).unwrap());
    }

    #[test]
    fn a_journal_that_is_gone_is_noticed_and_left_alone_until_that_is_settled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let genesis = B256::repeat_byte(1);
        let open = || DataDir::open(path, genesis, false).unwrap();
        let look = || {
            let open = open();
            (open.journal(), open.votes_after_ms())
        };
        let (first, _) = look();
        assert_eq!(look(), (first, None));
        // Removed, emptied, damaged.
        let (storage, id) = (storage_of(path), storage_of(path).join("journal.json"));
        fs::create_dir(storage.join("hub-blocks-keys")).unwrap();
        let written = fs::read(&id).unwrap();
        fs::write(&id, "{").unwrap();
        let (damaged, votes_after_ms) = look();
        assert_ne!(damaged, first);
        assert!(votes_after_ms.is_some());
        fs::remove_dir_all(&storage).unwrap();
        assert_ne!(look().0, first);
        fs::create_dir(&storage).unwrap();
        assert_ne!(look().0, first);
        // Put back, it is the same again.
        fs::write(&id, &written).unwrap();
        assert_eq!(look(), (first, None));
        fs::remove_dir_all(&storage).unwrap();
        let mut lost = open();
        lost.save().unwrap();
        let second = lost.journal();
        drop(lost);
        let (again, votes_after_ms) = look();
        assert_eq!(again, second);
        assert!(votes_after_ms.is_some());
        // That of the marker is the second one now.
        fs::write(&id, &written).unwrap();
        assert_eq!(look().0, first);
    }

    #[test]
    fn a_directory_of_a_version_that_named_no_journals_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let open = || DataDir::open(path, B256::repeat_byte(1), false).unwrap();
        let first = open().journal();
        let id = storage_of(path).join("journal.json");
        fs::remove_file(&id).unwrap();
        fs::create_dir(storage_of(path).join("hub-blocks-keys")).unwrap();
        let marker = path.join(MARKER);
        let text = fs::read_to_string(&marker).unwrap();
        let text = text.replace("\"named\": true", "\"named\": false");
        fs::write(&marker, text).unwrap();
        let mut old = open();
        assert_eq!((old.journal(), old.votes_after_ms()), (first, None));
        old.save().unwrap();
        drop(old);
        assert!(id.exists());
        let again = open();
        assert_eq!((again.journal(), again.votes_after_ms()), (first, None));
        drop(again);
        // Once it was named, databases without an id are not the journal's.
        fs::remove_file(&id).unwrap();
        assert_ne!(open().journal(), first);
    }
}
