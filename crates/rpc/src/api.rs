//! What the server needs from the rest of the node.

use crate::errors::Fault;
use alloy_primitives::{Address, B256, Bytes};
use futures::future::BoxFuture;
use hansa_index::{FinalizedBlock, Index};
use hansa_primitives::{Block, Genesis, Transaction};
use hansa_state::StateProvider;
use serde::Serialize;
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::broadcast;

/// The parts of a node that the server answers from.
#[derive(Clone)]
pub struct Context {
    /// The chain's definition.
    pub genesis: Arc<Genesis>,
    /// Block 0, which no index holds.
    pub genesis_block: Block,
    /// Finalized blocks, receipts and logs.
    pub index: Index,
    /// Finalized states.
    pub state: Arc<dyn StateProvider>,
    /// The transaction pool.
    pub pool: Arc<dyn TransactionPool>,
    /// The node itself.
    pub node: Arc<dyn NodeInfo>,
}

/// What only the running node knows. Methods that return at once must not block.
pub trait NodeInfo: Send + Sync + 'static {
    /// As `web3_clientVersion` answers, e.g. `hansa/v0.1.0/linux-x86_64`.
    fn client_version(&self) -> String;
    /// `None` when the node follows the head.
    fn syncing(&self) -> Option<SyncProgress>;
    /// The other operators.
    fn peers(&self) -> Vec<Peer>;
    /// This node's operator; `None` for a node that only follows.
    fn operator(&self) -> Option<Operator>;
    /// How busy this node's chains keep its machine.
    fn load(&self) -> Load;
    /// The certificate that finalized block `number`; `None` where this node has none.
    fn certificate(&self, number: u64) -> BoxFuture<'_, Result<Option<Certificate>, Fault>>;
    /// Proofs of an account and of slots against the state commitment of block `number`.
    fn proof(
        &self,
        address: Address,
        slots: Vec<B256>,
        number: u64,
    ) -> BoxFuture<'_, Result<Value, Fault>>;
    /// Every block from now on, once it is final and stored: queries see it before this does.
    fn finalized(&self) -> broadcast::Receiver<Arc<FinalizedBlock>>;
}

/// How far a node that catches up has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncProgress {
    /// Where it began.
    pub starting: u64,
    /// Where it is.
    pub current: u64,
    /// What it knows to be final.
    pub highest: u64,
}

/// Another operator, as `hansa_peers` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Peer {
    /// Its name in the genesis file.
    pub name: String,
    /// ed25519 public key.
    pub public_key: B256,
    /// Where it is dialled.
    pub address: Option<String>,
    /// A session is up.
    pub connected: bool,
}

/// How busy a node's chains keep its machine, as `hansa_load` shows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Load {
    /// Of the machine.
    pub machine: Machine,
    /// Of each chain that runs here, the hub first.
    pub chains: Vec<ChainLoad>,
}

/// The machine, with all that runs there.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    /// Cores that the node may use.
    pub cores: usize,
    /// Threads that ran or wanted to, on average over the last minute; null where the system does not tell.
    pub load_average: Option<f64>,
    /// Bytes that could be used without swapping; null where the system does not tell.
    pub memory_available: Option<u64>,
}

/// One chain's share, on average over the last `seconds`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainLoad {
    /// The zone's name; null for the hub.
    pub zone: Option<String>,
    /// Cores that its consensus, network and storage kept busy: seconds in each second.
    pub cores: f64,
    /// Likewise, those that executed its transactions, of its own proposals and of others.
    pub executing: f64,
    /// Gas that was executed in each second.
    pub gas_per_second: f64,
    /// How long that was looked at, a minute at most.
    pub seconds: f64,
}

/// The operator that runs this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Operator {
    /// Its name in the genesis file.
    pub name: String,
    /// ed25519 public key.
    pub public_key: B256,
    /// Receives the tips of its blocks.
    pub fee_recipient: Address,
}

/// A quorum's signatures on a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// The encoded header: what was signed, by its hash.
    pub header: Bytes,
    /// The encoded finalization.
    pub finalization: Bytes,
    /// Consensus epoch.
    pub epoch: u64,
    /// Consensus view in that epoch.
    pub view: u64,
    /// The view that the block's parent was proposed in.
    pub parent_view: u64,
    /// Public keys of those who signed, in committee order.
    pub signers: Vec<B256>,
    /// Size of the committee.
    pub committee: u32,
}

/// A transaction that waits.
#[derive(Clone, Debug)]
pub struct PooledTransaction {
    /// The signed transaction.
    pub transaction: Transaction,
    /// Who signed it.
    pub sender: Address,
}

/// Transactions by sender and nonce.
pub type BySender = BTreeMap<Address, BTreeMap<u64, PooledTransaction>>;

/// What waits in the pool.
#[derive(Clone, Debug, Default)]
pub struct PoolContent {
    /// Includable now.
    pub pending: BySender,
    /// Behind a gap of nonces.
    pub queued: BySender,
}

/// Why the pool refused a transaction: go-ethereum's words, or the guard's with the directive.
pub type SubmitError = Fault;

/// The transaction pool. Queries return at once.
pub trait TransactionPool: Send + Sync + 'static {
    /// Decodes, checks and adds encoded transactions: one outcome for each, in order. Called with
    /// a whole batch, so that senders can be recovered in parallel.
    fn submit(&self, raw: Vec<Bytes>) -> BoxFuture<'static, Vec<Result<B256, SubmitError>>>;
    /// A waiting transaction.
    fn transaction(&self, hash: B256) -> Option<PooledTransaction>;
    /// The nonce after `sender`'s last includable transaction; `None` when none waits.
    fn next_nonce(&self, sender: Address) -> Option<u64>;
    /// Numbers of pending and of queued transactions.
    fn status(&self) -> (usize, usize);
    /// At most `limit` waiting transactions, of `sender` or of all.
    fn content(&self, sender: Option<Address>, limit: usize) -> PoolContent;
    /// The hash of every transaction that becomes includable from now on.
    fn subscribe(&self) -> broadcast::Receiver<B256>;
}
