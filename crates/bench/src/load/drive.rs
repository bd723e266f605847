//! One run: workers that send, and one follower that counts what blocks include.

use super::{
    client::Client,
    follow::{Progress, Seen, follow},
    submit::{Pace, Signed, bodies, submit},
};
use alloy_primitives::{U64, map::HashMap};
use eyre::Result;
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

/// What came of a run.
#[derive(Debug, Default)]
pub(crate) struct Drive {
    pub(crate) seen: Seen,
    /// Taken by the nodes.
    pub(crate) submitted: u64,
    /// Until the last was taken.
    pub(crate) submission: Duration,
    /// Until the last was seen in a block, or given up.
    pub(crate) duration: Duration,
    /// Error messages and how often each came.
    pub(crate) refusals: BTreeMap<String, u64>,
    /// Given up by those who sent.
    pub(crate) given_up: u64,
}

/// Sends `plans`, one connection each, spread over `urls`; the first URL's node is followed.
///
/// # Errors
/// A node cannot be reached, or the base fee rises over `fee_cap`.
pub(crate) async fn drive(
    urls: &[String],
    plans: Vec<Vec<Signed>>,
    pace: Pace,
    batch: usize,
    fee_cap: u128,
    patience: Duration,
) -> Result<Drive> {
    let all = plans.iter().flatten();
    let wanted: HashMap<_, _> = all.map(|signed| (signed.hash, signed.index)).collect();
    let batches: Vec<_> = plans.iter().map(|plan| bodies(plan, batch)).collect();
    drop(plans);
    let mut client = Client::new(&urls[0])?;
    let from: U64 = client.call("eth_blockNumber", json!([])).await?;
    let progress = Arc::new(Progress::default());
    let start = Instant::now();
    let follower = follow(
        client,
        from.to(),
        wanted,
        progress.clone(),
        fee_cap,
        patience,
        start,
    );
    let stop = progress.clone();
    let follower = tokio::spawn(async move {
        let seen = follower.await;
        stop.stopped.store(true, Ordering::Relaxed);
        seen
    });
    let mut workers = Vec::new();
    for (index, batches) in batches.into_iter().enumerate() {
        let client = Client::new(&urls[index % urls.len()])?;
        workers.push(tokio::spawn(submit(
            client,
            batches,
            pace,
            progress.clone(),
            start,
        )));
    }
    let mut result = Drive::default();
    let mut failure = None;
    for worker in workers {
        match worker.await? {
            Ok(submitted) => {
                result.submission = result.submission.max(submitted.end);
                result.given_up += submitted.given_up;
                for (refusal, count) in submitted.refusals {
                    *result.refusals.entry(refusal).or_default() += count;
                }
            }
            Err(error) => failure = Some(error),
        }
    }
    if let Some(error) = failure {
        follower.abort();
        return Err(error);
    }
    result.seen = follower.await??;
    result.duration = start.elapsed();
    result.submitted = progress.submitted.load(Ordering::Relaxed);
    Ok(result)
}
