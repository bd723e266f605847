//! The `debug` namespace.

use crate::common::{TestServer, chain, with};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolCall as _;
use hansa_abi::{EXCHANGE, GUARD, IExchange, IGuard};
use hansa_primitives::Block;
use hansa_rpc::Config;
use serde_json::{Value, json};

#[tokio::test]
async fn a_transaction_is_traced_by_every_tracer() {
    let server = TestServer::new().await;
    let block = &server.world.blocks[1];
    let hash = *block.block.transactions()[1].tx_hash();
    let receipt = server.ok("eth_getTransactionReceipt", json!([hash])).await;

    let trace = server.ok("debug_traceTransaction", json!([hash])).await;
    assert_eq!(trace["failed"], false);
    let gas = receipt["gasUsed"].as_str().unwrap();
    let gas = u64::from_str_radix(gas.trim_start_matches("0x"), 16).unwrap();
    assert_eq!(trace["gas"], gas);
    let logs = trace["structLogs"].as_array().unwrap();
    assert_eq!(logs[0]["op"], "PUSH1");
    assert!(logs.iter().any(|log| log["op"] == "LOG1"));

    let call = server
        .ok(
            "debug_traceTransaction",
            json!([hash, { "tracer": "callTracer" }]),
        )
        .await;
    assert_eq!(call["type"], "CALL");
    assert_eq!(call["to"], json!(chain::CONTRACT));
    assert_eq!(call["gasUsed"], receipt["gasUsed"]);

    let options = json!({ "tracer": "prestateTracer", "tracerConfig": { "diffMode": true } });
    let diff = server
        .ok("debug_traceTransaction", json!([hash, options]))
        .await;
    let key = format!("{:?}", chain::CONTRACT);
    let post = &diff["post"][key.as_str()];
    assert_eq!(
        post["storage"][B256::ZERO.to_string()],
        json!(B256::from(U256::from(1))),
        "{diff}"
    );
    let me = format!("{:?}", chain::signer().address());
    assert_eq!(diff["pre"][me.as_str()]["nonce"], 1, "{diff}");

    let prestate = server
        .ok(
            "debug_traceTransaction",
            json!([hash, { "tracer": "prestateTracer" }]),
        )
        .await;
    assert!(prestate[key.as_str()]["code"].is_string(), "{prestate}");
    server.stop().await;
}

#[tokio::test]
async fn blocks_and_failures_are_traced() {
    let server = TestServer::new().await;
    let options = json!({ "tracer": "callTracer" });
    let traces = server
        .ok("debug_traceBlockByNumber", json!(["latest", options]))
        .await;
    let transactions = server.world.blocks[2].block.transactions();
    assert_eq!(traces[0]["txHash"], json!(transactions[0].tx_hash()));
    assert_eq!(traces[0]["result"]["type"], "CREATE");
    assert_eq!(traces[1]["result"]["error"], "execution reverted");
    assert_eq!(traces[1]["result"]["revertReason"], "nope");
    let by_hash = json!([server.world.blocks[2].block.hash(), options]);
    assert_eq!(server.ok("debug_traceBlockByHash", by_hash).await, traces);
    // Block 1 writes the genesis allocation before its transactions.
    assert_eq!(
        server.ok("debug_traceBlockByNumber", json!(["0x1"])).await,
        json!([])
    );
    server.stop().await;
}

#[tokio::test]
async fn calls_are_traced_with_overrides() {
    let server = TestServer::new().await;
    let call = json!({ "to": chain::CONTRACT, "input": "0x03" });
    let contract = chain::CONTRACT.to_string();
    let five = B256::from(U256::from(5));
    let slot = json!({ (B256::ZERO.to_string()): five });
    let options =
        json!({ "tracer": "callTracer", "stateOverrides": { (contract): { "stateDiff": slot } } });
    let trace = server
        .ok("debug_traceCall", json!([call, "latest", options]))
        .await;
    assert_eq!(trace["output"], json!(five), "{trace}");
    let struct_logs = server.ok("debug_traceCall", json!([call])).await;
    assert_eq!(
        struct_logs["returnValue"],
        json!(B256::from(U256::from(1))),
        "{struct_logs}"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_call_is_traced_before_a_transaction_of_a_block() {
    let server = TestServer::new().await;
    let call = json!({ "to": chain::CONTRACT, "input": "0x03" });
    let block = &server.world.blocks[1].block;
    let counts = block.transactions().len();
    let mut seen = Vec::new();
    for index in 0..counts {
        let options = json!({ "tracer": "callTracer", "txIndex": format!("{index:#x}") });
        let params = json!([call, { "blockHash": block.hash() }, options]);
        let trace = server.ok("debug_traceCall", params).await;
        seen.push(trace["output"].clone());
    }
    let word = |value: u64| json!(B256::from(U256::from(value)));
    assert_eq!(seen, [word(0), word(0)], "the second transaction counts");
    let params = json!([call, block_number(block), { "tracer": "callTracer" }]);
    let after = server.ok("debug_traceCall", params).await;
    assert_eq!(after["output"], word(1));
    let params = json!([call, block_number(block), { "txIndex": format!("{counts:#x}") }]);
    let (code, words) = server.fails("debug_traceCall", params).await;
    assert_eq!(code, -32000);
    assert!(
        words.starts_with("transaction index 2 out of range"),
        "{words}"
    );
    server.stop().await;
}

fn block_number(block: &Block) -> Value {
    json!(format!("{:#x}", block.number()))
}

#[tokio::test]
async fn wrong_options_have_clear_errors() {
    let server = TestServer::new().await;
    let hash = *server.world.blocks[1].block.transactions()[0].tx_hash();
    let table = [
        (
            "debug_traceTransaction",
            json!([B256::ZERO]),
            -32000,
            "transaction not found",
        ),
        (
            "debug_traceTransaction",
            json!([hash, { "tracer": "{step: 1}" }]),
            -32000,
            "tracer not found",
        ),
        (
            "debug_traceTransaction",
            json!([hash, 7]),
            -32602,
            "invalid argument 1",
        ),
        (
            "debug_traceBlockByNumber",
            json!(["0x63"]),
            -32000,
            "block not found",
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
        assert_eq!(found, code, "{params}: {message}");
        assert!(message.starts_with(words), "{params}: {message}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_trace_that_grows_too_large_is_stopped() {
    let mut config = Config::development();
    config.limits.max_trace_bytes = 20_000;
    let server = TestServer::with(config).await;
    let endless = json!({ "to": chain::CONTRACT, "input": "0x02" });
    let (code, words) = server.fails("debug_traceCall", json!([endless])).await;
    assert_eq!(code, -32005);
    assert!(
        words.contains("rpc.limits.max_trace_bytes = 20000"),
        "{words}"
    );
    let hash = *server.world.blocks[1].block.transactions()[1].tx_hash();
    server.ok("debug_traceTransaction", json!([hash])).await;
    server.stop().await;
}

#[tokio::test]
async fn raw_encodings_decode() {
    use alloy_consensus::TxEnvelope;
    use alloy_eips::eip2718::Decodable2718 as _;
    let server = TestServer::new().await;
    let transaction = &server.world.blocks[1].block.transactions()[0];
    let raw = server
        .ok("debug_getRawTransaction", json!([transaction.tx_hash()]))
        .await;
    let raw: alloy_primitives::Bytes = serde_json::from_value(raw).unwrap();
    assert_eq!(
        &TxEnvelope::decode_2718(&mut raw.as_ref()).unwrap(),
        transaction
    );
    let receipts = server.ok("debug_getRawReceipts", json!(["0x2"])).await;
    let receipts: Vec<alloy_primitives::Bytes> = serde_json::from_value(receipts).unwrap();
    let root = alloy_consensus::proofs::ordered_trie_root_with_encoder(&receipts, |raw, out| {
        alloy_primitives::bytes::BufMut::put_slice(out, raw);
    });
    assert_eq!(root, server.world.blocks[1].block.header().receipts_root);
    server.stop().await;
}

/// Code that never ends by itself.
fn endless() -> Value {
    json!({ (chain::CONTRACT.to_string()): { "code": "0x5b600056" } })
}

#[tokio::test]
async fn a_client_may_give_a_trace_less_time() {
    let server = TestServer::new().await;
    let call = json!({ "to": chain::CONTRACT, "gas": "0x2faf080" });
    let options = |timeout: &str| json!({ "tracer": "noopTracer", "timeout": timeout, "stateOverrides": endless() });
    let ask = |timeout: &str| json!([call, "latest", options(timeout)]);
    let (code, words) = server.fails("debug_traceCall", ask("1ms")).await;
    assert_eq!((code, words.as_str()), (-32000, "execution timeout"));
    let hash = *server.world.blocks[1].block.transactions()[1].tx_hash();
    for wrong in ["5", "fast", "1 s", ""] {
        let expected = format!("time: invalid duration {wrong:?}");
        for (method, params) in [
            ("debug_traceCall", ask(wrong)),
            (
                "debug_traceTransaction",
                json!([hash, { "timeout": wrong }]),
            ),
            (
                "debug_traceBlockByNumber",
                json!(["0x2", { "timeout": wrong }]),
            ),
        ] {
            let found = server.fails(method, params).await;
            assert_eq!(found, (-32602, expected.clone()), "{method}");
        }
    }
    let params = json!([hash, { "timeout": "1h" }]);
    server.ok("debug_traceTransaction", params).await;
    server.stop().await;

    // The node's own limit stays.
    let server = TestServer::with(with(|limits| limits.call_timeout_ms = 1)).await;
    let (code, words) = server.fails("debug_traceCall", ask("1h")).await;
    assert_eq!(code, -32005);
    assert!(words.contains("rpc.limits.call_timeout_ms = 1"), "{words}");
    server.stop().await;
}

#[tokio::test]
async fn what_go_ethereum_does_not_trace_is_refused_in_its_words() {
    let server = TestServer::new().await;
    let call = json!({ "to": chain::CONTRACT, "input": "0x03" });
    let overrides = json!({ "withdrawals": [] });
    let words = "block override \"withdrawals\" is not supported for this RPC method";
    let table = [
        (
            "debug_traceCall",
            json!([call, "pending"]),
            "tracing on top of pending is not supported",
        ),
        (
            "debug_traceCall",
            json!([call, "latest", { "blockOverrides": overrides }]),
            words,
        ),
        ("eth_call", json!([call, "latest", {}, overrides]), words),
        (
            "eth_estimateGas",
            json!([call, "latest", {}, overrides]),
            words,
        ),
    ];
    for (method, params, words) in table {
        let found = server.fails(method, params).await;
        assert_eq!(found, (-32000, words.to_owned()), "{method}");
    }
    // Every tracer that the error names is there.
    let unknown = json!([call, "latest", { "tracer": "nothing" }]);
    let (code, words) = server.fails("debug_traceCall", unknown).await;
    assert_eq!(code, -32000);
    let names = words
        .split(|symbol: char| !symbol.is_ascii_alphanumeric())
        .filter(|word| word.ends_with("Tracer"));
    let mut count = 0;
    for name in names {
        let params = json!([call, "latest", { "tracer": name, "tracerConfig": {} }]);
        server.ok("debug_traceCall", params).await;
        count += 1;
    }
    assert_eq!(count, 7, "{words}");
    server.stop().await;
}

#[tokio::test]
async fn raw_headers_have_the_hash_of_their_block() {
    let server = TestServer::new().await;
    for number in 0..4u64 {
        let tag = format!("{number:#x}");
        let block = server.ok("eth_getBlockByNumber", json!([tag, false])).await;
        let raw = |method: &'static str, id: Value| {
            let server = &server;
            async move {
                let text = server.ok(method, json!([id])).await;
                text.as_str().unwrap().parse::<Bytes>().unwrap()
            }
        };
        let header = raw("debug_getRawHeader", json!(tag)).await;
        assert_eq!(json!(keccak256(&header)), block["hash"]);
        assert_eq!(
            raw("debug_getRawHeader", block["hash"].clone()).await,
            header
        );
        let whole = raw("debug_getRawBlock", json!(tag)).await;
        assert!(whole.starts_with(&header));
        let by_number = server.ok("eth_getHeaderByNumber", json!([tag])).await;
        let by_hash = server
            .ok("eth_getHeaderByHash", json!([block["hash"]]))
            .await;
        assert_eq!(by_number, by_hash);
        let fields = by_number.as_object().unwrap();
        assert!(fields.iter().all(|(name, value)| block[name] == *value));
        assert!(!fields.contains_key("transactions"));
    }
    for method in [
        "debug_getRawHeader",
        "debug_getRawBlock",
        "debug_getRawReceipts",
        "eth_getHeaderByNumber",
    ] {
        assert_eq!(server.ok(method, json!(["0x99"])).await, Value::Null);
    }
    server.stop().await;
}

/// An alert that is accepted binds from the next block on, also where the block that accepts it is run again.
#[tokio::test]
async fn a_directive_does_not_bind_in_the_trace_of_the_block_that_makes_it() {
    let mut server = TestServer::new().await;
    let target = Address::repeat_byte(0x77);
    let publish = IExchange::publishCall {
        entries: vec![IExchange::Entry {
            uuid: [7; 16].into(),
            objectType: "indicator".into(),
            version: 1,
            tlp: 0,
            content: Bytes::from_static(b"{}"),
        }],
    };
    let raise = IGuard::raiseCall {
        input: IGuard::AlertInput {
            targets: vec![target],
            action: 2,
            severity: 3,
            expiry: 1_700_003_600,
            objectId: keccak256("indicator--07070707-0707-0707-0707-070707070707"),
            reason: "test".into(),
        },
    };
    let block = server.mine(vec![
        chain::call(4, EXCHANGE, U256::ZERO, &publish),
        chain::call(5, GUARD, U256::from(chain::ETHER), &raise),
        chain::sign(6, target.into(), U256::from(5), Bytes::new()),
    ]);
    assert!(block.receipts.iter().all(|receipt| receipt.success));
    let pays = json!({ "from": chain::signer().address(), "to": target, "value": "0x1" });
    let (_, words) = server.fails("eth_call", json!([pays, "latest"])).await;
    assert!(words.starts_with("blocked by directive 1"), "{words}");

    let hash = *block.block.transactions()[2].tx_hash();
    let options = json!({ "tracer": "callTracer" });
    let trace = server
        .ok("debug_traceTransaction", json!([hash, options]))
        .await;
    assert_eq!(
        (&trace["error"], &trace["value"]),
        (&Value::Null, &json!("0x5"))
    );
    let traces = server
        .ok("debug_traceBlockByNumber", json!(["latest", options]))
        .await;
    assert_eq!(traces[2]["result"], trace);
    // So it is in blocks that are only simulated, on the state before.
    let from = chain::signer().address();
    let call = |to: Address, value: u64, input: Vec<u8>| json!({ "from": from, "to": to, "value": U256::from(value), "input": Bytes::from(input) });
    let pay = call(target, 1, Vec::new());
    let first = [
        call(EXCHANGE, 0, publish.abi_encode()),
        call(GUARD, chain::ETHER, raise.abi_encode()),
        pay.clone(),
    ];
    let blocks = json!([{ "calls": first }, { "calls": [pay] }]);
    let params = json!([{ "blockStateCalls": blocks }, "0x3"]);
    let simulated = server.ok("eth_simulateV1", params).await;
    for (block, call, status) in [(0, 0, "0x1"), (0, 1, "0x1"), (0, 2, "0x1"), (1, 0, "0x0")] {
        let found = &simulated[block]["calls"][call];
        assert_eq!(
            found["status"], status,
            "block {block}, call {call}: {found}"
        );
    }
    server.stop().await;
}
