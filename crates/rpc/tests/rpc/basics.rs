//! Blocks, transactions, state, fees: the shapes that clients parse.

use crate::common::{TestServer, chain};
use alloy_consensus::Transaction as _;
use alloy_primitives::{B256, U256, keccak256};
use alloy_rpc_types_eth::{Block, TransactionReceipt};
use serde_json::{Value, json};

#[tokio::test]
async fn small_answers() {
    let server = TestServer::new().await;
    let me = chain::signer().address();
    let table = [
        ("eth_chainId", json!([]), json!("0x7")),
        ("net_version", json!([]), json!("7")),
        ("net_listening", json!([]), json!(true)),
        (
            "rpc_modules",
            json!([]),
            json!({ "debug": "1.0", "eth": "1.0", "hansa": "1.0", "net": "1.0", "rpc": "1.0", "txpool": "1.0", "web3": "1.0" }),
        ),
        ("net_peerCount", json!([]), json!("0x1")),
        ("web3_clientVersion", json!([]), json!("hansa/v0.1.0/test")),
        (
            "web3_sha3",
            json!(["0x68656c6c6f"]),
            json!(keccak256("hello")),
        ),
        ("eth_syncing", json!([]), json!(false)),
        ("eth_accounts", json!([]), json!([])),
        (
            "eth_coinbase",
            json!([]),
            json!(alloy_primitives::Address::repeat_byte(0xfe)),
        ),
        ("eth_blockNumber", json!([]), json!("0x3")),
        ("eth_blobBaseFee", json!([]), json!("0x1")),
        (
            "eth_getTransactionCount",
            json!([me, "latest"]),
            json!("0x4"),
        ),
        ("eth_getTransactionCount", json!([me, "0x2"]), json!("0x2")),
        (
            "eth_getTransactionCount",
            json!([me, "earliest"]),
            json!("0x0"),
        ),
        (
            "eth_getBalance",
            json!([chain::FRIEND, "latest"]),
            json!("0x5"),
        ),
        (
            "eth_getBalance",
            json!([chain::FRIEND, "0x1"]),
            json!("0x0"),
        ),
        ("eth_getBalance", json!([chain::FRIEND]), json!("0x5")),
        (
            "eth_getCode",
            json!([chain::CONTRACT, "safe"]),
            json!(chain::contract()),
        ),
        (
            "eth_getCode",
            json!([chain::FRIEND, "finalized"]),
            json!("0x"),
        ),
        (
            "eth_getStorageAt",
            json!([chain::CONTRACT, "0x0", "latest"]),
            json!(B256::from(U256::ONE)),
        ),
        (
            "eth_getStorageAt",
            json!([chain::CONTRACT, B256::ZERO, "0x1"]),
            json!(B256::ZERO),
        ),
        ("eth_getBlockByNumber", json!(["0x63", false]), Value::Null),
        (
            "eth_getBlockByHash",
            json!([B256::ZERO, false]),
            Value::Null,
        ),
        ("eth_getBlockReceipts", json!(["0x63"]), Value::Null),
        (
            "eth_getBlockTransactionCountByNumber",
            json!(["0x2"]),
            json!("0x2"),
        ),
        (
            "eth_getUncleCountByBlockNumber",
            json!(["0x2"]),
            json!("0x0"),
        ),
        (
            "eth_getUncleCountByBlockNumber",
            json!(["0x63"]),
            Value::Null,
        ),
        (
            "eth_getUncleByBlockNumberAndIndex",
            json!(["0x2", "0x0"]),
            Value::Null,
        ),
        ("eth_getTransactionByHash", json!([B256::ZERO]), Value::Null),
        (
            "eth_getTransactionReceipt",
            json!([B256::ZERO]),
            Value::Null,
        ),
        (
            "eth_getTransactionByBlockNumberAndIndex",
            json!(["0x2", "0x9"]),
            Value::Null,
        ),
        (
            "txpool_status",
            json!([]),
            json!({ "pending": "0x0", "queued": "0x0" }),
        ),
        ("hansa_getCertificate", json!(["earliest"]), Value::Null),
    ];
    for (method, params, expected) in table {
        let result = server.ok(method, params.clone()).await;
        assert_eq!(result, expected, "{method} {params}");
    }
    server.stop().await;
}

#[tokio::test]
async fn errors_have_the_words_that_clients_match() {
    let server = TestServer::new().await;
    let me = chain::signer().address();
    let table = [
        (
            "eth_nothing",
            json!([]),
            -32601,
            "the method eth_nothing does not exist/is not available",
        ),
        (
            "eth_getBalance",
            json!([]),
            -32602,
            "missing value for required argument 0",
        ),
        (
            "eth_getBalance",
            json!([me, "0x1", 1]),
            -32602,
            "too many arguments, want at most 2",
        ),
        (
            "eth_getBalance",
            json!(["0x12"]),
            -32602,
            "invalid argument 0: ",
        ),
        (
            "eth_getBalance",
            json!([me, "newest"]),
            -32602,
            "invalid argument 1: ",
        ),
        (
            "eth_getBalance",
            json!({ "address": me }),
            -32602,
            "non-array args",
        ),
        (
            "eth_getBalance",
            json!([me, "0x63"]),
            -32000,
            "header not found",
        ),
        (
            "eth_getBalance",
            json!([me, { "blockHash": B256::ZERO }]),
            -32000,
            "header not found",
        ),
        (
            "eth_getProof",
            json!([me, [], "latest"]),
            -32000,
            "eth_getProof is not available: ",
        ),
        (
            "eth_getFilterChanges",
            json!(["0x1"]),
            -32000,
            "filter not found",
        ),
        (
            "eth_getLogs",
            json!([{ "fromBlock": "0x3", "toBlock": "0x2" }]),
            -32602,
            "invalid block range params",
        ),
        (
            "eth_getLogs",
            json!([{ "blockHash": B256::ZERO }]),
            -32000,
            "unknown block",
        ),
        (
            "eth_feeHistory",
            json!(["0x1", "0x63", []]),
            -32000,
            "request beyond head block",
        ),
        (
            "eth_feeHistory",
            json!(["0x1", "latest", [50, 10]]),
            -32602,
            "invalid reward percentile: #0:50 > #1:10",
        ),
        (
            "eth_sendRawTransaction",
            json!(["0x"]),
            -32000,
            "typed transaction too short",
        ),
        (
            "eth_sendRawTransaction",
            json!(["0x05c0"]),
            -32000,
            "transaction type not supported",
        ),
        (
            "eth_sendRawTransaction",
            json!(["0xf8"]),
            -32000,
            "rlp: value size exceeds available input length",
        ),
        (
            "eth_newFilter",
            json!([{ "fromBlock": "0x9", "toBlock": "0x8" }]),
            -32602,
            "invalid block range params",
        ),
        (
            "eth_newFilter",
            json!([{ "fromBlock": "latest", "toBlock": "0x1" }]),
            -32602,
            "invalid block range params",
        ),
        (
            "eth_sendRawTransaction",
            json!(["0x03"]),
            -32000,
            "transaction type not supported: blob",
        ),
        (
            "eth_sendRawTransaction",
            json!(["0x0"]),
            -32602,
            "invalid argument 0: ",
        ),
        (
            "eth_sendRawTransaction",
            json!([7]),
            -32602,
            "invalid argument 0: ",
        ),
        (
            "eth_subscribe",
            json!(["newHeads"]),
            -32601,
            "notifications not supported",
        ),
        (
            "debug_traceBlockByNumber",
            json!(["earliest"]),
            -32000,
            "genesis is not traceable",
        ),
    ];
    for (method, params, code, words) in table {
        let (found, message) = server.fails(method, params.clone()).await;
        assert_eq!(found, code, "{method} {params}: {message}");
        assert!(message.starts_with(words), "{method} {params}: {message}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_block_has_every_field_that_tools_expect() {
    let server = TestServer::new().await;
    let block = server
        .ok("eth_getBlockByNumber", json!(["0x2", false]))
        .await;
    let stored = &server.world.blocks[1];
    let header = stored.block.header();
    let fixed = json!({
        "number": "0x2",
        "hash": stored.block.hash(),
        "parentHash": header.parent_hash,
        "sha3Uncles": "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347",
        "miner": header.beneficiary,
        "stateRoot": B256::repeat_byte(2),
        "difficulty": "0x0",
        "gasLimit": "0x5f5e100",
        "timestamp": "0x6553f103",
        "timestampMs": "0x18bcfe573b8",
        "extraData": "0x",
        "mixHash": header.parent_hash,
        "nonce": "0x0000000000000000",
        "withdrawals": [],
        "withdrawalsRoot": "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
        "blobGasUsed": "0x0",
        "excessBlobGas": "0x0",
        "parentBeaconBlockRoot": B256::ZERO,
        "requestsHash": "0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "uncles": [],
        "proposer": B256::from_slice(header.proposer().as_ref()),
    });
    for (field, expected) in fixed.as_object().unwrap() {
        assert_eq!(&block[field], expected, "{field}");
    }
    for field in [
        "logsBloom",
        "transactionsRoot",
        "receiptsRoot",
        "gasUsed",
        "baseFeePerGas",
        "size",
    ] {
        assert!(block[field].is_string(), "{field}");
    }
    assert_eq!(block["transactions"].as_array().unwrap().len(), 2);
    let same = server
        .ok("eth_getBlockByHash", json!([stored.block.hash(), false]))
        .await;
    assert_eq!(same, block);
    let genesis = server
        .ok("eth_getBlockByNumber", json!(["earliest", true]))
        .await;
    assert_eq!(genesis["number"], "0x0");
    server.stop().await;
}

#[tokio::test]
async fn alloy_reads_blocks_transactions_and_receipts() {
    let server = TestServer::new().await;
    let full = server
        .ok("eth_getBlockByNumber", json!(["0x2", true]))
        .await;
    let block: Block = serde_json::from_value(full.clone()).unwrap();
    let transactions: Vec<_> = block.transactions.txns().collect();
    assert_eq!(transactions[0].inner.signer(), chain::signer().address());
    assert_eq!(transactions[1].to(), Some(chain::CONTRACT));
    assert_eq!(full["transactions"][1]["blockTimestamp"], "0x6553f103");

    let receipts = server.ok("eth_getBlockReceipts", json!(["0x2"])).await;
    let receipts: Vec<TransactionReceipt> = serde_json::from_value(receipts).unwrap();
    assert_eq!(receipts[0].gas_used, 21_000);
    assert_eq!(receipts[1].transaction_index, Some(1));
    let log = &receipts[1].inner.logs()[0];
    assert_eq!(log.log_index, Some(0));
    assert_eq!(log.inner.address, chain::CONTRACT);

    let hash = receipts[1].transaction_hash;
    let alone = server.ok("eth_getTransactionReceipt", json!([hash])).await;
    let alone: TransactionReceipt = serde_json::from_value(alone).unwrap();
    assert_eq!(alone, receipts[1]);
    let by_hash = server.ok("eth_getTransactionByHash", json!([hash])).await;
    assert_eq!(by_hash, full["transactions"][1]);
    let place = json!([block.header.hash, "0x1"]);
    let by_place = server
        .ok("eth_getTransactionByBlockHashAndIndex", place)
        .await;
    assert_eq!(by_place, by_hash);
    server.stop().await;
}

#[tokio::test]
async fn a_creation_and_a_failure_have_receipts() {
    let server = TestServer::new().await;
    let receipts = server.ok("eth_getBlockReceipts", json!(["latest"])).await;
    let created = chain::signer().address().create(2);
    assert_eq!(receipts[0]["contractAddress"], json!(created));
    assert_eq!(receipts[0]["to"], Value::Null);
    assert_eq!(receipts[0]["status"], "0x1");
    assert_eq!(receipts[1]["status"], "0x0");
    assert_eq!(receipts[1]["type"], "0x2");
    assert_eq!(receipts[1]["contractAddress"], Value::Null);
    server.stop().await;
}

#[tokio::test]
async fn logs_are_found_by_address_topic_and_block() {
    let server = TestServer::new().await;
    let topic = B256::from(U256::from(0x42));
    let hash = server.world.blocks[1].block.hash();
    let hits = [
        json!({ "fromBlock": "earliest", "address": chain::CONTRACT }),
        json!({ "fromBlock": "0x1", "toBlock": "latest", "topics": [topic] }),
        json!({ "fromBlock": "0x0", "topics": [[B256::ZERO, topic]] }),
        json!({ "fromBlock": "0x1", "topics": [null] }),
        json!({ "blockHash": hash }),
    ];
    for filter in hits {
        let logs = server.ok("eth_getLogs", json!([filter])).await;
        assert_eq!(logs.as_array().unwrap().len(), 1, "{filter}");
        assert_eq!(logs[0]["blockHash"], json!(hash));
        assert_eq!(logs[0]["topics"], json!([topic]));
        assert_eq!(logs[0]["removed"], false);
        assert_eq!(logs[0]["blockTimestamp"], "0x6553f103");
    }
    let misses = [
        json!({}),
        json!({ "fromBlock": "0x1", "address": chain::FRIEND }),
        json!({ "fromBlock": "0x1", "topics": [topic, topic] }),
        json!({ "fromBlock": "0x63" }),
    ];
    for filter in misses {
        let logs = server.ok("eth_getLogs", json!([filter])).await;
        assert_eq!(logs, json!([]), "{filter}");
    }
    server.stop().await;
}

#[tokio::test]
async fn fees_follow_the_chain() {
    let server = TestServer::new().await;
    assert_eq!(
        server.ok("eth_maxPriorityFeePerGas", json!([])).await,
        "0x2"
    );
    let history = server
        .ok("eth_feeHistory", json!(["0x2", "latest", [0, 50, 100]]))
        .await;
    assert_eq!(history["oldestBlock"], "0x2");
    assert_eq!(history["baseFeePerGas"].as_array().unwrap().len(), 3);
    assert_eq!(history["gasUsedRatio"].as_array().unwrap().len(), 2);
    assert_eq!(
        history["reward"],
        json!([["0x2", "0x2", "0x2"], ["0x2", "0x2", "0x2"]])
    );
    assert_eq!(history["baseFeePerBlobGas"], json!(["0x1", "0x1", "0x1"]));
    let next = history["baseFeePerGas"][2].as_str().unwrap();
    let next = u128::from_str_radix(next.trim_start_matches("0x"), 16).unwrap();
    let price = server.ok("eth_gasPrice", json!([])).await;
    assert_eq!(price, json!(format!("{:#x}", next + 2)));
    let status = server.ok("hansa_status", json!([])).await;
    assert_eq!(status["nextBaseFeePerGas"], json!(format!("{next:#x}")));
    assert_eq!(
        status["heartbeatMs"],
        server.world.genesis.pace.heartbeat_ms
    );
    assert_eq!(status["head"]["number"], "0x3");
    let first = server
        .ok("eth_feeHistory", json!(["0x1", "earliest"]))
        .await;
    let block = server
        .ok("eth_getBlockByNumber", json!(["0x1", false]))
        .await;
    assert_eq!(first["baseFeePerGas"][1], block["baseFeePerGas"]);
    let none = server.ok("eth_feeHistory", json!(["0x0", "latest"])).await;
    assert_eq!(none["oldestBlock"], "0x0");
    server.stop().await;
}

#[tokio::test]
async fn alloy_reads_the_other_answers() {
    use alloy_eips::eip2930::AccessListResult;
    use alloy_rpc_types_eth::{FeeHistory, Log, Transaction, simulate::SimulatedBlock};
    fn reads<T: serde::de::DeserializeOwned>(value: Value) -> T {
        serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"))
    }
    let server = TestServer::new().await;
    let call = json!({ "to": chain::CONTRACT, "input": "0xff" });
    let payload = json!([{
        "blockStateCalls": [{ "calls": [call] }],
        "returnFullTransactions": true,
    }]);
    let blocks: Vec<SimulatedBlock> = reads(server.ok("eth_simulateV1", payload).await);
    assert!(blocks[0].calls[0].status);
    let history = server
        .ok("eth_feeHistory", json!(["0x2", "latest", [50]]))
        .await;
    assert_eq!(reads::<FeeHistory>(history).oldest_block, 2);
    let logs = server
        .ok("eth_getLogs", json!([{ "fromBlock": "0x1" }]))
        .await;
    assert_eq!(reads::<Vec<Log>>(logs)[0].block_number, Some(2));
    let list = server.ok("eth_createAccessList", json!([call])).await;
    assert!(reads::<AccessListResult>(list).gas_used > U256::ZERO);
    let raw = json!([chain::raw(&chain::transfer(4))]);
    let hash = server.ok("eth_sendRawTransaction", raw).await;
    let waiting = server.ok("eth_getTransactionByHash", json!([hash])).await;
    assert_eq!(reads::<Transaction>(waiting).block_number, None);
    server.stop().await;
}
