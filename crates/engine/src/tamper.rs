//! A proposer that lies, for simulations only: not part of a node (feature `test-utils`).

use commonware_cryptography::Digested;
use hansa_primitives::{Block, Header, Transaction};
use std::{fmt, sync::Arc};

type Change = dyn Fn(&mut Header, &mut Vec<Transaction>) + Send + Sync;

/// Changes each block between building and proposing it.
#[derive(Clone)]
pub struct Tamper(Arc<Change>);

impl Tamper {
    /// Changes header and body by `change`. What the header says about the body is up to `change` too.
    pub fn new(
        change: impl Fn(&mut Header, &mut Vec<Transaction>) + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(change))
    }

    pub(crate) fn apply(&self, block: &Block) -> Digested<Block> {
        let mut header = block.header().clone();
        let mut transactions = block.transactions().to_vec();
        (self.0)(&mut header, &mut transactions);
        let block = Block::with(
            header,
            transactions,
            block.finalization().cloned(),
            block.inputs().clone(),
        );
        let digest = hansa_primitives::digest(block.hash());
        Digested::precomputed(block, digest)
    }
}

impl fmt::Debug for Tamper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tamper")
    }
}
