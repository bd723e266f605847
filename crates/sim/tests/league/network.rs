//! Networks that are slow, lossy or divided.

use crate::{OPERATORS, good_link, league, plan, seeds, twice};
use commonware_glue::simulate::{
    action::{Action, Crash, Schedule},
    property::Property,
    tracker::ProgressTracker,
};
use commonware_p2p::simulated::Link;
use commonware_utils::probability;
use hansa_primitives::PublicKey;
use hansa_sim::{League, Node};
use std::{future::Future, pin::Pin, time::Duration};

#[test]
fn links_are_slow_and_lossy() {
    for seed in seeds() {
        twice(seed, || {
            plan(league(), 20).link(Link {
                latency: Duration::from_millis(120),
                jitter: Duration::from_millis(100),
                success_rate: probability!(0.9),
            })
        });
    }
}

fn cut() -> Link {
    Link {
        success_rate: probability!(0.0),
        ..good_link()
    }
}

/// Cuts every link between the first `size` operators and the others at `from`, and heals all at `to`.
pub(crate) fn divided(
    league: &League,
    size: usize,
    from: Duration,
    to: Duration,
) -> Crash<PublicKey> {
    let keys: Vec<_> = (0..OPERATORS as usize).map(|i| league.key(i)).collect();
    let (left, right) = keys.split_at(size);
    let mut schedule = Schedule::new();
    for (one, other) in left
        .iter()
        .flat_map(|one| right.iter().map(move |other| (one, other)))
    {
        for (from_key, to_key) in [(one, other), (other, one)] {
            let action = Action::UpdateLink {
                from: from_key.clone(),
                to: to_key.clone(),
                link: cut(),
            };
            schedule = schedule.at(from, action);
        }
    }
    Crash::Schedule(schedule.at(to, Action::Heal(good_link())))
}

/// Two and two: no quorum, no block; then everybody goes on.
#[test]
fn a_league_in_two_halves_halts_and_goes_on() {
    for seed in seeds() {
        let (from, to) = (Duration::from_secs(1), Duration::from_secs(9));
        let result = twice(seed, || {
            let league = league();
            let division = divided(&league, 2, from, to);
            plan(league, 30).crash(division).property(Halted {
                from: from + Duration::from_secs(1),
                to,
            })
        });
        assert!(result.scheduled_actions > 8);
    }
}

/// One against three: the three go on, and the one catches up.
#[test]
fn an_operator_that_was_cut_off_catches_up() {
    for seed in seeds() {
        let result = twice(seed, || {
            let league = league();
            let division = divided(
                &league,
                1,
                Duration::from_secs(1),
                Duration::from_millis(4_500),
            );
            plan(league, 30).crash(division)
        });
        assert!(result.scheduled_actions > 6);
    }
}

/// No block between two times, and some before and after.
#[derive(Clone, Copy)]
struct Halted {
    from: Duration,
    to: Duration,
}

impl Property<PublicKey, Node> for Halted {
    fn name(&self) -> &str {
        "halted"
    }

    fn check<'a>(
        &'a self,
        _tracker: &'a ProgressTracker<PublicKey>,
        nodes: &'a [&'a Node],
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async move {
            for node in nodes {
                let times: Vec<_> = (1..=node.height())
                    .filter_map(|number| node.index.header(number).ok().flatten())
                    .map(|(_, header)| Duration::from_millis(header.timestamp_ms))
                    .collect();
                let within = |time: &&Duration| (self.from..self.to).contains(*time);
                let halted = times.iter().filter(within).count() == 0
                    && times.iter().any(|time| *time < self.from)
                    && times.iter().any(|time| *time >= self.to);
                if !halted {
                    return Err(format!("operator {}: blocks at {times:?}", node.operator));
                }
            }
            Ok(())
        })
    }
}
