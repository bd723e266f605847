//! Operators that begin with the state of their peers.

use crate::{OPERATORS, good_link, plan, seeds, twice};
use commonware_glue::simulate::{
    action::{Action, Crash, Schedule},
    plan::PlanBuilder,
};
use commonware_p2p::simulated::Link;
use hansa_sim::{Churn, League, Load, checks};
use std::time::Duration;

const NEW: usize = OPERATORS as usize;
/// When a league whose load was short has passed two epochs.
const IDLE: Duration = Duration::from_secs(60);
/// When one whose load goes on has passed several.
const BUSY: Duration = Duration::from_secs(20);

/// Five, of whom the last has no seat and an empty disk. Once it runs, it takes the state from its peers, registers and gets a seat.
fn league(load: Load) -> League {
    league_without(load, &[])
}

/// The same, which these operators leave.
fn league_without(load: Load, leaves: &[usize]) -> League {
    let churn = Churn {
        joins: vec![NEW],
        leaves: leaves.to_vec(),
        height: 5,
    };
    League::new(OPERATORS + 1, load)
        .with_churn(churn)
        .with_joining(NEW)
}

/// The last begins at `start`, when two epochs have passed, and crashes after each of these times.
fn joining(league: League, mut start: Duration, crashes: &[Duration]) -> PlanBuilder<League> {
    let key = league.key(NEW);
    // Off before it has heard of anybody.
    let off = Schedule::new().at(Duration::from_millis(1), Action::Crash(key.clone()));
    let mut schedule = off.at(start, Action::Restart(key.clone()));
    for crash in crashes {
        start += *crash;
        schedule = schedule.at(start, Action::Crash(key.clone()));
        start += Duration::from_secs(1);
        schedule = schedule.at(start, Action::Restart(key.clone()));
    }
    plan(league, 96)
        .property(checks::Joined { after: 24 })
        .crash(Crash::Schedule(schedule))
}

/// It proposes, after a few epochs.
fn seated(league: &League) -> checks::Proposers {
    checks::Proposers {
        seated: vec![league.key(NEW)],
        gone: vec![],
        last: 84,
    }
}

#[test]
fn a_new_operator_takes_the_state_from_its_peers() {
    for seed in seeds() {
        let result = twice(seed, || {
            let league = league(Load::default());
            let seated = seated(&league);
            joining(league, IDLE, &[]).property(seated)
        });
        assert_eq!(result.crashes, 1);
    }
}

/// Wherever it is when it crashes, also before the state is there, it goes on.
#[test]
fn a_new_operator_crashes_while_it_joins() {
    for seed in seeds() {
        // From the first question to the last operation.
        let crashes = [10, 30, 50, 70, 90, 110, 130, 150, 1_000].map(Duration::from_millis);
        let result = twice(seed, || {
            let league = league(Load::default());
            let seated = seated(&league);
            joining(league, IDLE, &crashes).property(seated)
        });
        assert_eq!(result.crashes, 1 + crashes.len() as u64);
    }
}

/// It takes a zone's state from its peers as well, and whom to believe there from its hub.
#[test]
fn a_new_operator_takes_the_state_of_a_zone() {
    for seed in seeds() {
        twice(seed, || {
            // So that all of the hub's four serve the zone.
            let league = league_without(Load::default(), &[0]).with_zones(1);
            let seated = seated(&league);
            joining(league, IDLE, &[])
                .property(seated)
                .property(checks::ZoneFollows {
                    height: 60,
                    committees: 1,
                })
                .property(checks::ZoneJoined { after: 24 })
        });
    }
}

/// So far away that epochs end while it syncs: it learns of committees that it has not seen fixed.
#[test]
fn a_new_operator_far_away_joins_across_epochs() {
    // Under load a league makes many blocks.
    for seed in seeds() {
        twice(seed, || {
            let load = Load {
                batch: 1,
                rounds: 110,
                ..Load::default()
            };
            let league = league(load);
            let key = league.key(NEW);
            let others = (0..NEW).map(|other| league.key(other));
            let ways =
                others.flat_map(|other| [(key.clone(), other.clone()), (other, key.clone())]);
            let far = Link {
                latency: Duration::from_millis(900),
                ..good_link()
            };
            let links = ways.fold(Schedule::new(), |schedule, (from, to)| {
                let link = far.clone();
                schedule.at(
                    Duration::from_millis(1),
                    Action::UpdateLink { from, to, link },
                )
            });
            joining(league, BUSY, &[]).crash(Crash::Schedule(links))
        });
    }
}
