//! Joining: what a new node takes to follow a league, from state, from blocks, and with a copied directory.

use super::{LeagueArgs, growth, start::League};
use crate::{
    load::{Client, Recipients, Session, execute},
    report::Report,
    token::Token,
    world::Kind,
};
use alloy_primitives::U64;
use clap::Args;
use eyre::{Context as _, Result, bail, ensure};
use serde_json::json;
use std::{
    fs, io,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

const SECTION: &str = "join";
/// A node that has not joined after this long will not.
const TIMEOUT: Duration = Duration::from_secs(3_600);
const POLL: Duration = Duration::from_millis(20);
const MIB: f64 = 1_048_576.0;

/// Sizes of the joining benchmark.
#[derive(Args, Clone, Debug)]
pub(crate) struct JoinArgs {
    #[command(flatten)]
    league: LeagueArgs,
    /// Accounts that the state grows to before anybody joins
    #[arg(long, default_value_t = 1_000_000)]
    grow_accounts: u64,
}

/// What a new node took.
struct Joined {
    seconds: f64,
    /// That came over the network.
    received_mib: f64,
    /// That the data directory takes afterwards.
    stored_mib: f64,
}

/// Measures how long new nodes take to reach the head of a league at rest.
///
/// # Errors
/// The league does not start or stops, or a node does not join.
pub(crate) fn run(args: &JoinArgs, token: Option<&Token>, report: &mut Report) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(join(args, token, report))
}

async fn join(args: &JoinArgs, token: Option<&Token>, report: &mut Report) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let mut setup = args.league.setup(directory.path());
    setup.nodes = true;
    setup.newcomers = 2;
    let mut league = League::start(setup).await?;
    let mut session = Session::open_default(league.urls(), args.league.load_accounts).await?;
    if let Some(token) = token {
        session.deploy(token).await?;
    }
    let steps = args.league.steps();
    let accounts = growth::fill(&mut session, &steps, 0, args.grow_accounts).await?;
    let run = steps.max(Kind::Transfer, Recipients::Senders, steps.txs, &[]);
    execute(&mut session, &run).await?;
    let mut client = session.client()?;
    let blocks = head(&mut client).await?;
    report.row(SECTION, "accounts", accounts as f64, "", None);
    report.row(SECTION, "blocks", blocks as f64, "", None);

    let mut took = Vec::new();
    for (newcomer, way) in [(0, "state"), (1, "blocks")] {
        let joined = newcomer_joins(&mut league, newcomer, way, &mut client).await?;
        eprintln!("from {way}: {:.1} s", joined.seconds);
        for (what, value, unit) in [
            ("until it has the head", joined.seconds, "s"),
            ("received", joined.received_mib, "MiB"),
            ("stored", joined.stored_mib, "MiB"),
        ] {
            report.row(SECTION, format!("from {way}: {what}"), value, unit, None);
        }
        took.push(joined.seconds);
    }
    let copied = copy(&mut league, directory.path())?;
    report.row(
        SECTION,
        "copying an operator's directory",
        copied.seconds,
        "s",
        None,
    );
    report.row(
        SECTION,
        "copying an operator's directory: stored",
        copied.stored_mib,
        "MiB",
        None,
    );
    if let [state, blocks] = took[..] {
        report.row(
            SECTION,
            "from blocks, over from state",
            blocks / state,
            "x",
            None,
        );
        report.row(
            SECTION,
            "from state, over copying",
            state / copied.seconds,
            "x",
            None,
        );
    }
    Ok(())
}

async fn newcomer_joins(
    league: &mut League,
    newcomer: u16,
    way: &str,
    client: &mut Client,
) -> Result<Joined> {
    let goal = head(client).await?;
    let start = Instant::now();
    let node = league.welcome(newcomer, &["--join", way])?;
    let mut theirs = Client::new(&node.rpc)?;
    // Nothing answers before the node has a chain.
    while !matches!(head(&mut theirs).await, Ok(number) if number >= goal) {
        ensure!(
            start.elapsed() < TIMEOUT,
            "a node did not join from {way} in {TIMEOUT:?}"
        );
        tokio::time::sleep(POLL).await;
    }
    Ok(Joined {
        seconds: start.elapsed().as_secs_f64(),
        received_mib: received(&node.metrics).await? / MIB,
        stored_mib: size(&node.data)? / MIB,
    })
}

async fn head(client: &mut Client) -> Result<u64> {
    let number: U64 = client.call("eth_blockNumber", json!([])).await?;
    Ok(number.to())
}

/// Bytes that a node received since it started, all connections together.
async fn received(metrics: &str) -> Result<f64> {
    let page = Client::new(metrics)?.get("/metrics", &[]).await?;
    let text = String::from_utf8_lossy(&page);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let value = |line: &str| line.rsplit(' ').next()?.parse::<f64>().ok();
    let mut found = lines.filter(|line| line.contains("inbound_bandwidth"));
    let Some(bytes) = found.next().and_then(value) else {
        bail!("{metrics} does not tell the inbound bandwidth");
    };
    Ok(bytes)
}

/// Bytes of the files beneath a directory.
fn size(directory: &Path) -> io::Result<f64> {
    let mut bytes = 0.0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        bytes += if kind.is_dir() {
            size(&entry.path())?
        } else {
            entry.metadata()?.len() as f64
        };
    }
    Ok(bytes)
}

/// Copies the directory of an operator, which is stopped for it, to the disk.
fn copy(league: &mut League, to: &Path) -> Result<Joined> {
    league.kill(0)?;
    let from = league.data(0);
    let copy = to.join("copy");
    let start = Instant::now();
    let copied = Command::new("cp").arg("-r").arg(&from).arg(&copy).status();
    ensure!(copied.wrap_err("cp")?.success(), "cp -r failed");
    let synced = Command::new("sync").arg("-f").arg(&copy).status();
    ensure!(synced.wrap_err("sync")?.success(), "sync failed");
    Ok(Joined {
        seconds: start.elapsed().as_secs_f64(),
        received_mib: 0.0,
        stored_mib: size(&copy)? / MIB,
    })
}
