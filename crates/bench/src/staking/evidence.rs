//! Votes that contradict each other, with real signatures.

use alloy_primitives::{B256, Bytes};
use commonware_codec::{DecodeExt as _, Encode as _};
use commonware_consensus::{
    simplex::types::{ConflictingFinalize, Finalize, Proposal},
    types::{Epoch, Round, View},
};
use commonware_utils::{TryCollect as _, ordered::Set};
use eyre::{OptionExt as _, Result, eyre};
use hansa_modules::staking::Committee;
use hansa_primitives::{Digest, PrivateKey, PublicKey, Scheme, digest, namespace};

/// Any view will do.
const VIEW: u64 = 7;

/// Evidence that a member of the committee finalized two blocks in one view: kind 1.
///
/// # Errors
/// The key has no seat.
pub(super) fn conflicting_finalize(
    genesis_hash: B256,
    committee: &Committee,
    key: &PrivateKey,
) -> Result<Bytes> {
    let keys: Vec<PublicKey> = committee
        .seats
        .iter()
        .map(|seat| PublicKey::decode(seat.key.to_vec()))
        .collect::<Result<_, _>>()?;
    let keys: Set<_> = keys
        .into_iter()
        .try_collect()
        .map_err(|_| eyre!("a committee has each key once"))?;
    let scheme = Scheme::signer(&namespace(genesis_hash), keys, key.clone())
        .ok_or_eyre("the key has no seat")?;
    let round = Round::new(Epoch::new(committee.epoch), View::new(VIEW));
    let vote = |block| {
        let proposal = Proposal::new(round, View::new(VIEW - 1), digest(B256::repeat_byte(block)));
        Finalize::<Scheme, Digest>::sign(&scheme, proposal).ok_or_eyre("the key cannot sign")
    };
    let conflict = ConflictingFinalize::new(vote(1)?, vote(2)?);
    Ok(conflict.encode().to_vec().into())
}
