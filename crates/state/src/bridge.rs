//! revm reads synchronously, QMDB asynchronously: the bridge between them.
//!
//! The EVM runs on a thread of its own. What it misses goes over a channel to an async driver, which
//! waits for the request, awaits the database, and answers. The two run in strict alternation, so
//! that the deterministic runtime stays deterministic. The thread never touches the runtime.

use crate::{
    Account, Batches, StateError, StateKey, StateValue, StateView, account_key, decode_account,
    keys::{Code, decode_slot},
    storage_key,
};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use commonware_cryptography::sha256::Digest;
use commonware_parallel::Strategy;
use commonware_runtime::Spawner;
use commonware_storage::Context;
use revm::{Database, bytecode::Bytecode, database_interface::DBErrorMarker, state::AccountInfo};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
};

impl DBErrorMarker for StateError {}

/// Name of the threads that [`execute`] starts. They are of no runtime, so a panic there does not show which chain it ends: [`execute`] panics with the same words.
pub const EXECUTION_THREAD: &str = "evm";

fn words_of(panic: &(dyn std::any::Any + Send)) -> &str {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
    words.unwrap_or("execution panicked without words")
}

/// Values read ahead of execution, in one go.
#[derive(Clone, Debug, Default)]
pub struct Prefetch {
    /// Accounts that the block will touch.
    pub accounts: Vec<Address>,
    /// Slots that it will touch.
    pub storage: Vec<(Address, U256)>,
}

enum Request {
    State(StateKey),
    Code(Digest),
}

enum Reply {
    State(Option<StateValue>),
    Code(Option<Code>),
    Failed(StateError),
}

/// Says whether the work of a thread is still wanted.
#[derive(Clone, Debug, Default)]
pub struct Cancelled(Arc<AtomicBool>);

impl Cancelled {
    /// Whether nobody waits for the result any more.
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Says that nobody waits.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Cancels when dropped.
struct CancelOnDrop(Cancelled);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// The parent state as the EVM thread sees it.
#[derive(Debug)]
pub struct BridgeDb {
    known: HashMap<StateKey, Option<StateValue>>,
    requests: mpsc::Sender<Request>,
    replies: mpsc::Receiver<Reply>,
    cancelled: Cancelled,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Request")
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reply")
    }
}

impl BridgeDb {
    /// Whether nobody waits for the result any more; check between transactions.
    pub fn cancelled(&self) -> Cancelled {
        self.cancelled.clone()
    }

    fn ask(&self, request: Request) -> Result<Reply, StateError> {
        let stopped = || StateError::Database("execution was cancelled".into());
        if self.cancelled.get() {
            return Err(stopped());
        }
        self.requests.send(request).map_err(|_| stopped())?;
        match self.replies.recv().map_err(|_| stopped())? {
            Reply::Failed(error) => Err(error),
            reply => Ok(reply),
        }
    }

    fn state(&self, key: StateKey) -> Result<Option<StateValue>, StateError> {
        if let Some(value) = self.known.get(&key) {
            return Ok(value.clone());
        }
        match self.ask(Request::State(key))? {
            Reply::State(value) => Ok(value),
            Reply::Code(_) | Reply::Failed(_) => unreachable!("a state request has a state reply"),
        }
    }
}

impl Database for BridgeDb {
    type Error = StateError;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        let value = self.state(account_key(address))?;
        Ok(value.as_ref().map(|value| decode_account(value).into()))
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, StateError> {
        if code_hash == KECCAK256_EMPTY || code_hash.is_zero() {
            return Ok(Bytecode::default());
        }
        match self.ask(Request::Code(Digest::from(code_hash.0)))? {
            Reply::Code(Some(code)) => Ok(Bytecode::new_raw(code.0)),
            Reply::Code(None) => Err(missing_code(code_hash)),
            Reply::State(_) | Reply::Failed(_) => unreachable!("a code request has a code reply"),
        }
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, StateError> {
        let value = self.state(storage_key(address, slot))?;
        Ok(value.as_ref().map_or(U256::ZERO, decode_slot))
    }

    /// Never asked: `BlockDb` answers from the EIP-2935 contract.
    fn block_hash(&mut self, _number: u64) -> Result<B256, StateError> {
        Ok(B256::ZERO)
    }
}

fn missing_code(code_hash: B256) -> StateError {
    StateError::Database(format!("no code for hash {code_hash}"))
}

/// Runs `work` on a thread of its own over the state of `batches`, and gives both back.
///
/// # Errors
/// A read-ahead failed, or the thread could not be started. Errors of reads during `work` reach
/// `work` itself. If the returned future is dropped, reads fail and [`BridgeDb::cancelled`] says so: `work` is to look at it
/// between transactions.
///
/// # Panics
/// With the words of a panic of `work`.
pub async fn execute<E, S, T>(
    context: E,
    batches: Batches<E, S>,
    prefetch: Prefetch,
    work: impl FnOnce(BridgeDb) -> T + Send + 'static,
) -> Result<(Batches<E, S>, T), StateError>
where
    E: Context + Spawner,
    S: Strategy,
    T: Send + 'static,
{
    let cancelled = Cancelled::default();
    let guard = CancelOnDrop(cancelled.clone());
    let handle = context
        .shared(true)
        .spawn(move |_| drive(batches, prefetch, cancelled, work));
    let result = handle
        .await
        .map_err(|error| StateError::Database(error.to_string()))?;
    drop(guard);
    result
}

async fn drive<E, S, T>(
    batches: Batches<E, S>,
    prefetch: Prefetch,
    cancelled: Cancelled,
    work: impl FnOnce(BridgeDb) -> T + Send + 'static,
) -> Result<(Batches<E, S>, T), StateError>
where
    E: Context + Spawner,
    S: Strategy,
    T: Send + 'static,
{
    let known = read_ahead(&batches, &prefetch).await?;
    let (request_sender, requests) = mpsc::channel();
    let (reply_sender, replies) = mpsc::channel();
    let db = BridgeDb {
        known,
        requests: request_sender,
        replies,
        cancelled,
    };
    let thread = std::thread::Builder::new()
        .name(EXECUTION_THREAD.into())
        .spawn(move || work(db))
        .map_err(|error| StateError::Database(format!("evm thread: {error}")))?;
    // Ends when the thread drops its database.
    while let Ok(request) = requests.recv() {
        let reply = answer(&batches, request).await;
        if reply_sender.send(reply).is_err() {
            break;
        }
    }
    match thread.join() {
        Ok(result) => Ok((batches, result)),
        // A panic anew, and not that one resumed: here it is known which chain's it is.
        Err(panic) => panic!("{}", words_of(&*panic)),
    }
}

async fn read_ahead<E, S>(
    batches: &Batches<E, S>,
    prefetch: &Prefetch,
) -> Result<HashMap<StateKey, Option<StateValue>>, StateError>
where
    E: Context + Spawner,
    S: Strategy,
{
    let accounts = prefetch
        .accounts
        .iter()
        .map(|address| account_key(*address));
    let storage = prefetch
        .storage
        .iter()
        .map(|(address, slot)| storage_key(*address, *slot));
    let mut keys: Vec<StateKey> = accounts.chain(storage).collect();
    keys.sort_unstable();
    keys.dedup();
    let references: Vec<&StateKey> = keys.iter().collect();
    let values = batches
        .0
        .get_many(&references)
        .await
        .map_err(|error| StateError::Database(error.to_string()))?;
    Ok(keys.into_iter().zip(values).collect())
}

async fn answer<E, S>(batches: &Batches<E, S>, request: Request) -> Reply
where
    E: Context + Spawner,
    S: Strategy,
{
    let failed =
        |error: &dyn std::fmt::Display| Reply::Failed(StateError::Database(error.to_string()));
    match request {
        Request::State(key) => match batches.0.get(&key).await {
            Ok(value) => Reply::State(value),
            Err(error) => failed(&error),
        },
        Request::Code(key) => match batches.1.get(&key).await {
            Ok(code) => Reply::Code(code),
            Err(error) => failed(&error),
        },
    }
}

/// A [`StateView`] as revm reads it: for calls on finalized states.
pub struct ViewDb(pub Box<dyn StateView>);

impl Database for ViewDb {
    type Error = StateError;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        let account: Option<Account> = self.0.account(address)?;
        Ok(account.map(AccountInfo::from))
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, StateError> {
        let code: Bytes = self.0.code(code_hash)?;
        Ok(Bytecode::new_raw(code))
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, StateError> {
        self.0.storage(address, slot)
    }

    /// Never asked: `BlockDb` answers from the EIP-2935 contract.
    fn block_hash(&mut self, _number: u64) -> Result<B256, StateError> {
        Ok(B256::ZERO)
    }
}
