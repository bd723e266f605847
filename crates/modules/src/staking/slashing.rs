//! From evidence to settlement.
//!
//! A slash is pending until its appeal window is over: the operator is barred from selection at once, and no stake
//! that answers for the fault moves. Settlement takes the share of what counted at the fault's epoch, pays the finder
//! and the fund, and burns the rest.

use super::{
    allocations,
    clock::Clock,
    committee::{self, Committee},
    operators::{self, Bar},
    pool::floor_bps,
    position::Position,
    replay::{Settled, matured, push_settled},
    settings,
    signatures::Evidence,
    slashes::{self, Slash},
    terms::Risk,
};
use crate::{
    context::{Context, Stop, ensure, revert},
    gas,
    host::StorageRead,
    members, zones,
};
use alloy_primitives::{Address, U256};
use hansa_abi::{
    FUND,
    IStaking::{self, SlashState},
    IZones,
};

/// Parts in a whole.
const BPS: u64 = 10_000;

pub(super) fn submit_evidence(
    context: &mut Context<'_>,
    call: IStaking::submitEvidenceCall,
) -> Result<u64, Stop> {
    let clock = Clock::read(context)?;
    context.charge(gas::copy(call.evidence.len()))?;
    let evidence = Evidence::decode(call.kind, &call.evidence)?;
    let epoch = evidence.epoch();
    check_age(epoch, clock.epoch, clock.oldest_fault())?;
    let committee = committee::committee(context, epoch)?;
    let accused = accused(committee, &evidence)?;
    let former = slashes::of_epoch(context, accused.operator, epoch)?;
    check_former(&accused, former)?;
    let is_valid = evidence.verify(context, (&accused.committee, None), &call.evidence)?;
    ensure(is_valid, || IStaking::InvalidSignature {
        epoch,
        signer: accused.signer,
    })?;
    let fault = Fault {
        operator: accused.operator,
        kind: call.kind,
        epoch,
        view: evidence.view(),
        zone: 0,
    };
    let slash = raise(context, &clock, fault)?;
    slashes::note_punished(context, &slash)?;
    announce(context, &slash)?;
    Ok(slash.id)
}

pub(super) fn submit_zone_evidence(
    context: &mut Context<'_>,
    call: IStaking::submitZoneEvidenceCall,
) -> Result<u64, Stop> {
    let clock = Clock::read(context)?;
    context.charge(gas::copy(call.evidence.len()))?;
    let evidence = Evidence::decode(call.kind, &call.evidence)?;
    let zone = call.zoneId;
    let is_zone = zones::chain_id(context, zone)? != 0;
    ensure(is_zone, || IZones::UnknownZone { zoneId: zone })?;
    let accused = accused_on_zone(context, &clock, zone, (&evidence, &call.evidence))?;
    let fault = Fault {
        operator: accused.operator,
        kind: call.kind,
        epoch: accused.committee.epoch,
        view: evidence.view(),
        zone,
    };
    let slash = raise(context, &clock, fault)?;
    slashes::note_left(context, &slash, clock.effective)?;
    allocations::leave(context, &clock, (slash.operator, zone))?;
    announce(context, &slash)?;
    Ok(slash.id)
}

/// Whose signatures these are on a zone, and by which of the hub's epochs it answers: of those for which evidence is taken, since it last
/// left the zone for a fault, and in which it had this seat, the one in which its slice was largest. So nobody chooses, and who
/// lowers its share answers by the former one for a while.
fn accused_on_zone(
    context: &mut Context<'_>,
    clock: &Clock,
    zone: u64,
    (evidence, bytes): (&Evidence, &[u8]),
) -> Result<Accused, Stop> {
    let (epoch, signer) = (evidence.epoch(), evidence.signer());
    let (mut candidates, mut punished) = (Vec::new(), None);
    for hub_epoch in clock.oldest_fault()..=clock.epoch {
        let Some(committee) = zones::committee(context, zone, hub_epoch)? else {
            continue;
        };
        let Some(seat) = committee.seats.get(signer as usize) else {
            continue;
        };
        let operator = seat.operator;
        let share = allocations::share_at(context, (operator, zone), hub_epoch)?;
        let (former, left) = slashes::left(context, zone, operator)?;
        let slice = seat.stake;
        let accused = Accused {
            operator,
            committee,
            signer,
        };
        if hub_epoch < left {
            punished = Some((accused, former));
        } else if share > 0 {
            candidates.push((slice, accused));
        }
    }
    candidates.sort_by_key(|(slice, accused)| std::cmp::Reverse((*slice, accused.committee.epoch)));
    let mut checked = Vec::new();
    for (_, accused) in candidates {
        let id = accused.committee.id();
        if checked.contains(&id) {
            continue;
        }
        if evidence.verify(context, (&accused.committee, Some(zone)), bytes)? {
            return Ok(accused);
        }
        checked.push(id);
    }
    if let Some((accused, former)) = punished {
        check_former(&accused, former)?;
    }
    let unknown = checked.is_empty();
    ensure(!unknown, || IStaking::UnknownSigner { epoch, signer })?;
    Err(revert(IStaking::InvalidSignature { epoch, signer }))
}

/// Who signed what contradicts itself, if the signatures are right.
struct Accused {
    operator: u64,
    committee: Committee,
    signer: u32,
}

fn accused(committee: Option<Committee>, evidence: &Evidence) -> Result<Accused, Stop> {
    let (epoch, signer) = (evidence.epoch(), evidence.signer());
    let committee = committee.ok_or_else(|| revert(IStaking::UnknownEpoch { epoch }))?;
    let seat = committee.seats.get(signer as usize);
    let operator = seat.map(|seat| seat.operator);
    Ok(Accused {
        operator: operator.ok_or_else(|| revert(IStaking::UnknownSigner { epoch, signer }))?,
        committee,
        signer,
    })
}

/// One fault costs one slash.
fn check_former(accused: &Accused, former: u64) -> Result<(), Stop> {
    ensure(former == 0, || IStaking::AlreadyPunished {
        operatorId: accused.operator,
        epoch: accused.committee.epoch,
        slashId: former,
    })
}

fn announce(context: &mut Context<'_>, slash: &Slash) -> Result<(), Stop> {
    context.emit(&IStaking::SlashRaised {
        slashId: slash.id,
        operatorId: slash.operator,
        finder: slash.finder,
        kind: slash.kind,
        zoneId: slash.zone,
        epoch: slash.epoch,
        view_: slash.view,
        bps: slash.bps as u16,
        amount: slash.amount,
        settlesAt: slash.settles_at,
    })
}

fn check_age(epoch: u64, now: u64, oldest: u64) -> Result<(), Stop> {
    ensure(epoch <= now, || IStaking::UnknownEpoch { epoch })?;
    ensure(epoch >= oldest, || IStaking::EvidenceExpired {
        epoch,
        oldest,
    })
}

/// A fault that was proved.
struct Fault {
    operator: u64,
    kind: u8,
    /// Of the hub.
    epoch: u64,
    view: u64,
    /// 0 for one on the hub.
    zone: u64,
}

/// Records a slash. For a fault on the hub its operator is barred.
fn raise(context: &mut Context<'_>, clock: &Clock, fault: Fault) -> Result<Slash, Stop> {
    let Fault {
        operator: operator_id,
        kind,
        epoch,
        view,
        zone,
    } = fault;
    let pool = matured(context, clock, operator_id)?;
    pool.save(context)?;
    // The sums do not reach further back than this, even if the parameter now does.
    check_age(epoch, clock.epoch, pool.cutoff)?;
    let mut operator = operators::find(context, operator_id)?;
    let mut bps = fault_bps(context, &operator, kind, epoch)?;
    if zone != 0 {
        let share = allocations::share_at(context, (operator_id, zone), epoch)?;
        bps = (bps * share).div_ceil(BPS);
    }
    let slash = Slash {
        id: slashes::next_id(context)?,
        operator: operator_id,
        kind,
        epoch,
        view,
        bps,
        amount: pool.preview(context, pool.cutoff, epoch, bps)?,
        finder: context.caller(),
        zone,
        settles_at: clock.epoch.saturating_add(clock.windows.appeal),
        state: SlashState::Pending,
        appellant: Address::ZERO,
        bond: U256::ZERO,
    };
    slashes::store(context, &slash)?;
    slashes::push_pending(context, &slash)?;
    if zone == 0 {
        operator.bar = Bar::Faulted;
        operator.offences += 1;
        operators::store(context, &operator)?;
    }
    Ok(slash)
}

/// What a fault of a kind at an epoch costs an operator's stake.
pub(super) fn fault_bps(
    context: &mut Context<'_>,
    operator: &operators::Operator,
    kind: u8,
    epoch: u64,
) -> Result<u64, Stop> {
    let costs = fault_costs(context, operator, epoch)?;
    costs
        .of(kind)
        .ok_or_else(|| revert(IStaking::UnknownKind { kind }))
}

/// What a fault of each kind at an epoch costs: the lesser of the chain's share and the operator's terms, as both
/// were then.
pub(super) fn fault_costs(
    context: &mut Context<'_>,
    operator: &operators::Operator,
    epoch: u64,
) -> Result<Risk, Stop> {
    let slashes = settings::slash_terms(context)?.at(epoch);
    Ok(slashes.stricter(operator.risk.at(epoch)))
}

/// The least that any fault in an epoch costs an operator, basis points of what answers for it.
///
/// # Errors
/// When the state cannot be read.
pub(crate) fn least_fault<R: StorageRead>(
    read: &mut R,
    operator: u64,
    epoch: u64,
) -> Result<u64, R::Error> {
    let slashes = settings::slash_terms(read)?.at(epoch);
    let own = operators::risk_terms(read, operator)?.at(epoch);
    Ok(slashes.stricter(own).least())
}

pub(super) fn settle_slash(
    context: &mut Context<'_>,
    call: IStaking::settleSlashCall,
) -> Result<U256, Stop> {
    let clock = Clock::read(context)?;
    let slash = open_slash(context, call.slashId)?;
    ensure(clock.epoch >= slash.settles_at, || IStaking::NotDue {
        slashId: slash.id,
        epoch: slash.settles_at,
    })?;
    let pending = slashes::pending(context, slash.operator)?;
    let earlier = pending.first().map_or(slash.id, |(id, _)| *id);
    ensure(earlier == slash.id, || IStaking::EarlierSlash {
        slashId: slash.id,
        earlier,
    })?;
    let paid = settle(context, &clock, slash)?;
    context.emit(&IStaking::SlashSettled {
        slashId: call.slashId,
        amount: paid.amount,
        toFinder: paid.finder,
        toFund: paid.fund,
        burnt: paid.burnt,
    })?;
    Ok(paid.amount)
}

/// Where a slash went.
struct Paid {
    amount: U256,
    finder: U256,
    fund: U256,
    burnt: U256,
}

/// Settles a slash that is due and its operator's first.
fn settle(context: &mut Context<'_>, clock: &Clock, mut slash: Slash) -> Result<Paid, Stop> {
    let mut pool = matured(context, clock, slash.operator)?;
    let settled = Settled {
        id: slash.id,
        epoch: slash.epoch,
        bps: slash.bps,
        rewarded: clock.rewarded,
        cutoff: pool.cutoff,
    };
    push_settled(context, slash.operator, settled)?;
    slash.amount = pool.slash(context, slash.epoch, slash.bps)?;
    slash.state = SlashState::Settled;
    slashes::store(context, &slash)?;
    slashes::remove_pending(context, slash.operator, slash.id)?;
    pool.save(context)?;
    let mut operator = operators::find(context, slash.operator)?;
    if slash.zone == 0 {
        let (_, jail) = settings::seats_and_jail(context)?;
        let until = clock.epoch.saturating_add(jail);
        operator.barred_until = operator.barred_until.max(until);
        operators::store(context, &operator)?;
    }
    // The owner's part is brought up to date, since selection asks for the self-stake.
    let pool = matured(context, clock, slash.operator)?;
    pool.save(context)?;
    Position::current(context, clock, slash.operator, operator.owner)?.save(context)?;
    pay(context, &slash)
}

/// Pays what was taken: the finder's part, the fund's part of the rest, and nobody the remainder.
fn pay(context: &mut Context<'_>, slash: &Slash) -> Result<Paid, Stop> {
    let shares = settings::shares(context)?;
    let amount = slash.amount;
    let finder = floor_bps(amount, shares.finder);
    let rest = amount.saturating_sub(finder);
    let fund = floor_bps(rest, shares.fund);
    let burnt = rest.saturating_sub(fund);
    // A finder who is blocked must not keep the slash from being settled.
    context.transfer_to_any(slash.finder, finder)?;
    context.transfer(FUND, fund.saturating_add(slash.bond))?;
    context.transfer(Address::ZERO, burnt)?;
    Ok(Paid {
        amount,
        finder,
        fund,
        burnt,
    })
}

/// Settles what is due of an operator, at most `limit` slashes; returns how many that were.
pub(super) fn settle_due(
    context: &mut Context<'_>,
    clock: &Clock,
    operator: u64,
    limit: u64,
) -> Result<u64, Stop> {
    let pending = slashes::pending(context, operator)?;
    let mut settled = 0;
    for (id, _) in pending {
        let slash = slashes::find(context, id)?;
        if settled == limit || clock.epoch < slash.settles_at {
            break;
        }
        settle(context, clock, slash)?;
        settled += 1;
    }
    Ok(settled)
}

pub(super) fn appeal(
    context: &mut Context<'_>,
    call: IStaking::appealCall,
) -> Result<IStaking::appealReturn, Stop> {
    let clock = Clock::read(context)?;
    let mut slash = open_slash(context, call.slashId)?;
    let (id, account, bond) = (slash.id, context.caller(), context.value());
    ensure(slash.appellant.is_zero(), || IStaking::AlreadyAppealed {
        slashId: id,
    })?;
    check_window(&clock, &slash)?;
    let minimum = settings::appeal_bond(context)?;
    ensure(bond >= minimum, || IStaking::BondTooSmall {
        sent: bond,
        minimum,
    })?;
    let owner = operators::find(context, slash.operator)?.owner;
    let mut position = Position::current(context, &clock, slash.operator, account)?;
    let answers = position.answerable(slash.epoch).any(|part| !part.is_zero());
    ensure(account == owner || answers, || IStaking::NotAnswerable {
        slashId: id,
        account,
    })?;
    slash.appellant = account;
    slash.bond = bond;
    slash.settles_at = slash.settles_at.saturating_add(clock.windows.appeal);
    slashes::store(context, &slash)?;
    context.emit(&IStaking::SlashAppealed {
        slashId: id,
        appellant: account,
        bond,
        settlesAt: slash.settles_at,
    })?;
    Ok(IStaking::appealReturn {})
}

pub(super) fn approve_appeal(
    context: &mut Context<'_>,
    call: IStaking::approveAppealCall,
) -> Result<bool, Stop> {
    let clock = Clock::read(context)?;
    let voter = members::voter(context, context.caller())?;
    let slash = open_slash(context, call.slashId)?;
    let id = slash.id;
    ensure(!slash.appellant.is_zero(), || IStaking::NotAppealed {
        slashId: id,
    })?;
    check_window(&clock, &slash)?;
    let votes = slashes::votes(context, id)?;
    let is_new = members::cast(context, votes, &voter)?;
    let (approving, _) = members::count(context, votes)?;
    let total = members::total_weight(context)?;
    if is_new {
        context.emit(&IStaking::AppealApproved {
            slashId: id,
            member: voter.account,
            approving,
            total,
        })?;
    }
    if approving.saturating_mul(2) <= total {
        return members::pending(is_new, &voter);
    }
    reverse(context, slash)?;
    Ok(true)
}

/// Undoes a pending slash: the stake moves again, and the bond goes back.
fn reverse(context: &mut Context<'_>, mut slash: Slash) -> Result<(), Stop> {
    slash.state = SlashState::Reversed;
    slash.amount = U256::ZERO;
    slashes::store(context, &slash)?;
    slashes::remove_pending(context, slash.operator, slash.id)?;
    if slash.zone == 0 {
        let mut operator = operators::find(context, slash.operator)?;
        operator.offences = operator.offences.saturating_sub(1);
        operators::store(context, &operator)?;
    }
    // Nor must one who is blocked keep others from undoing it.
    context.transfer_to_any(slash.appellant, slash.bond)?;
    context.emit(&IStaking::SlashReversed { slashId: slash.id })
}

/// A slash that is neither settled nor reversed.
fn open_slash(context: &mut Context<'_>, id: u64) -> Result<Slash, Stop> {
    let slash = slashes::find(context, id)?;
    let state = slash.state;
    ensure(state == SlashState::Pending, || IStaking::SlashClosed {
        slashId: id,
        state,
    })?;
    Ok(slash)
}

fn check_window(clock: &Clock, slash: &Slash) -> Result<(), Stop> {
    ensure(clock.epoch < slash.settles_at, || IStaking::AppealOver {
        slashId: slash.id,
        epoch: slash.settles_at,
    })
}
