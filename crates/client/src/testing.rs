//! A node for tests: real modules on a ledger in memory, behind a real JSON-RPC server.
//!
//! It knows the calls that this crate makes. Transactions are checked as a chain does (signature, nonce,
//! chain id, gas cap, size) and come into a block of their own when somebody asks for a receipt, so that
//! a test sees how many its sender had in flight.

use alloy_consensus::{Transaction as _, TxEnvelope, transaction::SignerRecoverable as _};
use alloy_eips::eip2718::Decodable2718 as _;
use alloy_primitives::{Address, B256, Bytes, LogData, U64, U256};
use alloy_rpc_types_eth::Filter;
use hansa_abi::STAKING;
use hansa_modules::{
    Block, RunResult,
    genesis::{Genesis, genesis_balance, storage},
    staking::{BlockEnd, committee, end_block},
    testing::MemoryHost,
};
use jsonrpsee::{
    Extensions, RpcModule,
    server::{Server, ServerConfig, ServerHandle},
    types::{ErrorObjectOwned, Params},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Chain id of the test chain.
pub const CHAIN_ID: u64 = 4_242;
/// Seconds since 1970 at the test chain's genesis.
pub const GENESIS_S: u64 = 2_000_000_000;

/// The ledger and what it saw.
#[derive(Debug, Default)]
pub struct Ledger {
    host: MemoryHost,
    nonces: BTreeMap<Address, u64>,
    waiting: Vec<TxEnvelope>,
    receipts: HashMap<B256, Value>,
    logs: Vec<Value>,
    head: u64,
    genesis_hash: B256,
    /// Most transactions that waited at once.
    pub most_waiting: usize,
    /// Bytes of the largest transaction.
    pub largest: usize,
    /// Transactions in blocks.
    pub transactions: usize,
    /// Largest share of its gas limit that a transaction used, percent.
    pub fullest_percent: u64,
    /// Transactions wait as long as this is set.
    pub stopped: bool,
    /// Base fee, wei per gas.
    pub base_fee: u128,
    /// Answers of `eth_getLogs` have at most so many results; 0 is no limit.
    pub max_logs: usize,
}

/// A running test node.
#[derive(Debug)]
pub struct TestNode {
    /// Its URL.
    pub url: String,
    ledger: Arc<Mutex<Ledger>>,
    _server: ServerHandle,
}

impl TestNode {
    /// Starts a node whose league has these members, called `member-1` and so on.
    ///
    /// # Panics
    /// When it cannot start.
    pub async fn start(members: &[Address]) -> Self {
        let members: Vec<Value> = (1..)
            .zip(members)
            .map(
                |(number, address)| json!({"name": format!("member-{number}"), "address": address}),
            )
            .collect();
        let genesis: Genesis = serde_json::from_value(json!({"members": members}))
            .expect("the modules' genesis has this shape");
        Self::start_with(&genesis).await
    }

    /// Starts a node of the league that the modules' genesis describes.
    ///
    /// # Panics
    /// When it cannot start, or the genesis is not valid.
    pub async fn start_with(genesis: &Genesis) -> Self {
        let mut ledger = Ledger {
            base_fee: 1_000_000_000,
            genesis_hash: genesis.genesis_hash,
            ..Ledger::default()
        };
        ledger.host.credit(STAKING, genesis_balance(genesis));
        for write in storage(genesis, GENESIS_S).expect("the test's genesis is valid") {
            let key = (write.address, write.slot);
            ledger.host.storage.insert(key, write.value);
        }
        let ledger = Arc::new(Mutex::new(ledger));
        let config = ServerConfig::builder()
            .max_request_body_size(2_000_000)
            .build();
        let server = Server::builder()
            .set_config(config)
            .build(SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .expect("a port is free");
        let address = server.local_addr().expect("it is bound");
        Self {
            url: format!("http://{address}"),
            _server: server.start(methods(Arc::clone(&ledger))),
            ledger,
        }
    }

    /// The ledger.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }
}

fn lock(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

fn methods(ledger: Arc<Mutex<Ledger>>) -> RpcModule<Mutex<Ledger>> {
    type Method = fn(&mut Ledger, Vec<Value>) -> Result<Value, ErrorObjectOwned>;
    const TABLE: &[(&str, Method)] = &[
        ("eth_chainId", |_, _| Ok(json!(U64::from(CHAIN_ID)))),
        ("eth_blockNumber", |ledger, _| {
            Ok(json!(U64::from(ledger.head)))
        }),
        ("eth_getBalance", |ledger, args| {
            Ok(json!(ledger.host.balance(param(&args, 0)?)))
        }),
        ("eth_getTransactionCount", |ledger, args| {
            let account: Address = param(&args, 0)?;
            Ok(json!(U64::from(ledger.next_nonce(account))))
        }),
        ("eth_maxPriorityFeePerGas", |_, _| Ok(json!("0x1"))),
        ("eth_feeHistory", |ledger, _| {
            let fee = json!(U256::from(ledger.base_fee));
            Ok(json!({"baseFeePerGas": [fee, fee]}))
        }),
        ("eth_estimateGas", |ledger, args| ledger.estimate(&args)),
        ("eth_call", |ledger, args| ledger.call(&args)),
        ("eth_sendRawTransaction", |ledger, args| {
            ledger.submit(&param::<Bytes>(&args, 0)?)
        }),
        ("eth_getTransactionReceipt", |ledger, args| {
            ledger.mine();
            let hash: B256 = param(&args, 0)?;
            Ok(ledger.receipts.get(&hash).cloned().unwrap_or_default())
        }),
        ("eth_getLogs", |ledger, args| {
            ledger.logs(&param::<Filter>(&args, 0)?)
        }),
        ("eth_getBlockByNumber", |ledger, args| {
            let number = param::<U64>(&args, 0).map_or(ledger.head, |number| number.to());
            let timestamp = U64::from(GENESIS_S + number);
            Ok(json!({"number": U64::from(number), "timestamp": timestamp}))
        }),
        ("hansa_status", |ledger, _| {
            Ok(json!({"genesis": ledger.genesis_hash}))
        }),
    ];
    let mut module = RpcModule::from_arc(ledger);
    for (name, method) in TABLE {
        let answer = move |params: Params<'_>, ledger: &Mutex<Ledger>, _: &Extensions| {
            let args: Vec<Value> = params.parse().unwrap_or_default();
            method(&mut lock(ledger), args)
        };
        module
            .register_method(name, answer)
            .expect("names are distinct");
    }
    module
}

fn param<T: serde::de::DeserializeOwned>(
    args: &[Value],
    index: usize,
) -> Result<T, ErrorObjectOwned> {
    let value = args.get(index).cloned().unwrap_or_default();
    serde_json::from_value(value).map_err(|error| refuse(-32602, error))
}

fn refuse(code: i32, message: impl ToString) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(code, message.to_string(), None::<()>)
}

impl Ledger {
    fn next_nonce(&self, account: Address) -> u64 {
        let waiting = self.waiting.iter();
        let waiting = waiting.filter(|waiting| waiting.recover_signer().ok() == Some(account));
        self.nonces.get(&account).copied().unwrap_or_default() + waiting.count() as u64
    }

    fn block(&self) -> Block {
        Block {
            number: self.head,
            timestamp: GENESIS_S + self.head,
            chain_id: CHAIN_ID,
        }
    }

    /// Runs a call on a copy of the state; gas used and what it returned.
    fn simulate(&self, args: &[Value]) -> Result<(u64, Bytes), ErrorObjectOwned> {
        let request: Value = param(args, 0)?;
        let field = |name: &str| request.get(name).cloned().unwrap_or_default();
        let to: Address = serde_json::from_value(field("to")).unwrap_or_default();
        let caller = serde_json::from_value(field("from")).unwrap_or_default();
        let value = serde_json::from_value(field("value")).unwrap_or_default();
        let input: Bytes = serde_json::from_value(field("input")).unwrap_or_default();
        if hansa_abi::module_at(&to).is_none() {
            return Ok((0, Bytes::new()));
        }
        let call = hansa_modules::Call {
            caller,
            value,
            input: &input,
            is_static: false,
            gas_limit: 50_000_000,
        };
        let mut host = self.host.clone();
        host.credit(caller, value);
        let outcome = host.execute(to, &call, &self.block());
        match outcome.result {
            RunResult::Return(data) => Ok((outcome.gas_used, data)),
            RunResult::Revert(data) => Err(ErrorObjectOwned::owned(
                3,
                "execution reverted",
                Some(json!(data)),
            )),
            other => Err(refuse(-32000, format!("{other:?}"))),
        }
    }

    fn call(&self, args: &[Value]) -> Result<Value, ErrorObjectOwned> {
        self.simulate(args).map(|(_, data)| json!(data))
    }

    fn estimate(&self, args: &[Value]) -> Result<Value, ErrorObjectOwned> {
        let input: Value = param(args, 0)?;
        let input: Bytes = serde_json::from_value(input["input"].clone()).unwrap_or_default();
        let (gas, _) = self.simulate(args)?;
        Ok(json!(U64::from(total_gas(&input, gas))))
    }

    fn submit(&mut self, raw: &Bytes) -> Result<Value, ErrorObjectOwned> {
        if raw.len() > hansa_primitives::MAX_TRANSACTION_BYTES {
            return Err(refuse(-32000, "transaction too large"));
        }
        let envelope =
            TxEnvelope::decode_2718(&mut raw.as_ref()).map_err(|error| refuse(-32000, error))?;
        let sender = envelope
            .recover_signer()
            .map_err(|error| refuse(-32000, error))?;
        if envelope.chain_id() != Some(CHAIN_ID) {
            return Err(refuse(-32000, "invalid chain id for signer"));
        }
        if envelope.gas_limit() > crate::limits::MAX_TRANSACTION_GAS {
            return Err(refuse(-32000, "transaction gas limit too high"));
        }
        let expected = self.next_nonce(sender);
        let same = |waiting: &&mut TxEnvelope| {
            waiting.nonce() == envelope.nonce() && waiting.recover_signer().ok() == Some(sender)
        };
        let hash = *envelope.tx_hash();
        if let Some(waiting) = self.waiting.iter_mut().find(same) {
            if envelope.max_fee_per_gas() * 10 < waiting.max_fee_per_gas() * 11 {
                return Err(refuse(-32000, "replacement transaction underpriced"));
            }
            *waiting = envelope;
            return Ok(json!(hash));
        }
        if envelope.nonce() != expected {
            let nonce = envelope.nonce();
            let text = format!("nonce too low: next nonce {expected}, tx nonce {nonce}");
            return Err(refuse(-32000, text));
        }
        self.largest = self.largest.max(raw.len());
        self.waiting.push(envelope);
        self.most_waiting = self.most_waiting.max(self.waiting.len());
        Ok(json!(hash))
    }

    /// Puts everything that pays the base fee into blocks of one transaction.
    fn mine(&mut self) {
        if self.stopped {
            return;
        }
        let base_fee = self.base_fee;
        while self
            .waiting
            .first()
            .is_some_and(|first| first.max_fee_per_gas() >= base_fee)
        {
            let envelope = self.waiting.remove(0);
            self.include(&envelope);
        }
    }

    fn include(&mut self, envelope: &TxEnvelope) {
        self.head += 1;
        self.transactions += 1;
        let sender = envelope.recover_signer().unwrap_or_default();
        self.nonces.insert(sender, envelope.nonce() + 1);
        let to = envelope.to().unwrap_or_default();
        let before = self.host.logs.len();
        let intrinsic = 21_000 + 4 * tokens(envelope.input());
        let (gas, status) = if hansa_abi::module_at(&to).is_some() {
            self.host.credit(sender, envelope.value());
            let call = hansa_modules::Call {
                caller: sender,
                value: envelope.value(),
                input: envelope.input(),
                is_static: false,
                gas_limit: envelope.gas_limit().saturating_sub(intrinsic),
            };
            let block = self.block();
            let outcome = self.host.execute(to, &call, &block);
            let passed = matches!(outcome.result, RunResult::Return(_));
            (total_gas(envelope.input(), outcome.gas_used), passed)
        } else {
            self.host.credit(to, envelope.value());
            (intrinsic, true)
        };
        let percent = gas.saturating_mul(100) / envelope.gas_limit().max(1);
        self.fullest_percent = self.fullest_percent.max(percent);
        let hash = *envelope.tx_hash();
        let emitted = self.host.logs[before..].to_vec();
        let logs: Vec<Value> = emitted
            .iter()
            .map(|(address, data)| self.log(*address, data, hash))
            .collect();
        self.logs.extend(logs.iter().cloned());
        self.receipts
            .insert(hash, self.receipt(envelope, sender, gas, status, &logs));
        self.end_block();
    }

    /// Makes so many blocks without transactions.
    pub fn pass(&mut self, blocks: u64) {
        for _ in 0..blocks {
            self.head += 1;
            self.end_block();
        }
    }

    /// What a chain does at the end of a block, whose certificate the whole committee signed.
    fn end_block(&mut self) {
        let block = self.block();
        let read = &mut self.host;
        let epoch = hansa_modules::staking::newest_epoch(read).unwrap_or_default();
        let Ok(Some(committee)) = committee(read, epoch) else {
            return;
        };
        let all: Vec<u32> = (0..).take(committee.seats.len()).collect();
        let end = BlockEnd {
            block,
            proposer: committee.seats[0].key,
            signers: Some(&all),
            fees: U256::ZERO,
        };
        let ended = end_block(&mut self.host, &end).expect("invariant: no user makes it fail");
        self.host.credit(STAKING, ended.minted);
    }

    fn log(&self, address: Address, data: &LogData, transaction: B256) -> Value {
        json!({
            "address": address,
            "topics": data.topics(),
            "data": data.data,
            "blockNumber": U64::from(self.head),
            "transactionHash": transaction,
            "transactionIndex": "0x0",
            "blockHash": B256::from(U256::from(self.head)),
            "logIndex": "0x0",
            "removed": false,
        })
    }

    fn receipt(
        &self,
        envelope: &TxEnvelope,
        sender: Address,
        gas: u64,
        status: bool,
        logs: &[Value],
    ) -> Value {
        json!({
            "type": "0x2",
            "status": if status { "0x1" } else { "0x0" },
            "cumulativeGasUsed": U64::from(gas),
            "logs": logs,
            "logsBloom": alloy_primitives::Bloom::ZERO,
            "transactionHash": envelope.tx_hash(),
            "transactionIndex": "0x0",
            "blockHash": B256::from(U256::from(self.head)),
            "blockNumber": U64::from(self.head),
            "gasUsed": U64::from(gas),
            "effectiveGasPrice": "0x1",
            "from": sender,
            "to": envelope.to(),
            "contractAddress": null,
        })
    }

    fn logs(&self, filter: &Filter) -> Result<Value, ErrorObjectOwned> {
        let from = filter.get_from_block().unwrap_or_default();
        let to = filter.get_to_block().unwrap_or(self.head);
        if to.saturating_sub(from) >= 10_000 {
            return Err(refuse(-32005, "limit exceeded: block range"));
        }
        let found: Vec<&Value> = self
            .logs
            .iter()
            .filter(|value| {
                let log: Result<alloy_rpc_types_eth::Log, _> =
                    serde_json::from_value((*value).clone());
                log.is_ok_and(|log| {
                    let block = log.block_number.unwrap_or_default();
                    (from..=to).contains(&block) && filter.rpc_matches(&log)
                })
            })
            .collect();
        if self.max_logs > 0 && found.len() > self.max_logs {
            return Err(refuse(-32005, "limit exceeded: results"));
        }
        Ok(json!(found))
    }
}

/// Gas of a transaction (EIP-2028, EIP-7623) whose execution used `execution`.
fn total_gas(input: &[u8], execution: u64) -> u64 {
    let tokens = tokens(input);
    21_000 + (4 * tokens + execution).max(10 * tokens)
}

/// EIP-7623: a zero byte is one token, any other four.
fn tokens(input: &[u8]) -> u64 {
    let zeros = input.iter().filter(|byte| **byte == 0).count() as u64;
    zeros + 4 * (input.len() as u64 - zeros)
}
