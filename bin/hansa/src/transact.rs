//! One call of a native module as a transaction, and what its events say.

use crate::{failure::Outcome, session::Session};
use alloy_primitives::{Address, U256};
use alloy_rpc_types_eth::TransactionReceipt;
use alloy_sol_types::{SolCall, SolEvent};
use hansa_client::{Call, Rpc};
use serde_json::{Value, json};

/// Calls a module and waits for the block.
pub(crate) async fn transact<C: SolCall>(
    session: &Session<'_>,
    module: Address,
    call: &C,
    value: U256,
) -> Outcome<TransactionReceipt> {
    transact_at(session, session.rpc()?, module, call, value).await
}

/// Calls a module of the chain at `rpc` and waits for the block.
pub(crate) async fn transact_at<C: SolCall>(
    session: &Session<'_>,
    rpc: Rpc,
    module: Address,
    call: &C,
    value: U256,
) -> Outcome<TransactionReceipt> {
    let sender = session.sender_at(rpc, None).await?;
    let call = Call {
        to: Some(module),
        value,
        input: call.abi_encode().into(),
        gas: None,
    };
    Ok(sender.send(call).await?)
}

/// The first event of a kind in a receipt.
pub(crate) fn event<E: SolEvent>(receipt: &TransactionReceipt) -> Option<E> {
    let mut logs = receipt.logs().iter();
    logs.find_map(|log| E::decode_log_data(log.data()).ok())
}

/// What every transaction's result tells.
pub(crate) fn outcome(receipt: &TransactionReceipt) -> Value {
    json!({
        "transaction": receipt.transaction_hash,
        "block": receipt.block_number,
        "gas_used": receipt.gas_used,
    })
}

/// The same with more.
pub(crate) fn outcome_with(receipt: &TransactionReceipt, more: Value) -> Value {
    let mut document = outcome(receipt);
    if let (Value::Object(document), Value::Object(more)) = (&mut document, more) {
        document.extend(more);
    }
    document
}

/// `in block 7, transaction 0x...`.
pub(crate) fn place(receipt: &TransactionReceipt) -> String {
    format!(
        "in block {}, transaction {}",
        receipt.block_number.unwrap_or_default(),
        receipt.transaction_hash
    )
}
