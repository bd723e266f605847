//! The state a block executes on: its parent's, with the system's own writes on top.

use crate::{Account, Change, Changes, Directive, directive_on};
use alloy_eips::eip2935::{HISTORY_SERVE_WINDOW, HISTORY_STORAGE_ADDRESS};
use alloy_primitives::{
    Address, B256, Bytes, KECCAK256_EMPTY, LogData, U256, keccak256, map::AddressMap,
};
use hansa_abi::GUARD;
use hansa_modules::{Host, HostError, StorageRead, guard::enforcement::Blocked};
use revm::{
    Database,
    bytecode::Bytecode,
    database_interface::DBErrorMarker,
    state::{AccountInfo, EvmState},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use thiserror::Error;

/// Reads the parent state through `D`, remembers every value it read (the pre-images of the block's
/// [`Changes`]), and lays the system's writes over it.
///
/// revm's journal asks for each account and slot once per block, so these maps are also the block's
/// read cache.
#[derive(Debug)]
pub struct BlockDb<D> {
    parent: D,
    accounts: HashMap<Address, Option<Account>>,
    storage: HashMap<(Address, U256), U256>,
    system_accounts: HashMap<Address, Account>,
    system_storage: HashMap<(Address, U256), U256>,
    code: HashMap<B256, Bytecode>,
    new_code: BTreeMap<B256, Bytes>,
    /// The directives that call frames have asked for.
    directives: AddressMap<Option<Directive>>,
    /// See [`BlockDb::with_guard_before`].
    guard_before: Arc<HashMap<U256, U256>>,
}

impl<D: Database> BlockDb<D> {
    /// A block on top of `parent`.
    pub fn new(parent: D) -> Self {
        Self {
            parent,
            accounts: HashMap::new(),
            storage: HashMap::new(),
            system_accounts: HashMap::new(),
            system_storage: HashMap::new(),
            code: HashMap::new(),
            new_code: BTreeMap::new(),
            directives: AddressMap::default(),
            guard_before: Arc::default(),
        }
    }

    /// For a block that is run again one transaction at a time, on a `parent` that holds what those before wrote: the
    /// slots of the guard that they wrote, as they were before the first of them. Directives are those of then.
    #[must_use]
    pub fn with_guard_before(mut self, slots: Arc<HashMap<U256, U256>>) -> Self {
        self.guard_before = slots;
        self
    }

    /// The account in the parent state.
    ///
    /// # Errors
    /// The parent's database failed.
    pub fn parent_account(&mut self, address: Address) -> Result<Option<Account>, D::Error> {
        if let Some(known) = self.accounts.get(&address) {
            return Ok(*known);
        }
        let info = self.parent.basic(address)?;
        let account = info.as_ref().map(Account::from);
        if let Some(AccountInfo {
            code_hash,
            code: Some(code),
            ..
        }) = info
        {
            self.code.insert(code_hash, code);
        }
        self.accounts.insert(address, account);
        Ok(account)
    }

    /// The slot in the parent state.
    ///
    /// # Errors
    /// The parent's database failed.
    pub fn parent_storage(&mut self, address: Address, slot: U256) -> Result<U256, D::Error> {
        if let Some(known) = self.storage.get(&(address, slot)) {
            return Ok(*known);
        }
        let value = self.parent.storage(address, slot)?;
        self.storage.insert((address, slot), value);
        Ok(value)
    }

    /// The directive on an address before the first transaction. Remembers the answer, for every call frame asks:
    /// `now` is the block's time, the same each time.
    pub(crate) fn directive(
        &mut self,
        target: Address,
        now: u64,
    ) -> Result<Option<Directive>, D::Error> {
        if let Some(known) = self.directives.get(&target) {
            return Ok(*known);
        }
        let directive = directive_on(self, target, now)?;
        self.directives.insert(target, directive);
        Ok(directive)
    }

    /// Sets an account before the block's first transaction.
    pub fn set_account(&mut self, address: Address, account: Account, code: Bytes) {
        if !code.is_empty() {
            self.code
                .insert(account.code_hash, Bytecode::new_raw(code.clone()));
            self.new_code.insert(account.code_hash, code);
        }
        self.system_accounts.insert(address, account);
    }

    /// Sets a slot before the block's first transaction.
    pub fn set_storage(&mut self, address: Address, slot: U256, value: U256) {
        self.system_storage.insert((address, slot), value);
    }

    /// The account before the first transaction.
    pub(crate) fn current_account(
        &mut self,
        address: Address,
    ) -> Result<Option<Account>, D::Error> {
        match self.system_accounts.get(&address) {
            Some(account) => Ok(Some(*account)),
            None => self.parent_account(address),
        }
    }

    /// Joins what the transactions did (`journal`) with the system's writes, adds `credits` (wei that no account lost),
    /// and compares with the parent state.
    ///
    /// # Errors
    /// The parent's database failed.
    pub fn into_changes(
        mut self,
        journal: EvmState,
        credits: &[(Address, U256)],
    ) -> Result<Changes, D::Error> {
        let mut accounts: BTreeMap<Address, Option<Account>> = BTreeMap::new();
        let mut storage: BTreeMap<(Address, U256), U256> = BTreeMap::new();
        for (address, account) in &self.system_accounts {
            accounts.insert(*address, Some(*account));
        }
        for (slot, value) in &self.system_storage {
            storage.insert(*slot, *value);
        }
        for (address, account) in journal {
            if !account.is_touched() {
                continue;
            }
            // Since EIP-6780 only what one transaction created can be destroyed, so that no slot of
            // a destroyed account is in the parent state.
            if account.is_selfdestructed_locally() {
                accounts.insert(address, None);
                continue;
            }
            for (slot, value) in account.storage {
                storage.insert((address, slot), value.present_value);
            }
            let info = Account::from(&account.info);
            if info.code_hash != KECCAK256_EMPTY
                && !self.code.contains_key(&info.code_hash)
                && let Some(code) = account.info.code
            {
                self.new_code.insert(info.code_hash, code.original_bytes());
            }
            accounts.insert(address, (!info.is_empty()).then_some(info));
        }
        for (address, amount) in credits {
            if amount.is_zero() {
                continue;
            }
            let current = match accounts.get(address) {
                Some(account) => *account,
                None => self.parent_account(*address)?,
            };
            let mut account = current.unwrap_or_default();
            account.balance = account.balance.saturating_add(*amount);
            accounts.insert(*address, Some(account));
        }
        self.compare(accounts, storage)
    }

    fn compare(
        mut self,
        accounts: BTreeMap<Address, Option<Account>>,
        storage: BTreeMap<(Address, U256), U256>,
    ) -> Result<Changes, D::Error> {
        let mut changes = Changes::default();
        for (address, new) in accounts {
            let old = self.parent_account(address)?;
            if old != new {
                changes.accounts.insert(address, Change { old, new });
            }
        }
        for (key, new) in storage {
            let old = self.parent_storage(key.0, key.1)?;
            if old != new {
                changes.storage.insert(key, Change { old, new });
            }
        }
        changes.code = self.new_code;
        Ok(changes)
    }
}

impl<D: Database> Database for BlockDb<D> {
    type Error = D::Error;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, D::Error> {
        let Some(account) = self.current_account(address)? else {
            return Ok(None);
        };
        let mut info = AccountInfo::from(account);
        info.code = if account.code_hash == KECCAK256_EMPTY {
            Some(Bytecode::default())
        } else {
            self.code.get(&account.code_hash).cloned()
        };
        Ok(Some(info))
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, D::Error> {
        if let Some(code) = self.code.get(&code_hash) {
            return Ok(code.clone());
        }
        let code = self.parent.code_by_hash(code_hash)?;
        self.code.insert(code_hash, code.clone());
        Ok(code)
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, D::Error> {
        match self.system_storage.get(&(address, slot)) {
            Some(value) => Ok(*value),
            None => self.parent_storage(address, slot),
        }
    }

    /// From the EIP-2935 contract: `BLOCKHASH` needs nothing beside the state.
    fn block_hash(&mut self, number: u64) -> Result<B256, D::Error> {
        let slot = U256::from(number % HISTORY_SERVE_WINDOW as u64);
        self.storage(HISTORY_STORAGE_ADDRESS, slot).map(B256::from)
    }
}

/// Module storage before the block's first transaction.
impl<D: Database> StorageRead for BlockDb<D> {
    type Error = D::Error;

    fn sload(&mut self, module: Address, slot: U256) -> Result<U256, D::Error> {
        if module == GUARD
            && let Some(before) = self.guard_before.get(&slot)
        {
            return Ok(*before);
        }
        Database::storage(self, module, slot)
    }
}

/// For what modules do before the block's first transaction. There is no receipt that could hold a log.
impl<D: Database> Host for BlockDb<D> {
    fn sender(&self) -> Address {
        Address::ZERO
    }

    fn sload(&mut self, module: Address, slot: U256) -> Result<U256, HostError> {
        Database::storage(self, module, slot).map_err(|error| HostError::Fatal(error.to_string()))
    }

    fn sstore(&mut self, module: Address, slot: U256, value: U256) -> Result<(), HostError> {
        self.set_storage(module, slot, value);
        Ok(())
    }

    /// Not remembered: what the block takes from the hub may still change it.
    fn blocked(&mut self, target: Address, now: u64) -> Result<Option<Blocked>, HostError> {
        let directive = directive_on(self, target, now);
        let directive = directive.map_err(|error| HostError::Fatal(error.to_string()))?;
        Ok(directive.map(Blocked::from))
    }

    fn emit(&mut self, _module: Address, _log: LogData) -> Result<(), HostError> {
        Ok(())
    }

    fn transfer(&mut self, _from: Address, _to: Address, _amount: U256) -> Result<(), HostError> {
        Err(HostError::Refused("only transactions move ether".into()))
    }

    fn burn(&mut self, _from: Address, _amount: U256) -> Result<(), HostError> {
        Err(HostError::Refused("only transactions move ether".into()))
    }
}

/// The error of [`MemoryDb`], which has none.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("memory does not fail")]
pub struct MemoryError;

impl DBErrorMarker for MemoryError {}

/// A whole state in memory: for tests, and to replay a chain from its genesis.
#[derive(Clone, Debug, Default)]
pub struct MemoryDb {
    /// Accounts that are not empty.
    pub accounts: HashMap<Address, Account>,
    /// Slots that are not zero.
    pub storage: HashMap<(Address, U256), U256>,
    /// Contract code.
    pub code: HashMap<B256, Bytes>,
}

impl MemoryDb {
    /// Applies what a block did.
    pub fn apply(&mut self, changes: &Changes) {
        for (address, change) in &changes.accounts {
            match change.new {
                Some(account) => self.accounts.insert(*address, account),
                None => self.accounts.remove(address),
            };
        }
        for (key, change) in &changes.storage {
            if change.new.is_zero() {
                self.storage.remove(key);
            } else {
                self.storage.insert(*key, change.new);
            }
        }
        for (hash, code) in &changes.code {
            debug_assert_eq!(keccak256(code), *hash);
            self.code.insert(*hash, code.clone());
        }
    }
}

impl Database for MemoryDb {
    type Error = MemoryError;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, MemoryError> {
        Ok(self.accounts.get(&address).copied().map(AccountInfo::from))
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, MemoryError> {
        let code = self.code.get(&code_hash).cloned().unwrap_or_default();
        Ok(Bytecode::new_raw(code))
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, MemoryError> {
        let value = self.storage.get(&(address, slot)).copied();
        Ok(value.unwrap_or_default())
    }

    fn block_hash(&mut self, _number: u64) -> Result<B256, MemoryError> {
        Ok(B256::ZERO)
    }
}
