//! The newest finalized state, as the pool asks for it.

use crate::{Executed, Runtime};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use commonware_parallel::Strategy;
use hansa_abi::{GUARD, IGuard};
use hansa_evm::directive_on;
use hansa_mempool::{AccountInfo, BlockedBy, HeadError, HeadState};
use hansa_modules::{
    Block, Call, Outcome, StorageRead, dry_run,
    guard::enforcement,
    staking::{self, Seat},
};
use hansa_state::{Databases, FinalizedState, PreImages, StateError};
use std::{collections::HashMap, convert::Infallible};

/// `action` of a directive that blocks.
const BLOCK: u8 = 2;

/// Reads the newest finalized state; see [`HeadState`].
pub struct Head<E: Runtime, S: Strategy, P> {
    states: FinalizedState<E, S, P>,
    now: std::sync::Arc<dyn Fn() -> u64 + Send + Sync>,
}

impl<E: Runtime, S: Strategy, P> Clone for Head<E, S, P> {
    fn clone(&self) -> Self {
        Self {
            states: self.states.clone(),
            now: self.now.clone(),
        }
    }
}

/// Slots fetched so far; a lookup that needs another one says which.
#[derive(Default)]
struct Known(HashMap<(Address, U256), U256>);

/// The slot to fetch before asking again.
struct Missing(Address, U256);

/// Remembers which slot was missing, for who reports errors as words.
struct Noting<'a> {
    known: &'a mut Known,
    missing: Option<Missing>,
}

impl StorageRead for &mut Noting<'_> {
    type Error = &'static str;

    fn sload(&mut self, module: Address, slot: U256) -> Result<U256, &'static str> {
        self.known.sload(module, slot).map_err(|missing| {
            self.missing = Some(missing);
            "not read yet"
        })
    }
}

impl StorageRead for Known {
    type Error = Missing;

    fn sload(&mut self, module: Address, slot: U256) -> Result<U256, Missing> {
        let known = self.0.get(&(module, slot)).copied();
        known.ok_or(Missing(module, slot))
    }
}

impl<E: Runtime, S: Strategy, P: PreImages> Head<E, S, P> {
    /// Reads `states` at their head; `now` gives the chain's time in seconds.
    pub fn new(
        states: FinalizedState<E, S, P>,
        now: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        let now = std::sync::Arc::new(now);
        Self { states, now }
    }

    /// The states behind it.
    pub const fn states(&self) -> &FinalizedState<E, S, P> {
        &self.states
    }

    /// Asks until every slot that the question needs is known. Each round fetches one, and a
    /// question about a directive needs two.
    async fn ask<T>(
        &self,
        known: &mut Known,
        mut question: impl FnMut(&mut Known) -> Result<T, Missing>,
    ) -> Result<T, StateError> {
        loop {
            match question(known) {
                Ok(answer) => return Ok(answer),
                Err(Missing(module, slot)) => {
                    let number = self.states.head();
                    let value = self.states.storage(module, slot, number).await?;
                    known.0.insert((module, slot), value);
                }
            }
        }
    }
}

impl<E: Runtime, S: Strategy, P: PreImages> Head<E, S, P> {
    /// What a call to a module would come to in the next block.
    ///
    /// # Errors
    /// A database failed.
    pub async fn dry_run(
        &self,
        module: Address,
        call: &Call<'_>,
        chain_id: u64,
    ) -> Result<Outcome, StateError> {
        let block = Block {
            number: self.states.head() + 1,
            timestamp: (self.now)(),
            chain_id,
        };
        self.ask(&mut Known::default(), |known| {
            let mut noting = Noting {
                known,
                missing: None,
            };
            let outcome = dry_run(&mut noting, module, call, &block);
            noting.missing.map_or(Ok(outcome), Err)
        })
        .await
    }
}

impl<E: Runtime, S: Strategy, P: PreImages> HeadState for Head<E, S, P> {
    async fn account(&self, address: Address) -> Result<AccountInfo, HeadError> {
        let mut accounts = self.accounts(&[address]).await?;
        Ok(accounts.pop().unwrap_or_default())
    }

    async fn blocked(&self, address: Address) -> Option<BlockedBy> {
        self.blocked_many(&[address]).await.pop().flatten()
    }

    async fn accounts(&self, addresses: &[Address]) -> Result<Vec<AccountInfo>, HeadError> {
        let failed = |error: StateError| HeadError(error.to_string());
        let number = self.states.head();
        let found = self
            .states
            .accounts(addresses, number)
            .await
            .map_err(failed)?;
        let mut accounts = Vec::with_capacity(found.len());
        for account in found {
            let account = account.unwrap_or_default();
            let has_any = account.code_hash != alloy_primitives::KECCAK256_EMPTY;
            let delegates = has_any
                && is_delegation(&self.states.code(account.code_hash).await.map_err(failed)?);
            accounts.push(AccountInfo {
                nonce: account.nonce,
                balance: account.balance,
                has_code: has_any && !delegates,
                delegates,
            });
        }
        Ok(accounts)
    }

    async fn blocked_many(&self, addresses: &[Address]) -> Vec<Option<BlockedBy>> {
        let now = (self.now)();
        let mut known = Known::default();
        let active = self
            .ask(&mut known, |known| enforcement::any_active(known, now))
            .await;
        if !matches!(active, Ok(true)) {
            return vec![None; addresses.len()];
        }
        let mut blocked = Vec::with_capacity(addresses.len());
        for address in addresses {
            let directive = self
                .ask(&mut known, |known| directive_on(known, *address, now))
                .await;
            blocked.push(directive.ok().flatten().map(|directive| BlockedBy {
                alert_id: directive.alert_id,
                until: directive.until,
            }));
        }
        blocked
    }
}

/// The seats of the committees with this id, as [`hansa_modules::staking::seats`] gives them; none while the state does not have them.
pub(crate) async fn seats<E: Runtime, S: Strategy>(
    databases: &Databases<E, S>,
    id: B256,
) -> Result<Vec<Seat>, StateError> {
    let mut gathered = Gathered::default();
    // At most three rounds: how many seats there are, then all of them, then nothing is missing.
    loop {
        let Ok(seats) = staking::seats(&mut gathered, id);
        let missing = gathered.missing();
        if missing.is_empty() {
            return Ok(seats);
        }
        for (module, slot) in missing {
            let value = hansa_state::newest_slot(databases, module, slot).await?;
            gathered.learn(module, slot, value);
        }
    }
}

/// Slots fetched so far. Others read as zero, and are noted: one run of a question finds all that it needs next.
#[derive(Default)]
pub(crate) struct Gathered {
    known: HashMap<(Address, U256), U256>,
    missing: Vec<(Address, U256)>,
}

impl Gathered {
    /// What read as zero since the last time for not being known.
    pub(crate) fn missing(&mut self) -> Vec<(Address, U256)> {
        std::mem::take(&mut self.missing)
    }

    pub(crate) fn learn(&mut self, module: Address, slot: U256, value: U256) {
        self.known.insert((module, slot), value);
    }
}

impl StorageRead for Gathered {
    type Error = Infallible;

    fn sload(&mut self, module: Address, slot: U256) -> Result<U256, Infallible> {
        let known = self.known.get(&(module, slot)).copied();
        Ok(known.unwrap_or_else(|| {
            self.missing.push((module, slot));
            U256::ZERO
        }))
    }
}

/// EIP-7702: code of an account that may still send.
fn is_delegation(code: &[u8]) -> bool {
    code.len() == 23 && code.starts_with(&[0xef, 0x01, 0x00])
}

/// Addresses that a block's directives block from the next block on; on a zone, from this one on.
pub(crate) fn newly_blocked(executed: &Executed) -> Vec<Address> {
    let now = executed.block.header().timestamp();
    let inputs = &executed.block.inputs().directives;
    let logs = executed.receipts.iter().flat_map(|receipt| &receipt.logs);
    let logs = logs.filter(|log| log.address == GUARD);
    let issued = (logs.clone())
        .filter_map(|log| IGuard::DirectiveIssued::decode_log_data(&log.data).ok())
        .filter(|event| event.action == BLOCK)
        .map(|event| event.target);
    let unprotected = logs
        .filter_map(|log| IGuard::ProtectionSet::decode_log_data(&log.data).ok())
        .map(|event| event.target);
    // The zone's own policy decides on these: it shows in what was written.
    let obeyed = inputs.iter().map(|change| change.target);
    let obeyed = obeyed.chain(unprotected).filter(|target| {
        let Ok(blocked) = enforcement::blocked(&mut Written(executed), *target, now);
        blocked.is_some()
    });
    issued.chain(obeyed).collect()
}

/// The slots that a block wrote; others read as zero.
struct Written<'a>(&'a Executed);

impl StorageRead for Written<'_> {
    type Error = Infallible;

    fn sload(&mut self, module: Address, slot: U256) -> Result<U256, Infallible> {
        let change = self.0.changes.storage.get(&(module, slot));
        Ok(change.map_or(U256::ZERO, |change| change.new))
    }
}
