//! The life of a stake, once through.

use super::{League, delegator, key, owner, parameters, public, registration, wei};
use crate::staking::StakingParams;
use alloy_primitives::{Address, U256};
use hansa_abi::{
    FUND,
    IStaking::{self, SlashState},
};

#[test]
fn genesis_operators_are_the_first_committee() {
    let mut league = League::new(4, parameters());
    assert_eq!(league.members(0), [1, 2, 3, 4]);
    let committee = league.committee(0);
    assert!(committee.seats.is_sorted_by_key(|seat| seat.key));
    let first = league.operator(1);
    assert!(first.willing);
    assert_eq!((first.selfStake, first.stake), (wei(1_000), wei(1_000)));
    assert_eq!(first.key, public(&key(1)));
    league.check_solvent();
}

#[test]
fn a_registered_operator_joins_the_next_committee_that_is_fixed() {
    let mut league = League::new(4, parameters());
    let call = registration(league.genesis_hash, 9, 9);
    let id = league.pay(owner(9), wei(500), &call).unwrap();
    assert_eq!(id, 5);
    league.enter(1);
    assert_eq!(league.members(1), [1, 2, 3, 4, 5]);
    // After the freeze block of an epoch it is too late for the next one.
    league.run_to(7);
    let call = registration(league.genesis_hash, 10, 10);
    league.pay(owner(10), wei(500), &call).unwrap();
    league.enter(3);
    assert_eq!(league.members(2).len(), 5);
    assert_eq!(league.members(3).len(), 6);
}

#[test]
fn stake_is_delegated_leaves_and_is_paid_out() {
    let mut league = League::new(4, parameters());
    league.delegate(1, 2, 700).unwrap();
    assert_eq!(league.operator(2).stake, wei(1_700));
    league.enter(1);
    league.undelegate(1, 2, 300).unwrap();
    let of = league.delegation(2, delegator(1));
    assert_eq!(of.amount, wei(400));
    assert_eq!((of.unbonding[0].until, of.unbonding[0].claimableAt), (2, 8));
    league.enter(7);
    assert!(league.withdraw(1, 2).is_err());
    league.enter(8);
    assert_eq!(league.withdraw(1, 2).unwrap(), wei(300));
    league.check_solvent();
}

#[test]
fn rewards_follow_stake_and_commission() {
    let staking = StakingParams {
        emission_per_epoch: wei(4_000),
        ..parameters()
    };
    let mut league = League::new(4, staking);
    league.delegate(1, 1, 1_000).unwrap();
    league.enter(1);
    // Epoch 0: the delegation does not count yet. Each seat earns 1,000, of which 100 are commission.
    assert_eq!(league.operator(1).earned, wei(100));
    assert_eq!(league.delegation(1, delegator(1)).rewards, U256::ZERO);
    // 900, less what the index per wei rounds down.
    assert_eq!(league.delegation(1, owner(1)).rewards, wei(899));
    league.enter(2);
    // Epoch 1: 2,000 of 5,000, that is 1,600 less commission 160, and half for each.
    assert_eq!(league.operator(1).earned, wei(260));
    assert_eq!(league.delegation(1, delegator(1)).rewards, wei(719));
    let claim = IStaking::claimRewardsCall { operatorId: 1 };
    assert_eq!(league.call(delegator(1), &claim).unwrap(), wei(719));
    league.check_solvent();
}

#[test]
fn evidence_slashes_after_the_appeal_window() {
    let mut league = League::new(5, parameters());
    league.delegate(1, 1, 1_000).unwrap();
    league.enter(1);
    let id = league.accuse(1, 1, &key(1)).unwrap();
    let slash = league.view(&IStaking::slashCall { slashId: id });
    assert_eq!(slash.amount, wei(200));
    assert_eq!((slash.state, slash.settlesAt), (SlashState::Pending, 3));
    league.enter(2);
    assert_eq!(league.members(2), [2, 3, 4, 5]);
    assert!(league.undelegate(1, 1, 1).is_err());
    league.enter(3);
    let finder = league.host.balance(delegator(19));
    assert_eq!(league.settle_slash(id).unwrap(), wei(200));
    assert_eq!(league.host.balance(delegator(19)) - finder, wei(10));
    assert_eq!(league.host.balance(FUND), wei(95));
    assert_eq!(league.host.balance(Address::ZERO), wei(95));
    assert_eq!(league.delegation(1, delegator(1)).amount, wei(900));
    assert_eq!(league.operator(1).selfStake, wei(900));
    league.check_solvent();
}
