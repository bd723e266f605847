//! The words and codes of every error: go-ethereum's, because clients match on them.

use hansa_state::StateError;
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::Value;
use std::fmt::Display;

/// EIP-1474: a limit of this server.
pub const LIMIT_EXCEEDED: i32 = -32005;
/// go-ethereum: anything that its pool or its chain refuses.
pub const SERVER_ERROR: i32 = -32000;
/// go-ethereum: the EVM reverted; `data` is what it returned.
pub const EXECUTION_REVERTED: i32 = 3;
/// EIP-7966: `eth_sendRawTransactionSync` gave up waiting; `data` is the hash.
pub const SYNC_TIMEOUT: i32 = 4;
/// go-ethereum: a block that this node never had, or has no more.
pub const HISTORY_UNAVAILABLE: i32 = 4444;
/// JSON-RPC 2.0: no such method.
pub const METHOD_NOT_FOUND: i32 = -32601;
/// JSON-RPC 2.0: parameters of the wrong shape.
pub const INVALID_PARAMS: i32 = -32602;
/// JSON-RPC 2.0: our own failure.
pub const INTERNAL: i32 = -32603;

/// What a method answers when it cannot answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// JSON-RPC code.
    pub code: i32,
    /// One line.
    pub message: String,
    /// For machines.
    pub data: Option<Value>,
}

/// The outcome of a method.
pub(crate) type CallResult<T> = Result<T, Fault>;

impl Fault {
    /// A code and its words.
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }

    /// With `data`.
    pub fn with_data(mut self, data: Value) -> Self {
        self.data = Some(data);
        self
    }

    /// `-32602`.
    pub(crate) fn params(message: impl Into<String>) -> Self {
        Self::new(INVALID_PARAMS, message)
    }

    /// `-32000`.
    pub(crate) fn server(message: impl Into<String>) -> Self {
        Self::new(SERVER_ERROR, message)
    }

    /// `-32603`. The cause goes to the log, not to the client.
    pub(crate) fn internal(cause: impl Display) -> Self {
        tracing::error!(%cause, "rpc: internal error");
        Self::new(INTERNAL, "internal error: see the node's log")
    }

    /// `-32005`, naming the limit's field in [`crate::Limits`].
    pub(crate) fn limit(name: &str, limit: impl Display, what: impl Display) -> Self {
        Self::new(
            LIMIT_EXCEEDED,
            format!("limit exceeded: {what} (rpc.limits.{name} = {limit})"),
        )
    }

    /// A block that a state query names and that is not there.
    pub(crate) fn header_not_found() -> Self {
        Self::server("header not found")
    }
}

impl From<StateError> for Fault {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Pruned { .. } => Self::server(error.to_string()),
            StateError::Future { .. } => Self::header_not_found(),
            StateError::Database(cause) => Self::internal(cause),
        }
    }
}

impl From<Fault> for ErrorObjectOwned {
    fn from(fault: Fault) -> Self {
        Self::owned(fault.code, fault.message, fault.data)
    }
}
