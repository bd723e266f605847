//! A small chain in memory behind a real server, and clients for it.
#![allow(dead_code, missing_docs, unreachable_pub)]

pub mod chain;
pub mod client;

use alloy_primitives::{Address, B256, Bytes};
use chain::World;
use futures::{FutureExt as _, future::BoxFuture};
use hansa_index::FinalizedBlock;
use hansa_primitives::decode_transaction;
use hansa_rpc::{
    Certificate, ChainLoad, Config, Context, Fault, Handle, Limits, Load, NodeInfo, Operator, Peer,
    PoolContent, PooledTransaction, SyncProgress, TransactionPool, serve,
};
use hansa_state::{MemoryState, StateError, StateProvider, StateView};
use parking_lot::{Condvar, Mutex};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpListener, sync::broadcast};

pub struct FakeNode {
    pub blocks: broadcast::Sender<Arc<FinalizedBlock>>,
}

impl NodeInfo for FakeNode {
    fn client_version(&self) -> String {
        "hansa/v0.1.0/test".into()
    }
    fn syncing(&self) -> Option<SyncProgress> {
        None
    }
    fn peers(&self) -> Vec<Peer> {
        vec![Peer {
            name: "two".into(),
            public_key: B256::repeat_byte(2),
            address: Some("127.0.0.1:1".into()),
            connected: true,
        }]
    }
    fn load(&self) -> Load {
        Load {
            chains: vec![ChainLoad {
                cores: 0.25,
                seconds: 60.0,
                ..ChainLoad::default()
            }],
            ..Load::default()
        }
    }
    fn operator(&self) -> Option<Operator> {
        Some(Operator {
            name: "one".into(),
            public_key: B256::repeat_byte(1),
            fee_recipient: Address::repeat_byte(0xfe),
        })
    }
    fn certificate(&self, number: u64) -> BoxFuture<'_, Result<Option<Certificate>, Fault>> {
        let certificate = (number > 0).then(|| Certificate {
            header: Bytes::from_static(&[1]),
            finalization: Bytes::from_static(&[2]),
            epoch: 0,
            view: number,
            parent_view: number - 1,
            signers: vec![B256::repeat_byte(1)],
            committee: 4,
        });
        async move { Ok(certificate) }.boxed()
    }
    fn proof(
        &self,
        address: Address,
        slots: Vec<B256>,
        number: u64,
    ) -> BoxFuture<'_, Result<Value, Fault>> {
        async move { Ok(json!({ "address": address, "slots": slots, "block": number })) }.boxed()
    }
    fn finalized(&self) -> broadcast::Receiver<Arc<FinalizedBlock>> {
        self.blocks.subscribe()
    }
}

pub struct FakePool {
    pub waiting: Mutex<HashMap<B256, PooledTransaction>>,
    pub incoming: broadcast::Sender<B256>,
    pub submissions: AtomicUsize,
}

impl FakePool {
    fn add(&self, raw: &[u8]) -> Result<B256, Fault> {
        use alloy_consensus::{Transaction as _, transaction::SignerRecoverable as _};
        let refuse = |words: String| Fault::new(-32000, words);
        let transaction = decode_transaction(raw).map_err(|error| refuse(error.to_string()))?;
        let sender = transaction
            .recover_signer()
            .map_err(|_| refuse("invalid sender".into()))?;
        if transaction.value() == chain::BLOCKED_VALUE {
            let words = "blocked by directive 7 until 1700000000 (unix seconds): recipient";
            let data = json!({ "alertId": "0x7", "until": 1_700_000_000u64 });
            return Err(refuse(words.into()).with_data(data));
        }
        let hash = *transaction.tx_hash();
        let pooled = PooledTransaction {
            transaction,
            sender,
        };
        if self.waiting.lock().insert(hash, pooled).is_some() {
            return Err(refuse("already known".into()));
        }
        let _ = self.incoming.send(hash);
        Ok(hash)
    }
}

/// The pool as the server holds it; the test holds the other half.
pub struct PoolHandle(pub Arc<FakePool>);

impl TransactionPool for PoolHandle {
    fn submit(&self, raw: Vec<Bytes>) -> BoxFuture<'static, Vec<Result<B256, Fault>>> {
        self.0.submissions.fetch_add(1, Ordering::Relaxed);
        let outcomes: Vec<_> = raw.iter().map(|raw| self.0.add(raw)).collect();
        async move { outcomes }.boxed()
    }
    fn transaction(&self, hash: B256) -> Option<PooledTransaction> {
        self.0.waiting.lock().get(&hash).cloned()
    }
    fn next_nonce(&self, sender: Address) -> Option<u64> {
        use alloy_consensus::Transaction as _;
        let waiting = self.0.waiting.lock();
        let of_sender = waiting.values().filter(|pooled| pooled.sender == sender);
        of_sender.map(|pooled| pooled.transaction.nonce() + 1).max()
    }
    fn status(&self) -> (usize, usize) {
        (self.0.waiting.lock().len(), 0)
    }
    fn content(&self, sender: Option<Address>, limit: usize) -> PoolContent {
        use alloy_consensus::Transaction as _;
        let mut content = PoolContent::default();
        for pooled in self.0.waiting.lock().values().take(limit) {
            if sender.is_none_or(|sender| sender == pooled.sender) {
                let nonce = pooled.transaction.nonce();
                let by_nonce = content.pending.entry(pooled.sender).or_default();
                by_nonce.insert(nonce, pooled.clone());
            }
        }
        content
    }
    fn subscribe(&self) -> broadcast::Receiver<B256> {
        self.0.incoming.subscribe()
    }
}

/// The chain's states behind a door: while it is shut, whoever asks for a state waits there.
#[derive(Default)]
pub struct Door {
    states: MemoryState,
    shut: Mutex<bool>,
    opened: Condvar,
    /// How many wait.
    pub waiting: AtomicUsize,
}

impl Door {
    pub fn set_shut(&self, shut: bool) {
        *self.shut.lock() = shut;
        self.opened.notify_all();
    }
}

impl StateProvider for Door {
    fn view(&self, number: u64) -> Result<Box<dyn StateView>, StateError> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut shut = self.shut.lock();
        // Not for ever: a test that fails must end.
        self.opened
            .wait_while_for(&mut shut, |shut| *shut, Duration::from_secs(20));
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        self.states.view(number)
    }

    fn range(&self) -> (u64, u64) {
        self.states.range()
    }
}

/// A configuration with other limits.
pub fn with(change: impl FnOnce(&mut Limits)) -> Config {
    let mut config = Config::development();
    change(&mut config.limits);
    config
}

/// A running server and what is behind it.
pub struct TestServer {
    pub world: World,
    pub pool: Arc<FakePool>,
    pub node: Arc<FakeNode>,
    pub door: Arc<Door>,
    pub handle: Handle,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
}

impl TestServer {
    pub async fn new() -> Self {
        Self::with(Config::development()).await
    }

    pub async fn with(config: Config) -> Self {
        let pool = Arc::new(FakePool {
            waiting: Mutex::default(),
            incoming: broadcast::channel(1_024).0,
            submissions: AtomicUsize::new(0),
        });
        Self::with_pool(config, pool.clone(), Arc::new(PoolHandle(pool))).await
    }

    pub async fn with_pool(
        config: Config,
        pool: Arc<FakePool>,
        served: Arc<dyn TransactionPool>,
    ) -> Self {
        let world = World::new();
        let node = Arc::new(FakeNode {
            blocks: broadcast::channel(64).0,
        });
        let door = Arc::new(Door {
            states: world.state.clone(),
            ..Door::default()
        });
        let context = Context {
            genesis: world.genesis.clone(),
            genesis_block: world.genesis_block.clone(),
            index: world.index.clone(),
            state: door.clone(),
            pool: served,
            node: node.clone(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let handle = serve(listener, config, context, async {
            let _ = stopped.await;
        })
        .await
        .unwrap();
        Self {
            world,
            pool,
            node,
            door,
            handle,
            stop: Some(stop),
        }
    }

    /// Makes a block of `transactions` and tells the server.
    pub fn mine(&mut self, transactions: Vec<hansa_primitives::Transaction>) -> FinalizedBlock {
        let block = self.world.mine(transactions);
        let _ = self.node.blocks.send(Arc::new(block.clone()));
        block
    }

    pub async fn call(&self, method: &str, params: Value) -> Result<Value, Value> {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let (_, text) = client::post(self.handle.addr, &request.to_string()).await;
        let mut response: Value = serde_json::from_str(&text).unwrap();
        match response.get_mut("error") {
            Some(error) => Err(error.take()),
            None => Ok(response["result"].take()),
        }
    }

    /// The result, or a panic that shows the error.
    pub async fn ok(&self, method: &str, params: Value) -> Value {
        match self.call(method, params).await {
            Ok(result) => result,
            Err(error) => panic!("{method}: {error}"),
        }
    }

    /// The error's code and message.
    pub async fn fails(&self, method: &str, params: Value) -> (i64, String) {
        match self.call(method, params).await {
            Ok(result) => panic!("{method} should fail, but: {result}"),
            Err(error) => (
                error["code"].as_i64().unwrap(),
                error["message"].as_str().unwrap().to_owned(),
            ),
        }
    }

    /// Waits until the only place for a connection is free again: a request is refused with 503, or by a reset,
    /// until then.
    pub async fn has_room(&self) {
        let free = async {
            while client::post(self.handle.addr, "{}").await.0 != 200 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), free)
            .await
            .expect("the place is free again");
    }

    pub async fn stop(mut self) {
        let _ = self.stop.take().unwrap().send(());
        self.handle.stopped().await;
    }
}
