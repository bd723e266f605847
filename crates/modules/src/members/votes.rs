//! Who may vote, and the counting of votes. The guard uses this too.
//!
//! Votes are a bitmap over member indexes: 256 to a word, from a slot of the module that is called.

use super::state::{self, Record};
use crate::{
    context::{Context, Stop, ensure, revert},
    limits::MAX_MEMBERS,
};
use alloy_primitives::{Address, U256};
use hansa_abi::IModule;

/// Words of a bitmap over all members that there can be.
const WORDS: u64 = MAX_MEMBERS.div_ceil(256);

/// The active member at an address.
pub(crate) fn active(context: &mut Context<'_>, account: Address) -> Result<Record, Stop> {
    state::find(context, account)?
        .filter(|record| record.active)
        .ok_or_else(|| revert(IModule::NotActiveMember { account }))
}

/// The active member at an address, if it has weight.
pub(crate) fn voter(context: &mut Context<'_>, account: Address) -> Result<Record, Stop> {
    let record = active(context, account)?;
    ensure(record.voting_weight() > 0, || IModule::NotVotingMember {
        account,
    })?;
    Ok(record)
}

/// Sum of the weights of all active members.
pub(crate) fn total_weight(context: &mut Context<'_>) -> Result<u64, Stop> {
    Ok(state::counters(context)?.weight)
}

/// Records a vote; false when the member has voted before.
///
/// Such a repeat is no vote, but it is a reason to count again: what has been cast may suffice since
/// weights changed. Where it does not, the caller refuses the repeat with [`pending`].
pub(crate) fn cast(context: &mut Context<'_>, votes: U256, voter: &Record) -> Result<bool, Stop> {
    let (slot, bit) = position(votes, voter.index);
    let word = context.sload(slot)?;
    context.sstore(slot, word | bit)?;
    Ok(word & bit == U256::ZERO)
}

/// What a vote comes to that settled nothing: false, and a revert when it was a repeat.
pub(crate) fn pending(is_new: bool, voter: &Record) -> Result<bool, Stop> {
    ensure(is_new, || IModule::AlreadyVoted {
        account: voter.account,
    })?;
    Ok(false)
}

/// Whether a member has voted.
pub(super) fn has_voted(context: &mut Context<'_>, votes: U256, index: u64) -> Result<bool, Stop> {
    let (slot, bit) = position(votes, index);
    Ok(context.sload(slot)? & bit != U256::ZERO)
}

/// The weight behind a bitmap of votes as of now, and who cast them in order of admission (members
/// suspended since included).
pub(crate) fn count(context: &mut Context<'_>, votes: U256) -> Result<(u64, Vec<Address>), Stop> {
    let members = state::counters(context)?.members;
    let mut weight = 0u64;
    let mut voters = Vec::new();
    for word_index in 0..members.div_ceil(256).min(WORDS) {
        let mut word = context.sload(votes.wrapping_add(U256::from(word_index)))?;
        while !word.is_zero() {
            let bit = word.trailing_zeros();
            word.set_bit(bit, false);
            let record = state::record_at(context, word_index * 256 + bit as u64)?;
            // Cannot overflow: MAX_MEMBERS times MAX_WEIGHT is far below 2^64.
            weight += u64::from(record.voting_weight());
            voters.push(record.account);
        }
    }
    Ok((weight, voters))
}

fn position(votes: U256, index: u64) -> (U256, U256) {
    (
        votes.wrapping_add(U256::from(index / 256)),
        U256::ONE << (index % 256),
    )
}

/// Whether an address belongs to an active member with weight.
pub(crate) fn is_voter(context: &mut Context<'_>, account: Address) -> Result<bool, Stop> {
    Ok(state::find(context, account)?.is_some_and(|record| record.voting_weight() > 0))
}
