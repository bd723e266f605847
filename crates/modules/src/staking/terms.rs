//! Shares that change at an epoch.

use super::clock::Clock;

/// A share that changes at an epoch: evidence asks what held at the fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) before: u64,
    pub(super) now: u64,
    pub(super) since: u64,
}

impl Terms {
    pub(super) const fn constant(bps: u64) -> Self {
        Self {
            before: bps,
            now: bps,
            since: 0,
        }
    }

    /// What holds in an epoch.
    pub(super) const fn at(&self, epoch: u64) -> u64 {
        if epoch >= self.since {
            self.now
        } else {
            self.before
        }
    }

    /// The most that holds in any epoch from this one on.
    pub(super) const fn largest_from(&self, epoch: u64) -> u64 {
        let first = self.at(epoch);
        if first > self.now { first } else { self.now }
    }

    /// Terms with another share: a lower one holds from the effective epoch on, a higher one once delegators had
    /// time to leave.
    ///
    /// # Errors
    /// While the last change is within reach of evidence, the epoch from which another one is possible.
    pub(super) const fn change(&self, clock: &Clock, bps: u64) -> Result<Self, u64> {
        let free_at = self
            .since
            .saturating_add(clock.windows.evidence)
            .saturating_add(1);
        if self.before != self.now && clock.epoch < free_at {
            return Err(free_at);
        }
        let since = if bps > self.now {
            clock.raise_at()
        } else {
            clock.effective
        };
        Ok(Self {
            before: self.now,
            now: bps,
            since,
        })
    }

    pub(super) const fn encode(self) -> u64 {
        self.before | self.now << 16 | self.since << 32
    }

    pub(super) const fn decode(limb: u64) -> Self {
        Self {
            before: limb & 0xffff,
            now: limb >> 16 & 0xffff,
            since: limb >> 32,
        }
    }
}
