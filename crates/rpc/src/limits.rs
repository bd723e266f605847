//! Every limit of the server, in one place. Each error that a limit causes names its field.

use serde::{Deserialize, Serialize};

/// Limits of the server. In the configuration file: `[rpc.limits]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Largest request body or WebSocket message, bytes.
    pub max_request_bytes: u32,
    /// Most calls in one batch.
    pub max_batch: u32,
    /// Largest response, bytes; of a batch, the sum.
    pub max_response_bytes: u32,
    /// From this size on an answer over HTTP is packed for clients that take gzip, bytes. Below, packing costs more than it saves.
    pub min_packed_bytes: u32,
    /// Answers that are packed at once; more are sent as they are.
    pub max_concurrent_packing: usize,
    /// Most open connections, HTTP and WebSocket together.
    pub max_connections: u32,
    /// Most subscriptions of one WebSocket connection.
    pub max_subscriptions_per_connection: u32,
    /// Answers and notifications that wait to be sent to one WebSocket client.
    pub subscription_buffer: u32,
    /// A subscription is ended when a notification waits for room in that buffer for longer than this,
    /// milliseconds.
    pub subscription_timeout_ms: u64,
    /// Calls of one WebSocket connection that are being answered at once.
    pub max_calls_per_connection: u32,
    /// Bytes of the requests of one WebSocket connection that are being answered or wait to be. While
    /// there are more, nothing is read from that connection.
    pub max_waiting_bytes: usize,
    /// Widest block range of a logs query, blocks.
    pub max_log_blocks: u64,
    /// Most logs in one answer.
    pub max_log_results: usize,
    /// Most bytes of the logs in one answer, as they lie in memory; the answer's JSON is about twice
    /// as large.
    pub max_log_bytes: usize,
    /// Most addresses, or alternatives for one topic, in a logs filter.
    pub max_log_addresses: usize,
    /// Most gas that a simulated call may use.
    pub call_gas: u64,
    /// Longest that a simulated call or a logs query may run, milliseconds.
    pub call_timeout_ms: u64,
    /// Simulated calls, logs queries and fee histories that run at once; more wait for at most `call_timeout_ms`.
    pub max_concurrent_calls: usize,
    /// Calls that read from disk at once, simulated ones among them; more wait for at most
    /// `call_timeout_ms`.
    pub max_concurrent_reads: usize,
    /// Most blocks of one `eth_simulateV1`; it may have four calls in all for each of them.
    pub max_simulated_blocks: usize,
    /// Most accounts, and most slots in all, of a state override.
    pub max_state_overrides: usize,
    /// Largest trace, bytes that a tracer may record.
    pub max_trace_bytes: u64,
    /// A client must send a request's header within this, milliseconds.
    pub header_timeout_ms: u64,
    /// A client must send a request's body within this, milliseconds.
    pub body_timeout_ms: u64,
    /// A client that takes nothing of what is sent to it for this long is cut off, milliseconds.
    pub write_timeout_ms: u64,
    /// Most filters (`eth_newFilter` and its kin) in all.
    pub max_filters: usize,
    /// A filter that nobody polls is dropped after this, milliseconds.
    pub filter_timeout_ms: u64,
    /// Most blocks of one `eth_feeHistory`.
    pub max_fee_history_blocks: u64,
    /// Longest wait of `eth_sendRawTransactionSync` that a caller may ask for, milliseconds.
    pub max_sync_timeout_ms: u64,
    /// Its wait when the caller names none, milliseconds.
    pub default_sync_timeout_ms: u64,
    /// Most pool transactions in one `txpool_content` or `txpool_inspect`.
    pub max_pool_results: usize,
    /// Most slots in one `hansa_getProof`.
    pub max_proof_slots: usize,
    /// Most transactions in one `hansa_getTransactionsByAddress`.
    pub max_address_transactions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_request_bytes: 2_000_000,
            max_batch: 100,
            max_response_bytes: 25_000_000,
            min_packed_bytes: 16_384,
            max_concurrent_packing: 2,
            max_connections: 500,
            max_subscriptions_per_connection: 32,
            subscription_buffer: 256,
            subscription_timeout_ms: 10_000,
            max_calls_per_connection: 64,
            max_waiting_bytes: 4_000_000,
            max_log_blocks: 10_000,
            max_log_results: 20_000,
            max_log_bytes: 12_000_000,
            max_log_addresses: 1_000,
            call_gas: 50_000_000,
            call_timeout_ms: 5_000,
            max_concurrent_calls: 16,
            max_concurrent_reads: 64,
            max_simulated_blocks: 256,
            max_state_overrides: 1_000,
            max_trace_bytes: 25_000_000,
            header_timeout_ms: 10_000,
            body_timeout_ms: 30_000,
            write_timeout_ms: 30_000,
            max_filters: 1_000,
            filter_timeout_ms: 300_000,
            max_fee_history_blocks: 1_024,
            max_sync_timeout_ms: 60_000,
            default_sync_timeout_ms: 2_000,
            max_pool_results: 10_000,
            max_proof_slots: 256,
            max_address_transactions: 100,
        }
    }
}
