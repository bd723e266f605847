//! Watching blocks: which transactions are included, and when that was seen.

use super::client::Client;
use crate::stats::Sample;
use alloy_primitives::{B256, U64, U128, map::HashMap};
use eyre::{Result, bail, ensure};
use serde::Deserialize;
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How often the head is asked for.
const POLL: Duration = Duration::from_millis(25);

/// What is shared with those who send.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Taken by a node's pool.
    pub(crate) submitted: AtomicU64,
    /// Of these, seen in a block.
    pub(crate) included: AtomicU64,
    /// Nobody waits for inclusion any more: there is no use in sending.
    pub(crate) stopped: AtomicBool,
}

/// What the blocks held.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Cumulative, by seconds since the start of the run.
    pub(crate) samples: Vec<Sample>,
    /// Blocks, with those that held none of the run's transactions.
    pub(crate) blocks: u64,
    /// Run indices of what never came.
    pub(crate) missing: Vec<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Block {
    transactions: Vec<B256>,
    base_fee_per_gas: U128,
}

/// Follows the chain behind `client` from after block `from`, until all of `wanted` (hash to run index)
/// is included, or none was for `patience`.
///
/// # Errors
/// The node cannot be reached, or the base fee rises over `fee_cap`: what is measured then is how fast fees
/// fall, not how fast the chain is.
pub(crate) async fn follow(
    mut client: Client,
    from: u64,
    mut wanted: HashMap<B256, u64>,
    progress: Arc<Progress>,
    fee_cap: u128,
    patience: Duration,
    start: Instant,
) -> Result<Seen> {
    let mut seen = Seen::default();
    let mut next = from + 1;
    let mut last_news = Instant::now();
    while !wanted.is_empty() {
        let head: U64 = client.call("eth_blockNumber", json!([])).await?;
        while next <= head.to::<u64>() {
            let params = json!([U64::from(next), false]);
            let block: Option<Block> = client.call("eth_getBlockByNumber", params).await?;
            let Some(block) = block else {
                bail!("block {next} is not there, but the head is {head}");
            };
            ensure!(
                block.base_fee_per_gas.to::<u128>() <= fee_cap,
                "block {next} has a base fee of {} wei, and the load offers {fee_cap}: send less in one session",
                block.base_fee_per_gas
            );
            next += 1;
            seen.blocks += 1;
            let hashes = block.transactions.iter();
            let new = hashes.filter(|hash| wanted.remove(*hash).is_some()).count() as u64;
            if new > 0 {
                last_news = Instant::now();
                let included = progress.included.fetch_add(new, Ordering::Relaxed) + new;
                seen.samples.push((start.elapsed().as_secs_f64(), included));
            }
        }
        if last_news.elapsed() > patience {
            break;
        }
        tokio::time::sleep(POLL).await;
    }
    seen.missing = wanted.into_values().collect();
    seen.missing.sort_unstable();
    Ok(seen)
}
