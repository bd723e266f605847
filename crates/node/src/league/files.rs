//! Writing files whole, and secrets for their owner only.

use super::LeagueError;
use serde::Serialize;
use std::{
    fs,
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

/// Writes a file so that a crash leaves the old one or the new one.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), LeagueError> {
    write_mode(path, bytes, 0o644)
}

/// As [`write`], readable by its owner only.
pub(super) fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), LeagueError> {
    write_mode(path, bytes, 0o600)
}

/// As [`write_secret`]: documents of a development league hold private keys.
pub(super) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), LeagueError> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|error| LeagueError::Damaged {
        path: path.into(),
        reason: error.to_string(),
    })?;
    bytes.push(b'\n');
    write_secret(path, &bytes)
}

/// As [`write`], as TOML.
pub(super) fn write_toml(path: &Path, value: &impl Serialize) -> Result<(), LeagueError> {
    let text = toml::to_string(value).map_err(|error| LeagueError::Damaged {
        path: path.into(),
        reason: error.to_string(),
    })?;
    write(path, text.as_bytes())
}

fn write_mode(path: &Path, bytes: &[u8], mode: u32) -> Result<(), LeagueError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let temporary = path.with_file_name(name);
    let write = || {
        // One that a crash left could have other permissions.
        let _ = fs::remove_file(&temporary);
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().map_err(LeagueError::io(path))
}

/// Takes a file's permissions from everybody but its owner.
pub(super) fn hide(path: &Path) -> Result<(), LeagueError> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(LeagueError::io(path))
}

/// Whether others than its owner may read a file.
pub(super) fn exposed(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

/// Makes a folder and those above it.
pub(super) fn make_dir(path: &Path) -> Result<(), LeagueError> {
    fs::create_dir_all(path).map_err(LeagueError::io(path))
}

/// Bytes below a folder, as allocated on disk.
pub(crate) fn disk_bytes(path: &Path) -> u64 {
    let Ok(metadata) = path.symlink_metadata() else {
        return 0;
    };
    let own = std::os::unix::fs::MetadataExt::blocks(&metadata) * 512;
    if !metadata.is_dir() {
        return own;
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    own + entries.map(|entry| disk_bytes(&entry.path())).sum::<u64>()
}
