//! Reading the state of a finalized block from ordinary (blocking) code.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use hansa_evm::Account;
use hansa_modules::StorageRead;
use parking_lot::RwLock;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use thiserror::Error;

/// Why state cannot be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StateError {
    /// Older than what this node keeps.
    #[error(
        "state of block {number} is not available: this node keeps it from block {oldest} on (history.state_blocks); ask an archive node"
    )]
    Pruned {
        /// Asked for.
        number: u64,
        /// Oldest block whose state can be read.
        oldest: u64,
    },
    /// Not finalized yet.
    #[error("block {number} is not finalized yet: the head is {head}")]
    Future {
        /// Asked for.
        number: u64,
        /// The newest finalized block.
        head: u64,
    },
    /// The node is stopping or its database failed.
    #[error("state database: {0}")]
    Database(String),
}

/// The state after one finalized block. Reads block the calling thread.
pub trait StateView: Send {
    /// The account at `address`, `None` where there is none.
    ///
    /// # Errors
    /// The database failed, or the view is older than what is kept by now.
    fn account(&self, address: Address) -> Result<Option<Account>, StateError>;
    /// A storage slot; zero where nothing was written.
    ///
    /// # Errors
    /// As [`StateView::account`].
    fn storage(&self, address: Address, slot: U256) -> Result<U256, StateError>;
    /// Code by its hash; empty for [`KECCAK256_EMPTY`].
    ///
    /// # Errors
    /// As [`StateView::account`].
    fn code(&self, code_hash: B256) -> Result<Bytes, StateError>;
    /// The block that this is the state of.
    fn number(&self) -> u64;
}

/// Module storage in a finalized state.
impl StorageRead for &dyn StateView {
    type Error = StateError;

    fn sload(&mut self, module: Address, slot: U256) -> Result<U256, StateError> {
        self.storage(module, slot)
    }
}

/// Gives views of finalized states.
pub trait StateProvider: Send + Sync + 'static {
    /// The state after block `number`.
    ///
    /// # Errors
    /// The block is too old or not final yet.
    fn view(&self, number: u64) -> Result<Box<dyn StateView>, StateError>;
    /// The oldest and the newest block that [`StateProvider::view`] answers for.
    fn range(&self) -> (u64, u64);
}

/// A state in memory, for tests of what reads states.
#[derive(Clone, Default)]
pub struct MemoryState(Arc<RwLock<BTreeMap<u64, Snapshot>>>);

/// One block's state in a [`MemoryState`].
#[derive(Clone, Default)]
struct Snapshot {
    accounts: HashMap<Address, Account>,
    storage: HashMap<(Address, U256), U256>,
    codes: HashMap<B256, Bytes>,
}

impl MemoryState {
    /// Starts block `number` from the newest state so far.
    pub fn begin(&self, number: u64) {
        let mut blocks = self.0.write();
        let next = blocks.values().next_back().cloned().unwrap_or_default();
        blocks.insert(number, next);
    }

    fn edit(&self, change: impl FnOnce(&mut Snapshot)) {
        let mut blocks = self.0.write();
        if blocks.is_empty() {
            blocks.insert(0, Snapshot::default());
        }
        if let Some(mut newest) = blocks.last_entry() {
            change(newest.get_mut());
        }
    }

    /// Sets an account in the newest block.
    pub fn set_account(&self, address: Address, account: Account) {
        self.edit(|state| {
            state.accounts.insert(address, account);
        });
    }

    /// Sets a slot in the newest block.
    pub fn set_storage(&self, address: Address, slot: U256, value: U256) {
        self.edit(|state| {
            state.storage.insert((address, slot), value);
        });
    }

    /// Stores code in the newest block and returns its hash.
    pub fn set_code(&self, code: Bytes) -> B256 {
        let hash = keccak256(&code);
        self.edit(|state| {
            state.codes.insert(hash, code);
        });
        hash
    }
}

struct MemoryView {
    number: u64,
    state: Snapshot,
}

impl StateView for MemoryView {
    fn account(&self, address: Address) -> Result<Option<Account>, StateError> {
        Ok(self.state.accounts.get(&address).copied())
    }

    fn storage(&self, address: Address, slot: U256) -> Result<U256, StateError> {
        let value = self.state.storage.get(&(address, slot));
        Ok(value.copied().unwrap_or_default())
    }

    fn code(&self, code_hash: B256) -> Result<Bytes, StateError> {
        Ok(self
            .state
            .codes
            .get(&code_hash)
            .cloned()
            .unwrap_or_default())
    }

    fn number(&self) -> u64 {
        self.number
    }
}

impl StateProvider for MemoryState {
    fn view(&self, number: u64) -> Result<Box<dyn StateView>, StateError> {
        let (oldest, head) = self.range();
        if number > head {
            return Err(StateError::Future { number, head });
        }
        let blocks = self.0.read();
        let state = blocks
            .range(..=number)
            .next_back()
            .map(|(_, state)| state.clone())
            .ok_or(StateError::Pruned { number, oldest })?;
        Ok(Box::new(MemoryView { number, state }))
    }

    fn range(&self) -> (u64, u64) {
        let blocks = self.0.read();
        let oldest = blocks.keys().next().copied().unwrap_or_default();
        let newest = blocks.keys().next_back().copied().unwrap_or_default();
        (oldest, newest)
    }
}
