//! Which evidence is taken.

use super::{League, delegator, evidence, key, owner, parameters, proof, public, wei};
use crate::{limits::MAX_EVIDENCE_BYTES, tests::world::assert_reverts};
use alloy_primitives::{B256, Bytes, U256};
use hansa_abi::{IModule, IStaking};
use std::fmt::Write as _;

const VECTORS: &str = include_str!("../../../vectors/evidence.txt");

fn submit(league: &mut League, kind: u8, evidence: Bytes) -> Result<u64, Bytes> {
    league.call(
        delegator(19),
        &IStaking::submitEvidenceCall { kind, evidence },
    )
}

/// Others read evidence too: the dashboard decodes it by itself, and its tests by these vectors. A change here is one of the encoding.
#[test]
fn the_encoding_is_the_committed_one() {
    let mut league = League::new(4, parameters());
    let committee = league.committee(0);
    let mut text =
        String::from("# kind epoch signer evidence; see src/staking/tests/evidence.rs\n");
    for (kind, epoch, of) in [(0, 0, 1), (1, 300, 2), (2, 70_000, 3), (0, u64::MAX, 4)] {
        let of = key(of);
        let about = evidence(B256::repeat_byte(0x77), &committee, (kind, epoch), &of);
        let mut seats = committee.seats.iter();
        let signer = seats.position(|seat| seat.key == public(&of)).unwrap();
        writeln!(text, "{kind} {epoch} {signer} {about}").unwrap();
    }
    assert!(text == VECTORS, "vectors/evidence.txt should be:\n{text}");
}

#[test]
fn each_kind_costs_its_share() {
    for (kind, amount) in [(0, 50), (1, 100), (2, 33)] {
        let mut league = League::new(4, parameters());
        league.enter(1);
        let id = league.accuse(kind, 1, &key(2)).unwrap();
        let slash = league.view(&IStaking::slashCall { slashId: id });
        assert_eq!((slash.operatorId, slash.kind, slash.view_), (2, kind, 7));
        assert_eq!(slash.amount, wei(amount), "kind {kind}");
        league.check_solvent();
    }
}

#[test]
fn the_last_block_of_the_window_is_the_last_valid_one() {
    let mut league = League::new(4, parameters());
    league.enter(1);
    let about = league.evidence(1, 1, &key(1));
    // The window is three epochs: the fault's epoch is 1, so block 19 of epoch 4 is the last.
    league.run_to(19);
    let mut late = league.clone();
    assert_eq!(submit(&mut league, 1, about.clone()), Ok(1));
    late.run_to(20);
    let error = IStaking::EvidenceExpired {
        epoch: 1,
        oldest: 2,
    };
    assert_reverts(submit(&mut late, 1, about), error);
}

#[test]
fn an_epoch_that_has_not_begun_is_refused_though_its_committee_is_fixed() {
    let mut league = League::new(4, parameters());
    league.run_to(3);
    assert_eq!(league.members(1).len(), 4);
    let about = league.evidence(0, 1, &key(1));
    let error = IStaking::UnknownEpoch { epoch: 1 };
    assert_reverts(submit(&mut league, 0, about.clone()), error);
    league.run_to(4);
    submit(&mut league, 0, about).unwrap();
}

#[test]
fn an_offence_is_punished_once_for_each_operator_and_epoch() {
    let mut league = League::new(4, parameters());
    league.enter(1);
    league.accuse(1, 1, &key(1)).unwrap();
    for kind in 0..3 {
        let error = IStaking::AlreadyPunished {
            operatorId: 1,
            epoch: 1,
            slashId: 1,
        };
        assert_reverts(league.accuse(kind, 1, &key(1)), error);
    }
    league.accuse(0, 0, &key(1)).unwrap();
    league.accuse(0, 1, &key(2)).unwrap();
    assert_eq!(league.operator(1).offences, 2);
}

#[test]
fn evidence_from_another_chain_is_refused() {
    let mut league = League::new(4, parameters());
    league.enter(1);
    let committee = league.committee(1);
    let foreign = evidence(B256::repeat_byte(0x78), &committee, (0, 1), &key(1));
    let signer = committee
        .seats
        .iter()
        .position(|seat| seat.key == public(&key(1)));
    let error = IStaking::InvalidSignature {
        epoch: 1,
        signer: signer.unwrap() as u32,
    };
    assert_reverts(submit(&mut league, 0, foreign), error);
}

/// The committee of epoch 0 is that of epoch 1: only what is signed tells the epochs apart.
#[test]
fn evidence_of_one_epoch_does_not_serve_for_another() {
    let mut league = League::new(4, parameters());
    league.enter(1);
    let about = league.evidence(0, 0, &key(1)).to_vec();
    // Both votes begin with the epoch, a varint that is 0.
    let half = about.len() / 2;
    let mut replayed = about.clone();
    assert_eq!((replayed[0], replayed[half]), (0, 0));
    (replayed[0], replayed[half]) = (1, 1);
    let error = submit(&mut league, 0, replayed.into()).unwrap_err();
    assert!(
        hansa_abi::describe_error(&error)
            .unwrap()
            .starts_with("InvalidSignature { epoch: 1"),
    );
    submit(&mut league, 0, about.into()).unwrap();
}

#[test]
fn only_what_contradicts_itself_is_evidence() {
    let mut league = League::new(4, parameters());
    league.enter(1);
    let about = league.evidence(0, 1, &key(1)).to_vec();
    let malformed = || IStaking::MalformedEvidence {};
    let half = about.len() / 2;
    // The same vote twice, one vote, a vote too many, the wrong kind, nothing.
    let twice = [&about[..half], &about[..half]].concat();
    assert_reverts(submit(&mut league, 0, twice.into()), malformed());
    assert_reverts(
        submit(&mut league, 0, about[..half].to_vec().into()),
        malformed(),
    );
    let three = [&about[..], &about[..half]].concat();
    assert_reverts(submit(&mut league, 0, three.into()), malformed());
    assert_reverts(submit(&mut league, 2, about.clone().into()), malformed());
    assert_reverts(submit(&mut league, 0, Bytes::new()), malformed());
    let other = league.evidence(0, 1, &key(2)).to_vec();
    let of_two = [&about[..half], &other[half..]].concat();
    assert_reverts(submit(&mut league, 0, of_two.into()), malformed());
    let error = IStaking::UnknownKind { kind: 3 };
    assert_reverts(submit(&mut league, 3, about.clone().into()), error);
    let error = IModule::TooLong {
        field: "evidence".into(),
        length: U256::from(MAX_EVIDENCE_BYTES + 1),
        limit: U256::from(MAX_EVIDENCE_BYTES),
    };
    let long = vec![0; MAX_EVIDENCE_BYTES + 1];
    assert_reverts(submit(&mut league, 0, long.into()), error);
    let mut forged = about;
    *forged.last_mut().unwrap() ^= 1;
    assert!(submit(&mut league, 0, forged.into()).is_err());
}

#[test]
fn a_signer_outside_of_the_committee_is_named() {
    let mut league = League::new(5, parameters());
    league.enter(1);
    let big = league.clone();
    let mut small = League::new(4, parameters());
    small.genesis_hash = big.genesis_hash;
    small.enter(1);
    let committee = league.committee(1);
    let last = committee.seats.len() - 1;
    let seed = (1..=5).find(|seed| public(&key(*seed)) == committee.seats[last].key);
    let about = league.evidence(0, 1, &key(seed.unwrap()));
    let error = IStaking::UnknownSigner {
        epoch: 1,
        signer: last as u32,
    };
    assert_reverts(submit(&mut small, 0, about), error);
}

#[test]
fn a_key_that_was_rotated_meanwhile_still_answers() {
    let mut league = League::new(4, parameters());
    league.enter(1);
    let (old, new) = (key(1), key(21));
    let about = league.evidence(0, 1, &old);
    let rotate = IStaking::rotateKeyCall {
        newKey: public(&new),
        proof: proof(league.genesis_hash, &new, owner(1)),
    };
    league.call(owner(1), &rotate).unwrap();
    league.enter(2);
    assert_eq!(league.operator(1).key, public(&new));
    let keys = league.committee(2).seats;
    assert!(keys.iter().any(|seat| seat.key == public(&new)));
    assert!(keys.iter().all(|seat| seat.key != public(&old)));
    let id = submit(&mut league, 0, about).unwrap();
    let slash = league.view(&IStaking::slashCall { slashId: id });
    assert_eq!((slash.operatorId, slash.epoch), (1, 1));
}
