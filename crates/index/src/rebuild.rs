//! Starting over.

use crate::{
    Config, Index, IndexError,
    diffs::DiffIndex,
    locations::{ADDRESSES, Fresh, TRANSACTIONS},
    objects::Shelf,
    store,
    tables::*,
};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

impl Index {
    /// Removes everything; the index is then as if created.
    ///
    /// # Errors
    /// The database failed; nothing is changed then.
    pub fn clear(&self) -> Result<(), IndexError> {
        let inner = &*self.inner;
        let mut writer = inner.writer.lock();
        let write = inner.database.begin_write()?;
        for table in ALL_BLOBS {
            write.delete_table(table)?;
        }
        write.delete_table(META)?;
        write.delete_table(BLOOMS)?;
        write.delete_table(HASHES)?;
        write.delete_table(ALERTS)?;
        write.delete_table(LIVE_ALERTS)?;
        write.delete_table(REVOKED)?;
        write.delete_table(SIGHTINGS)?;
        store::create_tables(&write, &inner.config)?;
        write.commit()?;
        writer.pending = 0;
        let mut live = inner.live.write();
        live.head = None;
        live.oldest = 0;
        live.fresh = Fresh::new(&TRANSACTIONS, inner.mask);
        live.addresses = Fresh::new(&ADDRESSES, inner.mask);
        live.diffs = DiffIndex::load(&inner.database, inner.config.diff_cache_bytes)?;
        *inner.shelf.write() = Shelf::default();
        inner.blocks.clear();
        inner.receipts.clear();
        Ok(())
    }

    /// Builds a new index beside the one at `path`, lets `feed` fill it, and puts it in the other's place at
    /// once. The old file stays as it is until then, whatever fails; nobody may have it open. The feed
    /// need not be durable block by block.
    ///
    /// # Errors
    /// What `feed` returns, or storage.
    pub fn rebuild<E: From<IndexError>>(
        path: impl AsRef<Path>,
        config: Config,
        feed: impl FnOnce(&Self) -> Result<(), E>,
    ) -> Result<Self, E> {
        let path = path.as_ref();
        let beside = beside(path);
        remove(&beside)?;
        let building = Config {
            durability: crate::Durability::EveryBlocks(1_000),
            ..config.clone()
        };
        let fresh = Self::open(&beside, building)?;
        feed(&fresh)?;
        fresh.flush()?;
        drop(fresh);
        swap(&beside, path).map_err(|error| storage(path, &error))?;
        Ok(Self::open(path, config)?)
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".rebuild");
    name.into()
}

/// Renames, and makes the renaming durable.
fn swap(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::rename(from, to)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn remove(path: &Path) -> Result<(), IndexError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(storage(path, &error)),
        _ => Ok(()),
    }
}

fn storage(path: &Path, error: &std::io::Error) -> IndexError {
    IndexError::Storage(format!("{}: {error}", path.display()))
}
