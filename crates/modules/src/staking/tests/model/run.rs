//! Random histories of a league against the plain model, compared state by state.

use super::{
    FRACTION, Model, Operator, Part, Position, State, WHOLE,
    steps::{FINDER, PARTIES, Step, aim, apply, execute, party, step},
};
use crate::staking::{
    StakingParams,
    tests::{FUNDS, League, delegator, key, owner, parameters, public, wei},
};
use alloy_primitives::{Address, U256};
use hansa_abi::{FUND, IStaking as Abi, STAKING};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const OPERATORS: u8 = 5;

fn staking() -> StakingParams {
    StakingParams {
        epoch_blocks: 12,
        freeze_blocks: 2,
        seats: 6,
        emission_per_epoch: wei(10_007),
        operator_cost: wei(301),
        unbonding_epochs: 4,
        evidence_epochs: 2,
        certificate_epochs: 1,
        slash_bps: [500, 2_500, 333],
        // More than an epoch, less than two.
        max_absence_s: 300_000,
        ..parameters()
    }
}

fn start(of: &StakingParams) -> (League, Model) {
    let stakes: Vec<U256> = (1..=OPERATORS)
        .map(|n| wei(1_000 + 37 * u64::from(n)))
        .collect();
    let mut league = League::with_stakes(&stakes, of.clone());
    league.block_s = 20_000;
    let mut model = Model {
        of: of.clone(),
        block: 1,
        now: league.now,
        operators: BTreeMap::new(),
        used_keys: BTreeMap::new(),
        positions: BTreeMap::new(),
        slashes: Vec::new(),
        pot: U256::ZERO,
        committees: Vec::new(),
        carried: 0,
        signed: BTreeMap::new(),
        proposed: BTreeSet::new(),
        seen: (1..=u64::from(OPERATORS))
            .map(|id| (id, league.now))
            .collect(),
        balances: BTreeMap::new(),
    };
    for (n, stake) in (1..=OPERATORS).zip(&stakes) {
        let id = u64::from(n);
        model.used_keys.insert(id, id);
        let operator = Operator {
            owner: owner(n),
            key: id,
            next_key: None,
            exited: false,
            bar: 0,
            until: 0,
            offences: 0,
            commission: 1_000,
            lowest: (1_000, league.now),
            risk: of.slash_bps.map(|bps| (bps, bps, 0)),
            earned: U256::ZERO,
            cells: BTreeMap::from([((0, None), *stake)]),
            cutoff: 0,
        };
        model.operators.insert(id, operator);
        let part = Part {
            amount: *stake,
            from: 0,
            until: None,
            to: 0,
            max_loss: [0; 3],
        };
        let position = Position {
            parts: vec![part],
            max_loss: WHOLE,
            ..Default::default()
        };
        model.positions.insert((id, owner(n)), position);
    }
    let seats = (1..).zip(&stakes).map(|(id, stake)| (id, id, *stake));
    model.committees.push(seats.collect());
    (league, model)
}

/// Ends blocks in both.
fn end_blocks(league: &mut League, model: &mut Model, inflow: &mut U256, step: &Step) {
    let (count, mask, proposer, fees) = match *step {
        Step::Blocks {
            count,
            mask,
            proposer,
            fees,
        } => (u64::from(count), mask, proposer, fees),
        Step::Epochs { count } => (u64::from(count) * model.of.epoch_blocks, Some(0xff), 0, 0),
        _ => return,
    };
    for _ in 0..count {
        let seats = league.committee(league.epoch()).seats;
        let proposer = &seats[proposer % seats.len()];
        let signs = |index: &usize| mask.is_some_and(|mask| mask >> index & 1 == 1);
        let signers: Vec<usize> = (0..seats.len()).filter(signs).collect();
        let ids: Vec<u64> = signers.iter().map(|index| seats[*index].operator).collect();
        let signers: Vec<u32> = signers.into_iter().map(|index| index as u32).collect();
        let ended = league.end_with(proposer.key, mask.map(|_| &signers[..]), wei(fees));
        model.end(proposer.operator, mask.map(|_| &ids[..]), wei(fees));
        model.now = league.now;
        *inflow += ended.minted + wei(fees);
    }
}

fn compare(league: &mut League, model: &Model, inflow: U256) -> Result<(), TestCaseError> {
    compare_operators(league, model)?;
    compare_positions(league, model)?;
    compare_records(league, model)?;
    compare_money(league, model, inflow)
}

fn compare_operators(league: &mut League, model: &Model) -> Result<(), TestCaseError> {
    for (id, of) in &model.operators {
        let seen = league.operator(*id);
        prop_assert_eq!(seen.stake, of.held(), "stake of {}", id);
        let total: U256 = of.cells.values().sum();
        prop_assert_eq!(seen.unbonding, total - of.held(), "unbonding of {}", id);
        prop_assert_eq!(seen.earned, of.earned, "earned by {}", id);
        prop_assert_eq!(seen.key, public(&key(of.key)));
        prop_assert_eq!(seen.willing, model.is_willing(*id), "{}", id);
        let bar = (seen.bar as u8, seen.exited, seen.offences);
        prop_assert_eq!(bar, (of.bar, of.exited, of.offences));
        let until = if model.pending(*id).is_empty() {
            of.until
        } else {
            u64::MAX
        };
        prop_assert_eq!(seen.barredUntil, until);
        prop_assert_eq!(u64::from(seen.commissionBps), of.commission);
        let risk = seen.risk.shares().map(u64::from);
        prop_assert_eq!(risk, of.risk_at(model.epoch()), "risk of {}", id);
        let next = seen.nextRisk.shares().map(u64::from);
        let next: Vec<_> = next.into_iter().zip(seen.nextRiskEpochs).collect();
        prop_assert_eq!(next, of.risk.map(|(_, now, since)| (now, since)));
    }
    Ok(())
}

fn compare_positions(league: &mut League, model: &Model) -> Result<(), TestCaseError> {
    for who in (0..PARTIES).map(party) {
        let mut listed = league.view(&Abi::delegationsOfCall { delegator: who });
        listed.sort_unstable();
        let expected: Vec<u64> = model
            .positions
            .keys()
            .filter(|(_, of)| *of == who)
            .map(|key| key.0)
            .collect();
        prop_assert_eq!(&listed, &expected);
        for id in listed {
            compare_position(league, model, id, who)?;
        }
    }
    Ok(())
}

/// The newest committee, and the slashes.
fn compare_records(league: &mut League, model: &Model) -> Result<(), TestCaseError> {
    let newest = model.committees.len() as u64 - 1;
    let mut seats: Vec<_> = model.committees[newest as usize]
        .iter()
        .map(|(id, seed, stake)| (public(&key(*seed)), *id, *stake))
        .collect();
    seats.sort_unstable();
    let seen = league.committee(newest).seats.into_iter();
    let seen: Vec<_> = seen
        .map(|seat| (seat.key, seat.operator, seat.stake))
        .collect();
    prop_assert_eq!(seen, seats);
    for (index, slash) in model.slashes.iter().enumerate() {
        let seen = league.view(&Abi::slashCall {
            slashId: index as u64 + 1,
        });
        let state = match slash.state {
            State::Pending => Abi::SlashState::Pending,
            State::Settled => Abi::SlashState::Settled,
            State::Reversed => Abi::SlashState::Reversed,
        };
        prop_assert_eq!(
            (seen.state, seen.amount, seen.settlesAt),
            (state, slash.amount, slash.settles_at)
        );
    }
    Ok(())
}

/// The pot and everybody's balance.
fn compare_money(league: &mut League, model: &Model, inflow: U256) -> Result<(), TestCaseError> {
    let pot = league
        .host
        .storage
        .get(&(STAKING, crate::staking::state::POT))
        .copied();
    prop_assert_eq!(pot.unwrap_or_default(), model.pot);
    let mut paid = 0;
    for who in (0..PARTIES)
        .map(party)
        .chain([FUND, Address::ZERO, delegator(FINDER)])
    {
        let change = model.balances.get(&who).copied().unwrap_or_default();
        let start = if who == FUND || who == Address::ZERO {
            0
        } else {
            i128::from(FUNDS)
        };
        prop_assert_eq!(
            league.host.balance(who),
            U256::from((start + change) as u128),
            "{}",
            who
        );
        paid += change;
    }
    let genesis: u64 = (1..=OPERATORS).map(|n| 1_000 + 37 * u64::from(n)).sum();
    let held = i128::from(genesis) + inflow.to::<u128>() as i128 - paid;
    prop_assert_eq!(league.host.balance(STAKING), U256::from(held as u128));
    Ok(())
}

fn compare_position(
    league: &mut League,
    model: &Model,
    id: u64,
    who: Address,
) -> Result<(), TestCaseError> {
    let seen = league.delegation(id, who);
    let of = &model.positions[&(id, who)];
    prop_assert_eq!(seen.amount, of.held(), "{} with {}", who, id);
    prop_assert_eq!(seen.rewards, of.rewards >> FRACTION, "{} with {}", who, id);
    prop_assert_eq!(
        (seen.maxLoss.shares().map(u64::from), seen.autoRestake),
        (of.max_loss, of.auto)
    );
    let mut lots: Vec<_> = seen
        .lots
        .iter()
        .map(|lot| (lot.from, None, 0, lot.amount))
        .collect();
    lots.extend(
        seen.unbonding
            .iter()
            .map(|entry| (entry.from, Some(entry.until), entry.to, entry.amount)),
    );
    let mut parts: Vec<_> = of
        .parts
        .iter()
        .map(|part| (part.from, part.until, part.to, part.amount))
        .collect();
    parts.retain(|(from, until, ..)| *from > 0 || until.is_some());
    lots.sort_unstable();
    parts.sort_unstable();
    prop_assert_eq!(lots, parts, "{} with {}", who, id);
    Ok(())
}

/// What settled slashes took from each delegator, however late its position is looked at.
fn compare_losses(league: &mut League, model: &Model) -> Result<(), TestCaseError> {
    for (index, slash) in model.slashes.iter().enumerate() {
        for who in (0..PARTIES).map(party) {
            let call = Abi::slashShareOfCall {
                slashId: index as u64 + 1,
                delegator: who,
            };
            let seen = league.view(&call).amount;
            if slash.state == State::Settled {
                let loss = slash.losses.get(&who).copied().unwrap_or_default();
                prop_assert_eq!(seen, loss, "slash {} of {}", index + 1, who);
            }
        }
    }
    Ok(())
}

/// Few wei, so that rounding is everything; slashes that take all; windows that overlap.
fn small() -> StakingParams {
    StakingParams {
        epoch_blocks: 4,
        freeze_blocks: 1,
        min_self_stake: wei(1),
        min_delegation: wei(1),
        emission_per_epoch: wei(7),
        operator_cost: wei(1),
        unbonding_epochs: 9,
        evidence_epochs: 6,
        appeal_epochs: 3,
        slash_bps: [5_000, 10_000, 1],
        ..parameters()
    }
}

/// Applies the steps to a league and the model, and compares after each.
fn run(of: &StakingParams, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let (mut league, mut model) = start(of);
    let mut inflow = U256::ZERO;
    for step in steps {
        let step = aim(&model, step);
        let mut next = model.clone();
        next.merge();
        let expected = apply(&mut next, &step);
        let done = execute(&mut league, &model, &step);
        let error = done
            .as_ref()
            .err()
            .and_then(|data| hansa_abi::describe_error(data));
        prop_assert_eq!(done.is_ok(), expected.is_ok(), "{:?}: {:?}", step, error);
        if expected.is_ok() {
            model = next;
        }
        end_blocks(&mut league, &mut model, &mut inflow, &step);
        compare(&mut league, &model, inflow)?;
    }
    compare_losses(&mut league, &model)?;
    league.check_solvent();
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn behaves_like_the_model(steps in prop::collection::vec(step(3_000, staking().slash_bps), 40..240)) {
        run(&staking(), steps)?;
    }

    #[test]
    fn behaves_like_the_model_to_the_last_wei(steps in prop::collection::vec(step(30, small().slash_bps), 40..240)) {
        run(&small(), steps)?;
    }
}
