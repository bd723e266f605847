//! Proofs of current values against a block's `state.root`.

use crate::{Family, StateDb, StateError, StateKey, StateValue, db::CHUNK};
use alloy_primitives::B256;
use commonware_codec::{Decode, Encode, Error as CodecError};
use commonware_cryptography::sha256::Digest;
use commonware_glue::stateful::db::Shared;
use commonware_parallel::{Sequential, Strategy};
use commonware_runtime::{Spawner, deterministic};
use commonware_storage::{
    Context,
    qmdb::{Error as QmdbError, current::unordered::proof::constant::KeyValueProof},
};
use thiserror::Error;

type Inner = KeyValueProof<Family, Digest, CHUNK>;

/// Most digests that a decoded proof may hold: far above what a log of 2^63 operations needs.
const MAX_DIGESTS: usize = 256;

/// That a key has a value in the state with some root.
#[derive(Clone, Debug)]
pub struct ValueProof {
    /// The proved value.
    pub value: StateValue,
    /// The encoded QMDB proof.
    pub proof: Vec<u8>,
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

/// Proves the current value of `key`, with the root it holds against; `None` if there is no value
/// (this database cannot prove absence).
///
/// # Errors
/// The database failed.
pub async fn prove<E, S>(
    db: &Shared<StateDb<E, S>>,
    key: StateKey,
) -> Result<(B256, Option<ValueProof>), StateError>
where
    E: Context + Spawner,
    S: Strategy,
{
    let failed = |error: QmdbError<Family>| StateError::Database(error.to_string());
    let db = db.read().await;
    let root = B256::from_slice(db.root().as_ref());
    let Some(value) = db.get(&key).await.map_err(failed)? else {
        return Ok((root, None));
    };
    let proof = db.key_value_proof(key).await.map_err(failed)?;
    let proof = proof.encode().to_vec();
    Ok((root, Some(ValueProof { value, proof })))
}

/// Checks that `key` has `proof.value` in the state with `root`.
///
/// # Errors
/// The proof is malformed or proves something else.
pub fn verify(root: B256, key: StateKey, proof: &ValueProof) -> Result<(), ProofError> {
    let inner = Inner::decode_cfg(proof.proof.clone(), &MAX_DIGESTS)?;
    let valid = StateDb::<deterministic::Context, Sequential>::verify_key_value_proof(
        key,
        proof.value.clone(),
        &inner,
        &Digest::from(root.0),
    );
    if valid {
        Ok(())
    } else {
        Err(ProofError::Invalid)
    }
}
