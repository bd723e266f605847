//! Finalized blocks as the server reads them: the index, and the genesis block before it.

use crate::{
    deadline::Deadline,
    errors::{CallResult, Fault, HISTORY_UNAVAILABLE},
};
use alloy_primitives::{Address, B256, Bloom, BloomInput};
use alloy_rpc_types_eth::Filter;
use hansa_index::{
    AddressPage, FinalizedBlock, Index, IndexError, Located, LocatedLog, LogFilter, LogLimits,
};
use hansa_primitives::{Block, Header};

/// Reads of the chain. Each blocks its thread for at most a few disk reads, [`Chain::logs`] for
/// more.
pub(crate) struct Chain {
    index: Index,
    genesis: FinalizedBlock,
}

impl From<IndexError> for Fault {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::TooOld { .. } => Self::new(HISTORY_UNAVAILABLE, error.to_string()),
            IndexError::InvalidRange { .. } => Self::server(error.to_string()),
            other => Self::internal(other),
        }
    }
}

impl Chain {
    pub(crate) fn new(index: Index, genesis: Block) -> Self {
        Self {
            index,
            genesis: FinalizedBlock {
                block: genesis,
                receipts: Default::default(),
                senders: Default::default(),
            },
        }
    }

    /// Number of the newest block.
    pub(crate) fn head_number(&self) -> u64 {
        self.index.head().map_or(0, |(number, _)| number)
    }

    /// The newest block.
    pub(crate) fn head(&self) -> CallResult<FinalizedBlock> {
        let missing = || Fault::internal("the index has lost its head");
        self.block(self.head_number())?.ok_or_else(missing)
    }

    /// The oldest block after the genesis block: 1, unless this node joined from state.
    pub(crate) fn oldest(&self) -> u64 {
        self.index.oldest().unwrap_or_default().max(1)
    }

    /// Refuses what is older than that: it exists, though not here.
    fn is_kept(&self, number: u64) -> CallResult<()> {
        let oldest = self.oldest();
        if number < oldest {
            return Err(IndexError::TooOld { number, oldest }.into());
        }
        Ok(())
    }

    /// A block by number.
    pub(crate) fn block(&self, number: u64) -> CallResult<Option<FinalizedBlock>> {
        if number == 0 {
            return Ok(Some(self.genesis.clone()));
        }
        self.is_kept(number)?;
        Ok(self.index.finalized(number)?)
    }

    /// A block's hash and header.
    pub(crate) fn header(&self, number: u64) -> CallResult<Option<(B256, Header)>> {
        if number == 0 {
            let block = &self.genesis.block;
            return Ok(Some((block.hash(), block.header().clone())));
        }
        self.is_kept(number)?;
        Ok(self.index.header(number)?)
    }

    /// A block's number by its hash.
    pub(crate) fn number(&self, hash: B256) -> CallResult<Option<u64>> {
        if hash == self.genesis.block.hash() {
            return Ok(Some(0));
        }
        Ok(self.index.number_of(&hash)?)
    }

    /// A finalized transaction.
    pub(crate) fn transaction(&self, hash: B256) -> CallResult<Option<Located>> {
        Ok(self.index.transaction(&hash)?)
    }

    /// A finalized transaction by its place.
    pub(crate) fn transaction_at(&self, number: u64, index: u32) -> CallResult<Option<Located>> {
        if number == 0 {
            return Ok(None);
        }
        self.is_kept(number)?;
        Ok(self.index.transaction_at(number, index)?)
    }

    /// The newest transactions that involve an address below a place.
    pub(crate) fn transactions_of(
        &self,
        address: Address,
        before: Option<(u64, u32)>,
        limits: (usize, usize),
        deadline: &Deadline,
    ) -> CallResult<AddressPage> {
        let stop = || deadline.passed();
        match self.index.transactions_of(address, before, limits, stop) {
            Err(IndexError::Stopped { .. }) => Err(deadline.fault()),
            other => Ok(other?),
        }
    }

    /// Logs that match, in the order of the chain.
    pub(crate) fn logs(
        &self,
        filter: &LogFilter,
        limits: LogLimits,
        deadline: &Deadline,
    ) -> CallResult<Vec<LocatedLog>> {
        match self.index.logs_until(filter, limits, || deadline.passed()) {
            Ok(found) => Ok(found),
            Err(error @ IndexError::TooManyResults { limit, .. }) => {
                Err(Fault::limit("max_log_results", limit, error))
            }
            Err(error @ IndexError::TooManyBytes { limit, .. }) => {
                Err(Fault::limit("max_log_bytes", limit, error))
            }
            Err(error @ IndexError::Stopped { .. }) => Err(deadline.fault_with(error)),
            Err(error @ IndexError::RangeTooWide { limit, .. }) => {
                Err(Fault::limit("max_log_blocks", limit, error))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Addresses and topics of `filter` over blocks `from..=to`.
pub(crate) fn log_filter(filter: &Filter, from: u64, to: u64) -> LogFilter {
    let mut topics: Vec<Vec<B256>> = filter
        .topics
        .iter()
        .map(|wanted| wanted.iter().copied().collect())
        .collect();
    while topics.last().is_some_and(Vec::is_empty) {
        topics.pop();
    }
    LogFilter {
        from,
        to,
        addresses: filter.address.iter().copied().collect(),
        topics,
    }
}

/// The logs of one block that match.
pub(crate) fn block_logs<'a>(
    found: &'a FinalizedBlock,
    filter: &'a LogFilter,
) -> impl Iterator<Item = LocatedLog> + 'a {
    let header = found.block.header();
    let hit = may_match(filter, &header.logs_bloom);
    let transactions = found.block.transactions();
    let mut next_log = 0u32;
    found
        .receipts
        .iter()
        .zip(transactions)
        .enumerate()
        .take_while(move |_| hit)
        .flat_map(move |(index, (receipt, transaction))| {
            let first = next_log;
            next_log += receipt.logs.len() as u32;
            let logs = receipt.logs.iter().enumerate();
            let wanted = logs.filter(|(_, log)| filter.admits(&log.address, log.topics()));
            wanted.map(move |(position, log)| LocatedLog {
                block_number: header.number,
                block_hash: found.block.hash(),
                block_timestamp_ms: header.timestamp_ms,
                transaction_hash: *transaction.tx_hash(),
                transaction_index: index as u32,
                log_index: first + position as u32,
                log: log.clone(),
            })
        })
}

fn may_match(filter: &LogFilter, bloom: &Bloom) -> bool {
    let has = |raw: &[u8]| bloom.contains_input(BloomInput::Raw(raw));
    let addresses = &filter.addresses;
    (addresses.is_empty() || addresses.iter().any(|address| has(address.as_slice())))
        && filter
            .topics
            .iter()
            .all(|wanted| wanted.is_empty() || wanted.iter().any(|topic| has(topic.as_slice())))
}
