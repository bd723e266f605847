//! Transactions for a block, best first.
//!
//! Senders' first transactions are kept by tip cap. The effective tip is never above the tip cap, so
//! once the best transaction in hand pays at least the tip cap of the last sender looked at, no other
//! can be better: only as many senders are looked at as needed, in chunks, and the pool's lock
//! is held for a chunk at a time, never while the caller executes.

use crate::{Pool, PooledTransaction, core::Core, core::HeadKey, transaction::clamp};
use alloy_primitives::{
    Address,
    map::{HashMap, HashSet},
};
use std::{
    cmp::Ordering,
    collections::{BinaryHeap, VecDeque},
    ops::Bound,
    sync::Arc,
};

/// Senders looked at under one lock.
const CHUNK_SENDERS: usize = 256;
/// Transactions of one sender taken along under one lock.
const CHUNK_TRANSACTIONS: usize = 16;

/// One sender's next transactions; never empty.
struct Stream {
    tip: i128,
    sequence: u64,
    sender: Address,
    transactions: VecDeque<Arc<PooledTransaction>>,
}

impl Stream {
    fn new(transactions: VecDeque<Arc<PooledTransaction>>, base_fee: u64) -> Option<Self> {
        let first = transactions.front()?;
        let (tip, sequence, sender) = (first.effective_tip(base_fee), first.sequence, first.sender);
        (tip >= 0).then_some(Self {
            tip,
            sequence,
            sender,
            transactions,
        })
    }
}

impl Ord for Stream {
    fn cmp(&self, other: &Self) -> Ordering {
        // The greatest is taken first: highest tip, then oldest.
        (self.tip, other.sequence).cmp(&(other.tip, self.sequence))
    }
}

impl PartialOrd for Stream {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Stream {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Stream {}

/// Executable transactions, highest effective tip first within each sender's nonce order; of equal
/// ones the oldest. See
/// [`Pool::best`].
pub struct Best {
    pool: Pool,
    base_fee: u64,
    heap: BinaryHeap<Stream>,
    /// The last sender looked at; its tip cap bounds what all others pay.
    cursor: Option<HeadKey>,
    exhausted: bool,
    /// Looked at or skipped.
    seen: HashSet<Address>,
    skipped: HashSet<Address>,
}

impl Best {
    pub(crate) fn new(pool: Pool, base_fee: u64, included: &HashMap<Address, u64>) -> Self {
        let mut heap = BinaryHeap::new();
        let mut seen = HashSet::default();
        {
            let core = pool.core();
            for (sender, next) in included {
                seen.insert(*sender);
                heap.extend(Stream::new(take(&core, *sender, *next), base_fee));
            }
        }
        Self {
            pool,
            base_fee,
            heap,
            cursor: None,
            exhausted: false,
            seen,
            skipped: HashSet::default(),
        }
    }

    /// Yields nothing more of this sender: one of its transactions could not be executed, so the
    /// later ones cannot either.
    pub fn skip_sender(&mut self, sender: Address) {
        self.skipped.insert(sender);
    }

    /// Looks at senders until none that was not looked at can beat the best in hand.
    fn refill(&mut self) {
        while !self.exhausted {
            if let (Some(top), Some((bound, sequence, _))) = (self.heap.peek(), &self.cursor) {
                let bound = clamp(bound.0);
                // Of those not looked at with the same tip cap, all arrived after the cursor's.
                if top.tip > bound || top.tip == bound && top.sequence <= *sequence {
                    return;
                }
            }
            let core = self.pool.core();
            let from = self.cursor.map_or(Bound::Unbounded, Bound::Excluded);
            let mut looked_at = 0;
            for key in core
                .heads
                .range((from, Bound::Unbounded))
                .take(CHUNK_SENDERS)
            {
                looked_at += 1;
                self.cursor = Some(*key);
                let sender = key.2;
                // The pool may have moved on since the last chunk: a sender shows up only once.
                if !self.seen.insert(sender) {
                    continue;
                }
                let Some(queue) = core.queues.get(&sender) else {
                    continue;
                };
                let transactions = take(&core, sender, queue.nonce);
                self.heap.extend(Stream::new(transactions, self.base_fee));
            }
            self.exhausted = looked_at < CHUNK_SENDERS;
        }
    }
}

/// A sender's transactions from `nonce` on without a gap, a chunk of them.
fn take(core: &Core, sender: Address, nonce: u64) -> VecDeque<Arc<PooledTransaction>> {
    let Some(queue) = core.queues.get(&sender) else {
        return VecDeque::new();
    };
    queue
        .txs
        .range(nonce..)
        .zip(nonce..)
        .take_while(|((have, _), want)| **have == *want)
        .take(CHUNK_TRANSACTIONS)
        .map(|((_, tx), _)| tx.clone())
        .collect()
}

impl Iterator for Best {
    type Item = Arc<PooledTransaction>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.refill();
            let mut stream = self.heap.pop()?;
            if self.skipped.contains(&stream.sender) {
                continue;
            }
            let Some(tx) = stream.transactions.pop_front() else {
                continue;
            };
            let mut rest = stream.transactions;
            if rest.is_empty()
                && let Some(nonce) = tx.nonce().checked_add(1)
            {
                rest = take(&self.pool.core(), tx.sender, nonce);
            }
            self.heap.extend(Stream::new(rest, self.base_fee));
            return Some(tx);
        }
    }
}
