//! Ethereum keystores (Web3 Secret Storage, version 3): private keys encrypted under a password.
//!
//! A member's X25519 secret is kept in the same form; such a file names the public key (`x25519`) in place of an address.
//!
//! A keystore may come from anybody, so it is checked before its password is tried: what it asks of memory and
//! time is bounded ([`crate::limits`]). New ones use scrypt with N = 2^13, r = 8, p = 1, which the library fixes;
//! that is weaker than geth's 2^18, so their password has to carry more.

use crate::limits::{MAX_KEYSTORE_BYTES, MAX_PBKDF2_ROUNDS, MAX_SCRYPT_BYTES};
use alloy_primitives::{Address, B256};
use alloy_signer::k256::elliptic_curve::rand_core::{OsRng, RngCore as _};
use alloy_signer_local::PrivateKeySigner;
use eth_keystore::{CryptoJson, EthKeystore, KdfparamsType};
use hansa_primitives::x25519_public;
use serde_json::Value;
use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Bytes of a derived key: half for the cipher, half for the check.
const DERIVED_BYTES: usize = 32;
const IV_BYTES: usize = 16;
const KEY_BYTES: usize = 32;
/// Where the file of an X25519 key names its public key.
const X25519: &str = "x25519";

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
    /// The password does not open it, or cannot be one.
    #[error(transparent)]
    Password(PasswordError),
}

/// What is wrong with a password.
#[derive(Debug, Error)]
pub enum PasswordError {
    /// It does not open the keystore.
    #[error("{0}: the password does not open this keystore")]
    Wrong(PathBuf),
    /// A new keystore under it would be open to everybody.
    #[error("{0}: a new keystore needs a password that is not empty")]
    Empty(PathBuf),
}

impl KeystoreError {
    fn io(path: &Path) -> impl Fn(std::io::Error) -> Self {
        move |cause| Self::Io {
            path: path.into(),
            cause,
        }
    }

    fn malformed(path: &Path) -> impl Fn(String) -> Self {
        move |cause| Self::Malformed {
            path: path.into(),
            cause,
        }
    }
}

/// Encrypts a key into a new file, readable by its owner only. The file is there as a whole or not at all.
///
/// # Errors
/// The password is empty, the file exists, or it cannot be written.
pub fn save(path: &Path, key: &B256, password: &str) -> Result<Address, KeystoreError> {
    let signer = PrivateKeySigner::from_bytes(key)
        .map_err(|error| KeystoreError::malformed(path)(error.to_string()))?;
    let address = signer.address();
    // As other wallets do, so that a key can be told without its password.
    let stated = ("address", alloy_primitives::hex::encode(address));
    store(path, key, password, stated)?;
    Ok(address)
}

/// Encrypts the secret of an X25519 key as [`save`] does a private key; returns the public key.
///
/// # Errors
/// As [`save`].
pub fn save_x25519(path: &Path, secret: &B256, password: &str) -> Result<B256, KeystoreError> {
    let public = x25519_public(secret);
    store(path, secret, password, (X25519, public.to_string()))?;
    Ok(public)
}

/// `stated`: what the file says without its password, by name.
fn store(
    path: &Path,
    key: &B256,
    password: &str,
    stated: (&str, String),
) -> Result<(), KeystoreError> {
    let io = KeystoreError::io(path);
    if password.is_empty() {
        return Err(KeystoreError::Password(PasswordError::Empty(path.into())));
    }
    if path.exists() {
        return Err(KeystoreError::Exists(path.into()));
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(&io)?;
    // The library writes the file itself, under the usual mask: into a folder of our own first.
    let scratch = folder.join(format!(".hansa-key-{:016x}", OsRng.next_u64()));
    create_private_folder(&scratch).map_err(&io)?;
    let written = write(&scratch, path, key, password, stated);
    // What could not be removed holds an encrypted key in a folder of mode 700: no reason to fail.
    let _ = fs::remove_dir_all(&scratch);
    written?;
    let folder = File::open(folder).map_err(&io)?;
    folder.sync_all().map_err(&io)
}

fn write(
    scratch: &Path,
    path: &Path,
    key: &B256,
    password: &str,
    (name, stated): (&str, String),
) -> Result<(), KeystoreError> {
    let malformed = KeystoreError::malformed(path);
    let io = KeystoreError::io(path);
    eth_keystore::encrypt_key(scratch, &mut OsRng, key, password, Some("key"))
        .map_err(|error| malformed(error.to_string()))?;
    let text = fs::read(scratch.join("key")).map_err(&io)?;
    let mut document: Value =
        serde_json::from_slice(&text).map_err(|error| malformed(error.to_string()))?;
    document[name] = Value::String(stated);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let finished = scratch.join("finished");
    let mut file = options.open(&finished).map_err(&io)?;
    file.write_all(document.to_string().as_bytes())
        .map_err(&io)?;
    file.sync_all().map_err(&io)?;
    place(&finished, path)
}

/// Gives a finished file its name, unless another has it.
fn place(finished: &Path, path: &Path) -> Result<(), KeystoreError> {
    match fs::hard_link(finished, path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(KeystoreError::Exists(path.into()))
        }
        // Some file systems have no links. The name was free a moment ago.
        Err(_) => fs::rename(finished, path).map_err(KeystoreError::io(path)),
    }
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
/// It cannot be read, is no keystore, asks for too much, has another password, or holds another key than it
/// says.
pub fn open(path: &Path, password: &str) -> Result<PrivateKeySigner, KeystoreError> {
    let malformed = KeystoreError::malformed(path);
    let (text, document) = read(path)?;
    if stated_x25519(&document).is_some() {
        let cause = "it holds an X25519 key, which signs nothing";
        return Err(malformed(cause.into()));
    }
    let key = decrypt(path, &text, password)?;
    let signer =
        PrivateKeySigner::from_bytes(&key).map_err(|error| malformed(error.to_string()))?;
    match stated(&document) {
        Some(stated) if stated != signer.address() => Err(malformed(format!(
            "it says that it is for {stated}, but holds the key of {}",
            signer.address()
        ))),
        _ => Ok(signer),
    }
}

/// Opens the keystore of an X25519 key; returns the secret.
///
/// # Errors
/// As [`open`].
pub fn open_x25519(path: &Path, password: &str) -> Result<B256, KeystoreError> {
    let malformed = KeystoreError::malformed(path);
    let (text, document) = read(path)?;
    let secret = decrypt(path, &text, password)?;
    let public = x25519_public(&secret);
    match stated_x25519(&document) {
        Some(stated) if stated == public => Ok(secret),
        Some(stated) => Err(malformed(format!(
            "it says that it is for {stated}, but holds the secret of {public}"
        ))),
        None => Err(malformed(
            "it does not say that it holds an X25519 key".into(),
        )),
    }
}

fn decrypt(path: &Path, text: &[u8], password: &str) -> Result<B256, KeystoreError> {
    let malformed = KeystoreError::malformed(path);
    let keystore: EthKeystore =
        serde_json::from_slice(text).map_err(|error| malformed(error.to_string()))?;
    check(&keystore.crypto).map_err(&malformed)?;
    let key = eth_keystore::decrypt_key(path, password).map_err(|error| match error {
        eth_keystore::KeystoreError::MacMismatch => {
            KeystoreError::Password(PasswordError::Wrong(path.into()))
        }
        other => malformed(other.to_string()),
    })?;
    B256::try_from(key.as_slice()).map_err(|error| malformed(error.to_string()))
}

/// The X25519 public key of a keystore, where it holds such a key.
///
/// # Errors
/// It cannot be read, or is no keystore.
pub fn x25519(path: &Path) -> Result<Option<B256>, KeystoreError> {
    read(path).map(|(_, document)| stated_x25519(&document))
}

fn stated_x25519(document: &Value) -> Option<B256> {
    document[X25519].as_str()?.parse().ok()
}

/// The address a keystore says it is for, where it says so.
///
/// # Errors
/// It cannot be read, or is no keystore.
pub fn address(path: &Path) -> Result<Option<Address>, KeystoreError> {
    read(path).map(|(_, document)| stated(&document))
}

fn stated(document: &Value) -> Option<Address> {
    document["address"].as_str()?.parse().ok()
}

/// The file's text, and the same as JSON.
fn read(path: &Path) -> Result<(Vec<u8>, Value), KeystoreError> {
    let malformed = KeystoreError::malformed(path);
    let mut text = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_KEYSTORE_BYTES + 1).read_to_end(&mut text))
        .map_err(KeystoreError::io(path))?;
    if text.len() as u64 > MAX_KEYSTORE_BYTES {
        return Err(malformed(format!("it has over {MAX_KEYSTORE_BYTES} bytes")));
    }
    let document: Value =
        serde_json::from_slice(&text).map_err(|error| malformed(error.to_string()))?;
    if document["version"] != 3 || !document["crypto"].is_object() {
        return Err(malformed("no `version` 3 with a `crypto` object".into()));
    }
    Ok((text, document))
}

/// Refuses what the library would panic on, or work on for hours.
fn check(crypto: &CryptoJson) -> Result<(), String> {
    let derived = match crypto.kdfparams {
        KdfparamsType::Pbkdf2 {
            c, dklen, ref prf, ..
        } => {
            if prf != "hmac-sha256" {
                return Err(format!("`prf` is {prf}, and only hmac-sha256 is known"));
            }
            if c == 0 || c > MAX_PBKDF2_ROUNDS {
                return Err(format!(
                    "`c` is {c}, and 1 to {MAX_PBKDF2_ROUNDS} are taken"
                ));
            }
            dklen
        }
        KdfparamsType::Scrypt { dklen, n, p, r, .. } => {
            let bytes = 128 * u128::from(n) * u128::from(r) * u128::from(p);
            if n < 2 || !n.is_power_of_two() || bytes == 0 || bytes > MAX_SCRYPT_BYTES {
                return Err(format!(
                    "`n` is {n}, `r` {r} and `p` {p}: `n` must be a power of two, and \
                     128 n r p at most {MAX_SCRYPT_BYTES}"
                ));
            }
            dklen
        }
    };
    for (name, found, expected) in [
        ("dklen", usize::from(derived), DERIVED_BYTES),
        ("iv", crypto.cipherparams.iv.len(), IV_BYTES),
        ("ciphertext", crypto.ciphertext.len(), KEY_BYTES),
    ] {
        if found != expected {
            return Err(format!("`{name}` is of {found} bytes, not {expected}"));
        }
    }
    match crypto.cipher.as_str() {
        "aes-128-ctr" => Ok(()),
        other => Err(format!(
            "`cipher` is {other}, and only aes-128-ctr is known"
        )),
    }
}
