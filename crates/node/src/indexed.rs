//! Blocks of a chain by its index, whose every block is executed, for its zones and its courier.

use hansa_engine::{HubBlock, HubBlocks, ZoneBlocks};
use hansa_index::Index;
use hansa_primitives::{Header, Receipt};
use std::sync::Arc;

/// A chain's index.
pub(crate) struct Indexed(pub(crate) Index);

impl HubBlocks for Indexed {
    fn newest(&self) -> Option<HubBlock> {
        let (number, _) = self.0.head()?;
        self.at(number)
    }

    fn at(&self, number: u64) -> Option<HubBlock> {
        let header = self.0.header(number).ok().flatten();
        header.map(|(_, header)| HubBlock::from(&header))
    }
}

impl ZoneBlocks for Indexed {
    fn oldest(&self) -> Option<u64> {
        self.0.oldest()
    }

    fn newest(&self) -> Option<Header> {
        let (number, _) = self.0.head()?;
        self.header(number)
    }

    fn header(&self, number: u64) -> Option<Header> {
        let header = self.0.header(number).ok().flatten();
        header.map(|(_, header)| header)
    }

    fn receipts(&self, number: u64) -> Option<Arc<Vec<Receipt>>> {
        self.0.receipts(number).ok().flatten()
    }
}
