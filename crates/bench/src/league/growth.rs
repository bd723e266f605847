//! Growth: what a large state and a long chain cost.

use super::{LeagueArgs, MOST_MEMORY_MIB, SECTION, Steps, recovery, start::League};
use crate::{
    load::{Rate, Recipients, Run, Session, execute},
    report::{Aim, Report},
    world::Kind,
};
use alloy_primitives::U64;
use clap::Args;
use eyre::Result;
use serde_json::json;

/// Transactions of one step of filling.
const STEP: u64 = 100_000;

/// Sizes of the growth benchmark.
#[derive(Args, Clone, Debug)]
pub(crate) struct GrowthArgs {
    #[command(flatten)]
    league: LeagueArgs,
    /// Accounts that the state grows to
    #[arg(long, default_value_t = 1_000_000)]
    grow_accounts: u64,
    /// Blocks that the chain grows to
    #[arg(long, default_value_t = 100_000)]
    grow_blocks: u64,
}

/// Measures throughput on a young chain, with many accounts, and after many blocks.
///
/// # Errors
/// The league does not start, or stops.
pub(crate) fn run(args: &GrowthArgs, report: &mut Report) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(grow(args, report))
}

async fn grow(args: &GrowthArgs, report: &mut Report) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let mut league = League::start(args.league.setup(directory.path())).await?;
    let steps = args.league.steps();
    let trickle = 10_000.0 / args.league.interval_ms.unwrap_or(100) as f64;
    let mut session = Session::open_default(league.urls(), steps.accounts).await?;
    let run = steps.max(
        Kind::Transfer,
        Recipients::Senders,
        steps.txs,
        &league.pids(),
    );
    // Ten thousand accounts.
    fill(&mut session, &steps, 0, 10_000).await?;
    let young = execute(&mut session, &run).await?;
    report.detail("growth: young", &young)?;
    report.row(SECTION, "growth: young", young.included_per_s, "/s", None);

    let accounts = fill(&mut session, &steps, 10_000, args.grow_accounts).await?;
    let large = execute(&mut session, &run).await?;
    report.detail("growth: accounts", &large)?;
    compare(
        report,
        &format!("{accounts} accounts"),
        large.included_per_s,
        young.included_per_s,
    );
    for (index, pid) in league.pids().into_iter().enumerate() {
        let peak = crate::cpu::usage(pid)?.peak_rss_mib;
        let name = format!("operator {}: peak memory at {accounts} accounts", index + 1);
        let aim = Some(Aim::AtMost(MOST_MEMORY_MIB));
        report.row(SECTION, name, peak, "MiB", aim);
    }

    // Where there is but one operator, nobody is left to send to meanwhile.
    let last = league.operators.len() - 1;
    if last > 0 {
        let key = recovery::public_key(&league.operators[last].rpc).await?;
        let took = recovery::kill_and_wait(&mut league, &mut session, last, &key).await?;
        let name = format!("kill -9 to voting again at {accounts} accounts");
        let aim = Some(Aim::AtMost(5.0));
        report.row(SECTION, name, took.as_secs_f64(), "s", aim);
    }

    let mut client = session.client()?;
    let blocks = loop {
        let head = client
            .call::<U64>("eth_blockNumber", json!([]))
            .await?
            .to::<u64>();
        if head >= args.grow_blocks {
            break head;
        }
        // A few transactions a block, as often as the chain makes blocks (see --interval-ms).
        let trickle = Run {
            rate: Rate::PerSecond(trickle),
            ..steps.max(Kind::Transfer, Recipients::Senders, 10_000, &[])
        };
        session.batch = 1;
        execute(&mut session, &trickle).await?;
        session.batch = 100;
        eprintln!("block {head}");
    };
    // An operator has another process since it was killed.
    let run = Run {
        pids: league.pids(),
        ..run
    };
    let long = execute(&mut session, &run).await?;
    report.detail("growth: blocks", &long)?;
    compare(
        report,
        &format!("{blocks} blocks"),
        long.included_per_s,
        young.included_per_s,
    );
    Ok(())
}

/// Sends to new accounts until there are so many; gives how many there are.
pub(super) async fn fill(
    session: &mut Session,
    steps: &Steps,
    mut accounts: u64,
    wanted: u64,
) -> Result<u64> {
    while accounts < wanted {
        let txs = STEP.min(wanted - accounts);
        let fill = steps.max(Kind::Transfer, Recipients::Fresh, txs, &[]);
        let outcome = execute(session, &fill).await?;
        accounts += txs;
        let rate = outcome.included_per_s;
        eprintln!("{accounts} accounts, {rate:.0} transfers/s");
    }
    Ok(accounts)
}

fn compare(report: &mut Report, name: &str, rate: f64, young: f64) {
    report.row(SECTION, format!("growth: {name}"), rate, "/s", None);
    let aim = Some(Aim::AtLeast(0.8));
    report.row(
        SECTION,
        format!("growth: {name}, over young"),
        rate / young,
        "",
        aim,
    );
}
