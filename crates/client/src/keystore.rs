//! Ethereum keystores (Web3 Secret Storage, version 3): private keys encrypted under a password.

use alloy_primitives::{Address, B256};
use alloy_signer::k256::elliptic_curve::rand_core::OsRng;
use alloy_signer_local::{LocalSignerError, PrivateKeySigner};
use serde_json::Value;
use std::path::{Path, PathBuf};
use thiserror::Error;

#[cfg(test)]
mod tests;

/// Why a keystore cannot be used.
#[derive(Debug, Error)]
pub enum KeystoreError {
    /// The file cannot be read or written.
    #[error("{path}: {cause}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A file of this name is there already.
    #[error("{0}: exists already, and a key is never overwritten")]
    Exists(PathBuf),
    /// Not a keystore.
    #[error("{path}: not a version 3 keystore: {cause}")]
    Malformed {
        /// Which.
        path: PathBuf,
        /// Why not.
        cause: String,
    },
    /// The password does not open it.
    #[error("{0}: the password does not open this keystore")]
    Password(PathBuf),
}

/// Encrypts a key into a new file, readable by its owner only.
///
/// # Errors
/// The file exists, or cannot be written.
pub fn save(path: &Path, key: &B256, password: &str) -> Result<Address, KeystoreError> {
    let io = |cause| KeystoreError::Io {
        path: path.into(),
        cause,
    };
    if path.exists() {
        return Err(KeystoreError::Exists(path.into()));
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(io)?;
    let mut rng = OsRng;
    // The library writes the file itself, under the usual mask: into a folder of our own first.
    let scratch = folder.join(format!(".hansa-key-{}", std::process::id()));
    create_private_folder(&scratch).map_err(io)?;
    let written = write(&scratch, path, key, password, &mut rng);
    // What could not be removed holds an encrypted key in a folder of mode 700: no reason to fail.
    let _ = std::fs::remove_dir_all(&scratch);
    written
}

fn write(
    scratch: &Path,
    path: &Path,
    key: &B256,
    password: &str,
    rng: &mut OsRng,
) -> Result<Address, KeystoreError> {
    let malformed = |cause: String| KeystoreError::Malformed {
        path: path.into(),
        cause,
    };
    let io = |cause| KeystoreError::Io {
        path: path.into(),
        cause,
    };
    let (signer, _) = PrivateKeySigner::encrypt_keystore(scratch, rng, key, password, Some("key"))
        .map_err(|error| malformed(error.to_string()))?;
    let text = std::fs::read(scratch.join("key")).map_err(io)?;
    let mut document: Value =
        serde_json::from_slice(&text).map_err(|error| malformed(error.to_string()))?;
    // As other wallets do, so that a key can be told without its password.
    document["address"] = Value::String(alloy_primitives::hex::encode(signer.address()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(io)?;
    std::io::Write::write_all(&mut file, document.to_string().as_bytes()).map_err(io)?;
    file.sync_all().map_err(io)?;
    Ok(signer.address())
}

fn create_private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Opens a keystore.
///
/// # Errors
/// It cannot be read, is no keystore, or has another password.
pub fn open(path: &Path, password: &str) -> Result<PrivateKeySigner, KeystoreError> {
    // Told apart here: the library has one error for all that is wrong with a file.
    address(path)?;
    PrivateKeySigner::decrypt_keystore(path, password).map_err(|error| match error {
        LocalSignerError::EthKeystoreError(_) => KeystoreError::Password(path.into()),
        other => KeystoreError::Malformed {
            path: path.into(),
            cause: other.to_string(),
        },
    })
}

/// The address a keystore says it is for, where it says so.
///
/// # Errors
/// It cannot be read, or is no keystore.
pub fn address(path: &Path) -> Result<Option<Address>, KeystoreError> {
    let malformed = |cause: &str| KeystoreError::Malformed {
        path: path.into(),
        cause: cause.into(),
    };
    let text = std::fs::read(path).map_err(|cause| KeystoreError::Io {
        path: path.into(),
        cause,
    })?;
    let document: Value =
        serde_json::from_slice(&text).map_err(|error| malformed(&error.to_string()))?;
    if document["version"] != 3 || !document["crypto"].is_object() {
        return Err(malformed("no `version` 3 with a `crypto` object"));
    }
    Ok(document["address"]
        .as_str()
        .and_then(|text| text.parse().ok()))
}
