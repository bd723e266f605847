//! Testing a stored bloom for many addresses and topics quickly.

use crate::LogFilter;
use alloy_primitives::{Bloom, BloomInput};

/// The bits that one input sets, as positions in the bloom's bytes.
type Bits = Vec<(u16, u8)>;

/// A filter's groups: a block can hold a match only if each group has one input whose bits are all set.
pub(crate) struct BloomTest(Vec<Vec<Bits>>);

impl BloomTest {
    pub(crate) fn new(filter: &LogFilter) -> Self {
        let addresses: Vec<Bits> = filter
            .addresses
            .iter()
            .map(|a| bits(a.as_slice()))
            .collect();
        let topics = filter
            .topics
            .iter()
            .map(|group| group.iter().map(|topic| bits(topic.as_slice())).collect());
        let groups = std::iter::once(addresses).chain(topics);
        Self(groups.filter(|group| !group.is_empty()).collect())
    }

    pub(crate) fn admits(&self, bloom: &[u8; 256]) -> bool {
        let set = |(byte, mask): &(u16, u8)| bloom[usize::from(*byte)] & mask == *mask;
        self.0
            .iter()
            .all(|group| group.iter().any(|bits| bits.iter().all(set)))
    }
}

fn bits(input: &[u8]) -> Bits {
    let bloom = Bloom::from(BloomInput::Raw(input));
    let bytes = bloom.as_slice().iter().zip(0u16..);
    bytes
        .filter(|(byte, _)| **byte != 0)
        .map(|(byte, position)| (position, *byte))
        .collect()
}
