//! Terms and what is signed, kind of fault by kind of fault.

use super::{League, delegator, key, owner, parameters, wei};
use crate::{
    slots::{address_key, mapping},
    staking::{
        StakingParams, set_parameters,
        state::{self, POSITIONS},
    },
    tests::world::assert_reverts,
};
use alloy_primitives::{Bytes, U256};
use alloy_sol_types::SolEvent as _;
use hansa_abi::{IStaking, STAKING};

fn set(league: &mut League, n: u8, risk: [u16; 3]) -> Result<(), Bytes> {
    let risk = IStaking::Risk::by_kind(risk);
    let call = IStaking::setRiskCall { risk };
    league.call(owner(n), &call).map(drop)
}

fn delegate(league: &mut League, id: u64, max_loss: [u16; 3]) {
    let call = IStaking::delegateCall {
        operatorId: id,
        maxLoss: IStaking::Risk::by_kind(max_loss),
    };
    league.pay(delegator(1), wei(1_000), &call).unwrap();
}

fn redelegate(league: &mut League, amount: u64, max_loss: [u16; 3]) -> Result<(), Bytes> {
    let call = IStaking::redelegateCall {
        from: 1,
        to: 2,
        amount: wei(amount),
        maxLoss: IStaking::Risk::by_kind(max_loss),
    };
    league.call(delegator(1), &call).map(drop)
}

fn complete(league: &mut League) -> U256 {
    let call = IStaking::completeRedelegationCall {
        from: 1,
        delegator: delegator(1),
    };
    league.call(delegator(2), &call).unwrap()
}

fn max_loss(league: &mut League, id: u64) -> [u16; 3] {
    league.delegation(id, delegator(1)).maxLoss.shares()
}

#[test]
fn one_kind_rises_later_while_another_falls_at_once() {
    let mut league = League::new(4, parameters());
    set(&mut league, 1, [5_000, 1_000, 3_000]).unwrap();
    assert_eq!(league.operator(1).nextRiskEpochs, [9, 0, 9]);
    // Until epoch 12 the first and the third can only be asked to stay.
    league.enter(10);
    set(&mut league, 1, [5_000, 2_000, 3_000]).unwrap();
    let pending = |kind, epoch| IStaking::TermsPending {
        operatorId: 1,
        kind,
        epoch,
    };
    let early = set(&mut league, 1, [4_000, 2_000, 3_000]);
    assert_reverts(early, pending(0, 13));
    league.enter(13);
    set(&mut league, 1, [6_000, 2_000, 333]).unwrap();
    let of = league.operator(1);
    assert_eq!(of.risk.shares(), [5_000, 1_000, 3_000]);
    assert_eq!(of.nextRisk.shares(), [6_000, 2_000, 333]);
    assert_eq!(of.nextRiskEpochs, [22, 19, 14]);
    let event = IStaking::RiskChanged {
        operatorId: 1,
        risk: IStaking::Risk::by_kind([6_000, 2_000, 333]),
        fromEpochs: [22, 19, 14],
    };
    let last = league.host.logs.last().unwrap();
    assert_eq!(last.1, event.encode_log_data());
    // Another kind's wait holds nobody up, and its own does.
    let refused = set(&mut league, 1, [6_000, 2_100, 333]);
    assert_reverts(refused, pending(1, 23));
    for (epoch, risk) in [
        (14, [5_000, 1_000, 333]),
        (18, [5_000, 1_000, 333]),
        (19, [5_000, 2_000, 333]),
        (22, [6_000, 2_000, 333]),
    ] {
        league.enter(epoch);
        assert_eq!(league.operator(1).risk.shares(), risk, "epoch {epoch}");
    }
}

#[test]
fn nobody_sets_terms_that_leave_nothing_to_lose() {
    let mut league = League::new(4, parameters());
    let too_low = |kind, risk, minimum| IStaking::RiskTooLow {
        kind,
        riskBps: risk,
        minimum,
    };
    for (risk, error) in [
        ([499, 1_000, 333], too_low(0, 499, 500)),
        ([10_000, 999, 10_000], too_low(1, 999, 1_000)),
        ([500, 1_000, 332], too_low(2, 332, 333)),
    ] {
        assert_reverts(set(&mut league, 1, risk), error);
    }
    set(&mut league, 1, [500, 1_000, 333]).unwrap();
    assert_reverts(
        set(&mut league, 1, [500, 1_000, 10_001]),
        IStaking::InvalidShare { bps: wei(10_001) },
    );
    // What the chain has announced for a kind must be covered too.
    let block = league.block();
    let new = StakingParams {
        slash_bps: [500, 1_000, 400],
        ..parameters()
    };
    set_parameters(&mut league.host, block, &new).unwrap();
    let refused = set(&mut league, 1, [600, 1_000, 333]);
    assert_reverts(refused, too_low(2, 333, 400));
}

#[test]
fn the_operators_terms_bound_a_slash_as_they_were_at_the_fault() {
    let mut league = League::new(4, parameters());
    league.enter(1);
    // The chain doubles its shares; operator 2 follows, operator 1 does not.
    let block = league.block();
    let new = StakingParams {
        slash_bps: [500, 2_000, 333],
        ..parameters()
    };
    set_parameters(&mut league.host, block, &new).unwrap();
    set(&mut league, 2, [500, 2_000, 333]).unwrap();
    let bps = |league: &mut League, epoch, seed| {
        let id = league.accuse(1, epoch, &key(seed)).unwrap();
        league.view(&IStaking::slashCall { slashId: id }).bps
    };
    league.enter(10);
    assert_eq!(bps(&mut league, 9, 2), 1_000);
    assert_eq!(bps(&mut league, 10, 2), 2_000);
    assert_eq!(bps(&mut league, 10, 1), 1_000);
}

#[test]
fn a_slash_takes_the_share_of_its_kind() {
    for (kind, bps) in [(0, 500), (1, 1_000), (2, 333)] {
        let mut league = League::new(4, parameters());
        // Terms far above the chain's shares, those of another kind in particular, take nothing.
        set(&mut league, 1, [10_000, 9_000, 8_000]).unwrap();
        league.enter(9);
        let id = league.accuse(kind, 9, &key(1)).unwrap();
        let slash = league.view(&IStaking::slashCall { slashId: id });
        assert_eq!(slash.bps, bps, "kind {kind}");
        league.enter(11);
        let taken = wei(u64::from(bps)) / wei(10);
        assert_eq!(league.settle_slash(id).unwrap(), taken);
    }
}

#[test]
fn a_slash_takes_what_the_terms_for_its_kind_were() {
    let mut league = League::new(4, parameters());
    let block = league.block();
    let new = StakingParams {
        slash_bps: [5_000; 3],
        ..parameters()
    };
    set_parameters(&mut league.host, block, &new).unwrap();
    // Nobody follows: the terms of before bound what is taken, each kind its own.
    league.enter(9);
    for (kind, bps) in [(0, 500), (1, 1_000), (2, 333)] {
        let seed = u64::from(kind) + 1;
        let id = league.accuse(kind, 9, &key(seed)).unwrap();
        assert_eq!(league.view(&IStaking::slashCall { slashId: id }).bps, bps);
    }
    let exposure = IStaking::exposureCall {
        delegator: owner(4),
    };
    assert_eq!(league.view(&exposure)[0].worstLoss, wei(100));
}

#[test]
fn a_redelegation_keeps_what_was_signed_for_each_kind() {
    let mut league = League::new(4, parameters());
    delegate(&mut league, 1, [10_000; 3]);
    league.enter(1);
    let refused = redelegate(&mut league, 100, [10_000, 999, 10_000]);
    let error = IStaking::RiskTooHigh {
        operatorId: 2,
        kind: 1,
        riskBps: 1_000,
        maxLossBps: 999,
    };
    assert_reverts(refused, error);
    redelegate(&mut league, 100, [600, 1_200, 400]).unwrap();
    // The same stake on other terms is another entry.
    redelegate(&mut league, 100, [700, 1_100, 500]).unwrap();
    redelegate(&mut league, 100, [700, 1_100, 500]).unwrap();
    let entries = league.delegation(1, delegator(1)).unbonding;
    assert_eq!(entries.len(), 2);
    league.enter(8);
    assert_eq!(complete(&mut league), wei(300));
    // Kind by kind the stricter: the first entry is new there, the second meets it.
    assert_eq!(max_loss(&mut league, 2), [600, 1_100, 400]);
    assert_eq!(max_loss(&mut league, 1), [10_000; 3]);
    league.check_solvent();
}

#[test]
fn a_redelegation_is_released_when_one_kind_is_exceeded() {
    for kind in 0..3 {
        let mut league = League::new(4, parameters());
        delegate(&mut league, 1, [10_000; 3]);
        league.enter(1);
        redelegate(&mut league, 1_000, [500, 1_000, 333]).unwrap();
        let mut risk = [500, 1_000, 333];
        risk[kind] += 1;
        set(&mut league, 2, risk).unwrap();
        league.enter(8);
        assert_eq!(complete(&mut league), U256::ZERO, "kind {kind}");
        assert_eq!(league.withdraw(1, 1).unwrap(), wei(1_000));
        league.check_solvent();
    }
}

#[test]
fn rewards_are_not_restaked_beyond_what_was_signed_for_one_kind() {
    let staking = StakingParams {
        emission_per_epoch: wei(4_096),
        ..parameters()
    };
    let mut league = League::new(4, staking);
    delegate(&mut league, 1, [500, 10_000, 333]);
    league.enter(3);
    let restake = IStaking::restakeCall { operatorId: 1 };
    league.call(delegator(1), &restake).unwrap();
    set(&mut league, 1, [500, 10_000, 333]).unwrap();
    league.enter(4);
    league.call(delegator(1), &restake).unwrap();
    set(&mut league, 1, [500, 10_000, 334]).unwrap();
    league.enter(5);
    let error = IStaking::RiskTooHigh {
        operatorId: 1,
        kind: 2,
        riskBps: 334,
        maxLossBps: 333,
    };
    assert_reverts(league.call(delegator(1), &restake), error);
    let auto = IStaking::setAutoRestakeCall {
        operatorId: 1,
        enabled: true,
    };
    league.call(delegator(1), &auto).unwrap();
    let settle = IStaking::settleCall {
        operatorId: 1,
        delegator: delegator(1),
    };
    league.call(delegator(2), &settle).unwrap();
    assert!(!league.delegation(1, delegator(1)).rewards.is_zero());
}

/// What an entry's target may lose is kept in a word beside the entry, which entries without a target do not have.
#[test]
fn nothing_is_left_of_what_was_signed_for_a_target() {
    let mut league = League::new(4, parameters());
    delegate(&mut league, 1, [10_000; 3]);
    league.enter(1);
    let words = |league: &mut League| {
        let delegators = mapping(U256::ONE, POSITIONS);
        let position = mapping(address_key(delegator(1)), delegators);
        let word = |at| {
            let key = (STAKING, state::offset(position, at));
            league.host.storage.get(&key).copied().unwrap_or_default()
        };
        [32, 33].map(word)
    };
    redelegate(&mut league, 600, [600, 1_200, 400]).unwrap();
    league.undelegate(1, 1, 300).unwrap();
    let signed = U256::from(600 | 1_200 << 16 | 400u64 << 32);
    assert_eq!(words(&mut league), [signed, U256::ZERO]);
    league.enter(8);
    // The entry that stays takes the place of the one that goes.
    assert_eq!(complete(&mut league), wei(600));
    assert_eq!(words(&mut league), [U256::ZERO; 2]);
    assert_eq!(league.withdraw(1, 1).unwrap(), wei(300));
}
