//! A finalized state with changes on top.

use crate::errors::CallResult;
use alloy_primitives::{Address, B256, U256};
use hansa_evm::Changes;
use hansa_state::{StateError, StateView};
use revm::{DatabaseRef, bytecode::Bytecode, database::CacheDB, state::AccountInfo};

/// A state that runs may change without anybody else seeing it.
pub(crate) type Db = CacheDB<StateRef>;

/// A finalized state as revm reads it.
pub(crate) struct StateRef(pub(crate) Box<dyn StateView>);

impl std::fmt::Debug for StateRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StateRef({})", self.0.number())
    }
}

impl DatabaseRef for StateRef {
    type Error = StateError;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        Ok(self.0.account(address)?.map(AccountInfo::from))
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, StateError> {
        Ok(Bytecode::new_raw(self.0.code(code_hash)?))
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, StateError> {
        self.0.storage(address, slot)
    }

    /// Never asked: hashes come from the EIP-2935 contract.
    fn block_hash_ref(&self, _number: u64) -> Result<B256, StateError> {
        Ok(B256::ZERO)
    }
}

/// Writes a block's changes.
pub(crate) fn apply(db: &mut Db, changes: &Changes) -> CallResult<()> {
    for (address, change) in &changes.accounts {
        let mut info = AccountInfo::from(change.new.unwrap_or_default());
        info.code = changes
            .code
            .get(&info.code_hash)
            .map(|code| Bytecode::new_raw(code.clone()));
        db.insert_account_info(*address, info);
    }
    for ((address, slot), change) in &changes.storage {
        db.insert_account_storage(*address, *slot, change.new)?;
    }
    Ok(())
}
