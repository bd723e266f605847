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

/// Writes a key to a new file, readable by its owner only.
///
/// # Errors
/// The file exists or cannot be written.
pub fn save_key(path: &Path, key: &PrivateKey) -> Result<(), KeyError> {
    let failed = |source| KeyError::Io {
        path: path.into(),
        source,
    };
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed)?;
    let text = alloy_primitives::hex::encode(key.encode());
    writeln!(file, "{text}").map_err(failed)?;
    file.sync_all().map_err(failed)
}

/// Reads a key.
///
/// # Errors
/// The file cannot be read, is readable by others, or does not hold a key.
pub fn load_key(path: &Path) -> Result<PrivateKey, KeyError> {
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
    let malformed = || KeyError::Malformed { path: path.into() };
    let bytes = alloy_primitives::hex::decode(text.trim()).map_err(|_| malformed())?;
    PrivateKey::decode(bytes).map_err(|_| malformed())
}
