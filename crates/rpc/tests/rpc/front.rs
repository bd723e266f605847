//! A second listener of the same chains, with something that answers before them.

use crate::common::{TestServer, client};
use futures::future::BoxFuture;
use hansa_rpc::{Client, Front, HttpBody, HttpResponse};
use hyper::{Request, body::Incoming};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// Has all but `/rpc`, and says what was asked for.
struct Echo;

impl Front for Echo {
    fn takes(&self, path: &str) -> bool {
        path != "/rpc"
    }

    fn answer(&self, request: Request<Incoming>) -> BoxFuture<'static, HttpResponse> {
        let near = request.extensions().get::<Client>();
        assert!(near.is_some_and(|Client(from)| from.ip().is_loopback()));
        let text = format!("front: {}", request.uri().path());
        Box::pin(std::future::ready(HttpResponse::new(HttpBody::from(text))))
    }
}

async fn with_front(server: &mut TestServer) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    server.handle.listen_with(listener, Arc::new(Echo));
    addr
}

/// The first bytes of what a WebSocket handshake is answered with.
async fn handshake(addr: SocketAddr, origin: &str) -> String {
    let request = format!(
        "GET /rpc HTTP/1.1\r\nhost: {addr}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\norigin: {origin}\r\n\r\n"
    );
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 1_024];
    let size = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..size]).into_owned()
}

#[tokio::test]
async fn a_front_answers_its_paths_and_the_chains_all_others() {
    let mut server = TestServer::new().await;
    let addr = with_front(&mut server).await;
    let ask = |path: &str, host: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").into_bytes()
    };
    let answer = client::exchange(addr, &ask("/page", "localhost")).await;
    assert_eq!(client::parse(&answer), (200, "front: /page".to_owned()));
    let answer = client::exchange(addr, &ask("/rpc", "localhost")).await;
    assert_eq!(client::parse(&answer), (200, String::new()));
    // A rebound name reaches neither.
    for path in ["/page", "/rpc"] {
        let answer = client::exchange(addr, &ask(path, "evil.example")).await;
        let (status, words) = client::parse(&answer);
        assert_eq!(status, 403, "{path}");
        assert!(words.contains("rpc.allowed_hosts"), "{words}");
    }
    // The first listener has no front.
    let answer = client::exchange(server.handle.addr, &ask("/page", "localhost")).await;
    assert_eq!(client::parse(&answer), (200, String::new()));
    server.stop().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(
        TcpStream::connect(addr).await.is_err(),
        "it has stopped too"
    );
}

#[tokio::test]
async fn a_page_of_the_same_origin_may_open_a_websocket_and_no_other() {
    let mut server = TestServer::new().await;
    let addr = with_front(&mut server).await;
    let own = handshake(addr, &format!("http://{addr}")).await;
    assert!(own.starts_with("HTTP/1.1 101"), "{own}");
    let port = addr.port();
    for origin in [
        "http://evil.example".to_owned(),
        format!("http://127.0.0.1:{}", port ^ 1),
        format!("http://localhost:{port}"),
        format!("ftp://{addr}"),
        format!("http://{addr}.evil.example"),
        "null".to_owned(),
    ] {
        let answer = handshake(addr, &origin).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{origin}: {answer}");
    }
    server.stop().await;
}
