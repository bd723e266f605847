//! A chain's epochs, as consensus asks for them.

use commonware_consensus::types::{self, Epoch, EpochInfo, Height};
use hansa_modules::staking::Timetable;

/// Says which epoch a height belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Epocher(pub(crate) Timetable);

impl Epocher {
    /// The epoch that comes after one which this chain has; cuts leave numbers out.
    pub(crate) fn next(&self, epoch: Epoch) -> Epoch {
        let last = types::Epocher::last(self, epoch);
        let next = last.and_then(|last| types::Epocher::containing(self, last.next()));
        // Heights that overflow are millions of years away.
        next.map_or_else(|| epoch.next(), |next| next.epoch())
    }

    /// The epoch that came before one which this chain has.
    pub(crate) fn previous(&self, epoch: Epoch) -> Option<Epoch> {
        let before = types::Epocher::first(self, epoch)?.previous()?;
        Some(types::Epocher::containing(self, before)?.epoch())
    }

    /// Whether an epoch was cut: its last block hands over to nobody.
    pub(crate) fn is_cut(&self, epoch: Epoch) -> bool {
        let last = types::Epocher::last(self, epoch);
        last.is_some_and(|last| self.0.cut_at(last.next().get()).is_some())
    }
}

impl types::Epocher for Epocher {
    fn containing(&self, height: Height) -> Option<EpochInfo> {
        let epoch = self.0.epoch_of(height.get());
        let blocks = self.0.blocks(epoch)?;
        let (first, last) = blocks.into_inner();
        let [first, last] = [first, last].map(Height::new);
        Some(EpochInfo::new(Epoch::new(epoch), height, first, last))
    }

    fn first(&self, epoch: Epoch) -> Option<Height> {
        let blocks = self.0.blocks(epoch.get())?;
        Some(Height::new(*blocks.start()))
    }

    fn last(&self, epoch: Epoch) -> Option<Height> {
        let blocks = self.0.blocks(epoch.get())?;
        Some(Height::new(*blocks.end()))
    }
}
