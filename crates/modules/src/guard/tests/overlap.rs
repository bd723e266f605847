//! Several directives against one target.

use crate::{
    RunResult, gas,
    guard::enforcement,
    limits::{
        MAX_DIRECTIVES, MAX_DIRECTIVES_PROVISIONAL, MAX_MEMBERS, MAX_REASON_BYTES, MAX_TARGETS,
    },
    members::Roles,
    tests::world::{MIN_BOND, World, account, assert_reverts, target},
};
use alloy_primitives::{Bytes, U256};
use alloy_sol_types::SolCall;
use hansa_abi::IGuard::{self, AlertInput};

/// One member who decides everything alone, and seven sentinels who decide nothing.
fn setup() -> World {
    let mut members = vec![(Roles::MEMBER, 1_000)];
    members.extend([(Roles::SENTINEL, 1); 7]);
    let mut world = World::new(&members);
    world.object(1);
    world
}

fn input(world: &World, seconds: u64) -> AlertInput {
    AlertInput {
        targets: vec![target(1)],
        action: 2,
        severity: 4,
        expiry: world.now + seconds,
        objectId: crate::exchange::object_id("indicator", &[1; 16].into()),
        reason: String::new(),
    }
}

/// Raises an alert that is accepted at once.
fn raise(world: &mut World, seconds: u64) -> Result<U256, Bytes> {
    let input = input(world, seconds);
    world.guard(0, MIN_BOND, &IGuard::raiseCall { input })
}

fn revoke(world: &mut World, id: U256) {
    assert!(
        world
            .guard(0, 0, &IGuard::voteRevokeCall { alertId: id })
            .unwrap()
    );
}

fn provisional(world: &mut World, sentinel: u8) -> Result<U256, Bytes> {
    let input = input(world, 500);
    world.guard(sentinel, MIN_BOND, &IGuard::raiseProvisionalCall { input })
}

/// The alert that blocks the target, and for how many seconds more.
fn winner(world: &mut World) -> Option<(U256, u64)> {
    let Ok(seen) = enforcement::blocked(&mut world.host, target(1), world.now);
    seen.map(|blocked| (blocked.alert_id, blocked.until - world.now))
}

#[test]
fn the_latest_end_wins_and_revocation_falls_back() {
    let mut world = setup();
    let short = raise(&mut world, 100).unwrap();
    let long = raise(&mut world, 300).unwrap();
    let middle = raise(&mut world, 200).unwrap();
    assert_eq!(winner(&mut world), Some((long, 300)));
    revoke(&mut world, long);
    assert_eq!(winner(&mut world), Some((middle, 200)));
    revoke(&mut world, short);
    assert_eq!(winner(&mut world), Some((middle, 200)));
    revoke(&mut world, middle);
    assert_eq!(winner(&mut world), None);
}

#[test]
fn fallback_skips_what_has_expired() {
    let mut world = setup();
    raise(&mut world, 100).unwrap();
    let long = raise(&mut world, 300).unwrap();
    world.now += 100;
    assert_eq!(winner(&mut world), Some((long, 200)));
    revoke(&mut world, long);
    assert_eq!(winner(&mut world), None);
}

#[test]
fn of_two_that_end_together_the_older_is_named() {
    let mut world = setup();
    let first = raise(&mut world, 100).unwrap();
    let second = raise(&mut world, 100).unwrap();
    assert_eq!(winner(&mut world), Some((first, 100)));
    revoke(&mut world, first);
    assert_eq!(winner(&mut world), Some((second, 100)));
}

#[test]
fn a_target_has_room_for_eight_in_force() {
    let mut world = setup();
    for n in 0..MAX_DIRECTIVES as u64 {
        raise(&mut world, 100 + n).unwrap();
    }
    let limit = U256::from(MAX_DIRECTIVES);
    let error = IGuard::TooManyDirectives {
        target: target(1),
        limit,
    };
    assert_reverts(raise(&mut world, 500), error);
    world.now += 100;
    raise(&mut world, 500).unwrap();
    let call = IGuard::directivesCall { target: target(1) };
    assert_eq!(world.guard(9, 0, &call).unwrap().len(), MAX_DIRECTIVES);
}

#[test]
fn sentinels_leave_room_for_accepted_alerts() {
    let mut world = setup();
    let room = MAX_DIRECTIVES_PROVISIONAL as u8;
    let ids: Vec<_> = (1..=room)
        .map(|n| provisional(&mut world, n).unwrap())
        .collect();
    let limit = U256::from(MAX_DIRECTIVES_PROVISIONAL);
    let error = IGuard::TooManyDirectives {
        target: target(1),
        limit,
    };
    assert_reverts(provisional(&mut world, room + 1), error);
    for _ in MAX_DIRECTIVES_PROVISIONAL..MAX_DIRECTIVES {
        raise(&mut world, 400).unwrap();
    }
    // A provisional one that is accepted needs no more room than it has.
    assert!(
        world
            .guard(0, 0, &IGuard::endorseCall { alertId: ids[0] })
            .unwrap()
    );
    assert_eq!(winner(&mut world).map(|(id, _)| id), Some(ids[0]));
}

#[test]
fn revoking_a_provisional_alert_frees_its_target() {
    let mut world = setup();
    let id = provisional(&mut world, 1).unwrap();
    assert!(winner(&mut world).is_some());
    revoke(&mut world, id);
    assert_eq!(winner(&mut world), None);
    assert_eq!(world.host.balance(target(1)), U256::from(MIN_BOND));
    assert_eq!(world.events::<IGuard::DirectiveEnded>().len(), 1);
    assert_ne!(account(1), target(1));
}

/// The dearest calls there are must fit a transaction (EIP-7825), or an alert could become impossible
/// to accept or, worse, to revoke.
#[test]
fn the_dearest_calls_fit_a_transaction() {
    const TRANSACTION_GAS: u64 = 1 << 24;
    let mut world = setup();
    let sender = account(0);
    let mut dearest = 0;
    for n in 0..MAX_DIRECTIVES as u64 {
        let targets = (0..MAX_TARGETS as u8).map(target).collect();
        let reason = "r".repeat(MAX_REASON_BYTES);
        let input = AlertInput {
            targets,
            reason,
            ..input(&world, 100 + n)
        };
        let call = IGuard::raiseCall { input }.abi_encode();
        let outcome = world.execute(hansa_abi::GUARD, sender, 100_000, &call);
        assert!(
            matches!(outcome.result, RunResult::Return(_)),
            "{outcome:?}"
        );
        dearest = dearest.max(outcome.gas_used);
    }
    let call = IGuard::voteRevokeCall { alertId: U256::ONE }.abi_encode();
    let outcome = world.execute(hansa_abi::GUARD, sender, 0, &call);
    assert!(
        matches!(outcome.result, RunResult::Return(_)),
        "{outcome:?}"
    );
    dearest = dearest.max(outcome.gas_used);
    // Counting the votes of a full league reads a record for each member.
    let count = MAX_MEMBERS * (gas::SLOAD_COLD + 42);
    assert!(dearest + count < TRANSACTION_GAS, "{dearest} and {count}");
}
