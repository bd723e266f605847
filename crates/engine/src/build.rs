//! Executing a block on its parent's state: the one function that proposer and verifiers share.

use alloy_consensus::Transaction as _;
use alloy_primitives::Address;
use hansa_abi::STAKING;
use hansa_evm::{
    BlockExecutor, BlockOutcome, BlockParams, ChainRules, Closing, ExecutionError, InvalidTx,
    Refusal,
};
use hansa_mempool::PooledTransaction;
use hansa_primitives::{Block, Inputs, MAX_BLOCK_BYTES, MAX_BLOCK_TRANSACTIONS, Transaction};
use hansa_state::{BridgeDb, Cancelled, Prefetch};
use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

/// What a transaction uses at least.
const MIN_TRANSACTION_GAS: u64 = 21_000;

/// The transactions that a block could take, best first. Not by their gas limits: a block counts what is used,
/// and a limit that is not used costs its sender nothing.
pub(crate) fn select(
    best: impl Iterator<Item = Arc<PooledTransaction>>,
    gas_limit: u64,
) -> Vec<Arc<PooledTransaction>> {
    let count = usize::try_from(gas_limit / MIN_TRANSACTION_GAS).unwrap_or(usize::MAX);
    let mut bytes = 0usize;
    best.take(count.min(MAX_BLOCK_TRANSACTIONS))
        .take_while(|candidate| {
            bytes += candidate.size;
            bytes <= MAX_BLOCK_BYTES
        })
        .collect()
}

/// What executing `transactions` will surely read.
pub(crate) fn prefetch<'a>(
    transactions: impl Iterator<Item = (&'a Transaction, Address)>,
    params: &BlockParams,
    rules: &ChainRules,
) -> Prefetch {
    let mut prefetch = Prefetch {
        accounts: vec![params.beneficiary, rules.treasury, STAKING],
        storage: Vec::new(),
    };
    if params.number == 1 {
        // One by one, a hundred thousand accounts of a genesis would take longer than a leader has.
        for (address, account) in &rules.genesis.alloc {
            prefetch.accounts.push(*address);
            let slots = account.storage.keys();
            prefetch
                .storage
                .extend(slots.map(|slot| (*address, (*slot).into())));
        }
    }
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

/// How long a proposer goes on.
pub(crate) struct Patience {
    pub(crate) cancelled: Cancelled,
    pub(crate) start: Instant,
    pub(crate) build_time: Option<Duration>,
}

impl Patience {
    pub(crate) fn new(cancelled: Cancelled, build_time: Option<Duration>) -> Self {
        Self {
            cancelled,
            start: Instant::now(),
            build_time,
        }
    }

    /// Whether a block with `built` transactions ends. It takes one at least: a chain whose every block is
    /// empty would stand.
    pub(crate) fn ends(&self, built: usize) -> bool {
        self.cancelled.get() || built > 0 && self.is_late()
    }

    /// Whether the view was lost while the first transaction ran. The next leader would lose it likewise.
    pub(crate) fn is_outlasted(&self, built: usize) -> bool {
        built == 0 && self.cancelled.get() && self.is_late()
    }

    fn is_late(&self) -> bool {
        self.build_time
            .is_some_and(|limit| self.start.elapsed() >= limit)
    }
}

/// Executes as many of `candidates` as fit, while `patience` lasts; tells `outlasted` of the one that it did not
/// last for.
pub(crate) fn propose(
    rules: ChainRules,
    (params, inputs): (BlockParams, Inputs),
    db: BridgeDb,
    candidates: Vec<Arc<PooledTransaction>>,
    closing: &Closing,
    patience: &Patience,
    outlasted: impl Fn(&PooledTransaction),
) -> Result<Built, ExecutionError> {
    let mut executor = BlockExecutor::with_inputs(rules, params, inputs, db)?;
    let mut built = Vec::new();
    let mut dropped = Vec::new();
    let mut stuck: HashSet<Address> = HashSet::new();
    for candidate in candidates {
        if patience.ends(built.len()) {
            break;
        }
        if stuck.contains(&candidate.sender) || executor.bytes() + candidate.size > MAX_BLOCK_BYTES
        {
            stuck.insert(candidate.sender);
            continue;
        }
        let result = executor.execute(&candidate.transaction, candidate.sender);
        if patience.is_outlasted(built.len()) {
            outlasted(&candidate);
        }
        match result {
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
        outcome: executor.finish(closing)?,
        dropped,
    })
}

/// Executes exactly the block's transactions; `None` when one of them makes it invalid.
pub(crate) fn process(
    rules: ChainRules,
    params: BlockParams,
    db: BridgeDb,
    block: &Block,
    senders: &[Address],
) -> Result<Option<BlockOutcome>, ExecutionError> {
    let cancelled = db.cancelled();
    let mut executor = BlockExecutor::with_inputs(rules, params, block.inputs().clone(), db)?;
    for (transaction, sender) in block.transactions().iter().zip(senders) {
        if cancelled.get() {
            return Err(ExecutionError::State("nobody waits any more".to_owned()));
        }
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
    executor.finish(&Closing::from(block)).map(Some)
}
