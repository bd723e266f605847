//! An in-memory host: the genesis is computed on it, and tests run on it.

use crate::{
    guard::enforcement::{self, Blocked},
    host::{Host, HostError, StorageRead},
};
use alloy_primitives::{Address, LogData, U256};
use std::{collections::BTreeMap, convert::Infallible};

/// Storage, balances and logs in memory. Snapshots are clones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryHost {
    /// Slots that are not zero.
    pub storage: BTreeMap<(Address, U256), U256>,
    /// Balances that are not zero.
    pub balances: BTreeMap<Address, U256>,
    /// Logs in order of emission.
    pub logs: Vec<(Address, LogData)>,
    /// Who signed the transaction.
    pub sender: Address,
}

impl MemoryHost {
    /// Adds to a balance.
    pub fn credit(&mut self, account: Address, amount: U256) {
        let balance = self.balances.entry(account).or_default();
        *balance = balance.saturating_add(amount);
    }

    /// Takes from a balance.
    ///
    /// # Errors
    /// [`HostError::Refused`] when there is not enough.
    pub fn debit(&mut self, account: Address, amount: U256) -> Result<(), HostError> {
        let balance = self.balance(account);
        let rest = balance
            .checked_sub(amount)
            .ok_or_else(|| HostError::Refused(format!("{account} has only {balance}")))?;
        if rest.is_zero() {
            self.balances.remove(&account);
        } else {
            self.balances.insert(account, rest);
        }
        Ok(())
    }

    /// A balance; zero when unknown.
    pub fn balance(&self, account: Address) -> U256 {
        self.balances.get(&account).copied().unwrap_or_default()
    }

    fn slot(&self, module: Address, slot: U256) -> U256 {
        self.storage
            .get(&(module, slot))
            .copied()
            .unwrap_or_default()
    }
}

impl Host for MemoryHost {
    fn sender(&self) -> Address {
        self.sender
    }

    fn sload(&mut self, module: Address, slot: U256) -> Result<U256, HostError> {
        Ok(self.slot(module, slot))
    }

    fn sstore(&mut self, module: Address, slot: U256, value: U256) -> Result<(), HostError> {
        if value.is_zero() {
            self.storage.remove(&(module, slot));
        } else {
            self.storage.insert((module, slot), value);
        }
        Ok(())
    }

    fn blocked(&mut self, target: Address, now: u64) -> Result<Option<Blocked>, HostError> {
        let Ok(blocked) = enforcement::blocked(self, target, now);
        Ok(blocked)
    }

    fn emit(&mut self, module: Address, log: LogData) -> Result<(), HostError> {
        self.logs.push((module, log));
        Ok(())
    }

    fn transfer(&mut self, from: Address, to: Address, amount: U256) -> Result<(), HostError> {
        self.debit(from, amount)?;
        if !amount.is_zero() {
            self.credit(to, amount);
        }
        Ok(())
    }

    fn burn(&mut self, from: Address, amount: U256) -> Result<(), HostError> {
        self.debit(from, amount)
    }
}

impl StorageRead for MemoryHost {
    type Error = Infallible;

    fn sload(&mut self, module: Address, slot: U256) -> Result<U256, Infallible> {
        Ok(self.slot(module, slot))
    }
}

impl MemoryHost {
    /// Executes a call as a chain does: the value moves first, and unless the call returns, nothing
    /// has happened.
    ///
    /// # Panics
    /// When the caller does not have the value, which a chain checks before it executes anything.
    pub fn execute(
        &mut self,
        module: Address,
        call: &crate::Call<'_>,
        block: &crate::Block,
    ) -> crate::Outcome {
        let before = self.clone();
        let paid = Host::transfer(self, call.caller, module, call.value);
        assert_eq!(paid, Ok(()), "invariant: tests fund their callers");
        let outcome = crate::run(self, module, call, block);
        if !matches!(outcome.result, crate::RunResult::Return(_)) {
            *self = before;
        }
        outcome
    }
}
