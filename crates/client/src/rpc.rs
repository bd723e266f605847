//! JSON-RPC over HTTP.

use crate::{
    describe_revert,
    limits::{MAX_BATCH, MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES, REQUEST_TIMEOUT_S},
};
use alloy_primitives::{Address, B256, Bytes, U64, U256};
use alloy_rpc_types_eth::{Filter, Log, TransactionReceipt};
use alloy_sol_types::SolCall;
use jsonrpsee::{
    core::{
        client::{ClientT as _, Error as ClientError},
        params::{ArrayParams, BatchRequestBuilder},
    },
    http_client::{HttpClient, HttpClientBuilder},
    types::ErrorObject,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{
    fmt::Debug,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use thiserror::Error;

#[cfg(test)]
mod tests;

/// EIP-1474's code for a node's limit.
pub const LIMIT_EXCEEDED: i32 = -32005;
/// go-ethereum's code for a reverted call.
const EXECUTION_REVERTED: i32 = 3;

/// What is read of a block.
#[derive(Deserialize)]
struct Head {
    timestamp: U64,
}

/// What is read of `hansa_status`.
#[derive(Deserialize)]
struct Status {
    genesis: B256,
}

/// Why a node gave no answer.
#[derive(Debug, Error)]
pub enum RpcError {
    /// Not a URL that can be called.
    #[error("`{url}` is not a JSON-RPC URL: {cause}")]
    Url {
        /// As given.
        url: String,
        /// Why not.
        cause: String,
    },
    /// No connection, or no HTTP answer.
    #[error("no answer from {url}: {cause}")]
    Unreachable {
        /// Whom we asked.
        url: String,
        /// Why.
        cause: String,
    },
    /// The node took too long.
    #[error("{url} did not answer {method} within {REQUEST_TIMEOUT_S} s")]
    Timeout {
        /// Whom we asked.
        url: String,
        /// What.
        method: String,
    },
    /// The call reverted.
    #[error("reverted: {}", describe_revert(.0))]
    Reverted(Bytes),
    /// The node refused.
    #[error("{message}")]
    Refused {
        /// JSON-RPC code.
        code: i32,
        /// The node's words.
        message: String,
    },
    /// The answer has another shape than it should.
    #[error("{method}: the answer is not understood: {cause}")]
    Malformed {
        /// What we asked.
        method: String,
        /// Why not.
        cause: String,
    },
}

/// A node's JSON-RPC, or that of several nodes of one chain: where one cannot be reached, the next is asked. Clones go on with the one
/// that answered last.
#[derive(Clone, Debug)]
pub struct Rpc {
    nodes: Arc<[Node]>,
    current: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Node {
    http: HttpClient,
    url: String,
}

impl Rpc {
    /// A client of the node at `url`. Connects at the first call.
    ///
    /// # Errors
    /// Not an HTTP URL.
    pub fn new(url: &str) -> Result<Self, RpcError> {
        Self::of([url])
    }

    /// A client of the nodes at `urls`, of which the first is asked for as long as it answers.
    ///
    /// # Errors
    /// One is not an HTTP URL.
    pub fn of<'a>(urls: impl IntoIterator<Item = &'a str>) -> Result<Self, RpcError> {
        let nodes: Result<Vec<_>, _> = urls.into_iter().map(Node::new).collect();
        Ok(Self {
            nodes: nodes?.into(),
            current: Arc::default(),
        })
    }

    /// A client of the same nodes at `path` beneath their URLs.
    ///
    /// # Errors
    /// No URL comes of it.
    pub fn at(&self, path: &str) -> Result<Self, RpcError> {
        let beneath = |node: &Node| format!("{}/{path}", node.url.trim_end_matches('/'));
        let urls: Vec<_> = self.order().map(|(_, node)| beneath(node)).collect();
        Self::of(urls.iter().map(String::as_str))
    }

    /// Whom it asks.
    pub fn url(&self) -> &str {
        self.order().next().map_or("", |(_, node)| &node.url)
    }

    /// The nodes and their places, from the one that answered last on.
    fn order(&self) -> impl Iterator<Item = (usize, &Node)> {
        let current = self.current.load(Ordering::Relaxed);
        let nodes = self.nodes.iter().enumerate();
        nodes.clone().skip(current).chain(nodes.take(current))
    }

    /// Asks one node after the other until one answers.
    async fn ask<T, F: Future<Output = Result<T, ClientError>>>(
        &self,
        method: &str,
        request: impl Fn(HttpClient) -> F,
    ) -> Result<T, RpcError> {
        let mut first = None;
        for (place, node) in self.order() {
            match request(node.http.clone()).await {
                Ok(answer) => {
                    self.current.store(place, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(error) => match node.error(method, error) {
                    error @ RpcError::Unreachable { .. } => first = first.or(Some(error)),
                    error => {
                        self.current.store(place, Ordering::Relaxed);
                        return Err(error);
                    }
                },
            }
        }
        Err(first.unwrap_or_else(|| RpcError::Url {
            url: String::new(),
            cause: "no node is named".into(),
        }))
    }
}

impl Node {
    fn new(url: &str) -> Result<Self, RpcError> {
        let http = HttpClientBuilder::default()
            .max_request_size(MAX_REQUEST_BYTES)
            .max_response_size(MAX_RESPONSE_BYTES)
            .request_timeout(Duration::from_secs(REQUEST_TIMEOUT_S))
            .build(url)
            .map_err(|error| RpcError::Url {
                url: url.to_owned(),
                cause: error.to_string(),
            })?;
        let url = url.to_owned();
        Ok(Self { http, url })
    }

    fn error(&self, method: &str, error: ClientError) -> RpcError {
        let url = || self.url.clone();
        match error {
            ClientError::Call(error) => refused(&error),
            ClientError::RequestTimeout => RpcError::Timeout {
                url: url(),
                method: method.to_owned(),
            },
            ClientError::ParseError(error) => malformed(method, error),
            other => RpcError::Unreachable {
                url: url(),
                cause: innermost(&other),
            },
        }
    }
}

impl Rpc {
    /// One call.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Vec<Value>,
    ) -> Result<T, RpcError> {
        let params = &array(&params, method)?;
        let request = |http: HttpClient| async move {
            http.request::<Value, _>(method, params.clone()).await
        };
        decode(method, self.ask(method, request).await?)
    }

    /// The same method with many parameters, in as few requests as the limits allow; answers in order.
    ///
    /// # Errors
    /// The first failure of a request as a whole; failures of single calls are in the list.
    pub async fn batch<T: DeserializeOwned + Debug>(
        &self,
        method: &str,
        calls: &[Vec<Value>],
    ) -> Result<Vec<Result<T, RpcError>>, RpcError> {
        let mut answers = Vec::with_capacity(calls.len());
        for chunk in calls.chunks(MAX_BATCH) {
            let mut batch = BatchRequestBuilder::new();
            for params in chunk {
                batch
                    .insert(method, array(params, method)?)
                    .map_err(|error| malformed(method, error))?;
            }
            let batch = &batch;
            let request =
                |http: HttpClient| async move { http.batch_request::<Value>(batch.clone()).await };
            let response = self.ask(method, request).await?;
            let before = answers.len();
            answers.extend(response.into_iter().map(|answer| match answer {
                Ok(value) => decode(method, value),
                Err(error) => Err(refused(&error)),
            }));
            if answers.len() - before != chunk.len() {
                return Err(malformed(method, "another number of answers than of calls"));
            }
        }
        Ok(answers)
    }

    /// EIP-155 chain id.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn chain_id(&self) -> Result<u64, RpcError> {
        Ok(self.call::<U64>("eth_chainId", vec![]).await?.to())
    }

    /// Height of the newest block.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn block_number(&self) -> Result<u64, RpcError> {
        Ok(self.call::<U64>("eth_blockNumber", vec![]).await?.to())
    }

    /// The newest block's time, seconds since 1970: what the chain's rules go by.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn time(&self) -> Result<u64, RpcError> {
        self.time_of(json!("latest")).await
    }

    /// A block's time, seconds since 1970.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn time_at(&self, block: u64) -> Result<u64, RpcError> {
        self.time_of(json!(U64::from(block))).await
    }

    async fn time_of(&self, block: Value) -> Result<u64, RpcError> {
        let params = vec![block, json!(false)];
        let block: Head = self.call("eth_getBlockByNumber", params).await?;
        Ok(block.timestamp.to())
    }

    /// keccak256 of the chain's genesis: what is signed for one chain is signed for this hash.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn genesis_hash(&self) -> Result<B256, RpcError> {
        let status: Status = self.call("hansa_status", vec![]).await?;
        Ok(status.genesis)
    }

    /// A balance, wei.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn balance(&self, account: Address) -> Result<U256, RpcError> {
        self.call("eth_getBalance", vec![json!(account), json!("latest")])
            .await
    }

    /// The next nonce: of the chain (`latest`), or behind what waits in the pool (`pending`).
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn nonce(&self, account: Address, tag: &str) -> Result<u64, RpcError> {
        let params = vec![json!(account), json!(tag)];
        let nonce: U64 = self.call("eth_getTransactionCount", params).await?;
        Ok(nonce.to())
    }

    /// Receipts, in order; `None` where there is none yet.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn receipts(
        &self,
        hashes: &[B256],
    ) -> Result<Vec<Option<TransactionReceipt>>, RpcError> {
        let calls: Vec<_> = hashes.iter().map(|hash| vec![json!(hash)]).collect();
        let answers = self.batch("eth_getTransactionReceipt", &calls).await?;
        answers.into_iter().collect()
    }

    /// Logs of a filter.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn logs(&self, filter: &Filter) -> Result<Vec<Log>, RpcError> {
        let filter =
            serde_json::to_value(filter).map_err(|error| malformed("eth_getLogs", error))?;
        self.call("eth_getLogs", vec![filter]).await
    }

    /// Calls a module or contract without a transaction.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn view<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return, RpcError> {
        let latest = json!("latest");
        let data: Bytes = self
            .call("eth_call", view_params(to, call, &latest))
            .await?;
        C::abi_decode_returns(&data).map_err(|error| malformed(C::SIGNATURE, error))
    }

    /// Many such calls; answers in order.
    ///
    /// # Errors
    /// The first that fails.
    pub async fn views<C: SolCall>(
        &self,
        to: Address,
        calls: &[C],
    ) -> Result<Vec<C::Return>, RpcError> {
        self.views_of(to, calls, &json!("latest")).await
    }

    /// The same in the state after a block, so that what several such requests tell fits together.
    ///
    /// # Errors
    /// The first that fails.
    pub async fn views_at<C: SolCall>(
        &self,
        to: Address,
        calls: &[C],
        block: u64,
    ) -> Result<Vec<C::Return>, RpcError> {
        self.views_of(to, calls, &json!(U64::from(block))).await
    }

    async fn views_of<C: SolCall>(
        &self,
        to: Address,
        calls: &[C],
        block: &Value,
    ) -> Result<Vec<C::Return>, RpcError> {
        let params: Vec<_> = calls
            .iter()
            .map(|call| view_params(to, call, block))
            .collect();
        let answers = self.batch::<Bytes>("eth_call", &params).await?;
        let returns = answers.into_iter().map(|data| {
            C::abi_decode_returns(&data?).map_err(|error| malformed(C::SIGNATURE, error))
        });
        returns.collect()
    }
}

/// The last cause says what happened ("Connection refused"), the others only where.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

fn view_params<C: SolCall>(to: Address, call: &C, block: &Value) -> Vec<Value> {
    let data = Bytes::from(call.abi_encode());
    vec![json!({"to": to, "input": data}), block.clone()]
}

fn array(params: &[Value], method: &str) -> Result<ArrayParams, RpcError> {
    let mut array = ArrayParams::new();
    for value in params {
        array
            .insert(value)
            .map_err(|error| malformed(method, error))?;
    }
    Ok(array)
}

fn decode<T: DeserializeOwned>(method: &str, answer: Value) -> Result<T, RpcError> {
    serde_json::from_value(answer).map_err(|error| malformed(method, error))
}

fn malformed(method: &str, cause: impl ToString) -> RpcError {
    RpcError::Malformed {
        method: method.to_owned(),
        cause: cause.to_string(),
    }
}

fn refused(error: &ErrorObject<'_>) -> RpcError {
    if error.code() == EXECUTION_REVERTED {
        let data = error
            .data()
            .and_then(|data| serde_json::from_str(data.get()).ok());
        return RpcError::Reverted(data.unwrap_or_default());
    }
    RpcError::Refused {
        code: error.code(),
        message: error.message().to_owned(),
    }
}
