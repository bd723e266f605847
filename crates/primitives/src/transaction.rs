//! Ethereum transactions and receipts as blocks carry them.

use crate::MAX_TRANSACTION_BYTES;
use alloy_consensus::{
    EthereumReceipt, TxEnvelope, TxLegacy, proofs, transaction::RlpEcdsaDecodableTx as _,
};
use alloy_eips::eip2718::{Decodable2718, Eip2718Error};
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
    /// Neither a list nor a type with a payload.
    #[error("typed transaction too short")]
    TooShort,
    /// A type that this chain does not have.
    #[error("transaction type not supported")]
    Type,
    /// Not a canonical EIP-2718 encoding.
    #[error("rlp: {0}")]
    Malformed(String),
    /// Well-formed, then more bytes.
    #[error("rlp: input contains more than one value: {0} bytes after the transaction")]
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
    let transaction =
        Transaction::decode_2718(&mut rest).map_err(|error| malformed(raw, &error))?;
    if !rest.is_empty() {
        return Err(TransactionError::Trailing(rest.len()));
    }
    Ok(transaction)
}

/// go-ethereum's words for what is wrong, where it has some that say as much.
fn malformed(raw: &[u8], error: &Eip2718Error) -> TransactionError {
    let (name, payload) = match raw {
        [] | [0..=0x7f] => return TransactionError::TooShort,
        [1, payload @ ..] => ("types.AccessListTx", payload),
        [2, payload @ ..] => ("types.DynamicFeeTx", payload),
        [4, payload @ ..] => ("types.SetCodeTx", payload),
        [0..=0x7f, ..] => return TransactionError::Type,
        _ => ("types.LegacyTx", raw),
    };
    let reason = match error {
        Eip2718Error::RlpError(reason) => Some(*reason),
        // The envelope does not tell why it has no legacy transaction.
        _ => TxLegacy::rlp_decode_signed(&mut &*payload).err(),
    };
    TransactionError::Malformed(match reason {
        Some(_) if payload.first().is_some_and(|first| *first < 0xc0) => {
            format!("expected input list for {name}")
        }
        Some(alloy_rlp::Error::InputTooShort) => match alloy_rlp::Header::decode(&mut &*payload) {
            Ok(_) => format!("too few elements for {name}"),
            Err(_) => "value size exceeds available input length".to_owned(),
        },
        Some(other) => other.to_string(),
        None => error.to_string(),
    })
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
