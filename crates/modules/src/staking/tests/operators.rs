//! The lives of operators.

use super::{League, key, owner, parameters, proof, public, registration, wei};
use crate::{staking::StakingParams, tests::world::assert_reverts};
use alloy_primitives::{B256, Bytes, U256};
use hansa_abi::IStaking;

/// Long enough epochs to tell who is absent.
fn long() -> StakingParams {
    StakingParams {
        epoch_blocks: 12,
        freeze_blocks: 2,
        ..parameters()
    }
}

/// Ends blocks up to `block`, with certificates that all but these operators sign.
fn run_without(league: &mut League, absent: &[u64], block: u64) {
    while league.block < block {
        let seats = league.committee(league.epoch()).seats;
        let signers: Vec<u32> = (0..)
            .zip(&seats)
            .filter(|(_, seat)| !absent.contains(&seat.operator))
            .map(|(index, _)| index)
            .collect();
        let proposer = seats[signers[0] as usize].key;
        league.end_with(proposer, Some(&signers), U256::ZERO);
    }
}

#[test]
fn registering_takes_a_proof_for_this_owner_and_chain() {
    let mut league = League::new(4, parameters());
    let good = registration(league.genesis_hash, 9, 9);
    let error = || IStaking::InvalidProof { key: good.key };
    let mut call = good.clone();
    call.proof = proof(B256::ZERO, &key(9), owner(9));
    assert_reverts(league.pay(owner(9), wei(100), &call), error());
    call.proof = proof(league.genesis_hash, &key(9), owner(8));
    assert_reverts(league.pay(owner(9), wei(100), &call), error());
    call.proof = Bytes::new();
    assert_reverts(league.pay(owner(9), wei(100), &call), error());
    let too_small = IStaking::StakeTooSmall {
        amount: wei(99),
        minimum: wei(100),
    };
    assert_reverts(league.pay(owner(9), wei(99), &good), too_small);
    league.pay(owner(9), wei(100), &good).unwrap();
    let of = league.operator(5);
    assert_eq!(
        (of.owner, of.key, of.commissionBps),
        (owner(9), good.key, 500)
    );
    assert_eq!(of.endpoint, "example.org:9000");
    assert_eq!(
        league.view(&IStaking::operatorOfCall { owner: owner(9) }),
        5
    );
    assert_eq!(
        league.view(&IStaking::operatorOfKeyCall { key: good.key }),
        5
    );
    let again = registration(league.genesis_hash, 9, 10);
    let error = IStaking::AlreadyOperator {
        account: owner(9),
        operatorId: 5,
    };
    assert_reverts(league.pay(owner(9), wei(100), &again), error);
}

#[test]
fn a_key_never_comes_back() {
    let mut league = League::new(4, parameters());
    let rotate = |league: &League, n, seed| IStaking::rotateKeyCall {
        newKey: public(&key(seed)),
        proof: proof(league.genesis_hash, &key(seed), owner(n)),
    };
    let call = rotate(&league, 1, 11);
    league.call(owner(1), &call).unwrap();
    assert_eq!(league.operator(1).nextKey, public(&key(11)));
    league.enter(1);
    assert_eq!(league.operator(1).key, public(&key(11)));
    for (n, seed) in [(1, 1), (2, 1), (2, 11), (1, 11)] {
        let call = rotate(&league, n, seed);
        let error = IStaking::KeyUsed {
            key: public(&key(seed)),
            operatorId: 1,
        };
        assert_reverts(league.call(owner(n), &call), error);
    }
    let call = registration(league.genesis_hash, 9, 1);
    assert!(league.pay(owner(9), wei(100), &call).is_err());
}

#[test]
fn keys_rotate_a_third_at_a_time() {
    let mut league = League::new(7, parameters());
    for n in 1..=4 {
        let new = key(20 + u64::from(n));
        let call = IStaking::rotateKeyCall {
            newKey: public(&new),
            proof: proof(league.genesis_hash, &new, owner(n)),
        };
        league.call(owner(n), &call).unwrap();
    }
    let rotated = |league: &mut League| {
        let keys: Vec<_> = (1..=4).map(|id| league.operator(id).nextKey).collect();
        keys.iter().filter(|key| **key == B256::ZERO).count()
    };
    league.enter(1);
    assert_eq!(rotated(&mut league), 2);
    league.enter(2);
    assert_eq!(rotated(&mut league), 4);
    assert_eq!(league.view(&IStaking::lastSelectionCall {}).rotated, 2);
}

#[test]
fn a_commission_rises_slowly_and_falls_at_once() {
    let mut league = League::new(4, parameters());
    let set = |league: &mut League, bps| {
        league.call(
            owner(1),
            &IStaking::setCommissionCall { commissionBps: bps },
        )
    };
    set(&mut league, 1_100).unwrap();
    let until = league.now + 86_400;
    let error = |bps, limit| IStaking::CommissionTooFast {
        commissionBps: bps,
        limit,
        until,
    };
    assert_reverts(set(&mut league, 1_101), error(1_101, 1_100));
    // Who lowers it to attract stake does not raise it to where it was.
    set(&mut league, 0).unwrap();
    assert_reverts(set(&mut league, 101), error(101, 100));
    league.now = until - 1;
    assert_reverts(set(&mut league, 101), error(101, 100));
    set(&mut league, 100).unwrap();
    league.now = until;
    set(&mut league, 200).unwrap();
    let too_high = IStaking::CommissionTooHigh {
        commissionBps: 3_001,
        limit: 3_000,
    };
    assert_reverts(set(&mut league, 3_001), too_high);
    let stranger = league.call(owner(9), &IStaking::setCommissionCall { commissionBps: 1 });
    assert_reverts(stranger, IStaking::NotOwner { account: owner(9) });
}

#[test]
fn who_is_absent_is_jailed_and_never_slashed() {
    let mut league = League::new(5, long());
    run_without(&mut league, &[1], 12);
    let of = league.operator(1);
    assert_eq!((of.bar, of.barredUntil), (IStaking::Bar::Jailed, 2));
    assert_eq!((of.stake, of.offences), (wei(1_000), 0));
    assert_eq!(league.members(1), [2, 3, 4, 5]);
    // Two epochs out: 1 and 2. The last block before the wait is over, and the first after.
    league.run_to(23);
    let unjail = IStaking::unjailCall {};
    let error = IStaking::StillBarred {
        operatorId: 1,
        epoch: 2,
    };
    assert_reverts(league.call(owner(1), &unjail), error);
    league.run_to(24);
    league.call(owner(1), &unjail).unwrap();
    league.enter(3);
    assert_eq!(league.members(2), [2, 3, 4, 5]);
    assert_eq!(league.members(3), [1, 2, 3, 4, 5]);
}

#[test]
fn an_absence_is_as_long_as_it_took_not_as_epochs_are() {
    let staking = StakingParams {
        max_absence_s: 1_000,
        ..long()
    };
    let mut league = League::new(5, staking);
    // Seen by definition when the chain begins, and absent since.
    league.now += 999;
    league.block_s = 0;
    run_without(&mut league, &[1], 12);
    assert_eq!(league.operator(1).bar, IStaking::Bar::None);
    league.now += 1;
    run_without(&mut league, &[1], 24);
    assert_eq!(league.operator(1).bar, IStaking::Bar::Jailed);
}

#[test]
fn seven_certificates_are_too_few_to_call_somebody_absent() {
    let mut league = League::new(5, long());
    // Blocks 1 to 9 count; two of them carry no certificate.
    let seats = league.committee(0).seats;
    for _ in 0..2 {
        league.end_with(seats[0].key, None, U256::ZERO);
    }
    run_without(&mut league, &[1], 12);
    assert_eq!(league.operator(1).bar, IStaking::Bar::None);
    let mut league = League::new(5, long());
    league.end_with(seats[0].key, None, U256::ZERO);
    run_without(&mut league, &[1], 12);
    assert_eq!(league.operator(1).bar, IStaking::Bar::Jailed);
}

#[test]
fn one_signature_or_one_block_is_a_sign_of_life() {
    for signs in [true, false] {
        let mut league = League::new(5, long());
        let seats = league.committee(0).seats;
        let index = seats.iter().position(|seat| seat.operator == 1).unwrap();
        let others: Vec<u32> = (0..5).filter(|signer| *signer != index as u32).collect();
        if signs {
            let signers = [index as u32];
            league.end_with(seats[(index + 1) % 5].key, Some(&signers), U256::ZERO);
        } else {
            league.end_with(seats[index].key, Some(&others), U256::ZERO);
        }
        run_without(&mut league, &[1], 12);
        assert_eq!(
            league.operator(1).bar,
            IStaking::Bar::None,
            "signs: {signs}"
        );
    }
}

#[test]
fn an_operator_leaves_and_returns() {
    let mut league = League::new(5, parameters());
    league.call(owner(2), &IStaking::exitCall {}).unwrap();
    assert_reverts(
        league.delegate(1, 2, 10),
        IStaking::OperatorClosed { operatorId: 2 },
    );
    league.enter(1);
    assert_eq!(league.members(1), [1, 3, 4, 5]);
    league.call(owner(2), &IStaking::rejoinCall {}).unwrap();
    assert_reverts(
        league.call(owner(2), &IStaking::rejoinCall {}),
        IStaking::NotExited { operatorId: 2 },
    );
    league.enter(2);
    assert_eq!(league.members(2), [1, 2, 3, 4, 5]);
    // Without self-stake it is not selected either.
    let leave = IStaking::undelegateCall {
        operatorId: 2,
        amount: wei(901),
    };
    league.call(owner(2), &leave).unwrap();
    assert!(!league.operator(2).willing);
    league.enter(3);
    assert_eq!(league.members(3), [1, 3, 4, 5]);
}

#[test]
fn absence_costs_rewards_which_stay_in_the_pot() {
    let staking = StakingParams {
        emission_per_epoch: wei(8_000),
        operator_cost: wei(1_000),
        ..long()
    };
    let mut league = League::new(4, staking);
    run_without(&mut league, &[1], 12);
    // Three seats are compensated for their cost; the rest is divided by four, commission a tenth.
    assert_eq!(league.operator(1).earned, U256::ZERO);
    assert_eq!(league.operator(2).earned, wei(1_000 + 125));
    assert_eq!(league.delegation(1, owner(1)).rewards, U256::ZERO);
    assert_eq!(league.delegation(2, owner(2)).rewards, wei(1_125));
    let rate = league.view(&IStaking::rewardRateCall { operatorId: 2 });
    assert_eq!(rate.epochs, 1);
    // 1,125 for 1,000 wei.
    let ether = 1_000_000_000_000_000_000u64;
    assert_eq!(rate.perEther, wei(ether + ether / 8));
    league.check_solvent();
}

#[test]
fn a_pot_that_does_not_cover_the_costs_is_divided() {
    let staking = StakingParams {
        operator_cost: wei(1_000),
        ..parameters()
    };
    let mut league = League::new(4, staking);
    let seats = league.committee(0).seats;
    let all = [0, 1, 2, 3];
    league.end_with(seats[0].key, Some(&all), wei(1_001));
    league.enter(1);
    for id in 1..=4 {
        assert_eq!(league.operator(id).earned, wei(250));
    }
    let claim = IStaking::claimCommissionCall {};
    assert_eq!(league.call(owner(1), &claim).unwrap(), wei(250));
    assert_reverts(
        league.call(owner(1), &claim),
        IStaking::NothingDue { operatorId: 1 },
    );
    league.check_solvent();
}

#[test]
fn a_signer_that_does_not_exist_is_fatal() {
    let mut league = League::new(4, parameters());
    let end = super::BlockEnd {
        block: league.block(),
        proposer: B256::ZERO,
        signers: Some(&[4]),
        fees: U256::ZERO,
    };
    let ended = super::end_block(&mut league.host, &end);
    assert!(
        matches!(ended, Err(crate::HostError::Fatal(_))),
        "{ended:?}"
    );
}
