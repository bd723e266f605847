//! Handover: how long blocks wait when one epoch's committee makes place for the next.

use super::{
    LeagueArgs,
    start::{Epochs, League},
};
use crate::{
    load::{Client, Outcome, Rate, Recipients, Run, Session, describe, execute},
    report::{Aim, Report},
    stats::{median, percentile},
    world::Kind,
};
use alloy_primitives::U64;
use clap::Args;
use eyre::{OptionExt as _, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const SECTION: &str = "epochs";
/// Blocks per request.
const BATCH: usize = 100;
/// Fewer changes say nothing of the longest gap.
const MIN_CHANGES: usize = 3;

/// Sizes of the handover benchmark.
#[derive(Args, Clone, Debug)]
pub(crate) struct EpochsArgs {
    #[command(flatten)]
    league: LeagueArgs,
    /// Blocks of an epoch
    #[arg(long, default_value_t = 50)]
    epoch_blocks: u64,
    /// Blocks between fixing the next committee and the end of the epoch
    #[arg(long, default_value_t = 5)]
    freeze_blocks: u64,
    /// Transactions per second, of --load-txs in all; at 10 blocks per second the default load lasts 600 blocks
    #[arg(long, default_value_t = 1_000.0)]
    load_rate: f64,
}

/// What is read of a block.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Header {
    number: u64,
    timestamp_ms: u64,
    is_empty: bool,
}

/// Milliseconds between a block and its parent, by where the block stands.
#[derive(Clone, Debug, Default, PartialEq)]
struct Intervals {
    /// Of all blocks but the first ones of epochs.
    inside: Vec<f64>,
    /// Of the first blocks of epochs.
    across: Vec<f64>,
}

/// Measures the intervals of a league with short epochs under a steady load.
///
/// # Errors
/// The league does not start or stops, or the load ends before enough epochs have.
pub(crate) fn run(args: &EpochsArgs, report: &mut Report) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(handover(args, report))
}

async fn handover(args: &EpochsArgs, report: &mut Report) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let mut setup = args.league.setup(directory.path());
    // A genesis of our own.
    setup.nodes = true;
    setup.epochs = Some(Epochs {
        blocks: args.epoch_blocks,
        freeze_blocks: args.freeze_blocks,
    });
    let league = League::start(setup).await?;
    let mut session = Session::open_default(league.urls(), args.league.load_accounts).await?;
    let mut client = session.client()?;
    let from = head(&mut client).await?;
    let outcome = load(args, &mut session).await?;
    describe(report, SECTION, Kind::Transfer.name(), &outcome)?;
    let to = head(&mut client).await?;
    // Before the first of the load's blocks, the chain waited until it was signed.
    let headers = headers(&mut client, from + 1, to).await?;
    report.detail("epochs: blocks", &headers)?;
    summarize(report, &intervals(loaded(&headers), args.epoch_blocks))
}

async fn load(args: &EpochsArgs, session: &mut Session) -> Result<Outcome> {
    let run = Run {
        kind: Kind::Transfer,
        recipients: Recipients::Senders,
        txs: args.league.load_txs,
        rate: Rate::PerSecond(args.load_rate),
        connections: 8,
        in_flight: 10_000,
        probes: 0,
        pids: Vec::new(),
    };
    // Small requests: every block finds transactions.
    session.batch = 10;
    execute(session, &run).await
}

fn summarize(report: &mut Report, intervals: &Intervals) -> Result<()> {
    let changes = intervals.across.len();
    ensure!(
        changes >= MIN_CHANGES,
        "only {changes} epochs ended under load: send more with --load-txs"
    );
    report.row(SECTION, "epochs that ended", changes as f64, "", None);
    let mut middles = Vec::new();
    for (name, values) in [
        ("inside an epoch", &intervals.inside),
        ("across a change", &intervals.across),
    ] {
        let middle = median(values).ok_or_eyre("no block was made")?;
        let longest = percentile(values, 100.0).ok_or_eyre("no block was made")?;
        report.row(
            SECTION,
            format!("interval {name}: median"),
            middle,
            "ms",
            None,
        );
        report.row(
            SECTION,
            format!("interval {name}: longest"),
            longest,
            "ms",
            None,
        );
        middles.push((middle, longest));
    }
    let [(normal, longest_inside), (middle, longest)] = middles[..] else {
        return Ok(());
    };
    let twice = Some(Aim::AtMost(2.0));
    let rows = [
        (
            "median across a change, over that inside",
            middle / normal,
            None,
        ),
        (
            "longest across a change, over the median inside",
            longest / normal,
            twice,
        ),
        // What the machine does to any block shows here.
        (
            "longest inside an epoch, over the median inside",
            longest_inside / normal,
            None,
        ),
    ];
    for (name, ratio, aim) in rows {
        report.row(SECTION, name, ratio, "x", aim);
    }
    Ok(())
}

async fn head(client: &mut Client) -> Result<u64> {
    let number: U64 = client.call("eth_blockNumber", json!([])).await?;
    Ok(number.to())
}

/// The blocks `from..=to`.
async fn headers(client: &mut Client, from: u64, to: u64) -> Result<Vec<Header>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Block {
        number: U64,
        timestamp_ms: U64,
        transactions: Vec<Value>,
    }
    let params: Vec<Value> = (from..=to)
        .map(|number| json!([U64::from(number), false]))
        .collect();
    let mut headers = Vec::with_capacity(params.len());
    for chunk in params.chunks(BATCH) {
        for block in client.call_batch("eth_getBlockByNumber", chunk).await? {
            let block: Block = serde_json::from_value(block)?;
            headers.push(Header {
                number: block.number.to(),
                timestamp_ms: block.timestamp_ms.to(),
                is_empty: block.transactions.is_empty(),
            });
        }
    }
    Ok(headers)
}

/// Without the blocks before the first and after the last transaction: then the chain has nothing to do.
fn loaded(headers: &[Header]) -> &[Header] {
    let is_full = |header: &Header| !header.is_empty;
    match (
        headers.iter().position(is_full),
        headers.iter().rposition(is_full),
    ) {
        (Some(first), Some(last)) => &headers[first..=last],
        _ => &[],
    }
}

/// Of blocks that follow each other.
fn intervals(headers: &[Header], epoch_blocks: u64) -> Intervals {
    let mut intervals = Intervals::default();
    for pair in headers.windows(2) {
        let ms = pair[1].timestamp_ms.saturating_sub(pair[0].timestamp_ms) as f64;
        if pair[1].number.is_multiple_of(epoch_blocks) {
            intervals.across.push(ms);
        } else {
            intervals.inside.push(ms);
        }
    }
    intervals
}

#[cfg(test)]
mod tests;
