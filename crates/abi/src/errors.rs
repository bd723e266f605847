//! The modules' errors in words, for whoever has to show a revert to a person.

use crate::{
    IExchange::IExchangeErrors, IGuard::IGuardErrors, IMembers::IMembersErrors,
    IMessages::IMessagesErrors, IModule::IModuleErrors, IStaking::IStakingErrors,
    IZones::IZonesErrors,
};
use alloy_sol_types::SolInterface;
use std::fmt::Debug;

/// Name and arguments of a native module's error, as in `TooLong { field: "name", .. }`; `None` when
/// the data is none of theirs.
pub fn describe_error(data: &[u8]) -> Option<String> {
    describe::<IModuleErrors>(data)
        .or_else(|| describe::<IMembersErrors>(data))
        .or_else(|| describe::<IExchangeErrors>(data))
        .or_else(|| describe::<IGuardErrors>(data))
        .or_else(|| describe::<IStakingErrors>(data))
        .or_else(|| describe::<IZonesErrors>(data))
        .or_else(|| describe::<IMessagesErrors>(data))
}

fn describe<E: SolInterface + Debug>(data: &[u8]) -> Option<String> {
    let text = format!("{:?}", E::abi_decode_validate(data).ok()?);
    // The generated enum repeats the name: `TooLong(TooLong { .. })`.
    let inner = text
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    Some(inner.map_or_else(|| text.clone(), str::to_owned))
}
