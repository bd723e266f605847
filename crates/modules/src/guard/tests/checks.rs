//! What may not be raised, and who may not.

use super::{alert, blocked, endorse, raise, setup, vote_revoke};
use crate::{
    limits::{MAX_ALERTS_PAGE, MAX_REASON_BYTES, MAX_TARGETS},
    members::Roles,
    tests::world::{MAX_DURATION_S, MIN_BOND, World, account, assert_reverts, protected, target},
};
use alloy_primitives::{Address, B256, U256, address};
use hansa_abi::{
    GUARD, IExchange,
    IGuard::{self, AlertInput, AlertStatus},
    IModule, MEMBERS,
};

#[test]
fn some_addresses_are_never_blocked() {
    let (mut world, input) = setup();
    let history = address!("0000f90827f1c53a10cb7a02335b175320002935");
    let precompile = |n: u64| Address::from_word(B256::from(U256::from(n)));
    let list = [
        GUARD,
        MEMBERS,
        hansa_abi::module_address(200),
        protected(),
        history,
    ];
    let list = list
        .into_iter()
        .chain([1, 0x11, 0x100, 0xffff].map(precompile));
    for target in list {
        // The protocol's own addresses are no targets at all; what policy protects may be warned of.
        for action in [0, 2] {
            let input = AlertInput {
                targets: vec![target],
                action,
                ..input.clone()
            };
            let raised = raise(&mut world, 0, &input);
            if action == 0 && target == protected() {
                raised.unwrap();
            } else {
                assert_reverts(raised, IGuard::ProtectedTarget { target });
            }
        }
        assert!(
            world
                .guard(9, 0, &IGuard::isProtectedCall { target })
                .unwrap()
        );
    }
    for target in [precompile(0x1_0000), target(1)] {
        assert!(
            !world
                .guard(9, 0, &IGuard::isProtectedCall { target })
                .unwrap()
        );
    }
}

#[test]
fn targets_are_checked() {
    let (mut world, input) = setup();
    for target in [Address::ZERO, account(0)] {
        let input = AlertInput {
            targets: vec![target],
            ..input.clone()
        };
        assert_reverts(
            raise(&mut world, 0, &input),
            IGuard::InvalidTarget { target },
        );
    }
    let twice = AlertInput {
        targets: vec![target(1), target(2), target(1)],
        ..input.clone()
    };
    let error = IGuard::DuplicateTarget { target: target(1) };
    assert_reverts(raise(&mut world, 0, &twice), error);
    let none = AlertInput {
        targets: vec![],
        ..input.clone()
    };
    assert_reverts(
        raise(&mut world, 0, &none),
        IModule::Empty {
            field: "targets".into(),
        },
    );
    let many = |count: usize| AlertInput {
        targets: (0..count).map(|n| target(n as u8)).collect(),
        ..input.clone()
    };
    let id = raise(&mut world, 0, &many(MAX_TARGETS)).unwrap();
    endorse(&mut world, 1, id).unwrap();
    endorse(&mut world, 2, id).unwrap();
    assert_eq!(alert(&mut world, id).targets, many(MAX_TARGETS).targets);
    assert_eq!(
        blocked(&mut world, target(MAX_TARGETS as u8 - 1)),
        input.expiry
    );
    let error = IModule::TooMany {
        field: "targets".into(),
        count: U256::from(MAX_TARGETS + 1),
        limit: U256::from(MAX_TARGETS),
    };
    assert_reverts(raise(&mut world, 0, &many(MAX_TARGETS + 1)), error);
}

#[test]
fn terms_are_checked() {
    let (mut world, input) = setup();
    let now = world.now;
    let with = |change: fn(&mut AlertInput)| {
        let mut changed = input.clone();
        change(&mut changed);
        changed
    };
    let error = IGuard::ActionNotSupported { action: 1 };
    assert_reverts(raise(&mut world, 0, &with(|i| i.action = 1)), error);
    let error = IGuard::InvalidAction { action: 3 };
    assert_reverts(raise(&mut world, 0, &with(|i| i.action = 3)), error);
    for severity in [0, 5] {
        let input = AlertInput {
            severity,
            ..input.clone()
        };
        assert_reverts(
            raise(&mut world, 0, &input),
            IGuard::InvalidSeverity { severity },
        );
    }
    let at = |expiry: u64| AlertInput {
        expiry,
        ..input.clone()
    };
    let error = IGuard::ExpiryInPast {
        expiry: now,
        timestamp: now,
    };
    assert_reverts(raise(&mut world, 0, &at(now)), error);
    let latest = now + MAX_DURATION_S;
    let error = IGuard::ExpiryTooFar {
        expiry: latest + 1,
        latest,
    };
    assert_reverts(raise(&mut world, 0, &at(latest + 1)), error);
    raise(&mut world, 0, &at(now + 1)).unwrap();
    raise(&mut world, 0, &at(latest)).unwrap();

    let reason = |length: usize| AlertInput {
        reason: "r".repeat(length),
        ..input.clone()
    };
    let id = raise(&mut world, 0, &reason(MAX_REASON_BYTES)).unwrap();
    assert_eq!(alert(&mut world, id).reason.len(), MAX_REASON_BYTES);
    assert!(raise(&mut world, 0, &reason(MAX_REASON_BYTES + 1)).is_err());

    let unknown = AlertInput {
        objectId: B256::repeat_byte(9),
        ..input.clone()
    };
    let error = IGuard::InvalidObject {
        objectId: B256::repeat_byte(9),
    };
    assert_reverts(raise(&mut world, 0, &unknown), error);
    let revoke = IExchange::revokeCall {
        objectId: input.objectId,
        reason: String::new(),
    };
    world.exchange(0, &revoke).unwrap();
    let error = IGuard::InvalidObject {
        objectId: input.objectId,
    };
    assert_reverts(raise(&mut world, 0, &input), error);
}

#[test]
fn the_bond_has_a_minimum() {
    let (mut world, input) = setup();
    let minimum = U256::from(MIN_BOND);
    let call = IGuard::raiseCall {
        input: input.clone(),
    };
    let error = IGuard::BondTooSmall {
        sent: minimum - U256::ONE,
        minimum,
    };
    assert_reverts(world.guard(0, MIN_BOND - 1, &call), error);
    world.guard(0, MIN_BOND, &call).unwrap();
    assert_eq!(world.host.balance(GUARD), minimum);
}

/// Or a raiser could name own addresses beside the one that is harmed, and get most of a forfeited bond
/// back.
#[test]
fn the_minimum_is_for_each_target() {
    let (mut world, mut input) = setup();
    input.targets = (1..=MAX_TARGETS as u8).map(target).collect();
    let call = IGuard::raiseCall { input };
    let least = MIN_BOND * MAX_TARGETS as u64;
    let minimum = U256::from(least);
    let sent = minimum - U256::ONE;
    let error = IGuard::BondTooSmall { sent, minimum };
    assert_reverts(world.guard(0, least - 1, &call), error);
    let id = world.guard(0, least, &call).unwrap();
    for voter in [0, 1, 2] {
        vote_revoke(&mut world, voter, id).unwrap();
    }
    assert_eq!(world.host.balance(target(1)), U256::from(MIN_BOND));

    // Slot 2 holds the least bond. No product is small for being too large.
    world.host.storage.insert((GUARD, U256::from(2)), U256::MAX);
    let error = IGuard::BondTooSmall {
        sent: minimum,
        minimum: U256::MAX,
    };
    assert_reverts(world.guard(0, least, &call), error);
}

#[test]
fn observers_and_strangers_have_no_say() {
    let mut world = World::new(&[(Roles::MEMBER, 1), (Roles::OBSERVER, 0)]);
    let object_id = world.object(1);
    let input = AlertInput {
        targets: vec![target(1)],
        action: 0,
        severity: 1,
        expiry: world.now + 60,
        objectId: object_id,
        reason: String::new(),
    };
    let id = raise(&mut world, 0, &input).unwrap();
    let observer = account(1);
    let error = || IModule::NotVotingMember { account: observer };
    assert_reverts(raise(&mut world, 1, &input), error());
    assert_reverts(endorse(&mut world, 1, id), error());
    assert_reverts(vote_revoke(&mut world, 1, id), error());
    let stranger = account(9);
    assert_reverts(
        raise(&mut world, 9, &input),
        IModule::NotActiveMember { account: stranger },
    );
}

#[test]
fn unknown_alerts_and_pages() {
    let (mut world, input) = setup();
    for id in [U256::ZERO, U256::from(4), U256::MAX] {
        let error = IGuard::UnknownAlert { alertId: id };
        assert_reverts(endorse(&mut world, 0, id), error);
        assert_eq!(alert(&mut world, id).status, AlertStatus::None);
    }
    for _ in 0..3 {
        raise(&mut world, 0, &input).unwrap();
    }
    let mut page = |offset: u64, limit: usize| {
        let call = IGuard::alertIdsCall {
            offset: U256::from(offset),
            limit: U256::from(limit),
        };
        world.guard(9, 0, &call).map(|seen| seen.ids)
    };
    assert_eq!(
        page(1, MAX_ALERTS_PAGE).unwrap(),
        [U256::from(2), U256::from(3)]
    );
    assert_eq!(page(0, 1).unwrap(), [U256::ONE]);
    assert!(page(u64::MAX, 1).unwrap().is_empty());
    assert!(page(0, MAX_ALERTS_PAGE + 1).is_err());
}
