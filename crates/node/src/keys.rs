//! The operator's ed25519 key, on disk.
//!
//! A file of one line: the private key in hex, readable by its owner only. It signs votes: whoever has
//! it can vote in the operator's name.

use commonware_codec::{DecodeExt as _, Encode as _};
use commonware_cryptography::Signer as _;
use hansa_primitives::{PrivateKey, PublicKey};
use std::{
    io::Write as _,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Why a key cannot be used.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file does not hold a key.
    #[error(
        "{path}: not an operator key: expected 64 hex digits (make one with `hansa keys operator`)"
    )]
    Malformed {
        /// Which.
        path: PathBuf,
    },
    /// Others could read it.
    #[error("{path}: other users can read this key; run `chmod 600 {path}`")]
    Exposed {
        /// Which.
        path: PathBuf,
    },
}

/// A new key.
pub fn generate_key() -> (PrivateKey, PublicKey) {
    let mut bytes = [0; 32];
    rand::Rng::fill(&mut rand::rng(), &mut bytes);
    let key = PrivateKey::decode(bytes.to_vec())
        .unwrap_or_else(|error| panic!("any 32 bytes are an ed25519 private key: {error}"));
    let public = key.public_key();
    (key, public)
}

/// Writes a key to a new file, readable by its owner only. A full disk or a crash leaves the whole file
/// or none of this name.
///
/// # Errors
/// The file exists or cannot be written.
pub fn save_key(path: &Path, key: &PrivateKey) -> Result<(), KeyError> {
    write_secret(path, &key.encode())
}

/// Writes a secret in hex, as [`save_key`] does.
pub(crate) fn write_secret(path: &Path, secret: &[u8]) -> Result<(), KeyError> {
    let failed = |source| KeyError::Io {
        path: path.into(),
        source,
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let temporary = path.with_file_name(name);
    // One that a crash left: it was never anybody's key.
    let _ = std::fs::remove_file(&temporary);
    let written = write_new(&temporary, secret)
        // Unlike a renaming, a link never replaces a key that is there.
        .and_then(|()| std::fs::hard_link(&temporary, path));
    let _ = std::fs::remove_file(&temporary);
    written.map_err(failed)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = std::fs::File::open(folder.unwrap_or(Path::new(".")));
    folder.and_then(|folder| folder.sync_all()).map_err(failed)
}

fn write_new(path: &Path, secret: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let text = alloy_primitives::hex::encode(secret);
    writeln!(file, "{text}")?;
    file.sync_all()
}

/// The key in a file, made if there is none.
///
/// # Errors
/// As [`load_key`] and [`save_key`].
pub(crate) fn load_or_make_key(path: &Path) -> Result<PrivateKey, KeyError> {
    if !path.exists() {
        save_key(path, &generate_key().0)?;
    }
    load_key(path)
}

/// Reads a key.
///
/// # Errors
/// The file cannot be read, is readable by others, or does not hold a key.
pub fn load_key(path: &Path) -> Result<PrivateKey, KeyError> {
    let bytes = read_secret(path)?;
    PrivateKey::decode(bytes).map_err(|_| KeyError::Malformed { path: path.into() })
}

/// Reads a secret that [`write_secret`] wrote.
pub(crate) fn read_secret(path: &Path) -> Result<Vec<u8>, KeyError> {
    let failed = |source| KeyError::Io {
        path: path.into(),
        source,
    };
    #[cfg(unix)]
    {
        let metadata = std::fs::metadata(path).map_err(failed)?;
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed { path: path.into() });
        }
    }
    let text = std::fs::read_to_string(path).map_err(failed)?;
    alloy_primitives::hex::decode(text.trim())
        .map_err(|_| KeyError::Malformed { path: path.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_key_is_written_whole_for_its_owner_and_never_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let (key, _) = generate_key();
        // What a crash left in the middle of writing.
        std::fs::write(folder.path().join("key.new"), "0123").unwrap();
        save_key(&path, &key).unwrap();
        assert_eq!(load_key(&path).unwrap().public_key(), key.public_key());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = save_key(&path, &generate_key().0).unwrap_err();
        assert!(
            matches!(&again, KeyError::Io { source, .. } if source.kind() == std::io::ErrorKind::AlreadyExists),
            "{again}"
        );
        assert_eq!(load_key(&path).unwrap().public_key(), key.public_key());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_follower_keeps_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("network-key");
        let made = load_or_make_key(&path).unwrap();
        let again = load_or_make_key(&path).unwrap();
        assert_eq!(again.public_key(), made.public_key());
    }
}
