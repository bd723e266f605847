//! Ids, blocks, headers, certificates, codecs, signing namespaces, and keys and proofs of the state of a Hansa league. No IO.
//!
//! # What this crate promises
//! - A [`Header`] commits to everything: its parent, the consensus context it was proposed in, its
//!   transactions, its receipts and the state after it. `hash = keccak256(encoded header)`, and
//!   that hash is what operators sign, so a header and a [`Finalization`] are all a verifier needs.
//! - Decoding a [`Block`] checks the body against the header's `transactions_root`: two blocks with
//!   one hash cannot differ.
//! - Decoders never allocate more than their configured limits and never panic.
//!
//! Times are milliseconds since the Unix epoch (`*_ms`) unless a name says otherwise; amounts are
//! wei.

mod block;
mod genesis;
mod header;
mod inputs;
mod limits;
mod outbox;
mod staking;
mod terms;
mod transaction;
mod values;

#[cfg(test)]
mod tests;

pub use block::{Block, BlockCfg, finalization_hash};
pub use genesis::{
    Alloc, CREATE2_DEPLOYER, Fees, Genesis, GenesisError, GuardParams, MIN_HALTED_AFTER_S, Member,
    Operator, Pace, Zone, ZonesParams, genesis_timestamp_ms,
};
pub use header::{Header, StateCommitment, hash_of, next_base_fee};
pub use inputs::{Arrival, DirectiveChange, HubPoint, Inputs, Seat};
pub use limits::*;
pub use outbox::{Outbox, climb, empty_subtree, parent};
pub use staking::StakingParams;
pub use terms::{Fork, Terms, UnknownFork};
pub use transaction::{
    Receipt, Transaction, TransactionError, decode_transaction, receipts_bloom, receipts_root,
    transactions_root,
};
pub use values::{
    BITMAP_CHUNK, ProofError, StateKey, StateProof, StateValue, account_key, balance_of, slot_of,
    storage_key, verify_value,
};

use alloy_primitives::{Address, B256};
use commonware_codec::Encode as _;
use commonware_consensus::simplex;
use commonware_cryptography::{Signer as _, ed25519, sha256};

/// An operator's identity: the key that signs votes and authenticates p2p connections.
pub type PublicKey = ed25519::PublicKey;
/// The secret half of [`PublicKey`].
pub type PrivateKey = ed25519::PrivateKey;
/// The X25519 public key of a secret (RFC 7748 section 6.1): what a member is encrypted to.
pub fn x25519_public(secret: &B256) -> B256 {
    x25519_dalek::x25519(secret.0, x25519_dalek::X25519_BASEPOINT_BYTES).into()
}

/// The signature scheme of a committee. Attributable: a fault names its signer.
pub type Scheme = simplex::scheme::ed25519::Scheme;
/// What consensus agrees on. A carrier of 32 bytes that holds a block's keccak256 hash.
pub type Digest = sha256::Digest;
/// The consensus round, leader and parent that a block was proposed under.
pub type Context = simplex::types::Context<Digest, PublicKey>;
/// A quorum of a committee finalized a block.
pub type Finalization = simplex::types::Finalization<Scheme, Digest>;
/// The hasher of every authenticated database (SHA-256: hardware support here, a precompile there).
pub type Hasher = commonware_cryptography::Sha256;

/// A block hash as consensus carries it.
pub fn digest(hash: B256) -> Digest {
    Digest::from(hash.0)
}

/// A consensus digest as Ethereum tools know it.
pub fn block_hash(digest: &Digest) -> B256 {
    B256::from_slice(digest.as_ref())
}

/// A key's bytes, as staking has them.
pub fn public_key_bytes(key: &PrivateKey) -> B256 {
    B256::from_slice(key.public_key().as_ref())
}

/// The signing namespace in which an operator's key proves that it is held.
pub fn operator_namespace(genesis_hash: B256) -> Vec<u8> {
    [namespace(genesis_hash).as_slice(), b"/operator"].concat()
}

/// A key's signature over the address of the account that acts for its operator: what registering it with staking asks for.
pub fn prove_key(key: &PrivateKey, genesis_hash: B256, owner: Address) -> Vec<u8> {
    let signature = key.sign(&operator_namespace(genesis_hash), owner.as_slice());
    signature.encode().to_vec()
}

/// The signing namespace of a zone. It follows from the hub's genesis and the zone's id, so that the hub can verify what the zone's
/// committees sign.
pub fn zone_namespace(hub_genesis_hash: B256, zone: u64) -> Vec<u8> {
    let hub = namespace(hub_genesis_hash);
    [hub.as_slice(), b"/zone/", zone.to_be_bytes().as_slice()].concat()
}

/// The signing namespace of the chain with a genesis hash, a hub: nothing signed for one chain verifies on another.
pub fn namespace(genesis_hash: B256) -> Vec<u8> {
    let mut namespace = b"hansa/1/".to_vec();
    namespace.extend_from_slice(genesis_hash.as_slice());
    namespace
}
