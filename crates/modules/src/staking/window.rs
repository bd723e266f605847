//! A set of epochs that lie close to each other, in one word.

use alloy_primitives::U256;

/// How far apart the epochs of one set can lie.
pub(super) const SPAN: u64 = 192;

/// A set of epochs: a start (bits 0..64), and a bit for each of the [`SPAN`] epochs from there on (64..256).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
    start: u64,
    bits: U256,
}

impl Window {
    pub(super) fn decode(word: U256) -> Self {
        Self {
            start: word.as_limbs()[0],
            bits: word >> 64usize,
        }
    }

    pub(super) fn encode(self) -> U256 {
        if self.bits.is_zero() {
            return U256::ZERO;
        }
        self.bits << 64usize | U256::from(self.start)
    }

    /// The epochs, ascending.
    pub(super) fn epochs(self) -> impl Iterator<Item = u64> {
        (0..self.bits.bit_len())
            .filter(move |bit| self.bits.bit(*bit))
            .map(move |bit| self.start + bit as u64)
    }

    /// Adds an epoch. When that does not fit, epochs before `floor` are forgotten; false when it does not fit even
    /// so, and then nothing has changed.
    #[must_use]
    pub(super) fn insert(&mut self, epoch: u64, floor: u64) -> bool {
        let mut kept: Vec<u64> = self.epochs().collect();
        let spans = |epochs: &[u64]| {
            let least = epochs.first().map_or(epoch, |first| epoch.min(*first));
            let most = epochs.last().map_or(epoch, |last| epoch.max(*last));
            (least, most - least < SPAN)
        };
        if !spans(&kept).1 {
            kept.retain(|kept| *kept >= floor);
        }
        let (start, fits) = spans(&kept);
        if !fits {
            return false;
        }
        let bits = kept.into_iter().chain([epoch]);
        self.bits = bits.fold(U256::ZERO, |bits, epoch| {
            bits | U256::ONE << (epoch - start)
        });
        self.start = start;
        true
    }

    pub(super) fn remove(&mut self, epoch: u64) {
        if let Some(bit) = epoch.checked_sub(self.start)
            && bit < SPAN
        {
            self.bits.set_bit(bit as usize, false);
        }
    }
}
