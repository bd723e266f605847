//! From the chain's types to those of the Ethereum JSON-RPC.

use crate::api::PooledTransaction;
use alloy_consensus::{
    EMPTY_OMMER_ROOT_HASH, EMPTY_ROOT_HASH, Eip658Value, Receipt as ConsensusReceipt,
    ReceiptEnvelope, ReceiptWithBloom, Transaction as _, TxReceipt, Typed2718,
    transaction::Recovered,
};
use alloy_eips::{eip4895::Withdrawals, eip7685::EMPTY_REQUESTS_HASH};
use alloy_primitives::{Address, B64, B256, Bytes, U64, U256};
use alloy_rpc_types_eth::{
    Block as AlloyBlock, BlockTransactions, Header as AlloyHeader, Log,
    Transaction as RpcTransaction, TransactionReceipt,
};
use commonware_codec::EncodeSize as _;
use hansa_index::{FinalizedBlock, Located, LocatedLog};
use hansa_primitives::{Receipt, Transaction};
use serde::Serialize;

/// A header with what Ethereum does not have.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Header {
    #[serde(flatten)]
    pub(crate) header: AlloyHeader,
    /// Milliseconds since the Unix epoch.
    timestamp_ms: U64,
    /// ed25519 key of the operator that proposed the block.
    proposer: B256,
}

/// A block as RPC shows it.
pub(crate) type Block = AlloyBlock<RpcTransaction, Header>;

/// The header. Its hash is Hansa's (keccak256 of Hansa's encoding), not that of the RLP of the
/// fields shown.
pub(crate) fn header(block: &hansa_primitives::Block) -> Header {
    let header = block.header();
    let inner = alloy_consensus::Header {
        parent_hash: header.parent_hash,
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        beneficiary: header.beneficiary,
        state_root: header.state.root,
        transactions_root: header.transactions_root,
        receipts_root: header.receipts_root,
        logs_bloom: header.logs_bloom,
        difficulty: U256::ZERO,
        number: header.number,
        gas_limit: header.terms.gas_limit,
        gas_used: header.gas_used,
        timestamp: header.timestamp(),
        extra_data: Bytes::new(),
        // What `PREVRANDAO` answers.
        mix_hash: header.parent_hash,
        nonce: B64::ZERO,
        base_fee_per_gas: Some(header.base_fee_per_gas),
        withdrawals_root: Some(EMPTY_ROOT_HASH),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::ZERO),
        requests_hash: Some(EMPTY_REQUESTS_HASH),
        ..Default::default()
    };
    Header {
        header: AlloyHeader {
            hash: block.hash(),
            inner,
            total_difficulty: None,
            size: Some(U256::from(block.encode_size())),
        },
        timestamp_ms: U64::from(header.timestamp_ms),
        proposer: B256::from_slice(header.proposer().as_ref()),
    }
}

/// The block, with whole transactions or their hashes.
pub(crate) fn block(found: &FinalizedBlock, full: bool) -> Block {
    let transactions = found.block.transactions();
    let transactions = if full {
        BlockTransactions::Full(
            Placed::all(found)
                .map(|placed| placed.transaction())
                .collect(),
        )
    } else {
        let hashes = transactions
            .iter()
            .map(|transaction| *transaction.tx_hash());
        BlockTransactions::Hashes(hashes.collect())
    };
    AlloyBlock {
        header: header(&found.block),
        uncles: Vec::new(),
        transactions,
        withdrawals: Some(Withdrawals::default()),
    }
}

/// A transaction, what it did and where it is.
pub(crate) struct Placed<'a> {
    transaction: &'a Transaction,
    receipt: &'a Receipt,
    sender: Address,
    index: u64,
    first_log: u64,
    gas_used: u64,
    block_hash: B256,
    header: &'a hansa_primitives::Header,
}

impl<'a> Placed<'a> {
    /// From the index; `hash` and `header` are those of its block.
    pub(crate) fn from(
        located: &'a Located,
        hash: B256,
        header: &'a hansa_primitives::Header,
    ) -> Self {
        Self {
            transaction: &located.transaction,
            receipt: &located.receipt,
            sender: located.sender,
            index: located.index.into(),
            first_log: located.first_log_index.into(),
            gas_used: located.gas_used,
            block_hash: hash,
            header,
        }
    }

    /// Every transaction of a block.
    pub(crate) fn all(found: &'a FinalizedBlock) -> impl Iterator<Item = Self> + 'a {
        let (mut next_log, mut gas_before) = (0, 0);
        let transactions = found.block.transactions().iter();
        let parts = transactions
            .zip(found.receipts.iter())
            .zip(found.senders.iter());
        parts
            .enumerate()
            .map(move |(index, ((transaction, receipt), sender))| {
                let first_log = next_log;
                next_log += receipt.logs.len() as u64;
                let gas_used = receipt.cumulative_gas_used.saturating_sub(gas_before);
                gas_before = receipt.cumulative_gas_used;
                Self {
                    transaction,
                    receipt,
                    sender: *sender,
                    index: index as u64,
                    first_log,
                    gas_used,
                    block_hash: found.block.hash(),
                    header: found.block.header(),
                }
            })
    }

    /// As RPC shows it.
    pub(crate) fn transaction(&self) -> RpcTransaction {
        let base_fee = Some(self.header.base_fee_per_gas);
        RpcTransaction {
            effective_gas_price: Some(self.transaction.effective_gas_price(base_fee)),
            inner: Recovered::new_unchecked(self.transaction.clone(), self.sender),
            block_hash: Some(self.block_hash),
            block_number: Some(self.header.number),
            transaction_index: Some(self.index),
            block_timestamp: Some(self.header.timestamp()),
        }
    }

    /// Its receipt.
    pub(crate) fn receipt(&self) -> TransactionReceipt {
        let hash = *self.transaction.tx_hash();
        let logs = self
            .receipt
            .logs
            .iter()
            .zip(self.first_log..)
            .map(|(entry, log_index)| Log {
                inner: entry.clone(),
                block_hash: Some(self.block_hash),
                block_number: Some(self.header.number),
                block_timestamp: Some(self.header.timestamp()),
                transaction_hash: Some(hash),
                transaction_index: Some(self.index),
                log_index: Some(log_index),
                removed: false,
            });
        let with_bloom = ReceiptWithBloom {
            receipt: ConsensusReceipt {
                status: Eip658Value::Eip658(self.receipt.success),
                cumulative_gas_used: self.receipt.cumulative_gas_used,
                logs: logs.collect(),
            },
            logs_bloom: self.receipt.bloom(),
        };
        let inner = match self.transaction.ty() {
            0 => ReceiptEnvelope::Legacy(with_bloom),
            1 => ReceiptEnvelope::Eip2930(with_bloom),
            2 => ReceiptEnvelope::Eip1559(with_bloom),
            _ => ReceiptEnvelope::Eip7702(with_bloom),
        };
        let base_fee = Some(self.header.base_fee_per_gas);
        let to = self.transaction.to();
        let created = || self.sender.create(self.transaction.nonce());
        TransactionReceipt {
            inner,
            transaction_hash: hash,
            transaction_index: Some(self.index),
            block_hash: Some(self.block_hash),
            block_number: Some(self.header.number),
            gas_used: self.gas_used,
            effective_gas_price: self.transaction.effective_gas_price(base_fee),
            blob_gas_used: None,
            blob_gas_price: None,
            from: self.sender,
            to,
            contract_address: to.is_none().then(created),
        }
    }
}

/// A transaction that waits in the pool.
pub(crate) fn pooled(pooled: &PooledTransaction) -> RpcTransaction {
    RpcTransaction {
        // As go-ethereum: before the block is known, what it would pay at most.
        effective_gas_price: Some(pooled.transaction.max_fee_per_gas()),
        inner: Recovered::new_unchecked(pooled.transaction.clone(), pooled.sender),
        block_hash: None,
        block_number: None,
        transaction_index: None,
        block_timestamp: None,
    }
}

/// A log.
pub(crate) fn log(found: LocatedLog) -> Log {
    Log {
        inner: found.log,
        block_hash: Some(found.block_hash),
        block_number: Some(found.block_number),
        block_timestamp: Some(found.block_timestamp_ms / 1_000),
        transaction_hash: Some(found.transaction_hash),
        transaction_index: Some(found.transaction_index.into()),
        log_index: Some(found.log_index.into()),
        removed: false,
    }
}

/// All receipts of the block.
pub(crate) fn receipts(found: &FinalizedBlock) -> Vec<TransactionReceipt> {
    Placed::all(found).map(|placed| placed.receipt()).collect()
}
