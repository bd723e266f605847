//! A load generator that speaks to nodes as any wallet does: JSON-RPC over HTTP. Transactions are signed
//! beforehand; CPU time of the nodes is read from `/proc`.

mod client;
mod drive;
mod follow;
mod plan;
mod probe;
mod session;
mod submit;

pub(crate) use client::Client;
pub(crate) use plan::Rate;
pub(crate) use session::{Recipients, Session};

use crate::{
    cpu::{Usage, own_seconds, usage},
    report::Report,
    stats::{Sample, middle_rate},
    token::Token,
    world::Kind,
};
use clap::Args;
use eyre::{OptionExt as _, Result};
use probe::{Latency, probe};
use serde::Serialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use submit::Pace;

/// Receipts that are read after a run to see that transactions succeeded.
const RECEIPT_SAMPLE: usize = 500;
/// Between two probes, on average.
const PROBE_PAUSE: Duration = Duration::from_millis(200);

/// What to send where.
#[derive(Args, Clone, Debug)]
pub(crate) struct LoadArgs {
    /// Nodes to send to
    #[arg(long, required = true, value_delimiter = ',')]
    rpc: Vec<String>,
    /// What transactions do
    #[arg(long, value_enum, default_value = "transfer")]
    kind: Kind,
    /// Who receives
    #[arg(long, value_enum, default_value = "senders")]
    recipients: Recipients,
    /// Accounts that send
    #[arg(long, default_value_t = 1_000)]
    accounts: u64,
    /// Transactions; 0 with --probes measures latency on an idle chain
    #[arg(long, default_value_t = 50_000)]
    txs: u64,
    /// `max`, or transactions per second
    #[arg(long, default_value = "max")]
    rate: Rate,
    /// Transactions per request
    #[arg(long, default_value_t = 100)]
    batch: usize,
    /// Connections
    #[arg(long, default_value_t = 8)]
    connections: u64,
    /// Most transactions that are submitted and not yet included
    #[arg(long, default_value_t = 10_000)]
    in_flight: u64,
    /// Transactions that measure latency while the others are sent
    #[arg(long, default_value_t = 0)]
    probes: u64,
    /// Processes whose CPU time and memory are measured
    #[arg(long, value_delimiter = ',')]
    pids: Vec<u32>,
    /// Give up when nothing was included for this long, seconds
    #[arg(long, default_value_t = 30)]
    patience: u64,
    /// Number that the accounts' keys follow from
    #[arg(long)]
    seed: Option<u64>,
}

/// One run of a session.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) kind: Kind,
    pub(crate) recipients: Recipients,
    pub(crate) txs: u64,
    pub(crate) rate: Rate,
    pub(crate) connections: u64,
    pub(crate) in_flight: u64,
    pub(crate) probes: u64,
    pub(crate) pids: Vec<u32>,
}

/// What a run found.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) kind: Kind,
    pub(crate) txs: u64,
    /// Taken by the nodes' pools, per second.
    pub(crate) submitted_per_s: f64,
    /// Included, per second from the first submission to the last inclusion. What aims are held against.
    pub(crate) included_per_s: f64,
    /// The same over the middle of the run. Where a run is not many times what may be in flight, this
    /// counts a queue that drains, whose senders were recovered before, and is no sustained rate.
    pub(crate) middle_per_s: Option<f64>,
    pub(crate) duration_s: f64,
    pub(crate) blocks: u64,
    /// Neither in a block nor with a receipt.
    pub(crate) lost: usize,
    /// Of the receipts that were looked at, those of failed transactions.
    pub(crate) failed: usize,
    pub(crate) receipts_read: usize,
    pub(crate) given_up: u64,
    pub(crate) refusals: BTreeMap<String, u64>,
    pub(crate) latency: Option<Latency>,
    /// CPU time of all measured processes together per transaction, microseconds.
    pub(crate) cpu_us_per_tx: f64,
    /// CPU time of this generator per transaction, microseconds.
    pub(crate) generator_us_per_tx: f64,
    pub(crate) processes: Vec<Usage>,
}

/// Executes a run.
///
/// # Errors
/// A node cannot be reached, or a probe fails.
pub(crate) async fn execute(session: &mut Session, run: &Run) -> Result<Outcome> {
    let (plans, probes) = session
        .sign_run(
            run.kind,
            run.recipients,
            run.txs,
            run.probes,
            run.connections,
        )
        .await?;
    let hashes: Vec<_> = plans
        .iter()
        .flatten()
        .map(|tx| (tx.index, tx.hash))
        .collect();
    let measure = || -> Result<Vec<Usage>> { run.pids.iter().map(|pid| usage(*pid)).collect() };
    let (before, own_before) = (measure()?, own_seconds());
    let pace = Pace {
        rate: run.rate,
        in_flight: run.in_flight,
    };
    let prober = session.client()?;
    let (drive, latency) = tokio::try_join!(
        session::run(session, plans, pace),
        probe(prober, &probes, PROBE_PAUSE),
    )?;
    let (after, own_after) = (measure()?, own_seconds());
    let cpu: f64 = after
        .iter()
        .zip(&before)
        .map(|(a, b)| a.cpu_s - b.cpu_s)
        .fold(0.0, |sum, seconds| sum + seconds);
    let missing = &drive.seen.missing;
    let (lost, sample): (Vec<_>, Vec<_>) = hashes
        .iter()
        .partition(|(index, _)| missing.binary_search(index).is_ok());
    let mut client = session.client()?;
    let mut lost_hashes = 0;
    for receipt in receipts(&mut client, lost.iter().map(|(_, hash)| json!([hash]))).await? {
        lost_hashes += usize::from(receipt.is_null());
    }
    let step = (sample.len() / RECEIPT_SAMPLE).max(1);
    let sample = sample.iter().step_by(step).map(|(_, hash)| json!([hash]));
    let receipts = receipts(&mut client, sample).await?;
    let included = drive.seen.samples.last().map_or(0, |(_, count)| *count);
    let duration_s = drive.duration.as_secs_f64();
    let per_tx = |seconds: f64| seconds * 1e6 / (run.txs + run.probes).max(1) as f64;
    let submission = drive.submission.as_secs_f64();
    Ok(Outcome {
        kind: run.kind,
        txs: run.txs,
        submitted_per_s: if submission > 0.0 {
            drive.submitted as f64 / submission
        } else {
            0.0
        },
        included_per_s: rate_to(drive.seen.samples.last()),
        middle_per_s: middle_rate(&drive.seen.samples, included),
        duration_s,
        blocks: drive.seen.blocks,
        lost: lost_hashes,
        failed: receipts
            .iter()
            .filter(|receipt| receipt["status"] != "0x1")
            .count(),
        receipts_read: receipts.len(),
        given_up: drive.given_up,
        refusals: drive.refusals,
        latency,
        cpu_us_per_tx: per_tx(cpu),
        generator_us_per_tx: per_tx(own_after - own_before),
        processes: after,
    })
}

/// Per second from the start to a sample.
fn rate_to(sample: Option<&Sample>) -> f64 {
    match sample {
        Some((seconds, count)) if *seconds > 0.0 => *count as f64 / seconds,
        _ => 0.0,
    }
}

async fn receipts(client: &mut Client, params: impl Iterator<Item = Value>) -> Result<Vec<Value>> {
    let params: Vec<Value> = params.collect();
    let mut receipts = Vec::with_capacity(params.len());
    for chunk in params.chunks(100) {
        receipts.extend(
            client
                .call_batch("eth_getTransactionReceipt", chunk)
                .await?,
        );
    }
    Ok(receipts)
}

/// Adds a run's results to a report.
///
/// # Errors
/// It cannot be kept as JSON.
pub(crate) fn describe(
    report: &mut Report,
    section: &str,
    name: &str,
    outcome: &Outcome,
) -> Result<()> {
    let what = |text: &str| format!("{name}: {text}");
    if outcome.txs > 0 {
        report.row(
            section,
            what("included"),
            outcome.included_per_s,
            "/s",
            None,
        );
        report.row(
            section,
            what("submitted"),
            outcome.submitted_per_s,
            "/s",
            None,
        );
        let lost = Some(crate::report::Aim::AtMost(0.0));
        report.row(section, what("lost"), outcome.lost as f64, "", lost);
        report.row(
            section,
            what("failed, of a sample"),
            outcome.failed as f64,
            "",
            lost,
        );
    }
    if let Some(latency) = &outcome.latency {
        report.row(section, what("latency p50"), latency.p50_ms, "ms", None);
        report.row(section, what("latency p99"), latency.p99_ms, "ms", None);
    }
    if !outcome.processes.is_empty() && outcome.txs > 0 {
        report.row(
            section,
            what("CPU of all processes"),
            outcome.cpu_us_per_tx,
            "us/tx",
            None,
        );
    }
    for (refusal, count) in &outcome.refusals {
        report.note(format!(
            "{section}, {name}: refused {count} times: {refusal}"
        ));
    }
    report.detail(&format!("{section}: {name}"), outcome)
}

/// Runs the generator alone.
///
/// # Errors
/// See [`execute`].
pub(crate) fn run(args: &LoadArgs, token: Option<&Token>, report: &mut Report) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let seed = args.seed.unwrap_or_else(fresh_seed);
        let patience = Duration::from_secs(args.patience);
        let urls = args.rpc.clone();
        // One account more: the prober's.
        let accounts = args.accounts + 1;
        let mut session = Session::open(urls, accounts, seed, args.batch, patience).await?;
        if args.kind == Kind::Erc20 {
            let token = token.ok_or_eyre("ERC-20 transfers need a token: run `make contracts`")?;
            session.deploy(token).await?;
        }
        let run = Run {
            kind: args.kind,
            recipients: args.recipients,
            txs: args.txs,
            rate: args.rate,
            connections: args.connections,
            in_flight: args.in_flight,
            probes: args.probes,
            pids: args.pids.clone(),
        };
        let outcome = execute(&mut session, &run).await?;
        describe(report, "load", args.kind.name(), &outcome)?;
        for process in &outcome.processes {
            let name = format!("process {}: peak memory", process.pid);
            report.row("load", name, process.peak_rss_mib, "MiB", None);
        }
        report.row(
            "load",
            "generator itself",
            outcome.generator_us_per_tx,
            "us/tx",
            None,
        );
        Ok(())
    })
}

/// A seed that no earlier run used: accounts start with nonce 0 and without history.
pub(crate) fn fresh_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| now.as_nanos() as u64)
}
