//! The guard's part of a genesis.

use super::state;
use crate::{
    genesis::{GenesisError, GuardParameters, with_context},
    limits::{MAX_DURATION_S, MAX_NEVER_BLOCK},
    testing::MemoryHost,
};
use hansa_abi::GUARD;

/// Checks the parameters and writes them.
pub(crate) fn set_parameters(
    host: &mut MemoryHost,
    parameters: &GuardParameters,
) -> Result<(), GenesisError> {
    let refuse = |parameter, reason| Err(GenesisError::Guard { parameter, reason });
    if !(1..=MAX_DURATION_S).contains(&parameters.max_duration_s) {
        return refuse(
            "max_duration_s",
            "must be from 1 to 31,536,000 (MAX_DURATION_S)",
        );
    }
    if parameters.never_block.len() > MAX_NEVER_BLOCK {
        return refuse(
            "never_block",
            "has more than 1,024 addresses (MAX_NEVER_BLOCK)",
        );
    }
    with_context(host, GUARD, 0, |context| {
        state::set_parameters(context, parameters.min_bond, parameters.max_duration_s)?;
        for target in &parameters.never_block {
            state::PROTECTED.add(context, *target)?;
        }
        if let Some(warden) = parameters.warden {
            state::set_warden(context, warden)?;
        }
        Ok(())
    })
    .or_else(|_| refuse("never_block", "could not be written"))
}
