//! Opening the file, and what is kept in memory beside it.

use crate::{
    Config, IndexError,
    cache::Cache,
    codec,
    diffs::DiffIndex,
    locations::{ADDRESSES, Fresh, TRANSACTIONS},
    objects::Shelf,
    tables::*,
};
use alloy_primitives::{Address, B256};
use hansa_primitives::{Block, Receipt};
use parking_lot::{Mutex, RwLock};
use redb::{
    Database, DatabaseError, ReadableDatabase, ReadableTable, WriteTransaction,
    backends::InMemoryBackend,
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
};

/// The store. A handle: cheap to clone, safe to share between threads.
#[derive(Clone)]
pub struct Index {
    pub(crate) inner: Arc<Inner>,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Index")
            .field("path", &self.inner.path)
            .field("head", &self.head())
            .finish_non_exhaustive()
    }
}

pub(crate) struct Inner {
    pub(crate) database: Database,
    pub(crate) path: PathBuf,
    pub(crate) config: Config,
    /// Held for the length of a write: there is one writer.
    pub(crate) writer: Mutex<Writer>,
    pub(crate) live: RwLock<Live>,
    pub(crate) shelf: RwLock<Shelf>,
    pub(crate) blocks: Cache<CachedBlock>,
    pub(crate) receipts: Cache<Arc<Vec<Receipt>>>,
    pub(crate) mask: u64,
}

/// A block with its senders.
pub(crate) type CachedBlock = (Block, Arc<Vec<Address>>);

/// Buffers that are used again for each block.
#[derive(Default)]
pub(crate) struct Writer {
    pub(crate) buffer: Vec<u8>,
    /// Blocks since the last durable commit.
    pub(crate) pending: u32,
}

/// What follows the head. Changed after a commit, so what it says is in the file.
pub(crate) struct Live {
    pub(crate) head: Option<(u64, B256)>,
    pub(crate) oldest: u64,
    pub(crate) fresh: Fresh,
    pub(crate) addresses: Fresh,
    pub(crate) diffs: DiffIndex,
}

impl Index {
    /// Opens the index at `path`, or creates it.
    ///
    /// # Errors
    /// The file is in use, of another chain or format, or unreadable; each names the path and the way out.
    pub fn open(path: impl AsRef<Path>, config: Config) -> Result<Self, IndexError> {
        Self::open_masked(path.as_ref(), config, u64::MAX)
    }

    /// An index that lives and dies with its last handle.
    ///
    /// # Errors
    /// Never in practice; creating is fallible by type.
    pub fn in_memory(config: Config) -> Result<Self, IndexError> {
        Self::in_memory_masked(config, u64::MAX)
    }

    pub(crate) fn in_memory_masked(config: Config, mask: u64) -> Result<Self, IndexError> {
        let path = PathBuf::from("(in memory)");
        let database = builder(&config)
            .create_with_backend(InMemoryBackend::new())
            .map_err(|error| open_error(&path, error))?;
        Self::load(database, path, config, mask)
    }

    pub(crate) fn open_masked(path: &Path, config: Config, mask: u64) -> Result<Self, IndexError> {
        guarded(path, || {
            let database = builder(&config)
                .create(path)
                .map_err(|error| open_error(path, error))?;
            Self::load(database, path.to_owned(), config, mask)
        })
    }

    fn load(
        database: Database,
        path: PathBuf,
        config: Config,
        mask: u64,
    ) -> Result<Self, IndexError> {
        check_meta(&database, &path, &config)?;
        let (head, oldest) = bounds(&database)?;
        let mut fresh = Fresh::new(&TRANSACTIONS, mask);
        fresh.load(&database)?;
        let mut addresses = Fresh::new(&ADDRESSES, mask);
        addresses.load(&database)?;
        let live = Live {
            head,
            oldest,
            fresh,
            addresses,
            diffs: DiffIndex::load(&database, config.diff_cache_bytes)?,
        };
        let shelf = Shelf::load(&database)?;
        Ok(Self {
            inner: Arc::new(Inner {
                blocks: Cache::new(config.block_cache_bytes),
                receipts: Cache::new(config.block_cache_bytes),
                writer: Mutex::default(),
                live: RwLock::new(live),
                shelf: RwLock::new(shelf),
                database,
                path,
                config,
                mask,
            }),
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }
}

fn builder(config: &Config) -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(config.page_cache_bytes);
    builder
}

/// redb checks checksums only when it repairs, and panics on some pages that make no sense: to whoever opens
/// or verifies a file that is an error like any other.
pub(crate) fn guarded<T>(
    path: &Path,
    work: impl FnOnce() -> Result<T, IndexError>,
) -> Result<T, IndexError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(IndexError::Unreadable {
            path: path.to_owned(),
            reason: "the file is damaged".to_owned(),
        })
    })
}

fn open_error(path: &Path, error: DatabaseError) -> IndexError {
    let path = path.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen => IndexError::Busy { path },
        other => IndexError::Unreadable {
            path,
            reason: other.to_string(),
        },
    }
}

/// Checks format and genesis; a file without any tables gets them.
fn check_meta(database: &Database, path: &Path, config: &Config) -> Result<(), IndexError> {
    let unreadable = |reason: String| IndexError::Unreadable {
        path: path.to_owned(),
        reason,
    };
    let read = database.begin_read()?;
    if read.list_tables()?.next().is_none() {
        let write = database.begin_write()?;
        create_tables(&write, config)?;
        write.commit()?;
        return Ok(());
    }
    let meta = read
        .open_table(META)
        .map_err(|error| unreadable(format!("not an index ({error})")))?;
    let row = |name: &str| -> Result<Vec<u8>, IndexError> {
        let row = meta.get(name)?;
        row.map(|row| row.value().to_vec())
            .ok_or_else(|| unreadable(format!("not an index (no row {name})")))
    };
    let format = <[u8; 8]>::try_from(row("format")?.as_slice());
    let found = format.map_or(0, u64::from_be_bytes);
    if found != FORMAT {
        return Err(IndexError::Format {
            path: path.to_owned(),
            found,
            expected: FORMAT,
        });
    }
    let genesis = B256::try_from(row("genesis")?.as_slice())
        .map_err(|_| unreadable("the genesis hash has a wrong size".to_owned()))?;
    if genesis != config.genesis_hash {
        return Err(IndexError::Foreign {
            path: path.to_owned(),
            found: genesis,
            expected: config.genesis_hash,
        });
    }
    Ok(())
}

/// Opens every table once, which creates it, so that readers find all of them.
pub(crate) fn create_tables(write: &WriteTransaction, config: &Config) -> Result<(), IndexError> {
    let mut meta = write.open_table(META)?;
    meta.insert("format", FORMAT.to_be_bytes().as_slice())?;
    meta.insert("genesis", config.genesis_hash.as_slice())?;
    for table in ALL_BLOBS {
        write.open_table(table)?;
    }
    write.open_table(BLOOMS)?;
    write.open_table(HASHES)?;
    write.open_table(ALERTS)?;
    write.open_table(LIVE_ALERTS)?;
    write.open_table(REVOKED)?;
    write.open_table(SIGHTINGS)?;
    Ok(())
}

/// The head, and the first block of the unbroken run that ends in it.
fn bounds(database: &Database) -> Result<(Option<(u64, B256)>, u64), IndexError> {
    let read = database.begin_read()?;
    let headers = read.open_table(HEADERS)?;
    let Some((number, row)) = headers.last()? else {
        return Ok((None, 0));
    };
    let hash = codec::hash_of_row(row.value())?;
    let meta = read.open_table(META)?;
    let oldest = meta
        .get("oldest")?
        .and_then(|row| <[u8; 8]>::try_from(row.value()).ok())
        .map(u64::from_be_bytes)
        .ok_or_else(|| IndexError::damaged("meta", "no row oldest"))?;
    Ok((Some((number.value(), hash)), oldest))
}
