//! The commands, one module per group. Each holds its arguments and what it does with them.

mod completions;
mod config;
mod genesis;
mod league;
mod node;

use crate::{cli::Cli, failure::Outcome, output::Output, settings::Settings};
use clap::Subcommand;

/// Every command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make or resume a development league on this machine, and run it
    Up(league::UpArgs),
    /// Stop the local league, or one of its operators
    Down(league::DownArgs),
    /// Tell whether the local league is healthy
    Status(league::StatusArgs),
    /// Show what the operators of the local league log
    Logs(league::LogsArgs),
    /// Remove the local league
    Reset(league::ResetArgs),
    /// Find what keeps a local league from running
    Doctor(league::DoctorArgs),
    /// Make an operator's folder for a league that is not local
    Init(genesis::InitArgs),
    /// Make and check genesis files
    #[command(subcommand)]
    Genesis(genesis::GenesisCommand),
    /// Show the settings in force
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Run one operator's node
    Node(node::NodeArgs),
    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),
}

/// Runs a command to its end.
pub(crate) fn run(cli: Cli) -> Outcome {
    let settings = Settings::load(&cli.global)?;
    let output = Output {
        json: settings.json.value,
    };
    match cli.command {
        Command::Up(arguments) => league::up(&arguments, &settings, output),
        Command::Down(arguments) => league::down(&arguments, &settings, output),
        Command::Status(_) => league::status(&settings, output),
        Command::Logs(arguments) => league::logs(&arguments, &settings, output),
        Command::Reset(arguments) => league::reset(&arguments, &settings, output),
        Command::Doctor(_) => league::doctor(&settings, output),
        Command::Init(arguments) => genesis::init(&arguments, &settings, output),
        Command::Genesis(command) => genesis::run(&command, output),
        Command::Config(command) => config::run(&command, &settings, output),
        Command::Node(arguments) => node::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    }
}
