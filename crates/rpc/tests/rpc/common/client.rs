//! A plain HTTP client: what is sent is what the test says, byte by byte.

use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const PATIENCE: Duration = Duration::from_secs(30);

/// Sends raw bytes and reads until the server closes.
pub async fn exchange(addr: SocketAddr, request: &[u8]) -> String {
    String::from_utf8_lossy(&exchange_bytes(addr, request).await).into_owned()
}

/// The same, for an answer that is no text.
pub async fn exchange_bytes(addr: SocketAddr, request: &[u8]) -> Vec<u8> {
    let talk = async {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(request).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        answer
    };
    tokio::time::timeout(PATIENCE, talk)
        .await
        .expect("the server answers")
}

pub fn request(headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut request = format!(
        "POST / HTTP/1.1\r\n{headers}connection: close\r\ncontent-length: {length}\r\n\r\n"
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

/// Status and body of an answer.
pub fn parse(answer: &str) -> (u16, String) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    (status.unwrap_or(0), body.to_owned())
}

pub const HEADERS: &str = "host: localhost\r\ncontent-type: application/json\r\n";

pub async fn post_bytes(addr: SocketAddr, body: &[u8]) -> (u16, String) {
    parse(&exchange(addr, &request(HEADERS, body)).await)
}

pub async fn post(addr: SocketAddr, body: &str) -> (u16, String) {
    post_bytes(addr, body.as_bytes()).await
}
