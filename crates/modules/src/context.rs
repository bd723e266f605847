//! One call's view of the chain: metered, buffered, and guarded against mutation in static calls.
//!
//! Writes, logs and transfers are kept here and reach the host only when the call has succeeded, so
//! a revert at any point leaves nothing behind.

use crate::{
    gas::{self, Meter, OutOfGas},
    guard::enforcement::Blocked,
    host::{Block, Call, Host, HostError, StorageRead},
};
use alloy_primitives::{Address, B256, Bytes, LogData, U256, keccak256};
use alloy_sol_types::{SolError, SolEvent};
use hansa_abi::{IGuard, IModule};
use std::collections::{BTreeMap, BTreeSet};

/// Why a call ends without returning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// With an ABI-encoded error.
    Revert(Bytes),
    /// For lack of gas.
    OutOfGas,
    /// Because the host failed.
    Fatal(String),
}

impl From<OutOfGas> for Stop {
    fn from(_: OutOfGas) -> Self {
        Self::OutOfGas
    }
}

/// Turns a Solidity error into a revert.
pub(crate) fn revert<E: SolError>(error: E) -> Stop {
    Stop::Revert(error.abi_encode().into())
}

/// Reverts with `error` unless the condition holds.
pub(crate) fn ensure<E: SolError>(condition: bool, error: impl FnOnce() -> E) -> Result<(), Stop> {
    if condition {
        Ok(())
    } else {
        Err(revert(error()))
    }
}

/// See the module's documentation.
pub(crate) struct Context<'a> {
    host: &'a mut dyn Host,
    module: Address,
    call: Call<'a>,
    block: Block,
    meter: Meter,
    /// Slots of any module touched so far.
    warm: BTreeSet<(Address, U256)>,
    writes: BTreeMap<U256, U256>,
    logs: Vec<LogData>,
    /// Ether that leaves the module; to nobody where it is burnt.
    transfers: Vec<(Option<Address>, U256)>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        host: &'a mut dyn Host,
        module: Address,
        call: Call<'a>,
        block: Block,
    ) -> Self {
        Self {
            host,
            module,
            call,
            block,
            meter: Meter::new(call.gas_limit),
            warm: BTreeSet::new(),
            writes: BTreeMap::new(),
            logs: Vec::new(),
            transfers: Vec::new(),
        }
    }

    /// What a chain does by itself, outside of any call: nobody pays, so gas does not matter.
    pub(crate) fn of_chain(host: &'a mut dyn Host, module: Address, block: Block) -> Self {
        let call = Call {
            caller: Address::ZERO,
            value: U256::ZERO,
            input: &[],
            is_static: false,
            gas_limit: u64::MAX,
        };
        Self::new(host, module, call, block)
    }

    pub(crate) const fn caller(&self) -> Address {
        self.call.caller
    }

    /// The account that signed the transaction; zero outside of one.
    pub(crate) fn sender(&self) -> Address {
        self.host.sender()
    }

    pub(crate) const fn value(&self) -> U256 {
        self.call.value
    }

    pub(crate) const fn input(&self) -> &'a [u8] {
        self.call.input
    }

    /// The block's time, in seconds.
    pub(crate) const fn now(&self) -> u64 {
        self.block.timestamp
    }

    /// The block's height.
    pub(crate) const fn block_number(&self) -> u64 {
        self.block.number
    }

    /// The chain's EIP-155 id.
    pub(crate) const fn chain_id(&self) -> u64 {
        self.block.chain_id
    }

    pub(crate) const fn gas_used(&self) -> u64 {
        self.meter.used()
    }

    pub(crate) fn charge(&mut self, amount: u64) -> Result<(), Stop> {
        Ok(self.meter.charge(amount)?)
    }

    pub(crate) fn forbid_static(&self) -> Result<(), Stop> {
        ensure(!self.call.is_static, || IModule::StaticCallForbidden {})
    }

    pub(crate) fn forbid_value(&self) -> Result<(), Stop> {
        let value = self.call.value;
        ensure(value.is_zero(), || IModule::NotPayable { value })
    }

    /// Reads a slot of the module that is called.
    pub(crate) fn sload(&mut self, slot: U256) -> Result<U256, Stop> {
        self.sload_of(self.module, slot)
    }

    /// Reads a slot of any module.
    pub(crate) fn sload_of(&mut self, module: Address, slot: U256) -> Result<U256, Stop> {
        let cold = self.warm.insert((module, slot));
        self.charge(if cold {
            gas::SLOAD_COLD
        } else {
            gas::SLOAD_WARM
        })?;
        if module == self.module
            && let Some(value) = self.writes.get(&slot)
        {
            return Ok(*value);
        }
        self.host.sload(module, slot).map_err(fatal)
    }

    /// Writes a slot of the module that is called.
    pub(crate) fn sstore(&mut self, slot: U256, value: U256) -> Result<(), Stop> {
        self.forbid_static()?;
        let current = self.sload(slot)?;
        if current == value {
            return Ok(());
        }
        self.charge(if current.is_zero() {
            gas::SSTORE_SET
        } else {
            gas::SSTORE_RESET
        })?;
        self.writes.insert(slot, value);
        Ok(())
    }

    /// Emits an event of the module that is called.
    pub(crate) fn emit<E: SolEvent>(&mut self, event: &E) -> Result<(), Stop> {
        self.forbid_static()?;
        // Charged by the bytes that are emitted: the library's size estimate is one word too high for
        // dynamic data, and gas must not depend on it. Encoding is bounded by what was decoded.
        let log = event.encode_log_data();
        self.charge(gas::log(log.topics().len(), log.data.len()))?;
        self.logs.push(log);
        Ok(())
    }

    /// The directive that an address is blocked by. As in call frames, nobody pays for the look-up.
    fn directive(&mut self, target: Address) -> Result<Option<Blocked>, Stop> {
        let now = self.now();
        self.host.blocked(target, now).map_err(fatal)
    }

    pub(crate) fn is_blocked(&mut self, target: Address) -> Result<bool, Stop> {
        Ok(self.directive(target)?.is_some())
    }

    /// Reverts with the guard's error when the address is blocked.
    pub(crate) fn check_free(&mut self, target: Address) -> Result<(), Stop> {
        match self.directive(target)? {
            None => Ok(()),
            Some(Blocked { alert_id, until }) => Err(revert(IGuard::Blocked {
                target,
                alertId: alert_id,
                until,
            })),
        }
    }

    /// Pays ether out of the module that is called. Nothing happens for an amount of zero.
    ///
    /// # Errors
    /// Reverts with the guard's error when the receiver is blocked. Where others than the receiver depend on the call, that must not be
    /// what stops them: keep the ether for it, or see [`Context::transfer_to_any`].
    pub(crate) fn transfer(&mut self, to: Address, amount: U256) -> Result<(), Stop> {
        if !amount.is_zero() {
            self.check_free(to)?;
        }
        self.transfer_to_any(to, amount)
    }

    /// As [`Context::transfer`], whoever is blocked: for what the receiver has earned or gets back in a call that others need.
    pub(crate) fn transfer_to_any(&mut self, to: Address, amount: U256) -> Result<(), Stop> {
        self.forbid_static()?;
        if amount.is_zero() {
            return Ok(());
        }
        self.charge(gas::TRANSFER)?;
        self.transfers.push((Some(to), amount));
        Ok(())
    }

    /// Unmakes ether of the module that is called. Nothing happens for an amount of zero.
    pub(crate) fn burn(&mut self, amount: U256) -> Result<(), Stop> {
        self.forbid_static()?;
        if amount.is_zero() {
            return Ok(());
        }
        self.charge(gas::TRANSFER)?;
        self.transfers.push((None, amount));
        Ok(())
    }

    pub(crate) fn keccak(&mut self, bytes: &[u8]) -> Result<B256, Stop> {
        self.charge(gas::keccak(bytes.len()))?;
        Ok(keccak256(bytes))
    }

    /// Hands everything buffered to the host: transfers first, since only these can be refused.
    pub(crate) fn commit(&mut self) -> Result<(), Stop> {
        for (to, amount) in std::mem::take(&mut self.transfers) {
            let moved = match to {
                Some(to) => self.host.transfer(self.module, to, amount),
                None => self.host.burn(self.module, amount),
            };
            moved.map_err(|error| match error {
                HostError::Fatal(message) => Stop::Fatal(message),
                HostError::Refused(_) => revert(IModule::TransferRefused {
                    to: to.unwrap_or_default(),
                    amount,
                }),
            })?;
        }
        for (slot, value) in std::mem::take(&mut self.writes) {
            self.host.sstore(self.module, slot, value).map_err(fatal)?;
        }
        for log in std::mem::take(&mut self.logs) {
            self.host.emit(self.module, log).map_err(fatal)?;
        }
        Ok(())
    }
}

/// The same reads, metered, for lookups that a chain also makes outside of calls.
impl StorageRead for Context<'_> {
    type Error = Stop;

    fn sload(&mut self, module: Address, slot: U256) -> Result<U256, Stop> {
        self.sload_of(module, slot)
    }
}

/// Reading and writing can only fail with the host itself.
fn fatal(error: HostError) -> Stop {
    Stop::Fatal(error.to_string())
}
