//! A transaction as the pool holds it.

use alloy_consensus::Transaction as _;
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, U256};
use hansa_primitives::Transaction;

/// How a transaction came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From a user of this node: announced to the other operators, kept across restarts.
    Local,
    /// From another operator.
    Gossip,
}

/// A validated transaction with what was worked out once.
#[derive(Clone, Debug)]
pub struct PooledTransaction {
    /// The transaction.
    pub transaction: Transaction,
    /// Its hash.
    pub hash: B256,
    /// Who signed it.
    pub sender: Address,
    /// Encoded size, bytes.
    pub size: usize,
    /// The most it can cost: gas limit times fee cap, plus value; wei.
    pub cost: U256,
    /// Fee cap, wei per gas.
    pub fee_cap: u128,
    /// Tip cap, wei per gas (the gas price of a legacy transaction).
    pub tip_cap: u128,
    /// How it came in.
    pub origin: Origin,
    /// Order of arrival in this pool.
    pub sequence: u64,
    /// Head of the chain when it came in.
    pub added_at_block: u64,
}

impl PooledTransaction {
    pub(crate) fn new(transaction: Transaction, sender: Address, origin: Origin) -> Self {
        let fee_cap = transaction.max_fee_per_gas();
        Self {
            hash: *transaction.tx_hash(),
            sender,
            size: transaction.encode_2718_len(),
            cost: U256::from(transaction.gas_limit())
                .saturating_mul(U256::from(fee_cap))
                .saturating_add(transaction.value()),
            fee_cap,
            tip_cap: transaction.max_priority_fee_per_gas().unwrap_or(fee_cap),
            origin,
            sequence: 0,
            added_at_block: 0,
            transaction,
        }
    }

    /// The nonce.
    pub fn nonce(&self) -> u64 {
        self.transaction.nonce()
    }

    /// The gas limit.
    pub fn gas_limit(&self) -> u64 {
        self.transaction.gas_limit()
    }

    /// What the proposer gets per gas at this base fee, wei; negative when the fee cap does not
    /// reach the base fee.
    pub fn effective_tip(&self, base_fee: u64) -> i128 {
        effective_tip(self.tip_cap, self.fee_cap, base_fee)
    }
}

/// `min(tip cap, fee cap - base fee)`, clamped to what an `i128` holds.
pub(crate) fn effective_tip(tip_cap: u128, fee_cap: u128, base_fee: u64) -> i128 {
    clamp(tip_cap).min(clamp(fee_cap) - i128::from(base_fee))
}

pub(crate) fn clamp(value: u128) -> i128 {
    i128::try_from(value).unwrap_or(i128::MAX)
}
