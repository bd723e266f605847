//! What a slash reaches, and what it does not.

use super::{League, delegator, key, owner, parameters, wei};
use crate::{staking::StakingParams, tests::world::assert_reverts};
use alloy_primitives::{Address, U256};
use hansa_abi::{FUND, IStaking};

/// Four operators in epoch 1, and a delegation of 1,000 to the first that counts from epoch 1 on.
fn league() -> League {
    let mut league = League::new(4, parameters());
    league.delegate(1, 1, 1_000).unwrap();
    league.enter(1);
    league
}

#[test]
fn nothing_is_withdrawn_around_a_pending_slash() {
    let mut league = league();
    league.undelegate(1, 1, 400).unwrap();
    // Evidence in the last epoch of its window, appealed: due in epoch 8, when the entry has unbonded too.
    league.enter(4);
    let id = league.accuse(1, 1, &key(1)).unwrap();
    let appeal = IStaking::appealCall { slashId: id };
    league.pay(owner(1), wei(50), &appeal).unwrap();
    let pending = || IStaking::SlashPending {
        slashId: id,
        operatorId: 1,
        settlesAt: 8,
    };
    assert_reverts(league.undelegate(1, 1, 1), pending());
    league.enter(8);
    assert_reverts(league.withdraw(1, 1), pending());
    league.settle_slash(id).unwrap();
    assert_eq!(league.withdraw(1, 1).unwrap(), wei(360));
    league.check_solvent();
}

#[test]
fn a_redelegation_takes_its_answerability_along() {
    let mut league = league();
    let hop = IStaking::redelegateCall {
        from: 1,
        to: 2,
        amount: wei(1_000),
        maxLoss: IStaking::Risk::uniform(10_000),
    };
    league.call(delegator(1), &hop).unwrap();
    assert_eq!(
        league.operator(2).stake,
        wei(1_000),
        "it does not count there yet"
    );
    league.enter(2);
    let id = league.accuse(1, 1, &key(1)).unwrap();
    let complete = IStaking::completeRedelegationCall {
        from: 1,
        delegator: delegator(1),
    };
    let nothing = || IStaking::NothingDue { operatorId: 1 };
    assert_reverts(league.call(delegator(2), &complete), nothing());
    league.enter(4);
    league.settle_slash(id).unwrap();
    league.enter(7);
    assert_reverts(league.call(delegator(2), &complete), nothing());
    league.enter(8);
    assert_reverts(league.withdraw(1, 1), nothing());
    assert_eq!(league.call(delegator(2), &complete).unwrap(), wei(900));
    assert_eq!(league.operator(2).stake, wei(1_900));
    assert_eq!(league.delegation(2, delegator(1)).amount, wei(900));
    assert_reverts(league.call(delegator(2), &complete), nothing());
    league.check_solvent();
}

#[test]
fn a_redelegation_to_an_operator_that_closed_can_be_withdrawn() {
    let mut league = league();
    let hop = IStaking::redelegateCall {
        from: 1,
        to: 2,
        amount: wei(1_000),
        maxLoss: IStaking::Risk::uniform(10_000),
    };
    league.call(delegator(1), &hop).unwrap();
    league.call(owner(2), &IStaking::exitCall {}).unwrap();
    league.enter(8);
    let complete = IStaking::completeRedelegationCall {
        from: 1,
        delegator: delegator(1),
    };
    assert_eq!(league.call(delegator(2), &complete).unwrap(), U256::ZERO);
    assert_eq!(league.withdraw(1, 1).unwrap(), wei(1_000));
    league.check_solvent();
}

#[test]
fn a_deposit_after_the_fault_neither_loses_nor_dilutes() {
    let mut league = league();
    league.delegate(2, 1, 5_000).unwrap();
    league.enter(2);
    league.delegate(3, 1, 7_000).unwrap();
    let id = league.accuse(1, 1, &key(1)).unwrap();
    league.delegate(4, 1, 9_000).unwrap();
    league.enter(4);
    // A tenth of what counted in epoch 1: the self-stake and the first delegation.
    assert_eq!(league.settle_slash(id).unwrap(), wei(200));
    for (n, amount) in [(1, 900), (2, 5_000), (3, 7_000), (4, 9_000)] {
        assert_eq!(league.delegation(1, delegator(n)).amount, wei(amount));
    }
    league.check_solvent();
}

#[test]
fn young_stake_can_leave_while_older_stake_is_locked() {
    let mut league = league();
    league.delegate(2, 1, 500).unwrap();
    league.accuse(1, 1, &key(1)).unwrap();
    league.undelegate(2, 1, 500).unwrap();
    assert!(league.undelegate(1, 1, 1_000).is_err());
}

#[test]
fn a_slash_never_takes_more_than_there_is() {
    let staking = StakingParams {
        slash_bps: [10_000; 3],
        ..parameters()
    };
    let mut league = League::new(5, staking);
    league.delegate(1, 1, 777).unwrap();
    league.enter(1);
    let first = league.accuse(0, 1, &key(1)).unwrap();
    let second = league.accuse(0, 0, &key(1)).unwrap();
    league.enter(3);
    assert_eq!(league.settle_slash(first).unwrap(), wei(1_777));
    assert_eq!(league.settle_slash(second).unwrap(), U256::ZERO);
    let of = league.operator(1);
    assert_eq!(
        (of.stake, of.selfStake, of.unbonding),
        (U256::ZERO, U256::ZERO, U256::ZERO)
    );
    assert_eq!(league.delegation(1, delegator(1)).amount, U256::ZERO);
    // What is gone is forgotten when it is touched, and a new deposit starts from nothing.
    let settle = IStaking::settleCall {
        operatorId: 1,
        delegator: delegator(1),
    };
    league.call(delegator(2), &settle).unwrap();
    let listed = IStaking::delegationsOfCall {
        delegator: delegator(1),
    };
    assert!(league.view(&listed).is_empty());
    let share = IStaking::slashShareOfCall {
        slashId: first,
        delegator: delegator(1),
    };
    assert_eq!(league.view(&share).amount, wei(777));
    league.delegate(1, 1, 10).unwrap();
    assert_eq!(league.delegation(1, delegator(1)).amount, wei(10));
    league.check_solvent();
}

#[test]
fn two_slashes_at_once_are_settled_in_order_each_on_what_the_former_left() {
    let mut league = league();
    let later = league.accuse(1, 1, &key(1)).unwrap();
    let earlier = league.accuse(1, 0, &key(1)).unwrap();
    let amount = |league: &mut League, id| league.view(&IStaking::slashCall { slashId: id }).amount;
    assert_eq!(amount(&mut league, later), wei(200));
    assert_eq!(amount(&mut league, earlier), wei(100));
    league.enter(3);
    let error = IStaking::EarlierSlash {
        slashId: earlier,
        earlier: later,
    };
    assert_reverts(league.settle_slash(earlier), error);
    assert_eq!(league.settle_slash(later).unwrap(), wei(200));
    // Epoch 0: the delegation did not count, and the self-stake is 900 by now.
    assert_eq!(league.settle_slash(earlier).unwrap(), wei(90));
    assert_eq!(league.operator(1).selfStake, wei(810));
    assert_eq!(league.delegation(1, delegator(1)).amount, wei(900));
    league.check_solvent();
}

#[test]
fn operators_that_fail_together_each_pay_for_themselves() {
    let mut league = league();
    league.accuse(1, 1, &key(1)).unwrap();
    league.accuse(1, 1, &key(2)).unwrap();
    league.enter(3);
    league.run_to(15);
    // The freeze block settles what is due.
    assert_eq!(league.operator(1).selfStake, wei(900));
    assert_eq!(league.operator(2).selfStake, wei(900));
    assert_eq!(league.host.balance(FUND), wei(95 + 48 - 1));
    league.check_solvent();
}

#[test]
fn rounding_is_in_the_pools_favour_at_one_wei() {
    let staking = StakingParams {
        min_delegation: wei(1),
        ..parameters()
    };
    let mut league = League::new(4, staking);
    for n in 1..=3 {
        league.delegate(n, 1, 1).unwrap();
    }
    league.enter(1);
    let id = league.accuse(2, 1, &key(1)).unwrap();
    league.enter(3);
    // 3.33% of 1,000 and of 3: the floor of each sum leaves, the ceiling of each part is lost.
    assert_eq!(league.settle_slash(id).unwrap(), wei(33));
    assert_eq!(league.operator(1).selfStake, wei(966));
    assert_eq!(league.operator(1).stake, wei(970));
    for n in 1..=3 {
        assert_eq!(league.delegation(1, delegator(n)).amount, U256::ZERO);
    }
    league.check_solvent();
}

#[test]
fn amounts_are_exact_at_two_to_the_128() {
    let huge = U256::ONE << 128;
    let staking = StakingParams {
        emission_per_epoch: huge,
        ..parameters()
    };
    let mut league = League::with_stakes(&[huge; 4], staking);
    league.host.credit(delegator(1), huge);
    let call = IStaking::delegateCall {
        operatorId: 1,
        maxLoss: IStaking::Risk::uniform(10_000),
    };
    league.pay(delegator(1), huge, &call).unwrap();
    league.enter(1);
    let id = league.accuse(2, 1, &key(1)).unwrap();
    let preview = league.view(&IStaking::slashCall { slashId: id }).amount;
    league.enter(3);
    let part = huge * wei(333) / wei(10_000);
    assert_eq!(league.settle_slash(id).unwrap(), part + part);
    assert_eq!(preview, part + part);
    assert_eq!(
        league.delegation(1, delegator(1)).amount,
        huge - part - wei(1)
    );
    league.check_solvent();
    let rewards = league.delegation(2, owner(2)).rewards;
    assert!(rewards > huge / wei(3), "{rewards}");
}

#[test]
fn a_preview_agrees_with_the_slash_that_follows() {
    let mut league = league();
    league.delegate(2, 1, 333).unwrap();
    league.enter(2);
    league.delegate(1, 1, 77).unwrap();
    league.undelegate(2, 1, 111).unwrap();
    league.enter(3);
    let (ids, kind) = (vec![1, 2], 2);
    let preview = IStaking::previewSlashCall {
        operatorIds: ids.clone(),
        kind,
        epoch: 0,
    };
    let total = league.view(&preview);
    let losses: Vec<Vec<U256>> = (1..=2)
        .map(|n| {
            league.view(&IStaking::previewLossCall {
                operatorIds: ids.clone(),
                kind,
                epoch: 3,
                delegator: delegator(n),
            })
        })
        .collect();
    let first = league.accuse(kind, 3, &key(1)).unwrap();
    let second = league.accuse(kind, 3, &key(2)).unwrap();
    for (id, amount) in [first, second].into_iter().zip(&total) {
        assert_eq!(
            league.view(&IStaking::slashCall { slashId: id }).amount,
            *amount
        );
    }
    let share = |id, n| IStaking::slashShareOfCall {
        slashId: id,
        delegator: delegator(n),
    };
    assert_eq!(
        league.view(&share(first, 1)).amount,
        losses[0][0],
        "pending"
    );
    league.enter(5);
    assert_eq!(league.settle_slash(first).unwrap(), total[0]);
    assert_eq!(league.settle_slash(second).unwrap(), total[1]);
    for n in 1..=2 {
        for (index, id) in [first, second].into_iter().enumerate() {
            let loss = losses[usize::from(n) - 1][index];
            assert_eq!(league.view(&share(id, n)).amount, loss);
        }
    }
    assert!(!losses[0][0].is_zero() && !losses[1][0].is_zero());
    // What the first delegator has now, and the worst that one more fault could cost.
    let exposure = IStaking::exposureCall {
        delegator: delegator(1),
    };
    let of = league.delegation(1, delegator(1));
    let seen = league.view(&exposure);
    assert_eq!(
        (seen.len(), seen[0].operatorId, seen[0].amount),
        (1, 1, of.amount)
    );
    let tenth = |amount: U256| amount.div_ceil(wei(10));
    let young: U256 = of.lots.iter().map(|lot| tenth(lot.amount)).sum();
    let base = of.amount - of.lots.iter().map(|lot| lot.amount).sum::<U256>();
    assert_eq!(seen[0].worstLoss, young + tenth(base));
    league.check_solvent();
}

#[test]
fn a_slashed_operator_returns_after_jail_and_not_before() {
    let mut league = League::new(5, parameters());
    league.enter(1);
    let id = league.accuse(0, 1, &key(1)).unwrap();
    let unjail = IStaking::unjailCall {};
    let pending = IStaking::SlashPending {
        slashId: id,
        operatorId: 1,
        settlesAt: 3,
    };
    assert_reverts(league.call(owner(1), &unjail), pending);
    league.enter(2);
    assert_eq!(league.members(2), [2, 3, 4, 5]);
    league.enter(3);
    league.settle_slash(id).unwrap();
    league.run_to(19);
    let barred = IStaking::StillBarred {
        operatorId: 1,
        epoch: 5,
    };
    assert_reverts(league.call(owner(1), &unjail), barred);
    league.enter(5);
    league.call(owner(1), &unjail).unwrap();
    league.enter(6);
    assert_eq!(league.members(6), [1, 2, 3, 4, 5]);
    assert_reverts(
        league.call(owner(1), &unjail),
        IStaking::NotBarred { operatorId: 1 },
    );
}

#[test]
fn who_offends_too_often_never_returns() {
    // One operator: it keeps its seat while nobody else is willing, so it can offend on.
    let staking = StakingParams {
        evidence_epochs: 12,
        unbonding_epochs: 20,
        ..parameters()
    };
    let mut league = League::new(1, staking);
    league.enter(8);
    for epoch in 1..=8 {
        league.accuse(2, epoch, &key(1)).unwrap();
    }
    assert!(league.operator(1).slashedOut);
    league.enter(20);
    assert_reverts(
        league.call(owner(1), &IStaking::unjailCall {}),
        IStaking::SlashedOut { operatorId: 1 },
    );
    league.call(owner(1), &IStaking::exitCall {}).unwrap();
    assert_reverts(
        league.call(owner(1), &IStaking::rejoinCall {}),
        IStaking::SlashedOut { operatorId: 1 },
    );
    assert_reverts(
        league.delegate(1, 1, 100),
        IStaking::OperatorClosed { operatorId: 1 },
    );
    // Its stake is not stranded.
    let rest = league.operator(1).selfStake;
    let leave = IStaking::undelegateCall {
        operatorId: 1,
        amount: rest,
    };
    league.call(owner(1), &leave).unwrap();
    league.enter(41);
    let withdraw = IStaking::withdrawCall { operatorId: 1 };
    assert_eq!(league.call(owner(1), &withdraw).unwrap(), rest);
    assert!(league.host.balance(Address::ZERO) > U256::ZERO);
    league.check_solvent();
}
