//! How long blocks take to become final, as this node sees them: over the last hour, minute by minute.
//!
//! A block's time is its timestamp, which its proposer sets; the end is when this node has it stored. Both clocks are in it. Blocks
//! that came more than [`MAX_LAG_MS`] late are not counted, nor are those from before this node was started: then it was catching up. Milliseconds; quantiles are exact to an eighth.

use crate::method::{Method, handler};
use alloy_primitives::U64;
use hansa_index::FinalizedBlock;
use hansa_primitives::genesis_timestamp_ms as now_ms;
use parking_lot::Mutex;
use serde::Serialize;
use std::{collections::VecDeque, sync::Arc};
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// Minutes that are kept, the present one among them.
const MINUTES: usize = 60;
const MINUTE_MS: u64 = 60_000;
/// Later than this is not finality but catching up.
const MAX_LAG_MS: u64 = 65_535;
/// Below it each number has a place of its own; above, each power of two has eight.
const EXACT: u64 = 16;
const PLACES: usize = 16 + 12 * 8;

pub(crate) const METHODS: &[Method] = &[Method::new(
    "hansa_finality",
    "How long blocks took from their timestamp to being final on this node, over the last hour.",
    &[],
    "Finality",
    handler!(node, _args => node.finality.shown(now_ms())),
)];

/// Times of one chain.
#[derive(Default)]
pub(crate) struct Finality(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    newest: Option<(u64, u64)>,
    /// Oldest first.
    minutes: VecDeque<(u64, Times)>,
}

/// How many were how long.
#[derive(Clone)]
struct Times {
    places: [u32; PLACES],
    count: u64,
    most: u64,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            places: [0; PLACES],
            count: 0,
            most: 0,
        }
    }
}

fn place(ms: u64) -> usize {
    if ms < EXACT {
        return ms as usize;
    }
    let power = ms.ilog2();
    let eighth = (ms >> (power - 3)) & 7;
    EXACT as usize + (power as usize - 4) * 8 + eighth as usize
}

/// The middle of what a place stands for.
fn middle(place: usize) -> u64 {
    let above = place as u64;
    if above < EXACT {
        return above;
    }
    let (power, eighth) = ((above - EXACT) / 8 + 4, (above - EXACT) % 8);
    let width = 1 << (power - 3);
    (8 + eighth) * width + width / 2
}

impl Times {
    fn add(&mut self, ms: u64) {
        self.places[place(ms)] += 1;
        self.count += 1;
        self.most = self.most.max(ms);
    }

    fn merge(&mut self, other: &Self) {
        for (sum, more) in self.places.iter_mut().zip(&other.places) {
            *sum += more;
        }
        self.count += other.count;
        self.most = self.most.max(other.most);
    }

    /// The time that so many of a hundred do not exceed.
    fn quantile(&self, percent: u64) -> u64 {
        let wanted = (self.count * percent).div_ceil(100).max(1);
        let mut sum = 0;
        let at = self.places.iter().position(|count| {
            sum += u64::from(*count);
            sum >= wanted
        });
        at.map_or(0, middle).min(self.most)
    }

    fn shown(&self) -> Option<Quantiles> {
        (self.count > 0).then(|| Quantiles {
            count: self.count,
            p50_ms: self.quantile(50),
            p90_ms: self.quantile(90),
            p99_ms: self.quantile(99),
            max_ms: self.most,
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shown {
    newest: Option<Newest>,
    hour: Option<Quantiles>,
    minutes: Vec<Minute>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Newest {
    block_number: U64,
    ms: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Quantiles {
    count: u64,
    p50_ms: u64,
    p90_ms: u64,
    p99_ms: u64,
    max_ms: u64,
}

#[derive(Serialize)]
struct Minute {
    at: u64,
    #[serde(flatten)]
    times: Quantiles,
}

impl Finality {
    /// Takes note of each block until the chain ends.
    pub(crate) async fn watch(self: Arc<Self>, mut blocks: Receiver<Arc<FinalizedBlock>>) {
        let began = now_ms();
        loop {
            match blocks.recv().await {
                // Older ones were made while this node was away.
                Ok(block) if block.block.header().timestamp_ms >= began => {
                    let header = block.block.header();
                    self.note(header.number, header.timestamp_ms, now_ms());
                }
                Ok(_) => {}
                // Blocks that come so fast are old ones.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn note(&self, number: u64, timestamp_ms: u64, now_ms: u64) {
        // A proposer's clock can be a little ahead of this one.
        let lag = now_ms.saturating_sub(timestamp_ms);
        if lag > MAX_LAG_MS {
            return;
        }
        let minute = now_ms / MINUTE_MS;
        let mut seen = self.0.lock();
        seen.newest = Some((number, lag));
        // This clock can be set back: then the newest minute takes more.
        if seen.minutes.back().is_none_or(|(last, _)| *last < minute) {
            seen.minutes.push_back((minute, Times::default()));
        }
        if seen.minutes.len() > MINUTES {
            seen.minutes.pop_front();
        }
        if let Some((_, times)) = seen.minutes.back_mut() {
            times.add(lag);
        }
    }

    fn shown(&self, now_ms: u64) -> Shown {
        let since = (now_ms / MINUTE_MS).saturating_sub(MINUTES as u64 - 1);
        let seen = self.0.lock();
        let young = seen.minutes.iter().filter(|(minute, _)| *minute >= since);
        let mut hour = Times::default();
        let mut minutes = Vec::new();
        for (minute, times) in young {
            hour.merge(times);
            let at = minute * MINUTE_MS / 1_000;
            minutes.extend(times.shown().map(|times| Minute { at, times }));
        }
        Shown {
            newest: seen.newest.map(|(number, ms)| Newest {
                block_number: U64::from(number),
                ms,
            }),
            hour: hour.shown(),
            minutes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_has_a_place_and_its_middle_is_within_an_eighth() {
        let mut last = 0;
        for ms in 0..=MAX_LAG_MS {
            let at = place(ms);
            assert!(at < PLACES && (at == last || at == last + 1), "{ms}");
            last = at;
            assert!(middle(at).abs_diff(ms) * 8 <= ms, "{ms}: {}", middle(at));
        }
        assert_eq!(last, PLACES - 1);
    }

    #[test]
    fn an_hour_is_kept_by_minutes_and_what_is_older_goes() {
        let finality = Finality::default();
        let begin = 1_000 * MINUTE_MS;
        for minute in 0..70 {
            let now = begin + minute * MINUTE_MS;
            // Of a hundred, 98 took 100 ms and two took 3 s.
            for block in 0..100 {
                let lag = if block < 98 { 100 } else { 3_000 };
                finality.note(minute, now - lag, now);
            }
        }
        let now = begin + 69 * MINUTE_MS;
        let shown = finality.shown(now);
        assert_eq!(shown.minutes.len(), MINUTES);
        assert_eq!(shown.minutes[0].at, (1_000 + 10) * 60);
        let hour = shown.hour.unwrap();
        assert_eq!((hour.count, hour.max_ms), (6_000, 3_000));
        assert!(hour.p50_ms.abs_diff(100) <= 12 && hour.p90_ms.abs_diff(100) <= 12);
        assert!(hour.p99_ms.abs_diff(3_000) <= 375);
        // Nothing for an hour: nothing to show but what was last.
        let later = finality.shown(now + 60 * MINUTE_MS);
        assert!(later.hour.is_none() && later.minutes.is_empty());
        assert!(later.newest.is_some());
    }

    #[test]
    fn blocks_that_this_node_catches_up_with_do_not_count_and_clocks_may_differ() {
        let finality = Finality::default();
        let now = 1_000 * MINUTE_MS;
        finality.note(1, now - MAX_LAG_MS - 1, now);
        assert!(finality.shown(now).newest.is_none());
        finality.note(2, now - MAX_LAG_MS, now);
        finality.note(3, now + 50, now);
        // Set back.
        finality.note(4, now - MINUTE_MS, now - MINUTE_MS);
        let shown = finality.shown(now);
        let hour = shown.hour.unwrap();
        assert_eq!((hour.count, hour.max_ms), (3, MAX_LAG_MS));
        assert_eq!(shown.minutes.len(), 1);
        assert_eq!(shown.newest.unwrap().ms, 0);
    }
}
