//! A zone that loses its quorum, and goes on behind a cut.
//!
//! What the hub would record is decided here: some operators stop serving the first zone, one after the other, until it stands; a while later its
//! newest block is the last before the cut, and all of them go on.

use crate::{
    league::{League, zone_partition},
    operator::Setup,
};
use commonware_runtime::{Clock as _, deterministic::Context};
use hansa_index::Index;
use hansa_modules::{staking::Timetable, zones::Reseed};
use hansa_primitives::Genesis;
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};

/// How often an operator looks.
const EVERY: Duration = Duration::from_millis(50);
/// How long the zone has to be silent, and the tasks of a zone have to end.
const SILENCE: Duration = Duration::from_secs(3);

/// Who stops, and what came of it. Clones share it, also across crashes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reseeding {
    /// Operators by place, and the zone's height at which each of them stops.
    stops: Vec<(usize, u64)>,
    known: Arc<Mutex<Vec<Reseed>>>,
}

impl Reseeding {
    pub(crate) fn new(stops: &[(usize, u64)]) -> Self {
        Self {
            stops: stops.to_vec(),
            known: Arc::default(),
        }
    }

    /// Whether anybody stops at all.
    pub(crate) fn is_planned(&self) -> bool {
        !self.stops.is_empty()
    }

    /// Where the zone was cut.
    pub(crate) fn known(&self) -> Vec<Reseed> {
        self.known.lock().clone()
    }

    /// Returns when an operator stops serving the zone.
    pub(crate) async fn until_stopped(&self, context: &Context, operator: usize, index: &Index) {
        let stop = self.stops.iter().find(|(place, _)| *place == operator);
        let Some((_, height)) = stop.filter(|_| self.known().is_empty()) else {
            return std::future::pending().await;
        };
        while self.known().is_empty() && newest(index) < *height {
            context.sleep(EVERY).await;
        }
    }

    /// Returns when the zone is cut anew; decides that it is, once it stands.
    pub(crate) async fn until_cut(&self, context: &Context, setup: &Setup, genesis: &Genesis) {
        let before = self.known().len();
        if self.stops.is_empty() || before > 0 {
            return std::future::pending().await;
        }
        while self.known().len() == before {
            let indexes = indexes(&setup.league, genesis);
            let heads: Vec<_> = indexes.iter().map(newest).collect();
            let stopped = self.stops.iter().all(|(place, at)| heads[*place] >= *at);
            context.sleep(if stopped { SILENCE } else { EVERY }).await;
            let is_first = self.known().len() == before;
            if stopped && is_first && indexes.iter().map(newest).eq(heads) {
                self.cut(&indexes, genesis);
            }
        }
    }

    fn cut(&self, indexes: &[Index], genesis: &Genesis) {
        let ahead = indexes.iter().max_by_key(|index| newest(index));
        let header = ahead.and_then(|index| index.header(newest(index)).ok().flatten());
        let (Some((hash, header)), Some(zone)) = (header, &genesis.zone) else {
            return;
        };
        self.known.lock().push(Reseed {
            cut: Timetable::new(genesis, [])
                .cut_before(header.number + 1, SILENCE.as_millis() as u64),
            seats: zone.committee.clone(),
            parent: hash,
            time: header.timestamp(),
            terms: header.terms,
        });
    }
}

/// Where each operator has the zone.
fn indexes(league: &League, genesis: &Genesis) -> Vec<Index> {
    let of = |operator: usize| {
        let partition = zone_partition(&format!("operator-{operator}"), genesis);
        league.kept(&partition, genesis).index
    };
    (0..league.keys.len()).map(of).collect()
}

fn newest(index: &Index) -> u64 {
    index.head().map_or(0, |(number, _)| number)
}
