//! When a simulation ends, and what must hold then, whatever happened in it.

mod ending;
mod value;
mod zones;

pub use ending::ZoneEnds;
pub use value::{ValueConserved, ZonesTrade};
pub use zones::{ZoneEnforces, ZoneFollows, ZoneJoined, ZoneReseeded, ZoneSlashed, ZoneUpgrades};

use crate::{Node, warning::BLOCK};
use alloy_primitives::{Address, B256};
use alloy_sol_types::SolEvent;
use commonware_consensus::types::Height;
use commonware_glue::simulate::{
    exit::ExitCondition, property::Property, tracker::ProgressTracker,
};
use hansa_abi::{IGuard, IStaking};
use hansa_primitives::PublicKey;
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, HashSet},
    future::Future,
    pin::Pin,
    sync::Arc,
};

type Verdict<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn honest<'a>(nodes: &'a [&'a Node]) -> impl Iterator<Item = &'a Node> {
    nodes.iter().copied().filter(|node| node.honest)
}

/// All honest operators are up, and have so many blocks and transactions.
#[derive(Clone, Copy, Debug)]
pub struct Reached {
    /// Honest operators.
    pub operators: usize,
    /// Blocks.
    pub height: u64,
    /// Transactions in them.
    pub transactions: usize,
}

impl ExitCondition<PublicKey, Node> for Reached {
    fn name(&self) -> &str {
        "reached"
    }

    fn requires_polling(&self) -> bool {
        true
    }

    fn reached<'a>(
        &'a self,
        _tracker: &'a ProgressTracker<PublicKey>,
        nodes: &'a [&'a Node],
        _target_count: usize,
    ) -> Verdict<'a, bool> {
        Box::pin(async move {
            let there = honest(nodes).filter(|node| {
                node.height() >= self.height
                    && (node.joined || node.included() >= self.transactions)
            });
            Ok(there.count() >= self.operators)
        })
    }
}

/// All honest operators finalized the same blocks, as far as each of them got, without gaps, and
/// each transaction once.
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
    ) -> Verdict<'a, ()> {
        Box::pin(async move {
            let highest = honest(nodes).map(Node::height).max().unwrap_or_default();
            let mut seen = HashSet::new();
            for number in 1..=highest {
                let mut blocks = BTreeMap::new();
                for node in
                    honest(nodes).filter(|node| (node.oldest()..=node.height()).contains(&number))
                {
                    let block = node.index.block(number).map_err(text)?;
                    let block = block.ok_or_else(|| {
                        format!("operator {} has no block {number}", node.operator)
                    })?;
                    blocks.insert(block.hash(), block);
                }
                if blocks.len() != 1 {
                    return Err(format!("{} blocks at height {number}", blocks.len()));
                }
                for transaction in blocks.values().flat_map(|block| block.transactions()) {
                    if !seen.insert(*transaction.tx_hash()) {
                        return Err(format!("{} is included twice", transaction.tx_hash()));
                    }
                }
            }
            Ok(())
        })
    }
}

/// Nothing to check: it takes down which blocks the honest operators ended with, on every chain, to compare runs by.
#[derive(Clone, Debug, Default)]
pub struct Blocks(Arc<Mutex<Hashes>>);

/// Of blocks, oldest first, by operator and chain; the hub is 0.
pub type Hashes = BTreeMap<(usize, usize), Vec<B256>>;

impl Blocks {
    /// What was taken down.
    pub fn taken(&self) -> Hashes {
        self.0.lock().clone()
    }
}

impl Property<PublicKey, Node> for Blocks {
    fn name(&self) -> &str {
        "blocks"
    }

    fn check<'a>(
        &'a self,
        _tracker: &'a ProgressTracker<PublicKey>,
        nodes: &'a [&'a Node],
    ) -> Verdict<'a, ()> {
        Box::pin(async move {
            for node in honest(nodes) {
                let chains = std::iter::once(&node.index).chain(&node.zones);
                for (chain, index) in chains.enumerate() {
                    let newest = index.head().map_or(0, |(number, _)| number);
                    let hashes =
                        (0..=newest).filter_map(|number| index.hash_of(number).transpose());
                    let hashes = hashes.collect::<Result<Vec<_>, _>>().map_err(text)?;
                    self.0.lock().insert((node.operator, chain), hashes);
                }
            }
            Ok(())
        })
    }
}

/// The databases of every honest operator have the root that the chain says, and its archive holds
/// every block that it ever called final.
#[derive(Clone, Copy, Debug)]
pub struct SameState;

impl Property<PublicKey, Node> for SameState {
    fn name(&self) -> &str {
        "same_state"
    }

    fn check<'a>(
        &'a self,
        _tracker: &'a ProgressTracker<PublicKey>,
        nodes: &'a [&'a Node],
    ) -> Verdict<'a, ()> {
        Box::pin(async move {
            let mut roots: BTreeMap<u64, B256> = BTreeMap::new();
            for node in honest(nodes) {
                for number in 1..=node.height() {
                    let header = node.index.header(number).map_err(text)?;
                    roots.extend(header.map(|(_, header)| (number, header.state.root)));
                }
            }
            for node in honest(nodes) {
                let running = node.running.lock().clone();
                let Some(running) = running else {
                    return Err(format!("operator {} does not run", node.operator));
                };
                for number in node.oldest()..=node.height() {
                    let block = running.marshal.get_block(Height::new(number)).await;
                    let hash = block.map(|block| block.inner().hash());
                    if hash != node.index.hash_of(number).map_err(text)? {
                        return Err(format!("operator {} lost block {number}", node.operator));
                    }
                }
                // A block is applied before it is indexed, so the databases may be ahead, and the
                // newest operator's by a block that nobody has indexed.
                let root = B256::from_slice(running.databases.0.read().await.root().as_ref());
                let newest = roots.keys().next_back().copied().unwrap_or_default();
                let known = roots
                    .range(node.height()..)
                    .any(|(_, known)| *known == root);
                if !known && node.height() < newest {
                    return Err(format!("operator {} has another state", node.operator));
                }
            }
            Ok(())
        })
    }
}

/// At least so many transactions are final at every honest operator.
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
    ) -> Verdict<'a, ()> {
        Box::pin(async move {
            for node in honest(nodes).filter(|node| !node.joined) {
                let mut count = 0;
                for number in 1..=node.height() {
                    let block = node.index.block(number).map_err(text)?;
                    count += block.map_or(0, |block| block.transactions().len());
                }
                if count < self.0 {
                    return Err(format!(
                        "operator {} has {count} transactions at height {}, not {}",
                        node.operator,
                        node.height(),
                        self.0
                    ));
                }
            }
            Ok(())
        })
    }
}

/// No block of this operator is final.
#[derive(Clone, Debug)]
pub struct NothingFrom(pub PublicKey);

impl Property<PublicKey, Node> for NothingFrom {
    fn name(&self) -> &str {
        "nothing_from"
    }

    fn check<'a>(
        &'a self,
        _tracker: &'a ProgressTracker<PublicKey>,
        nodes: &'a [&'a Node],
    ) -> Verdict<'a, ()> {
        Box::pin(async move {
            for node in honest(nodes) {
                for index in node.zones.iter().chain([&node.index]) {
                    let height = index.head().map_or(0, |(number, _)| number);
                    for number in 1..=height {
                        let header = index.header(number).map_err(text)?;
                        if header.is_some_and(|(_, header)| *header.proposer() == self.0) {
                            return Err(format!("block {number} should not have passed"));
                        }
                    }
                }
            }
            Ok(())
        })
    }
}

/// A fault of this operator is raised within so many blocks after the view of the fault.
#[derive(Clone, Debug)]
pub struct Slashed {
    /// By place in the genesis.
    pub operator: usize,
    /// Blocks.
    pub within: u64,
}

impl Property<PublicKey, Node> for Slashed {
    fn name(&self) -> &str {
        "slashed"
    }

    fn check<'a>(
        &'a self,
        _tracker: &'a ProgressTracker<PublicKey>,
        nodes: &'a [&'a Node],
    ) -> Verdict<'a, ()> {
        Box::pin(async move {
            for node in honest(nodes) {
                self.check_node(node)?;
            }
            Ok(())
        })
    }
}

impl Slashed {
    fn check_node(&self, node: &Node) -> Result<(), String> {
        let mut fault = None;
        for number in 1..=node.height() {
            let finalized = node.index.finalized(number).map_err(text)?;
            let finalized = finalized.ok_or_else(|| format!("block {number} is missing"))?;
            let logs = finalized.receipts.iter().flat_map(|receipt| &receipt.logs);
            let raised = logs
                .filter_map(|log| IStaking::SlashRaised::decode_log_data(&log.data).ok())
                .find(|event| event.operatorId == self.operator as u64 + 1);
            if let Some(raised) = raised {
                fault = Some((number, raised.epoch, raised.view_));
                break;
            }
        }
        let Some((number, epoch, view)) = fault else {
            return Err(format!(
                "operator {} saw no slash in {} blocks",
                node.operator,
                node.height()
            ));
        };
        // The last block before the fault.
        let mut before = 0;
        for candidate in (1..number).rev() {
            let header = node.index.header(candidate).map_err(text)?;
            let header = header
                .ok_or_else(|| format!("block {candidate} is missing"))?
                .1;
            if (header.epoch(), header.view()) < (epoch, view) {
                before = candidate;
                break;
            }
        }
        if number > before + self.within {
            return Err(format!(
                "a fault after block {before} was raised in block {number}"
            ));
        }
        Ok(())
    }
}

/// Operators that began with the state of their peers have no block up to a height, and say so.
#[derive(Clone, Copy, Debug)]
pub struct Joined {
    /// The height.
    pub after: u64,
}

impl Property<PublicKey, Node> for Joined {
    fn name(&self) -> &str {
        "joined"
    }

    fn check<'a>(
        &'a self,
        _tracker: &'a ProgressTracker<PublicKey>,
        nodes: &'a [&'a Node],
    ) -> Verdict<'a, ()> {
        Box::pin(async move {
            for node in honest(nodes).filter(|node| node.joined) {
                let (operator, oldest) = (node.operator, node.oldest());
                if oldest <= self.after {
                    return Err(format!("operator {operator} executed block {oldest}"));
                }
                if node.index.block(self.after).map_err(text)?.is_some() {
                    return Err(format!("operator {operator} has an older block"));
                }
            }
            Ok(())
        })
    }
}

/// Who proposes in the end: these do, and those do not, in the last so many blocks.
#[derive(Clone, Debug)]
pub struct Proposers {
    /// Who has a seat.
    pub seated: Vec<PublicKey>,
    /// Who has none any more.
    pub gone: Vec<PublicKey>,
    /// Blocks at the end that are looked at.
    pub last: u64,
}

impl Property<PublicKey, Node> for Proposers {
    fn name(&self) -> &str {
        "proposers"
    }

    fn check<'a>(
        &'a self,
        _tracker: &'a ProgressTracker<PublicKey>,
        nodes: &'a [&'a Node],
    ) -> Verdict<'a, ()> {
        Box::pin(async move {
            for node in honest(nodes) {
                let mut proposers = HashSet::new();
                let height = node.height();
                for number in height.saturating_sub(self.last) + 1..=height {
                    let header = node.index.header(number).map_err(text)?;
                    proposers.extend(header.map(|(_, header)| header.proposer().clone()));
                }
                if let Some(absent) = self.seated.iter().find(|key| !proposers.contains(key)) {
                    return Err(format!("{absent} proposed nothing up to block {height}"));
                }
                if let Some(present) = self.gone.iter().find(|key| proposers.contains(key)) {
                    return Err(format!("{present} still proposes before block {height}"));
                }
            }
            Ok(())
        })
    }
}

/// Payments to an address pass before a directive on it and after, and in no block between.
#[derive(Clone, Copy, Debug)]
pub struct Enforced(pub Address);

impl Property<PublicKey, Node> for Enforced {
    fn name(&self) -> &str {
        "enforced"
    }

    fn check<'a>(
        &'a self,
        _tracker: &'a ProgressTracker<PublicKey>,
        nodes: &'a [&'a Node],
    ) -> Verdict<'a, ()> {
        Box::pin(async move {
            for node in honest(nodes) {
                self.check_node(node)?;
            }
            Ok(())
        })
    }
}

impl Enforced {
    fn check_node(&self, node: &Node) -> Result<(), String> {
        let (mut before, mut after, mut quiet) = (0, 0, 0);
        let mut until = None;
        for number in 1..=node.height() {
            let finalized = node.index.finalized(number).map_err(text)?;
            let finalized = finalized.ok_or_else(|| format!("block {number} is missing"))?;
            let payments = finalized
                .block
                .transactions()
                .iter()
                .filter(|transaction| {
                    alloy_consensus::Transaction::to(*transaction) == Some(self.0)
                })
                .count();
            match until {
                None => before += payments,
                Some(until) if finalized.block.header().timestamp() < until => {
                    quiet += 1;
                    if payments > 0 {
                        return Err(format!("block {number} pays a blocked address"));
                    }
                }
                Some(_) => after += payments,
            }
            let issued = finalized
                .receipts
                .iter()
                .flat_map(|receipt| &receipt.logs)
                .filter_map(|log| IGuard::DirectiveIssued::decode_log_data(&log.data).ok())
                .find(|event| event.target == self.0 && event.action == BLOCK);
            until = until.or(issued.map(|event| event.until));
        }
        if before == 0 || quiet == 0 || after == 0 {
            return Err(format!(
                "operator {}: {before} payments before, {quiet} blocks under the directive, {after} payments after",
                node.operator
            ));
        }
        Ok(())
    }
}
