//! What a chain's blocks cost this node.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// What executing a chain's blocks has cost since it was started here: those that it proposed, and those of others. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Effort(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    nanoseconds: AtomicU64,
    gas: AtomicU64,
}

impl Effort {
    /// Executes, and counts how long that takes.
    pub(crate) fn spend<T>(&self, execute: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let result = execute();
        let nanoseconds = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.0.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
        result
    }

    pub(crate) fn add_gas(&self, gas: u64) {
        self.0.gas.fetch_add(gas, Ordering::Relaxed);
    }

    /// Time in which a thread executed, or waited for what it read.
    pub fn executing(&self) -> Duration {
        Duration::from_nanos(self.0.nanoseconds.load(Ordering::Relaxed))
    }

    /// Gas that was used up by that.
    pub fn gas(&self) -> u64 {
        self.0.gas.load(Ordering::Relaxed)
    }
}
