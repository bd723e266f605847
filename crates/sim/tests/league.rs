//! Whole leagues, run twice per seed.

use commonware_glue::simulate::{
    action::Crash,
    engine::EngineDefinition,
    exit::ProcessedHeightAtLeast,
    plan::{PlanBuilder, PlanResult},
};
use hansa_sim::{League, Load, checks};
use std::time::Duration;

/// Seeds to run: `HANSA_SIM_SEEDS` of them (default 2), from `HANSA_SIM_SEED_BASE` on (default 0).
fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str, default: u64| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let base = number("HANSA_SIM_SEED_BASE", 0);
    base..base + number("HANSA_SIM_SEEDS", 2)
}

/// Runs a plan twice per seed: both runs must end in the same state.
fn twice(
    build: impl Fn(League) -> PlanBuilder<League>,
    load: Load,
    operators: u32,
) -> Vec<PlanResult<League>> {
    seeds()
        .map(|seed| {
            let run = || {
                let league = League::new(operators, load);
                let mut results = build(league).seed(seed).run().unwrap();
                results.remove(0)
            };
            let (first, second) = (run(), run());
            assert_eq!(
                first.state, second.state,
                "seed {seed} is not deterministic"
            );
            first
        })
        .collect()
}

#[test]
fn a_league_finalizes_all_that_is_offered() {
    let load = Load::default();
    let offered = League::new(4, load).offered();
    twice(
        |league| {
            PlanBuilder::new(league)
                .exit_condition(ProcessedHeightAtLeast::new(120))
                .timeout(Duration::from_secs(600))
                .property(checks::SameChain)
                .property(checks::Included(offered))
        },
        load,
        4,
    );
}

#[test]
fn operators_crash_and_come_back() {
    let load = Load::default();
    let offered = League::new(4, load).offered();
    let results = twice(
        |league| {
            PlanBuilder::new(league)
                .crash(Crash::Random {
                    frequency: Duration::from_secs(4),
                    downtime: Duration::from_secs(2),
                    count: 1,
                })
                .exit_condition(ProcessedHeightAtLeast::new(160))
                .timeout(Duration::from_secs(600))
                .property(checks::SameChain)
                .property(checks::Included(offered))
        },
        load,
        4,
    );
    assert!(results.iter().all(|result| result.crashes > 0));
}

#[test]
fn the_definition_names_its_channels() {
    assert_eq!(League::new(4, Load::default()).channels().len(), 7);
}
