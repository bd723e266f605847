//! Reading blocks, receipts and transactions.

use crate::{
    AddressPage, Index, IndexError, Located,
    append::{block_size, receipts_size},
    codec::{self, Body, Receipts},
    locations::{self, ADDRESSES, Location, MAX_HEIGHT, MAX_INDEX, TRANSACTIONS},
    store::CachedBlock,
    tables::*,
};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Address, B256};
use hansa_primitives::{Block, Header, Receipt};
use redb::{ReadTransaction, ReadableDatabase};
use std::sync::Arc;

impl Index {
    /// Height and hash of the newest block.
    pub fn head(&self) -> Option<(u64, B256)> {
        self.inner.live.read().head
    }

    /// The first block of the unbroken run that ends in the head.
    pub fn oldest(&self) -> Option<u64> {
        let live = self.inner.live.read();
        live.head.map(|_| live.oldest)
    }

    /// The height of a block.
    ///
    /// # Errors
    /// The database failed.
    pub fn number_of(&self, hash: &B256) -> Result<Option<u64>, IndexError> {
        if let Some((number, head)) = self.head()
            && head == *hash
        {
            return Ok(Some(number));
        }
        let read = self.inner.database.begin_read()?;
        Ok(read.open_table(HASHES)?.get(hash.0)?.map(|row| row.value()))
    }

    /// The hash of a block.
    ///
    /// # Errors
    /// The database failed or its row is damaged.
    pub fn hash_of(&self, number: u64) -> Result<Option<B256>, IndexError> {
        if let Some((block, _)) = self.inner.blocks.get(number) {
            return Ok(Some(block.hash()));
        }
        let read = self.inner.database.begin_read()?;
        let row = read.open_table(HEADERS)?.get(number)?;
        row.map(|row| codec::hash_of_row(row.value())).transpose()
    }

    /// A block's hash and header.
    ///
    /// # Errors
    /// The database failed or its row is damaged.
    pub fn header(&self, number: u64) -> Result<Option<(B256, Header)>, IndexError> {
        if let Some((block, _)) = self.inner.blocks.get(number) {
            return Ok(Some((block.hash(), block.header().clone())));
        }
        let read = self.inner.database.begin_read()?;
        header_in(&read, number)
    }

    /// A block.
    ///
    /// # Errors
    /// The database failed or its row is damaged.
    pub fn block(&self, number: u64) -> Result<Option<Block>, IndexError> {
        Ok(self.cached_block(number)?.map(|(block, _)| block))
    }

    /// A block by its hash.
    ///
    /// # Errors
    /// The database failed or its row is damaged.
    pub fn block_by_hash(&self, hash: &B256) -> Result<Option<Block>, IndexError> {
        match self.number_of(hash)? {
            Some(number) => self.block(number),
            None => Ok(None),
        }
    }

    /// The senders of a block's transactions.
    ///
    /// # Errors
    /// The database failed or its row is damaged.
    pub fn senders(&self, number: u64) -> Result<Option<Arc<Vec<Address>>>, IndexError> {
        Ok(self.cached_block(number)?.map(|(_, senders)| senders))
    }

    /// The receipts of a block's transactions.
    ///
    /// # Errors
    /// The database failed or its row is damaged.
    pub fn receipts(&self, number: u64) -> Result<Option<Arc<Vec<Receipt>>>, IndexError> {
        if let Some(receipts) = self.inner.receipts.get(number) {
            return Ok(Some(receipts));
        }
        let read = self.inner.database.begin_read()?;
        if read.open_table(HEADERS)?.get(number)?.is_none() {
            return Ok(None);
        }
        let Some(row) = read.open_table(RECEIPTS)?.get(number)? else {
            return Ok(Some(Arc::default()));
        };
        let receipts = Arc::new(Receipts::open(row.value())?.all()?);
        let bytes = receipts_size(receipts.len(), row.value().len());
        self.inner.receipts.insert(number, receipts.clone(), bytes);
        Ok(Some(receipts))
    }

    /// A finalized block with its receipts and senders, as it was fed.
    ///
    /// # Errors
    /// The database failed or its row is damaged.
    pub fn finalized(&self, number: u64) -> Result<Option<crate::FinalizedBlock>, IndexError> {
        let Some((block, senders)) = self.cached_block(number)? else {
            return Ok(None);
        };
        let receipts = self.receipts(number)?;
        Ok(receipts.map(|receipts| crate::FinalizedBlock {
            block,
            receipts,
            senders,
        }))
    }

    /// A transaction by its hash.
    ///
    /// # Errors
    /// The database failed or its row is damaged.
    pub fn transaction(&self, hash: &B256) -> Result<Option<Located>, IndexError> {
        // The set in memory first: it empties only after its content is in the file, so whoever looks
        // there second misses nothing.
        let (prefix, fresh) = {
            let live = self.inner.live.read();
            let prefix = live.fresh.prefix(hash);
            (prefix, live.fresh.find(prefix))
        };
        for location in fresh {
            if let Some(found) = self.check(location, hash)? {
                return Ok(Some(found));
            }
        }
        let read = self.inner.database.begin_read()?;
        for location in locations::find_written(&read.open_table(TRANSACTIONS.written)?, prefix)? {
            if let Some(found) = self.check(location, hash)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// A transaction by its block and place.
    ///
    /// # Errors
    /// The database failed or its row is damaged.
    pub fn transaction_at(&self, number: u64, index: u32) -> Result<Option<Located>, IndexError> {
        self.locate(number, index, |_| true)
    }

    /// The newest transactions that involve an address, newest first: as who signed them, as whom they call, or as what they created.
    /// Of those below the place `before` (height and place in its block), at most `limit`, and no more once their encodings have `max_bytes`. `stop` is
    /// asked now and then: what was found until then is a page too.
    ///
    /// # Errors
    /// It was stopped before anything was found; the database failed or a row is damaged.
    pub fn transactions_of(
        &self,
        address: Address,
        before: Option<(u64, u32)>,
        (limit, max_bytes): (usize, usize),
        stop: impl Fn() -> bool,
    ) -> Result<AddressPage, IndexError> {
        let oldest = self.oldest().unwrap_or_default();
        let mut below = match before {
            Some((height, index)) if height <= MAX_HEIGHT => (height, index.min(MAX_INDEX as u32)),
            _ => (MAX_HEIGHT, 0),
        };
        let mut found: Vec<Located> = Vec::new();
        // One more than asked for tells whether there are others.
        let most = limit.saturating_add(1);
        let (mut bytes, mut is_cut, mut is_stopped) = (0, false, false);
        let mut more =
            |candidates: &[Location], below: &mut Location| -> Result<bool, IndexError> {
                for location in candidates {
                    if stop() {
                        is_stopped = true;
                        return Ok(false);
                    }
                    if location.0 < oldest {
                        return Ok(false);
                    }
                    // Other addresses can have the same 8 bytes.
                    let located = self.locate(location.0, location.1, |_| true)?;
                    *below = *location;
                    let Some(located) = located.filter(|located| located.involves(address)) else {
                        continue;
                    };
                    bytes += located.transaction.encode_2718_len();
                    found.push(located);
                    is_cut = found.len() >= most || bytes >= max_bytes;
                    if is_cut {
                        return Ok(false);
                    }
                }
                Ok(!candidates.is_empty())
            };
        // The set in memory first, as for hashes; what is written out meanwhile is found below what was seen.
        let mut going = true;
        while going {
            let candidates = {
                let live = self.inner.live.read();
                let prefix = live.addresses.prefix_of(address);
                live.addresses.find_below(prefix, below, most)
            };
            if candidates.is_empty() {
                break;
            }
            going = more(&candidates, &mut below)?;
        }
        let prefix = self.inner.live.read().addresses.prefix_of(address);
        let mut was_stopped = false;
        while going {
            let read = self.inner.database.begin_read()?;
            let table = read.open_table(ADDRESSES.written)?;
            let candidates = locations::find_written_below(&table, prefix, below, most, &stop)?;
            let Some(candidates) = candidates else {
                was_stopped = true;
                break;
            };
            going = more(&candidates, &mut below)?;
        }
        if (is_stopped || was_stopped) && found.is_empty() {
            return Err(IndexError::Stopped { suggested: None });
        }
        found.truncate(limit);
        let last = found
            .last()
            .map(|last: &Located| (last.block_number, last.index));
        let next = if is_stopped || was_stopped {
            Some(below)
        } else {
            last.filter(|_| is_cut)
        };
        Ok(AddressPage { found, next })
    }

    fn check(&self, (number, index): Location, hash: &B256) -> Result<Option<Located>, IndexError> {
        self.locate(number, index, |found| found == hash)
    }

    /// Reads one transaction if `wanted` says so of its hash: from the caches, or else only its own part
    /// of the rows.
    fn locate(
        &self,
        number: u64,
        index: u32,
        wanted: impl Fn(&B256) -> bool,
    ) -> Result<Option<Located>, IndexError> {
        let cached = self.inner.blocks.get(number);
        if let Some((block, senders)) = cached
            && let Some(receipts) = self.inner.receipts.get(number)
        {
            return Ok(from_cache(&block, &senders, &receipts, index, wanted));
        }
        let place = index as usize;
        let read = self.inner.database.begin_read()?;
        let Some(body) = read.open_table(BODIES)?.get(number)? else {
            return Ok(None);
        };
        let body = Body::open(body.value())?;
        let (Some(transaction), Some(sender)) = (body.transaction(place)?, body.sender(place))
        else {
            return Ok(None);
        };
        if !wanted(transaction.tx_hash()) {
            return Ok(None);
        }
        let missing = || IndexError::damaged(format!("block {number}"), "part of it is missing");
        let row = read
            .open_table(RECEIPTS)?
            .get(number)?
            .ok_or_else(missing)?;
        let receipts = Receipts::open(row.value())?;
        let receipt = receipts.receipt(place)?.ok_or_else(missing)?;
        let before = match place {
            0 => 0,
            _ => receipts.cumulative_gas(place - 1)?,
        };
        let header = read.open_table(HEADERS)?.get(number)?.ok_or_else(missing)?;
        Ok(Some(Located {
            block_number: number,
            block_hash: codec::hash_of_row(header.value())?,
            index,
            transaction,
            sender,
            gas_used: receipt.cumulative_gas_used.saturating_sub(before),
            receipt,
            first_log_index: receipts.first_log_index(place),
        }))
    }

    fn cached_block(&self, number: u64) -> Result<Option<CachedBlock>, IndexError> {
        if let Some(cached) = self.inner.blocks.get(number) {
            return Ok(Some(cached));
        }
        let read = self.inner.database.begin_read()?;
        let Some(block) = block_in(&read, number)? else {
            return Ok(None);
        };
        let bytes = block_size(&block.0);
        self.inner.blocks.insert(number, block.clone(), bytes);
        Ok(Some(block))
    }
}

pub(crate) fn header_in(
    read: &ReadTransaction,
    number: u64,
) -> Result<Option<(B256, Header)>, IndexError> {
    let row = read.open_table(HEADERS)?.get(number)?;
    row.map(|row| codec::decode_header(row.value())).transpose()
}

/// Decodes a block. The roots are not computed again: they were checked before the block was final, and
/// [`Index::verify`] checks what is stored.
pub(crate) fn block_in(
    read: &ReadTransaction,
    number: u64,
) -> Result<Option<CachedBlock>, IndexError> {
    let Some((_, header)) = header_in(read, number)? else {
        return Ok(None);
    };
    let Some(row) = read.open_table(BODIES)?.get(number)? else {
        return Ok(Some((Block::new(header, Vec::new()), Arc::default())));
    };
    let body = Body::open(row.value())?;
    let block = Block::new(header, body.transactions()?);
    Ok(Some((block, Arc::new(body.senders()))))
}

fn from_cache(
    block: &Block,
    senders: &[Address],
    receipts: &[Receipt],
    index: u32,
    wanted: impl Fn(&B256) -> bool,
) -> Option<Located> {
    let place = index as usize;
    let transaction = block.transactions().get(place)?;
    if !wanted(transaction.tx_hash()) {
        return None;
    }
    let receipt = receipts.get(place)?.clone();
    let before = match place {
        0 => 0,
        _ => receipts[place - 1].cumulative_gas_used,
    };
    let logs: usize = receipts[..place].iter().map(|r| r.logs.len()).sum();
    Some(Located {
        block_number: block.number(),
        block_hash: block.hash(),
        index,
        transaction: transaction.clone(),
        sender: *senders.get(place)?,
        gas_used: receipt.cumulative_gas_used.saturating_sub(before),
        receipt,
        first_log_index: logs as u32,
    })
}
