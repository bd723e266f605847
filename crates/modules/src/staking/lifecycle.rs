//! What operators do: register, change what they offer, leave and return.

use super::{
    clock::Clock,
    committee,
    operators::{self, Bar, Operator, Profile},
    replay::touch,
    settings, signatures, slashes, state,
    terms::{Risk, RiskTerms, check_shares},
};
use crate::{
    codec::{check_length, check_present},
    context::{Context, Stop, ensure, revert},
    limits::{MAX_ENDPOINT_BYTES, MAX_METADATA_BYTES, MAX_NAME_BYTES, MAX_OPERATOR_RECORDS},
};
use alloy_primitives::{Address, B256, U256};
use hansa_abi::IStaking;

/// Seconds within which a commission may rise by the chain's parameter.
const DAY_S: u64 = 24 * 3_600;

/// Who wants to be an operator, and how.
pub(super) struct Application {
    pub(super) owner: Address,
    pub(super) key: B256,
    pub(super) fee_recipient: Address,
    pub(super) commission: u64,
    pub(super) profile: Profile,
    pub(super) stake: U256,
}

pub(super) fn register(
    context: &mut Context<'_>,
    call: IStaking::registerCall,
) -> Result<u64, Stop> {
    let clock = Clock::read(context)?;
    let owner = context.caller();
    let application = Application {
        owner,
        key: call.key,
        fee_recipient: call.feeRecipient,
        commission: call.commissionBps.into(),
        profile: Profile {
            name: call.name,
            endpoint: call.endpoint,
            metadata: call.metadata,
        },
        stake: context.value(),
    };
    signatures::check_proof(context, call.key, owner, &call.proof)?;
    let name = application.profile.name.clone();
    let id = admit(context, &clock, application)?;
    context.emit(&IStaking::OperatorRegistered {
        operatorId: id,
        owner,
        key: call.key,
        name,
    })?;
    context.emit(&IStaking::Delegated {
        operatorId: id,
        delegator: owner,
        amount: context.value(),
        fromEpoch: clock.effective,
    })?;
    Ok(id)
}

/// Adds an operator with its self-delegation. Its key was proved, or is the genesis's.
pub(super) fn admit(
    context: &mut Context<'_>,
    clock: &Clock,
    application: Application,
) -> Result<u64, Stop> {
    let Application {
        owner,
        key,
        fee_recipient,
        commission,
        profile,
        stake,
    } = application;
    check_profile(&profile)?;
    let minimum = settings::min_self_stake(context)?;
    ensure(stake >= minimum, || IStaking::StakeTooSmall {
        amount: stake,
        minimum,
    })?;
    let former = operators::id_of(context, owner)?;
    ensure(former == 0, || IStaking::AlreadyOperator {
        account: owner,
        operatorId: former,
    })?;
    check_commission(context, commission)?;
    let mut counters = state::counters(context)?;
    counters.operators += 1;
    state::set_counters(context, counters)?;
    let id = counters.operators;
    operators::list(context, id)?;
    use_key(context, key, id)?;
    operators::set_owner(context, owner, id)?;
    let slashes = settings::slash_terms(context)?;
    let risk = slashes.largest_from(clock.effective);
    let operator = Operator {
        id,
        owner,
        commission,
        exited: false,
        retired: false,
        bar: Bar::None,
        barred_until: 0,
        key,
        next_key: B256::ZERO,
        fee_recipient,
        risk: RiskTerms::constant(risk),
        commission_anchor: commission,
        commission_since: context.now(),
        offences: 0,
        self_stake: U256::ZERO,
    };
    operators::store(context, &operator)?;
    operators::set_profile(context, id, &profile)?;
    let (mut pool, mut position) = touch(context, clock, id, owner)?;
    // Whoever sets the terms is ready to lose by them.
    position.max_loss = Risk::WHOLE;
    position.join(context, &mut pool, clock.effective, stake)?;
    pool.save(context)?;
    position.save(context)?;
    Ok(id)
}

pub(super) fn rotate_key(
    context: &mut Context<'_>,
    call: IStaking::rotateKeyCall,
) -> Result<IStaking::rotateKeyReturn, Stop> {
    let mut operator = operators::of_caller(context)?;
    signatures::check_proof(context, call.newKey, operator.owner, &call.proof)?;
    use_key(context, call.newKey, operator.id)?;
    operator.next_key = call.newKey;
    operators::store(context, &operator)?;
    context.emit(&IStaking::KeyRotationRequested {
        operatorId: operator.id,
        newKey: call.newKey,
    })?;
    Ok(IStaking::rotateKeyReturn {})
}

pub(super) fn set_commission(
    context: &mut Context<'_>,
    call: IStaking::setCommissionCall,
) -> Result<IStaking::setCommissionReturn, Stop> {
    let mut operator = operators::of_caller(context)?;
    let commission = u64::from(call.commissionBps);
    check_commission(context, commission)?;
    let now = context.now();
    // Rises count from the lowest commission within the last day: nobody can attract stake with a low one, and
    // take it back at once.
    if now >= operator.commission_since.saturating_add(DAY_S) {
        operator.commission_anchor = operator.commission;
        operator.commission_since = now;
    }
    let rise = settings::shares(context)?.max_commission_change;
    let limit = operator.commission_anchor.saturating_add(rise);
    ensure(commission <= limit, || IStaking::CommissionTooFast {
        commissionBps: call.commissionBps,
        limit,
        until: operator.commission_since.saturating_add(DAY_S),
    })?;
    if commission < operator.commission_anchor {
        operator.commission_anchor = commission;
        operator.commission_since = now;
    }
    operator.commission = commission;
    operators::store(context, &operator)?;
    context.emit(&IStaking::CommissionChanged {
        operatorId: operator.id,
        commissionBps: call.commissionBps,
    })?;
    Ok(IStaking::setCommissionReturn {})
}

pub(super) fn set_fee_recipient(
    context: &mut Context<'_>,
    call: IStaking::setFeeRecipientCall,
) -> Result<IStaking::setFeeRecipientReturn, Stop> {
    let mut operator = operators::of_caller(context)?;
    operator.fee_recipient = call.feeRecipient;
    operators::store(context, &operator)?;
    context.emit(&IStaking::FeeRecipientChanged {
        operatorId: operator.id,
        feeRecipient: call.feeRecipient,
    })?;
    Ok(IStaking::setFeeRecipientReturn {})
}

pub(super) fn set_profile(
    context: &mut Context<'_>,
    call: IStaking::setProfileCall,
) -> Result<IStaking::setProfileReturn, Stop> {
    let operator = operators::of_caller(context)?;
    let profile = Profile {
        name: call.name,
        endpoint: call.endpoint,
        metadata: call.metadata,
    };
    check_profile(&profile)?;
    operators::set_profile(context, operator.id, &profile)?;
    context.emit(&IStaking::ProfileChanged {
        operatorId: operator.id,
        name: profile.name,
        endpoint: profile.endpoint,
        metadata: profile.metadata,
    })?;
    Ok(IStaking::setProfileReturn {})
}

pub(super) fn set_risk(
    context: &mut Context<'_>,
    call: IStaking::setRiskCall,
) -> Result<IStaking::setRiskReturn, Stop> {
    let clock = Clock::read(context)?;
    let mut operator = operators::of_caller(context)?;
    let risk = check_shares(call.risk)?;
    let slashes = settings::slash_terms(context)?;
    let least = slashes.largest_from(clock.effective);
    risk.covers(&least).map_err(|exceeded| {
        revert(IStaking::RiskTooLow {
            kind: exceeded.kind,
            riskBps: exceeded.covered,
            minimum: exceeded.asked,
        })
    })?;
    operator.risk = operator.risk.change(&clock, risk).map_err(|pending| {
        revert(IStaking::TermsPending {
            operatorId: operator.id,
            kind: pending.kind,
            epoch: pending.epoch,
        })
    })?;
    operators::store(context, &operator)?;
    context.emit(&IStaking::RiskChanged {
        operatorId: operator.id,
        risk: risk.into(),
        fromEpochs: operator.risk.since(),
    })?;
    Ok(IStaking::setRiskReturn {})
}

pub(super) fn exit(
    context: &mut Context<'_>,
    _: IStaking::exitCall,
) -> Result<IStaking::exitReturn, Stop> {
    let mut operator = operators::of_caller(context)?;
    let operator_id = operator.id;
    ensure(!operator.exited, || IStaking::OperatorClosed {
        operatorId: operator_id,
    })?;
    operator.exited = true;
    operators::store(context, &operator)?;
    context.emit(&IStaking::OperatorExited {
        operatorId: operator_id,
    })?;
    Ok(IStaking::exitReturn {})
}

pub(super) fn rejoin(
    context: &mut Context<'_>,
    _: IStaking::rejoinCall,
) -> Result<IStaking::rejoinReturn, Stop> {
    let mut operator = operators::of_caller(context)?;
    let operator_id = operator.id;
    ensure(operator.exited, || IStaking::NotExited {
        operatorId: operator_id,
    })?;
    check_not_slashed_out(&operator)?;
    operator.exited = false;
    operators::store(context, &operator)?;
    context.emit(&IStaking::OperatorRejoined {
        operatorId: operator_id,
    })?;
    Ok(IStaking::rejoinReturn {})
}

pub(super) fn retire(
    context: &mut Context<'_>,
    call: IStaking::retireCall,
) -> Result<IStaking::retireReturn, Stop> {
    let clock = Clock::read(context)?;
    let mut operator = operators::find(context, call.operatorId)?;
    let operator_id = operator.id;
    let is_full = operators::listed(context)?.len() as u64 == MAX_OPERATOR_RECORDS;
    let is_idle = operator.exited
        || operator.is_slashed_out()
        || operator.self_stake < settings::min_self_stake(context)?;
    let mut is_free = slashes::pending_count(context, operator_id)? == 0;
    for epoch in [clock.epoch, clock.epoch.saturating_add(1)] {
        let committee = committee::committee(context, epoch)?;
        is_free &= committee.is_none_or(|committee| committee.seat_of(operator_id).is_none());
    }
    ensure(is_full && is_idle && is_free && !operator.retired, || {
        IStaking::NotRetirable {
            operatorId: operator_id,
        }
    })?;
    operator.retired = true;
    operator.exited = true;
    operators::store(context, &operator)?;
    operators::unlist(context, operator_id, clock.rewarded)?;
    // The owner can register again; what it earned would be out of its reach.
    operators::set_owner(context, operator.owner, 0)?;
    let earned = operators::earned(context, operator_id)?;
    operators::set_earned(context, operator_id, U256::ZERO)?;
    // An owner who is blocked must not keep the place from others.
    context.transfer_to_any(operator.owner, earned)?;
    context.emit(&IStaking::OperatorRetired {
        operatorId: operator_id,
    })?;
    Ok(IStaking::retireReturn {})
}

pub(super) fn unjail(
    context: &mut Context<'_>,
    _: IStaking::unjailCall,
) -> Result<IStaking::unjailReturn, Stop> {
    let clock = Clock::read(context)?;
    let mut operator = operators::of_caller(context)?;
    let (operator_id, epoch) = (operator.id, operator.barred_until);
    ensure(operator.bar != Bar::None, || IStaking::NotBarred {
        operatorId: operator_id,
    })?;
    check_not_slashed_out(&operator)?;
    if let Some((slash, _)) = slashes::pending(context, operator_id)?.first() {
        return Err(slashes::pending_error(context, *slash)?);
    }
    ensure(clock.epoch >= epoch, || IStaking::StillBarred {
        operatorId: operator_id,
        epoch,
    })?;
    operator.bar = Bar::None;
    operator.barred_until = 0;
    operators::store(context, &operator)?;
    context.emit(&IStaking::OperatorUnjailed {
        operatorId: operator_id,
    })?;
    Ok(IStaking::unjailReturn {})
}

pub(super) fn claim_commission(
    context: &mut Context<'_>,
    _: IStaking::claimCommissionCall,
) -> Result<U256, Stop> {
    let operator = operators::of_caller(context)?;
    let amount = operators::earned(context, operator.id)?;
    ensure(!amount.is_zero(), || IStaking::NothingDue {
        operatorId: operator.id,
    })?;
    operators::set_earned(context, operator.id, U256::ZERO)?;
    context.transfer(operator.owner, amount)?;
    context.emit(&IStaking::CommissionClaimed {
        operatorId: operator.id,
        owner: operator.owner,
        amount,
    })?;
    Ok(amount)
}

fn check_not_slashed_out(operator: &Operator) -> Result<(), Stop> {
    ensure(!operator.is_slashed_out(), || IStaking::SlashedOut {
        operatorId: operator.id,
    })
}

fn check_profile(profile: &Profile) -> Result<(), Stop> {
    check_present("name", !profile.name.is_empty())?;
    check_length("name", profile.name.len(), MAX_NAME_BYTES)?;
    check_length("endpoint", profile.endpoint.len(), MAX_ENDPOINT_BYTES)?;
    check_length("metadata", profile.metadata.len(), MAX_METADATA_BYTES)
}

fn check_commission(context: &mut Context<'_>, commission: u64) -> Result<(), Stop> {
    let limit = settings::shares(context)?.max_commission;
    ensure(commission <= limit, || IStaking::CommissionTooHigh {
        commissionBps: u16::try_from(commission).unwrap_or(u16::MAX),
        limit,
    })
}

/// Takes a key that nobody ever had.
fn use_key(context: &mut Context<'_>, key: B256, id: u64) -> Result<(), Stop> {
    signatures::check_key(key)?;
    let former = operators::id_of_key(context, key)?;
    ensure(former == 0, || IStaking::KeyUsed {
        key,
        operatorId: former,
    })?;
    operators::take_key(context, key, id)
}
