//! The one gossip message: a batch of transactions.
//!
//! Layout: version byte, count, then length and EIP-2718 encoding of each. Decoding is bounded in
//! count and bytes, and refuses what [`decode_transaction`] refuses.

use alloy_eips::eip2718::Encodable2718;
use bytes::{BufMut, Bytes};
use commonware_codec::{Buf, EncodeSize, Error as CodecError, Read, ReadExt, Write, varint::UInt};
use hansa_primitives::{MAX_TRANSACTION_BYTES, Transaction, decode_transaction};

/// Version of the layout.
const VERSION: u8 = 1;
/// Version byte and the longest count.
const HEADER_BYTES: usize = 1 + 5;

/// What a batch may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// Most transactions.
    pub max_transactions: usize,
    /// Largest encoded batch, bytes. At least what one largest transaction needs.
    pub max_bytes: usize,
}

impl BatchLimits {
    /// The smallest `max_bytes` that fits every single transaction.
    pub const MIN_BYTES: usize = HEADER_BYTES + 5 + MAX_TRANSACTION_BYTES;
}

impl Default for BatchLimits {
    fn default() -> Self {
        Self {
            max_transactions: 4_096,
            max_bytes: 256 * 1024,
        }
    }
}

/// Transactions that one operator tells another about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// EIP-2718 encodings. Only well-formed ones come out of decoding.
    encoded: Vec<Bytes>,
}

impl Batch {
    /// Packs transactions into as few batches as the limits admit, in order.
    pub fn pack<'a>(
        transactions: impl IntoIterator<Item = &'a Transaction>,
        limits: &BatchLimits,
    ) -> Vec<Self> {
        let mut batches = Vec::new();
        let mut encoded = Vec::new();
        let mut bytes = HEADER_BYTES;
        for transaction in transactions {
            let raw = Bytes::from(transaction.encoded_2718());
            let size = record_size(&raw);
            let full = encoded.len() >= limits.max_transactions || bytes + size > limits.max_bytes;
            if full && !encoded.is_empty() {
                batches.push(Self {
                    encoded: std::mem::take(&mut encoded),
                });
                bytes = HEADER_BYTES;
            }
            bytes += size;
            encoded.push(raw);
        }
        if !encoded.is_empty() {
            batches.push(Self { encoded });
        }
        batches
    }

    /// How many transactions it holds.
    pub fn len(&self) -> usize {
        self.encoded.len()
    }

    /// It holds none.
    pub fn is_empty(&self) -> bool {
        self.encoded.is_empty()
    }
}

fn record_size(raw: &Bytes) -> usize {
    // Bounded by MAX_TRANSACTION_BYTES, far below u32::MAX.
    UInt(raw.len() as u32).encode_size() + raw.len()
}

impl Write for Batch {
    fn write(&self, buf: &mut impl BufMut) {
        VERSION.write(buf);
        UInt(self.encoded.len() as u32).write(buf);
        for raw in &self.encoded {
            UInt(raw.len() as u32).write(buf);
            buf.put_slice(raw);
        }
    }
}

impl EncodeSize for Batch {
    fn encode_size(&self) -> usize {
        let records: usize = self.encoded.iter().map(record_size).sum();
        1 + UInt(self.encoded.len() as u32).encode_size() + records
    }
}

/// A decoded batch.
#[derive(Clone, Debug)]
pub struct Received(pub Vec<Transaction>);

impl Read for Received {
    type Cfg = BatchLimits;

    fn read_cfg(buf: &mut impl Buf, limits: &BatchLimits) -> Result<Self, CodecError> {
        if buf.remaining() > limits.max_bytes {
            return Err(CodecError::Invalid("batch", "over its byte limit"));
        }
        if u8::read(buf)? != VERSION {
            return Err(CodecError::Invalid("batch", "unknown version"));
        }
        let count = u32::from(UInt::<u32>::read(buf)?) as usize;
        if count > limits.max_transactions {
            return Err(CodecError::Invalid("batch", "too many transactions"));
        }
        let mut transactions = Vec::with_capacity(count.min(buf.remaining()));
        for _ in 0..count {
            let size = u32::from(UInt::<u32>::read(buf)?) as usize;
            if buf.remaining() < size {
                return Err(CodecError::EndOfBuffer);
            }
            let raw = buf.copy_to_bytes(size);
            let transaction = decode_transaction(&raw)
                .map_err(|_| CodecError::Invalid("batch", "malformed transaction"))?;
            transactions.push(transaction);
        }
        Ok(Self(transactions))
    }
}
