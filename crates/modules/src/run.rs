//! The entry point.

use crate::{
    context::{Context, Stop},
    exchange, gas, guard,
    host::{Block, Call, Host, Outcome, RunResult},
    members,
};
use alloy_primitives::{Address, Bytes};

/// Executes one call to the module at `module`.
///
/// Unless the result is [`RunResult::Return`], the caller reverts the host's journal to before the
/// call. With [`RunResult::OutOfGas`] all gas is used; with [`RunResult::Fatal`] (also returned when
/// no module lives at the address) the block cannot be executed.
pub fn run(host: &mut dyn Host, module: Address, call: &Call<'_>, block: &Block) -> Outcome {
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
    context.charge(gas::CALL)?;
    let output = match module {
        hansa_abi::MEMBERS => members::dispatch(context),
        hansa_abi::EXCHANGE => exchange::dispatch(context),
        hansa_abi::GUARD => guard::dispatch(context),
        _ => Err(Stop::Fatal(format!("no native module at {module}"))),
    }?;
    context.commit()?;
    Ok(output)
}
