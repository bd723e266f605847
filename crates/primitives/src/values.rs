//! Keys and values of a chain's state, and proofs of them against a header's `state.root`.
//!
//! A key is `SHA-256(tag || address [|| slot])`: hashed so that the slots of one contract spread over
//! the index. Values have one size, so that the log needs no offsets.

use alloy_primitives::{Address, B256, U256};
use commonware_codec::{Decode as _, Error as CodecError};
use commonware_cryptography::{Hasher as _, Sha256, sha256::Digest};
use commonware_storage::{
    mmr,
    qmdb::{
        any::unordered::{Update, fixed::Operation},
        current::unordered::proof::constant::KeyValueProof,
    },
};
use commonware_utils::sequence::FixedBytes;
use thiserror::Error;

/// A key of the state database.
pub type StateKey = Digest;
/// A value: an account (`nonce: u64 || balance: u256 || code hash`, big-endian) or a slot (`u256`
/// big-endian, zero-padded).
pub type StateValue = FixedBytes<72>;
/// A proof that a key has a value.
pub type StateProof = KeyValueProof<mmr::Family, Digest, BITMAP_CHUNK>;

/// Bytes of a chunk of the database's bitmap of operations that still hold.
pub const BITMAP_CHUNK: usize = 32;
/// Most digests that a decoded proof may hold: far above what a log of 2^63 operations needs.
const MAX_DIGESTS: usize = 256;

const ACCOUNT: &[u8] = &[0];
const STORAGE: &[u8] = &[1];

/// The key of an account.
pub fn account_key(address: Address) -> StateKey {
    Sha256::hash(&[ACCOUNT, address.as_slice()])
}

/// The key of a storage slot.
pub fn storage_key(address: Address, slot: U256) -> StateKey {
    Sha256::hash(&[STORAGE, address.as_slice(), &slot.to_be_bytes::<32>()])
}

/// The balance, wei, in the value of an account.
pub fn balance_of(value: &StateValue) -> U256 {
    let bytes: &[u8] = value.as_ref();
    U256::from_be_slice(&bytes[8..40])
}

/// The value of a storage slot.
pub fn slot_of(value: &StateValue) -> U256 {
    let bytes: &[u8] = value.as_ref();
    U256::from_be_slice(&bytes[..32])
}

/// Why a proof does not hold.
#[derive(Debug, Error)]
pub enum ProofError {
    /// Not an encoded proof.
    #[error("malformed proof: {0}")]
    Malformed(#[from] CodecError),
    /// Does not prove this value under this root.
    #[error("the proof does not verify: other key, value or root")]
    Invalid,
}

/// Checks that `key` has `value` in the state with `root`, by an encoded [`StateProof`].
///
/// # Errors
/// The proof is malformed or proves something else.
pub fn verify_value(
    root: B256,
    key: StateKey,
    value: &StateValue,
    proof: &[u8],
) -> Result<(), ProofError> {
    let proof = StateProof::decode_cfg(proof.to_vec(), &MAX_DIGESTS)?;
    let operation = Operation::<mmr::Family, _, _>::Update(Update(key, value.clone()));
    if proof.verify::<Sha256, _>(operation, &Digest::from(root.0)) {
        Ok(())
    } else {
        Err(ProofError::Invalid)
    }
}
