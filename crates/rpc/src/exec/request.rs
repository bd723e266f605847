//! From the fields that a caller gives to a transaction that revm runs.

use crate::errors::{CallResult, Fault};
use alloy_primitives::{Bytes, TxKind};
use alloy_rpc_types_eth::TransactionRequest;
use revm::{context::TxEnv, context_interface::either::Either};

fn input(request: &TransactionRequest) -> CallResult<Bytes> {
    let given = &request.input;
    if let (Some(input), Some(data)) = (&given.input, &given.data)
        && input != data
    {
        return Err(Fault::server(
            "both \"data\" and \"input\" are set and not equal. \
             Please use \"input\" to pass transaction call data",
        ));
    }
    Ok(given.input().cloned().unwrap_or_default())
}

fn check_fees(request: &TransactionRequest) -> CallResult<()> {
    let (cap, tip) = (request.max_fee_per_gas, request.max_priority_fee_per_gas);
    if request.gas_price.is_some() && (cap.is_some() || tip.is_some()) {
        return Err(Fault::server(
            "both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified",
        ));
    }
    if let (Some(cap), Some(tip)) = (cap, tip)
        && cap < tip
    {
        return Err(Fault::server(format!(
            "maxFeePerGas ({cap}) < maxPriorityFeePerGas ({tip})"
        )));
    }
    if request.max_fee_per_blob_gas.is_some() || request.blob_versioned_hashes.is_some() {
        return Err(Fault::server(
            "transaction type not supported: blob transactions (EIP-4844) are not accepted here",
        ));
    }
    Ok(())
}

fn kind(request: &TransactionRequest) -> u8 {
    if request.authorization_list.is_some() {
        4
    } else if request.max_fee_per_gas.is_some() || request.max_priority_fee_per_gas.is_some() {
        2
    } else if request.access_list.is_some() {
        1
    } else {
        0
    }
}

/// The transaction that `request` describes, with at most `gas_cap` gas, on the chain `chain_id`.
///
/// # Errors
/// Fields that contradict each other or belong to another chain.
pub(crate) fn transaction(
    request: &TransactionRequest,
    gas_cap: u64,
    nonce: u64,
    chain_id: u64,
) -> CallResult<TxEnv> {
    check_fees(request)?;
    if let Some(other) = request.chain_id
        && other != chain_id
    {
        return Err(Fault::server(format!(
            "chainId does not match node's (have={other}, want={chain_id})"
        )));
    }
    let authorizations = request.authorization_list.clone().unwrap_or_default();
    Ok(TxEnv {
        tx_type: kind(request),
        caller: request.from.unwrap_or_default(),
        gas_limit: request.gas.unwrap_or(gas_cap).min(gas_cap),
        gas_price: request
            .gas_price
            .or(request.max_fee_per_gas)
            .unwrap_or_default(),
        kind: request.to.unwrap_or(TxKind::Create),
        value: request.value.unwrap_or_default(),
        data: input(request)?,
        nonce: request.nonce.unwrap_or(nonce),
        chain_id: Some(chain_id),
        access_list: request.access_list.clone().unwrap_or_default(),
        gas_priority_fee: request
            .max_priority_fee_per_gas
            .or(request.max_fee_per_gas.map(|_| 0)),
        blob_hashes: Vec::new(),
        max_fee_per_blob_gas: 0,
        authorization_list: authorizations.into_iter().map(Either::Left).collect(),
    })
}
