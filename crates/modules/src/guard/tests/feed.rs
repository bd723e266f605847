//! What zones are told, and what they make of it.

use super::{blocked, endorse, raise, raise_provisional, setup, vote_revoke};
use crate::{
    guard::{enforcement, feed},
    limits::MAX_DIRECTIVES,
    testing::MemoryHost,
    tests::world::{MAX_DURATION_S, World, protected, target},
};
use alloy_primitives::{Address, U256};
use hansa_primitives::DirectiveChange;

fn told(world: &mut World) -> Vec<DirectiveChange> {
    let Ok(changes) = feed::changes(&mut world.host, 0, u64::MAX, usize::MAX);
    changes
}

fn change(n: u8, alert_id: u64, until: u64) -> DirectiveChange {
    DirectiveChange {
        target: target(n),
        alert_id,
        until,
        severity: 3,
    }
}

/// A chain with the same policy, which takes what it is told.
struct Zone(World);

impl Zone {
    fn new() -> Self {
        Self(World::of_four())
    }

    fn apply(&mut self, changes: &[DirectiveChange], min_severity: u8) {
        let block = self.0.block();
        feed::apply(&mut self.0.host, changes, min_severity, block).unwrap();
    }

    fn blocked(&mut self, target: Address) -> u64 {
        blocked(&mut self.0, target)
    }
}

#[test]
fn every_change_is_told_in_order() {
    let (mut world, mut input) = setup();
    input.targets = vec![target(1), target(2)];
    let until = input.expiry;
    assert!(told(&mut world).is_empty());
    let id = raise(&mut world, 0, &input).unwrap();
    // One vote of four is none yet.
    assert!(told(&mut world).is_empty());
    endorse(&mut world, 1, id).unwrap();
    endorse(&mut world, 2, id).unwrap();
    assert_eq!(told(&mut world), [change(1, 1, until), change(2, 1, until)]);
    for member in 0..3 {
        vote_revoke(&mut world, member, id).unwrap();
    }
    let ends = [change(1, 1, 0), change(2, 1, 0)];
    assert_eq!(told(&mut world)[2..], ends);
    // A watch is no more than a warning.
    input.action = 0;
    let id = raise(&mut world, 0, &input).unwrap();
    endorse(&mut world, 1, id).unwrap();
    endorse(&mut world, 2, id).unwrap();
    assert_eq!(told(&mut world).len(), 4);
}

#[test]
fn a_provisional_directive_is_told_and_then_the_full_one() {
    let (mut world, input) = setup();
    let id = raise_provisional(&mut world, 3, &input).unwrap();
    endorse(&mut world, 0, id).unwrap();
    endorse(&mut world, 1, id).unwrap();
    let provisional = world.now + crate::limits::PROVISIONAL_S;
    let expected = [change(1, 1, provisional), change(1, 1, input.expiry)];
    assert_eq!(told(&mut world), expected);
}

#[test]
fn pages_and_heights_bound_what_is_read() {
    let (mut world, mut input) = setup();
    input.targets = (1..=3).map(target).collect();
    let id = raise(&mut world, 0, &input).unwrap();
    endorse(&mut world, 1, id).unwrap();
    endorse(&mut world, 2, id).unwrap();
    let mut read = |from, number, most| {
        let Ok(changes) = feed::changes(&mut world.host, from, number, most);
        changes.len()
    };
    // The world's block has number 1.
    assert_eq!(read(0, 0, 9), 0);
    assert_eq!(read(0, 1, 9), 3);
    assert_eq!(read(1, 1, 9), 2);
    assert_eq!(read(0, 1, 2), 2);
    assert_eq!(read(3, 1, 9), 0);
    assert_eq!(read(u64::MAX, u64::MAX, 9), 0);
}

#[test]
fn a_zone_obeys_under_its_own_policy() {
    let mut zone = Zone::new();
    let now = zone.0.now;
    let (soon, late) = (now + 60, now + MAX_DURATION_S + 60);
    zone.apply(&[change(1, 7, soon), change(2, 8, late)], 3);
    assert_eq!(zone.blocked(target(1)), soon);
    // Not for longer than this chain allows.
    assert_eq!(zone.blocked(target(2)), now + MAX_DURATION_S);
    // Not for so little.
    zone.apply(&[change(3, 9, soon)], 4);
    assert_eq!(zone.blocked(target(3)), 0);
    // Not whom this chain protects, nor what it runs on.
    for target in [protected(), hansa_abi::GUARD, Address::with_last_byte(1)] {
        let change = DirectiveChange {
            target,
            ..change(0, 10, soon)
        };
        zone.apply(&[change], 1);
        assert_eq!(zone.blocked(target), 0);
    }
    zone.apply(&[change(1, 7, 0), change(1, 99, 0)], 3);
    assert_eq!(zone.blocked(target(1)), 0);
    // What is over when it arrives has no effect.
    zone.apply(&[change(4, 11, now)], 1);
    assert_eq!(zone.blocked(target(4)), 0);
}

/// Clocks differ a little: what the hub holds as its eighth can be a zone's ninth.
#[test]
fn where_there_is_no_room_the_first_to_end_makes_it() {
    let mut zone = Zone::new();
    let now = zone.0.now;
    let most = MAX_DIRECTIVES as u64;
    let full: Vec<_> = (1..=most).map(|id| change(1, id, now + 100 * id)).collect();
    zone.apply(&full, 1);
    assert_eq!(zone.blocked(target(1)), now + 100 * most);
    let last = now + 100 * (most + 1);
    zone.apply(&[change(1, 50, last), change(1, 51, now + 50)], 1);
    assert_eq!(zone.blocked(target(1)), last);
    // The first of the eight is gone, the one that would have ended even earlier never came.
    for id in (2..=most).chain([50]) {
        zone.apply(&[change(1, id, 0)], 1);
    }
    assert_eq!(zone.blocked(target(1)), 0);
    let Ok(any) = enforcement::any_active(&mut zone.0.host, now);
    assert!(any);
}

/// Nothing that a hub can say makes a block of a zone impossible.
#[test]
fn an_empty_chain_takes_anything() {
    let mut host = MemoryHost::default();
    let block = World::of_four().block();
    let changes = [
        change(1, u64::MAX, u64::MAX),
        change(1, 0, 1),
        change(2, 5, 0),
    ];
    feed::apply(&mut host, &changes, u8::MAX, block).unwrap();
    feed::apply(&mut host, &changes, 0, block).unwrap();
    assert_eq!(host.balance(target(1)), U256::ZERO);
}
