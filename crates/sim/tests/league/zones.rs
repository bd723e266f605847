//! A zone beside its hub: it takes from there what it has to, and nothing else.

use crate::{OPERATORS, network::divided, plan, seeds, twice};
use alloy_primitives::Address;
use commonware_glue::simulate::{action::Crash, plan::PlanBuilder};
use hansa_sim::{Churn, League, Load, Warning, checks};
use std::time::Duration;

const TARGET: Address = Address::repeat_byte(0xbd);

/// One operator joins, and the first leaves.
fn churn() -> Churn {
    Churn {
        joins: vec![OPERATORS as usize],
        leaves: vec![0],
        height: 5,
    }
}

/// Members warn each other on the hub, while somebody pays the address on both chains.
fn warned() -> PlanBuilder<League> {
    let load = Load {
        rounds: 2,
        every: Duration::from_millis(100),
        ..Load::default()
    };
    let league = League::new(OPERATORS, load)
        .with_warning(Warning::new(TARGET, 6))
        .with_zones(1);
    plan(league, 40)
        .property(checks::ZoneEnforces(TARGET))
        .property(checks::ZoneFollows {
            height: 30,
            committees: 1,
        })
}

#[test]
fn a_zone_enforces_what_its_hub_decided() {
    for seed in seeds() {
        twice(seed, warned);
    }
}

#[test]
fn operators_of_a_zone_crash_again_and_again() {
    for seed in seeds() {
        let result = twice(seed, || {
            let league = League::new(OPERATORS, Load::default()).with_zones(1);
            plan(league, 40)
                .crash(Crash::Random {
                    frequency: Duration::from_millis(1_500),
                    downtime: Duration::from_millis(600),
                    count: 1,
                })
                .property(checks::ZoneFollows {
                    height: 10,
                    committees: 1,
                })
        });
        assert!(result.crashes > 0);
    }
}

/// The hub's operators change; the zone's follow, at the ends of its own epochs.
#[test]
fn a_zone_changes_its_operators_with_the_hub() {
    for seed in seeds() {
        twice(seed, || {
            let league = League::new(OPERATORS + 1, Load::default())
                .with_churn(churn())
                .with_zones(1);
            plan(league, 84).property(checks::ZoneFollows {
                height: 40,
                committees: 2,
            })
        });
    }
}

/// Two zones that send to each other and to the hub all the time.
fn trading() -> League {
    League::new(OPERATORS, Load::default())
        .with_zones(2)
        .with_traffic()
}

fn traded(league: League, height: u64, each: usize) -> PlanBuilder<League> {
    plan(league, height)
        .property(checks::ZoneFollows {
            height: 10,
            committees: 1,
        })
        .property(checks::ZonesTrade { each })
}

#[test]
fn ether_and_messages_go_between_all_chains() {
    for seed in seeds() {
        twice(seed, || traded(trading(), 40, 1));
    }
}

/// Two and two: no chain goes on without its quorum, and what was under way arrives afterwards, once.
#[test]
fn messages_survive_a_division() {
    let second = Duration::from_secs(1);
    for seed in seeds() {
        let result = twice(seed, || {
            let league = trading();
            let division = divided(&league, 2, 2 * second, 6 * second);
            traded(league, 50, 1).crash(division)
        });
        assert!(result.scheduled_actions > 6);
    }
}

/// What a zone keeps to changes while operators crash and messages are under way.
#[test]
fn a_zone_is_upgraded() {
    for seed in seeds() {
        let result = twice(seed, || {
            traded(trading(), 90, 1)
                .property(checks::ZoneUpgrades)
                .crash(Crash::Random {
                    frequency: Duration::from_millis(3_000),
                    downtime: Duration::from_millis(600),
                    count: 1,
                })
        });
        assert!(result.crashes > 0);
    }
}

/// Everybody sends to it and from it until it ends, and goes on with the other zone.
fn ending() -> PlanBuilder<League> {
    traded(trading().with_ending(), 140, 1).property(checks::ZoneEnds)
}

#[test]
fn a_zone_ends_and_the_other_one_goes_on() {
    for seed in seeds() {
        twice(seed, ending);
    }
}

/// One of them is away when the zone stops, and takes its last blocks from the others.
#[test]
fn an_operator_crashes_while_a_zone_ends() {
    for seed in seeds() {
        let result = twice(seed, || {
            ending().crash(Crash::ProcessedHeight {
                participant: trading().key(2),
                heights: 60..=u64::MAX,
                downtime: Duration::from_secs(5),
            })
        });
        assert_eq!(result.crashes, 1);
    }
}

/// The hub's operators change while messages are under way.
#[test]
fn messages_survive_a_change_of_operators() {
    for seed in seeds() {
        twice(seed, || {
            let league = League::new(OPERATORS + 1, Load::default())
                .with_churn(churn())
                .with_zones(2)
                .with_traffic();
            traded(league, 50, 1)
        });
    }
}

/// One operator stops early and another later: the zone stands, its hub goes on. All of them go on behind a cut, and the first has to catch up
/// across it.
fn reseeded(height: u64) -> PlanBuilder<League> {
    let league = League::new(OPERATORS, Load::default())
        .with_zones(1)
        .with_reseeding(&[(1, 8), (2, 17)]);
    plan(league, height).property(checks::ZoneFollows {
        height: 40,
        committees: 1,
    })
}

#[test]
fn a_zone_that_stood_goes_on_behind_a_cut() {
    for seed in seeds() {
        twice(seed, || {
            reseeded(70).property(checks::ZoneReseeded { epochs: 1 })
        });
    }
}

#[test]
fn operators_crash_while_a_zone_is_reseeded() {
    for seed in seeds() {
        let result = twice(seed, || {
            reseeded(70)
                .property(checks::ZoneReseeded { epochs: 1 })
                .crash(Crash::Random {
                    frequency: Duration::from_millis(1_500),
                    downtime: Duration::from_millis(600),
                    count: 1,
                })
        });
        assert!(result.crashes > 0);
    }
}
