//! Evidence with real signatures, made once: verifying it is what the module does, signing it is not.

use crate::{GENESIS_HASH, OPERATORS, key};
use alloy_primitives::{B256, Bytes};
use commonware_codec::Encode as _;
use commonware_consensus::{
    simplex::types::{
        ConflictingFinalize, ConflictingNotarize, Finalize, Notarize, Nullify, NullifyFinalize,
        Proposal,
    },
    types::{Epoch, Round, View},
};
use commonware_cryptography::Signer as _;
use commonware_utils::{TryCollect as _, ordered::Set};
use hansa_primitives::{Digest, PublicKey, Scheme, digest, namespace};
use std::sync::OnceLock;

/// Epochs for which there is evidence.
const EPOCHS: u64 = 12;
const KINDS: u8 = 3;

/// The kind and the bytes of one of all pieces of evidence: of each kind, by each genesis operator, in each of the
/// first epochs, for the committee of the genesis. It proves nothing once another committee has other seats.
pub fn choose(kind: u8, operator: u8, epoch: u64) -> (u8, Bytes) {
    static ALL: OnceLock<Vec<Bytes>> = OnceLock::new();
    let all = ALL.get_or_init(make);
    let (kind, operator) = (kind % KINDS, u64::from(operator) % OPERATORS);
    let index = (epoch % EPOCHS * OPERATORS + operator) * u64::from(KINDS) + u64::from(kind);
    (kind, all[index as usize].clone())
}

fn make() -> Vec<Bytes> {
    let keys: Vec<PublicKey> = (1..=OPERATORS).map(|id| key(id).public_key()).collect();
    let keys: Set<PublicKey> = keys.into_iter().try_collect().expect("keys differ");
    let mut all = Vec::new();
    for epoch in 0..EPOCHS {
        for id in 1..=OPERATORS {
            let scheme = Scheme::signer(&namespace(GENESIS_HASH), keys.clone(), key(id));
            let scheme = scheme.expect("the key has a seat");
            all.extend((0..KINDS).map(|kind| sign(&scheme, kind, epoch)));
        }
    }
    all
}

fn sign(scheme: &Scheme, kind: u8, epoch: u64) -> Bytes {
    let round = Round::new(Epoch::new(epoch), View::new(7));
    let proposal = |block| Proposal::new(round, View::new(6), digest(B256::repeat_byte(block)));
    let notarize = |n| Notarize::<Scheme, Digest>::sign(scheme, proposal(n)).expect("a seat");
    let finalize = |n| Finalize::<Scheme, Digest>::sign(scheme, proposal(n)).expect("a seat");
    let bytes = match kind {
        0 => ConflictingNotarize::new(notarize(1), notarize(2)).encode(),
        1 => ConflictingFinalize::new(finalize(1), finalize(2)).encode(),
        _ => {
            let nullify = Nullify::sign::<Digest>(scheme, round).expect("a seat");
            NullifyFinalize::new(nullify, finalize(1)).encode()
        }
    };
    bytes.to_vec().into()
}
