//! What an epoch pays, at its freeze block.
//!
//! The pot is what came in as fees since the last freeze, what rounding and absence left over, and the emission. First
//! each seat is compensated for its cost by its participation; if the pot does not suffice for all, each gets its
//! part of the pot. The rest is divided by the stake that the committee was fixed with, and of each seat's part only
//! what it took part for is paid. The operator keeps its commission; the remainder goes to the stake that counts in the
//! epoch. Everything is rounded down, and what is not paid stays in the pot.

use super::{
    committee::Committee,
    operators,
    parameters::BPS,
    participation::Participation,
    pool::Pool,
    replay::{index_before, set_index},
    settings,
    state::POT,
};
use crate::context::{Context, Stop};
use alloy_primitives::{U256, U512};

/// Bits of a wei's fraction in indexes and positions.
pub(super) const FRACTION_BITS: usize = 96;

/// `a * b / c`, rounded down. The result must fit, which it does when `a <= c` or `b <= c`.
fn mul_div(a: U256, b: U256, c: U256) -> U256 {
    if c.is_zero() {
        return U256::ZERO;
    }
    let product: U512 = a.widening_mul(b);
    (product / U512::from(c)).saturating_to()
}

/// Adds to the pot.
pub(super) fn collect(context: &mut Context<'_>, amount: U256) -> Result<(), Stop> {
    let pot = context.sload(POT)?;
    context.sstore(POT, pot.saturating_add(amount))
}

/// Pays an epoch.
pub(super) fn pay(
    context: &mut Context<'_>,
    committee: &Committee,
    participation: &Participation,
) -> Result<(), Stop> {
    let pot = context.sload(POT)?;
    // None carried: nobody could show anything, and everybody is taken to have taken part.
    let carried = U256::from(participation.carried.max(1));
    let signed: Vec<U256> = match participation.carried {
        0 => vec![U256::ONE; committee.seats.len()],
        _ => participation
            .signed
            .iter()
            .copied()
            .map(U256::from)
            .collect(),
    };
    let cost = settings::operator_cost(context)?;
    let costs: Vec<U256> = signed
        .iter()
        .map(|signed| mul_div(cost, *signed, carried))
        .collect();
    let costs = scale(costs, pot);
    let rest = pot.saturating_sub(super::pool::sum(costs.iter().copied()));
    let stake = super::pool::sum(committee.seats.iter().map(|seat| seat.stake));
    let mut left = rest;
    for ((seat, signed), cost) in committee.seats.iter().zip(signed).zip(costs) {
        // Stakes have at most MAX_STAKE_BITS bits, counts 16.
        let weight = seat.stake.saturating_mul(signed);
        let share = mul_div(rest, weight, stake.saturating_mul(carried));
        let commission = operators::find(context, seat.operator)?.commission;
        let commission = mul_div(share, U256::from(commission), U256::from(BPS));
        let earned = operators::earned(context, seat.operator)?;
        let earned = earned.saturating_add(commission).saturating_add(cost);
        operators::set_earned(context, seat.operator, earned)?;
        let due = share.saturating_sub(commission);
        let paid = distribute(context, seat.operator, committee.epoch, due)?;
        left = left.saturating_sub(commission).saturating_sub(paid);
    }
    context.sstore(POT, left)
}

/// Scales amounts down so that they add up to the limit at most.
fn scale(amounts: Vec<U256>, limit: U256) -> Vec<U256> {
    let wanted = super::pool::sum(amounts.iter().copied());
    if wanted <= limit {
        return amounts;
    }
    let scaled = amounts.into_iter();
    scaled
        .map(|amount| mul_div(limit, amount, wanted))
        .collect()
}

/// Raises the index of an operator so that the stake that counts in the epoch earns the amount; returns what of it is
/// paid, rounded up, so that positions can never claim more.
fn distribute(
    context: &mut Context<'_>,
    operator: u64,
    epoch: u64,
    amount: U256,
) -> Result<U256, Stop> {
    let active = Pool::load(context, operator)?.active_at(context, epoch)?;
    let before = index_before(context, operator, epoch)?;
    let scale = U256::ONE << FRACTION_BITS;
    // Nothing where nothing counts any more.
    let rise = mul_div(amount, scale, active);
    set_index(context, operator, epoch, before.saturating_add(rise))?;
    let paid: U512 = rise.widening_mul(active);
    let paid: U512 = paid.div_ceil(U512::from(scale));
    Ok(paid.saturating_to::<U256>().min(amount))
}

/// Carries the indexes of operators without a seat over to an epoch, so that there are no gaps.
pub(super) fn carry_over(context: &mut Context<'_>, committee: &Committee) -> Result<(), Stop> {
    for operator in operators::listed(context)? {
        if committee.seat_of(operator).is_none() {
            let index = index_before(context, operator, committee.epoch)?;
            set_index(context, operator, committee.epoch, index)?;
        }
    }
    Ok(())
}
