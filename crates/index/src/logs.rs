//! Finding logs.

use crate::{
    Index, IndexError, LocatedLog,
    bloom::BloomTest,
    codec::{Body, LogRef, Receipts},
    read::header_in,
    tables::{BLOOMS, BODIES, RECEIPTS},
};
use alloy_primitives::{Address, B256, keccak256};
use redb::{ReadTransaction, ReadableDatabase};

/// Which logs are wanted, as `eth_getLogs` defines it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// First block.
    pub from: u64,
    /// Last block, included; what is after the head counts as the head.
    pub to: u64,
    /// Any of these emitted it; empty for everybody.
    pub addresses: Vec<Address>,
    /// By position, any of these; an empty list admits every topic there. A log with fewer topics than this
    /// has positions does not match.
    pub topics: Vec<Vec<B256>>,
}

impl LogFilter {
    /// Whether a log with this address and these topics matches, whatever its block.
    pub fn admits(&self, address: &Address, topics: &[B256]) -> bool {
        (self.addresses.is_empty() || self.addresses.contains(address))
            && self.topics.len() <= topics.len()
            && self
                .topics
                .iter()
                .zip(topics)
                .all(|(wanted, topic)| wanted.is_empty() || wanted.contains(topic))
    }

    fn admits_row(&self, log: &LogRef<'_>) -> bool {
        let topics = log.topics();
        (self.addresses.is_empty() || self.addresses.iter().any(|a| a.as_slice() == log.address))
            && self.topics.len() <= topics.len()
            && self.topics.iter().zip(topics).all(|(wanted, topic)| {
                wanted.is_empty() || wanted.iter().any(|wanted| wanted.as_slice() == topic)
            })
    }
}

/// How much a log query may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLimits {
    /// Most blocks from `from` to `to`.
    pub max_blocks: u64,
    /// Most logs returned.
    pub max_results: usize,
    /// Most bytes of the logs returned, as they lie in memory. As JSON they take about twice as many.
    pub max_bytes: usize,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self {
            max_blocks: 10_000,
            max_results: 20_000,
            max_bytes: 12_000_000,
        }
    }
}

/// What a query has found so far.
#[derive(Default)]
struct Found {
    logs: Vec<LocatedLog>,
    bytes: usize,
}

impl Found {
    fn is_over(&self, limits: &LogLimits) -> bool {
        self.logs.len() > limits.max_results || self.bytes > limits.max_bytes
    }

    fn push(&mut self, log: LocatedLog) {
        let data = &log.log.data;
        self.bytes += size_of::<LocatedLog>() + 32 * data.topics().len() + data.data.len();
        self.logs.push(log);
    }

    /// The limit that is exceeded, if one is.
    fn check(&self, limits: &LogLimits, suggested: Option<(u64, u64)>) -> Result<(), IndexError> {
        if self.logs.len() > limits.max_results {
            let limit = limits.max_results;
            return Err(IndexError::TooManyResults { limit, suggested });
        }
        if self.bytes > limits.max_bytes {
            let limit = limits.max_bytes;
            return Err(IndexError::TooManyBytes { limit, suggested });
        }
        Ok(())
    }
}

impl Index {
    /// The logs that match, in the order of the chain.
    ///
    /// # Errors
    /// A range over a limit, one that begins before the oldest indexed block, or storage.
    pub fn logs(
        &self,
        filter: &LogFilter,
        limits: LogLimits,
    ) -> Result<Vec<LocatedLog>, IndexError> {
        self.logs_until(filter, limits, || false)
    }

    /// Like [`Index::logs`], and gives up once `stop` holds; it is asked before each block.
    ///
    /// # Errors
    /// As [`Index::logs`], or [`IndexError::Stopped`].
    pub fn logs_until(
        &self,
        filter: &LogFilter,
        limits: LogLimits,
        stop: impl Fn() -> bool,
    ) -> Result<Vec<LocatedLog>, IndexError> {
        let (from, to) = (filter.from, filter.to);
        if from > to {
            return Err(IndexError::InvalidRange { from, to });
        }
        let (head, oldest) = {
            let live = self.inner.live.read();
            (live.head, live.oldest)
        };
        let Some((head, _)) = head else {
            return Ok(Vec::new());
        };
        let to = to.min(head);
        if from > to {
            return Ok(Vec::new());
        }
        // The genesis block has no logs: a chain indexed from block 1 is indexed as a whole.
        if from < oldest && !(from == 0 && oldest == 1) {
            let number = from;
            return Err(IndexError::TooOld { number, oldest });
        }
        let blocks = to - from + 1;
        if blocks > limits.max_blocks {
            let limit = limits.max_blocks;
            return Err(IndexError::RangeTooWide { blocks, limit });
        }
        let test = BloomTest::new(filter);
        let read = self.inner.database.begin_read()?;
        let blooms = read.open_table(BLOOMS)?;
        let mut found = Found::default();
        for row in blooms.range(from..=to)? {
            let (number, bloom) = row?;
            let number = number.value();
            let suggested = number
                .checked_sub(1)
                .filter(|to| *to >= from)
                .map(|to| (from, to));
            if stop() {
                return Err(IndexError::Stopped { suggested });
            }
            if !test.admits(&bloom.value()) {
                continue;
            }
            collect(&read, number, filter, &limits, &mut found)?;
            found.check(&limits, suggested)?;
        }
        Ok(found.logs)
    }
}

/// Adds a block's matches; stops one past a limit.
fn collect(
    read: &ReadTransaction,
    number: u64,
    filter: &LogFilter,
    limits: &LogLimits,
    found: &mut Found,
) -> Result<(), IndexError> {
    let Some(row) = read.open_table(RECEIPTS)?.get(number)? else {
        return Ok(());
    };
    let body = read.open_table(BODIES)?.get(number)?;
    let missing = || IndexError::damaged(format!("block {number}"), "part of it is missing");
    let body = body.ok_or_else(missing)?;
    let body = Body::open(body.value())?;
    let mut block = None;
    let mut transaction = None;
    Receipts::open(row.value())?.visit_logs(|transaction_index, log_index, log| {
        if found.is_over(limits) || !filter.admits_row(log) {
            return Ok(());
        }
        let (block_hash, block_timestamp_ms) = match block {
            Some(block) => block,
            None => {
                let (hash, header) = header_in(read, number)?.ok_or_else(missing)?;
                *block.insert((hash, header.timestamp_ms))
            }
        };
        let transaction_hash = match transaction {
            Some((index, hash)) if index == transaction_index => hash,
            _ => {
                let raw = body.raw(transaction_index as usize)?.ok_or_else(missing)?;
                transaction.insert((transaction_index, keccak256(raw))).1
            }
        };
        found.push(LocatedLog {
            block_number: number,
            block_hash,
            block_timestamp_ms,
            transaction_hash,
            transaction_index,
            log_index,
            log: log.to_log(),
        });
        Ok(())
    })
}
