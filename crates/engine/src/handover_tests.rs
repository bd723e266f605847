//! Which handovers are believed, and what comes off the wire.

use crate::{
    Checkpoint,
    committees::{Entry, decode, encode},
    handover::{Handover, MAX_HANDOVERS, Message, Root},
};
use alloy_primitives::{Address, B256, Bloom, U256};
use commonware_codec::{DecodeExt as _, Encode as _};
use commonware_consensus::{
    simplex::types::{Finalize, Proposal},
    types::{Epoch, Height, Round, View},
};
use commonware_cryptography::Signer as _;
use commonware_parallel::Sequential;
use commonware_runtime::IoBuf;
use commonware_utils::{TestRng, iter::NonEmpty, ordered::Set};
use hansa_modules::staking::{Committee, Seat};
use hansa_primitives::{
    Context, Finalization, Header, HubPoint, PrivateKey, Scheme, StateCommitment, Terms, digest,
};
use std::sync::Arc;

const EPOCH: u64 = 3;
const LAST: Height = Height::new(47);

fn keys(first: u64) -> Vec<PrivateKey> {
    let mut keys: Vec<_> = (first..first + 4).map(PrivateKey::from_seed).collect();
    keys.sort_by_key(|key| key.public_key());
    keys
}

fn seats(keys: &[PrivateKey]) -> Vec<Seat> {
    let seat = |(operator, key): (u64, &PrivateKey)| Seat {
        operator,
        key: B256::from_slice(key.public_key().as_ref()),
        fee_recipient: Address::repeat_byte(operator as u8),
        stake: U256::ZERO,
    };
    (1..).zip(keys).map(seat).collect()
}

fn schemes(keys: &[PrivateKey]) -> Vec<Scheme> {
    let committee = Set::from_iter_dedup(keys.iter().map(|key| key.public_key()));
    let signer = |key: &PrivateKey| Scheme::signer(b"chain", committee.clone(), key.clone());
    keys.iter().filter_map(signer).collect()
}

fn entry(keys: &[PrivateKey]) -> Entry {
    let committee = Committee {
        epoch: EPOCH,
        seats: seats(keys),
    };
    Entry {
        id: committee.id(),
        committee,
        scheme: Arc::new(schemes(keys).remove(0)),
        votes: true,
        root: None,
    }
}

fn header(next: &[Seat]) -> Header {
    let next = Committee {
        epoch: EPOCH + 1,
        seats: next.to_vec(),
    };
    Header {
        context: Context {
            round: Round::new(Epoch::new(EPOCH), View::new(9)),
            leader: keys(0)[0].public_key(),
            parent: (View::new(8), digest(B256::ZERO)),
        },
        parent_hash: B256::ZERO,
        number: LAST.get(),
        timestamp_ms: 1_000,
        beneficiary: Address::ZERO,
        terms: Terms::default(),
        gas_used: 0,
        base_fee_per_gas: 0,
        transactions_root: B256::ZERO,
        receipts_root: B256::ZERO,
        logs_bloom: Bloom::ZERO,
        committee: B256::ZERO,
        next_committee: next.id(),
        finalization: B256::ZERO,
        finalized_view: 0,
        hub: HubPoint::default(),
        inputs: B256::ZERO,
        outbox: Default::default(),
        state: StateCommitment {
            ops_end: 1,
            code_end: 1,
            ..StateCommitment::default()
        },
    }
}

fn finalization(signers: &[Scheme], header: &Header, epoch: u64) -> Finalization {
    let round = Round::new(Epoch::new(epoch), View::new(9));
    let proposal = Proposal::new(round, View::new(8), digest(header.hash()));
    let sign = |scheme| Finalize::sign(scheme, proposal.clone()).unwrap();
    let votes: Vec<_> = signers.iter().map(sign).collect();
    let votes = NonEmpty::new(&votes[0], votes[1..].iter());
    Finalization::from_finalizes(&signers[0], votes, &Sequential).unwrap()
}

fn handover() -> Handover {
    let (old, new) = (keys(0), seats(&keys(10)));
    let header = header(&new);
    Handover {
        finalization: finalization(&schemes(&old), &header, EPOCH),
        header,
        seats: new,
    }
}

fn follows(handover: &Handover, last: Height) -> bool {
    handover.follows(&mut TestRng::new(1), &entry(&keys(0)), last, &Sequential)
}

#[test]
fn a_committee_hands_over_to_the_one_that_its_last_block_names() {
    let handover = handover();
    assert!(follows(&handover, LAST));
    let next = handover.next().unwrap();
    assert_eq!((next.epoch, next.seats), (EPOCH + 1, seats(&keys(10))));
}

#[test]
fn others_cannot_hand_over() {
    let mut strangers = handover();
    strangers.finalization = finalization(&schemes(&keys(10)), &strangers.header, EPOCH);
    assert!(!follows(&strangers, LAST), "signed by others");
    assert!(!follows(&handover(), Height::new(48)), "another block");
    let mut before = handover();
    before.finalization = finalization(&schemes(&keys(0)), &before.header, EPOCH - 1);
    assert!(!follows(&before, LAST), "signed in another epoch");
    let mut moved = handover();
    moved.header.timestamp_ms += 1;
    assert!(!follows(&moved, LAST), "not the block that was signed");
}

#[test]
fn nobody_but_the_named_committee_goes_on() {
    let changes: [fn(&mut Vec<Seat>); 4] = [
        Vec::clear,
        |seats| seats.truncate(3),
        |seats| seats[0].fee_recipient = Address::repeat_byte(0xee),
        |seats| seats.swap(0, 1),
    ];
    for change in changes {
        let mut handover = handover();
        change(&mut handover.seats);
        assert!(handover.next().is_none());
    }
}

#[test]
fn a_committee_is_kept_with_the_block_that_its_epoch_builds_on() {
    let committee = Committee {
        epoch: EPOCH,
        seats: seats(&keys(0)),
    };
    for root in [None, Some(Root::from(&header(&committee.seats)))] {
        let stored = encode(&committee, root);
        assert_eq!(decode(EPOCH, &stored), (committee.clone(), root));
    }
}

#[test]
fn messages_come_back_as_they_were_sent() {
    let handover = handover();
    let answer = Message::Answer {
        epoch: EPOCH,
        newest: Some(handover.finalization.clone()),
        handovers: vec![handover.clone(), handover],
    };
    for message in [Message::Question { epoch: u64::MAX }, answer] {
        let encoded = message.encode();
        assert_eq!(Message::decode(encoded.clone()).unwrap().encode(), encoded);
        for cut in 0..encoded.len() {
            assert!(Message::decode(encoded.slice(..cut)).is_err());
        }
    }
}

/// Whatever is changed on the way is refused, or is not believed; nothing of it ends the node.
#[test]
fn a_changed_handover_is_not_believed() {
    let answer = Message::Answer {
        epoch: EPOCH,
        handovers: vec![handover()],
        newest: None,
    };
    let encoded = answer.encode();
    for (at, bit) in (0..encoded.len()).flat_map(|at| [(at, 1), (at, 0x80)]) {
        let mut changed = encoded.to_vec();
        changed[at] ^= bit;
        let Ok(Message::Answer { handovers, .. }) = Message::decode(IoBuf::from(changed)) else {
            continue;
        };
        let believed = |handover: &&Handover| follows(handover, LAST) && handover.next().is_some();
        for handover in handovers.iter().filter(believed) {
            // Only which epoch was asked about may differ.
            assert_eq!(
                handover.header.hash(),
                header(&seats(&keys(10))).hash(),
                "byte {at}"
            );
        }
    }
}

#[test]
fn too_many_handovers_are_refused() {
    let answer = |count| Message::Answer {
        epoch: 0,
        handovers: vec![handover(); count],
        newest: None,
    };
    assert!(Message::decode(answer(MAX_HANDOVERS).encode()).is_ok());
    assert!(Message::decode(answer(MAX_HANDOVERS + 1).encode()).is_err());
    let mut nobody = handover();
    nobody.seats.clear();
    let nobody = Message::Answer {
        epoch: 0,
        handovers: vec![nobody],
        newest: None,
    };
    assert!(Message::decode(nobody.encode()).is_err());
}

#[test]
fn checkpoints_are_read_as_they_are_written() {
    let checkpoint = Checkpoint {
        epoch: 12,
        hash: B256::repeat_byte(0x5f),
    };
    assert_eq!(
        checkpoint.to_string().parse::<Checkpoint>().unwrap(),
        checkpoint
    );
    for text in ["", "12", "12:", "12:0x5f", ":0x5f", "x:0x5f", "-1:0x00"] {
        let refused = text.parse::<Checkpoint>().unwrap_err();
        assert!(refused.to_string().contains("EPOCH:HASH"), "{refused}");
    }
}
