use super::enforcement;
use crate::{
    limits::{
        LAPSE_S, MAX_ALERTS_PAGE, MAX_REASON_BYTES, MAX_TARGETS, PROVISIONAL_COOLDOWN_S,
        PROVISIONAL_S,
    },
    members::Roles,
    tests::world::{
        FUNDS, MAX_DURATION_S, MIN_BOND, World, account, assert_reverts, protected, target,
    },
};
use alloy_primitives::{Address, B256, Bytes, U256, address};
use hansa_abi::{
    GUARD, IExchange,
    IGuard::{self, AlertInput, AlertStatus},
    IModule, MEMBERS,
};

const BOND: u64 = MIN_BOND + 1;

/// A world with an object, and a valid alert on one target that refers to it.
fn setup() -> (World, AlertInput) {
    let mut world = World::of_four();
    let object_id = world.object(1);
    let input = AlertInput {
        targets: vec![target(1)],
        action: 2,
        severity: 3,
        expiry: world.now + 3_600,
        objectId: object_id,
        reason: "drains wallets".into(),
    };
    (world, input)
}

fn raise(world: &mut World, by: u8, input: &AlertInput) -> Result<U256, Bytes> {
    world.guard(
        by,
        BOND,
        &IGuard::raiseCall {
            input: input.clone(),
        },
    )
}

fn raise_provisional(world: &mut World, by: u8, input: &AlertInput) -> Result<U256, Bytes> {
    world.guard(
        by,
        BOND,
        &IGuard::raiseProvisionalCall {
            input: input.clone(),
        },
    )
}

fn endorse(world: &mut World, by: u8, id: U256) -> Result<bool, Bytes> {
    world.guard(by, 0, &IGuard::endorseCall { alertId: id })
}

fn vote_revoke(world: &mut World, by: u8, id: U256) -> Result<bool, Bytes> {
    world.guard(by, 0, &IGuard::voteRevokeCall { alertId: id })
}

fn claim(world: &mut World, by: u8, id: U256) -> Result<(), Bytes> {
    world
        .guard(by, 0, &IGuard::claimBondCall { alertId: id })
        .map(drop)
}

fn alert(world: &mut World, id: U256) -> IGuard::Alert {
    world
        .guard(9, 0, &IGuard::alertCall { alertId: id })
        .unwrap()
}

/// The end of the directive that blocks a target, or 0: as the chain and as the view see it.
fn blocked(world: &mut World, target: Address) -> u64 {
    let Ok(seen) = enforcement::blocked(&mut world.host, target, world.now);
    let until = seen.map_or(0, |blocked| blocked.until);
    let view = world
        .guard(9, 0, &IGuard::blockedUntilCall { target })
        .unwrap();
    assert_eq!(
        (view.until, view.alertId),
        (until, seen.map_or(U256::ZERO, |b| b.alert_id))
    );
    let Ok(any) = enforcement::any_active(&mut world.host, world.now);
    assert!(
        any || until == 0,
        "the fast path must never hide a directive"
    );
    until
}

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
    let error = IGuard::BondLocked {
        alertId: id,
        until: input.expiry,
    };
    assert_reverts(claim(&mut world, 0, id), error);
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
    world.now = input.expiry;
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
    claim(&mut world, 0, id).unwrap();
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
    let share = U256::from(BOND / 2);
    assert_eq!(world.host.balance(target(1)), share);
    assert_eq!(world.host.balance(target(2)), share);
    assert_eq!(
        world.host.balance(GUARD),
        U256::from(BOND % 2),
        "the remainder stays"
    );
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
    world.now = input.expiry;
    claim(&mut world, 0, id).unwrap();
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
    let (mut world, input) = setup();
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
fn an_unconfirmed_sentinel_can_be_punished_for_a_week() {
    let (mut world, input) = setup();
    let start = world.now;
    let input = AlertInput {
        expiry: start + 60,
        ..input
    };
    let id = raise_provisional(&mut world, 3, &input).unwrap();
    world.now = start + LAPSE_S - 1;
    let error = IGuard::BondLocked {
        alertId: id,
        until: start + LAPSE_S,
    };
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
        let input = AlertInput {
            targets: vec![target],
            ..input.clone()
        };
        assert_reverts(
            raise(&mut world, 0, &input),
            IGuard::ProtectedTarget { target },
        );
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
