//! What a call by the node itself would come to.

use crate::{
    Context, Limits,
    chain::Chain,
    deadline::Deadline,
    errors::CallResult,
    exec::{Checks, NoCosts, Session, halt_words, reverted},
};
use alloy_primitives::{Address, Bytes, Log, TxKind};
use revm::{context::TxEnv, context_interface::result::ExecutionResult, inspector::NoOpInspector};

/// A call that costs its sender nothing yet.
#[derive(Clone, Debug)]
pub struct Rehearsed {
    /// Who calls.
    pub from: Address,
    /// Whom.
    pub to: Address,
    /// Selector and arguments.
    pub input: Bytes,
    /// The transaction's gas limit.
    pub gas: u64,
}

/// Runs a call on a chain's newest finalized state, and returns the gas that it uses and its logs. Blocks its thread, for `rpc.limits.call_timeout_ms` at
/// most.
///
/// # Errors
/// In words: it reverts or does not end in time, or the state cannot be read.
pub fn rehearse(
    context: &Context,
    limits: Limits,
    call: Rehearsed,
) -> Result<(u64, Vec<Log>), String> {
    run(context, limits, call).map_err(|fault| fault.message)
}

fn run(context: &Context, limits: Limits, call: Rehearsed) -> CallResult<(u64, Vec<Log>)> {
    let (deadline, _waiter) = Deadline::new(limits.call_timeout_ms);
    let chain = Chain::new(context.index.clone(), context.genesis_block.clone());
    let mut session = Session::after(context, limits, &chain.head()?, deadline)?;
    let transaction = TxEnv {
        caller: call.from,
        kind: TxKind::Call(call.to),
        data: call.input,
        gas_limit: call.gas,
        chain_id: Some(context.genesis.chain_id),
        ..TxEnv::default()
    };
    let (outcome, _) = session.run(transaction, Checks::Call, NoOpInspector, NoCosts)?;
    match outcome.result {
        ExecutionResult::Success { gas, logs, .. } => Ok((gas.tx_gas_used(), logs)),
        ExecutionResult::Revert { output, .. } => Err(reverted(output)),
        ExecutionResult::Halt { reason, .. } => Err(crate::Fault::server(halt_words(&reason))),
    }
}
