//! Which blocks of zones the hub knows.

use super::*;

#[test]
fn only_a_certified_newer_block_becomes_a_checkpoint() {
    let mut world = World::new();
    world.next();
    let header = world.header(0);
    // Too few signed.
    let all = world.certify(1, &header, &[1, 2, 3]);
    let mut few = Finalization::decode_cfg(all.to_vec(), &4).unwrap();
    let signers: Vec<_> = few.certificate.signers.iter().take(2).collect();
    few.certificate.signers = Signers::new(4, signers).unwrap();
    few.certificate.signatures.truncate(2);
    let certificate = few.encode().to_vec().into();
    let call = IZones::checkpointCall {
        zoneId: 1,
        header: header.encode().to_vec().into(),
        certificate,
    };
    let few = zones::pay_to(&mut world.league, ZONES, (STRANGER, U256::ZERO), &call);
    let _: IZones::InvalidCertificate = error(few);
    // Signed for the other zone.
    let mut call = IZones::checkpointCall {
        zoneId: 1,
        header: header.encode().to_vec().into(),
        certificate: world.certify(2, &header, &[1, 2, 3]),
    };
    let record = |world: &mut World, call: &IZones::checkpointCall| {
        zones::pay_to(&mut world.league, ZONES, (STRANGER, U256::ZERO), call)
    };
    let _: IZones::InvalidCertificate = error(record(&mut world, &call));
    let right = world.certify(1, &header, &[1, 2, 3]);
    // Every bit of the certificate counts, and so does its length.
    for byte in 0..right.len() {
        let mut wrong = right.to_vec();
        wrong[byte] ^= 1;
        call.certificate = wrong.into();
        assert!(record(&mut world, &call).is_err(), "byte {byte}");
    }
    for length in [0, right.len() - 1] {
        call.certificate = right.slice(..length);
        let _: IZones::MalformedCertificate = error(record(&mut world, &call));
    }
    call.certificate = right.clone();
    // Another header.
    let mut other = header.clone();
    other.outbox.count += 1;
    call.header = other.encode().to_vec().into();
    let _: IZones::OtherBlock = error(record(&mut world, &call));
    call.header = header.encode().slice(1..).to_vec().into();
    let _: IZones::MalformedHeader = error(record(&mut world, &call));
    call.header = header.encode().to_vec().into();
    call.zoneId = 3;
    let _: IZones::UnknownZone = error(record(&mut world, &call));
    call.zoneId = 1;
    record(&mut world, &call).unwrap();
    let call = IZones::checkpointOfCall { zoneId: 1 };
    let known = zones::pay_to(&mut world.league, ZONES, (STRANGER, U256::ZERO), &call).unwrap();
    assert_eq!((known.number, known.blockHash), (1, header.hash()));
    assert_eq!(known.answers, wei(LIMIT));
    // Again, and an older one.
    let stale: IZones::StaleCheckpoint = error(world.record(0, &header, &[1, 2, 3]));
    assert_eq!((stale.number, stale.newest), (1, 1));
    // Ahead of the hub.
    let mut ahead = world.header(0);
    ahead.hub.number = world.league.block;
    let _: IZones::AheadOfHub = error(world.record(0, &ahead, &[1, 2, 3]));
    ahead.hub.number -= 1;
    world.record(0, &ahead, &[2, 3, 4]).unwrap();
    // By somebody who never was a committee.
    let mut stranger = world.header(0);
    stranger.committee = B256::repeat_byte(9);
    let _: IZones::UnknownCommittee = error(world.record(0, &stranger, &[1, 2, 3]));
}

/// A committee that was replaced is relied upon for as long as certificates live.
#[test]
fn a_former_committee_is_relied_upon_for_a_while() {
    let mut world = World::new();
    let (former, genesis_hash) = (world.committee(), world.league.genesis_hash);
    let header = world.header(0);
    let call = IZones::checkpointCall {
        zoneId: 1,
        header: header.encode().to_vec().into(),
        certificate: certify(genesis_hash, &former, 1, &header, &[1, 2, 3]),
    };
    // The first operator leaves: three epochs later the committee is another.
    let exit = hansa_abi::IStaking::exitCall {};
    world.league.call(owner(1), &exit).unwrap();
    let last = 2;
    world.league.enter(last);
    assert_ne!(world.committee().id(), former.id());
    let record =
        |world: &mut World| zones::pay_to(&mut world.league, ZONES, (STRANGER, U256::ZERO), &call);
    let replaced = (0..=last)
        .rev()
        .find(|epoch| world.league.committee(*epoch).id() == former.id());
    let lives = world.league.calendar.last_block(replaced.unwrap() + 2);
    let mut late = World {
        league: world.league.clone(),
        zones: [Zone::new(1, 77), Zone::new(2, 78)],
    };
    world.league.run_to(lives);
    record(&mut world).unwrap();
    late.league.run_to(lives + 1);
    let unknown: IZones::UnknownCommittee = error(record(&mut late));
    assert_eq!(unknown.committee, former.id());
}
