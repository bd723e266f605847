//! Finalized blocks as the server reads them.

use alloy_primitives::{Address, B256, Bloom, BloomInput, Log};
use alloy_rpc_types_eth::Filter;
use hansa_primitives::{Block, Receipt};
use std::sync::Arc;
use thiserror::Error;

/// A block that is final, with what its execution gave.
#[derive(Clone, Debug)]
pub struct FinalizedBlock {
    /// Header and body.
    pub block: Block,
    /// One receipt per transaction.
    pub receipts: Vec<Receipt>,
    /// One sender per transaction.
    pub senders: Vec<Address>,
}

/// The store of blocks failed; the cause is for the log.
#[derive(Clone, Debug, Error)]
#[error("block store: {0}")]
pub struct ChainError(pub String);

/// Why a logs query has no answer.
#[derive(Clone, Debug, Error)]
pub enum LogsError {
    /// More matches than the caller takes.
    #[error("more than {0} results")]
    TooMany(usize),
    /// The store failed.
    #[error(transparent)]
    Chain(#[from] ChainError),
}

/// A log and where it is.
#[derive(Clone, Debug)]
pub struct FoundLog {
    /// Its block.
    pub block_number: u64,
    /// Hash of its block.
    pub block_hash: B256,
    /// Whole seconds.
    pub block_timestamp: u64,
    /// Its transaction.
    pub transaction_hash: B256,
    /// Position of the transaction in its block.
    pub transaction_index: u64,
    /// Position of the log in its block.
    pub log_index: u64,
    /// Address, topics and data.
    pub log: Log,
}

/// Reads finalized blocks. Reads block the calling thread for at most a few disk reads.
pub trait ChainReader: Send + Sync + 'static {
    /// The newest block.
    fn head(&self) -> Result<Arc<FinalizedBlock>, ChainError>;
    /// A block by number.
    fn block(&self, number: u64) -> Result<Option<Arc<FinalizedBlock>>, ChainError>;
    /// A block's number by its hash.
    fn number(&self, hash: B256) -> Result<Option<u64>, ChainError>;
    /// Block and position of a transaction.
    fn transaction(&self, hash: B256) -> Result<Option<(u64, usize)>, ChainError>;
    /// Logs of blocks `from..=to` that match addresses and topics of `filter`.
    fn logs(
        &self,
        filter: &Filter,
        from: u64,
        to: u64,
        max: usize,
    ) -> Result<Vec<FoundLog>, LogsError>;
}

impl FinalizedBlock {
    /// The logs of this block that match addresses and topics of `filter`.
    pub fn logs<'a>(&'a self, filter: &'a Filter) -> impl Iterator<Item = FoundLog> + 'a {
        let header = self.block.header();
        let hit = may_match(filter, &header.logs_bloom);
        let transactions = self.block.transactions();
        let mut log_index = 0u64;
        self.receipts
            .iter()
            .zip(transactions)
            .enumerate()
            .filter(move |_| hit)
            .flat_map(move |(index, (receipt, transaction))| {
                let first = log_index;
                log_index += receipt.logs.len() as u64;
                let hash = *transaction.tx_hash();
                receipt
                    .logs
                    .iter()
                    .enumerate()
                    .filter(|(_, log)| matches(filter, log))
                    .map(move |(position, log)| FoundLog {
                        block_number: header.number,
                        block_hash: self.block.hash(),
                        block_timestamp: header.timestamp(),
                        transaction_hash: hash,
                        transaction_index: index as u64,
                        log_index: first + position as u64,
                        log: log.clone(),
                    })
            })
    }
}

/// Address and topics of one log.
pub(crate) fn matches(filter: &Filter, log: &Log) -> bool {
    if !filter.address.is_empty() && !filter.address.contains(&log.address) {
        return false;
    }
    filter.topics.iter().enumerate().all(|(index, wanted)| {
        wanted.is_empty()
            || log
                .topics()
                .get(index)
                .is_some_and(|topic| wanted.contains(topic))
    })
}

fn may_match(filter: &Filter, bloom: &Bloom) -> bool {
    let has = |raw: &[u8]| bloom.contains_input(BloomInput::Raw(raw));
    (filter.address.is_empty() || filter.address.iter().any(|address| has(address.as_slice())))
        && filter
            .topics
            .iter()
            .all(|wanted| wanted.is_empty() || wanted.iter().any(|topic| has(topic.as_slice())))
}
