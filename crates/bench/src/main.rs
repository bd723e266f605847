//! Benchmarks of Hansa.
//!
//! - `floor`: what a transaction costs at least: recovery, execution, commit.
//! - `guard`: what enforcing directives adds to execution.
//! - `staking`: gas and time of its calls, and the time of the end of a block.
//! - `league`: four operators under load, and anvil in the same run; `epochs` for the
//!   handover between committees, `growth` for large states, `zones` for what zones add.
//! - `load`: transactions for running nodes, over JSON-RPC.
//!
//! Every run writes a table and its full results, with the machine and its load, to
//! `target/bench/<date>.{md,json}`. Values are compared with aims, and never asserted; but for gas, which
//! no machine changes.

#![recursion_limit = "256"]

mod accounts;
mod cpu;
mod floor;
mod guard;
mod league;
mod load;
mod report;
mod staking;
mod stats;
mod token;
mod world;

use clap::{Parser, Subcommand};
use eyre::Result;
use report::Report;
use std::{path::PathBuf, process::ExitCode};
use token::Token;

#[derive(Debug, Parser)]
#[command(name = "hansa-bench", about = "Benchmarks of Hansa", version)]
struct Cli {
    /// Where results are written
    #[arg(long, default_value = "target/bench", global = true)]
    out: PathBuf,
    /// The forge project with the token, built by `make contracts`
    #[arg(long, default_value = "contracts", global = true)]
    contracts: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What a transaction costs at least
    Floor(floor::FloorArgs),
    /// What enforcing directives costs
    Guard(guard::GuardArgs),
    /// What calls of staking and the end of a block cost
    Staking(staking::StakingArgs),
    /// A league on this machine, and anvil, under load
    League(league::LeagueArgs),
    /// A league with short epochs under load: how long blocks wait when the committee changes
    Epochs(league::EpochsArgs),
    /// Nodes that come to a league later: from state, from blocks, and how long a copy of a directory takes
    Join(league::JoinArgs),
    /// Zones: until one is there, what goes between chains, and what idle ones cost
    Zones(league::ZonesArgs),
    /// A league whose state and chain grow: takes hours
    Growth(league::GrowthArgs),
    /// Floor, guard, staking and league in one run
    All {
        #[command(flatten)]
        floor: floor::FloorArgs,
        #[command(flatten)]
        guard: guard::GuardArgs,
        #[command(flatten)]
        staking: staking::StakingArgs,
        #[command(flatten)]
        league: league::LeagueArgs,
    },
    /// Load on running nodes, over JSON-RPC
    Load(load::LoadArgs),
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    let mut report = Report::start();
    let token = Token::load(&cli.contracts)
        .inspect_err(|error| eprintln!("{error:#}"))
        .ok();
    let result = execute(cli, token.as_ref(), &mut report);
    // What was measured before a failure is kept.
    if let Err(error) = &result {
        report.note(format!("ended early: {error:#}"));
    }
    let path = report.finish(&cli.out)?;
    println!("{}", path.display());
    result
}

fn execute(cli: &Cli, token: Option<&Token>, report: &mut Report) -> Result<()> {
    match &cli.command {
        Command::Floor(args) => floor::run(args, token, report),
        Command::Guard(args) => guard::run(args, token, report),
        Command::Staking(args) => staking::run(args, report),
        Command::League(args) => league::run(args, &cli.contracts, token, report),
        Command::Epochs(args) => league::run_epochs(args, report),
        Command::Join(args) => league::run_join(args, token, report),
        Command::Zones(args) => league::run_zones(args, report),
        Command::Growth(args) => league::run_growth(args, report),
        Command::All {
            floor,
            guard,
            staking,
            league,
        } => {
            floor::run(floor, token, report)?;
            guard::run(guard, token, report)?;
            staking::run(staking, report)?;
            league::run(league, &cli.contracts, token, report)
        }
        Command::Load(args) => load::run(args, token, report),
    }
}
