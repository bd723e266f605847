//! Frames that no well-behaved WebSocket client sends.

use crate::common::{TestServer, chain};
use hansa_rpc::Config;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// A connection after the handshake, frame by frame.
struct Socket(TcpStream);

impl Socket {
    async fn open(server: &TestServer) -> Self {
        let mut stream = TcpStream::connect(server.handle.addr).await.unwrap();
        let request = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\n\
                       upgrade: websocket\r\nsec-websocket-version: 13\r\n\
                       sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert!(
            head.starts_with(b"HTTP/1.1 101"),
            "{}",
            String::from_utf8_lossy(&head)
        );
        Self(stream)
    }

    /// Sends a text frame, masked with zeros.
    async fn send(&mut self, text: &[u8]) {
        let mut frame = vec![0x81];
        match text.len() {
            short @ 0..126 => frame.push(0x80 | short as u8),
            medium @ 126..65_536 => {
                frame.push(0x80 | 126);
                frame.extend((medium as u16).to_be_bytes());
            }
            long => {
                frame.push(0x80 | 127);
                frame.extend((long as u64).to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend_from_slice(text);
        // The server may have closed already.
        let _ = self.0.write_all(&frame).await;
    }

    /// The next text frame; `None` when the server closes.
    async fn next(&mut self) -> Option<Value> {
        let read = async {
            loop {
                let kind = self.0.read_u8().await.ok()?;
                let size = match self.0.read_u8().await.ok()? {
                    126 => self.0.read_u16().await.ok()?.into(),
                    127 => self.0.read_u64().await.ok()?,
                    size => size.into(),
                };
                let mut payload = vec![0; size as usize];
                self.0.read_exact(&mut payload).await.ok()?;
                match kind {
                    0x81 => return Some(serde_json::from_slice(&payload).unwrap()),
                    0x88 => return None,
                    _ => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, read)
            .await
            .expect("a frame or an end")
    }

    async fn refused(&mut self, text: &[u8], code: i64, words: &str) {
        self.send(text).await;
        let answer = self.next().await.expect("an answer");
        assert_eq!(answer["error"]["code"], code, "{answer}");
        let message = answer["error"].to_string();
        assert!(message.contains(words), "{message}");
    }

    async fn alive(&mut self) {
        self.send(br#"{"jsonrpc":"2.0","id":9,"method":"eth_chainId"}"#)
            .await;
        assert_eq!(self.next().await.unwrap()["result"], "0x7");
    }
}

#[tokio::test]
async fn malformed_messages_leave_the_connection_usable() {
    let server = TestServer::new().await;
    let mut socket = Socket::open(&server).await;
    let deep = "[".repeat(100_000);
    let batch = |size: usize| {
        let call = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#;
        format!("[{}]", vec![call; size].join(","))
    };
    let unknown = br#"{"jsonrpc":"2.0","id":1,"method":"eth_nothing"}"#;
    socket.refused(b"nonsense", -32700, "Parse error").await;
    socket.refused(b"{", -32700, "Parse error").await;
    socket.refused(deep.as_bytes(), -32700, "Parse error").await;
    socket.refused(b"[]", -32600, "Invalid request").await;
    socket
        .refused(batch(101).as_bytes(), -32005, "rpc.limits.max_batch = 100")
        .await;
    socket
        .refused(
            batch(10_000).as_bytes(),
            -32005,
            "rpc.limits.max_batch = 100",
        )
        .await;
    socket
        .refused(unknown, -32601, "the method eth_nothing does not exist")
        .await;
    socket.alive().await;
    drop(socket);
    server.stop().await;
}

#[tokio::test]
async fn invalid_utf8_ends_the_connection_or_is_an_error() {
    let server = TestServer::new().await;
    let mut socket = Socket::open(&server).await;
    socket
        .send(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}")
        .await;
    if let Some(answer) = socket.next().await {
        assert!(answer["error"]["code"].is_i64(), "{answer}");
    }
    Socket::open(&server).await.alive().await;
    server.stop().await;
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused() {
    let mut config = Config::development();
    config.limits.max_request_bytes = 1_000;
    let server = TestServer::with(config).await;
    let mut socket = Socket::open(&server).await;
    socket
        .refused(&[b' '; 1_001], -32007, "Exceeded max limit of 1000")
        .await;
    Socket::open(&server).await.alive().await;
    drop(socket);
    server.stop().await;
}

/// Sends `message` again and again until the server stops taking it; how often it did.
async fn taken(socket: &mut Socket, message: &[u8], most: usize) -> usize {
    for count in 0..most {
        let send = tokio::time::timeout(Duration::from_secs(2), socket.send(message));
        if send.await.is_err() {
            return count;
        }
    }
    most
}

/// A message of a megabyte. The answer, if it has an id, repeats it.
fn large(method: &str) -> String {
    let id = "x".repeat(1_000_000);
    format!(r#"{{"jsonrpc":"2.0","id":"{id}",{method}}}"#)
}

#[tokio::test]
async fn a_connection_with_too_much_waiting_is_not_read_from() {
    let mut config = Config::development();
    config.limits.max_calls_per_connection = 1;
    config.limits.max_waiting_bytes = 2_000_000;
    config.limits.subscription_buffer = 1;
    let server = TestServer::with(config).await;
    // What the sockets' buffers hold comes on top.
    let (few, many) = (60, 300);
    // One call that takes its time: what comes after it waits for its turn.
    let slow =
        r#""method":"eth_getBalance","params":["0x0000000000000000000000000000000000000001"]"#;
    server.door.set_shut(true);
    let mut socket = Socket::open(&server).await;
    let count = taken(&mut socket, large(slow).as_bytes(), many).await;
    assert!(count < few, "{count}");
    server.door.set_shut(false);
    drop(socket);
    // Answers that nobody reads: to what is no call, to calls, and to batches.
    let call = large(r#""method":"eth_chainId""#);
    for message in [large(r#""method":7"#), format!("[{call}]"), call] {
        let mut socket = Socket::open(&server).await;
        let count = taken(&mut socket, message.as_bytes(), many).await;
        assert!(count < few, "{count}: {}", &message[1_000_000..]);
    }
    Socket::open(&server).await.alive().await;
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off() {
    let mut config = Config::development();
    config.limits.max_connections = 1;
    config.limits.write_timeout_ms = 300;
    let server = TestServer::with(config).await;
    let mut socket = Socket::open(&server).await;
    // Answers of 40 kB each: far more than the socket's buffers hold.
    let document = br#"{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}"#;
    taken(&mut socket, document, 2_000).await;
    server.has_room().await;
    drop(socket);
    server.stop().await;
}

#[tokio::test]
async fn what_waited_is_answered_once_there_is_room() {
    let mut config = Config::development();
    config.limits.max_calls_per_connection = 1;
    config.limits.max_waiting_bytes = 0;
    config.limits.subscription_buffer = 1;
    let server = TestServer::with(config).await;
    let mut socket = Socket::open(&server).await;
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#;
    let batch = format!("[{call}]");
    for message in [call, "{}", "nonsense", &batch, call] {
        for _ in 0..50 {
            socket.send(message.as_bytes()).await;
        }
    }
    for _ in 0..250 {
        socket.next().await.expect("an answer");
    }
    socket.alive().await;
    server.stop().await;
}

#[tokio::test]
async fn calls_without_reading_the_answers_are_bounded() {
    let mut config = Config::development();
    config.limits.max_calls_per_connection = 2;
    config.limits.subscription_buffer = 1;
    let server = TestServer::with(config).await;
    let mut socket = Socket::open(&server).await;
    let params = serde_json::json!([chain::raw(&chain::transfer(4))]);
    let document = br#"{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}"#;
    // Answers of 40 kB each: far more than the socket's buffers hold.
    for _ in 0..1_000 {
        socket.send(document).await;
    }
    let send = format!(
        r#"{{"jsonrpc":"2.0","id":7,"method":"eth_sendRawTransaction","params":{params}}}"#
    );
    socket.send(send.as_bytes()).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(
        server.pool.waiting.lock().len(),
        0,
        "the call waits for its turn"
    );
    // Who reads gets everything.
    let mut answers = 0;
    while answers < 1_001 {
        socket.next().await.expect("an answer");
        answers += 1;
    }
    assert_eq!(server.pool.waiting.lock().len(), 1);
    drop(socket);
    server.stop().await;
}

/// What a batch is answered with, by id.
fn by_id(batch: &Value, id: u64) -> &Value {
    let answers = batch.as_array().expect("a list");
    let mut found = answers.iter().filter(|answer| answer["id"] == id);
    let answer = found.next().unwrap_or_else(|| panic!("{id}: {batch}"));
    assert!(found.next().is_none(), "{id} twice: {batch}");
    answer
}

#[tokio::test]
async fn a_batch_answers_for_its_subscriptions_once_and_before_their_notifications() {
    let mut server = TestServer::new().await;
    let mut socket = Socket::open(&server).await;
    let batch = json!([
        { "jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"] },
        { "jsonrpc": "2.0", "id": 2, "method": "eth_chainId" },
        { "jsonrpc": "2.0", "id": 3, "method": "eth_subscribe", "params": ["nothing"] },
        { "jsonrpc": "2.0", "id": 4, "method": "eth_unsubscribe", "params": ["0x1"] },
    ]);
    socket.send(batch.to_string().as_bytes()).await;
    let answers = socket.next().await.unwrap();
    assert_eq!(answers.as_array().unwrap().len(), 4, "{answers}");
    let id = by_id(&answers, 1)["result"].as_str().unwrap().to_owned();
    assert_eq!(by_id(&answers, 2)["result"], "0x7");
    let refused = &by_id(&answers, 3)["error"];
    assert_eq!(refused["code"], -32601);
    assert_eq!(
        refused["message"],
        "no \"nothing\" subscription in eth namespace"
    );
    let unknown = &by_id(&answers, 4)["error"];
    assert_eq!(unknown["code"], -32000);
    assert_eq!(unknown["message"], "subscription not found");

    let block = server.mine(Vec::new());
    let head = socket.next().await.unwrap();
    assert_eq!(
        head["method"], "eth_subscription",
        "nothing between: {head}"
    );
    assert_eq!(head["params"]["subscription"], id);
    assert_eq!(head["params"]["result"]["hash"], json!(block.block.hash()));

    let end = json!({ "jsonrpc": "2.0", "id": 5, "method": "eth_unsubscribe", "params": [id] });
    for expected in [json!(true), Value::Null] {
        socket.send(end.to_string().as_bytes()).await;
        let answer = socket.next().await.unwrap();
        assert_eq!(answer["result"], expected, "{answer}");
    }
    server.mine(Vec::new());
    // Nothing but the answer.
    socket.alive().await;
    drop(socket);
    server.stop().await;
}

#[tokio::test]
async fn an_id_comes_before_the_first_notification() {
    let mut server = TestServer::new().await;
    let mut socket = Socket::open(&server).await;
    let call =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"] });
    socket.send(call.to_string().as_bytes()).await;
    let answer = socket.next().await.unwrap();
    let id = answer["result"].as_str().unwrap().to_owned();
    let block = server.mine(Vec::new());
    let head = socket.next().await.unwrap();
    assert_eq!(head["params"]["subscription"], id);
    assert_eq!(head["params"]["result"]["hash"], json!(block.block.hash()));
    drop(socket);
    server.stop().await;
}

#[tokio::test]
async fn a_subscription_whose_id_is_not_told_never_begins() {
    let mut config = Config::development();
    config.limits.max_response_bytes = 200;
    config.limits.max_subscriptions_per_connection = 1;
    let mut server = TestServer::with(config).await;
    let mut socket = Socket::open(&server).await;
    let subscribe =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"] });
    let version = json!({ "jsonrpc": "2.0", "id": 2, "method": "web3_clientVersion" });
    let batch = json!([subscribe, version, version, version]).to_string();
    socket
        .refused(batch.as_bytes(), -32005, "rpc.limits.max_response_bytes")
        .await;
    server.mine(Vec::new());
    // Nothing but the answer, and its place is free again.
    socket.alive().await;
    socket.send(subscribe.to_string().as_bytes()).await;
    let answer = socket.next().await.unwrap();
    assert!(answer["result"].is_string(), "{answer}");
    drop(socket);
    server.stop().await;
}
