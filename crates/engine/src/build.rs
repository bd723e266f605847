//! Executing a block on its parent's state: the one function that proposer and verifiers share.

use alloy_consensus::Transaction as _;
use alloy_primitives::Address;
use hansa_evm::{
    BlockExecutor, BlockOutcome, BlockParams, ChainRules, ExecutionError, InvalidTx, Refusal,
};
use hansa_mempool::PooledTransaction;
use hansa_primitives::{MAX_BLOCK_BYTES, MAX_BLOCK_TRANSACTIONS, Transaction};
use hansa_state::{BridgeDb, Prefetch};
use std::{collections::HashSet, sync::Arc, time::Duration};

/// A proposer looks at transactions whose gas limits sum up to this many times the block's.
const GAS_LOOKAHEAD: u64 = 2;

/// The transactions that a block could take, best first, within the block's limits.
pub(crate) fn select(
    best: impl Iterator<Item = Arc<PooledTransaction>>,
    gas_limit: u64,
) -> Vec<Arc<PooledTransaction>> {
    let mut gas = 0u64;
    let mut bytes = 0usize;
    let budget = gas_limit.saturating_mul(GAS_LOOKAHEAD);
    best.take_while(|candidate| {
        gas = gas.saturating_add(candidate.transaction.gas_limit());
        bytes += candidate.size;
        gas <= budget && bytes <= MAX_BLOCK_BYTES
    })
    .take(MAX_BLOCK_TRANSACTIONS)
    .collect()
}

/// What executing `transactions` will surely read.
pub(crate) fn prefetch<'a>(
    transactions: impl Iterator<Item = (&'a Transaction, Address)>,
    params: &BlockParams,
    rules: &ChainRules,
) -> Prefetch {
    let mut prefetch = Prefetch {
        accounts: vec![params.beneficiary, rules.treasury],
        storage: Vec::new(),
    };
    for (transaction, sender) in transactions {
        prefetch.accounts.push(sender);
        prefetch.accounts.extend(transaction.to());
        for item in transaction
            .access_list()
            .into_iter()
            .flat_map(|list| &list.0)
        {
            prefetch.accounts.push(item.address);
            let slots = item.storage_keys.iter();
            prefetch
                .storage
                .extend(slots.map(|slot| (item.address, (*slot).into())));
        }
    }
    prefetch
}

/// What a proposer built.
pub(crate) struct Built {
    pub(crate) transactions: Vec<Transaction>,
    pub(crate) senders: Vec<Address>,
    pub(crate) outcome: BlockOutcome,
    /// Candidates that no block on this state can take.
    pub(crate) dropped: Vec<(Arc<PooledTransaction>, InvalidTx)>,
}

/// Whether a proposer that took `built` transactions in `elapsed` ends its block. It takes one at least: a
/// chain whose every block is empty would stand.
pub(crate) fn is_late(built: usize, elapsed: Duration, build_time: Option<Duration>) -> bool {
    built > 0 && build_time.is_some_and(|limit| elapsed >= limit)
}

/// Executes as many of `candidates` as fit, until `stop` says so of the number taken.
pub(crate) fn propose(
    rules: ChainRules,
    params: BlockParams,
    db: BridgeDb,
    candidates: Vec<Arc<PooledTransaction>>,
    stop: impl Fn(usize) -> bool,
) -> Result<Built, ExecutionError> {
    let mut executor = BlockExecutor::new(rules, params, db)?;
    let mut built = Vec::new();
    let mut dropped = Vec::new();
    let mut stuck: HashSet<Address> = HashSet::new();
    for candidate in candidates {
        if stop(built.len()) {
            break;
        }
        if stuck.contains(&candidate.sender) || executor.bytes() + candidate.size > MAX_BLOCK_BYTES
        {
            stuck.insert(candidate.sender);
            continue;
        }
        match executor.execute(&candidate.transaction, candidate.sender) {
            Ok(_) => built.push(candidate),
            Err(Refusal::BlockFull { .. }) => {
                stuck.insert(candidate.sender);
            }
            Err(Refusal::Invalid(reason)) => {
                stuck.insert(candidate.sender);
                dropped.push((candidate, reason));
            }
            Err(Refusal::Fatal(error)) => return Err(error),
        }
    }
    Ok(Built {
        senders: built.iter().map(|pooled| pooled.sender).collect(),
        transactions: built
            .into_iter()
            .map(|pooled| pooled.transaction.clone())
            .collect(),
        outcome: executor.finish()?,
        dropped,
    })
}

/// Executes exactly the block's transactions; `None` when one of them makes it invalid.
pub(crate) fn process(
    rules: ChainRules,
    params: BlockParams,
    db: BridgeDb,
    transactions: &[Transaction],
    senders: &[Address],
) -> Result<Option<BlockOutcome>, ExecutionError> {
    let mut executor = BlockExecutor::new(rules, params, db)?;
    for (transaction, sender) in transactions.iter().zip(senders) {
        match executor.execute(transaction, *sender) {
            Ok(_) => {}
            Err(Refusal::Fatal(error)) => return Err(error),
            Err(refusal) => {
                let hash = transaction.tx_hash();
                tracing::warn!(%hash, %refusal, "a block holds a transaction that it must not");
                return Ok(None);
            }
        }
    }
    executor.finish().map(Some)
}
