//! What a stranger can do to the socket: each gets a TAXII error, or its connection ends in time, and the
//! server goes on.

mod common;

use common::{catalog, open_config, record};
use hansa_taxii::{Config, Limits, Server, TAXII_MEDIA_TYPE, TaxiiError, Tlp, serve, serve_on};
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

const GET: &str = "GET /taxii2/ HTTP/1.1\r\nhost: localhost\r\n\r\n";

fn quick() -> Limits {
    Limits {
        header_timeout: Duration::from_millis(300),
        response_timeout: Duration::from_millis(500),
        shutdown_grace: Duration::from_millis(500),
        ..Limits::default()
    }
}

async fn start(limits: Limits) -> (Server, oneshot::Sender<()>) {
    // Enough that a page does not fit into the socket's buffers.
    let records = (0..2_000_u128)
        .map(|n| {
            let mut record = record("malware", n, 1, Tlp::Clear);
            let padding = format!("{{\"x_padding\":\"{}\",", "y".repeat(4_000));
            let content = String::from_utf8(record.content.to_vec()).unwrap();
            record.content = content.replacen('{', &padding, 1).into();
            record
        })
        .collect();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (stop, stopped) = oneshot::channel();
    let config = Config {
        limits,
        ..open_config()
    };
    let shutdown = async {
        let _ = stopped.await;
    };
    (
        serve_on(listener, config, catalog(records) as _, shutdown).unwrap(),
        stop,
    )
}

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.local_addr()).await.unwrap()
}

/// Sends bytes and reads until the server closes the connection; gives status and body.
async fn exchange(server: &Server, bytes: &[u8]) -> (u16, Value) {
    let mut stream = connect(server).await;
    let (mut reader, mut writer) = stream.split();
    let mut answer = Vec::new();
    // The server may close before it has read everything.
    let sending = async {
        let _ = writer.write_all(bytes).await;
    };
    let reading = async {
        let _ = reader.read_to_end(&mut answer).await;
    };
    tokio::join!(sending, reading);
    let text = String::from_utf8(answer).unwrap();
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {text:?}"));
    assert!(
        head.contains(&format!("content-type: {TAXII_MEDIA_TYPE}")),
        "{head}"
    );
    // RFC 9110 section 6.6.1.
    assert!(head.to_ascii_lowercase().contains("\r\ndate: "), "{head}");
    (
        head[9..12].parse().unwrap(),
        serde_json::from_str(body).unwrap(),
    )
}

async fn still_answers(server: &Server) {
    let request = GET.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    assert_eq!(exchange(server, request.as_bytes()).await.0, 200);
}

#[tokio::test]
async fn malformed_heads_get_taxii_errors() {
    let (server, _stop) = start(quick()).await;
    let line = |target: &[u8]| [b"GET ", target, b" HTTP/1.1\r\nhost: localhost\r\n\r\n"].concat();
    let header = |header: &[u8]| {
        [
            b"GET /taxii2/ HTTP/1.1\r\nhost: localhost\r\n",
            header,
            b"\r\n\r\n",
        ]
        .concat()
    };
    let many = "x: y\r\n".repeat(300);
    for (bytes, statuses) in [
        (b"nonsense\r\n\r\n".to_vec(), &[400][..]),
        (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
            &[400],
        ),
        (b"GET /taxii2/ HTTP/9.9\r\n\r\n".to_vec(), &[400]),
        (line(b"/taxii2/?limit=\xff\xfe"), &[400]),
        (
            line(&[b"/taxii2/".as_slice(), &[b'a'; 20_000]].concat()),
            &[414],
        ),
        (
            line(&[b"/taxii2/".as_slice(), &[b'a'; 70_000]].concat()),
            &[414],
        ),
        (
            header(&[b"x: ".as_slice(), &[b'y'; 20_000]].concat()),
            &[431],
        ),
        (
            header(&[b"x: ".as_slice(), &[b'y'; 300_000]].concat()),
            &[431],
        ),
        (header(many.trim_end().as_bytes()), &[431]),
        (header(b"bad header: x"), &[400]),
        (header(b"content-length: -1"), &[400]),
        (
            header(b"transfer-encoding: chunked\r\ncontent-length: 5"),
            &[400, 200],
        ),
    ] {
        // What the library takes may be answered and kept open; then the connection idles out.
        let (status, body) = exchange(&server, &bytes).await;
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        assert!(statuses.contains(&status), "{shown}: {status} {body}");
        if status != 200 {
            assert_eq!(body["http_status"], status.to_string());
            assert!(body["description"].is_string() && body["error_code"].is_string());
        }
    }
    still_answers(&server).await;
}

#[tokio::test]
async fn a_slow_head_is_told_and_closed() {
    let (server, _stop) = start(quick()).await;
    let start = Instant::now();
    let (status, body) = exchange(&server, b"GET /taxii2/ HTTP/1.1\r\nhost: loc").await;
    assert_eq!(
        (status, body["error_code"].as_str()),
        (408, Some("request_timeout"))
    );
    assert!(
        body["description"]
            .as_str()
            .unwrap()
            .contains("header_timeout")
    );
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn silent_and_idle_connections_are_closed_without_a_word() {
    let (server, _stop) = start(quick()).await;
    let mut silent = connect(&server).await;
    let mut answer = Vec::new();
    silent.read_to_end(&mut answer).await.unwrap();
    assert!(answer.is_empty());
    // After an answer, idling is no fault either.
    let (status, _) = exchange(&server, GET.as_bytes()).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off() {
    let limits = Limits {
        concurrent_requests: 1,
        ..quick()
    };
    let (server, _stop) = start(limits).await;
    let mut stuck = connect(&server).await;
    let ask = "GET /taxii2/league/collections/all/objects/?limit=2000 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stuck.write_all(ask.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    // The one turn is taken until the stuck answer is given up; then the next request has it.
    let start = Instant::now();
    still_answers(&server).await;
    assert!(
        start.elapsed() > Duration::from_millis(100),
        "{:?}",
        start.elapsed()
    );
    let mut answer = Vec::new();
    let _ = stuck.read_to_end(&mut answer).await;
    assert!(
        answer.len() < 8_000_000,
        "the answer was cut off, but {} bytes came",
        answer.len()
    );
}

#[tokio::test]
async fn a_client_that_trickles_is_cut_off() {
    let (server, _stop) = start(quick()).await;
    let mut slow = connect(&server).await;
    let ask = "GET /taxii2/league/collections/all/objects/?limit=2000 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    slow.write_all(ask.as_bytes()).await.unwrap();
    let (start, mut total, mut buffer) = (Instant::now(), 0, vec![0; 16 * 1024]);
    while let Ok(bytes @ 1..) = slow.read(&mut buffer).await {
        total += bytes;
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert!(start.elapsed() < Duration::from_secs(20));
    }
    assert!(total < 8_000_000, "the whole answer came: {total} bytes");
}

#[tokio::test]
async fn head_requests_get_heads_only() {
    let (server, _stop) = start(quick()).await;
    let mut stream = connect(&server).await;
    stream
        .write_all(GET.replace("GET", "HEAD").as_bytes())
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn connections_at_the_limit_and_past_it() {
    let limits = Limits {
        connections: 2,
        header_timeout: Duration::from_secs(5),
        ..quick()
    };
    let (server, _stop) = start(limits).await;
    let first = connect(&server).await;
    let second = connect(&server).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut third = connect(&server).await;
    let mut answer = String::new();
    third.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 503") && answer.contains("connections = 2"),
        "{answer}"
    );
    drop((first, second));
    tokio::time::sleep(Duration::from_millis(50)).await;
    still_answers(&server).await;
}

#[tokio::test]
async fn waiting_too_long_for_a_turn_is_an_error() {
    let limits = Limits {
        concurrent_requests: 1,
        queue_timeout: Duration::from_millis(50),
        response_timeout: Duration::from_secs(5),
        ..quick()
    };
    let (server, _stop) = start(limits).await;
    let mut stuck = connect(&server).await;
    let ask = "GET /taxii2/league/collections/all/objects/?limit=2000 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stuck.write_all(ask.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (status, body) = exchange(&server, GET.as_bytes()).await;
    assert_eq!((status, body["error_code"].as_str()), (503, Some("busy")));
    assert!(
        body["description"]
            .as_str()
            .unwrap()
            .contains("concurrent_requests")
    );
}

#[tokio::test]
async fn a_body_that_was_refused_does_not_become_the_next_request() {
    let (server, _stop) = start(quick()).await;
    let inner = GET.replace("/taxii2/", "/smuggled/");
    let request = format!(
        "POST /taxii2/league/collections/all/objects/ HTTP/1.1\r\nhost: localhost\r\n\
         content-type: {TAXII_MEDIA_TYPE}\r\ncontent-length: {}\r\n\r\n{inner}",
        inner.len()
    );
    // `exchange` fails if a second answer follows the first.
    let (status, body) = exchange(&server, request.as_bytes()).await;
    assert_eq!(
        (status, body["error_code"].as_str()),
        (403, Some("read_only"))
    );
}

/// An answer before the end of the request is not lost to a connection that is reset.
#[tokio::test]
async fn whoever_is_still_sending_gets_the_answer() {
    let (server, _stop) = start(quick()).await;
    let most = usize::try_from(quick().request_body_bytes).unwrap();
    let body = vec![b'x'; most - 1_000];
    let head = format!(
        "POST /taxii2/league/collections/all/objects/ HTTP/1.1\r\nhost: localhost\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = connect(&server).await;
    stream.write_all(head.as_bytes()).await.unwrap();
    for piece in body.chunks(64 * 1024) {
        stream.write_all(piece).await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
}

#[tokio::test]
async fn shutdown_ends_idle_connections_and_the_listener() {
    let (server, stop) = start(Limits {
        header_timeout: Duration::from_secs(60),
        ..quick()
    })
    .await;
    let address = server.local_addr();
    let mut idle = connect(&server).await;
    idle.write_all(GET.as_bytes()).await.unwrap();
    let mut buffer = [0; 4_096];
    assert!(idle.read(&mut buffer).await.unwrap() > 0);
    stop.send(()).unwrap();
    let start = Instant::now();
    server.stopped().await;
    assert!(start.elapsed() < Duration::from_secs(2));
    assert_eq!(idle.read(&mut buffer).await.unwrap_or(0), 0);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_busy_address_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listen = taken.local_addr().unwrap();
    let config = Config {
        listen,
        ..open_config()
    };
    let error = serve(config, catalog(Vec::new()) as _, async {})
        .await
        .unwrap_err();
    assert!(matches!(error, TaxiiError::Bind { address, .. } if address == listen));
    assert!(error.to_string().contains(&listen.to_string()));
}
