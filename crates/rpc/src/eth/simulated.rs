//! What simulated calls leave behind: transactions, logs, receipts.

use crate::exec::{halt_words, reverted};
use alloy_consensus::{
    Header, SignableTransaction as _, Transaction as _, TxEip1559, TxEip2930, TxEip7702,
    TxEnvelope, TxLegacy, transaction::Recovered,
};
use alloy_primitives::{B256, Bytes, Signature, U256};
use alloy_rpc_types_eth::{
    Log, Transaction, TransactionRequest,
    simulate::{SimCallResult, SimulateError},
};
use hansa_primitives::Receipt;
use revm::{context::TxEnv, context_interface::result::ExecutionResult};
use revm_inspectors::transfer::TRANSFER_LOG_EMITTER;

/// What a simulated block has gathered so far.
#[derive(Default)]
pub(crate) struct Gathered {
    pub(crate) calls: Vec<SimCallResult>,
    pub(crate) transactions: Vec<Recovered<TxEnvelope>>,
    pub(crate) receipts: Vec<Receipt>,
    pub(crate) gas_used: u64,
    logs: u64,
}

impl Gathered {
    /// Adds what one call did. Where transfers are traced, their logs are shown with it, and are no part of its receipt.
    pub(crate) fn add(
        &mut self,
        tx: Recovered<TxEnvelope>,
        result: ExecutionResult,
        gas_used: u64,
        traces_transfers: bool,
    ) {
        self.gas_used += gas_used;
        let success = result.is_success();
        let gas = result.gas();
        let max_used_gas = gas.total_gas_spent().max(gas.floor_gas());
        let hash = *tx.inner().tx_hash();
        let index = self.transactions.len() as u64;
        let (return_data, logs, error) = match result {
            ExecutionResult::Success { output, logs, .. } => (output.into_data(), logs, None),
            ExecutionResult::Revert { output, .. } => {
                let fault = reverted(output.clone());
                let error = SimulateError {
                    code: fault.code,
                    message: fault.message,
                    data: Some(output.clone()),
                };
                (output, Vec::new(), Some(error))
            }
            ExecutionResult::Halt { reason, .. } => {
                let error = SimulateError {
                    code: SimulateError::VM_EXECUTION_ERROR_CODE,
                    message: halt_words(&reason),
                    data: None,
                };
                (Bytes::new(), Vec::new(), Some(error))
            }
        };
        let first = self.logs;
        self.logs += logs.len() as u64;
        let shown = logs.iter().zip(first..).map(|(log, log_index)| Log {
            inner: log.clone(),
            transaction_hash: Some(hash),
            transaction_index: Some(index),
            log_index: Some(log_index),
            ..Log::default()
        });
        self.calls.push(SimCallResult {
            return_data,
            logs: shown.collect(),
            gas_used,
            max_used_gas: Some(max_used_gas),
            status: success,
            error,
        });
        let is_real =
            |log: &alloy_primitives::Log| !traces_transfers || log.address != TRANSFER_LOG_EMITTER;
        let logs = logs.into_iter().filter(is_real).collect();
        self.receipts.push(Receipt {
            tx_type: tx.inner().tx_type(),
            success,
            cumulative_gas_used: self.gas_used,
            logs,
        });
        self.transactions.push(tx);
    }
}

/// A simulated transaction as RPC shows it.
pub(crate) fn shown(
    tx: Recovered<TxEnvelope>,
    index: usize,
    hash: B256,
    header: &Header,
) -> Transaction {
    Transaction {
        effective_gas_price: Some(tx.inner().effective_gas_price(header.base_fee_per_gas)),
        inner: tx,
        block_hash: Some(hash),
        block_number: Some(header.number),
        transaction_index: Some(index as u64),
        block_timestamp: Some(header.timestamp),
    }
}

/// The transaction as if it were signed: its signature is zero.
pub(crate) fn envelope(tx: &TxEnv, request: &TransactionRequest) -> TxEnvelope {
    let chain_id = tx.chain_id.unwrap_or_default();
    let (nonce, gas_limit, value) = (tx.nonce, tx.gas_limit, tx.value);
    let (to, input) = (tx.kind, tx.data.clone());
    let access_list = tx.access_list.clone();
    let max_fee_per_gas = tx.gas_price;
    let max_priority_fee_per_gas = tx.gas_priority_fee.unwrap_or_default();
    let signature = Signature::new(U256::ZERO, U256::ZERO, false);
    match tx.tx_type {
        0 => TxLegacy {
            chain_id: Some(chain_id),
            nonce,
            gas_price: tx.gas_price,
            gas_limit,
            to,
            value,
            input,
        }
        .into_signed(signature)
        .into(),
        1 => TxEip2930 {
            chain_id,
            nonce,
            gas_price: tx.gas_price,
            gas_limit,
            to,
            value,
            access_list,
            input,
        }
        .into_signed(signature)
        .into(),
        4 => TxEip7702 {
            chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas,
            max_priority_fee_per_gas,
            to: to.to().copied().unwrap_or_default(),
            value,
            access_list,
            authorization_list: request.authorization_list.clone().unwrap_or_default(),
            input,
        }
        .into_signed(signature)
        .into(),
        _ => TxEip1559 {
            chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas,
            max_priority_fee_per_gas,
            to,
            value,
            access_list,
            input,
        }
        .into_signed(signature)
        .into(),
    }
}
