//! Whole leagues, run twice per seed.
//!
//! `HANSA_SIM_SEEDS` says how many seeds (one unless told: `make sim` and `make soak` run more), `HANSA_SIM_SEED_BASE` which is the first.

mod crashes;
mod epochs;
mod guard;
mod hostile;
mod joining;
mod network;
mod zones;

use commonware_glue::simulate::{
    engine::EngineDefinition,
    plan::{PlanBuilder, PlanResult},
};
use commonware_p2p::simulated::Link;
use commonware_utils::probability;
use hansa_sim::{League, Load, checks};
use std::time::Duration;

const OPERATORS: u32 = 4;

/// Seeds to run.
fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str, default: u64| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let base = number("HANSA_SIM_SEED_BASE", 0);
    base..base + number("HANSA_SIM_SEEDS", 1)
}

/// Stack of a node's threads, which simulations have on a thread of tests: unoptimized, state sync needs more than that has.
const STACK_BYTES: usize = 8 << 20;

/// Runs a plan twice for one seed: every operator must end with the same blocks on every chain, and the runtime must have done the same in the same
/// order. Where operators crash, the order cannot be asked for: a muxer that ends wakes those who read from it in the order of a hash map
/// (`Routes` of commonware-p2p), and that is the order in which they then end.
fn twice(seed: u64, plan: impl Fn() -> PlanBuilder<League> + Sync) -> PlanResult<League> {
    let run = || {
        std::thread::scope(|scope| {
            let blocks = checks::Blocks::default();
            let property = blocks.clone();
            let run = || {
                plan()
                    .property(property)
                    .seed(seed)
                    .run()
                    .unwrap()
                    .remove(0)
            };
            let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
            let running = thread.spawn_scoped(scope, run).unwrap();
            (running.join().unwrap(), blocks.taken())
        })
    };
    let ((first, blocks), (second, again)) = (run(), run());
    assert!(!blocks.is_empty());
    let differs = blocks.iter().find_map(|(of, hashes)| {
        let others = again.get(of)?;
        let same = hashes
            .iter()
            .zip(others)
            .take_while(|(one, other)| one == other)
            .count();
        (hashes != others).then_some((of, same, hashes.len(), others.len()))
    });
    assert_eq!(
        differs, None,
        "seed {seed} makes other blocks each time: operator and chain, first that differs, and how many there are"
    );
    assert_eq!(blocks.len(), again.len());
    assert_eq!(first.crashes, second.crashes);
    if first.crashes == 0 {
        assert_eq!(
            first.state, second.state,
            "seed {seed} is not deterministic"
        );
    }
    first
}

/// What every run ends with: all honest operators have `height` blocks and everything that was
/// offered, they have the same blocks, and the same state, and no ether was lost or made between
/// the hub and its zones.
fn plan(league: League, height: u64) -> PlanBuilder<League> {
    let offered = league.offered();
    let reached = checks::Reached {
        operators: league.honest(),
        height,
        transactions: offered,
    };
    PlanBuilder::new(league)
        .exit_condition(reached)
        .timeout(Duration::from_secs(600))
        .property(checks::SameChain)
        .property(checks::SameState)
        .property(checks::ValueConserved)
        .property(checks::Included(offered))
}

fn league() -> League {
    League::new(OPERATORS, Load::default())
}

/// A link like the harness' own.
fn good_link() -> Link {
    Link {
        latency: Duration::from_millis(10),
        jitter: Duration::from_millis(5),
        success_rate: probability!(1.0),
    }
}

#[test]
fn a_league_finalizes_all_that_is_offered() {
    for seed in seeds() {
        let result = twice(seed, || plan(league(), 30));
        assert_eq!(result.crashes, 0);
    }
}

#[test]
fn one_operator_alone_is_a_league() {
    for seed in seeds() {
        twice(seed, || plan(League::new(1, Load::default()), 20));
    }
}

#[test]
fn other_seeds_are_other_runs() {
    let run = |seed| plan(league(), 5).seed(seed).run().unwrap().remove(0).state;
    assert_ne!(run(0), run(1));
}

#[test]
fn the_definition_names_its_channels() {
    assert_eq!(league().channels().len(), 9);
}
