//! What all accounts of a chain have, followed block by block.

use alloy_primitives::{Address, U256};
use hansa_evm::Changes;
use parking_lot::Mutex;
use std::{collections::BTreeMap, sync::Arc};

/// The balances that a chain's final blocks left. They are summed up from what each block changed, which is what its state root
/// commits to: nothing has to be read from databases, whose keys are hashes. Clones share it, also across crashes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Balances(Arc<Mutex<BTreeMap<Address, U256>>>);

impl Balances {
    /// Takes in the next block. Where an account had something else before than the last block left it, that is an error.
    pub(crate) fn take_in(&self, changes: &Changes, is_complete: bool) -> Result<(), String> {
        let mut balances = self.0.lock();
        for (address, change) in &changes.accounts {
            let before = change.old.map_or(U256::ZERO, |account| account.balance);
            let after = change.new.map_or(U256::ZERO, |account| account.balance);
            let known = balances.insert(*address, after).unwrap_or_default();
            if is_complete && known != before {
                return Err(format!("{address} had {known} wei, not {before}"));
            }
        }
        Ok(())
    }

    /// What one account has, wei.
    pub(crate) fn of(&self, address: Address) -> U256 {
        self.0.lock().get(&address).copied().unwrap_or_default()
    }

    /// What all have together, wei.
    pub(crate) fn sum(&self) -> U256 {
        self.0.lock().values().copied().sum()
    }
}
