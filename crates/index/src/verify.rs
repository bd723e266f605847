//! Checking everything that is stored against the headers.

use crate::{
    Index, IndexError, Located,
    append::involved,
    codec::{Body, Receipts, decode_header},
    store::guarded,
    tables::*,
};
use alloy_primitives::{B256, keccak256};
use hansa_primitives::{receipts_bloom, receipts_root, transactions_root};
use redb::{ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata};

/// What a walk over the whole index found to be right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Blocks.
    pub blocks: u64,
    /// Transactions, each found again by its hash.
    pub transactions: u64,
    /// Exchange objects whose content has the digest of its record.
    pub objects: u64,
}

impl Index {
    /// Checks hashes, parent links, roots, blooms and lookups of all blocks, and digests of all objects.
    /// `progress` is called with blocks done and blocks in all.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn verify(&self, progress: impl FnMut(u64, u64)) -> Result<Verified, IndexError> {
        guarded(self.path(), || self.verify_all(progress))
    }

    fn verify_all(&self, mut progress: impl FnMut(u64, u64)) -> Result<Verified, IndexError> {
        let read = self.inner.database.begin_read()?;
        let headers = read.open_table(HEADERS)?;
        let total = headers.len()?;
        let mut verified = Verified::default();
        let mut before: Option<(u64, B256)> = None;
        for row in headers.iter()? {
            let (number, row) = row?;
            let number = number.value();
            let place = || format!("block {number}");
            let (hash, header) = decode_header(row.value())?;
            if header.hash() != hash || header.number != number {
                return Err(IndexError::damaged(place(), "its header has another hash"));
            }
            if let Some((last, parent)) = before
                && last + 1 == number
                && parent != header.parent_hash
            {
                return Err(IndexError::damaged(place(), "it does not name its parent"));
            }
            let named = read.open_table(HASHES)?.get(hash.0)?.map(|row| row.value());
            if named != Some(number) {
                return Err(IndexError::damaged(place(), "its hash does not lead to it"));
            }
            verified.transactions += self.verify_block(&read, number, &header)?;
            verified.blocks += 1;
            before = Some((number, hash));
            progress(verified.blocks, total);
        }
        verified.objects = self.verify_objects(&read)?;
        Ok(verified)
    }

    fn verify_block(
        &self,
        read: &ReadTransaction,
        number: u64,
        header: &hansa_primitives::Header,
    ) -> Result<u64, IndexError> {
        let oldest = self.oldest().unwrap_or_default();
        let fail = |reason: &str| Err(IndexError::damaged(format!("block {number}"), reason));
        let transactions = match read.open_table(BODIES)?.get(number)? {
            Some(row) => Body::open(row.value())?.transactions()?,
            None => Vec::new(),
        };
        let receipts = match read.open_table(RECEIPTS)?.get(number)? {
            Some(row) => Receipts::open(row.value())?.all()?,
            None => Vec::new(),
        };
        if transactions_root(&transactions) != header.transactions_root {
            return fail("its transactions have another root");
        }
        if receipts_root(&receipts) != header.receipts_root {
            return fail("its receipts have another root");
        }
        let bloom = read.open_table(BLOOMS)?.get(number)?;
        let bloom = bloom.map_or([0; 256], |row| row.value());
        if receipts_bloom(&receipts) != header.logs_bloom || header.logs_bloom.0.0 != bloom {
            return fail("its logs have another bloom");
        }
        let senders = self.senders(number)?.unwrap_or_default();
        for (transaction, index) in transactions.iter().zip(0u32..) {
            let found = self.transaction(transaction.tx_hash())?;
            if found.is_none_or(|found| (found.block_number, found.index) != (number, index)) {
                return fail("a transaction's hash does not lead to it");
            }
            let place = index as usize;
            let (Some(sender), Some(receipt)) = (senders.get(place), receipts.get(place)) else {
                return fail("a transaction has no sender or no receipt");
            };
            for address in involved(transaction, *sender, receipt.success) {
                if number < oldest {
                    continue;
                }
                // One byte is enough: it is the first that is found.
                let below = Some((number, index + 1));
                let page = self.transactions_of(address, below, (1, 1), || false)?;
                let leads =
                    |located: &Located| (located.block_number, located.index) == (number, index);
                if !page.found.first().is_some_and(leads) {
                    return fail("an address does not lead to its transaction");
                }
            }
        }
        Ok(transactions.len() as u64)
    }

    fn verify_objects(&self, read: &ReadTransaction) -> Result<u64, IndexError> {
        let contents = read.open_table(CONTENTS)?;
        let mut count = 0;
        while let Some(record) = self.object_at(count) {
            let content = contents.get(record.position)?;
            let sound = content.is_some_and(|row| keccak256(row.value()) == record.digest);
            if !sound && record.flaw.is_none() {
                let place = format!("contents, position {count}");
                return Err(IndexError::damaged(place, "another digest than its record"));
            }
            count += 1;
        }
        Ok(count)
    }
}
