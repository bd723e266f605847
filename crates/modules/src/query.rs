//! Asking a module outside of any transaction: what RPC and nodes want to know.

use crate::{
    guard::enforcement::{self, Blocked},
    host::{Block, Call, Host, HostError, Outcome, RunResult, StorageRead},
    run::run,
};
use alloy_primitives::{Address, LogData, U256};
use alloy_sol_types::SolCall;
use hansa_abi::describe_error;
use std::fmt::Display;

/// Gas of a query: several times what the largest page costs.
const QUERY_GAS: u64 = 1_000_000_000;

/// Why a query has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The module's error, in words.
    #[error("{0}")]
    Refused(String),
    /// The state cannot be read.
    #[error("{0}")]
    State(String),
}

/// Answers a view selector of `module` from the state that `read` reads, as of `block`.
///
/// # Errors
/// The module reverts, or the state cannot be read.
pub fn query<C: SolCall, R: StorageRead>(
    read: R,
    module: Address,
    call: &C,
    block: &Block,
) -> Result<C::Return, QueryError>
where
    R::Error: Display,
{
    let input = call.abi_encode();
    let call = Call {
        caller: Address::ZERO,
        value: U256::ZERO,
        input: &input,
        is_static: true,
        gas_limit: QUERY_GAS,
    };
    match dry_run(read, module, &call, block).result {
        RunResult::Return(output) => C::abi_decode_returns(&output)
            .map_err(|error| QueryError::Refused(format!("its answer is malformed: {error}"))),
        RunResult::Revert(data) => {
            let words = describe_error(&data).unwrap_or_else(|| data.to_string());
            Err(QueryError::Refused(words))
        }
        RunResult::OutOfGas => Err(QueryError::Refused("the answer is too long".into())),
        RunResult::Fatal(reason) => Err(QueryError::State(reason)),
    }
}

/// What a call would come to, of which nothing is kept.
pub fn dry_run<R: StorageRead>(read: R, module: Address, call: &Call<'_>, block: &Block) -> Outcome
where
    R::Error: Display,
{
    run(&mut Discarding(read), module, call, block)
}

/// A host that forgets what is written: a call reads its own writes from its context.
struct Discarding<R>(R);

impl<R: StorageRead> Host for Discarding<R>
where
    R::Error: Display,
{
    fn sender(&self) -> Address {
        Address::ZERO
    }

    fn sload(&mut self, module: Address, slot: U256) -> Result<U256, HostError> {
        let value = self.0.sload(module, slot);
        value.map_err(|error| HostError::Fatal(error.to_string()))
    }

    fn sstore(&mut self, _: Address, _: U256, _: U256) -> Result<(), HostError> {
        Ok(())
    }

    fn blocked(&mut self, target: Address, now: u64) -> Result<Option<Blocked>, HostError> {
        let blocked = enforcement::blocked(&mut self.0, target, now);
        blocked.map_err(|error| HostError::Fatal(error.to_string()))
    }

    fn emit(&mut self, _: Address, _: LogData) -> Result<(), HostError> {
        Ok(())
    }

    fn transfer(&mut self, _: Address, _: Address, _: U256) -> Result<(), HostError> {
        Ok(())
    }

    fn burn(&mut self, _: Address, _: U256) -> Result<(), HostError> {
        Ok(())
    }
}
