//! What delegators do, and what bounds them.

use super::{League, delegator, owner, parameters, wei};
use crate::{
    limits::{MAX_LOTS, MAX_UNBONDING},
    staking::StakingParams,
    tests::world::assert_reverts,
};
use alloy_primitives::U256;
use hansa_abi::{IModule, IStaking};

fn delegate(league: &mut League, n: u8, max_loss: [u16; 3]) -> Result<(), alloy_primitives::Bytes> {
    let call = IStaking::delegateCall {
        operatorId: 1,
        maxLoss: IStaking::Risk::by_kind(max_loss),
    };
    league.pay(delegator(n), wei(100), &call).map(drop)
}

#[test]
fn nobody_delegates_to_more_risk_than_they_sign() {
    let mut league = League::new(4, parameters());
    // The default terms are the chain's shares: 500, 1,000 and 333.
    let refused = |kind, risk, max_loss| IStaking::RiskTooHigh {
        operatorId: 1,
        kind,
        riskBps: risk,
        maxLossBps: max_loss,
    };
    for (max_loss, error) in [
        ([499, 10_000, 10_000], refused(0, 500, 499)),
        ([10_000, 100, 10_000], refused(1, 1_000, 100)),
        ([10_000, 10_000, 332], refused(2, 333, 332)),
        ([10_000, 999, 0], refused(1, 1_000, 999)),
    ] {
        assert_reverts(delegate(&mut league, 1, max_loss), error);
    }
    delegate(&mut league, 1, [500, 1_000, 333]).unwrap();
    let signed = league.delegation(1, delegator(1)).maxLoss;
    assert_eq!(signed.shares(), [500, 1_000, 333]);
    for kind in 0..3 {
        let mut max_loss = [10_000; 3];
        max_loss[kind] = 10_001;
        assert_reverts(
            delegate(&mut league, 1, max_loss),
            IStaking::InvalidShare { bps: wei(10_001) },
        );
    }
    // The owner's stake is as ready to lose as it makes others be.
    let own = league.delegation(1, owner(1)).maxLoss;
    assert_eq!(own, IStaking::Risk::uniform(10_000));
}

#[test]
fn terms_rise_only_after_everybody_could_leave() {
    let mut league = League::new(4, parameters());
    delegate(&mut league, 1, [500, 1_000, 333]).unwrap();
    let set = |risk| IStaking::setRiskCall {
        risk: IStaking::Risk::by_kind(risk),
    };
    league.call(owner(1), &set([500, 2_000, 333])).unwrap();
    let of = league.operator(1);
    assert_eq!(of.risk.shares(), [500, 1_000, 333]);
    assert_eq!(of.nextRisk.shares(), [500, 2_000, 333]);
    // Effective epoch 1, six epochs of unbonding, and two.
    assert_eq!(of.nextRiskEpochs, [0, 9, 0]);
    // Whoever comes now signs what is going to hold.
    let error = IStaking::RiskTooHigh {
        operatorId: 1,
        kind: 1,
        riskBps: 2_000,
        maxLossBps: 1_500,
    };
    assert_reverts(delegate(&mut league, 2, [10_000, 1_500, 10_000]), error);
    delegate(&mut league, 2, [500, 2_000, 333]).unwrap();
    // Whoever leaves now has its stake before that.
    league.undelegate(1, 1, 100).unwrap();
    league.enter(7);
    assert_eq!(league.withdraw(1, 1).unwrap(), wei(100));
    // Evidence asks for the former terms until three epochs after the change.
    let again = set([500, 1_500, 333]);
    league.enter(12);
    let error = IStaking::TermsPending {
        operatorId: 1,
        kind: 1,
        epoch: 13,
    };
    assert_reverts(league.call(owner(1), &again), error);
    league.enter(13);
    league.call(owner(1), &again).unwrap();
}

#[test]
fn rewards_are_restaked_by_a_call_or_by_themselves() {
    let staking = StakingParams {
        emission_per_epoch: wei(4_096),
        ..parameters()
    };
    let mut league = League::with_stakes(&[wei(1_024); 4], staking);
    let rewards = |league: &mut League, n| league.delegation(n, owner(n as u8)).rewards;
    league.enter(1);
    // 1,024 less a tenth, rounded down, for 1,024 wei.
    let earned = wei(922);
    assert_eq!(rewards(&mut league, 1), earned);
    let restake = IStaking::restakeCall { operatorId: 1 };
    assert_eq!(league.call(owner(1), &restake).unwrap(), earned);
    assert_reverts(
        league.call(owner(1), &restake),
        IStaking::NothingDue { operatorId: 1 },
    );
    let of = league.delegation(1, owner(1));
    assert_eq!((of.amount, of.lots[0].from), (wei(1_946), 2));
    assert_eq!(league.operator(1).selfStake, wei(1_946));
    // The flag acts on the next touch, whoever touches.
    let auto = IStaking::setAutoRestakeCall {
        operatorId: 2,
        enabled: true,
    };
    league.call(owner(2), &auto).unwrap();
    assert_eq!(rewards(&mut league, 2), earned);
    let settle = IStaking::settleCall {
        operatorId: 2,
        delegator: owner(2),
    };
    league.call(delegator(9), &settle).unwrap();
    assert_eq!(rewards(&mut league, 2), U256::ZERO);
    assert_eq!(league.operator(2).selfStake, wei(1_946));
    league.check_solvent();
}

#[test]
fn stake_that_leaves_earns_until_it_has_left() {
    let staking = StakingParams {
        emission_per_epoch: wei(4_096),
        ..parameters()
    };
    let mut league = League::with_stakes(&[wei(1_024); 4], staking);
    league.enter(1);
    // Before the freeze block: it counts in epoch 1 for the last time. After it: in epoch 2.
    let leave = |id| IStaking::undelegateCall {
        operatorId: id,
        amount: wei(1_024),
    };
    league.call(owner(1), &leave(1)).unwrap();
    league.run_to(7);
    league.call(owner(2), &leave(2)).unwrap();
    league.enter(4);
    let first = league.delegation(1, owner(1));
    let second = league.delegation(2, owner(2));
    assert_eq!(
        (first.unbonding[0].until, second.unbonding[0].until),
        (2, 3)
    );
    assert_eq!(first.rewards, wei(2 * 922));
    assert!(second.rewards > wei(3 * 922), "{}", second.rewards);
    league.check_solvent();
}

#[test]
fn a_position_has_as_many_lots_as_the_limit_says() {
    let staking = StakingParams {
        evidence_epochs: 10,
        unbonding_epochs: 20,
        ..parameters()
    };
    let mut league = League::new(4, staking);
    for epoch in 0..MAX_LOTS as u64 {
        league.enter(epoch.max(1));
        league.run_to(league.calendar.freeze_block(epoch) + 1);
        league.delegate(1, 1, 10).unwrap();
    }
    let lots = league.delegation(1, delegator(1)).lots.len();
    assert_eq!(lots, MAX_LOTS);
    league.delegate(1, 1, 10).unwrap();
    league.enter(MAX_LOTS as u64);
    league.run_to(league.calendar.freeze_block(MAX_LOTS as u64) + 1);
    let error = IModule::TooMany {
        field: "lots".into(),
        count: U256::from(MAX_LOTS + 1),
        limit: U256::from(MAX_LOTS),
    };
    assert_reverts(league.delegate(1, 1, 10), error);
    // Lots merge once evidence does not reach them any more.
    league.enter(12);
    league.delegate(1, 1, 10).unwrap();
    assert_eq!(league.delegation(1, delegator(1)).amount, wei(100));
}

#[test]
fn a_position_has_as_many_entries_as_the_limit_says() {
    let staking = StakingParams {
        unbonding_epochs: 32,
        ..parameters()
    };
    let mut league = League::new(4, staking);
    league.delegate(1, 1, 100).unwrap();
    for epoch in 0..MAX_UNBONDING as u64 {
        league.run_to((epoch * 4).max(1));
        league.undelegate(1, 1, 1).unwrap();
    }
    let entries = league.delegation(1, delegator(1)).unbonding.len();
    assert_eq!(entries, MAX_UNBONDING);
    // Another one in the same epoch is no other entry; one in the next is one too many.
    league.undelegate(1, 1, 1).unwrap();
    league.enter(MAX_UNBONDING as u64);
    let error = IModule::TooMany {
        field: "unbonding".into(),
        count: U256::from(MAX_UNBONDING + 1),
        limit: U256::from(MAX_UNBONDING),
    };
    assert_reverts(league.undelegate(1, 1, 1), error);
}

#[test]
fn what_is_not_there_does_not_leave() {
    let mut league = League::new(4, parameters());
    assert_reverts(
        league.delegate(1, 1, 9),
        IStaking::StakeTooSmall {
            amount: wei(9),
            minimum: wei(10),
        },
    );
    assert_reverts(
        league.delegate(1, 9, 10),
        IStaking::UnknownOperator { operatorId: 9 },
    );
    league.delegate(1, 1, 10).unwrap();
    for amount in [0, 11] {
        let error = IStaking::InsufficientStake {
            operatorId: 1,
            amount: wei(amount),
            available: wei(10),
        };
        assert_reverts(league.undelegate(1, 1, amount), error);
    }
    assert_reverts(
        league.withdraw(1, 1),
        IStaking::NothingDue { operatorId: 1 },
    );
    let same = IStaking::redelegateCall {
        from: 1,
        to: 1,
        amount: wei(1),
        maxLoss: IStaking::Risk::uniform(10_000),
    };
    assert_reverts(
        league.call(delegator(1), &same),
        IStaking::SameOperator { operatorId: 1 },
    );
    let settle = IStaking::settleCall {
        operatorId: 1,
        delegator: delegator(2),
    };
    let error = IStaking::NoDelegation {
        operatorId: 1,
        delegator: delegator(2),
    };
    assert_reverts(league.call(delegator(3), &settle), error);
}

#[test]
fn a_deposit_that_is_taken_back_at_once_never_counts() {
    let mut league = League::new(4, parameters());
    league.delegate(1, 1, 500).unwrap();
    league.undelegate(1, 1, 500).unwrap();
    league.enter(1);
    let seats = league.committee(1).seats;
    assert!(seats.iter().all(|seat| seat.stake == wei(1_000)));
    let id = league.accuse(1, 1, &super::key(1)).unwrap();
    let slash = league.view(&IStaking::slashCall { slashId: id });
    assert_eq!(slash.amount, wei(100));
    league.enter(7);
    assert_eq!(league.withdraw(1, 1).unwrap(), wei(500));
}
