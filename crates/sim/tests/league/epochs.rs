//! Committees that change while the chain runs.

use crate::{OPERATORS, plan, seeds, twice};
use commonware_glue::simulate::action::{Action, Crash, Schedule};
use hansa_sim::{Churn, League, Load, checks};
use std::time::Duration;

/// Five run, four of them have seats.
fn league(churn: Churn) -> League {
    League::new(OPERATORS + 1, Load::default()).with_churn(churn)
}

const NEW: usize = OPERATORS as usize;

fn join_and_leave() -> Churn {
    Churn {
        joins: vec![NEW],
        leaves: vec![0],
        height: 5,
    }
}

/// The committee of the third epoch at the latest is the new one.
fn changed(league: &League) -> checks::Proposers {
    checks::Proposers {
        seated: vec![league.key(NEW)],
        gone: vec![league.key(0)],
        last: 36,
    }
}

#[test]
fn an_operator_joins_and_another_one_leaves() {
    for seed in seeds() {
        twice(seed, || {
            let league = league(join_and_leave());
            let proposers = changed(&league);
            plan(league, 84).property(proposers)
        });
    }
}

/// As many as may leave in one epoch exit and are gone at once: the others go on.
#[test]
fn a_third_of_the_operators_leave_at_once() {
    for seed in seeds() {
        twice(seed, || {
            let churn = Churn {
                leaves: vec![0, 1],
                height: 3,
                ..Churn::default()
            };
            let league = League::new(7, Load::default()).with_churn(churn);
            let proposers = checks::Proposers {
                seated: vec![league.key(2)],
                gone: vec![league.key(0), league.key(1)],
                last: 36,
            };
            plan(league, 72).property(proposers)
        });
    }
}

/// Each of the first crashes somewhere in the hand-over, and one does again and again.
#[test]
fn operators_crash_while_the_committee_changes() {
    for seed in seeds() {
        let result = twice(seed, || {
            let league = league(join_and_leave());
            let proposers = changed(&league);
            let keys: Vec<_> = (0..=NEW).map(|operator| league.key(operator)).collect();
            // The last blocks of the first epochs, one after the other.
            let heights = [8, 9, 10, 11, 23];
            let crashes = keys.into_iter().zip(heights);
            crashes.fold(
                plan(league, 84).property(proposers),
                |plan, (participant, height)| {
                    plan.crash(Crash::ProcessedHeight {
                        participant,
                        heights: height..=u64::MAX,
                        downtime: Duration::from_millis(500),
                    })
                },
            )
        });
        assert_eq!(result.crashes, u64::from(OPERATORS) + 1);
    }
}

/// One who was away for many epochs finds its way back from boundary to boundary.
#[test]
fn an_operator_returns_after_many_epochs() {
    for seed in seeds() {
        let result = twice(seed, || {
            let league = League::new(OPERATORS, Load::default());
            let key = league.key(2);
            let schedule = Schedule::new()
                .at(Duration::from_millis(1_500), Action::Crash(key.clone()))
                .at(Duration::from_secs(90), Action::Restart(key));
            plan(league, 84).crash(Crash::Schedule(schedule))
        });
        assert_eq!(result.crashes, 1);
    }
}
