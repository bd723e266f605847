//! The feed.

use crate::{
    Durability, FinalizedBlock, Index, IndexError, StateDiff, codec,
    diffs::EncodedDiff,
    locations::{Entry, MAX_HEIGHT, MAX_INDEX},
    store::Live,
    tables::*,
};
use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, B256, Bloom, TxKind};
use hansa_primitives::Transaction;
use redb::{ReadableDatabase, WriteTransaction};
use std::mem::size_of;

/// Addresses that a transaction involves at most.
const ADDRESSES_EACH: usize = 2;

/// What became of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is the new head.
    Added,
    /// It was indexed already; nothing changed.
    Known,
}

impl Index {
    /// Appends the next finalized block, in one write transaction.
    ///
    /// `diff` holds the state's values before the block for each key that it changed; `None` if they are
    /// not known, and then older states cannot be read across this block. The first block may have
    /// any height.
    ///
    /// # Errors
    /// A gap, another block at an indexed height, a block that does not follow the head, or storage. The
    /// index is unchanged then.
    pub fn append(
        &self,
        block: &FinalizedBlock,
        diff: Option<&StateDiff>,
    ) -> Result<Appended, IndexError> {
        self.append_inner(block, diff, false)
    }

    /// As [`Index::append`], but a block beyond the head's child begins a new run: for a node that skipped
    /// blocks by state sync. [`Index::oldest`] is that block from then on.
    ///
    /// # Errors
    /// As [`Index::append`], without the gap.
    pub fn append_after_gap(
        &self,
        block: &FinalizedBlock,
        diff: Option<&StateDiff>,
    ) -> Result<Appended, IndexError> {
        self.append_inner(block, diff, true)
    }

    /// Makes everything appended so far durable.
    ///
    /// # Errors
    /// The disk or the database failed.
    pub fn flush(&self) -> Result<(), IndexError> {
        let mut writer = self.inner.writer.lock();
        if writer.pending > 0 {
            let mut write = self.inner.database.begin_write()?;
            write.set_quick_repair(self.inner.config.quick_repair);
            write.commit()?;
            writer.pending = 0;
        }
        Ok(())
    }

    fn append_inner(
        &self,
        block: &FinalizedBlock,
        diff: Option<&StateDiff>,
        gap_allowed: bool,
    ) -> Result<Appended, IndexError> {
        let inner = &*self.inner;
        check_shape(block)?;
        let mut writer = inner.writer.lock();
        let number = block.block.number();
        let head = inner.live.read().head;
        if let Some(head) = head
            && number <= head.0
        {
            return self.compare(block).map(|()| Appended::Known);
        }
        let new_run = check_successor(block, head, gap_allowed)?;
        let diff = diff.map(|diff| EncodedDiff::new(number, diff));
        let (hashes, addresses) = {
            let live = inner.live.read();
            (hash_entries(block, &live), address_entries(block, &live))
        };
        let objects = inner.shelf.read().stage(block, &inner.config);

        let (write, durable) = self.begin(writer.pending)?;
        if new_run {
            let mut meta = write.open_table(META)?;
            meta.insert("oldest", number.to_be_bytes().as_slice())?;
        }
        let receipts_bytes = write_block(&write, block, &mut writer.buffer)?;
        let limit = inner.config.fresh_transactions;
        let (full, addresses_full) = {
            let live = inner.live.read();
            let fresh = &live.addresses;
            (
                live.fresh.write(&write, number, &hashes, limit)?,
                fresh.write(&write, number, &addresses, ADDRESSES_EACH * limit)?,
            )
        };
        self.write_diff(&write, number, diff.as_ref())?;
        objects.write(&write)?;
        write.commit()?;
        writer.pending = if durable { 0 } else { writer.pending + 1 };

        self.cache_block(block, receipts_bytes);
        inner.shelf.write().apply(objects);
        let mut live = inner.live.write();
        live.fresh.apply(number, &hashes, full);
        live.addresses.apply(number, &addresses, addresses_full);
        live.diffs.push(number, diff, inner.config.diff_blocks);
        live.head = Some((number, block.block.hash()));
        if new_run {
            live.oldest = number;
        }
        Ok(Appended::Added)
    }

    /// A write transaction, and whether its commit is to be durable.
    fn begin(&self, pending: u32) -> Result<(WriteTransaction, bool), IndexError> {
        let config = &self.inner.config;
        let mut write = self.inner.database.begin_write()?;
        let durable = match config.durability {
            Durability::Immediate => true,
            Durability::EveryBlocks(blocks) => pending + 1 >= blocks,
        };
        if durable {
            write.set_quick_repair(config.quick_repair);
        } else {
            write.set_durability(redb::Durability::None)?;
        }
        Ok((write, durable))
    }

    /// Whether the block at this height is the offered one.
    fn compare(&self, block: &FinalizedBlock) -> Result<(), IndexError> {
        let number = block.block.number();
        let read = self.inner.database.begin_read()?;
        let headers = read.open_table(HEADERS)?;
        let Some(row) = headers.get(number)? else {
            return Err(IndexError::TooOld {
                number,
                oldest: self.inner.live.read().oldest,
            });
        };
        let indexed = codec::hash_of_row(row.value())?;
        let offered = block.block.hash();
        if indexed == offered {
            return Ok(());
        }
        Err(IndexError::Conflict {
            number,
            indexed,
            offered,
        })
    }

    fn write_diff(
        &self,
        write: &WriteTransaction,
        number: u64,
        diff: Option<&EncodedDiff>,
    ) -> Result<(), IndexError> {
        let mut table = write.open_table(DIFFS)?;
        let outdated = {
            let live = self.inner.live.read();
            live.diffs
                .outdated(number, diff.is_some(), self.inner.config.diff_blocks)
        };
        for old in outdated {
            table.remove(old)?;
        }
        if let Some(diff) = diff {
            table.insert(number, diff.blob())?;
        }
        Ok(())
    }

    fn cache_block(&self, block: &FinalizedBlock, receipts_bytes: usize) {
        let inner = &*self.inner;
        let number = block.block.number();
        let value = (block.block.clone(), block.senders.clone());
        let bytes = block_size(&block.block);
        inner.blocks.insert(number, value, bytes);
        let bytes = receipts_size(block.receipts.len(), receipts_bytes);
        inner.receipts.insert(number, block.receipts.clone(), bytes);
    }
}

/// Memory that a decoded block takes, roughly.
pub(crate) fn block_size(block: &hansa_primitives::Block) -> usize {
    let each = size_of::<hansa_primitives::Transaction>() + 20;
    1_024 + block.transactions().len() * each + block.body_bytes()
}

/// Memory that decoded receipts take, roughly. A log's heap parts are larger than its row.
pub(crate) fn receipts_size(count: usize, row_bytes: usize) -> usize {
    64 + count * size_of::<hansa_primitives::Receipt>() + row_bytes * 2
}

fn check_shape(block: &FinalizedBlock) -> Result<(), IndexError> {
    let number = block.block.number();
    let transactions = block.block.transactions().len();
    let (receipts, senders) = (block.receipts.len(), block.senders.len());
    let reason = if receipts != transactions || senders != transactions {
        format!("{transactions} transactions, but {receipts} receipts and {senders} senders")
    } else if number > MAX_HEIGHT || transactions > MAX_INDEX {
        format!("over the limits of {MAX_HEIGHT} blocks and {MAX_INDEX} transactions a block")
    } else {
        return Ok(());
    };
    Err(IndexError::Malformed { number, reason })
}

/// Whether the block begins a run.
fn check_successor(
    block: &FinalizedBlock,
    head: Option<(u64, B256)>,
    gap_allowed: bool,
) -> Result<bool, IndexError> {
    let number = block.block.number();
    let Some((head, hash)) = head else {
        return Ok(true);
    };
    if number > head + 1 {
        return match gap_allowed {
            true => Ok(true),
            false => Err(IndexError::Gap { head, number }),
        };
    }
    let parent = block.block.header().parent_hash;
    if parent == hash {
        return Ok(false);
    }
    Err(IndexError::Parent {
        number,
        parent,
        head: hash,
    })
}

/// Writes header, body, receipts, bloom and hash; gives the size of the receipts row.
fn write_block(
    write: &WriteTransaction,
    block: &FinalizedBlock,
    buffer: &mut Vec<u8>,
) -> Result<usize, IndexError> {
    let number = block.block.number();
    codec::encode_header(block, buffer);
    // Not every header that can be encoded can be decoded: better no row than one that cannot be read.
    codec::decode_header(buffer).map_err(|error| IndexError::Malformed {
        number,
        reason: error.to_string(),
    })?;
    write
        .open_table(HEADERS)?
        .insert(number, buffer.as_slice())?;
    let hash = block.block.hash();
    write.open_table(HASHES)?.insert(hash.0, number)?;
    let bloom = block.block.header().logs_bloom;
    if bloom != Bloom::ZERO {
        write.open_table(BLOOMS)?.insert(number, bloom.0.0)?;
    }
    // Most idle blocks are empty: no rows then.
    if block.block.transactions().is_empty() {
        return Ok(0);
    }
    codec::encode_body(block, buffer);
    write
        .open_table(BODIES)?
        .insert(number, buffer.as_slice())?;
    codec::encode_receipts(&block.receipts, buffer);
    write
        .open_table(RECEIPTS)?
        .insert(number, buffer.as_slice())?;
    Ok(buffer.len())
}

fn hash_entries(block: &FinalizedBlock, live: &Live) -> Vec<Entry> {
    let hashes = block.block.transactions().iter().zip(0..);
    hashes
        .map(|(transaction, index)| (live.fresh.prefix(transaction.tx_hash()), index))
        .collect()
}

fn address_entries(block: &FinalizedBlock, live: &Live) -> Vec<Entry> {
    let transactions = block.block.transactions().iter();
    let with = transactions.zip(&*block.senders).zip(&*block.receipts);
    with.zip(0..)
        .flat_map(|(((transaction, sender), receipt), index)| {
            let involved = involved(transaction, *sender, receipt.success);
            involved.map(move |address| (live.addresses.prefix_of(address), index))
        })
        .collect()
}

/// The addresses that a transaction involves, each once: who signed it, and whom it calls (a module like any other) or what it created.
pub(crate) fn involved(
    transaction: &Transaction,
    sender: Address,
    succeeded: bool,
) -> impl Iterator<Item = Address> {
    let other = match transaction.kind() {
        TxKind::Call(to) => Some(to),
        TxKind::Create => succeeded.then(|| sender.create(transaction.nonce())),
    };
    let other = other.filter(|other| *other != sender);
    std::iter::once(sender).chain(other)
}
