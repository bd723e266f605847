//! A zone's own policy: whom it never blocks, and its own directives.

use super::{blocked, setup};
use crate::{
    context::Context,
    guard::{feed, state},
    limits::{MAX_DIRECTIVES, MAX_NEVER_BLOCK, MAX_OWN, MAX_POLICY_PAGE, MAX_TARGETS},
    tests::world::{MAX_DURATION_S, World, account, protected, target},
};
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall, SolError};
use hansa_abi::{GUARD, IGuard};
use hansa_primitives::DirectiveChange;

/// The account that is the warden, and one that is not.
const WARDEN: u8 = 5;
const OTHER: u8 = 6;

/// A chain with a warden.
fn zone() -> World {
    let (mut world, _) = setup();
    let block = world.block();
    let mut context = Context::of_chain(&mut world.host, GUARD, block);
    state::set_warden(&mut context, account(WARDEN)).unwrap();
    context.commit().unwrap();
    world
}

fn revert_of<E: SolError>(error: E) -> Bytes {
    error.abi_encode().into()
}

fn call<C: SolCall>(world: &mut World, call: &C) -> Result<C::Return, Bytes> {
    world.guard(WARDEN, 0, call)
}

fn issue(world: &mut World, targets: &[Address], until: u64) -> Result<(), Bytes> {
    let of = IGuard::issueOwnCall {
        targets: targets.to_vec(),
        until,
        reason: "sanctioned here".into(),
    };
    call(world, &of).map(drop)
}

fn end(world: &mut World, targets: &[Address]) -> Result<(), Bytes> {
    let targets = targets.to_vec();
    call(world, &IGuard::endOwnCall { targets }).map(drop)
}

fn protect(world: &mut World, targets: &[Address]) -> Result<(), Bytes> {
    let targets = targets.to_vec();
    call(world, &IGuard::protectCall { targets }).map(drop)
}

fn unprotect(world: &mut World, targets: &[Address]) -> Result<(), Bytes> {
    let targets = targets.to_vec();
    call(world, &IGuard::unprotectCall { targets }).map(drop)
}

fn told(world: &mut World, n: u8, alert_id: u64, until: u64) {
    let change = DirectiveChange {
        target: target(n),
        alert_id,
        until,
        severity: 3,
    };
    let block = world.block();
    feed::apply(&mut world.host, &[change], 1, block).unwrap();
}

/// All that are protected, by pages of two.
fn list(world: &mut World) -> Vec<Address> {
    let mut all = Vec::new();
    loop {
        let of = IGuard::protectedAddressesCall {
            offset: U256::from(all.len()),
            limit: U256::from(2),
        };
        let page = world.guard(OTHER, 0, &of).unwrap();
        all.extend(page.page);
        if U256::from(all.len()) >= page.total {
            return all;
        }
    }
}

/// The alerts whose directives are in force against a target; 0 for the chain's own.
fn in_force(world: &mut World, target: Address) -> Vec<u64> {
    let of = IGuard::directivesCall { target };
    let directives = world.guard(OTHER, 0, &of).unwrap();
    let ids = directives.iter().map(|directive| directive.alertId.to());
    ids.collect()
}

/// All own directives, by pages.
fn own(world: &mut World) -> Vec<(Address, u64)> {
    let mut all = Vec::new();
    loop {
        let of = IGuard::ownDirectivesCall {
            offset: U256::from(all.len()),
            limit: U256::from(MAX_POLICY_PAGE),
        };
        let page = world.guard(OTHER, 0, &of).unwrap();
        all.extend(page.targets.into_iter().zip(page.ends));
        if U256::from(all.len()) >= page.total {
            return all;
        }
    }
}

#[test]
fn only_the_warden_decides_and_a_chain_without_one_refuses_all() {
    let (mut world, _) = setup();
    let nobody = revert_of(IGuard::NotWarden {
        warden: Address::ZERO,
    });
    assert_eq!(protect(&mut world, &[target(1)]), Err(nobody.clone()));
    let to = account(OTHER);
    let hand_over = IGuard::setWardenCall { to };
    assert_eq!(call(&mut world, &hand_over).map(drop), Err(nobody));
    let mut world = zone();
    let theirs = revert_of(IGuard::NotWarden {
        warden: account(WARDEN),
    });
    let until = world.now + 60;
    let of = IGuard::issueOwnCall {
        targets: vec![target(1)],
        until,
        reason: String::new(),
    };
    assert_eq!(world.guard(OTHER, 0, &of).map(drop), Err(theirs.clone()));
    let targets = vec![target(1)];
    let of = IGuard::endOwnCall {
        targets: targets.clone(),
    };
    assert_eq!(world.guard(OTHER, 0, &of).map(drop), Err(theirs.clone()));
    let of = IGuard::unprotectCall { targets };
    assert_eq!(world.guard(OTHER, 0, &of).map(drop), Err(theirs.clone()));
    assert_eq!(world.guard(OTHER, 0, &hand_over).map(drop), Err(theirs));
    // Who was it is it no longer, and nobody is once it was given up.
    call(&mut world, &hand_over).map(drop).unwrap();
    let theirs = revert_of(IGuard::NotWarden { warden: to });
    assert_eq!(issue(&mut world, &[target(1)], until), Err(theirs));
    let give_up = IGuard::setWardenCall { to: Address::ZERO };
    world.guard(OTHER, 0, &give_up).map(drop).unwrap();
    let warden = call(&mut world, &IGuard::wardenCall {}).unwrap();
    assert_eq!(warden, Address::ZERO);
    assert!(world.guard(OTHER, 0, &hand_over).is_err());
}

#[test]
fn own_directives_have_an_end_which_moves_and_can_come_at_once() {
    let mut world = zone();
    let now = world.now;
    issue(&mut world, &[target(1), target(2)], now + 60).unwrap();
    assert_eq!(blocked(&mut world, target(1)), now + 60);
    assert_eq!(blocked(&mut world, target(2)), now + 60);
    issue(&mut world, &[target(1)], now + 30).unwrap();
    assert_eq!(blocked(&mut world, target(1)), now + 30);
    end(&mut world, &[target(1)]).unwrap();
    assert_eq!(blocked(&mut world, target(1)), 0);
    let none = revert_of(IGuard::InvalidTarget { target: target(1) });
    assert_eq!(end(&mut world, &[target(1), target(2)]), Err(none));
    assert_eq!(blocked(&mut world, target(2)), now + 60);
    world.now += 60;
    assert_eq!(blocked(&mut world, target(2)), 0);
    assert_eq!(own(&mut world), [(target(2), 0)]);
    end(&mut world, &[target(2)]).unwrap();
    assert!(own(&mut world).is_empty());
}

#[test]
fn there_are_so_many_own_directives() {
    let mut world = zone();
    let until = world.now + 60;
    let all: Vec<_> = (0..MAX_OWN as u16).map(numbered).collect();
    for some in all.chunks(MAX_TARGETS) {
        issue(&mut world, some, until).unwrap();
    }
    let one_more = [numbered(5_000)];
    let full = revert_of(IGuard::TooManyOwn {
        limit: U256::from(MAX_OWN),
    });
    assert_eq!(issue(&mut world, &one_more, until), Err(full));
    // Not more of them, so there is room.
    issue(&mut world, &all[..2], until - 1).unwrap();
    end(&mut world, &all[1..2]).unwrap();
    issue(&mut world, &one_more, until).unwrap();
    let mut expected: Vec<_> = all.iter().map(|target| (*target, until)).collect();
    expected[0].1 = until - 1;
    // The last one came to the place of the one that ended.
    expected[1] = (all[MAX_OWN - 1], until);
    expected[MAX_OWN - 1] = (one_more[0], until);
    assert_eq!(own(&mut world), expected);
}

#[test]
fn own_directives_and_those_of_alerts_stand_side_by_side() {
    let mut world = zone();
    let now = world.now;
    // All the room that alerts have.
    for id in 1..=MAX_DIRECTIVES as u64 {
        told(&mut world, 1, id, now + 100 * id);
    }
    let last = now + 100 * MAX_DIRECTIVES as u64;
    issue(&mut world, &[target(1)], last + 1).unwrap();
    assert_eq!(blocked(&mut world, target(1)), last + 1);
    // One more alert takes the place of another alert, never of the chain's own.
    told(&mut world, 1, 50, last + 500);
    for id in (1..=MAX_DIRECTIVES as u64).chain([50]) {
        told(&mut world, 1, id, 0);
    }
    assert_eq!(blocked(&mut world, target(1)), last + 1);
    told(&mut world, 1, 51, now + 10);
    end(&mut world, &[target(1)]).unwrap();
    assert_eq!(blocked(&mut world, target(1)), now + 10);
}

#[test]
fn protection_works_both_ways() {
    let mut world = zone();
    let now = world.now;
    told(&mut world, 1, 7, now + 100);
    issue(&mut world, &[target(1)], now + 50).unwrap();
    protect(&mut world, &[target(1), target(2)]).unwrap();
    assert_eq!(blocked(&mut world, target(1)), 0);
    assert!(in_force(&mut world, target(1)).is_empty());
    // What comes meanwhile waits.
    told(&mut world, 2, 8, now + 200);
    assert_eq!(blocked(&mut world, target(2)), 0);
    let refused = revert_of(IGuard::ProtectedTarget { target: target(1) });
    assert_eq!(issue(&mut world, &[target(1)], now + 60), Err(refused));
    // What ends meanwhile has ended.
    told(&mut world, 1, 7, 0);
    unprotect(&mut world, &[target(1), target(2)]).unwrap();
    assert_eq!(blocked(&mut world, target(1)), now + 50);
    assert_eq!(in_force(&mut world, target(1)), [0]);
    assert_eq!(blocked(&mut world, target(2)), now + 200);
    assert_eq!(in_force(&mut world, target(2)), [8]);
    protect(&mut world, &[target(1)]).unwrap();
    end(&mut world, &[target(1)]).unwrap();
    unprotect(&mut world, &[target(1)]).unwrap();
    assert_eq!(blocked(&mut world, target(1)), 0);
}

#[test]
fn the_list_of_the_protected_names_each_once() {
    let mut world = zone();
    assert_eq!(list(&mut world), [protected()]);
    let all: Vec<_> = (1..=4).map(target).collect();
    protect(&mut world, &all).unwrap();
    protect(&mut world, &[target(2), protected()]).unwrap();
    let mut expected = vec![protected()];
    expected.extend(&all);
    assert_eq!(list(&mut world), expected);
    // The last one comes to the place of one that goes.
    unprotect(&mut world, &[target(1), target(9)]).unwrap();
    let expected = [protected(), target(4), target(2), target(3)];
    assert_eq!(list(&mut world), expected);
    // And is found there.
    unprotect(&mut world, &[target(4)]).unwrap();
    assert_eq!(list(&mut world), [protected(), target(3), target(2)]);
    unprotect(&mut world, &[target(3), protected(), target(2)]).unwrap();
    assert!(list(&mut world).is_empty());
    for target in all {
        let is = call(&mut world, &IGuard::isProtectedCall { target }).unwrap();
        assert!(!is);
    }
    protect(&mut world, &[target(3)]).unwrap();
    assert_eq!(list(&mut world), [target(3)]);
    let limit = U256::from(MAX_POLICY_PAGE + 1);
    let of = IGuard::protectedAddressesCall {
        offset: U256::ZERO,
        limit,
    };
    assert!(call(&mut world, &of).is_err());
}

#[test]
fn what_the_warden_may_not() {
    let mut world = zone();
    let now = world.now;
    let past = revert_of(IGuard::ExpiryInPast {
        expiry: now,
        timestamp: now,
    });
    assert_eq!(issue(&mut world, &[target(1)], now), Err(past));
    let latest = now + MAX_DURATION_S;
    issue(&mut world, &[target(1)], latest).unwrap();
    let expiry = latest + 1;
    let far = revert_of(IGuard::ExpiryTooFar { expiry, latest });
    assert_eq!(issue(&mut world, &[target(1)], expiry), Err(far));
    for target in [protected(), GUARD, Address::with_last_byte(1)] {
        let refused = revert_of(IGuard::ProtectedTarget { target });
        assert_eq!(issue(&mut world, &[target], latest), Err(refused));
    }
    for target in [Address::ZERO, account(WARDEN)] {
        let refused = revert_of(IGuard::InvalidTarget { target });
        assert_eq!(issue(&mut world, &[target], latest), Err(refused));
    }
    let twice = revert_of(IGuard::DuplicateTarget { target: target(2) });
    let targets = [target(2), target(3), target(2)];
    assert_eq!(protect(&mut world, &targets), Err(twice.clone()));
    assert_eq!(issue(&mut world, &targets, latest), Err(twice));
    let many: Vec<_> = (0..=MAX_TARGETS as u16).map(numbered).collect();
    assert!(protect(&mut world, &[]).is_err());
    assert!(protect(&mut world, &many).is_err());
    protect(&mut world, &many[1..]).unwrap();
}

fn numbered(n: u16) -> Address {
    Address::left_padding_from(&[&[0xee][..], &n.to_be_bytes(), &[0; 8]].concat())
}

#[test]
fn the_list_of_the_protected_has_an_end() {
    let mut world = zone();
    // One is there.
    let all: Vec<_> = (1..MAX_NEVER_BLOCK as u16).map(numbered).collect();
    for some in all.chunks(MAX_TARGETS) {
        protect(&mut world, some).unwrap();
    }
    let full = revert_of(IGuard::TooManyProtected {
        limit: U256::from(MAX_NEVER_BLOCK),
    });
    assert_eq!(protect(&mut world, &[numbered(5_000)]), Err(full));
    unprotect(&mut world, &[numbered(7)]).unwrap();
    protect(&mut world, &[numbered(5_000)]).unwrap();
    assert_eq!(list(&mut world).len(), MAX_NEVER_BLOCK);
}
