//! `eth_simulateV1`.

use crate::common::{TestServer, chain};
use alloy_primitives::{Address, B256, U256, address};
use serde_json::{Value, json};

fn payload(blocks: Value) -> Value {
    json!([{ "blockStateCalls": blocks }, "latest"])
}

#[tokio::test]
async fn blocks_build_on_each_other() {
    let server = TestServer::new().await;
    let count = json!({ "to": chain::CONTRACT, "input": "0xff" });
    let load = json!({ "to": chain::CONTRACT, "input": "0x03" });
    let blocks = json!([{ "calls": [count, load] }, { "calls": [count, count, load] }]);
    let result = server.ok("eth_simulateV1", payload(blocks)).await;
    assert_eq!(result[0]["number"], "0x4");
    assert_eq!(
        result[0]["parentHash"],
        json!(server.world.blocks[2].block.hash())
    );
    assert_eq!(result[1]["number"], "0x5");
    assert_eq!(result[1]["parentHash"], result[0]["hash"]);
    let word = |value: u64| json!(B256::from(U256::from(value)));
    assert_eq!(result[0]["calls"][1]["returnData"], word(2));
    assert_eq!(result[1]["calls"][2]["returnData"], word(4));
    let log = &result[1]["calls"][1]["logs"][0];
    assert_eq!(log["address"], json!(chain::CONTRACT));
    assert_eq!(log["logIndex"], "0x1");
    assert_eq!(log["blockHash"], result[1]["hash"]);
    assert_eq!(log["transactionHash"], result[1]["transactions"][1]);
    server.stop().await;
}

#[tokio::test]
async fn overrides_transfers_and_whole_transactions() {
    let server = TestServer::new().await;
    let rich = Address::repeat_byte(0x77);
    let payload = json!([{
        "blockStateCalls": [{
            "blockOverrides": { "number": "0x6", "time": "0x7fffffff", "feeRecipient": rich, "gasLimit": "0x100000" },
            "stateOverrides": { (rich.to_string()): { "balance": "0x64" } },
            "calls": [{ "from": rich, "to": chain::FRIEND, "value": "0x64" }],
        }],
        "traceTransfers": true,
        "returnFullTransactions": true,
    }]);
    let result = server.ok("eth_simulateV1", payload).await;
    let numbers: Vec<_> = result
        .as_array()
        .unwrap()
        .iter()
        .map(|block| block["number"].clone())
        .collect();
    assert_eq!(
        numbers,
        [json!("0x4"), json!("0x5"), json!("0x6")],
        "skipped blocks are there"
    );
    let block = &result[2];
    assert_eq!(block["timestamp"], "0x7fffffff");
    assert_eq!(block["miner"], json!(rich));
    assert_eq!(block["gasLimit"], "0x100000");
    let call = &block["calls"][0];
    assert_eq!(call["status"], "0x1");
    assert_eq!(call["gasUsed"], "0x5208");
    let emitter = address!("0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee");
    assert_eq!(call["logs"][0]["address"], json!(emitter));
    assert_eq!(block["transactions"][0]["from"], json!(rich));
    assert_eq!(
        block["transactions"][0]["hash"],
        call["logs"][0]["transactionHash"]
    );
    server.stop().await;
}

#[tokio::test]
async fn a_block_has_the_shape_of_go_ethereums() {
    let server = TestServer::new().await;
    let base = server
        .ok("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    let time = |block: &Value| {
        let text = block["timestamp"].as_str().unwrap();
        u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
    };
    let me = chain::signer().address();
    let to = chain::FRIEND;
    let list = json!([{ "address": to, "storageKeys": [] }]);
    let calls = json!([
        { "from": me, "to": to },
        { "from": me, "to": to, "accessList": list },
        { "from": me, "to": to, "gasPrice": "0x1" },
        { "from": me, "to": to, "gasPrice": "0x1", "accessList": list },
        { "from": me, "to": to, "type": "0x0" },
        { "from": me, "to": to, "type": "0x1" },
        { "from": me, "to": to, "blobVersionedHashes": [] },
    ]);
    let payload = json!([{
        "blockStateCalls": [{ "calls": calls }, { "blockOverrides": { "number": "0x6" } }],
        "returnFullTransactions": true,
    }]);
    let result = server.ok("eth_simulateV1", payload).await;
    let blocks = result.as_array().unwrap();
    let kinds = blocks[0]["transactions"].as_array().unwrap().iter();
    let kinds: Vec<_> = kinds.map(|tx| tx["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["0x2", "0x2", "0x0", "0x1", "0x0", "0x1", "0x2"]);
    let mut before = time(&base);
    for block in blocks {
        assert_eq!(block["stateRoot"], json!(B256::ZERO));
        assert_eq!(time(block), before + 12, "skipped ones too");
        before = time(block);
    }
    server.stop().await;
}

#[tokio::test]
async fn traced_transfers_are_shown_and_are_no_part_of_the_block() {
    let server = TestServer::new().await;
    let me = chain::signer().address();
    let calls = json!([
        { "from": me, "to": chain::FRIEND, "value": "0x1" },
        { "from": me, "to": chain::CONTRACT, "input": "0xff" },
    ]);
    let with = |traced: bool| json!([{ "blockStateCalls": [{ "calls": calls }], "traceTransfers": traced }]);
    let plain = server.ok("eth_simulateV1", with(false)).await;
    let traced = server.ok("eth_simulateV1", with(true)).await;
    let logs = |result: &Value| {
        let calls = result[0]["calls"].as_array().unwrap().iter();
        calls
            .map(|call| call["logs"].as_array().unwrap().len())
            .collect::<Vec<_>>()
    };
    assert_eq!(logs(&plain), [0, 1]);
    assert_eq!(logs(&traced), [1, 1]);
    for field in ["logsBloom", "receiptsRoot", "hash"] {
        assert_eq!(traced[0][field], plain[0][field], "{field}");
    }
    server.stop().await;
}

#[tokio::test]
async fn failed_calls_are_part_of_the_answer() {
    let server = TestServer::new().await;
    let blocks = json!([{ "calls": [
        { "to": chain::CONTRACT, "input": "0x01" },
        { "to": chain::CONTRACT, "input": "0x02", "gas": "0x10000" },
    ] }]);
    let result = server.ok("eth_simulateV1", payload(blocks)).await;
    let calls = &result[0]["calls"];
    assert_eq!(calls[0]["status"], "0x0");
    assert_eq!(calls[0]["error"]["code"], 3);
    assert_eq!(calls[0]["error"]["message"], "execution reverted: nope");
    assert_eq!(calls[1]["error"]["code"], -32015);
    assert_eq!(calls[1]["error"]["message"], "out of gas");
    server.stop().await;
}

#[tokio::test]
async fn precompiles_are_moved_and_replaced_within_a_block() {
    let server = TestServer::new().await;
    let (identity, sha) = (Address::with_last_byte(4), Address::with_last_byte(2));
    let there = Address::repeat_byte(0x44);
    let say = |to: Address| json!({ "to": to, "input": "0x1234" });
    // Returns 7.
    let code = "0x600760005260206000f3";
    let blocks = json!([
        {
            "stateOverrides": {
                (identity.to_string()): { "movePrecompileToAddress": there },
                (sha.to_string()): { "code": code },
            },
            "blockOverrides": { "blobBaseFee": "0x9", "parentBeaconBlockRoot": B256::repeat_byte(3) },
            "calls": [say(there), say(identity), say(sha)],
        },
        { "calls": [say(there), say(identity)] },
    ]);
    let result = server.ok("eth_simulateV1", payload(blocks)).await;
    let (first, second) = (&result[0]["calls"], &result[1]["calls"]);
    assert_eq!(first[0]["returnData"], "0x1234");
    assert_eq!(first[1]["returnData"], "0x", "nothing is left there");
    assert_eq!(first[2]["returnData"], json!(B256::from(U256::from(7))));
    assert_eq!(
        result[0]["parentBeaconBlockRoot"],
        json!(B256::repeat_byte(3))
    );
    assert_eq!(second[0]["returnData"], "0x", "for one block only");
    assert_eq!(second[1]["returnData"], "0x1234");
    let used = |call: &Value, what: &str| {
        let text = call[what].as_str().unwrap().trim_start_matches("0x");
        u64::from_str_radix(text, 16).unwrap()
    };
    assert!(used(&first[0], "maxUsedGas") >= used(&first[0], "gasUsed"));
    // The blob base fee of a call.
    let call = json!({ "to": there });
    let reads = json!({ (there.to_string()): { "code": "0x4a60005260206000f3" } });
    let fee = json!({ "blobBaseFee": "0x9" });
    let seen = server
        .ok("eth_call", json!([call, "latest", reads, fee]))
        .await;
    assert_eq!(seen, json!(B256::from(U256::from(9))));
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_simulated_has_the_methods_codes() {
    let server = TestServer::new().await;
    let me = chain::signer().address();
    let poor = Address::repeat_byte(0x11);
    let (two, four) = (Address::with_last_byte(2), Address::with_last_byte(4));
    let checked =
        |call: Value| json!([{ "blockStateCalls": [{ "calls": [call] }], "validation": true }]);
    let fees = |nonce: &str| json!({ "from": me, "to": me, "nonce": nonce, "maxFeePerGas": "0xffffffffff", "maxPriorityFeePerGas": "0x0" });
    let table = [
        (json!([{ "blockStateCalls": [] }]), -32602, "empty input"),
        (
            payload(json!([{ "blockOverrides": { "number": "0x3" } }])),
            -38020,
            "block numbers must be in order: 3 <= 3",
        ),
        (
            payload(json!([{ "blockOverrides": { "time": "0x1" } }])),
            -38021,
            "block timestamps must be in order",
        ),
        (
            payload(json!([{ "blockOverrides": { "number": "0x1000" } }])),
            -38026,
            "too many blocks or calls: at most 256 blocks and 1024 calls in all \
             (rpc.limits.max_simulated_blocks = 256)",
        ),
        (
            payload(json!([{ "calls": vec![json!({ "to": me }); 1_025] }])),
            -38026,
            "too many blocks or calls: at most 256 blocks and 1024 calls",
        ),
        (
            payload(json!([{ "stateOverrides": {
                (four.to_string()): { "movePrecompileToAddress": four },
            } }])),
            -38022,
            "account 0x0000000000000000000000000000000000000004 is moved to itself",
        ),
        (
            payload(json!([{ "stateOverrides": {
                (four.to_string()): { "movePrecompileToAddress": poor },
                (two.to_string()): { "movePrecompileToAddress": poor },
            } }])),
            -38023,
            "more than one precompile is moved to 0x1111111111111111111111111111111111111111",
        ),
        (
            payload(json!([{ "stateOverrides": {
                (me.to_string()): { "movePrecompileToAddress": poor },
            } }])),
            -32000,
            "account 0x",
        ),
        (
            payload(json!([{ "blockOverrides": { "withdrawals": [{ "index": "0x0" }] } }])),
            -32602,
            "block override \"withdrawals\" is not supported",
        ),
        (
            payload(Value::Array(vec![json!({}); 257])),
            -38026,
            "too many blocks",
        ),
        (
            payload(json!([{ "calls": [{ "from": poor, "to": me, "value": "0x1" }] }])),
            -38014,
            "insufficient funds",
        ),
        (
            payload(json!([{ "calls": [{ "to": me, "gas": "0xffffffffff" }] }])),
            -38015,
            "block gas limit reached",
        ),
        (checked(fees("0x0")), -38010, "nonce too low"),
        (checked(fees("0x99")), -38011, "nonce too high"),
        (
            checked(json!({ "from": me, "to": me, "nonce": "0x0" })),
            -38010,
            "nonce too low: address 0x",
        ),
        (
            checked(json!({ "from": me, "to": me, "nonce": "0x99", "gas": "0x1" })),
            -38011,
            "nonce too high: address 0x",
        ),
        (
            checked(json!({ "from": me, "to": me, "maxFeePerGas": "0x0" })),
            -38012,
            "max fee per gas less than block base fee",
        ),
        (
            checked(json!({ "from": me, "to": me, "gas": "0x1", "maxFeePerGas": "0xffffffffff" })),
            -38013,
            "intrinsic gas too low",
        ),
    ];
    for (params, code, words) in table {
        let (found, message) = server.fails("eth_simulateV1", params.clone()).await;
        assert_eq!(found, code, "{params}: {message}");
        assert!(message.starts_with(words), "{params}: {message}");
    }
    server.ok("eth_simulateV1", checked(fees("0x4"))).await;
    server.stop().await;
}
