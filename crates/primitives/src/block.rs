//! A header and its transactions.

use crate::{
    Context, Digest, Finalization, Header, Inputs, MAX_BLOCK_BYTES, MAX_BLOCK_TRANSACTIONS,
    MAX_OPERATORS, MAX_TRANSACTION_BYTES, Transaction, decode_transaction, digest,
    transactions_root,
};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{B256, keccak256};
use bytes::{BufMut, BytesMut};
use commonware_codec::{
    Buf, Encode as _, EncodeSize, Error as CodecError, Read, ReadExt, Write, varint::UInt,
};
use commonware_consensus::{
    Block as ConsensusBlock, BoundedBlock, CertifiableBlock, Heightable, types::Height,
};
use commonware_cryptography::Digestible;
use std::sync::Arc;

/// What a block decoder admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockCfg {
    /// Largest sum of encoded transactions, bytes.
    pub max_bytes: usize,
    /// Most transactions.
    pub max_transactions: usize,
}

impl Default for BlockCfg {
    fn default() -> Self {
        Self {
            max_bytes: MAX_BLOCK_BYTES,
            max_transactions: MAX_BLOCK_TRANSACTIONS,
        }
    }
}

/// A block. Cheap to clone: body and header are shared.
///
/// # Invariant
/// `header.transactions_root` is the root of `transactions`, `header.finalization` the hash of the finalization, and `header.inputs`
/// that of the inputs: a block with another body cannot be made by an honest proposer, nor decoded. A block that comes from an
/// index, which keeps neither finalizations nor inputs, is the exception: it can be read, but not sent.
#[derive(Clone, Debug)]
pub struct Block {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    header: Header,
    hash: B256,
    transactions: Vec<Transaction>,
    body_bytes: usize,
    finalization: Option<Finalization>,
    inputs: Inputs,
}

impl Block {
    /// Joins a header and its body. The header must commit to `transactions`.
    pub fn new(header: Header, transactions: Vec<Transaction>) -> Self {
        Self::with(header, transactions, None, Inputs::default())
    }

    /// As [`Block::new`], with the finalization of an earlier block, and what the block takes from the hub. The header must commit
    /// to both.
    pub fn with(
        header: Header,
        transactions: Vec<Transaction>,
        finalization: Option<Finalization>,
        inputs: Inputs,
    ) -> Self {
        let body_bytes = transactions
            .iter()
            .map(Encodable2718::encode_2718_len)
            .sum();
        Self {
            inner: Arc::new(Inner {
                hash: header.hash(),
                header,
                transactions,
                body_bytes,
                finalization,
                inputs,
            }),
        }
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.inner.header
    }

    /// The block hash, computed once.
    pub fn hash(&self) -> B256 {
        self.inner.hash
    }

    /// Height.
    pub fn number(&self) -> u64 {
        self.inner.header.number
    }

    /// The body, in order of execution.
    pub fn transactions(&self) -> &[Transaction] {
        &self.inner.transactions
    }

    /// The finalization of an earlier block of the same epoch, signed by as many operators as the proposer heard of:
    /// the chain's record of who takes part.
    pub fn finalization(&self) -> Option<&Finalization> {
        self.inner.finalization.as_ref()
    }

    /// What is applied before the transactions: nothing in a block of the hub.
    pub fn inputs(&self) -> &Inputs {
        &self.inner.inputs
    }

    /// Sum of the encoded transactions, bytes.
    pub fn body_bytes(&self) -> usize {
        self.inner.body_bytes
    }
}

impl PartialEq for Block {
    fn eq(&self, other: &Self) -> bool {
        self.inner.hash == other.inner.hash
    }
}

impl Eq for Block {}

fn count_size(count: usize) -> usize {
    // Bounded by MAX_BLOCK_TRANSACTIONS and MAX_TRANSACTION_BYTES, both far below u32::MAX.
    UInt(count as u32).encode_size()
}

/// Hash of a finalization, as a header commits to it.
pub fn finalization_hash(finalization: Option<&Finalization>) -> B256 {
    finalization.map_or(B256::ZERO, |finalization| keccak256(finalization.encode()))
}

impl Write for Block {
    fn write(&self, buf: &mut impl BufMut) {
        self.inner.header.write(buf);
        self.inner.finalization.write(buf);
        self.inner.inputs.write(buf);
        UInt(self.inner.transactions.len() as u32).write(buf);
        let mut scratch = BytesMut::new();
        for transaction in &self.inner.transactions {
            scratch.clear();
            transaction.encode_2718(&mut scratch);
            UInt(scratch.len() as u32).write(buf);
            buf.put_slice(&scratch);
        }
    }
}

impl EncodeSize for Block {
    fn encode_size(&self) -> usize {
        let transactions = &self.inner.transactions;
        self.inner.header.encode_size()
            + self.inner.finalization.encode_size()
            + self.inner.inputs.encode_size()
            + count_size(transactions.len())
            + self.inner.body_bytes
            + transactions
                .iter()
                .map(|transaction| count_size(transaction.encode_2718_len()))
                .sum::<usize>()
    }
}

impl Read for Block {
    type Cfg = BlockCfg;

    fn read_cfg(buf: &mut impl Buf, cfg: &BlockCfg) -> Result<Self, CodecError> {
        let header = Header::read(buf)?;
        let finalization = Option::<Finalization>::read_cfg(buf, &MAX_OPERATORS)?;
        if finalization_hash(finalization.as_ref()) != header.finalization {
            return Err(CodecError::Invalid(
                "block",
                "finalization does not match header",
            ));
        }
        let inputs = Inputs::read(buf)?;
        if inputs.hash() != header.inputs {
            return Err(CodecError::Invalid("block", "inputs do not match header"));
        }
        let count = u32::from(UInt::<u32>::read(buf)?) as usize;
        if count > cfg.max_transactions {
            return Err(CodecError::Invalid("block", "too many transactions"));
        }
        let mut transactions = Vec::with_capacity(count.min(4_096));
        let mut body_bytes = 0usize;
        for _ in 0..count {
            let size = u32::from(UInt::<u32>::read(buf)?) as usize;
            body_bytes += size;
            if size > MAX_TRANSACTION_BYTES || body_bytes > cfg.max_bytes {
                return Err(CodecError::Invalid("block", "body over its byte limit"));
            }
            if buf.remaining() < size {
                return Err(CodecError::EndOfBuffer);
            }
            let raw = buf.copy_to_bytes(size);
            let transaction = decode_transaction(&raw)
                .map_err(|_| CodecError::Invalid("block", "malformed transaction"))?;
            transactions.push(transaction);
        }
        if transactions_root(&transactions) != header.transactions_root {
            return Err(CodecError::Invalid("block", "body does not match header"));
        }
        Ok(Self::with(header, transactions, finalization, inputs))
    }
}

impl Digestible for Block {
    type Digest = Digest;

    fn digest(&self) -> Digest {
        digest(self.inner.hash)
    }
}

impl Heightable for Block {
    fn height(&self) -> Height {
        Height::new(self.inner.header.number)
    }
}

impl ConsensusBlock for Block {
    fn parent(&self) -> Digest {
        digest(self.inner.header.parent_hash)
    }
}

impl CertifiableBlock for Block {
    type Context = Context;

    fn context(&self) -> Context {
        self.inner.header.context.clone()
    }
}

impl BoundedBlock for Block {
    fn max_encode_size(cfg: &BlockCfg) -> usize {
        // Five bytes bound every length prefix.
        let finalization = 1 + Finalization::max_encode_size(MAX_OPERATORS as u32);
        Header::MAX_SIZE
            + finalization
            + Inputs::MAX_SIZE
            + 5
            + cfg.max_bytes
            + 5 * cfg.max_transactions
    }
}
