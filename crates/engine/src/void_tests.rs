//! What a node has that a cut made void.

use crate::{
    Tuning,
    chain::{CertificateArchive, open_blocks, open_certificates, void_behind},
};
use alloy_primitives::B256;
use commonware_consensus::{
    simplex::types::{Finalize, Proposal},
    types::{Epoch, Round, View},
};
use commonware_cryptography::Signer as _;
use commonware_parallel::Sequential;
use commonware_runtime::{
    Runner as _, Supervisor as _, buffer::paged::CacheRef, deterministic::Runner,
};
use commonware_storage::archive::Archive as _;
use commonware_utils::{NZU16, NZUsize, iter::NonEmpty, ordered::Set};
use hansa_modules::staking::Cut;
use hansa_primitives::{Block, Finalization, Header, Inputs, PrivateKey, Scheme, digest};

const CUTS: [Cut; 2] = [
    Cut {
        first: 11,
        epoch: 100,
    },
    Cut {
        first: 31,
        epoch: 200,
    },
];

fn header((number, epoch): (u64, u64)) -> Header {
    let mut header = crate::tests::header(number, B256::ZERO, 0, &[]);
    header.context.round = Round::new(Epoch::new(epoch), View::new(number));
    (header.state.ops_end, header.state.code_end) = (1, 1);
    header
}

fn certificate(of: (u64, u64)) -> Finalization {
    let header = header(of);
    let key = PrivateKey::from_seed(1);
    let committee = Set::from_iter_dedup([key.public_key()]);
    let scheme = Scheme::signer(b"zone", committee, key).unwrap();
    let hash = digest(header.hash());
    let proposal = Proposal::new(header.context.round, View::zero(), hash);
    let vote = Finalize::sign(&scheme, proposal).unwrap();
    let votes = NonEmpty::new(&vote, std::iter::empty());
    Finalization::from_finalizes(&scheme, votes, &Sequential).unwrap()
}

/// The cut behind which something is void, of a node with these blocks and certificates, each a height and its epoch.
fn void(blocks: &[(u64, u64)], certificates: &[(u64, u64)]) -> Option<Cut> {
    Runner::default().start(|context| async move {
        let cache = CacheRef::new(NZU16!(1_024), NZUsize!(16));
        let tuning = Tuning {
            table_size: 64,
            ..Tuning::default()
        };
        let mut archive = open_blocks(context.child("blocks"), "p", &cache, &tuning).await;
        for at in blocks {
            let block = Block::with(header(*at), Vec::new(), None, Inputs::default());
            let hash = digest(block.hash());
            archive = archive.put_sync(at.0, hash, &block.into()).await.unwrap();
        }
        let certified = context.child("certificates");
        let mut certified: CertificateArchive<_> =
            open_certificates(certified, "p", &cache, &tuning).await;
        for at in certificates {
            let (certificate, hash) = (certificate(*at), digest(header(*at).hash()));
            certified = certified.put_sync(at.0, hash, &certificate).await.unwrap();
        }
        void_behind(&certified, &archive, &CUTS).await
    })
}

#[test]
fn blocks_before_a_cut_and_of_the_right_epochs_stay() {
    assert_eq!(void(&[], &[]), None);
    assert_eq!(void(&[(9, 0), (10, 1)], &[(10, 1)]), None);
    let right = [(10, 1), (11, 100), (30, 101), (31, 200), (45, 201)];
    assert_eq!(void(&right, &right), None);
}

#[test]
fn blocks_of_former_epochs_behind_a_cut_are_void() {
    assert_eq!(void(&[(10, 1), (11, 1)], &[]), Some(CUTS[0]));
    // Its former committee went on through many epochs.
    assert_eq!(void(&[(11, 99)], &[]), Some(CUTS[0]));
    // There is a certificate only, of a later block.
    assert_eq!(void(&[(10, 1)], &[(10, 1), (25, 2)]), Some(CUTS[0]));
    // Behind an earlier cut than the last, and behind the last.
    let later = [(11, 100), (30, 101), (31, 101)];
    assert_eq!(void(&later, &[]), Some(CUTS[1]));
    assert_eq!(void(&[(12, 2)], &[(12, 2)]), Some(CUTS[0]));
    assert_eq!(void(&[], &[(40, 150)]), Some(CUTS[1]));
}
