//! A proof holds for one key, one value and one root, and nothing else.

use super::world::{address, apply, end, history, open};
use crate::{
    ProofError, StateKey, ValueProof, account_key, keys::encode_slot, prove, storage_key, verify,
};
use alloy_primitives::{B256, U256};
use commonware_runtime::{Runner as _, Supervisor as _, deterministic};

struct Proved {
    root: B256,
    /// Proofs of every account and slot that there is.
    proofs: Vec<(StateKey, ValueProof)>,
}

fn proved() -> Proved {
    deterministic::Runner::default().start(|context| async move {
        let databases = open(context.child("databases")).await;
        let mut root = B256::ZERO;
        for changes in history() {
            root = apply(&databases, &changes).await.root;
        }
        let (accounts, storage) = end();
        let accounts = accounts
            .into_iter()
            .map(|(address, account)| (account_key(address), account.is_some()));
        let storage = storage
            .into_iter()
            .map(|((address, slot), value)| (storage_key(address, slot), !value.is_zero()));
        let mut proofs = Vec::new();
        for (key, exists) in accounts.chain(storage) {
            let (proved_root, proof) = prove(&databases.0, key).await.unwrap();
            assert_eq!(proved_root, root);
            assert_eq!(proof.is_some(), exists, "absence is not proved");
            proofs.extend(proof.map(|proof| (key, proof)));
        }
        Proved { root, proofs }
    })
}

#[test]
fn every_value_can_be_proved() {
    let proved = proved();
    assert!(proved.proofs.len() > 10);
    for (key, proof) in &proved.proofs {
        verify(proved.root, *key, proof).unwrap();
    }
}

#[test]
fn nothing_else_is_proved() {
    let proved = proved();
    let (key, proof) = &proved.proofs[0];
    let refused = |root, key, proof: &ValueProof| {
        assert!(matches!(verify(root, key, proof), Err(ProofError::Invalid)));
    };
    let mut other_root = proved.root;
    other_root[0] ^= 1;
    refused(other_root, *key, proof);
    refused(B256::ZERO, *key, proof);
    refused(proved.root, account_key(address(0xee)), proof);
    let (other_key, other) = &proved.proofs[1];
    refused(proved.root, *other_key, proof);
    refused(proved.root, *key, other);
    let value = encode_slot(U256::from(123_456));
    let forged = ValueProof {
        value,
        ..proof.clone()
    };
    refused(proved.root, *key, &forged);
}

#[test]
fn no_bit_of_a_proof_can_change() {
    let proved = proved();
    for (key, proof) in proved.proofs.iter().take(2) {
        for position in 0..proof.proof.len() {
            let mut forged = proof.clone();
            forged.proof[position] ^= 1 << (position % 8);
            assert!(
                verify(proved.root, *key, &forged).is_err(),
                "byte {position} of {}",
                proof.proof.len()
            );
        }
    }
}

#[test]
fn cut_and_extended_proofs_are_malformed() {
    let proved = proved();
    let (key, proof) = &proved.proofs[0];
    for length in 0..proof.proof.len() {
        let mut cut = proof.clone();
        cut.proof.truncate(length);
        assert!(verify(proved.root, *key, &cut).is_err(), "{length} bytes");
    }
    let mut longer = proof.clone();
    longer.proof.push(0);
    assert!(matches!(
        verify(proved.root, *key, &longer),
        Err(ProofError::Malformed(_))
    ));
}

#[test]
fn a_proof_is_of_the_newest_root_only() {
    deterministic::Runner::default().start(|context| async move {
        let databases = open(context.child("databases")).await;
        let blocks = history();
        let old = apply(&databases, &blocks[0]).await.root;
        let key = account_key(*blocks[0].accounts.keys().next().unwrap());
        let (_, proof) = prove(&databases.0, key).await.unwrap();
        let proof = proof.unwrap();
        let new = apply(&databases, &blocks[1]).await.root;
        verify(old, key, &proof).unwrap();
        assert!(verify(new, key, &proof).is_err());
    });
}
