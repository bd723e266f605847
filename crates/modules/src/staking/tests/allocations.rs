//! Shares of zones: what they may be, who serves a zone by them, and what a fault there costs.

use super::{League, SELF_STAKE, delegator, evidence_in, key, owner, wei};
use crate::{
    limits::{MAX_ZONES, STANDING_SHARE_BPS},
    staking::Committee,
    tests::world::assert_reverts,
    zones::{self, tests as register},
};
use alloy_primitives::{Bytes, U256};
use hansa_abi::{IStaking, IZones, ZONES};
use hansa_primitives::{namespace, zone_namespace};
use proptest::prelude::*;

/// A league with the zones 1 and 2.
fn league() -> League {
    let mut league = register::league_with(100 * SELF_STAKE);
    for (name, chain_id) in [("market", 77), ("grid", 78)] {
        register::create(&mut league, register::parameters(name, chain_id)).unwrap();
    }
    league
}

fn give(league: &mut League, n: u8, zone: u64, bps: u16) -> Result<u64, Bytes> {
    let (now, next) = share(league, n.into(), zone);
    let call = IStaking::setZoneShareCall {
        zoneId: zone,
        bps,
        expectedBps: next,
    };
    assert!(now <= 10_000);
    league.call(owner(n), &call)
}

fn stand(league: &mut League, n: u8, bps: u16) -> Result<u64, Bytes> {
    league.call(owner(n), &IStaking::setStandingShareCall { bps })
}

/// An operator's share now, and after its last change.
fn share(league: &mut League, operator: u64, zone: u64) -> (u16, u16) {
    let call = IStaking::zoneShareCall {
        operatorId: operator,
        zoneId: zone,
    };
    let share = league.view(&call);
    (share.bps, share.nextBps)
}

fn committee(league: &mut League, zone: u64, epoch: u64) -> Committee {
    let Ok(committee) = zones::committee(&mut league.host, zone, epoch);
    committee.unwrap()
}

/// Operators of a zone, and their slices.
fn slices(league: &mut League, zone: u64, epoch: u64) -> Vec<(u64, u64)> {
    let seats = committee(league, zone, epoch).seats;
    let mut slices: Vec<_> = seats
        .iter()
        .map(|seat| (seat.operator, seat.stake.to()))
        .collect();
    slices.sort_unstable();
    slices
}

#[test]
fn shares_hold_from_the_effective_epoch_on() {
    let mut league = league();
    let all = [(1, 1_000), (2, 1_000), (3, 1_000), (4, 1_000)];
    assert_eq!(slices(&mut league, 1, 0), all);
    assert_eq!(give(&mut league, 1, 1, 300), Ok(1));
    assert_eq!(stand(&mut league, 2, 50), Ok(1));
    assert_eq!(share(&mut league, 1, 1), (100, 300));
    assert_eq!(slices(&mut league, 1, 0), all);
    // Another change before that replaces it.
    assert_eq!(give(&mut league, 1, 1, 200), Ok(1));
    league.enter(1);
    let changed = [(1, 2_000), (2, 500), (3, 1_000), (4, 1_000)];
    assert_eq!(slices(&mut league, 1, 1), changed);
    assert_eq!(slices(&mut league, 2, 1)[..2], [(1, 1_000), (2, 500)]);
    // What held never changes, whatever comes later.
    assert_eq!(give(&mut league, 1, 1, 700), Ok(2));
    league.enter(3);
    assert_eq!(slices(&mut league, 1, 0), all);
    assert_eq!(slices(&mut league, 1, 1), changed);
    assert_eq!(slices(&mut league, 1, 3)[0], (1, 7_000));
    // After the freeze block a change waits one epoch more.
    league.run_to(15);
    assert_eq!(give(&mut league, 1, 1, 0), Ok(5));
}

#[test]
fn changes_are_the_owners_and_meet_what_they_expect() {
    let mut league = league();
    let call = IStaking::setZoneShareCall {
        zoneId: 1,
        bps: 5,
        expectedBps: 99,
    };
    let other = IStaking::OtherShare { bps: 100 };
    assert_reverts(league.call(owner(1), &call), other);
    let zone_id = 3;
    let call = IStaking::setZoneShareCall {
        zoneId: zone_id,
        ..call
    };
    let unknown = IZones::UnknownZone { zoneId: zone_id };
    assert_reverts(league.call(owner(1), &call), unknown);
    assert!(league.call(delegator(1), &call).is_err());
    let call = IStaking::setStandingShareCall { bps: 1 };
    assert!(league.call(delegator(1), &call).is_err());
}

/// As many shares as there can be zones come to a whole at most.
#[test]
fn slices_are_unique() {
    let mut league = league();
    let others = STANDING_SHARE_BPS * (MAX_ZONES - 1);
    let most = 10_000 - others;
    let error = |sum| IStaking::SharesTooHigh { sum, limit: 10_000 };
    assert_reverts(give(&mut league, 1, 1, most as u16 + 1), error(10_001));
    give(&mut league, 1, 1, most as u16).unwrap();
    assert_reverts(give(&mut league, 1, 2, 101), error(10_001));
    let sum = most + 101 * (MAX_ZONES - 1);
    assert_reverts(stand(&mut league, 1, 101), error(sum));
    stand(&mut league, 1, 0).unwrap();
    give(&mut league, 1, 2, (10_000 - most) as u16).unwrap();
    assert_reverts(stand(&mut league, 1, 1), error(10_000 + MAX_ZONES - 2));
    let call = IStaking::standingShareCall { operatorId: 1 };
    let all = league.view(&call);
    assert_eq!(
        (all.bps, all.allocatedBps, all.allocatedZones),
        (0, 10_000, 2)
    );
}

/// Who leaves has no seat; where too few are left, others fill up.
#[test]
fn a_zone_is_never_left_alone() {
    let mut league = register::league_of(5, 100 * SELF_STAKE);
    register::create(&mut league, register::parameters("market", 77)).unwrap();
    give(&mut league, 2, 1, 0).unwrap();
    league.enter(1);
    let operators = |league: &mut League, epoch| {
        let slices = slices(league, 1, epoch);
        slices.iter().map(|slice| slice.0).collect::<Vec<_>>()
    };
    assert_eq!(operators(&mut league, 0), [1, 2, 3, 4, 5]);
    assert_eq!(operators(&mut league, 1), [1, 3, 4, 5]);
    stand(&mut league, 3, 0).unwrap();
    league.enter(2);
    let filled = operators(&mut league, 2);
    assert!([[1, 2, 4, 5], [1, 3, 4, 5]].contains(&filled[..].try_into().unwrap()));
    assert_eq!(slices(&mut league, 1, 2)[1].1, 0);
    // Later changes do not reach back.
    assert_eq!(operators(&mut league, 1), [1, 3, 4, 5]);
}

/// Says who may serve zone 1.
fn rule(league: &mut League, n: u8, rule: IZones::CommitteeRule) -> Result<u64, Bytes> {
    let call = IZones::setCommitteeRuleCall { zoneId: 1, rule };
    register::pay_to(league, ZONES, (owner(n), U256::ZERO), &call)
}

#[test]
fn a_zone_chooses_among_who_is_willing() {
    let mut league = register::league_of(7, 100 * SELF_STAKE);
    let of = IZones::Parameters {
        noticeSeconds: 10,
        ..register::parameters("market", 77)
    };
    register::create(&mut league, of).unwrap();
    let operators = |league: &mut League, epoch| {
        let slices = slices(league, 1, epoch);
        slices.iter().map(|slice| slice.0).collect::<Vec<_>>()
    };
    // Another rule holds for what is fixed after its notice.
    let next = |league: &mut League, of: IZones::CommitteeRule| {
        let starts_at = rule(league, 1, of).unwrap();
        assert_eq!(starts_at, league.now + 10);
        league.now = starts_at;
        let epoch = league.epoch() + 1;
        league.enter(epoch);
        operators(league, epoch)
    };
    // The most stake, within a factor of two, and then by lot.
    give(&mut league, 6, 1, 450).unwrap();
    give(&mut league, 3, 1, 500).unwrap();
    give(&mut league, 5, 1, 40).unwrap();
    let five = next(&mut league, register::rule(5, 0, &[]));
    assert_eq!(operators(&mut league, 0), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(five.len(), 5);
    assert!(
        five.contains(&3) && five.contains(&6) && !five.contains(&5),
        "{five:?}"
    );
    // So much stake at least: 1% of 100,000 is enough, less than half of that is not.
    let enough = next(&mut league, register::rule(0, 1_000, &[]));
    assert_eq!(enough, [1, 2, 3, 4, 6, 7]);
    // Where fewer than four fit, those with the most fill up; also those that a list leaves out.
    let filled = next(&mut league, register::rule(0, 4_000, &[]));
    assert_eq!(filled.len(), 4);
    assert!(filled.contains(&3) && filled.contains(&6), "{filled:?}");
    let listed = next(&mut league, register::rule(0, 0, &[2, 5, 99]));
    assert_eq!(listed.len(), 4);
    assert!(
        [2, 3, 5, 6].iter().all(|id| listed.contains(id)),
        "{listed:?}"
    );
    let list = next(&mut league, register::rule(0, 0, &[1, 2, 5, 7]));
    assert_eq!(list, [1, 2, 5, 7]);
    // The last before its notice is over is the one that counts, and what held never changes.
    rule(&mut league, 1, register::rule(4, 0, &[])).unwrap();
    let six = next(&mut league, register::rule(6, 0, &[]));
    assert_eq!(six.len(), 6);
    let before = league.epoch();
    rule(&mut league, 1, register::rule(4, 0, &[])).unwrap();
    league.enter(before + 1);
    assert_eq!(operators(&mut league, before + 1), six);
    assert_eq!(operators(&mut league, 1), five);
}

#[test]
fn who_may_serve_is_its_creators_to_say_within_bounds() {
    let mut league = league();
    let not_creator = IZones::NotCreator { creator: owner(1) };
    assert_reverts(rule(&mut league, 2, register::rule(0, 0, &[])), not_creator);
    let out_of_bounds = |value| IZones::OutOfBounds {
        parameter: "maxSeats".into(),
        value,
        least: 4,
        most: 128,
    };
    assert_reverts(
        rule(&mut league, 1, register::rule(3, 0, &[])),
        out_of_bounds(3),
    );
    assert_reverts(
        rule(&mut league, 1, register::rule(129, 0, &[])),
        out_of_bounds(129),
    );
    let long: Vec<_> = (0..33).collect();
    for list in [&[2, 1][..], &[1, 1], &long] {
        let invalid = IZones::InvalidList { most: 32 };
        assert_reverts(rule(&mut league, 1, register::rule(0, 0, list)), invalid);
    }
    let set = register::rule(7, 5, &long[..32]);
    let starts_at = league.now + 604_800;
    assert_eq!(rule(&mut league, 1, set.clone()), Ok(starts_at));
    let call = IZones::zoneCall { zoneId: 1 };
    let zone = register::pay_to(&mut league, ZONES, (owner(3), U256::ZERO), &call).unwrap();
    assert_eq!(
        (zone.parameters.committee, zone.committeeSince),
        (set, starts_at)
    );
}

/// Zones that take four of eight operators, who are all alike.
#[test]
fn zones_spread_over_operators() {
    let mut league = register::league_of(8, 100 * SELF_STAKE);
    let mut load = [0; 8];
    for n in 1..=32 {
        let of = register::parameters(&format!("zone-{n}"), 100 + n);
        let committee = register::rule(4, 0, &[]);
        register::create(&mut league, IZones::Parameters { committee, ..of }).unwrap();
        for (operator, _) in slices(&mut league, n, 0) {
            load[operator as usize - 1] += 1;
        }
    }
    assert_eq!(load.iter().sum::<usize>(), 4 * 32);
    // 16 each, on average.
    assert!(load.iter().all(|load| (8..=24).contains(load)), "{load:?}");
}

fn accuse(
    league: &mut League,
    zone: u64,
    epochs: (u64, u64),
    kind: u8,
    of: u64,
) -> Result<u64, Bytes> {
    let (hub, own) = epochs;
    let committee = committee(league, zone, hub);
    let namespace = zone_namespace(league.genesis_hash, zone);
    let call = IStaking::submitZoneEvidenceCall {
        zoneId: zone,
        kind,
        evidence: evidence_in(&namespace, &committee, (kind, own), &key(of)),
    };
    league.call(delegator(19), &call)
}

#[test]
fn a_fault_on_a_zone_costs_the_slice_and_the_seat_there_and_nothing_else() {
    let mut league = register::league_of(5, 100 * SELF_STAKE);
    for (name, chain_id) in [("market", 77), ("grid", 78)] {
        register::create(&mut league, register::parameters(name, chain_id)).unwrap();
    }
    give(&mut league, 1, 1, 2_000).unwrap();
    league.enter(1);
    // A tenth of a fifth.
    let id = accuse(&mut league, 1, (1, 40), 1, 1).unwrap();
    let slash = league.view(&IStaking::slashCall { slashId: id });
    assert_eq!((slash.bps, slash.zoneId, slash.epoch), (200, 1, 1));
    assert_eq!(slash.amount, wei(100 * SELF_STAKE / 50));
    let operator = league.operator(1);
    assert!(operator.willing && operator.offences == 0);
    assert_eq!(share(&mut league, 1, 1), (2_000, 0));
    assert_eq!(share(&mut league, 1, 2), (100, 100));
    league.enter(2);
    assert_eq!(league.members(2), [1, 2, 3, 4, 5]);
    assert_eq!(slices(&mut league, 1, 2)[0].0, 2);
    assert_eq!(slices(&mut league, 2, 2)[0].0, 1);
    league.enter(3);
    assert_eq!(league.settle_slash(id), Ok(wei(100 * SELF_STAKE / 50)));
    league.enter(5);
    assert_eq!(league.members(5), [1, 2, 3, 4, 5]);
    league.check_solvent();
    // It comes back by itself, and answers again for what it does then.
    assert_eq!(give(&mut league, 1, 1, 100), Ok(6));
    league.enter(6);
    assert_eq!(slices(&mut league, 1, 6)[0].0, 1);
    let again = accuse(&mut league, 1, (6, 90), 1, 1).unwrap();
    let slash = league.view(&IStaking::slashCall { slashId: again });
    assert_eq!((slash.bps, slash.epoch), (10, 6));
}

#[test]
fn evidence_from_a_zone_is_taken_once_and_from_there_alone() {
    let mut league = league();
    league.enter(2);
    accuse(&mut league, 1, (2, 40), 0, 1).unwrap();
    // Whatever else it did there before it left: its slice is slashed once.
    for (epoch, kind) in [(40, 2), (41, 0)] {
        let punished = IStaking::AlreadyPunished {
            operatorId: 1,
            epoch: 2,
            slashId: 1,
        };
        assert_reverts(accuse(&mut league, 1, (2, epoch), kind, 1), punished);
    }
    // It cannot come back while that is pending.
    let pending = IStaking::SlashPending {
        slashId: 1,
        operatorId: 1,
        settlesAt: 4,
    };
    assert_reverts(give(&mut league, 1, 1, 100), pending);
    // Another zone, another operator.
    accuse(&mut league, 2, (2, 40), 0, 1).unwrap();
    accuse(&mut league, 1, (2, 40), 0, 2).unwrap();
    // Signed for the hub, or for the other zone.
    let hub = committee(&mut league, 1, 2);
    let genesis_hash = league.genesis_hash;
    for namespace in [namespace(genesis_hash), zone_namespace(genesis_hash, 2)] {
        let call = IStaking::submitZoneEvidenceCall {
            zoneId: 1,
            kind: 0,
            evidence: evidence_in(&namespace, &hub, (0, 2), &key(3)),
        };
        let signer = hub.seats.iter().position(|seat| seat.operator == 3);
        let invalid = IStaking::InvalidSignature {
            epoch: 2,
            signer: signer.unwrap() as u32,
        };
        assert_reverts(league.call(delegator(19), &call), invalid);
    }
    // A zone's evidence is none of the hub's.
    let evidence = evidence_in(&zone_namespace(genesis_hash, 1), &hub, (0, 2), &key(3));
    let call = IStaking::submitEvidenceCall { kind: 0, evidence };
    assert!(league.call(delegator(19), &call).is_err());
}

/// Who lowers its share answers by the former one as long as evidence is taken, and nobody chooses.
#[test]
fn the_largest_share_of_the_window_answers() {
    let mut league = league();
    give(&mut league, 1, 1, 2_000).unwrap();
    league.enter(1);
    give(&mut league, 1, 1, 1).unwrap();
    league.enter(2);
    let mut late = league.clone();
    let id = accuse(&mut league, 1, (2, 9), 1, 1).unwrap();
    let slash = league.view(&IStaking::slashCall { slashId: id });
    assert_eq!((slash.bps, slash.epoch), (200, 1));
    // The window is three epochs.
    late.enter(5);
    let id = accuse(&mut late, 1, (5, 9), 1, 1).unwrap();
    let slash = late.view(&IStaking::slashCall { slashId: id });
    assert_eq!((slash.bps, slash.epoch), (1, 5));
}

/// A seat without a share has nothing that could answer, and takes the place of no other fault.
#[test]
fn who_has_no_share_answers_for_nothing() {
    let mut league = league();
    for n in 1..=4 {
        stand(&mut league, n, 0).unwrap();
    }
    league.enter(5);
    assert_eq!(slices(&mut league, 1, 5)[0], (1, 0));
    let seats = committee(&mut league, 1, 5).seats;
    let signer = seats.iter().position(|seat| seat.operator == 1).unwrap() as u32;
    let unknown = IStaking::UnknownSigner { epoch: 9, signer };
    assert_reverts(accuse(&mut league, 1, (5, 9), 1, 1), unknown);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever operators do: slices never come to more than the stake, in any epoch, and what held does not change.
    #[test]
    fn slices_never_exceed_the_stake(
        changes in prop::collection::vec((0u64..3, 0u16..10_001, 1u64..6), 1..24),
    ) {
        let mut league = league();
        let mut seen: Vec<Vec<(u64, u64)>> = Vec::new();
        for (zone, bps, blocks) in changes {
            let _ = match zone {
                0 => stand(&mut league, 1, bps / 64),
                zone => give(&mut league, 1, zone, bps),
            };
            let next = league.block + blocks;
            league.run_to(next);
            let epoch = league.epoch();
            for epoch in 0..=epoch {
                let now = [1, 2].map(|zone| slices(&mut league, zone, epoch));
                let of_first = |slices: &[(u64, u64)]| {
                    let own = slices.iter().find(|slice| slice.0 == 1);
                    own.map_or(0, |slice| slice.1)
                };
                let sum = of_first(&now[0]) + of_first(&now[1]);
                prop_assert!(U256::from(sum) <= U256::from(100 * SELF_STAKE));
                match seen.get(epoch as usize) {
                    Some(before) => prop_assert_eq!(before, &now.concat()),
                    None => seen.push(now.concat()),
                }
            }
        }
    }
}
