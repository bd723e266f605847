//! Tests of zones that have halted and go on.

use super::*;
use crate::zones::{reseedings, reseeds};
use hansa_abi::IZones::{Phase, Reason};
use hansa_primitives::Seat;

impl World {
    fn call<C: SolCall>(&mut self, call: &C) -> Result<C::Return, Bytes> {
        zones::pay_to(&mut self.league, ZONES, (STRANGER, U256::ZERO), call)
    }

    fn reseed(&mut self) -> Result<IZones::reseedReturn, Bytes> {
        self.call(&IZones::reseedCall { zoneId: 1 })
    }

    fn phase(&mut self) -> (Phase, Reason) {
        let zone = self.call(&IZones::zoneCall { zoneId: 1 }).unwrap();
        (zone.phase, zone.reason)
    }

    /// The hub hears nothing of the zone for too long, and somebody says so. A whole epoch of the hub passes after that.
    fn halt(&mut self) {
        let call = IZones::zoneCall { zoneId: 1 };
        let notice = self.call(&call).unwrap().parameters.noticeSeconds;
        self.league.now += notice + 1;
        self.call(&IZones::haltCall { zoneId: 1 }).unwrap();
        assert_eq!(self.phase(), (Phase::Closing, Reason::Halted));
        let now = self.league.epoch();
        self.league.enter(now + 2);
    }

    /// The zone's newest header, of an epoch.
    fn header_in(&mut self, epoch: u64) -> Header {
        self.next();
        let mut header = self.header(0);
        header.context.round = Round::new(Epoch::new(epoch), View::new(header.number));
        header
    }
}

/// Ids of who sits there.
fn ids(seats: &[Seat]) -> Vec<u64> {
    let mut ids: Vec<_> = seats.iter().map(|seat| seat.operator).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn a_halted_zone_goes_on_with_the_committee_that_the_hub_has_now() {
    let mut world = World::new();
    let header = world.header_in(0);
    world.record(0, &header, &[1, 2, 3]).unwrap();
    // Its operators leave the league, and another one comes.
    let exit = hansa_abi::IStaking::exitCall {};
    world.league.call(owner(1), &exit).unwrap();
    world.halt();
    let (hub, time) = (world.committee(), world.league.now);
    assert!(hub.seats.iter().all(|seat| seat.operator != 1));
    let goes_on = world.reseed().unwrap();
    let epoch = goes_on.epoch;
    // The void blocks of the former committee may be of any epoch that it can have come to.
    assert!(epoch > 1_000 * time / 600);
    assert_eq!(goes_on.firstBlock, header.number + 1);
    assert_eq!(world.phase(), (Phase::Active, Reason::None));
    let Ok(known) = reseeds(&mut world.league.host, 1);
    let [reseed] = &known[..] else {
        panic!("{known:?}")
    };
    assert_eq!(reseed.cut.first, header.number + 1);
    assert_eq!((reseed.cut.epoch, reseed.parent), (epoch, header.hash()));
    assert_eq!(reseed.time, time);
    assert_eq!(ids(&reseed.seats), ids(&hub.seats));
    assert!(reseed.seats.iter().all(|seat| seat.stake.is_zero()));
    let Ok(other) = reseeds(&mut world.league.host, 2);
    assert!(other.is_empty());
    // It has as long as before to be heard of.
    let notice = zones::parameters("market", 77).noticeSeconds;
    world.league.now = time + notice;
    let heard: IZones::NotSilent = error(world.call(&IZones::haltCall { zoneId: 1 }));
    assert_eq!(heard.haltedAt, time + notice);
    // A block of the epoch that was cut is void, and so is one of an epoch that the former committee went on to.
    for former in [0, 1, 2] {
        let mut void = world.header_in(former);
        void.number += former * 600;
        let other: IZones::OtherEpoch = error(world.record(0, &void, &[2, 3, 4]));
        assert_eq!((other.epoch, other.expected), (former, epoch + former));
        world.zones[0].number -= 1;
    }
    // In the new epoch the hub knows who signs.
    let former = world.league.committee(0);
    let mut header = world.header_in(epoch);
    let right = header.committee;
    assert_ne!(right, former.id());
    header.committee = former.id();
    let _: IZones::UnknownCommittee = error(world.record(0, &header, &[2, 3, 4]));
    header.committee = right;
    world.record(0, &header, &[2, 3, 4]).unwrap();
    assert_eq!(world.phase(), (Phase::Active, Reason::None));
}

/// Nobody is cut off who can still be heard: not before everybody was told, and had an epoch of the hub to answer.
#[test]
fn a_zone_is_told_before_it_is_reseeded() {
    let mut world = World::new();
    let _: IZones::NotHalted = error(world.reseed());
    let header = world.header_in(0);
    world.record(0, &header, &[1, 2, 3]).unwrap();
    let _: IZones::NotHalted = error(world.reseed());
    world.league.now += zones::parameters("market", 77).noticeSeconds + 1;
    // Its creator's close would be the end; this is not.
    let by_creator = (owner(1), U256::ZERO);
    let halt = IZones::haltCall { zoneId: 1 };
    zones::pay_to(&mut world.league, ZONES, by_creator, &halt).unwrap();
    let told = world.league.epoch();
    let early: IZones::NotDueBefore = error(world.reseed());
    let due = (told + 2) * world.league.calendar.epoch_blocks;
    assert_eq!(early.hubNumber, due);
    let zone = world.call(&IZones::zoneCall { zoneId: 1 }).unwrap();
    assert_eq!(zone.reseedsAt, due);
    // Time alone does not do it: the hub may have stood.
    world.league.now += 1_000_000;
    let _: IZones::NotDueBefore = error(world.reseed());
    let last = world.league.calendar.last_block(told + 1);
    world.league.run_to(last);
    let _: IZones::NotDueBefore = error(world.reseed());
    // A newer block was known to somebody after all.
    // It cannot be stopped instead: for another epoch there is nothing but this.
    let stop = IZones::stopCall { zoneId: 1 };
    let early: IZones::NotDueBefore = error(world.call(&stop));
    assert_eq!(early.hubNumber, zone.stopsAt);
    assert_eq!(zone.stopsAt, due + world.league.calendar.epoch_blocks);
    let mut heard = World {
        league: world.league.clone(),
        zones: [Zone::new(1, 77), Zone::new(2, 78)],
    };
    heard.zones[0].number = header.number;
    heard.checkpoint(0);
    heard.next();
    let _: IZones::NotHalted = error(heard.reseed());
    world.next();
    world.reseed().unwrap();
}

/// A zone that nobody has heard of yet, or whose creator ended it, has nothing to go on from.
#[test]
fn what_did_not_halt_is_not_reseeded() {
    let mut world = World::new();
    world.halt();
    let _: IZones::NotHalted = error(world.reseed());
    let mut world = World::new();
    let header = world.header_in(0);
    world.record(0, &header, &[1, 2, 3]).unwrap();
    world.halt();
    let close = IZones::closeCall { zoneId: 1 };
    let by_creator = (owner(1), U256::ZERO);
    zones::pay_to(&mut world.league, ZONES, by_creator, &close).unwrap();
    let _: IZones::NotHalted = error(world.reseed());
    let none = IZones::reseedCall { zoneId: 9 };
    let _: IZones::UnknownZone = error(world.call(&none));
}

/// An attempt of which nothing came is replaced, and never by an epoch in which somebody may have voted.
#[test]
fn a_zone_can_be_reseeded_again() {
    let mut world = World::new();
    let header = world.header_in(0);
    world.record(0, &header, &[1, 2, 3]).unwrap();
    world.halt();
    let first = world.reseed().unwrap().epoch;
    world.halt();
    let again = world.reseed().unwrap();
    assert_eq!(again.firstBlock, header.number + 1);
    assert!(again.epoch > first);
    let count = |world: &mut World| {
        let Ok(known) = reseeds(&mut world.league.host, 1);
        let Ok(all) = reseedings(&mut world.league.host);
        (known.len(), all)
    };
    assert_eq!(count(&mut world), (1, 2));
    let void = world.header_in(first);
    let other: IZones::OtherEpoch = error(world.record(0, &void, &[1, 2, 3]));
    assert_eq!((other.epoch, other.expected), (first, again.epoch));
    world.zones[0].number -= 1;
    let header = world.header_in(again.epoch);
    world.record(0, &header, &[1, 2, 3]).unwrap();
    // It halts once more, later on.
    world.halt();
    let later = world.reseed().unwrap();
    assert_eq!(later.firstBlock, header.number + 1);
    assert!(later.epoch > again.epoch);
    assert_eq!(count(&mut world), (2, 3));
}
