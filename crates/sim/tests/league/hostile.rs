//! One operator of four is silent or hostile.

use crate::{league, plan, seeds, twice};
use alloy_primitives::U256;
use hansa_sim::{BODY_LIES, HEADER_LIES, League, Lie, Lies, Role, ZONE_LIES, checks};

const HOSTILE: usize = 3;

#[test]
fn an_operator_is_silent() {
    for seed in seeds() {
        twice(seed, || plan(league().with_role(HOSTILE, Role::Silent), 20));
    }
}

#[test]
fn an_operator_equivocates_and_is_slashed_within_ten_blocks() {
    for seed in seeds() {
        twice(seed, || {
            let slashed = checks::Slashed {
                operator: HOSTILE,
                within: 10,
            };
            plan(league().with_role(HOSTILE, Role::Twins), 48).property(slashed)
        });
    }
}

/// It is honest on the hub, where it keeps its seat. What it did on the zone costs its slice for the zone, once, however often it does it again.
#[test]
fn an_operator_equivocates_on_a_zone_and_loses_its_slice() {
    for seed in seeds() {
        twice(seed, || {
            // What is left of its stake is enough for its seat on the hub.
            let stake = U256::from(40) * U256::from(10u64.pow(18));
            let league = league()
                .with_stake(stake)
                .with_zones(1)
                .with_traffic()
                .with_role(HOSTILE, Role::ZoneTwins);
            let stays = checks::Proposers {
                seated: vec![league.key(HOSTILE)],
                gone: Vec::new(),
                last: 12,
            };
            plan(league, 100)
                .property(checks::ZoneFollows {
                    height: 60,
                    committees: 1,
                })
                .property(checks::ZonesTrade { each: 1 })
                .property(checks::ZoneSlashed {
                    operator: HOSTILE,
                    share: 100,
                })
                .property(stays)
        });
    }
}

/// Every block that the operator proposes is a lie of these, and none of them becomes final.
fn lies(league: impl Fn() -> League + Sync, lies: &[Lie], height: u64) {
    for seed in seeds() {
        let told = Lies::new(lies);
        twice(seed, || {
            let told = told.clone();
            told.forget();
            let league = league().with_role(HOSTILE, Role::Liar(told));
            let nothing = checks::NothingFrom(league.key(HOSTILE));
            plan(league, height).property(nothing)
        });
        assert!(
            told.told() >= lies.len(),
            "only {} lies were told",
            told.told()
        );
    }
}

// Two tests, because each lie takes some views.
#[test]
fn an_operator_proposes_headers_that_are_wrong() {
    lies(league, &HEADER_LIES[..12], 130);
}

#[test]
fn an_operator_proposes_headers_that_are_wrong_in_other_ways() {
    lies(league, &HEADER_LIES[12..], 140);
}

#[test]
fn an_operator_proposes_transactions_that_are_wrong() {
    lies(league, &BODY_LIES, 40);
}

/// It tells the same lies on the hub, where they are others.
#[test]
fn an_operator_proposes_zone_blocks_that_are_wrong() {
    lies(|| league().with_zones(1), &ZONE_LIES, 70);
}
