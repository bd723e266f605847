//! What a stranger can send: a clear error each time, and the server goes on.

use crate::common::{TestServer, chain, client, with};
use hansa_rpc::Config;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

async fn alive(server: &TestServer) {
    assert_eq!(server.ok("eth_chainId", json!([])).await, "0x7");
}

/// Sends `body` and expects an error of `code` whose message has `words`.
async fn refused(server: &TestServer, body: &[u8], code: i64, words: &str) {
    let (_, text) = client::post_bytes(server.handle.addr, body).await;
    let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
    let answer: Value =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{shown}: {error}: {text}"));
    assert_eq!(answer["error"]["code"], code, "{shown}: {text}");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains(words), "{shown}: {message}");
}

fn calling(method: &str, params: &str) -> Vec<u8> {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#).into_bytes()
}

#[tokio::test]
async fn every_call_with_an_id_is_answered_and_no_notification() {
    let server = TestServer::new().await;
    let addr = server.handle.addr;
    let call = |id: &str| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"eth_chainId"}}"#);
    let words = "an id is a whole number from 0, a string, or null";
    for id in [
        "1.5",
        "-1",
        "true",
        "{}",
        "[]",
        "99999999999999999999",
        r#"1,"id":2"#,
    ] {
        refused(&server, call(id).as_bytes(), -32600, words).await;
    }
    for (id, echoed) in [
        ("7", json!(7)),
        (r#""a""#, json!("a")),
        ("null", Value::Null),
    ] {
        let (_, text) = client::post(addr, &call(id)).await;
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&answer["id"], &answer["result"]), (&echoed, &json!("0x7")));
    }
    let notification = r#"{"jsonrpc":"2.0","method":"eth_chainId"}"#;
    assert_eq!(client::post(addr, notification).await, (200, String::new()));
    let batch = format!("[{notification},{notification}]");
    assert_eq!(client::post(addr, &batch).await, (200, String::new()));
    let batch = format!(
        "[{notification},{},{},{notification}]",
        call("1.5"),
        call("3")
    );
    let (_, text) = client::post(addr, &batch).await;
    let answers: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(answers.len(), 2, "{text}");
    assert_eq!(answers[0]["error"]["code"], -32600, "{text}");
    assert_eq!(answers[1]["result"], "0x7", "{text}");
    server.stop().await;
}

#[tokio::test]
async fn malformed_requests() {
    let server = TestServer::new().await;
    let deep = "[".repeat(100_000);
    let balanced = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let object = format!("{}1{}", r#"{"a":"#.repeat(20_000), "}".repeat(20_000));
    let table: Vec<(Vec<u8>, i64, &str)> = vec![
        (b"".to_vec(), -32700, "Parse error"),
        (b"nonsense".to_vec(), -32700, "Parse error"),
        (b"{".to_vec(), -32700, "Parse error"),
        (b"\xff\xfe\x00".to_vec(), -32700, "Parse error"),
        (
            b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}".to_vec(),
            -32600,
            "Invalid request",
        ),
        (b"[]".to_vec(), -32600, "Invalid request"),
        (b"{}".to_vec(), -32700, "Parse error"),
        (
            br#"{"jsonrpc":"1.0","id":1,"method":"eth_chainId"}"#.to_vec(),
            -32600,
            "Invalid request",
        ),
        (
            br#"{"jsonrpc":"2.0","id":1,"method":7}"#.to_vec(),
            -32600,
            "Invalid request",
        ),
        (deep.into_bytes(), -32700, "Parse error"),
        (calling("eth_getBalance", &balanced), -32602, "argument"),
        (
            calling("eth_call", &format!("[{object}]")),
            -32602,
            "invalid argument 0",
        ),
        (
            calling("eth_getLogs", &format!("[{object}]")),
            -32602,
            "invalid argument 0",
        ),
        (
            calling(
                "eth_getBalance",
                r#"["0x0000000000000000000000000000000000000001","0x1ffffffffffffffff"]"#,
            ),
            -32602,
            "invalid argument 1",
        ),
        (
            calling("eth_getBlockByNumber", "[1e400, false]"),
            -32602,
            "invalid argument 0",
        ),
        (
            calling(
                "eth_getBlockByNumber",
                r#"["0x99999999999999999999", false]"#,
            ),
            -32602,
            "invalid argument 0",
        ),
        (
            calling("eth_getBlockByNumber", r#"["0x1", "yes"]"#),
            -32602,
            "invalid argument 1",
        ),
        (
            calling(
                "eth_getStorageAt",
                r#"["0x0000000000000000000000000000000000000001","0xzz"]"#,
            ),
            -32602,
            "invalid argument 1",
        ),
        (
            calling("eth_getTransactionByHash", r#"["0x123"]"#),
            -32602,
            "invalid argument 0",
        ),
        (
            calling("web3_sha3", r#"["0x123"]"#),
            -32602,
            "invalid argument 0",
        ),
        (
            calling("web3_sha3", r#"["\ud800"]"#),
            -32602,
            "invalid argument 0",
        ),
        (
            calling("eth_getBalance", r#""0x1""#),
            -32602,
            "non-array args",
        ),
    ];
    for (body, code, words) in table {
        refused(&server, &body, code, words).await;
    }
    let null = server
        .ok("eth_getBlockByNumber", json!(["0xffffffffffffffff", false]))
        .await;
    assert_eq!(null, Value::Null);
    alive(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn batches_at_the_limit_and_past_it() {
    let server = TestServer::with(with(|limits| limits.max_response_bytes = 100_000)).await;
    let batch = |size: usize, method: &str| {
        let call = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}"}}"#);
        format!("[{}]", vec![call; size].join(",")).into_bytes()
    };
    let (_, text) = client::post_bytes(server.handle.addr, &batch(100, "eth_chainId")).await;
    let answers: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(answers.len(), 100);
    refused(
        &server,
        &batch(101, "eth_chainId"),
        -32005,
        "rpc.limits.max_batch = 100",
    )
    .await;
    refused(
        &server,
        &batch(10_000, "eth_chainId"),
        -32005,
        "rpc.limits.max_batch = 100",
    )
    .await;
    let many = format!("[{}]", vec!["1"; 900_000].join(",")).into_bytes();
    refused(&server, &many, -32005, "rpc.limits.max_batch = 100").await;
    let large = batch(100, "rpc.discover");
    refused(
        &server,
        &large,
        -32005,
        "rpc.limits.max_response_bytes = 100000",
    )
    .await;
    alive(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn large_requests_and_responses() {
    let server = TestServer::with(with(|limits| {
        limits.max_request_bytes = 1_000;
        limits.max_response_bytes = 2_000;
    }))
    .await;
    let padded = |size: usize| {
        let mut body = calling("eth_chainId", "[]");
        body.resize(size, b' ');
        body
    };
    let (status, text) = client::post_bytes(server.handle.addr, &padded(1_000)).await;
    assert_eq!(status, 200, "{text}");
    assert!(text.contains("result"), "{text}");
    let (status, text) = client::post_bytes(server.handle.addr, &padded(1_001)).await;
    assert_eq!(status, 413);
    assert!(
        text.contains("rpc.limits.max_request_bytes = 1000"),
        "{text}"
    );
    let large = calling("rpc.discover", "[]");
    refused(
        &server,
        &large,
        -32005,
        "rpc.limits.max_response_bytes = 2000",
    )
    .await;
    alive(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn slow_and_absent_headers_and_bodies() {
    let server = TestServer::with(with(|limits| {
        limits.header_timeout_ms = 200;
        limits.body_timeout_ms = 200;
    }))
    .await;
    for start in [&b""[..], b"POST / HTTP/1.1\r\nhost: local"] {
        let began = Instant::now();
        let mut stream = TcpStream::connect(server.handle.addr).await.unwrap();
        stream.write_all(start).await.unwrap();
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest));
        let _ = closed.await.expect("the server closes the connection");
        assert!(began.elapsed() >= Duration::from_millis(150));
    }
    let head = format!(
        "POST / HTTP/1.1\r\n{}content-length: 50\r\n\r\n{{",
        client::HEADERS
    );
    let mut stream = TcpStream::connect(server.handle.addr).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4_096];
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut answer));
    let size = read.await.expect("an answer").unwrap();
    let answer = String::from_utf8_lossy(&answer[..size]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(
        answer.contains("rpc.limits.body_timeout_ms = 200"),
        "{answer}"
    );
    alive(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn one_connection_too_many() {
    let server = TestServer::with(with(|limits| limits.max_connections = 2)).await;
    let addr = server.handle.addr;
    let held = [
        TcpStream::connect(addr).await.unwrap(),
        TcpStream::connect(addr).await.unwrap(),
    ];
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (status, text) = client::post(addr, "{}").await;
    // The refusal may be lost to a reset when the client writes into a closed socket.
    if status != 0 {
        assert_eq!(status, 503, "{text}");
        assert!(text.contains("rpc.limits.max_connections = 2"), "{text}");
    }
    drop(held);
    tokio::time::sleep(Duration::from_millis(100)).await;
    alive(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn wrong_hosts_origins_methods_and_media_types() {
    let server = TestServer::new().await;
    let addr = server.handle.addr;
    let body = calling("eth_chainId", "[]");
    let json = "content-type: application/json\r\n";
    let table = [
        (format!("host: localhost:8545\r\n{json}"), 200, "0x7"),
        (format!("host: 192.0.2.1\r\n{json}"), 200, "0x7"),
        (format!("host: [::1]:1\r\n{json}"), 200, "0x7"),
        (
            format!("host: evil.example\r\n{json}"),
            403,
            "rpc.allowed_hosts",
        ),
        (
            "host: localhost\r\ncontent-type: text/plain\r\n".to_owned(),
            415,
            "JSON",
        ),
        ("host: localhost\r\n".to_owned(), 415, "JSON"),
    ];
    for (headers, status, words) in table {
        let answer = client::exchange(addr, &client::request(&headers, &body)).await;
        let (found, text) = client::parse(&answer);
        assert_eq!(found, status, "{headers}: {text}");
        assert!(
            text.to_lowercase().contains(&words.to_lowercase()),
            "{headers}: {text}"
        );
        assert!(
            !answer.to_lowercase().contains("access-control"),
            "{answer}"
        );
    }
    let get = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let healthy = client::parse(&client::exchange(addr, get).await);
    assert_eq!(healthy, (200, String::new()), "as load balancers ask");
    for request in ["GET /?a=b", "PUT /", "DELETE /"] {
        let request = format!("{request} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let answer = client::exchange(addr, request.as_bytes()).await;
        assert_eq!(client::parse(&answer).0, 405, "{request}");
    }
    let upgrade = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                   sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                   origin: https://evil.example\r\n\r\n";
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(upgrade.as_bytes()).await.unwrap();
    let mut answer = vec![0; 1_024];
    let size = stream.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..size]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert!(answer.contains("rpc.allowed_origins"), "{answer}");
    alive(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn a_listed_origin_gets_cors() {
    let mut config = Config::development();
    config.allowed_origins.push("https://good.example".into());
    let server = TestServer::with(config).await;
    let preflight = b"OPTIONS / HTTP/1.1\r\nhost: localhost\r\norigin: https://good.example\r\n\
                      connection: close\r\n\r\n";
    let answer = client::exchange(server.handle.addr, preflight).await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    assert!(
        answer.contains("access-control-allow-origin: https://good.example"),
        "{answer}"
    );
    server.stop().await;
}

#[tokio::test]
async fn namespaces_that_are_off_say_how_to_switch_them_on() {
    let server = TestServer::with(Config::default()).await;
    for (method, namespace) in [
        ("debug_traceTransaction", "debug"),
        ("txpool_status", "txpool"),
    ] {
        let (code, message) = server.fails(method, json!([])).await;
        assert_eq!(code, -32601);
        let expected = format!(
            "the method {method} does not exist/is not available: namespace `{namespace}` is \
             off; add it to rpc.namespaces"
        );
        assert_eq!(message, expected);
    }
    server.stop().await;
}

#[tokio::test]
async fn logs_over_their_limits() {
    let mut server = TestServer::with(with(|limits| {
        limits.max_log_blocks = 3;
        limits.max_log_results = 2;
        limits.max_log_addresses = 2;
    }))
    .await;
    server.mine(vec![chain::count(4), chain::count(5)]);
    let from = |from: &str| json!([{ "fromBlock": from, "toBlock": "latest" }]);
    let found = server.ok("eth_getLogs", from("0x3")).await;
    assert_eq!(found.as_array().unwrap().len(), 2);
    let (code, words) = server.fails("eth_getLogs", from("0x2")).await;
    assert_eq!(code, -32005);
    assert!(words.contains("rpc.limits.max_log_results = 2"), "{words}");
    let (code, words) = server.fails("eth_getLogs", from("0x1")).await;
    assert_eq!(code, -32005);
    assert!(words.contains("rpc.limits.max_log_blocks = 3"), "{words}");
    let addresses: Vec<_> = (1..=3)
        .map(alloy_primitives::Address::repeat_byte)
        .collect();
    let filter = json!([{ "fromBlock": "0x4", "address": addresses }]);
    let (code, words) = server.fails("eth_getLogs", filter).await;
    assert_eq!(code, -32005);
    assert!(
        words.contains("rpc.limits.max_log_addresses = 2"),
        "{words}"
    );
    server.stop().await;
}

#[tokio::test]
async fn filters_are_few_and_expire() {
    let server = TestServer::with(with(|limits| {
        limits.max_filters = 2;
        limits.filter_timeout_ms = 300;
    }))
    .await;
    let first = server.ok("eth_newBlockFilter", json!([])).await;
    server.ok("eth_newBlockFilter", json!([])).await;
    let (code, words) = server.fails("eth_newBlockFilter", json!([])).await;
    assert_eq!(code, -32005);
    assert!(words.contains("rpc.limits.max_filters = 2"), "{words}");
    tokio::time::sleep(Duration::from_millis(350)).await;
    assert_eq!(
        server.fails("eth_getFilterChanges", json!([first])).await.1,
        "filter not found"
    );
    server.ok("eth_newBlockFilter", json!([])).await;
    server.stop().await;
}
