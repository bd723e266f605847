//! A proposer that lies, for simulations only: not part of a node (feature `test-utils`).

use commonware_cryptography::Digested;
use hansa_primitives::{Block, Header, Inputs, Transaction};
use std::{fmt, sync::Arc};

/// A block that a liar changes. What its parts say of each other is up to the liar too.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Claims.
    pub header: Header,
    /// In the body.
    pub transactions: Vec<Transaction>,
    /// On a zone: what the body takes from the hub.
    pub inputs: Inputs,
}

type Change = dyn Fn(&mut Draft) + Send + Sync;

/// Changes each block between building and proposing it.
#[derive(Clone)]
pub struct Tamper(Arc<Change>);

impl Tamper {
    /// Changes blocks by `change`.
    pub fn new(change: impl Fn(&mut Draft) + Send + Sync + 'static) -> Self {
        Self(Arc::new(change))
    }

    pub(crate) fn apply(&self, block: &Block) -> Digested<Block> {
        let mut draft = Draft {
            header: block.header().clone(),
            transactions: block.transactions().to_vec(),
            inputs: block.inputs().clone(),
        };
        (self.0)(&mut draft);
        let Draft {
            header,
            transactions,
            inputs,
        } = draft;
        let finalization = block.finalization().cloned();
        let block = Block::with(header, transactions, finalization, inputs);
        let digest = hansa_primitives::digest(block.hash());
        Digested::precomputed(block, digest)
    }
}

impl fmt::Debug for Tamper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tamper")
    }
}
