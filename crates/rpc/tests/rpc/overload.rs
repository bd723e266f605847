//! More work than the node takes on at once.

use crate::common::{TestServer, chain, client, with};
use serde_json::{Value, json};
use std::{sync::atomic::Ordering, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Sends a call, and leaves once the server is at work on it.
async fn call_and_leave(server: &TestServer, method: &str, params: Value, working: usize) {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let request = client::request(client::HEADERS, body.to_string().as_bytes());
    let mut stream = TcpStream::connect(server.handle.addr).await.unwrap();
    stream.write_all(&request).await.unwrap();
    let wait = async {
        while server.door.waiting.load(Ordering::SeqCst) < working {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait)
        .await
        .expect("the call begins");
}

/// Repeats a call until it is answered.
async fn until_ok(server: &TestServer, method: &str, params: Value) {
    for _ in 0..100 {
        if server.call(method, params.clone()).await.is_ok() {
            return;
        }
    }
    panic!("{method} is never answered");
}

#[tokio::test]
async fn reads_are_bounded_and_stay_counted_when_their_client_leaves() {
    let server = TestServer::with(with(|limits| {
        limits.max_concurrent_reads = 2;
        limits.call_timeout_ms = 300;
    }))
    .await;
    server.door.set_shut(true);
    let balance = json!([chain::FRIEND]);
    for working in 1..=2 {
        call_and_leave(&server, "eth_getBalance", balance.clone(), working).await;
    }
    for _ in 0..3 {
        let (code, words) = server.fails("eth_getBalance", balance.clone()).await;
        assert_eq!(code, -32005);
        assert!(
            words.contains("rpc.limits.max_concurrent_reads = 2"),
            "{words}"
        );
    }
    assert_eq!(server.door.waiting.load(Ordering::SeqCst), 2);
    server.door.set_shut(false);
    until_ok(&server, "eth_getBalance", balance).await;
    server.stop().await;
}

#[tokio::test]
async fn calls_stay_counted_when_their_client_leaves() {
    let server = TestServer::with(with(|limits| {
        limits.max_concurrent_calls = 1;
        limits.call_timeout_ms = 300;
    }))
    .await;
    server.door.set_shut(true);
    let call = json!([{ "to": chain::CONTRACT }]);
    call_and_leave(&server, "eth_call", call.clone(), 1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (code, words) = server.fails("eth_call", call.clone()).await;
    assert_eq!(code, -32005);
    assert!(
        words.contains("rpc.limits.max_concurrent_calls = 1"),
        "{words}"
    );
    server.door.set_shut(false);
    until_ok(&server, "eth_call", call).await;
    server.stop().await;
}

#[tokio::test]
async fn a_call_ends_when_its_client_leaves() {
    let server = TestServer::with(with(|limits| {
        limits.max_concurrent_calls = 1;
        limits.call_timeout_ms = 20_000;
        limits.call_gas = u64::MAX / 2;
    }))
    .await;
    // Runs for ever.
    let endless = json!([{ "to": chain::CONTRACT, "input": "0x02" }]);
    server.door.set_shut(true);
    call_and_leave(&server, "eth_call", endless, 1).await;
    server.door.set_shut(false);
    let other = server.call(
        "eth_call",
        json!([{ "to": chain::CONTRACT, "input": "0x03" }]),
    );
    let answer = tokio::time::timeout(Duration::from_secs(10), other).await;
    assert!(answer.expect("its turn comes").is_ok());
    server.stop().await;
}

#[tokio::test]
async fn queries_over_blocks_have_a_deadline() {
    let server = TestServer::with(with(|limits| limits.call_timeout_ms = 0)).await;
    let table = [
        ("eth_getLogs", json!([{ "fromBlock": "0x1" }])),
        ("eth_feeHistory", json!(["0x4", "latest", []])),
    ];
    for (method, params) in table {
        let (code, words) = server.fails(method, params).await;
        assert_eq!(code, -32005);
        assert!(words.contains("rpc.limits.call_timeout_ms = 0"), "{words}");
    }
    server.stop().await;
}

#[tokio::test]
async fn large_logs_are_refused_with_a_range_that_fits() {
    let mut server = TestServer::with(with(|limits| limits.max_log_bytes = 700)).await;
    server.mine(vec![chain::count(4), chain::count(5)]);
    server.mine(vec![chain::count(6), chain::count(7)]);
    let query = json!([{ "fromBlock": "0x4", "toBlock": "latest" }]);
    let (code, words) = server.fails("eth_getLogs", query).await;
    assert_eq!(code, -32005);
    assert!(words.contains("rpc.limits.max_log_bytes = 700"), "{words}");
    assert_eq!(words.matches("max_").count(), 1, "one setting: {words}");
    assert!(words.contains("block range 4 to 4"), "{words}");
    let fits = json!([{ "fromBlock": "0x4", "toBlock": "0x4" }]);
    let found = server.ok("eth_getLogs", fits).await;
    assert_eq!(found.as_array().unwrap().len(), 2);
    server.stop().await;
}

#[tokio::test]
async fn a_poll_that_fails_loses_nothing() {
    let mut server = TestServer::with(with(|limits| {
        limits.max_concurrent_calls = 1;
        limits.call_timeout_ms = 300;
        limits.max_log_blocks = 2;
    }))
    .await;
    let filter = json!([{ "address": chain::CONTRACT }]);
    let filter = json!([server.ok("eth_newFilter", filter).await]);
    server.mine(vec![chain::count(4)]);
    server.door.set_shut(true);
    call_and_leave(&server, "eth_call", json!([{ "to": chain::CONTRACT }]), 1).await;
    let (code, _) = server.fails("eth_getFilterChanges", filter.clone()).await;
    assert_eq!(code, -32005);
    server.door.set_shut(false);
    server.mine(vec![chain::count(5)]);
    server.mine(vec![chain::count(6)]);
    until_ok(&server, "eth_call", json!([{ "to": chain::CONTRACT }])).await;
    // More blocks than a query may span: poll by poll.
    for expected in [2, 1, 0] {
        let logs = server.ok("eth_getFilterChanges", filter.clone()).await;
        assert_eq!(logs.as_array().unwrap().len(), expected, "{logs}");
    }
    server.stop().await;
}

#[tokio::test]
async fn whole_transactions_of_a_filter_come_in_portions() {
    let server = TestServer::with(with(|limits| limits.max_log_bytes = 1)).await;
    let id = server
        .ok("eth_newPendingTransactionFilter", json!([true]))
        .await;
    for nonce in 4..6 {
        let raw = json!([chain::raw(&chain::transfer(nonce))]);
        server.ok("eth_sendRawTransaction", raw).await;
    }
    for nonce in 4..6 {
        let seen = server.ok("eth_getFilterChanges", json!([id])).await;
        let hash = *chain::transfer(nonce).tx_hash();
        assert_eq!(seen.as_array().unwrap().len(), 1, "{seen}");
        assert_eq!(seen[0]["hash"], json!(hash));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off() {
    let server = TestServer::with(with(|limits| {
        limits.max_connections = 1;
        limits.write_timeout_ms = 300;
    }))
    .await;
    let body = br#"{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}"#;
    let head = format!(
        "POST / HTTP/1.1\r\n{}content-length: {}\r\n\r\n",
        client::HEADERS,
        body.len()
    );
    let mut stream = TcpStream::connect(server.handle.addr).await.unwrap();
    // Answers of 40 kB each: far more than the socket's buffers hold.
    let flood = async {
        for _ in 0..2_000 {
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(body).await?;
        }
        std::io::Result::Ok(())
    };
    let _ = tokio::time::timeout(Duration::from_secs(2), flood).await;
    server.has_room().await;
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    server.stop().await;
}
