//! The data directory: one chain, one format, one process.

use alloy_primitives::B256;
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
    /// The id of the consensus journal, made with the directory.
    journal: B256,
    /// The node votes in epochs that began after this, milliseconds since 1970; in all, if there is none.
    #[serde(default)]
    votes_after_ms: Option<u64>,
    /// The chain's state came from peers: blocks before that are not here.
    #[serde(default)]
    from_state: bool,
}

/// An opened data directory. Locked until dropped.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    marker: Marker,
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
        Ok(Self {
            path: path.into(),
            marker: Self::check(path, genesis, from_state)?,
            _lock: lock,
        })
    }

    /// The id of the consensus journal here.
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
        write_marker(&self.path, &self.marker)
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
                // A first start that was cut short leaves an unfinished marker and nothing else; a
                // file system of its own has a folder for what its check finds.
                let known = [LOCK, NEW_MARKER, "lost+found"];
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
                };
                write_marker(directory, &marker)?;
                Ok(marker)
            }
            Err(error) => Err(io(error)),
        }
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
fn wait_for(lock: &fs::File) -> std::io::Result<bool> {
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
    data_dir.join("storage")
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
        drop(DataDir::open(path, genesis, false).unwrap());
    }
}
