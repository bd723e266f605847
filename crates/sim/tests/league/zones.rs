//! A zone beside its hub: it takes from there what it has to, and nothing else.

use crate::{OPERATORS, plan, seeds, twice};
use alloy_primitives::Address;
use commonware_glue::simulate::{action::Crash, plan::PlanBuilder};
use hansa_sim::{Churn, League, Load, Warning, checks};
use std::time::Duration;

const TARGET: Address = Address::repeat_byte(0xbd);

/// Members warn each other on the hub, while somebody pays the address on both chains.
fn warned() -> PlanBuilder<League> {
    let load = Load {
        rounds: 2,
        every: Duration::from_millis(100),
        ..Load::default()
    };
    let league = League::new(OPERATORS, load)
        .with_warning(Warning::new(TARGET, 6))
        .with_zone();
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
            let league = League::new(OPERATORS, Load::default()).with_zone();
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
            let churn = Churn {
                joins: vec![OPERATORS as usize],
                leaves: vec![0],
                height: 5,
            };
            let league = League::new(OPERATORS + 1, Load::default())
                .with_churn(churn)
                .with_zone();
            plan(league, 84).property(checks::ZoneFollows {
                height: 40,
                committees: 2,
            })
        });
    }
}
