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
    let blobs = request.blob_versioned_hashes.as_ref();
    if request.max_fee_per_blob_gas.is_some()
        || blobs.is_some_and(|hashes| !hashes.is_empty())
        || request.transaction_type == Some(3)
    {
        return Err(Fault::server(
            "transaction type not supported: blob transactions (EIP-4844) are not accepted here",
        ));
    }
    Ok(())
}

/// The type that was asked for, or the one that the fields make: without any of fees, that of a dynamic fee, as in
/// go-ethereum.
fn kind(request: &TransactionRequest) -> CallResult<u8> {
    let has_price = request.gas_price.is_some();
    let has_cap = request.max_fee_per_gas.is_some() || request.max_priority_fee_per_gas.is_some();
    let has_authorizations = request.authorization_list.is_some();
    let list = request.access_list.as_ref();
    let has_list = list.is_some_and(|list| !list.is_empty());
    let Some(asked) = request.transaction_type else {
        return Ok(match () {
            () if has_authorizations => 4,
            () if !has_price => 2,
            () if list.is_some() => 1,
            () => 0,
        });
    };
    let fits = match asked {
        0 => !has_cap && !has_list && !has_authorizations,
        1 => !has_cap && !has_authorizations,
        2 => !has_price && !has_authorizations,
        4 => !has_price && has_authorizations,
        _ => return Err(Fault::server("transaction type not supported")),
    };
    if !fits {
        return Err(Fault::params(format!(
            "a transaction of type {asked:#x} has not these fields: leave `type` out, or name the fees and lists of that type"
        )));
    }
    Ok(asked)
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
        tx_type: kind(request)?,
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
            .or(request.gas_price.is_none().then_some(0)),
        blob_hashes: Vec::new(),
        max_fee_per_blob_gas: 0,
        authorization_list: authorizations.into_iter().map(Either::Left).collect(),
    })
}
