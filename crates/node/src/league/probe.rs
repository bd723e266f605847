//! Asking a node over its own interfaces, as any client would.

use alloy_primitives::{B256, U64};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Request, StatusCode,
    body::Bytes,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST},
};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};
use tokio::{net::TcpStream, time::timeout};

/// How long a node may take for one answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
/// Bytes of an answer at most; the largest that is asked for is a page of metrics.
const MAX_ANSWER_BYTES: usize = 4 * 1_024 * 1_024;
const TAXII_MEDIA: &str = "application/taxii+json;version=2.1";

/// What `hansa_status` says, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NodeStatus {
    pub(super) genesis: B256,
    pub(super) head: Head,
    pub(super) syncing: bool,
    pub(super) peers_connected: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    pub(super) number: U64,
    pub(super) timestamp_ms: U64,
}

/// What `hansa_zones` says of one, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Zone {
    pub(super) name: String,
    /// When it was created, seconds since 1970.
    pub(super) timestamp: u64,
    /// Whether the node is to run it.
    pub(super) serves: bool,
    /// Where the node answers for it.
    pub(super) path: Option<String>,
    /// Where it is in its life, in a word.
    pub(super) phase: String,
    /// Why it ends, in a word.
    pub(super) reason: Option<String>,
    /// What it will run by.
    pub(super) upgrade: Option<Upgrade>,
    /// What the hub has recorded of it, and the node's blocks are not.
    pub(super) contradiction: Option<Contradiction>,
}

/// A checkpoint of a zone that names another block than the node has.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Contradiction {
    pub(super) number: U64,
    /// Hash of the node's block.
    pub(super) own: B256,
    /// Hash of the block that the hub has recorded.
    pub(super) recorded: B256,
}

/// What a zone will run by.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Upgrade {
    /// From when on, seconds since 1970.
    pub(super) starts_at: u64,
    /// Whether the node knows how.
    pub(super) followed: bool,
    /// Ethereum's rules, by name.
    pub(super) fork: String,
}

#[derive(Deserialize)]
struct Block {
    hash: B256,
}

/// The node's status.
pub(super) async fn status(rpc: SocketAddr) -> Result<NodeStatus, String> {
    call(rpc, "hansa_status", json!([])).await
}

/// The league's zones, as the node sees them.
pub(super) async fn zones(rpc: SocketAddr) -> Result<Vec<Zone>, String> {
    call(rpc, "hansa_zones", json!([])).await
}

/// The hash of one of its blocks.
pub(super) async fn block_hash(rpc: SocketAddr, number: u64) -> Result<B256, String> {
    let parameters = json!([U64::from(number), false]);
    let block: Option<Block> = call(rpc, "eth_getBlockByNumber", parameters).await?;
    Ok(block
        .ok_or_else(|| format!("it has no block {number}"))?
        .hash)
}

/// Whether TAXII lets a member in.
pub(super) async fn taxii(address: SocketAddr, member: &str, password: &str) -> Result<(), String> {
    let secret = STANDARD.encode(format!("{member}:{password}"));
    let request = Request::get("/taxii2/")
        .header(HOST, address.to_string())
        .header(ACCEPT, TAXII_MEDIA)
        .header(AUTHORIZATION, format!("Basic {secret}"))
        .body(Full::default());
    send(address, request).await.map(drop)
}

/// Whether metrics are served.
pub(super) async fn metrics(address: SocketAddr) -> Result<(), String> {
    let request = Request::get("/metrics")
        .header(HOST, address.to_string())
        .body(Full::default());
    send(address, request).await.map(drop)
}

async fn call<T: DeserializeOwned>(
    rpc: SocketAddr,
    method: &str,
    parameters: Value,
) -> Result<T, String> {
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters});
    let request = Request::post("/")
        .header(HOST, rpc.to_string())
        .header(CONTENT_TYPE, "application/json")
        .body(Full::from(call.to_string()));
    let bytes = send(rpc, request).await?;
    let mut answer: Value =
        serde_json::from_slice(&bytes).map_err(|error| format!("{method}: {error}"))?;
    if let Some(message) = answer["error"]["message"].as_str() {
        return Err(format!("{method}: {message}"));
    }
    serde_json::from_value(answer["result"].take()).map_err(|error| format!("{method}: {error}"))
}

async fn send(
    address: SocketAddr,
    request: Result<Request<Full<Bytes>>, hyper::http::Error>,
) -> Result<Bytes, String> {
    let request = request.map_err(|error| error.to_string())?;
    let exchange = async {
        let stream = TcpStream::connect(address)
            .await
            .map_err(|error| error.to_string())?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| error.to_string())?;
        // Ends with the connection, which ends with the sender.
        tokio::spawn(connection);
        let answer = sender
            .send_request(request)
            .await
            .map_err(|error| error.to_string())?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES);
        let bytes = body
            .collect()
            .await
            .map_err(|error| error.to_string())?
            .to_bytes();
        match status {
            StatusCode::OK => Ok(bytes),
            other => Err(format!("it answers {other}")),
        }
    };
    match timeout(ANSWER_TIMEOUT, exchange).await {
        Ok(result) => result,
        Err(_) => Err(format!("no answer within {} s", ANSWER_TIMEOUT.as_secs())),
    }
}
