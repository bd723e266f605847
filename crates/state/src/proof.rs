//! Proofs of current values against a block's `state.root`.

use crate::{Family, StateDb, StateError, StateKey, StateValue};
use alloy_primitives::B256;
use commonware_codec::Encode;
use commonware_glue::stateful::db::Shared;
use commonware_parallel::Strategy;
use commonware_runtime::Spawner;
use commonware_storage::{Context, qmdb::Error as QmdbError};
use hansa_primitives::{ProofError, verify_value};

/// That a key has a value in the state with some root.
#[derive(Clone, Debug)]
pub struct ValueProof {
    /// The proved value.
    pub value: StateValue,
    /// The encoded QMDB proof.
    pub proof: Vec<u8>,
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
    verify_value(root, key, &proof.value, &proof.proof)
}
