//! How many pages of 1,000 objects a CPU-second gives, walking 25,000 ATT&CK objects.
//!
//! Three walks: in the process through the router; the same with a password to check; and over loopback with the client
//! in a process of its own, so that only the server's time counts. Each prints pages per CPU-second
//! (user and system time from `/proc/self/stat`). The objects come from the shared test data; where it is
//! absent, made-up ones of the same size stand in.
//!
//! Run: `cargo bench -p hansa-taxii --bench walk`. Walks repeat until each has used a few CPU-seconds, since
//! the clock of `/proc` ticks in hundredths of a second.

#[path = "../tests/common/mod.rs"]
mod common;

use axum::{Router, body::Body, http::Request};
use base64::{Engine, engine::general_purpose::STANDARD};
use hansa_taxii::{
    Config, Credential, Log, MemoryCatalog, NewRecord, Tlp, hash_password, router, serve_on,
};
use hyper::body::Body as _;
use std::{
    future::poll_fn,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    pin::Pin,
    process::{Command, Stdio},
    sync::Arc,
};
use tokio::{net::TcpListener, runtime::Runtime, sync::oneshot};
use tower::ServiceExt;
use uuid::Uuid;

const OBJECTS: usize = 25_000;
const PAGE: usize = 1_000;
const OBJECT_BYTES: usize = 1_900;
const WALKS: usize = 40;
/// What `/proc` counts CPU time in on Linux (`getconf CLK_TCK`).
const TICKS_PER_SECOND: f64 = 100.0;

fn main() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("client") {
        let address = arguments.next().expect("the parent gives an address");
        return client(address.parse().expect("the parent gives a socket address"));
    }
    let catalog = Arc::new(MemoryCatalog::new());
    let records = records();
    let bytes: usize = records.iter().map(|record| record.content.len()).sum();
    for (height, block) in records.chunks(100).enumerate() {
        catalog.append(
            Log::Objects,
            common::BLOCK_MS + 100 * height as u64,
            block.to_vec(),
        );
    }
    println!(
        "{OBJECTS} objects of {} bytes on average, pages of {PAGE}",
        bytes / OBJECTS
    );
    let runtime = Runtime::new().expect("a runtime starts");
    let open = router(common::open_config(), Arc::clone(&catalog) as _).expect("it is sound");
    measure("in process", || runtime.block_on(walk(&open, None)));
    let password_hash = hash_password("secret").expect("it can be hashed");
    let credentials = vec![Credential {
        member: "alfa".into(),
        password_hash,
    }];
    let config = Config {
        credentials,
        ..Config::default()
    };
    let login = format!("Basic {}", STANDARD.encode("alfa:secret"));
    let closed = router(config, Arc::clone(&catalog) as _).expect("it is sound");
    measure("in process, with password", || {
        runtime.block_on(walk(&closed, Some(&login)))
    });
    loopback(&runtime, catalog);
}

fn records() -> Vec<NewRecord> {
    let real = common::attack_objects();
    (0..OBJECTS)
        .map(|n| {
            let Some(real) = &real else {
                let mut record = common::record("malware", n as u128, 1, Tlp::Clear);
                let text = String::from_utf8_lossy(&record.content).into_owned();
                let padding = "y".repeat(OBJECT_BYTES - text.len() - 20);
                record.content = text
                    .replacen('{', &format!("{{\"x_padding\":\"{padding}\","), 1)
                    .into();
                return record;
            };
            let mut record = real[n % real.len()].clone();
            let stix_type = record
                .id
                .split_once("--")
                .map_or("", |(stix_type, _)| stix_type);
            let id = format!("{stix_type}--{}", Uuid::from_u128(n as u128));
            let text = String::from_utf8_lossy(&record.content).replace(&record.id, &id);
            record.id = id;
            record.content = text.into();
            record
        })
        .collect()
}

/// CPU time of this process, in seconds.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields 14 and 15, counted from behind the program's name, which may hold anything.
    let fields = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks = |n: usize| {
        fields
            .split(' ')
            .nth(n)
            .and_then(|text| text.parse::<f64>().ok())
    };
    (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / TICKS_PER_SECOND
}

fn measure(name: &str, mut walk: impl FnMut() -> usize) {
    walk();
    let start = cpu_seconds();
    let pages: usize = (0..WALKS).map(|_| walk()).sum();
    report(name, pages, cpu_seconds() - start);
}

fn report(name: &str, pages: usize, seconds: f64) {
    let rate = pages as f64 / seconds;
    println!("{name:<28} {pages} pages in {seconds:.2} CPU-s: {rate:.0} pages per CPU-second");
}

fn path(next: &str) -> String {
    let path = format!("/taxii2/league/collections/all/objects/?limit={PAGE}");
    if next.is_empty() {
        path
    } else {
        format!("{path}&next={next}")
    }
}

/// The cursor at the end of a page, read without parsing the objects.
fn next_of(page: &[u8]) -> String {
    let end = String::from_utf8_lossy(&page[page.len().saturating_sub(64)..]).into_owned();
    end.split_once("\"next\":\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or_else(String::new, |(next, _)| next.to_owned())
}

async fn walk(router: &Router, login: Option<&str>) -> usize {
    let (mut pages, mut next) = (0, String::new());
    loop {
        let mut request = Request::get(path(&next)).header("host", "localhost");
        if let Some(login) = login {
            request = request.header("authorization", login);
        }
        let request = request.body(Body::empty()).expect("it is well-formed");
        let response = router
            .clone()
            .oneshot(request)
            .await
            .expect("it never fails");
        assert_eq!(response.status(), 200);
        // Chunk by chunk, as a connection takes it: joining them would be the client's work.
        let mut body = response.into_body();
        let mut last = bytes::Bytes::new();
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            last = frame
                .expect("it never fails")
                .into_data()
                .unwrap_or_default();
        }
        pages += 1;
        next = next_of(&last);
        if next.is_empty() {
            return pages;
        }
    }
}

/// Serves on loopback while a client in its own process walks.
fn loopback(runtime: &Runtime, catalog: Arc<MemoryCatalog>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let server = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let shutdown = async {
            let _ = stopped.await;
        };
        serve_on(listener, common::open_config(), catalog, shutdown).expect("it is sound")
    });
    let program = std::env::current_exe().expect("the program knows itself");
    let start = cpu_seconds();
    let output = Command::new(program)
        .args(["client", &server.local_addr().to_string()])
        .stderr(Stdio::inherit())
        .output()
        .expect("the client runs");
    let seconds = cpu_seconds() - start;
    assert!(output.status.success(), "the client failed");
    let pages = String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .expect("it counts pages");
    report("loopback, server alone", pages, seconds);
    let _ = stop.send(());
    runtime.block_on(server.stopped());
}

/// Walks over one connection and prints how many pages came.
fn client(address: SocketAddr) {
    let mut stream = BufReader::with_capacity(
        1024 * 1024,
        TcpStream::connect(address).expect("the server listens"),
    );
    let (mut pages, mut page) = (0, Vec::new());
    for _ in 0..WALKS {
        let mut next = String::new();
        loop {
            let request = format!("GET {} HTTP/1.1\r\nhost: localhost\r\n\r\n", path(&next));
            stream
                .get_mut()
                .write_all(request.as_bytes())
                .expect("the server reads");
            let length = content_length(&mut stream);
            page.resize(length, 0);
            stream.read_exact(&mut page).expect("the page is whole");
            pages += 1;
            next = next_of(&page);
            if next.is_empty() {
                break;
            }
        }
    }
    println!("{pages}");
}

/// Reads a response head and gives the length of the body behind it.
fn content_length(stream: &mut impl BufRead) -> usize {
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).expect("the head is text");
        if line.trim().is_empty() {
            return length;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().expect("it is a number");
        }
    }
}
