//! Tests of the way out of a zone that has ended.
//!
//! The state of its last block is that of `exits.txt` in the vectors of `state`, which real databases made: `FRIEND` has 300 wei, `STRANGER` has 40,
//! a message waits, and 60 are kept for
//! [`BLOCKED`](super::guard::BLOCKED).

use super::*;
use crate::tests::world::block_address;
use alloy_primitives::{b256, hex};
use hansa_abi::IZones::{Phase, Reason};

const VECTORS: &str = include_str!("../../../../state/vectors/exits.txt");
/// What the waiting message carries.
const VALUE: u64 = 50;

pub(super) fn vector(name: &str) -> Bytes {
    let mut lines = VECTORS.lines().filter_map(|line| line.split_once(' '));
    let (_, value) = lines.find(|(of, _)| *of == name).unwrap();
    hex::decode(value).unwrap().into()
}

pub(super) fn exit(account: Address, name: &str) -> IMessages::exitCall {
    IMessages::exitCall {
        zoneId: 1,
        account,
        state: vector(&format!("{name}/state")),
        proof: vector(&format!("{name}/proof")),
    }
}

impl World {
    fn zones<C: SolCall>(
        &mut self,
        (from, value): (Address, U256),
        call: &C,
    ) -> Result<C::Return, Bytes> {
        zones::pay_to(&mut self.league, ZONES, (from, value), call)
    }

    fn record_of(&mut self, id: u64) -> IZones::Zone {
        let call = IZones::zoneCall { zoneId: id };
        self.zones((STRANGER, U256::ZERO), &call).unwrap()
    }

    fn stop(&mut self) -> Result<(), Bytes> {
        let call = IZones::stopCall { zoneId: 1 };
        self.zones((STRANGER, U256::ZERO), &call).map(drop)
    }

    /// Closes the zone `market` by its creator's word, and stops it.
    pub(super) fn end(&mut self) {
        let call = IZones::closeCall { zoneId: 1 };
        let at = self.zones((owner(1), U256::ZERO), &call).unwrap();
        self.league.now = at;
        self.stop().unwrap();
        self.next();
    }

    /// The hub learns of the zone's last block.
    pub(super) fn settle(&mut self) {
        let mut header = self.header(0);
        header.state.root = B256::from_slice(&vector("root"));
        self.record(0, &header, &[1, 2, 3]).unwrap();
    }

    /// Tells the hub of the zone's newest block, now.
    fn record_newest(&mut self) {
        let header = self.header(0);
        self.record(0, &header, &[1, 2, 3]).unwrap();
    }

    fn locked(&mut self) -> u64 {
        self.lane(0).locked.to()
    }
}

/// The ether of two accounts and of a message that waits is in the zone.
fn world() -> World {
    let mut world = World::new();
    let hub = |world: &mut World, amount, call| world.hub(owner(1), amount, &call).unwrap();
    hub(&mut world, VALUE, send(77, FRIEND, 0, b"x"));
    hub(&mut world, 300, send(77, FRIEND, 0, b""));
    hub(&mut world, 40, send(77, STRANGER, 0, b""));
    world.follow(0);
    world
}

#[test]
fn what_is_left_in_a_zone_is_paid_out_once() {
    let mut world = world();
    world.end();
    assert_eq!(world.record_of(1).phase, Phase::Stopped);
    let call = exit(FRIEND, "friend");
    let _: IZones::NotSettled = error(world.hub(STRANGER, 0, &call));
    world.settle();
    assert_eq!(world.record_of(1).phase, Phase::Settled);
    let paid = world.hub(STRANGER, 0, &call).unwrap();
    assert_eq!((paid.paid, paid.left), (wei(300), U256::ZERO));
    assert_eq!(world.league.host.balance(FRIEND), wei(300));
    let _: IMessages::NothingLeft = error(world.hub(FRIEND, 0, &call));
    assert_eq!(world.locked(), 40 + VALUE);
    // What waited goes back to who sent it.
    let message = world.league.host.sent()[0].clone();
    let call = IMessages::exitMessageCall {
        zoneId: 1,
        message,
        state: vector("message/state"),
        proof: vector("message/proof"),
    };
    let before = world.league.host.balance(owner(1));
    world.hub(STRANGER, 0, &call).unwrap();
    assert_eq!(world.league.host.balance(owner(1)) - before, wei(VALUE));
    let _: IMessages::NothingLeft = error(world.hub(STRANGER, 0, &call));
    assert_eq!(world.locked(), 40);
    let mut other = call;
    other.message.value += wei(1);
    let _: IMessages::InvalidStateProof = error(world.hub(STRANGER, 0, &other));
}

#[test]
fn nothing_is_paid_that_the_last_checkpoint_does_not_prove() {
    let mut world = world();
    world.end();
    world.settle();
    let right = exit(FRIEND, "friend");
    let refused = |world: &mut World, call: &IMessages::exitCall| {
        let _: IMessages::InvalidStateProof = error(world.hub(STRANGER, 0, call));
    };
    let mut call = right.clone();
    call.account = STRANGER;
    refused(&mut world, &call);
    for byte in 0..right.state.len() {
        let mut state = right.state.to_vec();
        state[byte] ^= 1;
        call = right.clone();
        call.state = state.into();
        refused(&mut world, &call);
    }
    call = right.clone();
    call.state = right.state.slice(1..);
    refused(&mut world, &call);
    for length in [0, 1, right.proof.len() - 1] {
        call = right.clone();
        call.proof = right.proof.slice(..length);
        refused(&mut world, &call);
    }
    call = right.clone();
    call.proof = vector("stranger/proof");
    refused(&mut world, &call);
    // The modules' own ether is their users'.
    let own = exit(MESSAGES, "module");
    let protocol: IMessages::ProtocolAccount = error(world.hub(STRANGER, 0, &own));
    assert_eq!(protocol.account, MESSAGES);
    call = right;
    call.zoneId = 2;
    let _: IZones::NotSettled = error(world.hub(STRANGER, 0, &call));
    assert_eq!(world.locked(), 340 + VALUE);
}

/// A committee that lies about its last block gets out no more in a day than by lying about messages.
#[test]
fn exits_count_as_leaving() {
    let mut world = World::new();
    let much = 10 * LIMIT;
    world
        .hub(owner(1), much, &send(77, owner(9), 0, b""))
        .unwrap();
    world.follow(0);
    let lie = send(HUB, STRANGER, 0, b"");
    // What is left for today is less than what the account has.
    world.zone(0, owner(9), LIMIT - 100, &lie).unwrap();
    assert_eq!(world.deliver(0), [Outcome::Paid]);
    let call = IZones::closeCall { zoneId: 1 };
    world.zones((owner(1), U256::ZERO), &call).unwrap();
    world.league.now = world.record_of(1).closesAt;
    world.stop().unwrap();
    world.next();
    // A week has passed: it has faded. As much leaves again, and then the exit.
    world.zone(0, owner(9), LIMIT - 100, &lie).unwrap();
    world.settle();
    let call = world.proved(0, 1);
    world.hub(STRANGER, 0, &call).unwrap();
    let call = exit(FRIEND, "friend");
    let paid = world.hub(STRANGER, 0, &call).unwrap();
    assert_eq!((paid.paid, paid.left), (wei(100), wei(200)));
    let _: IMessages::OutflowLimit = error(world.hub(STRANGER, 0, &call));
    world.league.now += 24 * 3_600;
    let paid = world.hub(STRANGER, 0, &call).unwrap();
    assert_eq!((paid.paid, paid.left), (wei(200), U256::ZERO));
}

#[test]
fn nothing_more_is_sent_to_a_zone_that_ends() {
    let mut world = world();
    // It is on its way to the other zone when that begins to close.
    world
        .zone(0, FRIEND, 70, &send(78, STRANGER, 0, b""))
        .unwrap();
    let call = IZones::closeCall { zoneId: 2 };
    world.zones((owner(1), U256::ZERO), &call).unwrap();
    let ends: IZones::ZoneEnds = error(world.hub(owner(1), 10, &send(78, FRIEND, 0, b"")));
    assert_eq!((ends.zoneId, ends.phase), (2, Phase::Closing));
    assert_eq!(world.deliver(0), [Outcome::Returned]);
    world.follow(0);
    assert_eq!(world.zones[0].host.balance(FRIEND), wei(300));
    // What comes back to a zone that has stopped is paid on the hub.
    world
        .zone(0, FRIEND, 60, &send(99, STRANGER, 0, b""))
        .unwrap();
    world.end();
    world.settle();
    let before = world.league.host.balance(FRIEND);
    let call = world.proved(0, 1);
    world.hub(STRANGER, 0, &call).unwrap();
    assert_eq!(world.league.host.balance(FRIEND) - before, wei(60));
}

/// A zone that stands is closed by anybody, and whatever it never took goes back.
#[test]
fn a_zone_that_stands_is_left_by_its_last_checkpoint() {
    let mut world = world();
    let mut header = world.header(0);
    header.state.root = B256::from_slice(&vector("root"));
    world.record(0, &header, &[1, 2, 3]).unwrap();
    world.hub(owner(2), 5, &send(77, FRIEND, 0, b"")).unwrap();
    world.hub(owner(2), 7, &send(77, FRIEND, 0, b"z")).unwrap();
    let halt = IZones::haltCall { zoneId: 1 };
    let _: IZones::NotSilent = error(world.zones((STRANGER, U256::ZERO), &halt));
    let notice = world.record_of(1).parameters.noticeSeconds;
    world.league.now += notice + 1;
    let at = world.zones((STRANGER, U256::ZERO), &halt).unwrap();
    let _: IZones::ZoneEnds = error(world.zones((STRANGER, U256::ZERO), &halt));
    assert_eq!(at, world.league.now + notice);
    let record = world.record_of(1);
    assert_eq!(
        (record.phase, record.reason),
        (Phase::Closing, Reason::Halted)
    );
    let _: IZones::NotDue = error(world.stop());
    world.league.now = at;
    world.league.run_to(record.stopsAt);
    world.stop().unwrap();
    let message = world.league.host.sent()[4].clone();
    let reclaim = |index, message: &Message| IMessages::reclaimCall {
        zoneId: 1,
        index,
        message: message.clone(),
    };
    let _: IZones::NotSettled = error(world.hub(STRANGER, 0, &reclaim(3, &message)));
    // The hub waits for its last block as long as the notice was.
    world.league.now += notice;
    world.next();
    assert_eq!(world.record_of(1).phase, Phase::Settled);
    let late = world.header(0);
    let _: IZones::ZoneEnds = error(world.record(0, &late, &[1, 2, 3]));
    let _: IMessages::NothingLeft = error(world.hub(STRANGER, 0, &reclaim(2, &message)));
    let _: IMessages::NothingLeft = error(world.hub(STRANGER, 0, &reclaim(5, &message)));
    world.hub(STRANGER, 0, &reclaim(3, &message)).unwrap();
    assert_eq!(world.league.host.balance(FRIEND), wei(5));
    let _: IMessages::NothingLeft = error(world.hub(STRANGER, 0, &reclaim(3, &message)));
    let mut other = message.clone();
    other.sender = STRANGER;
    let _: IMessages::NotWaiting = error(world.hub(STRANGER, 0, &reclaim(4, &other)));
    let before = world.league.host.balance(owner(2));
    world.hub(STRANGER, 0, &reclaim(4, &message)).unwrap();
    assert_eq!(world.league.host.balance(owner(2)) - before, wei(7));
    world.hub(STRANGER, 0, &exit(FRIEND, "friend")).unwrap();
    assert_eq!(world.league.host.balance(FRIEND), wei(305));
}

/// A zone that was thought to stand and makes itself heard stays open; one that its creator closed does not.
#[test]
fn a_checkpoint_opens_a_zone_again_that_was_thought_to_stand() {
    let mut world = world();
    let (halt, close) = (
        IZones::haltCall { zoneId: 1 },
        IZones::closeCall { zoneId: 1 },
    );
    world.league.now += world.record_of(1).parameters.noticeSeconds + 1;
    world.zones((STRANGER, U256::ZERO), &halt).unwrap();
    world.checkpoint(0);
    assert_eq!(world.record_of(1).phase, Phase::Active);
    world.zones((owner(1), U256::ZERO), &close).unwrap();
    let _: IZones::ZoneEnds = error(world.zones((owner(1), U256::ZERO), &close));
    world.checkpoint(0);
    assert_eq!(world.record_of(1).phase, Phase::Closing);
}

#[test]
fn the_vectors_are_of_this_message() {
    let world = world();
    let id = keccak256(world.league.host.sent()[0].abi_encode());
    let slot = crate::messages::inbox::waiting_slot(id);
    let pinned = b256!("3f498820dbfdd149395dd1286129496e40397d8d32b800ca872879d08bf1b1aa");
    assert_eq!(
        B256::from(slot),
        pinned,
        "state's src/tests/vectors.rs has it"
    );
    let kept = keccak256(super::guard::kept().abi_encode());
    let slot = crate::messages::lanes::held_slot(kept);
    let pinned = b256!("2ec00cdd39911328b38ffd5ad79e8e48ee0cdc486893faaea11895f2935f4885");
    assert_eq!(B256::from(slot), pinned, "as well");
}

const DAY_S: u64 = 24 * 3_600;

/// A zone with a rent of one ether a day, and a notice of two days. Its escrow has ten.
fn tenant() -> World {
    World::of(IZones::Parameters {
        noticeSeconds: 2 * DAY_S,
        rentPerDay: ether(1),
        ..zones::parameters("market", 77)
    })
}

fn ether(amount: u64) -> U256 {
    wei(amount) * wei(1_000_000_000_000_000_000)
}

#[test]
fn an_escrow_pays_who_runs_the_zone_for_as_long_as_it_lasts() {
    let mut world = tenant();
    let begun = world.record_of(1).timestamp;
    let owners: Vec<_> = world
        .committee()
        .seats
        .iter()
        .map(|seat| seat.fee_recipient)
        .collect();
    let have = |world: &World| -> Vec<_> {
        let host = &world.league.host;
        owners.iter().map(|owner| host.balance(*owner)).collect()
    };
    let before = have(&world);
    world.league.now = begun + DAY_S / 2;
    // One of them is blocked: the others are paid, and so is it, for its work.
    let (block, until) = (world.block(None), world.league.now + 1);
    block_address(&mut world.league.host, owners[0], until, block);
    world.record_newest();
    let each = ether(1) / wei(8);
    for (after, before) in have(&world).iter().zip(&before) {
        assert_eq!(after - before, each);
    }
    assert_eq!(world.record_of(1).escrow, ether(10) - ether(1) / wei(2));
    // Not for every checkpoint; and a day at most, however long the zone stood.
    world.league.now += 300;
    world.record_newest();
    assert_eq!(world.record_of(1).escrow, ether(10) - ether(1) / wei(2));
    world.league.now += 2 * DAY_S - 600;
    world.record_newest();
    assert_eq!(world.record_of(1).escrow, ether(9) - ether(1) / wei(2));
    for _ in 0..7 {
        assert_eq!(world.record_of(1).phase, Phase::Active);
        world.league.now += DAY_S;
        world.record_newest();
    }
    // A day and a half of rent is left, and two days of notice.
    let record = world.record_of(1);
    assert_eq!(
        (record.phase, record.reason),
        (Phase::Closing, Reason::Escrow)
    );
    assert_eq!(record.escrow, ether(2) + ether(1) / wei(2) - ether(1));
    // Too little, and enough.
    let fund = IZones::fundCall { zoneId: 1 };
    world.zones((owner(2), wei(1)), &fund).unwrap();
    assert_eq!(world.record_of(1).phase, Phase::Closing);
    world.zones((owner(2), ether(15)), &fund).unwrap();
    assert_eq!(world.record_of(1).phase, Phase::Active);
    let close = IZones::closeCall { zoneId: 1 };
    let _: IZones::NotClosable = error(world.zones((STRANGER, U256::ZERO), &close));
    // What is left at the end is its creator's.
    let back = IZones::returnEscrowCall { zoneId: 1 };
    let _: IZones::NotSettled = error(world.zones((STRANGER, U256::ZERO), &back));
    world.end();
    let _: IZones::ZoneEnds = error(world.zones((owner(2), wei(1)), &fund));
    world.settle();
    // Ten ether pay for its place in the register.
    let left = world.record_of(1).escrow - ether(10);
    let before = world.league.host.balance(owner(1));
    // It is kept for a creator who is blocked.
    let (block, until) = (world.block(None), world.league.now + 1);
    block_address(&mut world.league.host, owner(1), until, block);
    let blocked: hansa_abi::IGuard::Blocked = error(world.zones((STRANGER, U256::ZERO), &back));
    assert_eq!((blocked.target, blocked.until), (owner(1), until));
    world.league.now = until;
    assert_eq!(world.zones((STRANGER, U256::ZERO), &back), Ok(left));
    assert_eq!(world.league.host.balance(owner(1)) - before, left);
    assert_eq!(world.zones((STRANGER, U256::ZERO), &back), Ok(U256::ZERO));
}

#[test]
fn an_escrow_covers_the_time_of_notice_twice() {
    let create = |rent: u64| {
        let parameters = IZones::Parameters {
            noticeSeconds: 2 * DAY_S,
            rentPerDay: ether(rent),
            ..zones::parameters("market", 77)
        };
        zones::create(&mut zones::league(), parameters)
    };
    create(2).unwrap();
    let small: IZones::EscrowTooSmall = error(create(3));
    assert_eq!((small.sent, small.minimum), (ether(10), ether(12)));
    let _: IZones::RentTooHigh = error(create(1_000_001));
}

/// What a zone says that it never took is paid out of what the hub holds for it, and of nothing else.
#[test]
fn a_committee_that_lies_about_its_lane_gets_no_more_than_its_own() {
    let mut world = world();
    world
        .hub(owner(2), 5_000, &send(78, FRIEND, 0, b""))
        .unwrap();
    world
        .zone(0, FRIEND, 300, &send(HUB, FRIEND, 0, b""))
        .unwrap();
    world.next();
    let mut header = world.header(0);
    for wrong in [4, u64::MAX] {
        header.hub.arrivals = wrong;
        let refused: IZones::WrongArrivals = error(world.record(0, &header, &[1, 2, 3]));
        assert_eq!((refused.least, refused.most), (0, 3));
    }
    header.hub.arrivals = 0;
    world.record(0, &header, &[1, 2, 3]).unwrap();
    let call = world.proved(0, 0);
    world.hub(STRANGER, 0, &call).unwrap();
    assert_eq!(world.locked(), 40 + VALUE);
    world.end();
    let mut header = world.header(0);
    header.hub.arrivals = 0;
    world.record(0, &header, &[1, 2, 3]).unwrap();
    let reclaim = |index, message| IMessages::reclaimCall {
        zoneId: 1,
        index,
        message,
    };
    let message = world.league.host.sent()[0].clone();
    let paid = world
        .hub(STRANGER, 0, &reclaim(1, message.clone()))
        .unwrap();
    assert_eq!(paid, wei(40 + VALUE));
    let _: IMessages::InsufficientLocked = error(world.hub(STRANGER, 0, &reclaim(0, message)));
    assert_eq!((world.locked(), world.lane(1).locked), (0, wei(5_000)));
    // A zone cannot have taken less than it said.
    let mut header = world.header(1);
    header.hub.arrivals = 1;
    world.record(1, &header, &[1, 2, 3]).unwrap();
    let mut header = world.header(1);
    header.hub.arrivals = 0;
    let _: IZones::WrongArrivals = error(world.record(1, &header, &[1, 2, 3]));
}

/// What cannot be received leaves a zone that has stopped, and so counts.
#[test]
fn what_comes_back_to_a_zone_that_has_stopped_counts_as_leaving() {
    let mut world = World::new();
    let much = 10 * LIMIT;
    world
        .hub(owner(1), much, &send(77, owner(9), 0, b""))
        .unwrap();
    world.follow(0);
    world
        .zone(0, owner(9), 5 * LIMIT, &send(99, STRANGER, 0, b""))
        .unwrap();
    world
        .zone(0, owner(9), 10, &send(HUB, STRANGER, 10, b"x"))
        .unwrap();
    world.end();
    world.record_newest();
    let before = world.league.host.balance(owner(9));
    let mut call = world.proved(0, 0);
    call.messages.truncate(1);
    call.proofs.truncate(1);
    world.hub(STRANGER, 0, &call).unwrap();
    let held = world.league.host.outcomes();
    assert_eq!(held.last(), Some(&Outcome::Held));
    assert_eq!(world.league.host.balance(owner(9)), before);
    let release = IMessages::releaseCall {
        message: call.messages[0].clone(),
    };
    let _: IMessages::OutflowLimit = error(world.hub(STRANGER, 0, &release));
    // Nor does a fee, which has no way back.
    let call = world.proved(0, 1);
    let _: IMessages::OutflowLimit = error(world.hub(STRANGER, 0, &call));
    for _ in 0..4 {
        world.league.now += DAY_S;
        world.hub(STRANGER, 0, &release).unwrap();
    }
    assert_eq!(world.league.host.balance(owner(9)) - before, wei(5 * LIMIT));
    world.league.now += DAY_S;
    world.hub(STRANGER, 0, &call).unwrap();
}

/// Nobody takes a message of a zone that ends meanwhile: its sender is paid on the hub.
#[test]
fn a_refund_whose_home_ends_is_paid_on_the_hub() {
    let mut world = world();
    world
        .zone(0, FRIEND, 70, &send(78, STRANGER, 0, b"x"))
        .unwrap();
    assert_eq!(world.deliver(0), [Outcome::Forwarded]);
    world.follow(1);
    let close = IZones::closeCall { zoneId: 1 };
    world.zones((owner(1), U256::ZERO), &close).unwrap();
    world.league.now += REFUND_AFTER_S;
    let message = world.zones[0].host.sent()[0].clone();
    let refund = IMessages::refundCall { message };
    world.zone(1, STRANGER, 0, &refund).unwrap();
    assert_eq!(world.deliver(1), [Outcome::Paid]);
    assert_eq!(world.league.host.balance(FRIEND), wei(70));
}
