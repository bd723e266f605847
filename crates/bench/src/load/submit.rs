//! Sending signed transactions in batches, at a rate, without flooding the pools.

use super::{
    client::{Client, RpcError},
    follow::Progress,
    plan::Rate,
};
use alloy_primitives::{B256, hex};
use bytes::Bytes;
use eyre::{Context as _, Result, ensure};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

/// What a refused transaction waits before it is offered again.
const RETRY: Duration = Duration::from_millis(100);
/// How often a batch is offered before its refused transactions are given up.
const ATTEMPTS: usize = 50;
/// How often it is looked whether there is room for more in flight.
const ROOM_POLL: Duration = Duration::from_millis(2);

/// A signed transaction of the run.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    pub(crate) index: u64,
    pub(crate) hash: B256,
    /// EIP-2718 encoding.
    pub(crate) raw: Vec<u8>,
}

/// How to send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) rate: Rate,
    /// Most transactions of the run that are submitted and not included, over all workers.
    pub(crate) in_flight: u64,
}

/// What one worker met.
#[derive(Debug, Default)]
pub(crate) struct Submitted {
    /// Error messages and how often each came; retries count again.
    pub(crate) refusals: BTreeMap<String, u64>,
    /// Given up.
    pub(crate) given_up: u64,
    /// When the last batch was taken, after the start of the run.
    pub(crate) end: Duration,
}

#[derive(Deserialize)]
struct Answer {
    id: u64,
    #[serde(default)]
    error: Option<serde_json::Value>,
}

/// Request bodies, made beforehand.
pub(crate) fn bodies(transactions: &[Signed], batch: usize) -> Vec<(Vec<Signed>, Bytes)> {
    transactions
        .chunks(batch.max(1))
        .map(|chunk| (chunk.to_vec(), body(chunk)))
        .collect()
}

fn body(transactions: &[Signed]) -> Bytes {
    let mut body = String::from("[");
    for transaction in transactions {
        if body.len() > 1 {
            body.push(',');
        }
        body.push_str(&format!(
            r#"{{"jsonrpc":"2.0","id":{},"method":"eth_sendRawTransaction","params":["0x{}"]}}"#,
            transaction.index,
            hex::encode(&transaction.raw)
        ));
    }
    body.push(']');
    body.into()
}

/// Sends `batches` in order.
///
/// # Errors
/// The node cannot be reached, or its answer is not JSON-RPC.
pub(crate) async fn submit(
    mut client: Client,
    batches: Vec<(Vec<Signed>, Bytes)>,
    pace: Pace,
    progress: Arc<Progress>,
    start: Instant,
) -> Result<Submitted> {
    let mut result = Submitted::default();
    for (mut transactions, mut body) in batches {
        let first = transactions.first().map_or(0, |first| first.index);
        tokio::time::sleep_until((start + pace.rate.due(first)).into()).await;
        for attempt in 1.. {
            if !wait_for_room(pace.in_flight, transactions.len() as u64, &progress).await {
                return Ok(result);
            }
            let refused = offer(&mut client, body, &mut result.refusals).await?;
            let taken = transactions.len() - refused.len();
            progress
                .submitted
                .fetch_add(taken as u64, Ordering::Relaxed);
            if refused.is_empty() {
                break;
            }
            if attempt == ATTEMPTS {
                result.given_up += refused.len() as u64;
                break;
            }
            transactions.retain(|transaction| refused.contains(&transaction.index));
            body = self::body(&transactions);
            tokio::time::sleep(RETRY).await;
        }
        result.end = start.elapsed();
    }
    Ok(result)
}

/// Waits until `more` fit under `most` in flight; false when the run is over before.
async fn wait_for_room(most: u64, more: u64, progress: &Progress) -> bool {
    while !progress.stopped.load(Ordering::Relaxed) {
        let included = progress.included.load(Ordering::Relaxed);
        let submitted = progress.submitted.load(Ordering::Relaxed);
        let in_flight = submitted.saturating_sub(included);
        if in_flight == 0 || in_flight + more <= most {
            return true;
        }
        tokio::time::sleep(ROOM_POLL).await;
    }
    false
}

/// Sends one batch; gives the indices of what was refused.
async fn offer(
    client: &mut Client,
    body: Bytes,
    refusals: &mut BTreeMap<String, u64>,
) -> Result<HashSet<u64>> {
    let answer = client.post(body).await?;
    let answers: Vec<Answer> = serde_json::from_slice(&answer).wrap_err_with(|| {
        let text = String::from_utf8_lossy(&answer);
        format!("a batch was answered with {}", &text[..text.len().min(300)])
    })?;
    ensure!(!answers.is_empty(), "a batch was answered with nothing");
    let mut refused = HashSet::new();
    for answer in answers {
        let Some(error) = answer.error else { continue };
        let error = RpcError::from_json(&error);
        // In the pool or in a block already: an earlier offer went through.
        let is_there = ["already known", "nonce too low", "already imported"]
            .iter()
            .any(|words| error.message.contains(words));
        if !is_there {
            *refusals.entry(error.to_string()).or_default() += 1;
            refused.insert(answer.id);
        }
    }
    Ok(refused)
}

#[cfg(test)]
mod tests;
