//! How rows are laid out. Integers are little-endian unless they are meant to sort.
//!
//! - header row: block hash, encoded header.
//! - body row: `count u32`, `count` ends (`u32`, offsets into the last part), `count` senders (20 bytes),
//!   EIP-2718 transactions.
//! - receipts row: `count u32`, `count` pairs (`end u32`, index of the first log `u32`), receipts. A receipt:
//!   type and success (`u8`, success is bit 7), cumulative gas `u64`, number of logs `u32`, logs. A log:
//!   address, number of topics `u8`, topics, length `u32`, data.

use crate::{FinalizedBlock, IndexError};
use alloy_consensus::TxType;
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, Log};
use commonware_codec::{Copying, DecodeExt as _, Encode as _};
use hansa_primitives::{Header, Receipt, Transaction, decode_transaction};
use std::ops::Range;

const SUCCESS: u8 = 0x80;

/// Reads a blob from its start and names itself in errors.
pub(crate) struct Reader<'a> {
    pub(crate) rest: &'a [u8],
    place: &'static str,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(place: &'static str, rest: &'a [u8]) -> Self {
        Self { rest, place }
    }

    pub(crate) fn fail(&self, reason: impl ToString) -> IndexError {
        IndexError::damaged(self.place, reason)
    }

    pub(crate) fn take(&mut self, bytes: usize) -> Result<&'a [u8], IndexError> {
        let (head, rest) = self
            .rest
            .split_at_checked(bytes)
            .ok_or_else(|| self.fail("row ends early"))?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], IndexError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, IndexError> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u32(&mut self) -> Result<u32, IndexError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, IndexError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(crate) fn sized(&mut self) -> Result<&'a [u8], IndexError> {
        let length = self.u32()? as usize;
        self.take(length)
    }

    pub(crate) fn text(&mut self) -> Result<String, IndexError> {
        let bytes = self.sized()?.to_vec();
        String::from_utf8(bytes).map_err(|error| self.fail(error))
    }
}

/// Appends a length and the bytes.
pub(crate) fn put_sized(out: &mut Vec<u8>, bytes: &[u8]) {
    // Every part of a row comes from a block of at most a few megabytes, far below 4 GiB.
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn put_u32_at(out: &mut [u8], position: usize, value: usize) {
    out[position..position + 4].copy_from_slice(&(value as u32).to_le_bytes());
}

fn u32_at(bytes: &[u8], position: usize) -> Option<usize> {
    let bytes = bytes.get(position..position + 4)?;
    Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
}

pub(crate) fn encode_header(block: &FinalizedBlock, out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(block.block.hash().as_slice());
    out.extend_from_slice(&block.block.header().encode());
}

/// The block hash of a header row.
pub(crate) fn hash_of_row(row: &[u8]) -> Result<B256, IndexError> {
    Ok(B256::new(Reader::new("headers", row).array()?))
}

pub(crate) fn decode_header(row: &[u8]) -> Result<(B256, Header), IndexError> {
    let mut reader = Reader::new("headers", row);
    let hash = B256::new(reader.array()?);
    let header = Header::decode(Copying(reader.rest)).map_err(|error| reader.fail(error))?;
    Ok((hash, header))
}

pub(crate) fn encode_body(block: &FinalizedBlock, out: &mut Vec<u8>) {
    let transactions = block.block.transactions();
    out.clear();
    out.reserve(4 + transactions.len() * 24 + block.block.body_bytes());
    out.extend_from_slice(&(transactions.len() as u32).to_le_bytes());
    out.resize(4 + transactions.len() * 4, 0);
    for sender in block.senders.iter() {
        out.extend_from_slice(sender.as_slice());
    }
    let start = out.len();
    for (index, transaction) in transactions.iter().enumerate() {
        transaction.encode_2718(out);
        let end = out.len() - start;
        put_u32_at(out, 4 + index * 4, end);
    }
}

/// A body row, opened without decoding its transactions.
pub(crate) struct Body<'a> {
    row: &'a [u8],
    count: usize,
}

impl<'a> Body<'a> {
    pub(crate) fn open(row: &'a [u8]) -> Result<Self, IndexError> {
        let count = u32_at(row, 0)
            .filter(|count| row.len() >= 4 + count * 24)
            .ok_or_else(|| IndexError::damaged("bodies", "row ends early"))?;
        Ok(Self { row, count })
    }

    /// The encoded transaction at a place; `None` past the end.
    pub(crate) fn raw(&self, index: usize) -> Result<Option<&'a [u8]>, IndexError> {
        if index >= self.count {
            return Ok(None);
        }
        let base = 4 + self.count * 24;
        let range = span(self.row, base, index, |index| 4 + index * 4);
        range
            .and_then(|range| self.row.get(range))
            .map(Some)
            .ok_or_else(|| IndexError::damaged("bodies", "offset out of range"))
    }

    pub(crate) fn transaction(&self, index: usize) -> Result<Option<Transaction>, IndexError> {
        self.raw(index)?
            .map(|raw| {
                decode_transaction(raw).map_err(|error| IndexError::damaged("bodies", error))
            })
            .transpose()
    }

    pub(crate) fn sender(&self, index: usize) -> Option<Address> {
        let start = 4 + self.count * 4 + index * 20;
        (index < self.count).then(|| Address::from_slice(&self.row[start..start + 20]))
    }

    pub(crate) fn senders(&self) -> Vec<Address> {
        (0..self.count)
            .filter_map(|index| self.sender(index))
            .collect()
    }

    pub(crate) fn transactions(&self) -> Result<Vec<Transaction>, IndexError> {
        let mut transactions = Vec::with_capacity(self.count);
        for index in 0..self.count {
            transactions.extend(self.transaction(index)?);
        }
        Ok(transactions)
    }
}

/// The bytes of part `index`, from the table of ends at `position(index)`.
fn span(
    row: &[u8],
    base: usize,
    index: usize,
    position: impl Fn(usize) -> usize,
) -> Option<Range<usize>> {
    let start = match index {
        0 => 0,
        _ => u32_at(row, position(index - 1))?,
    };
    let end = u32_at(row, position(index))?;
    (start <= end).then_some(base + start..base + end)
}

pub(crate) fn encode_receipts(receipts: &[Receipt], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(&(receipts.len() as u32).to_le_bytes());
    out.resize(4 + receipts.len() * 8, 0);
    let start = out.len();
    let mut logs = 0usize;
    for (index, receipt) in receipts.iter().enumerate() {
        put_u32_at(out, 8 + index * 8, logs);
        logs += receipt.logs.len();
        encode_receipt(receipt, out);
        let end = out.len() - start;
        put_u32_at(out, 4 + index * 8, end);
    }
}

fn encode_receipt(receipt: &Receipt, out: &mut Vec<u8>) {
    let success = if receipt.success { SUCCESS } else { 0 };
    out.push(u8::from(receipt.tx_type) | success);
    out.extend_from_slice(&receipt.cumulative_gas_used.to_le_bytes());
    out.extend_from_slice(&(receipt.logs.len() as u32).to_le_bytes());
    for log in &receipt.logs {
        out.extend_from_slice(log.address.as_slice());
        // The EVM has LOG0 to LOG4.
        out.push(log.topics().len() as u8);
        for topic in log.topics() {
            out.extend_from_slice(topic.as_slice());
        }
        put_sized(out, &log.data.data);
    }
}

/// A receipts row, opened without decoding its receipts.
pub(crate) struct Receipts<'a> {
    row: &'a [u8],
    count: usize,
}

impl<'a> Receipts<'a> {
    pub(crate) fn open(row: &'a [u8]) -> Result<Self, IndexError> {
        let count = u32_at(row, 0)
            .filter(|count| row.len() >= 4 + count * 8)
            .ok_or_else(|| IndexError::damaged("receipts", "row ends early"))?;
        Ok(Self { row, count })
    }

    fn reader(&self, index: usize) -> Result<Option<Reader<'a>>, IndexError> {
        if index >= self.count {
            return Ok(None);
        }
        let base = 4 + self.count * 8;
        span(self.row, base, index, |index| 4 + index * 8)
            .and_then(|range| self.row.get(range))
            .map(|bytes| Some(Reader::new("receipts", bytes)))
            .ok_or_else(|| IndexError::damaged("receipts", "offset out of range"))
    }

    pub(crate) fn receipt(&self, index: usize) -> Result<Option<Receipt>, IndexError> {
        self.reader(index)?.map(decode_receipt).transpose()
    }

    pub(crate) fn first_log_index(&self, index: usize) -> u32 {
        u32_at(self.row, 8 + index * 8).unwrap_or_default() as u32
    }

    pub(crate) fn cumulative_gas(&self, index: usize) -> Result<u64, IndexError> {
        let Some(mut reader) = self.reader(index)? else {
            return Ok(0);
        };
        reader.u8()?;
        reader.u64()
    }

    pub(crate) fn all(&self) -> Result<Vec<Receipt>, IndexError> {
        let mut receipts = Vec::with_capacity(self.count);
        for index in 0..self.count {
            receipts.extend(self.receipt(index)?);
        }
        Ok(receipts)
    }

    /// Calls `visit` with each log's transaction, place in the block, address, topics (as bytes) and data,
    /// without allocating.
    pub(crate) fn visit_logs(
        &self,
        mut visit: impl FnMut(u32, u32, &LogRef<'_>) -> Result<(), IndexError>,
    ) -> Result<(), IndexError> {
        for index in 0..self.count {
            let Some(mut reader) = self.reader(index)? else {
                continue;
            };
            reader.take(9)?;
            let first = self.first_log_index(index);
            for place in 0..reader.u32()? {
                let log = LogRef::read(&mut reader)?;
                visit(index as u32, first + place, &log)?;
            }
        }
        Ok(())
    }
}

/// A log inside a row.
pub(crate) struct LogRef<'a> {
    pub(crate) address: &'a [u8],
    topics: &'a [u8],
    data: &'a [u8],
}

impl<'a> LogRef<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, IndexError> {
        let address = reader.take(20)?;
        let topics = usize::from(reader.u8()?);
        Ok(Self {
            address,
            topics: reader.take(topics * 32)?,
            data: reader.sized()?,
        })
    }

    pub(crate) fn topics(&self) -> impl ExactSizeIterator<Item = &'a [u8]> {
        self.topics.chunks_exact(32)
    }

    pub(crate) fn to_log(&self) -> Log {
        let topics = self.topics().map(B256::from_slice).collect();
        Log::new_unchecked(
            Address::from_slice(self.address),
            topics,
            Bytes::copy_from_slice(self.data),
        )
    }
}

fn decode_receipt(mut reader: Reader<'_>) -> Result<Receipt, IndexError> {
    let kind = reader.u8()?;
    let tx_type = TxType::try_from(kind & !SUCCESS).map_err(|error| reader.fail(error))?;
    let cumulative_gas_used = reader.u64()?;
    let count = reader.u32()?;
    let mut logs = Vec::with_capacity((count as usize).min(1_024));
    for _ in 0..count {
        logs.push(LogRef::read(&mut reader)?.to_log());
    }
    Ok(Receipt {
        tx_type,
        success: kind & SUCCESS != 0,
        cumulative_gas_used,
        logs,
    })
}
