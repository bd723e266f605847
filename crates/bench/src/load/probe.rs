//! Latency: from sending one transaction to holding its receipt. Everything here is final when RPC shows
//! it, so the receipt is the end.

use super::{
    client::{Client, METHOD_NOT_FOUND},
    submit::Signed,
};
use crate::stats::percentile;
use alloy_primitives::{U64, hex};
use eyre::{Result, bail};
use serde::{Deserialize as _, Serialize};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How often a receipt is asked for where nodes cannot wait themselves.
const POLL: Duration = Duration::from_millis(2);
/// A receipt that takes longer is an error.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The code of EIP-7966 for a transaction that is in the pool, and in no block in time.
const WAITED_LONG_ENOUGH: i64 = 4;

/// Milliseconds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Latency {
    pub(crate) count: usize,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
    /// The block that the slowest was included in.
    pub(crate) slowest_in: u64,
    /// `eth_sendRawTransactionSync`, or polling.
    pub(crate) method: &'static str,
}

/// Sends the transactions one after the other, with pauses between them.
///
/// # Errors
/// One is refused, fails, or takes too long.
pub(crate) async fn probe(
    mut client: Client,
    transactions: &[Signed],
    pause: Duration,
) -> Result<Option<Latency>> {
    let mut waits_itself = true;
    let mut times = Vec::new();
    let mut blocks = Vec::new();
    for transaction in transactions {
        // Pauses of different lengths, so that they do not fall into step with the blocks.
        tokio::time::sleep(pause.mul_f64(0.5 + (transaction.index * 7 % 10) as f64 / 10.0)).await;
        let raw = hex::encode_prefixed(&transaction.raw);
        let start = Instant::now();
        let mut receipt = Value::Null;
        if waits_itself {
            let method = "eth_sendRawTransactionSync";
            match client.try_call(method, json!([raw])).await? {
                Ok(result) => receipt = result,
                Err(error) if error.code == METHOD_NOT_FOUND => waits_itself = false,
                // The node has it, and waits no longer: its receipt is asked for below.
                Err(error) if error.code == WAITED_LONG_ENOUGH => {}
                Err(error) => bail!("{method}: {error}"),
            }
        }
        if !waits_itself {
            let _: Value = client.call("eth_sendRawTransaction", json!([raw])).await?;
        }
        while receipt.is_null() {
            let params = json!([transaction.hash]);
            receipt = client.call("eth_getTransactionReceipt", params).await?;
            if start.elapsed() > TIMEOUT {
                bail!("no receipt of {} after {TIMEOUT:?}", transaction.hash);
            }
            if receipt.is_null() {
                tokio::time::sleep(POLL).await;
            }
        }
        times.push(start.elapsed().as_secs_f64() * 1e3);
        blocks.push(U64::deserialize(&receipt["blockNumber"])?.to());
        if receipt["status"] != "0x1" {
            bail!("{} failed", transaction.hash);
        }
    }
    Ok(summary(&times, &blocks, waits_itself))
}

fn summary(times: &[f64], blocks: &[u64], waits_itself: bool) -> Option<Latency> {
    let slowest = times.iter().zip(blocks);
    let slowest = slowest.max_by(|(one, _), (other, _)| one.total_cmp(other));
    Some(Latency {
        slowest_in: *slowest?.1,
        count: times.len(),
        p50_ms: percentile(times, 50.0)?,
        p99_ms: percentile(times, 99.0)?,
        max_ms: percentile(times, 100.0)?,
        method: if waits_itself {
            "eth_sendRawTransactionSync"
        } else {
            "polling"
        },
    })
}
