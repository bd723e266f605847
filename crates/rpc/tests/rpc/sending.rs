//! Sending transactions, and the filters that see them.

use crate::common::{TestServer, chain, client};
use alloy_primitives::TxKind;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

#[tokio::test]
async fn sending_waiting_and_the_words_of_the_pool() {
    let mut server = TestServer::new().await;
    let transaction = chain::transfer(4);
    let raw = chain::raw(&transaction);
    let me = chain::signer().address();
    let hash = server.ok("eth_sendRawTransaction", json!([raw])).await;
    assert_eq!(hash, json!(transaction.tx_hash()));
    let (code, words) = server.fails("eth_sendRawTransaction", json!([raw])).await;
    assert_eq!((code, words.as_str()), (-32000, "already known"));

    let waiting = server.ok("eth_getTransactionByHash", json!([hash])).await;
    assert_eq!(waiting["blockHash"], Value::Null);
    assert_eq!(waiting["from"], json!(me));
    assert_eq!(waiting["gasPrice"], waiting["maxFeePerGas"]);
    assert_eq!(
        server
            .ok("eth_getTransactionCount", json!([me, "pending"]))
            .await,
        "0x5"
    );
    assert_eq!(
        server
            .ok("eth_getTransactionCount", json!([me, "latest"]))
            .await,
        "0x4"
    );
    let content = server.ok("txpool_content", json!([])).await;
    assert_eq!(
        content["pending"][me.to_string()]["4"]["hash"],
        hash,
        "{content}"
    );
    let from = server.ok("txpool_contentFrom", json!([me])).await;
    assert_eq!(from["pending"]["4"]["hash"], hash);
    let inspect = server.ok("txpool_inspect", json!([])).await;
    let line = inspect["pending"][me.to_string()]["4"].as_str().unwrap();
    assert!(
        line.ends_with("5 wei + 200000 gas × 3000000000 wei"),
        "{line}"
    );

    server.mine(vec![transaction]);
    let receipt = server.ok("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["blockNumber"], "0x4");

    let blocked = chain::sign(
        5,
        TxKind::Call(chain::FRIEND),
        chain::BLOCKED_VALUE,
        Default::default(),
    );
    let error = server
        .call("eth_sendRawTransaction", json!([chain::raw(&blocked)]))
        .await;
    let error = error.unwrap_err();
    assert_eq!(error["code"], -32000);
    assert_eq!(
        error["data"],
        json!({ "alertId": "0x7", "until": 1_700_000_000u64 })
    );
    server.stop().await;
}

#[tokio::test]
async fn send_sync_gives_the_receipt_or_code_4() {
    let mut server = TestServer::new().await;
    let first = chain::raw(&chain::transfer(4));
    let error = server
        .call("eth_sendRawTransactionSync", json!([first, 50]))
        .await
        .unwrap_err();
    assert_eq!(error["code"], 4);
    assert_eq!(error["data"], json!(chain::transfer(4).tx_hash()));
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("wasn't processed in 50ms")
    );

    let addr = server.handle.addr;
    let body = json!({
        "jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransactionSync",
        "params": [chain::raw(&chain::transfer(5)), "0x2710"],
    });
    let waiting = tokio::spawn(async move { client::post(addr, &body.to_string()).await });
    while server.pool.waiting.lock().len() < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    server.mine(vec![chain::transfer(4), chain::transfer(5)]);
    let (_, text) = waiting.await.unwrap();
    let response: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(response["result"]["transactionIndex"], "0x1", "{text}");
    server.stop().await;
}

#[tokio::test]
async fn a_batch_of_sends_is_one_submission() {
    let server = TestServer::new().await;
    let send = |id: u64, raw: Value| json!({ "jsonrpc": "2.0", "id": id, "method": "eth_sendRawTransaction", "params": [raw] });
    let batch = json!([
        send(1, json!(chain::raw(&chain::transfer(4)))),
        send(2, json!("0xzz")),
        send(3, json!(chain::raw(&chain::transfer(5)))),
        { "jsonrpc": "2.0", "id": 4, "method": "eth_chainId" },
        { "jsonrpc": "2.0", "method": "eth_chainId" },
        { "id": 5 },
    ]);
    let (_, text) = client::post(server.handle.addr, &batch.to_string()).await;
    let answers: Vec<Value> = serde_json::from_str(&text).unwrap();
    let ids: Vec<_> = answers.iter().map(|answer| answer["id"].as_u64()).collect();
    assert_eq!(ids, [Some(1), Some(2), Some(3), Some(4), Some(5)], "{text}");
    assert_eq!(answers[0]["result"], json!(chain::transfer(4).tx_hash()));
    assert_eq!(answers[1]["error"]["code"], -32602);
    assert_eq!(answers[2]["result"], json!(chain::transfer(5).tx_hash()));
    assert_eq!(answers[3]["result"], "0x7");
    assert_eq!(answers[4]["error"]["code"], -32600);
    assert_eq!(server.pool.submissions.load(Ordering::Relaxed), 1);
    server.stop().await;
}

#[tokio::test]
async fn filters_see_what_is_new() {
    let mut server = TestServer::new().await;
    let blocks = server.ok("eth_newBlockFilter", json!([])).await;
    let logs = server
        .ok("eth_newFilter", json!([{ "address": chain::CONTRACT }]))
        .await;
    let pending = server
        .ok("eth_newPendingTransactionFilter", json!([]))
        .await;
    let whole = server
        .ok("eth_newPendingTransactionFilter", json!([true]))
        .await;
    for id in [&blocks, &logs, &pending, &whole] {
        assert_eq!(
            server.ok("eth_getFilterChanges", json!([id])).await,
            json!([])
        );
    }
    let sent = chain::transfer(4);
    server
        .ok("eth_sendRawTransaction", json!([chain::raw(&sent)]))
        .await;
    let count = chain::count(5);
    let block = server.mine(vec![sent.clone(), count]);

    let seen = server.ok("eth_getFilterChanges", json!([blocks])).await;
    assert_eq!(seen, json!([block.block.hash()]));
    let seen = server.ok("eth_getFilterChanges", json!([pending])).await;
    assert_eq!(seen, json!([sent.tx_hash()]));
    let seen = server.ok("eth_getFilterChanges", json!([whole])).await;
    assert_eq!(seen[0]["hash"], json!(sent.tx_hash()));
    let seen = server.ok("eth_getFilterChanges", json!([logs])).await;
    assert_eq!(seen[0]["blockNumber"], "0x4");
    assert_eq!(seen.as_array().unwrap().len(), 1);
    assert_eq!(
        server.ok("eth_getFilterChanges", json!([logs])).await,
        json!([])
    );
    assert_eq!(server.ok("eth_getFilterLogs", json!([logs])).await, seen);
    assert_eq!(
        server.fails("eth_getFilterLogs", json!([blocks])).await.0,
        -32000
    );
    assert_eq!(server.ok("eth_uninstallFilter", json!([logs])).await, true);
    assert_eq!(server.ok("eth_uninstallFilter", json!([logs])).await, false);
    assert_eq!(
        server.fails("eth_getFilterChanges", json!([logs])).await.1,
        "filter not found"
    );
    server.stop().await;
}
