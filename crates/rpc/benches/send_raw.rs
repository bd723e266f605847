//! What one `eth_sendRawTransaction` costs, alone and in batches of 100, over one and over many
//! kept-alive HTTP connections. The pool does nothing: client and server share the process, so the
//! CPU time is that of both.

#[path = "../tests/rpc/common/mod.rs"]
mod common;

use alloy_primitives::{Address, B256, Bytes, keccak256};
use common::{FakePool, TestServer, chain};
use futures::{FutureExt as _, future::BoxFuture};
use hansa_rpc::{Config, Fault, PoolContent, PooledTransaction, TransactionPool};
use std::{
    net::SocketAddr,
    sync::{Arc, atomic::AtomicUsize},
    time::Instant,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::broadcast,
};

struct NoPool(broadcast::Sender<B256>);

impl TransactionPool for NoPool {
    fn submit(&self, raw: Vec<Bytes>) -> BoxFuture<'static, Vec<Result<B256, Fault>>> {
        async move { raw.iter().map(|raw| Ok(keccak256(raw))).collect() }.boxed()
    }
    fn transaction(&self, _hash: B256) -> Option<PooledTransaction> {
        None
    }
    fn next_nonce(&self, _sender: Address) -> Option<u64> {
        None
    }
    fn status(&self) -> (usize, usize) {
        (0, 0)
    }
    fn content(&self, _sender: Option<Address>, _limit: usize) -> PoolContent {
        PoolContent::default()
    }
    fn subscribe(&self) -> broadcast::Receiver<B256> {
        self.0.subscribe()
    }
}

fn http(body: &str) -> Vec<u8> {
    let head = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Reads one response whose head has a content-length.
async fn read_response(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await.unwrap() == 0 {
            panic!("the server closed the connection");
        }
        let text = String::from_utf8_lossy(buffer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.unwrap().parse().unwrap();
        if body.len() >= length {
            assert!(body.contains("result") && !body.contains("error"), "{body}");
            return;
        }
    }
}

async fn load(addr: SocketAddr, connections: usize, requests: usize, request: Arc<Vec<u8>>) {
    let clients = (0..connections).map(|_| {
        let request = request.clone();
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(addr).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut buffer = Vec::with_capacity(64 * 1_024);
            for _ in 0..requests {
                stream.write_all(&request).await.unwrap();
                read_response(&mut stream, &mut buffer).await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
}

/// User and system time of this process, in clock ticks of 10 ms.
fn cpu_ticks() -> u64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = text
        .rsplit(") ")
        .next()
        .unwrap_or_default()
        .split(' ')
        .collect();
    let field = |index: usize| {
        fields
            .get(index)
            .and_then(|text| text.parse().ok())
            .unwrap_or(0u64)
    };
    field(11) + field(12)
}

async fn measure(name: &str, addr: SocketAddr, connections: usize, requests: usize, batch: usize) {
    let raw = chain::raw(&chain::transfer(4));
    let call = |id: usize| {
        format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"eth_sendRawTransaction","params":["{raw}"]}}"#
        )
    };
    let body = if batch == 1 {
        call(1)
    } else {
        let calls: Vec<String> = (0..batch).map(call).collect();
        format!("[{}]", calls.join(","))
    };
    let request = Arc::new(http(&body));
    load(addr, connections, requests / 10, request.clone()).await;
    let (began, ticks) = (Instant::now(), cpu_ticks());
    load(addr, connections, requests, request).await;
    let transactions = (connections * requests * batch) as f64;
    let wall = began.elapsed().as_secs_f64() * 1e6 / transactions;
    let cpu = (cpu_ticks() - ticks) as f64 * 10_000.0 / transactions;
    println!("{name:<32} {wall:>9.2} us wall {cpu:>9.2} us cpu per transaction");
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let pool = Arc::new(FakePool {
            waiting: Default::default(),
            incoming: broadcast::channel(1).0,
            submissions: AtomicUsize::new(0),
        });
        let served = Arc::new(NoPool(broadcast::channel(1).0));
        let server = TestServer::with_pool(Config::development(), pool, served).await;
        let addr = server.handle.addr;
        measure("single, 1 connection", addr, 1, 3_000, 1).await;
        measure("single, 32 connections", addr, 32, 300, 1).await;
        measure("batch of 100, 1 connection", addr, 1, 200, 100).await;
        measure("batch of 100, 8 connections", addr, 8, 50, 100).await;
        server.stop().await;
    });
}
