//! Large answers are packed for clients that take gzip, and for no others.

use crate::common::{TestServer, chain, client, with};
use flate2::read::GzDecoder;
use std::io::Read as _;

/// Its answer is far beyond the least size once there is a block of [`MANY`] transactions.
const LARGE: &str =
    r#"{"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["latest",true]}"#;
const SMALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#;
const MANY: u64 = 60;

struct Answer {
    head: String,
    body: Vec<u8>,
}

impl Answer {
    /// A header's value; names come in lower case.
    fn header(&self, name: &str) -> Option<&str> {
        let start = format!("{name}: ");
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(start.as_str()))
    }

    fn is_packed(&self) -> bool {
        self.header("content-encoding") == Some("gzip")
    }

    fn unpacked(&self) -> String {
        let mut text = String::new();
        GzDecoder::new(self.body.as_slice())
            .read_to_string(&mut text)
            .unwrap();
        text
    }
}

/// Posts `body` with further headers, each line with its end.
async fn post(server: &TestServer, headers: &str, body: &[u8]) -> Answer {
    let headers = format!("{}{headers}", client::HEADERS);
    let request = client::request(&headers, body);
    let answer = client::exchange_bytes(server.handle.addr, &request).await;
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .expect("a head");
    Answer {
        head: String::from_utf8(answer[..end].to_vec()).unwrap(),
        body: answer[end + 4..].to_vec(),
    }
}

/// The account has sent four transactions before.
async fn with_a_large_block(config: hansa_rpc::Config) -> TestServer {
    let mut server = TestServer::with(config).await;
    server.mine((4..4 + MANY).map(chain::transfer).collect());
    server
}

#[tokio::test]
async fn a_large_answer_is_packed_for_who_takes_it() {
    let server = with_a_large_block(with(|_| {})).await;
    let plain = post(&server, "", LARGE.as_bytes()).await;
    assert!(!plain.is_packed(), "nobody asked: {}", plain.head);
    assert!(plain.body.len() > 20_000, "{}", plain.body.len());
    for accepted in [
        "gzip",
        "gzip, deflate, br, zstd",
        "br;q=1.0, GZIP; q=0.5",
        "deflate\r\naccept-encoding: gzip",
    ] {
        let header = format!("accept-encoding: {accepted}\r\n");
        let packed = post(&server, &header, LARGE.as_bytes()).await;
        assert!(packed.is_packed(), "{accepted}: {}", packed.head);
        assert_eq!(packed.header("vary"), Some("accept-encoding"));
        assert_eq!(packed.header("content-type"), plain.header("content-type"));
        let length = packed.body.len().to_string();
        assert_eq!(packed.header("content-length"), Some(length.as_str()));
        assert!(packed.body.len() < plain.body.len() / 2, "{length}");
        assert_eq!(packed.unpacked().as_bytes(), plain.body, "{accepted}");
    }
    for refused in ["gzip;q=0", "br, gzip; Q=0.0", "deflate", "*", "gzipped", ""] {
        let header = format!("accept-encoding: {refused}\r\n");
        let answer = post(&server, &header, LARGE.as_bytes()).await;
        assert!(!answer.is_packed(), "{refused}: {}", answer.head);
        assert_eq!(answer.body, plain.body, "{refused}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_batch_is_packed_as_a_whole_and_a_small_answer_never() {
    let server = with_a_large_block(with(|_| {})).await;
    let takes = "accept-encoding: gzip\r\n";
    let batch = format!("[{SMALL},{LARGE}]");
    let plain = post(&server, "", batch.as_bytes()).await;
    let packed = post(&server, takes, batch.as_bytes()).await;
    assert!(packed.is_packed(), "{}", packed.head);
    assert_eq!(packed.unpacked().as_bytes(), plain.body);
    let small = post(&server, takes, SMALL.as_bytes()).await;
    assert!(!small.is_packed(), "{}", small.head);
    server.stop().await;
}

#[tokio::test]
async fn the_least_size_is_the_limit() {
    let least = {
        let server = with_a_large_block(with(|_| {})).await;
        let plain = post(&server, "", LARGE.as_bytes()).await;
        server.stop().await;
        plain.body.len() as u32
    };
    for (limit, packed) in [(least, true), (least + 1, false)] {
        let config = with(|limits| limits.min_packed_bytes = limit);
        let server = with_a_large_block(config).await;
        let answer = post(&server, "accept-encoding: gzip\r\n", LARGE.as_bytes()).await;
        assert_eq!(answer.is_packed(), packed, "{limit}: {}", answer.head);
        server.stop().await;
    }
}

#[tokio::test]
async fn without_a_turn_it_is_sent_as_it_is() {
    let config = with(|limits| limits.max_concurrent_packing = 0);
    let server = with_a_large_block(config).await;
    let plain = post(&server, "", LARGE.as_bytes()).await;
    let answer = post(&server, "accept-encoding: gzip\r\n", LARGE.as_bytes()).await;
    assert!(!answer.is_packed(), "{}", answer.head);
    assert_eq!(answer.body, plain.body);
    server.stop().await;
}

#[tokio::test]
async fn a_packed_request_is_never_unpacked() {
    let server = with_a_large_block(with(|_| {})).await;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, SMALL.as_bytes()).unwrap();
    let bomb = encoder.finish().unwrap();
    let answer = post(&server, "content-encoding: gzip\r\n", &bomb).await;
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.contains("-32700"), "{text}");
    server.stop().await;
}
