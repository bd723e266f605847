//! The Solidity interfaces and the addresses of Hansa's native modules.
//!
//! The interfaces in `contracts/src/interfaces` are the single source: forge compiles them for
//! contracts, and [`sol!`](alloy_sol_types::sol) reads the same files here. [`MODULES`] is the table
//! of modules with their numbers and addresses.

mod addresses;
mod errors;
mod interfaces;
mod receivers;
mod risk;
mod zones;

pub use addresses::{
    EXCHANGE, FUND, GUARD, MEMBERS, MESSAGES, MODULES, Module, STAKING, ZONES, is_module_address,
    module_address, module_at,
};
pub use errors::describe_error;
pub use interfaces::{IExchange, IGuard, IMembers, IMessages, IModule, IStaking, IZones};
pub use receivers::{receiver_call, receiver_call_gas};
pub use zones::{phase_name, reason_name};

#[cfg(test)]
mod tests;
