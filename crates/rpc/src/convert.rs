//! From the chain's types to those of the Ethereum JSON-RPC.

use crate::api::PooledTransaction;
use crate::chain::{FinalizedBlock, FoundLog};
use alloy_consensus::{
    EMPTY_OMMER_ROOT_HASH, EMPTY_ROOT_HASH, Eip658Value, Receipt as ConsensusReceipt,
    ReceiptEnvelope, ReceiptWithBloom, Transaction as _, TxReceipt, Typed2718,
    transaction::Recovered,
};
use alloy_eips::{eip4895::Withdrawals, eip7685::EMPTY_REQUESTS_HASH};
use alloy_primitives::{B64, B256, Bytes, U64, U256};
use alloy_rpc_types_eth::{
    Block as AlloyBlock, BlockTransactions, Header as AlloyHeader, Log,
    Transaction as RpcTransaction, TransactionReceipt,
};
use commonware_codec::EncodeSize as _;
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
        gas_limit: header.gas_limit,
        gas_used: header.gas_used,
        timestamp: header.timestamp(),
        extra_data: Bytes::new(),
        mix_hash: B256::ZERO,
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
        let all = 0..transactions.len();
        BlockTransactions::Full(all.filter_map(|index| transaction(found, index)).collect())
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

/// Transaction `index` of the block.
pub(crate) fn transaction(found: &FinalizedBlock, index: usize) -> Option<RpcTransaction> {
    let transaction = found.block.transactions().get(index)?;
    let sender = *found.senders.get(index)?;
    let header = found.block.header();
    Some(RpcTransaction {
        effective_gas_price: Some(transaction.effective_gas_price(Some(header.base_fee_per_gas))),
        inner: Recovered::new_unchecked(transaction.clone(), sender),
        block_hash: Some(found.block.hash()),
        block_number: Some(header.number),
        transaction_index: Some(index as u64),
        block_timestamp: Some(header.timestamp()),
    })
}

/// A transaction that waits in the pool.
pub(crate) fn pooled(pooled: &PooledTransaction) -> RpcTransaction {
    RpcTransaction {
        effective_gas_price: None,
        inner: Recovered::new_unchecked(pooled.transaction.clone(), pooled.sender),
        block_hash: None,
        block_number: None,
        transaction_index: None,
        block_timestamp: None,
    }
}

/// A log.
pub(crate) fn log(found: FoundLog) -> Log {
    Log {
        inner: found.log,
        block_hash: Some(found.block_hash),
        block_number: Some(found.block_number),
        block_timestamp: Some(found.block_timestamp),
        transaction_hash: Some(found.transaction_hash),
        transaction_index: Some(found.transaction_index),
        log_index: Some(found.log_index),
        removed: false,
    }
}

/// The receipt of transaction `index`; `first_log` logs come before it in the block.
fn receipt_at(
    found: &FinalizedBlock,
    index: usize,
    first_log: u64,
    gas_before: u64,
) -> Option<TransactionReceipt> {
    let transaction = found.block.transactions().get(index)?;
    let receipt = found.receipts.get(index)?;
    let sender = *found.senders.get(index)?;
    let header = found.block.header();
    let hash = *transaction.tx_hash();
    let logs = receipt.logs.iter().enumerate().map(|(position, entry)| {
        log(FoundLog {
            block_number: header.number,
            block_hash: found.block.hash(),
            block_timestamp: header.timestamp(),
            transaction_hash: hash,
            transaction_index: index as u64,
            log_index: first_log + position as u64,
            log: entry.clone(),
        })
    });
    let with_bloom = ReceiptWithBloom {
        receipt: ConsensusReceipt {
            status: Eip658Value::Eip658(receipt.success),
            cumulative_gas_used: receipt.cumulative_gas_used,
            logs: logs.collect(),
        },
        logs_bloom: receipt.bloom(),
    };
    let inner = match transaction.ty() {
        0 => ReceiptEnvelope::Legacy(with_bloom),
        1 => ReceiptEnvelope::Eip2930(with_bloom),
        2 => ReceiptEnvelope::Eip1559(with_bloom),
        _ => ReceiptEnvelope::Eip7702(with_bloom),
    };
    Some(TransactionReceipt {
        inner,
        transaction_hash: hash,
        transaction_index: Some(index as u64),
        block_hash: Some(found.block.hash()),
        block_number: Some(header.number),
        gas_used: receipt.cumulative_gas_used.saturating_sub(gas_before),
        effective_gas_price: transaction.effective_gas_price(Some(header.base_fee_per_gas)),
        blob_gas_used: None,
        blob_gas_price: None,
        from: sender,
        to: transaction.to(),
        contract_address: transaction
            .to()
            .is_none()
            .then(|| sender.create(transaction.nonce())),
    })
}

/// The receipt of transaction `index`.
pub(crate) fn receipt(found: &FinalizedBlock, index: usize) -> Option<TransactionReceipt> {
    let before = found.receipts.get(..index)?;
    let first_log = before.iter().map(|receipt| receipt.logs.len() as u64).sum();
    let gas_before = before.last().map_or(0, |last| last.cumulative_gas_used);
    receipt_at(found, index, first_log, gas_before)
}

/// All receipts of the block.
pub(crate) fn receipts(found: &FinalizedBlock) -> Vec<TransactionReceipt> {
    let (mut first_log, mut gas_before) = (0, 0);
    found
        .receipts
        .iter()
        .enumerate()
        .filter_map(|(index, receipt)| {
            let shown = receipt_at(found, index, first_log, gas_before);
            first_log += receipt.logs.len() as u64;
            gas_before = receipt.cumulative_gas_used;
            shown
        })
        .collect()
}
