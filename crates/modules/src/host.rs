//! The boundary between a module and the chain that executes it.

use crate::guard::enforcement::Blocked;
use alloy_primitives::{Address, Bytes, LogData, U256};

/// Why the host could not do what a module asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// The chain's database or the like failed: the block cannot be executed at all.
    #[error("{0}")]
    Fatal(String),
    /// The chain does not allow this (for instance: not enough balance). The call reverts.
    #[error("refused: {0}")]
    Refused(String),
}

/// What a module needs from the chain. Everything done through it within one [`run`](crate::run)
/// belongs to one journal frame, which the caller reverts unless the result is
/// [`RunResult::Return`].
pub trait Host {
    /// The account that signed the transaction; zero outside of one.
    fn sender(&self) -> Address;

    /// Reads a storage slot of a module; absent slots are zero.
    ///
    /// # Errors
    /// [`HostError::Fatal`] when the state cannot be read.
    fn sload(&mut self, module: Address, slot: U256) -> Result<U256, HostError>;

    /// Writes a storage slot of a module.
    ///
    /// # Errors
    /// [`HostError::Fatal`] when the state cannot be reached.
    fn sstore(&mut self, module: Address, slot: U256, value: U256) -> Result<(), HostError>;

    /// The directive that blocks an address at `now`, the block's time in seconds: by the state that the whole block is guarded by, not by what
    /// its transactions have changed.
    ///
    /// # Errors
    /// [`HostError::Fatal`] when the state cannot be read.
    fn blocked(&mut self, target: Address, now: u64) -> Result<Option<Blocked>, HostError>;

    /// Emits a log in the module's name.
    ///
    /// # Errors
    /// [`HostError::Fatal`] only.
    fn emit(&mut self, module: Address, log: LogData) -> Result<(), HostError>;

    /// Moves ether out of a module by crediting the balance; no code runs at `to`.
    ///
    /// # Errors
    /// [`HostError::Refused`] when the balance does not allow it.
    fn transfer(
        &mut self,
        from_module: Address,
        to: Address,
        amount: U256,
    ) -> Result<(), HostError>;

    /// Unmakes ether that a module has.
    ///
    /// # Errors
    /// [`HostError::Refused`] when the balance does not allow it.
    fn burn(&mut self, from_module: Address, amount: U256) -> Result<(), HostError>;
}

/// Read access to storage, for lookups that are neither metered nor part of a call.
pub trait StorageRead {
    /// What reading can fail with.
    type Error;

    /// Reads a storage slot of a module; absent slots are zero.
    ///
    /// # Errors
    /// When the state cannot be read.
    fn sload(&mut self, module: Address, slot: U256) -> Result<U256, Self::Error>;
}

/// One call to a module.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Who calls: an account or a contract.
    pub caller: Address,
    /// Wei sent along; already credited to the module.
    pub value: U256,
    /// Selector and arguments.
    pub input: &'a [u8],
    /// Whether state may not change.
    pub is_static: bool,
    /// Gas the call may use.
    pub gas_limit: u64,
}

/// The block that the call is executed in.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// Height.
    pub number: u64,
    /// Seconds since 1970.
    pub timestamp: u64,
    /// The chain's EIP-155 id.
    pub chain_id: u64,
}

/// What a call came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Gas used; the whole limit when it ran out.
    pub gas_used: u64,
    /// Result.
    pub result: RunResult,
}

/// The result of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunResult {
    /// Done; ABI-encoded return values.
    Return(Bytes),
    /// Not done; an ABI-encoded custom error.
    Revert(Bytes),
    /// The gas limit did not suffice.
    OutOfGas,
    /// The host failed: the block cannot be executed.
    Fatal(String),
}
