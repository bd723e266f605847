//! A whole league on this machine, under load from outside: throughput, latency, CPU time, memory, and
//! what the loss of an operator costs. Anvil takes the same load in the same run.

mod epochs;
mod growth;
mod join;
mod peer;
mod recovery;
mod start;
mod taxii;
mod zones;

pub(crate) use epochs::{EpochsArgs, run as run_epochs};
pub(crate) use growth::{GrowthArgs, run as run_growth};
pub(crate) use join::{JoinArgs, run as run_join};
pub(crate) use zones::{ZonesArgs, run as run_zones};

use crate::{
    floor,
    load::{Outcome, Rate, Recipients, Run, Session, describe, execute},
    report::{Aim, Report},
    token::Token,
    world::Kind,
};
use clap::Args;
use eyre::{OptionExt as _, Result};
use start::{League, Setup};
use std::{
    path::{Path, PathBuf},
    time::Instant,
};

/// What an operator may take: 400 MB.
const MOST_MEMORY_MIB: f64 = 400e6 / 1_048_576.0;
const SECTION: &str = "league";

/// How to start a league and how much to send.
#[derive(Args, Clone, Debug)]
pub(crate) struct LeagueArgs {
    /// The hansa binary
    #[arg(long, default_value = "target/release/hansa")]
    hansa: PathBuf,
    /// First of the ports of the league; anvil listens 100 above
    #[arg(long, default_value_t = 19_100)]
    port_base: u16,
    /// Operators
    #[arg(long, default_value_t = 4)]
    operators: u16,
    /// Write genesis and configurations here and run `hansa node`, instead of `hansa up`
    #[arg(long)]
    nodes: bool,
    /// Accounts in the genesis; needs --nodes
    #[arg(long, default_value_t = 0)]
    genesis_accounts: u64,
    /// Minimum block interval in ms, instead of the genesis default; needs --nodes
    #[arg(long)]
    interval_ms: Option<u64>,
    /// Accounts that send
    #[arg(long, default_value_t = 1_000)]
    load_accounts: u64,
    /// Transactions of each throughput run
    #[arg(long, default_value_t = 60_000)]
    load_txs: u64,
    /// Transactions that measure latency, per run
    #[arg(long, default_value_t = 50)]
    probes: u64,
    /// Leave anvil out
    #[arg(long)]
    no_peer: bool,
    /// Leave the TAXII walk out
    #[arg(long)]
    no_taxii: bool,
}

impl LeagueArgs {
    fn setup(&self, directory: &Path) -> Setup {
        Setup {
            hansa: self.hansa.clone(),
            directory: directory.to_owned(),
            port_base: self.port_base,
            operators: self.operators,
            nodes: self.nodes,
            genesis_accounts: self.genesis_accounts,
            interval_ms: self.interval_ms,
            epochs: None,
            newcomers: 0,
        }
    }

    fn steps(&self) -> Steps {
        Steps {
            accounts: self.load_accounts,
            txs: self.load_txs,
        }
    }
}

/// Sizes of the runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps {
    accounts: u64,
    txs: u64,
}

impl Steps {
    /// The kinds of transactions that can be sent, and how many of each; creates the token.
    async fn kinds(
        &self,
        session: &mut Session,
        token: Option<&Token>,
    ) -> Result<Vec<(Kind, u64)>> {
        let mut kinds = vec![(Kind::Transfer, self.txs)];
        if let Some(token) = token {
            session.deploy(token).await?;
            kinds.push((Kind::Erc20, self.txs));
        }
        Ok(kinds)
    }

    /// A run at full speed.
    fn max(&self, kind: Kind, recipients: Recipients, txs: u64, pids: &[u32]) -> Run {
        Run {
            kind,
            recipients,
            txs,
            rate: Rate::Max,
            connections: 8,
            in_flight: 10_000,
            probes: 0,
            pids: pids.to_vec(),
        }
    }
}

/// Runs the benchmark.
///
/// # Errors
/// The league does not start, or stops. Missing parts (anvil, the token) are noted and left out.
pub(crate) fn run(
    args: &LeagueArgs,
    contracts: &Path,
    token: Option<&Token>,
    report: &mut Report,
) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let steps = args.steps();
    if !args.no_peer {
        let port = args.port_base + 100;
        let peer = runtime.block_on(peer::run(contracts, port, &steps, token, report));
        if let Err(error) = peer {
            report.note(format!("peer left out: {error:#}"));
        }
    }
    runtime.block_on(league(args, &steps, token, report))?;
    if !args.no_taxii {
        let directory = tempfile::tempdir()?;
        // Accounts of members come with what `hansa up` makes.
        let setup = Setup {
            nodes: false,
            genesis_accounts: 0,
            interval_ms: None,
            ..args.setup(&directory.path().join("league"))
        };
        runtime.block_on(taxii::run(setup, report))?;
    }
    Ok(())
}

async fn league(
    args: &LeagueArgs,
    steps: &Steps,
    token: Option<&Token>,
    report: &mut Report,
) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let start = Instant::now();
    let mut league = League::start(args.setup(directory.path())).await?;
    let up = start.elapsed().as_secs_f64();
    report.row(SECTION, "start until every operator is up", up, "s", None);
    // The set-up's transfers are the first transactions, and end with a block that includes them.
    Session::open_default(league.urls(), 1).await?;
    let first = start.elapsed().as_secs_f64();
    report.row(
        SECTION,
        "start to first receipt",
        first,
        "s",
        Some(Aim::AtMost(5.0)),
    );
    let mut session = Session::open_default(league.urls(), steps.accounts).await?;
    let mut transfers = None;
    for (kind, txs) in steps.kinds(&mut session, token).await? {
        let run = steps.max(kind, Recipients::Senders, txs, &league.pids());
        let outcome = execute(&mut session, &run).await?;
        throughput(args, report, &outcome)?;
        if kind == Kind::Transfer {
            transfers = Some(outcome.included_per_s);
        }
    }
    let transfers = transfers.ok_or_eyre("transfers always run")?;
    latency(args, &mut session, transfers, report).await?;
    for (index, pid) in league.pids().into_iter().enumerate() {
        let peak = crate::cpu::usage(pid)?.peak_rss_mib;
        let name = format!("operator {}: peak memory", index + 1);
        report.row(
            SECTION,
            name,
            peak,
            "MiB",
            Some(Aim::AtMost(MOST_MEMORY_MIB)),
        );
    }
    loss(&mut league, session, steps, transfers, report).await
}

fn throughput(args: &LeagueArgs, report: &mut Report, outcome: &Outcome) -> Result<()> {
    let kind = outcome.kind;
    describe(report, SECTION, kind.name(), outcome)?;
    let aim = if kind == Kind::Transfer {
        5_000.0
    } else {
        4_000.0
    };
    let name = format!("{}: sustained", kind.name());
    report.row(
        SECTION,
        name,
        outcome.included_per_s,
        "/s",
        Some(Aim::AtLeast(aim)),
    );
    if let Some(floor) = report.value(floor::SECTION, &floor::sum_name(kind, 10_000)) {
        let ratio = outcome.cpu_us_per_tx / (floor * f64::from(args.operators));
        let name = format!("{}: CPU over {} x floor", kind.name(), args.operators);
        report.row(SECTION, name, ratio, "x", Some(Aim::AtMost(2.0)));
    }
    let peer = format!("{}: included", kind.name());
    if let Some(peer) = report.value(peer::SECTION, &peer) {
        let name = format!("{}: over anvil's throughput", kind.name());
        report.row(SECTION, name, outcome.included_per_s / peer, "x", None);
    }
    Ok(())
}

async fn latency(
    args: &LeagueArgs,
    session: &mut Session,
    transfers: f64,
    report: &mut Report,
) -> Result<()> {
    let half = transfers / 2.0;
    // As long as the probes take.
    let seconds = args.probes as f64 * 0.3;
    for (name, txs) in [("idle", 0), ("half load", (half * seconds) as u64)] {
        let run = Run {
            kind: Kind::Transfer,
            recipients: Recipients::Senders,
            txs,
            rate: Rate::PerSecond(half.max(1.0)),
            connections: 8,
            in_flight: 10_000,
            probes: args.probes,
            pids: Vec::new(),
        };
        let outcome = execute(session, &run).await?;
        report.detail(&format!("{SECTION}: latency {name}"), &outcome)?;
        let latency = outcome.latency.ok_or_eyre("latency needs --probes")?;
        let row = |percentile: u8| format!("latency, {name}: p{percentile}");
        report.row(
            SECTION,
            row(50),
            latency.p50_ms,
            "ms",
            Some(Aim::AtMost(50.0)),
        );
        report.row(
            SECTION,
            row(99),
            latency.p99_ms,
            "ms",
            Some(Aim::AtMost(200.0)),
        );
    }
    Ok(())
}

/// The last operator is killed.
async fn loss(
    league: &mut League,
    mut session: Session,
    steps: &Steps,
    transfers: f64,
    report: &mut Report,
) -> Result<()> {
    let last = league.operators.len() - 1;
    let key = recovery::public_key(&league.operators[last].rpc).await?;
    league.kill(last)?;
    session.urls.truncate(last);
    let mut pids = league.pids();
    pids.truncate(last);
    let run = steps.max(Kind::Transfer, Recipients::Senders, steps.txs, &pids);
    let outcome = execute(&mut session, &run).await?;
    describe(report, SECTION, "one operator dead", &outcome)?;
    let share = outcome.included_per_s / transfers;
    let name = "one operator dead: share of the throughput";
    report.row(SECTION, name, share, "", Some(Aim::AtLeast(0.7)));
    let since = Instant::now();
    league.restart(last)?;
    let took = recovery::votes_again(&mut session, &key, since).await?;
    let name = "restart after being away, to voting";
    report.row(SECTION, name, took.as_secs_f64(), "s", None);
    let took = recovery::kill_and_wait(league, &mut session, last, &key).await?;
    let name = "kill -9 to voting again";
    report.row(
        SECTION,
        name,
        took.as_secs_f64(),
        "s",
        Some(Aim::AtMost(5.0)),
    );
    Ok(())
}
