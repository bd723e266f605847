//! Tests of what becomes of ether for a blocked address.

use super::{
    exits::{exit, vector},
    *,
};
use crate::{messages::inbox::withheld, tests::world::block_address};
use hansa_abi::IGuard;

pub(super) const BLOCKED: Address = Address::repeat_byte(0x33);
/// The zone `market`.
const ZONE: Option<usize> = Some(0);
const HOUR_S: u64 = 3_600;

/// What stands for the ether that the zone keeps for [`BLOCKED`].
pub(super) fn kept() -> Message {
    withheld(77, BLOCKED)
}

impl World {
    /// Blocks an address on one chain for an hour.
    fn block_on(&mut self, chain: Option<usize>, target: Address) {
        let until = self.league.now + HOUR_S;
        let block = self.block(chain);
        let host = match chain {
            Some(zone) => &mut self.zones[zone].host,
            None => &mut self.league.host,
        };
        block_address(host, target, until, block);
    }

    fn held(&mut self) -> IMessages::waitingReturn {
        let id = keccak256(kept().abi_encode());
        let call = IMessages::waitingCall { id };
        self.zone(0, STRANGER, 0, &call).unwrap()
    }
}

#[track_caller]
fn blocked(target: Address, result: Result<impl Sized, Bytes>) {
    let error: IGuard::Blocked = error(result);
    assert_eq!((error.target, error.alertId), (target, wei(9)));
}

#[test]
fn the_hub_holds_what_is_for_a_blocked_address_and_pays_the_next() {
    let mut world = World::new();
    world.hub(owner(1), 500, &send(77, FRIEND, 0, b"")).unwrap();
    world.follow(0);
    for (amount, to, fee, data) in [
        (100, BLOCKED, 10, b"".as_slice()),
        (7, owner(2), 0, b""),
        (5, BLOCKED, 0, b"x"),
    ] {
        world
            .zone(0, FRIEND, amount, &send(HUB, to, fee, data))
            .unwrap();
    }
    world.block_on(None, BLOCKED);
    let before = world.league.host.balance(owner(2));
    assert_eq!(
        world.deliver(0),
        [Outcome::Held, Outcome::Paid, Outcome::Waiting]
    );
    assert_eq!(world.league.host.balance(owner(2)) - before, wei(7));
    assert_eq!(world.league.host.balance(STRANGER), wei(10), "the fee");
    let lane = world.lane(0);
    // It has not left, so that it takes no room from what does.
    assert_eq!((lane.held, lane.outflow), (wei(90), wei(10 + 7 + 5)));
    world.check();
    let message = world.zones[0].host.sent()[0].clone();
    let release = IMessages::releaseCall { message };
    blocked(BLOCKED, world.hub(STRANGER, 0, &release));
    world.league.now += HOUR_S;
    assert_eq!(world.hub(STRANGER, 0, &release), Ok(U256::ZERO));
    assert_eq!(world.league.host.outcomes().pop(), Some(Outcome::Paid));
    assert_eq!(world.league.host.balance(BLOCKED), wei(90));
    assert_eq!(world.lane(0).held, U256::ZERO);
    let _: IMessages::NotWaiting = error(world.hub(STRANGER, 0, &release));
    world.check();
}

#[test]
fn what_exceeds_the_limit_and_is_blocked_later_leaves_when_it_is_free() {
    let mut world = World::new();
    world
        .hub(owner(1), 3 * LIMIT, &send(77, FRIEND, 0, b""))
        .unwrap();
    world.follow(0);
    world
        .zone(0, FRIEND, LIMIT + 8, &send(HUB, BLOCKED, 0, b""))
        .unwrap();
    assert_eq!(world.deliver(0), [Outcome::Held]);
    world.block_on(None, BLOCKED);
    world.league.now += HOUR_S - 1;
    let message = world.zones[0].host.sent()[0].clone();
    let release = IMessages::releaseCall { message };
    let outflow = world.lane(0).outflow;
    blocked(BLOCKED, world.hub(STRANGER, 0, &release));
    assert_eq!(world.lane(0).outflow, outflow);
    world.league.now += 1;
    assert_eq!(world.hub(STRANGER, 0, &release), Ok(U256::ZERO));
    assert_eq!(world.league.host.balance(BLOCKED), wei(LIMIT + 8));
}

#[test]
fn a_zone_keeps_what_comes_for_a_blocked_address_until_it_is_free() {
    let mut world = World::new();
    world.block_on(ZONE, BLOCKED);
    // The hub has no such directive.
    for (amount, to) in [(50, BLOCKED), (9, FRIEND), (10, BLOCKED)] {
        world.hub(owner(1), amount, &send(77, to, 0, b"")).unwrap();
    }
    world.follow(0);
    let balance = |world: &World, of| world.zones[0].host.balance(of);
    assert_eq!(balance(&world, BLOCKED), U256::ZERO);
    assert_eq!(balance(&world, FRIEND), wei(9));
    assert_eq!(balance(&world, MESSAGES), wei(60));
    let held = world.held();
    assert_eq!((held.since, held.held), (0, wei(60)));
    world.check();
    let release = IMessages::releaseCall { message: kept() };
    blocked(BLOCKED, world.zone(0, STRANGER, 0, &release));
    world.league.now += HOUR_S;
    // It is no message that waits: nobody sends it away.
    let refund = IMessages::refundCall {
        message: Message {
            value: wei(60),
            ..kept()
        },
    };
    world.league.now += REFUND_AFTER_S;
    let _: IMessages::NotWaiting = error(world.zone(0, STRANGER, 0, &refund));
    let take = IMessages::takeCall { message: kept() };
    let _: IMessages::NotWaiting = error(world.zone(0, BLOCKED, 0, &take));
    let other = IMessages::releaseCall {
        message: withheld(78, BLOCKED),
    };
    let _: IMessages::NotWaiting = error(world.zone(0, STRANGER, 0, &other));
    assert_eq!(world.zone(0, STRANGER, 0, &release), Ok(U256::ZERO));
    assert_eq!(balance(&world, BLOCKED), wei(60));
    assert_eq!(balance(&world, MESSAGES), U256::ZERO);
    let _: IMessages::NotWaiting = error(world.zone(0, STRANGER, 0, &release));
    world.check();
    // From now on it is paid at once.
    world.hub(owner(1), 4, &send(77, BLOCKED, 0, b"")).unwrap();
    world.follow(0);
    assert_eq!(balance(&world, BLOCKED), wei(64));
}

#[test]
fn what_is_sent_back_to_a_blocked_sender_is_kept_as_well() {
    let mut world = World::new();
    world.hub(owner(1), 60, &send(77, BLOCKED, 0, b"")).unwrap();
    world.follow(0);
    world
        .zone(0, BLOCKED, 60, &send(99, FRIEND, 0, b""))
        .unwrap();
    world.block_on(ZONE, BLOCKED);
    assert_eq!(world.deliver(0), [Outcome::Returned]);
    world.follow(0);
    assert_eq!(world.zones[0].host.balance(BLOCKED), U256::ZERO);
    assert_eq!(world.held().held, wei(60));
    world.check();
}

#[test]
fn nothing_is_sent_to_whom_the_sending_chain_blocks() {
    let mut world = World::new();
    world.hub(owner(1), 60, &send(77, FRIEND, 0, b"")).unwrap();
    world.follow(0);
    world.block_on(None, BLOCKED);
    for data in [b"".as_slice(), b"x"] {
        blocked(BLOCKED, world.hub(owner(1), 1, &send(77, BLOCKED, 0, data)));
        world
            .zone(0, FRIEND, 1, &send(HUB, BLOCKED, 0, data))
            .unwrap();
    }
    world.block_on(ZONE, BLOCKED);
    for data in [b"".as_slice(), b"x"] {
        blocked(
            BLOCKED,
            world.zone(0, FRIEND, 1, &send(HUB, BLOCKED, 0, data)),
        );
    }
}

#[test]
fn an_ended_zone_pays_nobody_who_is_blocked_and_keeps_what_is_theirs() {
    let mut world = World::new();
    world.block_on(ZONE, BLOCKED);
    world.hub(owner(1), 50, &send(77, FRIEND, 0, b"x")).unwrap();
    for (amount, to) in [(300, FRIEND), (40, STRANGER), (60, BLOCKED), (70, FRIEND)] {
        world.hub(owner(1), amount, &send(77, to, 0, b"")).unwrap();
    }
    world.follow(0);
    world
        .zone(0, FRIEND, 70, &send(99, STRANGER, 0, b""))
        .unwrap();
    world.end();
    world.settle();
    for target in [FRIEND, BLOCKED] {
        world.block_on(None, target);
    }
    // Back to its sender, of whom there is no zone any more.
    let call = world.proved(0, 0);
    world.hub(owner(3), 0, &call).unwrap();
    assert_eq!(world.league.host.outcomes(), [Outcome::Held]);
    let back = IMessages::releaseCall {
        message: call.messages[0].clone(),
    };
    let kept = IMessages::exitMessageCall {
        zoneId: 1,
        message: kept(),
        state: vector("kept/state"),
        proof: vector("kept/proof"),
    };
    let exit = exit(FRIEND, "friend");
    blocked(FRIEND, world.hub(STRANGER, 0, &back));
    blocked(FRIEND, world.hub(STRANGER, 0, &exit));
    blocked(BLOCKED, world.hub(STRANGER, 0, &kept));
    world.league.now += HOUR_S;
    world.hub(STRANGER, 0, &back).unwrap();
    world.hub(STRANGER, 0, &exit).unwrap();
    assert_eq!(world.league.host.balance(FRIEND), wei(300 + 70));
    let paid = world.hub(STRANGER, 0, &kept).unwrap();
    assert_eq!((paid.paid, paid.left), (wei(60), U256::ZERO));
    assert_eq!(world.league.host.balance(BLOCKED), wei(60));
    let _: IMessages::NothingLeft = error(world.hub(STRANGER, 0, &kept));
    assert_eq!(world.lane(0).locked, wei(40 + 50));
}
