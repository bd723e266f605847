//! Appeals.

use super::{League, delegator, key, owner, parameters, wei};
use crate::tests::world::{account, assert_reverts, block_address};
use alloy_primitives::{Address, Bytes, U256};
use hansa_abi::{
    FUND, IModule,
    IStaking::{self, SlashState},
};

/// A pending slash of operator 1 in epoch 1, due in epoch 3; a delegation that answers, and a later one.
fn league() -> (League, u64) {
    let mut league = League::new(4, parameters());
    league.delegate(1, 1, 1_000).unwrap();
    league.enter(1);
    league.delegate(2, 1, 1_000).unwrap();
    let id = league.accuse(1, 1, &key(1)).unwrap();
    (league, id)
}

fn appeal(league: &mut League, by: Address, id: u64, bond: u64) -> Result<(), Bytes> {
    let call = IStaking::appealCall { slashId: id };
    league.pay(by, wei(bond), &call).map(drop)
}

fn approve(league: &mut League, member: u8, id: u64) -> Result<bool, Bytes> {
    league.call(
        account(member),
        &IStaking::approveAppealCall { slashId: id },
    )
}

#[test]
fn a_majority_reverses_a_slash_and_nothing_is_lost() {
    let (mut league, id) = league();
    let before = league.host.balance(owner(1));
    appeal(&mut league, owner(1), id, 50).unwrap();
    assert_eq!(approve(&mut league, 0, id), Ok(false));
    assert_reverts(
        approve(&mut league, 0, id),
        IModule::AlreadyVoted {
            account: account(0),
        },
    );
    assert_eq!(approve(&mut league, 1, id), Ok(true));
    let slash = league.view(&IStaking::slashCall { slashId: id });
    assert_eq!(
        (slash.state, slash.amount),
        (SlashState::Reversed, U256::ZERO)
    );
    assert_eq!(league.host.balance(owner(1)), before);
    let of = league.operator(1);
    assert_eq!((of.offences, of.stake), (0, wei(3_000)));
    // The stake moves again, the operator can come back, and the same evidence does not serve twice.
    league.undelegate(1, 1, 1_000).unwrap();
    league.call(owner(1), &IStaking::unjailCall {}).unwrap();
    assert!(league.operator(1).willing);
    let error = IStaking::AlreadyPunished {
        operatorId: 1,
        epoch: 1,
        slashId: id,
    };
    assert_reverts(league.accuse(1, 1, &key(1)), error);
    league.enter(3);
    let closed = IStaking::SlashClosed {
        slashId: id,
        state: SlashState::Reversed,
    };
    assert_reverts(league.settle_slash(id), closed);
    league.check_solvent();
}

/// Nobody stops a slash, or undoing it, by being blocked.
#[test]
fn what_a_slash_pays_is_paid_to_whom_the_guard_blocks_too() {
    let finder = delegator(19);
    for is_reversed in [true, false] {
        let (mut league, id) = league();
        let before = [finder, owner(1)].map(|who| league.host.balance(who));
        appeal(&mut league, owner(1), id, 50).unwrap();
        let (block, until) = (league.block(), league.now + 3_600);
        for target in [finder, owner(1)] {
            block_address(&mut league.host, target, until, block);
        }
        let earned = if is_reversed {
            approve(&mut league, 0, id).unwrap();
            assert_eq!(approve(&mut league, 1, id), Ok(true));
            [wei(0), wei(0)]
        } else {
            league.enter(5);
            league.settle_slash(id).unwrap();
            [wei(10), U256::ZERO.wrapping_sub(wei(50))]
        };
        let after = [finder, owner(1)].map(|who| league.host.balance(who));
        let paid = [0, 1].map(|who| after[who].wrapping_sub(before[who]));
        assert_eq!(paid, earned);
        league.check_solvent();
    }
}

#[test]
fn an_appeal_that_fails_costs_its_bond() {
    let (mut league, id) = league();
    appeal(&mut league, delegator(1), id, 60).unwrap();
    approve(&mut league, 0, id).unwrap();
    league.enter(4);
    let early = IStaking::NotDue {
        slashId: id,
        epoch: 5,
    };
    assert_reverts(league.settle_slash(id), early);
    league.enter(5);
    let over = IStaking::AppealOver {
        slashId: id,
        epoch: 5,
    };
    assert_reverts(approve(&mut league, 1, id), over);
    assert_eq!(league.settle_slash(id).unwrap(), wei(200));
    // Half of what the finder leaves, and the bond.
    assert_eq!(league.host.balance(FUND), wei(95 + 60));
    league.check_solvent();
}

#[test]
fn an_appeal_is_made_once_in_time_with_a_bond_and_by_somebody_concerned() {
    let (mut league, id) = league();
    let stranger = delegator(2);
    let error = IStaking::NotAnswerable {
        slashId: id,
        account: stranger,
    };
    assert_reverts(appeal(&mut league, stranger, id, 50), error);
    let error = IStaking::BondTooSmall {
        sent: wei(49),
        minimum: wei(50),
    };
    assert_reverts(appeal(&mut league, owner(1), id, 49), error);
    assert_reverts(
        appeal(&mut league, owner(1), 9, 50),
        IStaking::UnknownSlash { slashId: 9 },
    );
    assert_reverts(
        approve(&mut league, 0, id),
        IStaking::NotAppealed { slashId: id },
    );
    let mut late = league.clone();
    late.run_to(11);
    appeal(&mut late.clone(), owner(1), id, 50).unwrap();
    late.run_to(12);
    let over = IStaking::AppealOver {
        slashId: id,
        epoch: 3,
    };
    assert_reverts(appeal(&mut late, owner(1), id, 50), over);
    appeal(&mut league, owner(1), id, 50).unwrap();
    assert_reverts(
        appeal(&mut league, delegator(1), id, 50),
        IStaking::AlreadyAppealed { slashId: id },
    );
}

#[test]
fn strangers_do_not_vote_on_appeals() {
    let (mut league, id) = league();
    appeal(&mut league, owner(1), id, 50).unwrap();
    let error = IModule::NotActiveMember {
        account: account(9),
    };
    assert_reverts(approve(&mut league, 9, id), error);
}
