//! Operators that crash, and disks that fail.

use crate::{OPERATORS, league, plan, seeds, twice};
use commonware_glue::simulate::action::{Action, Crash, Schedule};
use commonware_runtime::deterministic::{FaultConfig, PartialWriteMode, WriteConfig};
use commonware_utils::probability;
use hansa_sim::{League, Load};
use std::time::Duration;

#[test]
fn each_operator_crashes_in_turn() {
    for seed in seeds() {
        let result = twice(seed, || {
            let league = league();
            let keys: Vec<_> = (0..OPERATORS as usize).map(|i| league.key(i)).collect();
            keys.into_iter().zip([1u64, 6, 12, 20]).fold(
                plan(league, 40),
                |plan, (participant, height)| {
                    plan.crash(Crash::ProcessedHeight {
                        participant,
                        heights: height..=u64::MAX,
                        downtime: Duration::from_millis(700),
                    })
                },
            )
        });
        assert_eq!(result.crashes, u64::from(OPERATORS));
    }
}

#[test]
fn random_operators_crash_again_and_again() {
    for seed in seeds() {
        let result = twice(seed, || {
            plan(league(), 40).crash(Crash::Random {
                frequency: Duration::from_millis(1_500),
                downtime: Duration::from_millis(600),
                count: 1,
            })
        });
        assert!(result.crashes > 0);
    }
}

/// Nobody is left who remembers: what was finalized and what was accepted comes from disks alone.
#[test]
fn all_operators_crash_at_once() {
    for seed in seeds() {
        let result = twice(seed, || {
            let league = league();
            let mut schedule = Schedule::new();
            for (crash, restart) in [(900, 1_500), (2_600, 2_601)] {
                for operator in 0..OPERATORS as usize {
                    let key = league.key(operator);
                    schedule = schedule.at(Duration::from_millis(crash), Action::Crash(key));
                }
                for operator in 0..OPERATORS as usize {
                    let key = league.key(operator);
                    schedule = schedule.at(Duration::from_millis(restart), Action::Restart(key));
                }
            }
            plan(league, 30).crash(Crash::Schedule(schedule))
        });
        assert_eq!(result.crashes, 2 * u64::from(OPERATORS));
    }
}

/// Disks fail for a while, torn writes included. An operator may stop then, but it must not go on with
/// wrong state, and after a restart on a healthy disk it is as before.
#[test]
fn disks_fail_for_a_while() {
    for seed in seeds() {
        let result = twice(seed, || {
            // A journal that could not be written kept nothing: users offer again.
            let load = Load {
                journaled: false,
                ..Load::default()
            };
            let league = League::new(OPERATORS, load);
            let faults = FaultConfig::default()
                .write(WriteConfig {
                    failure_rate: probability!(0.02),
                    retention_rate: probability!(0.5),
                    mode: PartialWriteMode::Prefix,
                })
                .sync(probability!(0.02))
                .read(probability!(0.01));
            let mut schedule = Schedule::new()
                .at(Duration::from_millis(800), Action::SetStorageFault(faults))
                .at(
                    Duration::from_millis(2_000),
                    Action::SetStorageFault(FaultConfig::default()),
                );
            for operator in 0..OPERATORS as usize {
                let key = league.key(operator);
                schedule = schedule.at(Duration::from_millis(2_100), Action::Crash(key));
            }
            for operator in 0..OPERATORS as usize {
                let key = league.key(operator);
                schedule = schedule.at(Duration::from_millis(2_600), Action::Restart(key));
            }
            plan(league, 30).crash(Crash::Schedule(schedule))
        });
        assert_eq!(result.crashes, u64::from(OPERATORS));
    }
}
