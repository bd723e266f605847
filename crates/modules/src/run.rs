//! The entry point.

use crate::{
    codec::check_count,
    context::{Context, Stop},
    exchange, gas, guard,
    host::{Block, Call, Host, Outcome, RunResult},
    limits::MAX_INPUT_BYTES,
    members, messages, staking, zones,
};
use alloy_primitives::{Address, Bytes};

/// What a call comes to for the length of its input alone: [`RunResult::OutOfGas`] when `gas_limit`
/// does not pay for reading that much, a revert when it is more than [`MAX_INPUT_BYTES`] and a
/// selector, `None` otherwise.
///
/// [`run`] begins with this. A chain that copies the input for it asks first: the memory of a
/// contract may hold megabytes, and a call with it costs no more than one without.
pub fn refuse_input(length: usize, gas_limit: u64) -> Option<Outcome> {
    let gas_used = gas::input(length);
    if gas_used > gas_limit {
        return Some(Outcome {
            gas_used: gas_limit,
            result: RunResult::OutOfGas,
        });
    }
    match check_count("input", length.saturating_sub(4), MAX_INPUT_BYTES) {
        Err(Stop::Revert(error)) => Some(Outcome {
            gas_used,
            result: RunResult::Revert(error),
        }),
        _ => None,
    }
}

/// Executes one call to the module at `module`.
///
/// Unless the result is [`RunResult::Return`], the caller reverts the host's journal to before the
/// call. With [`RunResult::OutOfGas`] all gas is used; with [`RunResult::Fatal`] (also returned when
/// no module lives at the address) the block cannot be executed.
pub fn run(host: &mut dyn Host, module: Address, call: &Call<'_>, block: &Block) -> Outcome {
    if let Some(outcome) = refuse_input(call.input.len(), call.gas_limit) {
        return outcome;
    }
    let mut context = Context::new(host, module, *call, *block);
    let result = match dispatch(&mut context, module) {
        Ok(output) => RunResult::Return(output),
        Err(Stop::Revert(error)) => RunResult::Revert(error),
        Err(Stop::OutOfGas) => {
            return Outcome {
                gas_used: call.gas_limit,
                result: RunResult::OutOfGas,
            };
        }
        Err(Stop::Fatal(message)) => RunResult::Fatal(message),
    };
    Outcome {
        gas_used: context.gas_used(),
        result,
    }
}

fn dispatch(context: &mut Context<'_>, module: Address) -> Result<Bytes, Stop> {
    context.charge(gas::input(context.input().len()))?;
    let output = match module {
        hansa_abi::STAKING => staking::dispatch(context),
        hansa_abi::ZONES => zones::dispatch(context),
        hansa_abi::MEMBERS => members::dispatch(context),
        hansa_abi::EXCHANGE => exchange::dispatch(context),
        hansa_abi::GUARD => guard::dispatch(context),
        hansa_abi::MESSAGES => messages::dispatch(context),
        _ => Err(Stop::Fatal(format!("no native module at {module}"))),
    }?;
    context.commit()?;
    Ok(output)
}
