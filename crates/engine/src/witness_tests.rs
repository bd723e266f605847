//! Who is accused, and of what is made a finalization.

use crate::{Evidence, Witness};
use alloy_primitives::B256;
use commonware_consensus::{
    Reporter as _,
    simplex::types::{
        Activity, Attributable as _, Finalize, Notarization, Notarize, Nullify, Proposal,
    },
    types::{Epoch, Round, View},
};
use commonware_cryptography::{Signer as _, certificate::Scheme as _};
use commonware_parallel::Sequential;
use commonware_utils::{TestRng, channel::mpsc, iter::NonEmpty, ordered::Set};
use hansa_primitives::{Digest, PrivateKey, Scheme, digest};
use std::sync::Arc;

const EPOCH: u64 = 3;

/// Four operators.
fn schemes() -> Vec<Scheme> {
    let keys: Vec<_> = (0..4).map(PrivateKey::from_seed).collect();
    let committee = Set::from_iter_dedup(keys.iter().map(|key| key.public_key()));
    let mut schemes: Vec<_> = keys
        .into_iter()
        .map(|key| Scheme::signer(b"chain", committee.clone(), key).unwrap())
        .collect();
    schemes.sort_by_key(|scheme| scheme.me().map(|me| me.index()));
    schemes
}

/// Listens to them.
fn witness(schemes: &[Scheme]) -> (Witness, mpsc::Receiver<Evidence>) {
    let (sender, receiver) = mpsc::channel(8);
    let witness = Witness::new(Some((sender, 0)), TestRng::new(1));
    witness.enter(EPOCH, Arc::new(schemes[0].clone()));
    (witness, receiver)
}

fn round(view: u64) -> Round {
    Round::new(Epoch::new(EPOCH), View::new(view))
}

fn proposal(view: u64, block: u8) -> Proposal<Digest> {
    Proposal::new(
        round(view),
        View::new(view - 1),
        digest(B256::repeat_byte(block)),
    )
}

fn notarize(scheme: &Scheme, view: u64, block: u8) -> Notarize<Scheme, Digest> {
    Notarize::sign(scheme, proposal(view, block)).unwrap()
}

fn finalize(scheme: &Scheme, view: u64, block: u8) -> Finalize<Scheme, Digest> {
    Finalize::sign(scheme, proposal(view, block)).unwrap()
}

#[test]
fn one_that_tells_each_half_something_else_is_found_in_a_certificate() {
    let schemes = schemes();
    let (mut witness, mut evidence) = witness(&schemes);
    let liar = notarize(&schemes[3], 7, 1);
    let signer = liar.signer();
    witness.report(Activity::Notarize(liar));
    // The other half agreed on another block, with the liar's vote.
    let votes: Vec<_> = schemes[1..]
        .iter()
        .map(|scheme| notarize(scheme, 7, 2))
        .collect();
    let votes = NonEmpty::new(votes[0].clone(), votes[1..].iter().cloned());
    let other = Notarization::from_owned_notarizes(&schemes[0], votes, &Sequential).unwrap();
    witness.report(Activity::Notarization(other));
    let found = evidence.try_recv().unwrap();
    assert_eq!((found.kind, found.epoch, found.view), (0, EPOCH, 7));
    let accused = schemes[0].participants().get(signer.get() as usize);
    assert_eq!(accused, Some(&found.operator));
    assert!(evidence.try_recv().is_err(), "nobody else is accused");
}

#[test]
fn a_vote_that_nobody_signed_neither_accuses_nor_protects() {
    let schemes = schemes();
    let (mut witness, mut evidence) = witness(&schemes);
    // In the name of operator 1, with the signature for another block.
    let mut forged = finalize(&schemes[1], 7, 1);
    forged.attestation = finalize(&schemes[1], 7, 9).attestation;
    witness.report(Activity::Finalize(forged));
    witness.report(Activity::Finalize(finalize(&schemes[1], 7, 2)));
    assert!(evidence.try_recv().is_err(), "one of the two is not signed");
    // The signed one counts from then on.
    witness.report(Activity::Nullify(
        Nullify::sign::<Digest>(&schemes[1], round(7)).unwrap(),
    ));
    assert_eq!(evidence.try_recv().unwrap().kind, 2);
    // An offence counts once for each operator and epoch.
    witness.report(Activity::Finalize(finalize(&schemes[1], 8, 1)));
    witness.report(Activity::Finalize(finalize(&schemes[1], 8, 2)));
    assert!(evidence.try_recv().is_err());
}

#[test]
fn votes_of_another_epoch_are_not_heard() {
    let schemes = schemes();
    let (mut witness, mut evidence) = witness(&schemes);
    witness.enter(EPOCH + 1, Arc::new(schemes[0].clone()));
    witness.report(Activity::Finalize(finalize(&schemes[1], 7, 1)));
    witness.report(Activity::Finalize(finalize(&schemes[1], 7, 2)));
    assert!(evidence.try_recv().is_err());
}

#[test]
fn a_finalization_has_all_who_signed_and_nobody_else() {
    let schemes = schemes();
    let (mut witness, _evidence) = witness(&schemes);
    let mut rng = TestRng::new(2);
    for scheme in &schemes[..2] {
        witness.report(Activity::Finalize(finalize(scheme, 7, 1)));
    }
    let found = |rng: &mut TestRng| witness.finalization(rng, EPOCH, 6, 9);
    assert!(found(&mut rng).is_none(), "two of four are no quorum");
    let mut forged = finalize(&schemes[2], 7, 1);
    forged.attestation.signature = finalize(&schemes[2], 7, 2).attestation.signature;
    let mut listening = witness.clone();
    listening.report(Activity::Finalize(forged));
    assert!(found(&mut rng).is_none(), "the third is not signed");
    listening.report(Activity::Finalize(finalize(&schemes[3], 7, 1)));
    let finalization = found(&mut rng).unwrap();
    assert_eq!(hansa_evm::signers(&finalization), [0, 1, 3]);
    assert!(finalization.verify(&mut rng, &schemes[0], &Sequential));
    // Outside of the range, and in another epoch, there is none.
    assert!(witness.finalization(&mut rng, EPOCH, 7, 9).is_none());
    assert!(witness.finalization(&mut rng, EPOCH, 0, 7).is_none());
    assert!(witness.finalization(&mut rng, EPOCH + 1, 6, 9).is_none());
}
