//! Ethereum transactions and receipts as blocks carry them.

use crate::MAX_TRANSACTION_BYTES;
use alloy_consensus::{EthereumReceipt, TxEnvelope, proofs};
use alloy_eips::eip2718::Decodable2718;
use alloy_primitives::{B256, Bloom};
use thiserror::Error;

/// A signed transaction: legacy, EIP-2930, EIP-1559 or EIP-7702.
pub type Transaction = TxEnvelope;
/// What a transaction did: status, cumulative gas of its block so far, logs.
pub type Receipt = EthereumReceipt;

/// Why bytes are not a transaction of this chain.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TransactionError {
    /// Over [`MAX_TRANSACTION_BYTES`].
    #[error(
        "oversized data: transaction of {size} bytes, limit {MAX_TRANSACTION_BYTES} (MAX_TRANSACTION_BYTES)"
    )]
    Oversized {
        /// Encoded size, bytes.
        size: usize,
    },
    /// EIP-4844: blobs are not part of this chain.
    #[error("transaction type not supported: blob transactions (EIP-4844) are not accepted here")]
    Blob,
    /// Not a canonical EIP-2718 encoding.
    #[error("rlp: {0}")]
    Malformed(String),
    /// Well-formed, then more bytes.
    #[error("rlp: {0} bytes after the transaction")]
    Trailing(usize),
}

/// Decodes a signed transaction in its EIP-2718 encoding.
///
/// # Errors
/// Oversized or malformed input, trailing bytes, and blob transactions, which are refused by name.
pub fn decode_transaction(raw: &[u8]) -> Result<Transaction, TransactionError> {
    if raw.len() > MAX_TRANSACTION_BYTES {
        return Err(TransactionError::Oversized { size: raw.len() });
    }
    if raw.first() == Some(&3) {
        return Err(TransactionError::Blob);
    }
    let mut rest = raw;
    let transaction = Transaction::decode_2718(&mut rest)
        .map_err(|error| TransactionError::Malformed(error.to_string()))?;
    if !rest.is_empty() {
        return Err(TransactionError::Trailing(rest.len()));
    }
    Ok(transaction)
}

/// The Merkle-Patricia root of a block's transactions, as Ethereum defines it.
pub fn transactions_root(transactions: &[Transaction]) -> B256 {
    proofs::calculate_transaction_root(transactions)
}

/// The Merkle-Patricia root of a block's receipts, as Ethereum defines it.
pub fn receipts_root(receipts: &[Receipt]) -> B256 {
    proofs::calculate_receipt_root(
        &receipts
            .iter()
            .map(alloy_consensus::TxReceipt::with_bloom_ref)
            .collect::<Vec<_>>(),
    )
}

/// The union of the logs blooms of `receipts`.
pub fn receipts_bloom(receipts: &[Receipt]) -> Bloom {
    receipts
        .iter()
        .flat_map(|receipt| receipt.logs.iter())
        .collect()
}
