//! Calls, estimates and access lists.

use crate::common::{TestServer, chain};
use alloy_primitives::{Address, B256, U256, hex};
use hansa_rpc::Config;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn with_input(input: &str) -> Value {
    json!({ "to": chain::CONTRACT, "input": input })
}

#[tokio::test]
async fn calls_return_what_the_contract_returns() {
    let server = TestServer::new().await;
    let one = B256::from(U256::from(1));
    let zero = B256::ZERO;
    let load = with_input("0x03");
    let table = [
        (json!([load, "latest"]), one),
        (json!([load]), one),
        (json!([load, "0x1"]), zero),
        (json!([load, { "blockNumber": "0x2" }]), one),
        (
            json!([load, { "blockHash": server.world.blocks[0].block.hash() }]),
            zero,
        ),
        (
            json!([load, { "blockHash": server.world.blocks[1].block.hash(), "requireCanonical": true }]),
            one,
        ),
        (
            json!([{ "to": chain::CONTRACT, "data": "0x03" }, "pending"]),
            one,
        ),
    ];
    for (params, expected) in table {
        let result = server.ok("eth_call", params.clone()).await;
        assert_eq!(result, json!(expected), "{params}");
    }
    server.stop().await;
}

#[tokio::test]
async fn overrides_change_what_a_call_sees() {
    let server = TestServer::new().await;
    let seven = B256::from(U256::from(7));
    let load = with_input("0x03");
    let contract = chain::CONTRACT.to_string();
    // Returns NUMBER, TIMESTAMP, COINBASE, BASEFEE or PREVRANDAO.
    let ask = |opcode: u8| {
        let code = hex::encode_prefixed([opcode, 0x60, 0, 0x52, 0x60, 32, 0x60, 0, 0xf3]);
        json!({ (contract.clone()): { "code": code } })
    };
    let word = |value: u64| json!(B256::from(U256::from(value)));
    let slot = json!({ (B256::ZERO.to_string()): seven });
    let table = [
        (
            json!([load, "latest", { (contract.clone()): { "stateDiff": slot } }]),
            json!(seven),
        ),
        (
            json!([load, "latest", { (contract.clone()): { "state": slot } }]),
            json!(seven),
        ),
        (
            json!([load, "latest", { (contract.clone()): { "state": {} } }]),
            json!(B256::ZERO),
        ),
        (json!([load, "latest", ask(0x43)]), word(3)),
        (
            json!([load, "latest", ask(0x43), { "number": "0x99" }]),
            word(0x99),
        ),
        (
            json!([load, "latest", ask(0x42), { "time": "0x1234" }]),
            word(0x1234),
        ),
        (
            json!([load, "latest", ask(0x41), { "feeRecipient": Address::repeat_byte(9) }]),
            json!(Address::repeat_byte(9).into_word()),
        ),
        (
            json!([load, "latest", ask(0x44), { "prevRandao": seven }]),
            json!(seven),
        ),
        (json!([load, "latest", ask(0x46)]), word(chain::CHAIN_ID)),
    ];
    for (params, expected) in table {
        let result = server.ok("eth_call", params.clone()).await;
        assert_eq!(result, expected, "{params}");
    }
    let both = json!({ (contract): { "state": {}, "stateDiff": {} } });
    let (code, words) = server
        .fails("eth_call", json!([load, "latest", both]))
        .await;
    assert_eq!(code, -32602);
    assert!(
        words.contains("has both 'state' and 'stateDiff'"),
        "{words}"
    );
    server.stop().await;
}

#[tokio::test]
async fn failures_have_the_words_of_go_ethereum() {
    let server = TestServer::new().await;
    let me = chain::signer().address();
    let poor = Address::repeat_byte(0x11);
    let send =
        |from: Address, value: U256| json!({ "from": from, "to": chain::FRIEND, "value": value });
    let fees = json!({ "from": me, "to": chain::FRIEND, "gasPrice": "0x1", "maxFeePerGas": "0x1" });
    let tip = json!({ "from": me, "to": chain::FRIEND, "maxFeePerGas": "0x1", "maxPriorityFeePerGas": "0x2" });
    let low = json!({ "from": me, "to": chain::FRIEND, "maxFeePerGas": "0x1", "maxPriorityFeePerGas": "0x1" });
    let table = [
        (
            "eth_call",
            with_input("0x01"),
            3,
            "execution reverted: nope",
        ),
        (
            "eth_estimateGas",
            with_input("0x01"),
            3,
            "execution reverted: nope",
        ),
        (
            "eth_call",
            send(poor, U256::from(1)),
            -32000,
            "insufficient funds for gas * price + value: address 0x1111",
        ),
        (
            "eth_call",
            fees,
            -32000,
            "both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified",
        ),
        (
            "eth_call",
            tip,
            -32000,
            "maxFeePerGas (1) < maxPriorityFeePerGas (2)",
        ),
        (
            "eth_call",
            low,
            -32000,
            "max fee per gas less than block base fee: address",
        ),
        (
            "eth_call",
            json!({ "to": chain::FRIEND, "chainId": "0x1" }),
            -32000,
            "chainId does not match node's (have=1, want=7)",
        ),
        (
            "eth_call",
            json!({ "to": chain::FRIEND, "gas": "0x1" }),
            -32000,
            "intrinsic gas too low: have 1, want 21000",
        ),
        (
            "eth_call",
            json!({ "to": chain::FRIEND, "data": "0x01", "input": "0x02" }),
            -32000,
            "both \"data\" and \"input\" are set and not equal",
        ),
        (
            "eth_call",
            json!({ "to": chain::CONTRACT, "input": "0xff", "gas": "0x5300" }),
            -32000,
            "out of gas",
        ),
        (
            "eth_estimateGas",
            json!({ "to": chain::CONTRACT, "input": "0x02" }),
            -32000,
            "gas required exceeds allowance (16777216)",
        ),
    ];
    for (method, call, code, words) in table {
        let (found, message) = server.fails(method, json!([call])).await;
        assert_eq!(found, code, "{call}: {message}");
        assert!(message.starts_with(words), "{call}: {message}");
    }
    let error = server
        .call("eth_call", json!([with_input("0x01")]))
        .await
        .unwrap_err();
    assert!(
        error["data"].as_str().unwrap().starts_with("0x08c379a0"),
        "{error}"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_call_that_runs_for_ever_is_stopped() {
    let mut config = Config::development();
    config.limits.call_timeout_ms = 200;
    config.limits.call_gas = u64::MAX / 4;
    let server = TestServer::with(config).await;
    let began = Instant::now();
    let (code, words) = server.fails("eth_call", json!([with_input("0x02")])).await;
    assert_eq!(code, -32005, "{words}");
    assert!(
        words.contains("rpc.limits.call_timeout_ms = 200"),
        "{words}"
    );
    assert!(began.elapsed() < Duration::from_secs(5));
    server.stop().await;
}

#[tokio::test]
async fn calls_wait_for_their_turn_and_no_longer() {
    let mut config = Config::development();
    config.limits.call_timeout_ms = 600;
    config.limits.call_gas = u64::MAX / 4;
    config.limits.max_concurrent_calls = 1;
    let server = TestServer::with(config).await;
    let endless = || server.fails("eth_call", json!([with_input("0x02")]));
    let (one, two, three) = tokio::join!(endless(), endless(), endless());
    let outcomes = [one.1, two.1, three.1];
    let waited = outcomes
        .iter()
        .filter(|words| words.contains("max_concurrent_calls = 1"));
    assert!(waited.count() >= 1, "{outcomes:?}");
    server.stop().await;
}

#[tokio::test]
async fn gas_is_capped() {
    let mut config = Config::development();
    config.limits.call_gas = 50_000;
    let server = TestServer::with(config).await;
    // Returns GAS.
    let code = hex::encode_prefixed([0x5a, 0x60, 0, 0x52, 0x60, 32, 0x60, 0, 0xf3]);
    let state = json!({ (chain::CONTRACT.to_string()): { "code": code } });
    let call = json!({ "to": chain::CONTRACT, "gas": "0xffffffff" });
    let left = server.ok("eth_call", json!([call, "latest", state])).await;
    let left = U256::from_str_radix(left.as_str().unwrap().trim_start_matches("0x"), 16).unwrap();
    assert_eq!(left, U256::from(50_000 - 21_000 - 2));
    server.stop().await;
}

#[tokio::test]
async fn estimates_are_what_the_transaction_needs() {
    let server = TestServer::new().await;
    let me = chain::signer().address();
    let plain = json!([{ "from": me, "to": chain::FRIEND, "value": "0x1" }]);
    assert_eq!(server.ok("eth_estimateGas", plain).await, "0x5208");
    let count = json!([{ "from": me, "to": chain::CONTRACT, "input": "0xff" }]);
    let estimate = server.ok("eth_estimateGas", count).await;
    let estimate =
        u64::from_str_radix(estimate.as_str().unwrap().trim_start_matches("0x"), 16).unwrap();
    let call = |gas: u64| json!([{ "from": me, "to": chain::CONTRACT, "input": "0xff", "gas": format!("{gas:#x}") }]);
    server.ok("eth_call", call(estimate)).await;
    let tight = estimate - estimate / 50;
    assert_eq!(server.fails("eth_call", call(tight)).await.1, "out of gas");
    let create = json!([{ "from": me, "input": "0x60006000f3" }]);
    let estimate = server.ok("eth_estimateGas", create).await;
    let receipts = server.ok("eth_getBlockReceipts", json!(["latest"])).await;
    let number = |value: &Value| {
        u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
    };
    let (estimate, used) = (number(&estimate), number(&receipts[0]["gasUsed"]));
    assert!(
        estimate >= used && estimate < used + used / 30,
        "{estimate} {used}"
    );
    server.stop().await;
}

#[tokio::test]
async fn access_lists_hold_what_is_touched() {
    let server = TestServer::new().await;
    let me = chain::signer().address();
    // Reads slot 0 of CONTRACT through a call from FRIEND's code.
    let mut code = vec![0x60, 0, 0x60, 0, 0x60, 1, 0x60, 0, 0x60, 0, 0x73];
    code.extend_from_slice(chain::CONTRACT.as_slice());
    code.extend([0x5a, 0xf1, 0x00]);
    let state = json!({ (chain::FRIEND.to_string()): { "code": hex::encode_prefixed(code) } });
    let call = json!({ "from": me, "to": chain::FRIEND });
    let result = server
        .ok("eth_createAccessList", json!([call, "latest", state]))
        .await;
    let expected = json!([{ "address": chain::CONTRACT, "storageKeys": [B256::ZERO] }]);
    assert_eq!(result["accessList"], expected, "{result}");
    assert_eq!(result["error"], Value::Null);
    let failing = json!([{ "from": me, "to": chain::CONTRACT, "input": "0x01" }]);
    let result = server.ok("eth_createAccessList", failing).await;
    assert_eq!(result["error"], "execution reverted: nope");
    server.stop().await;
}

#[tokio::test]
async fn overrides_have_a_limit() {
    let mut config = Config::development();
    config.limits.max_state_overrides = 2;
    let server = TestServer::with(config).await;
    let state = |count: u8| -> Value {
        let all = (1..=count).map(|byte| {
            (
                Address::repeat_byte(byte).to_string(),
                json!({ "nonce": "0x1" }),
            )
        });
        Value::Object(all.collect())
    };
    server
        .ok("eth_call", json!([with_input("0x03"), "latest", state(2)]))
        .await;
    let (code, words) = server
        .fails("eth_call", json!([with_input("0x03"), "latest", state(3)]))
        .await;
    assert_eq!(code, -32005);
    assert!(
        words.contains("rpc.limits.max_state_overrides = 2"),
        "{words}"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_type_goes_with_its_fields_or_is_refused() {
    let server = TestServer::new().await;
    let me = chain::signer().address();
    let list = json!([{ "address": chain::FRIEND, "storageKeys": [] }]);
    let with = |fields: Value| {
        let mut call = json!({ "from": me, "to": chain::FRIEND });
        let fields = fields.as_object().unwrap().clone();
        call.as_object_mut().unwrap().extend(fields);
        call
    };
    let fits = [
        json!({ "type": "0x0" }),
        json!({ "type": "0x0", "gasPrice": "0xffffffff", "accessList": [] }),
        json!({ "type": "0x1", "gasPrice": "0xffffffff", "accessList": list }),
        json!({ "type": "0x1" }),
        json!({ "type": "0x2" }),
        json!({ "type": "0x2", "maxFeePerGas": "0xffffffff", "accessList": list }),
        json!({ "blobVersionedHashes": [] }),
    ];
    for fields in fits {
        server.ok("eth_call", json!([with(fields)])).await;
    }
    let contradicts = [
        json!({ "type": "0x0", "maxFeePerGas": "0xffffffff" }),
        json!({ "type": "0x0", "accessList": list }),
        json!({ "type": "0x1", "maxPriorityFeePerGas": "0x1" }),
        json!({ "type": "0x2", "gasPrice": "0xffffffff" }),
        json!({ "type": "0x4" }),
    ];
    for fields in contradicts {
        let (code, words) = server
            .fails("eth_call", json!([with(fields.clone())]))
            .await;
        assert_eq!(code, -32602, "{fields}: {words}");
        assert!(words.starts_with("a transaction of type 0x"), "{words}");
    }
    let unsupported = [
        json!({ "type": "0x5" }),
        json!({ "type": "0x3" }),
        json!({ "blobVersionedHashes": [B256::ZERO] }),
    ];
    for fields in unsupported {
        let (code, words) = server
            .fails("eth_call", json!([with(fields.clone())]))
            .await;
        assert_eq!(code, -32000, "{fields}: {words}");
        assert!(
            words.starts_with("transaction type not supported"),
            "{words}"
        );
    }
    server.stop().await;
}
