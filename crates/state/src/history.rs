//! Finalized states: the newest from the databases, older ones by what later blocks overwrote.

use crate::{
    Account, CodeDb, Databases, StateDb, StateError, StateKey, StateProvider, StateValue,
    StateView, account_key, decode_account,
    keys::{decode_slot, encode_account, encode_slot},
    storage_key,
};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use commonware_cryptography::sha256::Digest;
use commonware_glue::stateful::db::Shared;
use commonware_parallel::Strategy;
use commonware_runtime::Spawner;
use commonware_storage::Context;
use futures::executor::block_on;
use hansa_evm::Changes;
use parking_lot::RwLock;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// What a block overwrote: the values before it, `None` where there was nothing.
pub type Diff = Vec<(StateKey, Option<StateValue>)>;

/// The pre-images of `changes`, sorted by key.
pub fn diff_of(changes: &Changes) -> Diff {
    let mut diff: Diff = changes
        .accounts
        .iter()
        .map(|(address, change)| {
            (
                account_key(*address),
                change.old.as_ref().map(encode_account),
            )
        })
        .chain(changes.storage.iter().map(|((address, slot), change)| {
            let old = (!change.old.is_zero()).then(|| encode_slot(change.old));
            (storage_key(*address, *slot), old)
        }))
        .collect();
    diff.sort_unstable_by_key(|(key, _)| *key);
    diff
}

/// Stored pre-images of finalized blocks, without gaps up to some block.
pub trait PreImages: Send + Sync + 'static {
    /// The pre-image of `key` in the lowest stored block above `number` that changed it; `None` if no
    /// stored block above `number` did.
    ///
    /// # Errors
    /// The store failed.
    fn previous(
        &self,
        key: &StateKey,
        number: u64,
    ) -> Result<Option<Option<StateValue>>, StateError>;

    /// The oldest block whose state the stored pre-images reach back to; `None` if none is stored.
    fn oldest_state(&self) -> Option<u64>;
}

/// Diffs of the newest blocks, in memory: noted *before* a block is applied to the databases, so that
/// a reader that meets a newer value always finds the older one here or in the store.
#[derive(Clone, Debug, Default)]
pub struct RecentDiffs(Arc<RwLock<BTreeMap<u64, Overwritten>>>);

/// One block's pre-images by key.
type Overwritten = HashMap<StateKey, Option<StateValue>>;

impl RecentDiffs {
    /// Blocks kept. The store must hold a block's diff before it falls out.
    pub const BLOCKS: usize = 8;

    /// Notes what block `number` is about to overwrite.
    pub fn insert(&self, number: u64, diff: &Diff) {
        let mut blocks = self.0.write();
        blocks.insert(number, diff.iter().cloned().collect());
        while blocks.len() > Self::BLOCKS {
            blocks.pop_first();
        }
    }

    fn previous(&self, key: &StateKey, number: u64) -> Option<Option<StateValue>> {
        self.0
            .read()
            .range(number + 1..)
            .find_map(|(_, diff)| diff.get(key).cloned())
    }
}

/// Finalized states of a running chain.
pub struct FinalizedState<E, S, P>
where
    E: Context + Spawner,
    S: Strategy,
{
    state: Shared<StateDb<E, S>>,
    code: Shared<CodeDb<E, S>>,
    recent: RecentDiffs,
    stored: Arc<P>,
    head: Arc<AtomicU64>,
}

impl<E, S, P> Clone for FinalizedState<E, S, P>
where
    E: Context + Spawner,
    S: Strategy,
{
    fn clone(&self) -> Self {
        Self {
            state: self.state.clone(),
            code: self.code.clone(),
            recent: self.recent.clone(),
            stored: self.stored.clone(),
            head: self.head.clone(),
        }
    }
}

impl<E, S, P> FinalizedState<E, S, P>
where
    E: Context + Spawner,
    S: Strategy,
    P: PreImages,
{
    /// `head` is the newest finalized block that is applied to the databases.
    pub fn new(
        databases: Databases<E, S>,
        recent: RecentDiffs,
        stored: Arc<P>,
        head: Arc<AtomicU64>,
    ) -> Self {
        Self {
            state: databases.0,
            code: databases.1,
            recent,
            stored,
            head,
        }
    }

    /// The value of `key` after block `number`.
    ///
    /// # Errors
    /// A database failed.
    pub async fn read(&self, key: StateKey, number: u64) -> Result<Option<StateValue>, StateError> {
        // The order matters: a value read from the database may belong to a newer block, whose diff
        // was noted before it was applied, so it is found below.
        let current = self
            .state
            .read()
            .await
            .get(&key)
            .await
            .map_err(|error| StateError::Database(error.to_string()))?;
        Ok(self.overwritten(&key, number)?.unwrap_or(current))
    }

    /// What `key` held after block `number`, if a later block overwrote it.
    fn overwritten(
        &self,
        key: &StateKey,
        number: u64,
    ) -> Result<Option<Option<StateValue>>, StateError> {
        // Blocks that are not stored yet are newer than all that are: the store knows best.
        match self.stored.previous(key, number)? {
            Some(value) => Ok(Some(value)),
            None => Ok(self.recent.previous(key, number)),
        }
    }

    /// The account at `address` after block `number`.
    ///
    /// # Errors
    /// A database failed.
    pub async fn account(
        &self,
        address: Address,
        number: u64,
    ) -> Result<Option<Account>, StateError> {
        let value = self.read(account_key(address), number).await?;
        Ok(value.as_ref().map(decode_account))
    }

    /// Several accounts after block `number`, in order, read in one go.
    ///
    /// # Errors
    /// A database failed.
    pub async fn accounts(
        &self,
        addresses: &[Address],
        number: u64,
    ) -> Result<Vec<Option<Account>>, StateError> {
        let keys: Vec<StateKey> = addresses.iter().copied().map(account_key).collect();
        let references: Vec<&StateKey> = keys.iter().collect();
        // The order matters, see `read`.
        let current = self
            .state
            .read()
            .await
            .get_many(&references)
            .await
            .map_err(|error| StateError::Database(error.to_string()))?;
        keys.iter()
            .zip(current)
            .map(|(key, current)| {
                let value = self.overwritten(key, number)?.unwrap_or(current);
                Ok(value.as_ref().map(decode_account))
            })
            .collect()
    }

    /// A storage slot after block `number`.
    ///
    /// # Errors
    /// A database failed.
    pub async fn storage(
        &self,
        address: Address,
        slot: U256,
        number: u64,
    ) -> Result<U256, StateError> {
        let value = self.read(storage_key(address, slot), number).await?;
        Ok(value.as_ref().map_or(U256::ZERO, decode_slot))
    }

    /// Contract code.
    ///
    /// # Errors
    /// A database failed.
    pub async fn code(&self, code_hash: B256) -> Result<Bytes, StateError> {
        if code_hash == KECCAK256_EMPTY || code_hash.is_zero() {
            return Ok(Bytes::new());
        }
        let code = self
            .code
            .read()
            .await
            .get(&Digest::from(code_hash.0))
            .await
            .map_err(|error| StateError::Database(error.to_string()))?;
        Ok(code.map(|code| code.0).unwrap_or_default())
    }

    /// The newest block whose state can be read.
    pub fn head(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }

    /// The account and storage database, for proofs.
    pub const fn state_db(&self) -> &Shared<StateDb<E, S>> {
        &self.state
    }
}

struct View<E, S, P>
where
    E: Context + Spawner,
    S: Strategy,
{
    states: FinalizedState<E, S, P>,
    number: u64,
}

impl<E, S, P> View<E, S, P>
where
    E: Context + Spawner,
    S: Strategy,
    P: PreImages,
{
    /// A view can outlive the history it needs.
    fn check(&self) -> Result<(), StateError> {
        let (oldest, _) = self.states.range();
        if self.number < oldest {
            let number = self.number;
            return Err(StateError::Pruned { number, oldest });
        }
        Ok(())
    }
}

impl<E, S, P> StateView for View<E, S, P>
where
    E: Context + Spawner,
    S: Strategy,
    P: PreImages,
{
    fn account(&self, address: Address) -> Result<Option<Account>, StateError> {
        let account = block_on(self.states.account(address, self.number))?;
        self.check().map(|()| account)
    }

    fn storage(&self, address: Address, slot: U256) -> Result<U256, StateError> {
        let value = block_on(self.states.storage(address, slot, self.number))?;
        self.check().map(|()| value)
    }

    fn code(&self, code_hash: B256) -> Result<Bytes, StateError> {
        block_on(self.states.code(code_hash))
    }

    fn number(&self) -> u64 {
        self.number
    }
}

impl<E, S, P> StateProvider for FinalizedState<E, S, P>
where
    E: Context + Spawner,
    S: Strategy,
    P: PreImages,
{
    fn view(&self, number: u64) -> Result<Box<dyn StateView>, StateError> {
        let (oldest, head) = self.range();
        if number > head {
            return Err(StateError::Future { number, head });
        }
        if number < oldest {
            return Err(StateError::Pruned { number, oldest });
        }
        let states = self.clone();
        Ok(Box::new(View { states, number }))
    }

    fn range(&self) -> (u64, u64) {
        let head = self.head();
        let oldest = self.stored.oldest_state().unwrap_or(head);
        (oldest.min(head), head)
    }
}

/// A storage slot in whatever state is the newest when it is read.
///
/// # Errors
/// A database failed.
pub async fn newest_slot<E, S>(
    databases: &Databases<E, S>,
    address: Address,
    slot: U256,
) -> Result<U256, StateError>
where
    E: Context + Spawner,
    S: Strategy,
{
    let key = storage_key(address, slot);
    let value = databases.0.read().await.get(&key).await;
    let value = value.map_err(|error| StateError::Database(error.to_string()))?;
    Ok(value.as_ref().map_or(U256::ZERO, decode_slot))
}
