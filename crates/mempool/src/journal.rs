//! Local transactions survive a restart.
//!
//! A file of records `length (u32, big-endian) || first 8 bytes of keccak256 || EIP-2718 encoding`,
//! appended durably. Reading stops at the first record that does not check: only the tail can be
//! torn, and it was never acknowledged. Compaction writes a new file (the next generation) before it
//! removes the old one; a crash between leaves both, and reading takes the union: whatever is read
//! goes through ordinary validation again, so a stale record is harmless.

use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{B256, keccak256};
use commonware_runtime::{Blob as _, ReadOptions, Storage, WriteOptions};
use hansa_primitives::{MAX_TRANSACTION_BYTES, Transaction, decode_transaction};
use std::{collections::BTreeSet, future::Future};
use thiserror::Error;

/// Length and checksum.
const RECORD_HEADER: usize = 4 + 8;
/// A journal is read in pieces of this size, bytes: more than the largest record has.
const READ_BYTES: u64 = 4 * 1024 * 1024;

/// The journal cannot be read or written.
#[derive(Debug, Error)]
#[error(
    "journal of local transactions `{partition}`: {source}; check the disk, or remove this partition (only local transactions that are not in a block yet are lost)"
)]
pub struct JournalError {
    partition: String,
    source: commonware_runtime::Error,
}

impl JournalError {
    /// Whether the partition holds something that is no journal. Another error may pass.
    pub const fn is_damage(&self) -> bool {
        use commonware_runtime::Error;
        matches!(
            self.source,
            Error::PartitionCorrupt(_)
                | Error::BlobCorrupt(..)
                | Error::BlobLayoutMismatch { .. }
                | Error::BlobVersionMismatch { .. }
        )
    }
}

/// Keeps local transactions across restarts.
pub trait Journal: Send + 'static {
    /// All transactions that were appended since the last rewrite, oldest first.
    fn load(&mut self) -> impl Future<Output = Result<Vec<Transaction>, JournalError>> + Send;
    /// Bytes that it holds.
    fn bytes(&self) -> u64;
    /// Appends; durable when it returns.
    fn append<'a>(
        &'a mut self,
        transactions: &'a [Transaction],
    ) -> impl Future<Output = Result<(), JournalError>> + Send + 'a;
    /// Replaces everything; durable when it returns, and atomic in that a crash loses nothing that
    /// is in `transactions` and was appended before.
    fn rewrite<'a>(
        &'a mut self,
        transactions: &'a [Transaction],
    ) -> impl Future<Output = Result<(), JournalError>> + Send + 'a;
}

/// A [`Journal`] in a partition of the runtime's storage. Nothing else may use the partition.
pub struct FileJournal<E: Storage> {
    storage: E,
    partition: String,
    current: Option<(u64, E::Blob)>,
    end: u64,
}

impl<E: Storage> FileJournal<E> {
    /// A journal in `partition`. Nothing is opened yet.
    pub fn new(storage: E, partition: impl Into<String>) -> Self {
        Self {
            storage,
            partition: partition.into(),
            current: None,
            end: 0,
        }
    }

    fn error(&self, source: commonware_runtime::Error) -> JournalError {
        JournalError {
            partition: self.partition.clone(),
            source,
        }
    }

    /// Existing generations in ascending order.
    async fn generations(&self) -> Result<Vec<u64>, JournalError> {
        let names = match self.storage.scan(&self.partition).await {
            Ok(names) => names,
            Err(commonware_runtime::Error::PartitionMissing(_)) => Vec::new(),
            Err(error) => return Err(self.error(error)),
        };
        let mut generations: Vec<_> = names
            .into_iter()
            .filter_map(|name| Some(u64::from_be_bytes(name.try_into().ok()?)))
            .collect();
        generations.sort_unstable();
        Ok(generations)
    }

    async fn read_all(&mut self) -> Result<Vec<Transaction>, commonware_runtime::Error> {
        let generations = self.generations().await.map_err(|error| error.source)?;
        let mut transactions = Vec::new();
        let mut seen = BTreeSet::new();
        self.current = None;
        for generation in generations {
            let name = generation.to_be_bytes();
            let (blob, size) = self.storage.open(&self.partition, &name).await?;
            let mut end = 0;
            while end < size {
                // At most READ_BYTES, so it fits.
                let piece = (size - end).min(READ_BYTES) as usize;
                let bytes = blob.read_at(end, piece, ReadOptions::default()).await?;
                let bytes = bytes.coalesce();
                let (read, good) = parse(bytes.as_ref());
                for (hash, transaction) in read {
                    if seen.insert(hash) {
                        transactions.push(transaction);
                    }
                }
                // A piece that ends within a record is read again from that record on.
                if good == 0 {
                    break;
                }
                end += good;
            }
            // Cut off a torn tail, so that the next record follows the last good one.
            blob.resize(end).await?;
            self.end = end;
            self.current = Some((generation, blob));
        }
        Ok(transactions)
    }

    async fn write(
        &mut self,
        transactions: &[Transaction],
    ) -> Result<(), commonware_runtime::Error> {
        if self.current.is_none() {
            let (blob, size) = self
                .storage
                .open(&self.partition, &0u64.to_be_bytes())
                .await?;
            self.end = size;
            self.current = Some((0, blob));
        }
        let Some((_, blob)) = &self.current else {
            return Ok(());
        };
        let bytes = records(transactions);
        let size = bytes.len() as u64;
        blob.write_at(self.end, bytes, WriteOptions::default())
            .await?;
        blob.sync().await?;
        self.end += size;
        Ok(())
    }

    async fn replace(
        &mut self,
        transactions: &[Transaction],
    ) -> Result<(), commonware_runtime::Error> {
        let old = self.generations().await.map_err(|error| error.source)?;
        let generation = old.last().map_or(0, |last| last + 1);
        let (blob, _) = self
            .storage
            .open(&self.partition, &generation.to_be_bytes())
            .await?;
        self.current = Some((generation, blob));
        self.end = 0;
        self.write(transactions).await?;
        for old in old {
            self.storage
                .remove(&self.partition, Some(&old.to_be_bytes()))
                .await?;
        }
        Ok(())
    }
}

impl<E: Storage> Journal for FileJournal<E> {
    async fn load(&mut self) -> Result<Vec<Transaction>, JournalError> {
        self.read_all().await.map_err(|error| self.error(error))
    }

    fn bytes(&self) -> u64 {
        self.end
    }

    async fn append(&mut self, transactions: &[Transaction]) -> Result<(), JournalError> {
        self.write(transactions)
            .await
            .map_err(|error| self.error(error))
    }

    async fn rewrite(&mut self, transactions: &[Transaction]) -> Result<(), JournalError> {
        self.replace(transactions)
            .await
            .map_err(|error| self.error(error))
    }
}

fn records(transactions: &[Transaction]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for transaction in transactions {
        // At most MAX_TRANSACTION_BYTES, or the pool would not have let it in.
        bytes.extend_from_slice(&(transaction.encode_2718_len() as u32).to_be_bytes());
        // A transaction's hash is the hash of its encoding.
        bytes.extend_from_slice(&transaction.tx_hash()[..8]);
        transaction.encode_2718(&mut bytes);
    }
    bytes
}

/// The good records at the start of `bytes`, and where they end.
fn parse(bytes: &[u8]) -> (Vec<(B256, Transaction)>, u64) {
    let mut transactions = Vec::new();
    let mut rest = bytes;
    while let Some((header, tail)) = rest.split_first_chunk::<RECORD_HEADER>() {
        let [a, b, c, d, checksum @ ..] = *header;
        let size = u32::from_be_bytes([a, b, c, d]) as usize;
        let Some(raw) = tail.get(..size).filter(|_| size <= MAX_TRANSACTION_BYTES) else {
            break;
        };
        let hash = keccak256(raw);
        if hash[..8] != checksum {
            break;
        }
        // A record that checks and does not decode was written under other rules: left out.
        if let Ok(transaction) = decode_transaction(raw) {
            transactions.push((hash, transaction));
        }
        rest = &tail[size..];
    }
    (transactions, (bytes.len() - rest.len()) as u64)
}
