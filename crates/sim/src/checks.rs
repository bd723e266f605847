//! What must hold at the end of a simulation, whatever happened in it.

use crate::Node;
use commonware_glue::simulate::{property::Property, tracker::ProgressTracker};
use hansa_primitives::PublicKey;
use std::{collections::HashSet, future::Future, pin::Pin};

type Verdict<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// All operators finalized the same blocks, as far as each of them got, without gaps, and each
/// transaction once.
#[derive(Clone, Copy, Debug)]
pub struct SameChain;

impl Property<PublicKey, Node> for SameChain {
    fn name(&self) -> &str {
        "same_chain"
    }

    fn check<'a>(
        &'a self,
        _tracker: &'a ProgressTracker<PublicKey>,
        nodes: &'a [&'a Node],
    ) -> Verdict<'a> {
        Box::pin(async move {
            let height = |node: &Node| node.index.head().map_or(0, |(number, _)| number);
            let lowest = nodes
                .iter()
                .map(|node| height(node))
                .min()
                .unwrap_or_default();
            for number in 1..=lowest {
                let mut hashes = HashSet::new();
                for node in nodes {
                    let hash = node
                        .index
                        .hash_of(number)
                        .map_err(|error| error.to_string())?;
                    hashes.insert(hash.ok_or(format!("block {number} is missing"))?);
                }
                if hashes.len() != 1 {
                    return Err(format!("{} blocks at height {number}", hashes.len()));
                }
            }
            let mut seen = HashSet::new();
            for number in 1..=lowest {
                let block = nodes[0]
                    .index
                    .block(number)
                    .map_err(|error| error.to_string())?;
                for transaction in block.iter().flat_map(|block| block.transactions()) {
                    if !seen.insert(*transaction.tx_hash()) {
                        return Err(format!("{} is included twice", transaction.tx_hash()));
                    }
                }
            }
            Ok(())
        })
    }
}

/// At least so many transactions are final at every operator.
#[derive(Clone, Copy, Debug)]
pub struct Included(pub usize);

impl Property<PublicKey, Node> for Included {
    fn name(&self) -> &str {
        "included"
    }

    fn check<'a>(
        &'a self,
        _tracker: &'a ProgressTracker<PublicKey>,
        nodes: &'a [&'a Node],
    ) -> Verdict<'a> {
        Box::pin(async move {
            for (operator, node) in nodes.iter().enumerate() {
                let (head, _) = node.index.head().unwrap_or_default();
                let mut count = 0;
                for number in 1..=head {
                    let block = node
                        .index
                        .block(number)
                        .map_err(|error| error.to_string())?;
                    count += block.map_or(0, |block| block.transactions().len());
                }
                if count < self.0 {
                    return Err(format!(
                        "operator {operator} has {count} transactions at height {head}, not {}",
                        self.0
                    ));
                }
            }
            Ok(())
        })
    }
}
