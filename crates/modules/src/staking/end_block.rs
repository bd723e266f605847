//! What happens at the end of every block, after its transactions.

use super::{
    clock::Clock,
    committee::{self, Committee},
    operators::{self, Bar},
    participation::{self, Participation},
    rewards, selection, settings, slashing,
    state::SEEN,
};
use crate::{
    context::{Context, Stop},
    genesis::explain,
    host::{Block, Host, HostError},
    limits::{JAIL_MIN_CERTIFICATES, MAX_SETTLED_AT_FREEZE},
    slots::mapping,
};
use alloy_primitives::{B256, U256};
use hansa_abi::STAKING;

/// A block as the module sees it at its end.
#[derive(Clone, Copy, Debug)]
pub struct BlockEnd<'a> {
    /// The block.
    pub block: Block,
    /// ed25519 key of its proposer.
    pub proposer: B256,
    /// Indices of the seats that signed the certificate which this block carries; the certificate is of this
    /// block's epoch. `None` when it carries none.
    pub signers: Option<&'a [u32]>,
    /// The module's share of the block's base fees in wei, which the chain credits to its balance.
    pub fees: U256,
}

/// What the end of a block came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// New wei, which the chain credits to the module's balance.
    pub minted: U256,
    /// At a freeze block: the committee of the next epoch.
    pub next: Option<Committee>,
}

/// Ends a block: counts who took part, and at a freeze block pays the epoch's rewards and fixes the next
/// committee. Not metered; the work is bounded. Slashes that are due are settled at a freeze block, which moves ether
/// out of the module by [`Host::transfer`]. No logs. Does nothing on a chain without staking.
///
/// # Errors
/// [`HostError::Fatal`] when the host fails, or when the module's state contradicts itself: nothing that a
/// user does makes it fail.
pub fn end_block(host: &mut dyn Host, end: &BlockEnd<'_>) -> Result<Ended, HostError> {
    let mut context = Context::of_chain(host, STAKING, end.block);
    let ended = end_in(&mut context, end).and_then(|ended| {
        context.commit()?;
        Ok(ended)
    });
    ended.map_err(|stop| HostError::Fatal(format!("staking, end of block: {}", explain(stop))))
}

fn end_in(context: &mut Context<'_>, end: &BlockEnd<'_>) -> Result<Ended, Stop> {
    let Some(calendar) = settings::calendar(context)? else {
        return Ok(Ended::default());
    };
    let number = end.block.number;
    let epoch = calendar.epoch_of(number);
    let freeze_block = calendar.freeze_block(epoch);
    rewards::collect(context, end.fees)?;
    if number > freeze_block {
        return Ok(Ended::default());
    }
    let seats = committee::size(context, epoch)?;
    participation::count(context, (epoch, seats), end)?;
    if number < freeze_block {
        return Ok(Ended::default());
    }
    freeze(context, epoch)
}

/// The end of a freeze block.
fn freeze(context: &mut Context<'_>, epoch: u64) -> Result<Ended, Stop> {
    let clock = Clock::read(context)?;
    let mut limit = MAX_SETTLED_AT_FREEZE;
    for operator in operators::listed(context)? {
        limit -= slashing::settle_due(context, &clock, operator, limit)?;
    }
    let committee = committee::committee(context, epoch)?
        .ok_or_else(|| Stop::Fatal(format!("epoch {epoch} has no committee")))?;
    let participation = participation::take(context, &committee)?;
    let minted = settings::emission(context)?;
    rewards::collect(context, minted)?;
    rewards::pay(context, &committee, &participation)?;
    rewards::carry_over(context, &committee)?;
    jail_absent(context, &committee, &participation)?;
    let next = selection::select(context, &committee)?;
    welcome(context, &committee, &next)?;
    committee::fix(context, &next)?;
    Ok(Ended {
        minted,
        next: Some(next),
    })
}

/// Notes who signed or proposed something, and jails whoever did not for too long. An epoch that carried few certificates tells
/// nothing of those who signed none of them.
fn jail_absent(
    context: &mut Context<'_>,
    committee: &Committee,
    participation: &Participation,
) -> Result<(), Stop> {
    let now = context.now();
    let patience = settings::max_absence(context)?;
    let (_, jail) = settings::seats_and_jail(context)?;
    let seen = participation.signed.iter().zip(&participation.proposed);
    for (seat, (signed, proposed)) in committee.seats.iter().zip(seen) {
        if *signed > 0 || *proposed {
            note_seen(context, seat.operator, now)?;
            continue;
        }
        let last = context.sload(seen_slot(seat.operator))?.as_limbs()[0];
        let absent = now.saturating_sub(last) >= patience;
        if participation.carried < JAIL_MIN_CERTIFICATES || !absent {
            continue;
        }
        let mut operator = operators::find(context, seat.operator)?;
        if operator.bar == Bar::None {
            operator.bar = Bar::Jailed;
        }
        let until = committee.epoch.saturating_add(jail);
        operator.barred_until = operator.barred_until.max(until);
        operators::store(context, &operator)?;
    }
    Ok(())
}

/// Whoever gets a seat is not absent before the epoch begins.
fn welcome(context: &mut Context<'_>, old: &Committee, next: &Committee) -> Result<(), Stop> {
    let now = context.now();
    for seat in &next.seats {
        if old.seat_of(seat.operator).is_none() {
            note_seen(context, seat.operator, now)?;
        }
    }
    Ok(())
}

pub(super) fn note_seen(context: &mut Context<'_>, operator: u64, now: u64) -> Result<(), Stop> {
    context.sstore(seen_slot(operator), U256::from(now))
}

fn seen_slot(operator: u64) -> U256 {
    mapping(U256::from(operator), SEEN)
}
