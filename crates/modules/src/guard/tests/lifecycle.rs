//! From raising an alert to the end of its bond.

use super::{BOND, alert, blocked, claim, endorse, raise, raise_provisional, setup, vote_revoke};
use crate::{
    guard::enforcement,
    limits::{LAPSE_S, PROVISIONAL_COOLDOWN_S, PROVISIONAL_S},
    tests::world::{FUNDS, MIN_BOND, account, assert_reverts, protected, target},
};
use alloy_primitives::U256;
use hansa_abi::{
    GUARD, IExchange,
    IGuard::{self, AlertInput, AlertStatus},
    IModule,
};

#[test]
fn two_thirds_make_a_directive_that_ends() {
    let (mut world, input) = setup();
    let Ok(quiet) = enforcement::any_active(&mut world.host, world.now);
    assert!(!quiet);
    let id = raise(&mut world, 0, &input).unwrap();
    assert!(
        !endorse(&mut world, 1, id).unwrap(),
        "two of four are not two thirds"
    );
    assert_eq!(blocked(&mut world, target(1)), 0);
    assert!(endorse(&mut world, 2, id).unwrap());
    assert_eq!(blocked(&mut world, target(1)), input.expiry);
    assert_eq!(alert(&mut world, id).status, AlertStatus::Accepted);
    assert_eq!(alert(&mut world, id).acceptedAt, world.now);
    let error = IGuard::WrongStatus {
        alertId: id,
        status: AlertStatus::Accepted,
    };
    assert_reverts(endorse(&mut world, 3, id), error);
    let [issued] = world
        .events::<IGuard::DirectiveIssued>()
        .try_into()
        .unwrap();
    assert_eq!(
        (issued.target, issued.until, issued.provisional),
        (target(1), input.expiry, false)
    );

    world.now = input.expiry - 1;
    assert_eq!(blocked(&mut world, target(1)), input.expiry);
    world.now = input.expiry;
    assert_eq!(blocked(&mut world, target(1)), 0);
    let Ok(any) = enforcement::any_active(&mut world.host, world.now);
    assert!(!any);
    assert_eq!(alert(&mut world, id).status, AlertStatus::Expired);
}

#[test]
fn the_bond_comes_back_once_to_the_raiser() {
    let (mut world, input) = setup();
    let id = raise(&mut world, 0, &input).unwrap();
    assert_eq!(world.host.balance(GUARD), U256::from(BOND));
    world.now += LAPSE_S;
    let error = IGuard::NotRaiser {
        alertId: id,
        raiser: account(0),
    };
    assert_reverts(claim(&mut world, 1, id), error);
    claim(&mut world, 0, id).unwrap();
    assert_eq!(world.host.balance(GUARD), U256::ZERO);
    assert_eq!(world.host.balance(account(0)), U256::from(FUNDS));
    let settled = || IGuard::BondSettled { alertId: id };
    assert_reverts(claim(&mut world, 0, id), settled());
    assert_reverts(vote_revoke(&mut world, 1, id), settled());
    assert!(alert(&mut world, id).bondClaimed);
}

#[test]
fn an_alert_lapses_unless_accepted() {
    let (mut world, mut input) = setup();
    let start = world.now;
    input.expiry = start + LAPSE_S + 1_000;
    let id = raise(&mut world, 0, &input).unwrap();
    world.now = start + LAPSE_S - 1;
    assert_eq!(alert(&mut world, id).status, AlertStatus::Pending);
    endorse(&mut world, 1, id).unwrap();
    world.now += 1;
    let error = IGuard::WrongStatus {
        alertId: id,
        status: AlertStatus::Lapsed,
    };
    assert_reverts(endorse(&mut world, 2, id), error);
    claim(&mut world, 0, id).unwrap();

    let start = world.now;
    let short = AlertInput {
        expiry: start + 10,
        ..input
    };
    let id = raise(&mut world, 0, &short).unwrap();
    world.now = start + 10;
    assert_eq!(
        alert(&mut world, id).status,
        AlertStatus::Lapsed,
        "its expiry came first"
    );
}

#[test]
fn a_majority_revokes_and_the_bond_goes_to_the_targets() {
    let (mut world, mut input) = setup();
    input.targets = vec![target(1), target(2)];
    let id = raise(&mut world, 0, &input).unwrap();
    endorse(&mut world, 1, id).unwrap();
    endorse(&mut world, 2, id).unwrap();
    vote_revoke(&mut world, 3, id).unwrap();
    let voter = account(3);
    assert_reverts(
        vote_revoke(&mut world, 3, id),
        IModule::AlreadyVoted { account: voter },
    );
    assert!(
        !vote_revoke(&mut world, 0, id).unwrap(),
        "two of four are not a majority"
    );
    assert_eq!(blocked(&mut world, target(2)), input.expiry);
    assert!(vote_revoke(&mut world, 1, id).unwrap());
    assert_eq!(blocked(&mut world, target(1)), 0);
    assert_eq!(blocked(&mut world, target(2)), 0);
    let share = U256::from(MIN_BOND);
    assert_eq!(world.host.balance(target(1)), share);
    assert_eq!(world.host.balance(target(2)), share);
    assert_eq!(world.host.balance(GUARD), U256::ONE, "the remainder stays");
    world.now = input.expiry;
    assert_reverts(
        claim(&mut world, 0, id),
        IGuard::BondSettled { alertId: id },
    );
    assert_eq!(alert(&mut world, id).status, AlertStatus::Revoked);
    assert_eq!(world.events::<IGuard::DirectiveEnded>().len(), 2);
    let tally = world
        .guard(9, 0, &IGuard::tallyCall { alertId: id })
        .unwrap();
    assert_eq!((tally.endorsing, tally.revoking, tally.total), (3, 3, 4));
    assert_eq!(tally.revokers, [account(0), account(1), account(3)]);
}

#[test]
fn votes_count_with_the_weight_of_the_moment() {
    let (mut world, input) = setup();
    let id = raise(&mut world, 0, &input).unwrap();
    endorse(&mut world, 1, id).unwrap();
    world.suspend(0, &[1, 2, 3]);
    assert!(endorse(&mut world, 2, id).unwrap(), "two of three");
    let tally = world
        .guard(9, 0, &IGuard::tallyCall { alertId: id })
        .unwrap();
    assert_eq!((tally.endorsing, tally.total), (2, 3));
    assert_eq!(tally.endorsers, [account(0), account(1), account(2)]);
    let raiser = account(0);
    assert_reverts(
        raise(&mut world, 0, &input),
        IModule::NotActiveMember { account: raiser },
    );
    world.now += LAPSE_S;
    claim(&mut world, 0, id).unwrap();
}

#[test]
fn votes_that_suffice_since_weights_changed_can_be_settled() {
    let (mut world, input) = setup();
    let again = |n| IModule::AlreadyVoted {
        account: account(n),
    };
    let id = raise(&mut world, 0, &input).unwrap();
    endorse(&mut world, 1, id).unwrap();
    vote_revoke(&mut world, 1, id).unwrap();
    vote_revoke(&mut world, 2, id).unwrap();
    assert_reverts(endorse(&mut world, 0, id), again(0));
    assert_reverts(vote_revoke(&mut world, 1, id), again(1));
    world.suspend(3, &[0, 1, 2]);
    assert!(endorse(&mut world, 0, id).unwrap(), "two of three");
    assert_eq!(blocked(&mut world, target(1)), input.expiry);
    assert_eq!(world.events::<IGuard::AlertEndorsed>().len(), 2);
    assert!(vote_revoke(&mut world, 1, id).unwrap(), "two of three");
    assert_eq!(blocked(&mut world, target(1)), 0);
    assert_eq!(world.events::<IGuard::RevocationVoted>().len(), 2);
}

#[test]
fn an_alert_needs_its_grounds_to_be_accepted() {
    let (mut world, input) = setup();
    let id = raise(&mut world, 0, &input).unwrap();
    let revoke = IExchange::revokeCall {
        objectId: input.objectId,
        reason: "a mistake".into(),
    };
    world.exchange(0, &revoke).unwrap();
    assert!(!endorse(&mut world, 1, id).unwrap());
    let error = IGuard::InvalidObject {
        objectId: input.objectId,
    };
    assert_reverts(endorse(&mut world, 2, id), error);
    assert_eq!(blocked(&mut world, target(1)), 0);
    assert_eq!(alert(&mut world, id).status, AlertStatus::Pending);
}

#[test]
fn a_sentinel_blocks_for_ten_minutes_at_most() {
    let (mut world, input) = setup();
    let start = world.now;
    let error = IGuard::NotSentinel {
        account: account(0),
    };
    assert_reverts(raise_provisional(&mut world, 0, &input), error);
    let id = raise_provisional(&mut world, 3, &input).unwrap();
    assert_eq!(blocked(&mut world, target(1)), start + PROVISIONAL_S);
    assert_eq!(
        alert(&mut world, id).provisionalUntil,
        start + PROVISIONAL_S
    );
    world.now = start + PROVISIONAL_S;
    assert_eq!(blocked(&mut world, target(1)), 0);
    let error = IGuard::ProvisionalTooSoon {
        target: target(1),
        notBefore: start + PROVISIONAL_COOLDOWN_S,
    };
    assert_reverts(raise_provisional(&mut world, 3, &input), error);
    // What it claimed can still be accepted.
    endorse(&mut world, 0, id).unwrap();
    assert!(endorse(&mut world, 1, id).unwrap());
    assert_eq!(blocked(&mut world, target(1)), input.expiry);

    world.now = start + PROVISIONAL_COOLDOWN_S;
    let again = AlertInput {
        expiry: world.now + 60,
        ..input
    };
    raise_provisional(&mut world, 3, &again).unwrap();
    assert_eq!(
        blocked(&mut world, target(1)),
        world.now + 60,
        "not beyond the alert's expiry"
    );
}

#[test]
fn a_provisional_directive_becomes_full() {
    let (mut world, mut input) = setup();
    input.expiry = world.now + LAPSE_S + 1;
    let id = raise_provisional(&mut world, 3, &input).unwrap();
    endorse(&mut world, 0, id).unwrap();
    endorse(&mut world, 1, id).unwrap();
    assert_eq!(blocked(&mut world, target(1)), input.expiry);
    let call = IGuard::directivesCall { target: target(1) };
    assert_eq!(
        world.guard(9, 0, &call).unwrap().len(),
        1,
        "moved, not added"
    );
    assert_eq!(
        world
            .guard(9, 0, &IGuard::bondClaimableAtCall { alertId: id })
            .unwrap(),
        input.expiry
    );
}

#[test]
fn a_short_alert_can_be_punished_for_a_week() {
    // Lapsed, provisional, and accepted ones: none gets its bond out of reach by ending soon.
    for (provisional, endorsers) in [(false, 0u8), (true, 0), (false, 2), (true, 2)] {
        let (mut world, input) = setup();
        let start = world.now;
        let input = AlertInput {
            expiry: start + 60,
            ..input
        };
        let id = if provisional {
            raise_provisional(&mut world, 3, &input)
        } else {
            raise(&mut world, 3, &input)
        }
        .unwrap();
        for endorser in 0..endorsers {
            endorse(&mut world, endorser, id).unwrap();
        }
        world.now = start + LAPSE_S - 1;
        let until = start + LAPSE_S;
        let call = IGuard::bondClaimableAtCall { alertId: id };
        assert_eq!(world.guard(9, 0, &call).unwrap(), until);
        let error = IGuard::BondLocked { alertId: id, until };
        assert_reverts(claim(&mut world, 3, id), error);
        for voter in [0, 1, 2] {
            vote_revoke(&mut world, voter, id).unwrap();
        }
        assert_eq!(world.host.balance(target(1)), U256::from(BOND));
        assert!(
            world.events::<IGuard::DirectiveEnded>().is_empty(),
            "it had ended by itself"
        );
    }
}

#[test]
fn a_sentinel_alone_cannot_block_a_voter() {
    let (mut world, input) = setup();
    let input = AlertInput {
        targets: vec![account(0)],
        ..input
    };
    let error = IGuard::ProtectedTarget { target: account(0) };
    assert_reverts(raise_provisional(&mut world, 3, &input), error);
    let id = raise(&mut world, 3, &input).unwrap();
    endorse(&mut world, 1, id).unwrap();
    endorse(&mut world, 2, id).unwrap();
    assert_eq!(
        blocked(&mut world, account(0)),
        input.expiry,
        "two thirds can"
    );
}

#[test]
fn watch_warns_and_does_not_block() {
    let (mut world, input) = setup();
    let input = AlertInput {
        action: 0,
        targets: vec![protected(), target(1)],
        ..input
    };
    let id = raise(&mut world, 0, &input).unwrap();
    endorse(&mut world, 1, id).unwrap();
    endorse(&mut world, 2, id).unwrap();
    assert_eq!(world.events::<IGuard::DirectiveIssued>().len(), 2);
    assert_eq!(blocked(&mut world, target(1)), 0);
    let Ok(any) = enforcement::any_active(&mut world.host, world.now);
    assert!(!any);
}
