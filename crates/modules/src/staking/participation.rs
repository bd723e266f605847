//! Who took part in an epoch: counted block by block, until the epoch's rewards are settled at its freeze block.
//!
//! Storage: certificates carried (+0), from +1 on how many certificates each seat signed, sixteen counters of 16 bits to a
//! word, and from +2^16 on a bit for each operator that proposed.

use super::{
    committee::{Committee, Seat},
    end_block::BlockEnd,
    operators,
    state::{PARTICIPATION, offset},
};
use crate::{
    context::{Context, Stop},
    limits::MAX_EPOCH_BLOCKS,
    slots::mapping,
};
use alloy_primitives::U256;
use std::collections::{BTreeMap, btree_map::Entry};

const COUNTERS_OFFSET: u64 = 1;
const PROPOSED_OFFSET: u64 = 1 << 16;
const COUNTERS_PER_WORD: u64 = 16;
const COUNTER_BITS: u64 = 16;

const _: () = assert!(MAX_EPOCH_BLOCKS < 1 << COUNTER_BITS);

/// What an epoch's blocks showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Participation {
    /// Certificates that blocks carried.
    pub(super) carried: u64,
    /// How many of these each seat signed.
    pub(super) signed: Vec<u64>,
    /// Whether each seat's operator proposed a block.
    pub(super) proposed: Vec<bool>,
}

/// Counts a block. `seats` is the size of the committee of its epoch.
pub(super) fn count(
    context: &mut Context<'_>,
    (epoch, seats): (u64, u64),
    end: &BlockEnd<'_>,
) -> Result<(), Stop> {
    let base = mapping(U256::from(epoch), PARTICIPATION);
    let proposer = operators::id_of_key(context, end.proposer)?;
    let slot = proposed_slot(base, proposer);
    let proposed = context.sload(slot)?;
    context.sstore(slot, proposed | U256::ONE << (proposer % 256))?;
    let Some(signers) = end.signers else {
        return Ok(());
    };
    let carried = context.sload(base)?;
    context.sstore(base, carried.saturating_add(U256::ONE))?;
    let mut increments = BTreeMap::<u64, U256>::new();
    for signer in signers.iter().copied().map(u64::from) {
        if signer >= seats {
            return Err(Stop::Fatal(format!(
                "a certificate of epoch {epoch} has signer {signer} of {seats}"
            )));
        }
        let shift = COUNTER_BITS * (signer % COUNTERS_PER_WORD);
        // One named twice counts once.
        *increments.entry(signer / COUNTERS_PER_WORD).or_default() |= U256::ONE << shift;
    }
    for (word, increment) in increments {
        let slot = offset(base, COUNTERS_OFFSET + word);
        let counters = context.sload(slot)?;
        // No carry into a neighbour: an epoch has fewer blocks than a counter can count.
        context.sstore(slot, counters.saturating_add(increment))?;
    }
    Ok(())
}

/// Where an operator's bit among the proposers lies.
fn proposed_slot(base: U256, operator: u64) -> U256 {
    offset(base, PROPOSED_OFFSET + operator / 256)
}

/// Takes what was counted for an epoch out of the storage.
pub(super) fn take(
    context: &mut Context<'_>,
    committee: &Committee,
) -> Result<Participation, Stop> {
    let base = mapping(U256::from(committee.epoch), PARTICIPATION);
    let mut clear = |slot| {
        let value = context.sload(slot)?;
        context.sstore(slot, U256::ZERO)?;
        Ok::<_, Stop>(value)
    };
    let carried = clear(base)?.as_limbs()[0];
    let mut signed = Vec::new();
    let words = (committee.seats.len() as u64).div_ceil(COUNTERS_PER_WORD);
    for word in 0..words {
        let counters = clear(offset(base, COUNTERS_OFFSET + word))?;
        signed.extend((0..COUNTERS_PER_WORD).map(|index| {
            (counters >> (COUNTER_BITS * index)).as_limbs()[0] & ((1 << COUNTER_BITS) - 1)
        }));
    }
    signed.truncate(committee.seats.len());
    let mut words = BTreeMap::new();
    for seat in &committee.seats {
        let slot = proposed_slot(base, seat.operator);
        if let Entry::Vacant(entry) = words.entry(slot) {
            entry.insert(clear(slot)?);
        }
    }
    let has_proposed = |seat: &Seat| {
        let word = words.get(&proposed_slot(base, seat.operator));
        word.is_some_and(|word| word.bit((seat.operator % 256) as usize))
    };
    Ok(Participation {
        carried,
        signed,
        proposed: committee.seats.iter().map(has_proposed).collect(),
    })
}
