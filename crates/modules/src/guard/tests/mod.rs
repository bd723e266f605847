//! Tests of the guard.

mod checks;
mod feed;
mod lifecycle;
mod model;
mod overlap;
mod policy;

use super::enforcement;
use crate::tests::world::{MIN_BOND, World, target};
use alloy_primitives::{Address, Bytes, U256};
use hansa_abi::IGuard::{self, AlertInput};

pub(super) const BOND: u64 = MIN_BOND + 1;

/// A world with an object, and a valid alert on one target that refers to it.
pub(super) fn setup() -> (World, AlertInput) {
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

/// What [`raise`] pays: the least that may be, and one wei.
fn bond(input: &AlertInput) -> u64 {
    MIN_BOND * input.targets.len() as u64 + 1
}

pub(super) fn raise(world: &mut World, by: u8, input: &AlertInput) -> Result<U256, Bytes> {
    world.guard(
        by,
        bond(input),
        &IGuard::raiseCall {
            input: input.clone(),
        },
    )
}

pub(super) fn raise_provisional(
    world: &mut World,
    by: u8,
    input: &AlertInput,
) -> Result<U256, Bytes> {
    world.guard(
        by,
        bond(input),
        &IGuard::raiseProvisionalCall {
            input: input.clone(),
        },
    )
}

pub(super) fn endorse(world: &mut World, by: u8, id: U256) -> Result<bool, Bytes> {
    world.guard(by, 0, &IGuard::endorseCall { alertId: id })
}

pub(super) fn vote_revoke(world: &mut World, by: u8, id: U256) -> Result<bool, Bytes> {
    world.guard(by, 0, &IGuard::voteRevokeCall { alertId: id })
}

pub(super) fn claim(world: &mut World, by: u8, id: U256) -> Result<(), Bytes> {
    world
        .guard(by, 0, &IGuard::claimBondCall { alertId: id })
        .map(drop)
}

pub(super) fn alert(world: &mut World, id: U256) -> IGuard::Alert {
    world
        .guard(9, 0, &IGuard::alertCall { alertId: id })
        .unwrap()
}

/// The end of the directive that blocks a target, or 0: as the chain and as the view see it.
pub(super) fn blocked(world: &mut World, target: Address) -> u64 {
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
