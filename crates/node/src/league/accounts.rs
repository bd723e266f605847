//! The keys of a development league: well-known accounts, and members with keystores.

use super::{LeagueError, files, layout::x25519_name};
use alloy_primitives::{Address, B256, hex};
use alloy_signer::k256::elliptic_curve::rand_core::OsRng;
use alloy_signer_local::{MnemonicBuilder, PrivateKeySigner, coins_bip39::English};
use hansa_primitives::x25519_public;
use serde::{Deserialize, Serialize};
use std::{fs, path::Path};

/// The mnemonic that Ethereum's development tools share: everybody has its keys.
pub const DEVELOPMENT_MNEMONIC: &str =
    "test test test test test test test test test test test junk";
/// Where the keys of a development league's members begin: another account of the same mnemonic (BIP-44), so that the dashboard can act for
/// them in a simulated incident. They are as worthless as the development accounts, and refused on every other chain.
const MEMBERS_PATH: &str = "m/44'/60'/1'/0/";
/// Where the secrets of their X25519 keys begin, for the same reason. A secret may be any 32 bytes.
const X25519_PATH: &str = "m/44'/60'/2'/0/";
/// Funded accounts of a development league.
pub const DEVELOPMENT_ACCOUNTS: u32 = 10;
/// Random bytes of the members' password.
const PASSWORD_BYTES: usize = 16;

/// An account whose key anybody may know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its address.
    pub address: Address,
    /// Its secp256k1 key.
    pub private_key: B256,
}

/// The ten accounts that anvil and hardhat fund as well, at the same addresses.
///
/// # Errors
/// Never: the mnemonic is a constant. Derivation is fallible by type.
pub fn development_accounts() -> Result<Vec<Account>, LeagueError> {
    let failed = |error: alloy_signer_local::LocalSignerError| LeagueError::Keystore {
        path: "development accounts".into(),
        reason: error.to_string(),
    };
    let derive = |index| {
        let signer = MnemonicBuilder::try_from_phrase_nth(DEVELOPMENT_MNEMONIC, index);
        let signer = signer.map_err(failed)?;
        Ok(Account {
            address: signer.address(),
            private_key: signer.to_bytes(),
        })
    };
    (0..DEVELOPMENT_ACCOUNTS).map(derive).collect()
}

/// The key of a member of a development league, counted from 0: everybody has it.
///
/// # Errors
/// Never: the mnemonic is a constant. Derivation is fallible by type.
pub(super) fn development_member(index: usize) -> Result<PrivateKeySigner, LeagueError> {
    derive(MEMBERS_PATH, index)
}

/// The secret of the X25519 key of the same member.
///
/// # Errors
/// Never: the mnemonic is a constant. Derivation is fallible by type.
pub(super) fn development_x25519(index: usize) -> Result<PrivateKeySigner, LeagueError> {
    derive(X25519_PATH, index)
}

fn derive(path: &str, index: usize) -> Result<PrivateKeySigner, LeagueError> {
    let builder = MnemonicBuilder::<English>::default().phrase(DEVELOPMENT_MNEMONIC);
    builder
        .derivation_path(format!("{path}{index}"))
        .and_then(|builder| builder.build())
        .map_err(|error| LeagueError::Keystore {
            path: "development members".into(),
            reason: error.to_string(),
        })
}

/// A new password, in hex.
pub(super) fn random_password() -> String {
    let mut bytes = [0; PASSWORD_BYTES];
    rand::Rng::fill(&mut rand::rng(), &mut bytes);
    hex::encode(bytes)
}

/// Makes a key and puts it, encrypted, into `<folder>/<name>.json`.
pub(super) fn new_keystore(
    folder: &Path,
    name: &str,
    password: &str,
) -> Result<Address, LeagueError> {
    save_keystore(folder, name, password, &PrivateKeySigner::random())
}

/// Puts a key, encrypted, into `<folder>/<name>.json`.
pub(super) fn save_keystore(
    folder: &Path,
    name: &str,
    password: &str,
    signer: &PrivateKeySigner,
) -> Result<Address, LeagueError> {
    // Others in this ecosystem write the address as well; the library does not.
    let stated = ("address", hex::encode(signer.address()));
    encrypt(folder, &format!("{name}.json"), password, signer, stated)?;
    Ok(signer.address())
}

/// Puts the secret of a member's X25519 key, encrypted, into a keystore that names the public key; returns that.
pub(super) fn save_x25519(
    folder: &Path,
    name: &str,
    password: &str,
    secret: &PrivateKeySigner,
) -> Result<B256, LeagueError> {
    let public = x25519_public(&secret.to_bytes());
    let stated = ("x25519", public.to_string());
    encrypt(folder, &x25519_name(name), password, secret, stated)?;
    Ok(public)
}

fn encrypt(
    folder: &Path,
    file: &str,
    password: &str,
    key: &PrivateKeySigner,
    (field, stated): (&str, String),
) -> Result<(), LeagueError> {
    let path = folder.join(file);
    let failed = |reason: String| LeagueError::Keystore {
        path: path.clone(),
        reason,
    };
    PrivateKeySigner::encrypt_keystore(folder, &mut OsRng, key.to_bytes(), password, Some(file))
        .map_err(|error| failed(error.to_string()))?;
    files::hide(&path)?;
    let text = fs::read_to_string(&path).map_err(LeagueError::io(&path))?;
    let mut keystore: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
    if let Some(fields) = keystore.as_object_mut() {
        fields.insert(field.into(), stated.into());
    }
    files::write_json(&path, &keystore)
}

/// The address that a keystore says it holds.
pub(super) fn keystore_address(path: &Path) -> Result<Address, LeagueError> {
    let text = fs::read_to_string(path).map_err(LeagueError::io(path))?;
    let failed = |reason: String| LeagueError::Keystore {
        path: path.into(),
        reason,
    };
    let keystore: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
    let address = keystore["address"]
        .as_str()
        .and_then(|text| text.parse().ok());
    address.ok_or_else(|| failed("it names no address".into()))
}
