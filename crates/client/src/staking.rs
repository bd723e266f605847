//! What an operator's key signs outside of consensus.

use alloy_primitives::{Address, B256, Bytes};
use hansa_primitives::{PrivateKey, public_key_bytes};

#[cfg(test)]
mod tests;

/// A key, and the proof that whoever acts as the owner holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// ed25519 public key.
    pub key: B256,
    /// Its signature over the owner's address.
    pub signature: Bytes,
}

/// Proves to the chain with this genesis hash that `owner` holds an operator's key.
pub fn prove_key(key: &PrivateKey, genesis_hash: B256, owner: Address) -> Proof {
    Proof {
        key: public_key_bytes(key),
        signature: hansa_primitives::prove_key(key, genesis_hash, owner).into(),
    }
}
