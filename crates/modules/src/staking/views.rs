//! What the module tells about its records.

use super::{
    clock::{self, Clock},
    committee,
    operators::{self as records, Bar},
    pool::Pool,
    position::{self, Position, no_delegation},
    rewards::FRACTION_BITS,
    settings, slashes as entries, state,
};
use crate::{
    codec::check_count,
    context::{Context, Stop, revert},
    limits::{MAX_OPERATORS_PAGE, MAX_SLASHES_PAGE},
};
use alloy_primitives::U256;
use hansa_abi::IStaking as Abi;

pub(super) fn operator(
    context: &mut Context<'_>,
    call: Abi::operatorCall,
) -> Result<Abi::Operator, Stop> {
    let clock = Clock::read(context)?;
    describe(context, &clock, call.operatorId)
}

pub(super) fn operators(
    context: &mut Context<'_>,
    call: Abi::operatorsCall,
) -> Result<Abi::operatorsReturn, Stop> {
    let clock = Clock::read(context)?;
    let total = state::counters(context)?.operators;
    let page = page(total, call.offset, call.limit, MAX_OPERATORS_PAGE)?
        .map(|id| describe(context, &clock, id))
        .collect::<Result<_, _>>()?;
    let total = U256::from(total);
    Ok(Abi::operatorsReturn { page, total })
}

/// The ids on a page, which start at 1.
fn page(total: u64, offset: U256, limit: U256, most: usize) -> Result<std::ops::Range<u64>, Stop> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    check_count("limit", limit, most)?;
    let first = u64::try_from(offset).unwrap_or(u64::MAX).min(total) + 1;
    Ok(first..first.saturating_add(limit as u64).min(total + 1))
}

fn describe(context: &mut Context<'_>, clock: &Clock, id: u64) -> Result<Abi::Operator, Stop> {
    let of = records::find(context, id)?;
    let pool = Pool::load(context, id)?;
    let profile = records::profile(context, id)?;
    let min_self_stake = settings::min_self_stake(context)?;
    let is_pending = entries::pending_count(context, id)? > 0;
    Ok(Abi::Operator {
        id,
        owner: of.owner,
        willing: of.is_willing(min_self_stake),
        exited: of.exited,
        retired: of.retired,
        bar: match of.bar {
            Bar::None => Abi::Bar::None,
            Bar::Jailed => Abi::Bar::Jailed,
            Bar::Faulted => Abi::Bar::Faulted,
        },
        barredUntil: if is_pending {
            u64::MAX
        } else {
            of.barred_until
        },
        offences: of.offences,
        slashedOut: of.is_slashed_out(),
        key: of.key,
        nextKey: of.next_key,
        feeRecipient: of.fee_recipient,
        commissionBps: of.commission as u16,
        risk: of.risk.at(clock.epoch).into(),
        nextRisk: of.risk.decided().into(),
        nextRiskEpochs: of.risk.since(),
        selfStake: of.self_stake,
        stake: pool.held,
        unbonding: pool.total.saturating_sub(pool.held),
        earned: records::earned(context, id)?,
        name: profile.name,
        endpoint: profile.endpoint,
        metadata: profile.metadata,
    })
}

pub(super) fn operator_of(
    context: &mut Context<'_>,
    call: Abi::operatorOfCall,
) -> Result<u64, Stop> {
    records::id_of(context, call.owner)
}

pub(super) fn operator_of_key(
    context: &mut Context<'_>,
    call: Abi::operatorOfKeyCall,
) -> Result<u64, Stop> {
    records::id_of_key(context, call.key)
}

pub(super) fn committee_of(
    context: &mut Context<'_>,
    call: Abi::committeeOfCall,
) -> Result<Abi::committeeOfReturn, Stop> {
    let epoch = call.epoch;
    let found =
        committee::committee(context, epoch)?.ok_or_else(|| revert(Abi::UnknownEpoch { epoch }))?;
    let id = found.id();
    let seats = found.seats.into_iter().map(|seat| Abi::Seat {
        operatorId: seat.operator,
        key: seat.key,
        feeRecipient: seat.fee_recipient,
        stake: seat.stake,
    });
    let seats = seats.collect();
    Ok(Abi::committeeOfReturn { id, seats })
}

pub(super) fn epoch_of(
    context: &mut Context<'_>,
    call: Abi::epochOfCall,
) -> Result<Abi::epochOfReturn, Stop> {
    let calendar = clock::calendar(context)?;
    let epoch = calendar.epoch_of(call.blockNumber);
    Ok(Abi::epochOfReturn {
        epoch,
        firstBlock: epoch.saturating_mul(calendar.epoch_blocks),
        freezeBlock: calendar.freeze_block(epoch),
        lastBlock: calendar.last_block(epoch),
    })
}

pub(super) fn delegation(
    context: &mut Context<'_>,
    call: Abi::delegationCall,
) -> Result<Abi::Delegation, Stop> {
    let clock = Clock::read(context)?;
    let (id, delegator) = (call.operatorId, call.delegator);
    records::find(context, id)?;
    if Position::load(context, id, delegator)?.is_none() {
        return Err(no_delegation(id, delegator));
    }
    let position = Position::current(context, &clock, id, delegator)?;
    let lots = position.lots.iter().map(|lot| Abi::Lot {
        amount: lot.amount,
        from: lot.from,
    });
    let unbonding = position.unbonding.iter().map(|entry| Abi::Unbonding {
        amount: entry.amount,
        from: entry.from,
        until: entry.until,
        claimableAt: entry.claimable_at(&clock),
        to: entry.to,
    });
    Ok(Abi::Delegation {
        operatorId: id,
        amount: position.held(),
        lots: lots.collect(),
        unbonding: unbonding.collect(),
        rewards: position.rewards >> FRACTION_BITS,
        maxLoss: position.max_loss.into(),
        autoRestake: position.auto_restake,
    })
}

pub(super) fn delegations_of(
    context: &mut Context<'_>,
    call: Abi::delegationsOfCall,
) -> Result<Vec<u64>, Stop> {
    position::listed(context, call.delegator)
}

pub(super) fn slash(context: &mut Context<'_>, call: Abi::slashCall) -> Result<Abi::Slash, Stop> {
    entries::find(context, call.slashId).map(describe_slash)
}

pub(super) fn slashes(
    context: &mut Context<'_>,
    call: Abi::slashesCall,
) -> Result<Abi::slashesReturn, Stop> {
    let total = state::counters(context)?.slashes;
    let page = page(total, call.offset, call.limit, MAX_SLASHES_PAGE)?
        .map(|id| entries::find(context, id).map(describe_slash))
        .collect::<Result<_, _>>()?;
    let total = U256::from(total);
    Ok(Abi::slashesReturn { page, total })
}

const fn describe_slash(slash: entries::Slash) -> Abi::Slash {
    Abi::Slash {
        id: slash.id,
        operatorId: slash.operator,
        kind: slash.kind,
        epoch: slash.epoch,
        view_: slash.view,
        bps: slash.bps as u16,
        amount: slash.amount,
        finder: slash.finder,
        zoneId: slash.zone,
        settlesAt: slash.settles_at,
        state: slash.state,
        appellant: slash.appellant,
        bond: slash.bond,
    }
}

pub(super) fn parameters(
    context: &mut Context<'_>,
    _: Abi::parametersCall,
) -> Result<Abi::Parameters, Stop> {
    let of = settings::parameters(context)?;
    Ok(Abi::Parameters {
        epochBlocks: of.epoch_blocks,
        freezeBlocks: of.freeze_blocks,
        seats: of.seats,
        minSelfStake: of.min_self_stake,
        minDelegation: of.min_delegation,
        unbondingEpochs: of.unbonding_epochs,
        evidenceEpochs: of.evidence_epochs,
        certificateEpochs: of.certificate_epochs,
        maxAbsence: of.max_absence_s,
        jailEpochs: of.jail_epochs,
        appealEpochs: of.appeal_epochs,
        maxCommissionBps: of.max_commission_bps,
        maxCommissionChangeBps: of.max_commission_change_bps,
        slashBps: of.slash_bps,
        finderBps: of.finder_bps,
        fundBps: of.fund_bps,
        appealBond: of.appeal_bond,
        emissionPerEpoch: of.emission_per_epoch,
        feeShareBps: of.fee_share_bps,
        operatorCost: of.operator_cost,
    })
}

pub(super) fn last_selection(
    context: &mut Context<'_>,
    _: Abi::lastSelectionCall,
) -> Result<Abi::Selection, Stop> {
    let word = context.sload(state::LAST_SELECTION)?;
    let count = |index: usize| ((word >> (64 + 16 * index)).as_limbs()[0] & 0xffff) as u16;
    Ok(Abi::Selection {
        epoch: word.as_limbs()[0],
        result: match count(0) {
            1 => Abi::SelectionResult::Selected,
            2 => Abi::SelectionResult::NobodyWilling,
            _ => Abi::SelectionResult::None,
        },
        seats: count(1),
        joined: count(2),
        left: count(3),
        postponed: count(4),
        rotated: count(5),
    })
}
