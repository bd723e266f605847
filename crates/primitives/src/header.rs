//! The block header: what operators sign.

use crate::{Context, HEADER_VERSION, HubPoint, Outbox, PublicKey, Terms};
use alloy_eips::eip1559::BaseFeeParams;
use alloy_primitives::{Address, B256, Bloom, keccak256};
use bytes::BufMut;
use commonware_codec::{
    Buf, Encode, EncodeSize, Error as CodecError, FixedSize, MaxEncodeSize, Read, ReadExt, Write,
};

/// Commitment to the chain's databases after a block.
///
/// The `*_ops_root` and operation ranges are what state sync downloads against; `root` is the
/// canonical root that proofs of current values verify against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateCommitment {
    /// Canonical root of the account and storage database (QMDB `current`).
    pub root: B256,
    /// Root of its operation log.
    pub ops_root: B256,
    /// First operation that is still needed (the inactivity floor).
    pub ops_start: u64,
    /// One past the last operation.
    pub ops_end: u64,
    /// Root of the contract code database (QMDB `immutable`).
    pub code_root: B256,
    /// First operation of the code database that is still needed.
    pub code_start: u64,
    /// One past its last operation.
    pub code_end: u64,
}

/// A block header. Its hash is `keccak256` of its encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The round, leader and parent of the proposal. The leader is the block's proposer.
    pub context: Context,
    /// Hash of the parent header; for the genesis block, the hash of the genesis file.
    pub parent_hash: B256,
    /// Height; the genesis block is 0.
    pub number: u64,
    /// Milliseconds since the Unix epoch; the EVM sees whole seconds.
    pub timestamp_ms: u64,
    /// Receives the tips: the proposer's fee address.
    pub beneficiary: Address,
    /// What the block keeps to.
    pub terms: Terms,
    /// Gas that its transactions used.
    pub gas_used: u64,
    /// EIP-1559 base fee, wei per gas.
    pub base_fee_per_gas: u64,
    /// Root of the transactions trie.
    pub transactions_root: B256,
    /// Root of the receipts trie.
    pub receipts_root: B256,
    /// Union of the receipts' log blooms.
    pub logs_bloom: Bloom,
    /// Id of the committee that finalizes this block.
    pub committee: B256,
    /// Id of the committee that finalizes its child: another one only in the last block of an epoch.
    pub next_committee: B256,
    /// Hash of the finalization that the body carries; zero for none. See [`Block::finalization`](crate::Block::finalization).
    pub finalization: B256,
    /// View of the newest finalization that this block or an earlier one of its epoch carries; 0 for none.
    pub finalized_view: u64,
    /// The hub's block that this block of a zone was made by; zero in the hub.
    pub hub: HubPoint,
    /// Hash of what the body takes from the hub; zero for nothing. See [`Inputs`](crate::Inputs).
    pub inputs: B256,
    /// What a zone has sent up to this block; nothing in the hub.
    pub outbox: Outbox,
    /// The databases after this block.
    pub state: StateCommitment,
}

impl Header {
    /// Largest encoding, bytes.
    pub const MAX_SIZE: usize = 1
        + Context::MAX_ENCODE_SIZE
        + 32 * 7
        + 8 * 5
        + Terms::SIZE
        + 20
        + 256
        + HubPoint::SIZE
        + Outbox::SIZE
        + StateCommitment::SIZE;

    /// The block hash.
    pub fn hash(&self) -> B256 {
        keccak256(self.encode())
    }

    /// Whole seconds, as the EVM and RPC clients see time.
    pub const fn timestamp(&self) -> u64 {
        self.timestamp_ms / 1_000
    }

    /// The operator that proposed the block.
    pub const fn proposer(&self) -> &PublicKey {
        &self.context.leader
    }

    /// The epoch that the block was made in.
    pub const fn epoch(&self) -> u64 {
        self.context.round.epoch().get()
    }

    /// The view that the block was made in.
    pub const fn view(&self) -> u64 {
        self.context.round.view().get()
    }
}

/// Hash of an encoded header.
pub fn hash_of(encoded: &[u8]) -> B256 {
    keccak256(encoded)
}

/// The base fee of a child of `parent` that keeps to `terms` (EIP-1559).
pub fn next_base_fee(parent: &Header, params: BaseFeeParams, terms: &Terms) -> u64 {
    alloy_eips::eip1559::calc_next_block_base_fee(
        parent.gas_used,
        parent.terms.gas_limit,
        parent.base_fee_per_gas,
        params,
    )
    .max(terms.min_base_fee)
}

fn write_b256(value: &B256, buf: &mut impl BufMut) {
    buf.put_slice(value.as_slice());
}

fn read_b256(buf: &mut impl Buf) -> Result<B256, CodecError> {
    Ok(B256::new(<[u8; 32]>::read(buf)?))
}

impl FixedSize for StateCommitment {
    const SIZE: usize = 32 * 3 + 8 * 4;
}

impl Write for StateCommitment {
    fn write(&self, buf: &mut impl BufMut) {
        write_b256(&self.root, buf);
        write_b256(&self.ops_root, buf);
        buf.put_u64(self.ops_start);
        buf.put_u64(self.ops_end);
        write_b256(&self.code_root, buf);
        buf.put_u64(self.code_start);
        buf.put_u64(self.code_end);
    }
}

impl Read for StateCommitment {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, (): &()) -> Result<Self, CodecError> {
        let state = Self {
            root: read_b256(buf)?,
            ops_root: read_b256(buf)?,
            ops_start: u64::read(buf)?,
            ops_end: u64::read(buf)?,
            code_root: read_b256(buf)?,
            code_start: u64::read(buf)?,
            code_end: u64::read(buf)?,
        };
        if state.ops_start >= state.ops_end || state.code_start >= state.code_end {
            return Err(CodecError::Invalid("header", "empty operation range"));
        }
        Ok(state)
    }
}

impl Write for Header {
    fn write(&self, buf: &mut impl BufMut) {
        buf.put_u8(HEADER_VERSION);
        self.context.write(buf);
        write_b256(&self.parent_hash, buf);
        buf.put_u64(self.number);
        buf.put_u64(self.timestamp_ms);
        buf.put_slice(self.beneficiary.as_slice());
        self.terms.write(buf);
        buf.put_u64(self.gas_used);
        buf.put_u64(self.base_fee_per_gas);
        write_b256(&self.transactions_root, buf);
        write_b256(&self.receipts_root, buf);
        buf.put_slice(self.logs_bloom.as_slice());
        write_b256(&self.committee, buf);
        write_b256(&self.next_committee, buf);
        write_b256(&self.finalization, buf);
        buf.put_u64(self.finalized_view);
        self.hub.write(buf);
        write_b256(&self.inputs, buf);
        self.outbox.write(buf);
        self.state.write(buf);
    }
}

impl EncodeSize for Header {
    fn encode_size(&self) -> usize {
        Self::MAX_SIZE - Context::MAX_ENCODE_SIZE + self.context.encode_size()
    }
}

impl Read for Header {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, (): &()) -> Result<Self, CodecError> {
        if u8::read(buf)? != HEADER_VERSION {
            return Err(CodecError::Invalid("header", "unknown version"));
        }
        Ok(Self {
            context: Context::read(buf)?,
            parent_hash: read_b256(buf)?,
            number: u64::read(buf)?,
            timestamp_ms: u64::read(buf)?,
            beneficiary: Address::new(<[u8; 20]>::read(buf)?),
            terms: Terms::read(buf)?,
            gas_used: u64::read(buf)?,
            base_fee_per_gas: u64::read(buf)?,
            transactions_root: read_b256(buf)?,
            receipts_root: read_b256(buf)?,
            logs_bloom: Bloom::new(<[u8; 256]>::read(buf)?),
            committee: read_b256(buf)?,
            next_committee: read_b256(buf)?,
            finalization: read_b256(buf)?,
            finalized_view: u64::read(buf)?,
            hub: HubPoint::read(buf)?,
            inputs: read_b256(buf)?,
            outbox: Outbox::read(buf)?,
            state: StateCommitment::read(buf)?,
        })
    }
}
