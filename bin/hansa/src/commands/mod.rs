//! The commands, one module per group. Each holds its arguments and what it does with them.

mod account;
mod alert;
mod completions;
mod config;
mod exchange;
mod keys;
mod member;
mod node;

use crate::{
    cli::Cli,
    failure::Outcome,
    output::Output,
    session::{Session, block_on},
    settings::Settings,
};
use clap::Subcommand;

/// Every command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Account and operator keys, and TAXII passwords
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Balances, nonces and transfers
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// The members of the league: list, admit, suspend
    #[command(subcommand)]
    Member(member::MemberCommand),
    /// Threat intelligence: publish, import, read
    #[command(subcommand)]
    Exchange(exchange::ExchangeCommand),
    /// Alerts on hostile addresses: raise, endorse, revoke
    #[command(subcommand)]
    Alert(alert::AlertCommand),
    /// Show the settings in force
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Run one operator's node
    Node(node::NodeArgs),
    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),
}

/// Runs a command to its end.
pub(crate) fn run(cli: Cli, settings: &Settings) -> Outcome {
    let output = Output {
        json: settings.json.value,
    };
    let session = || Session::new(settings, output);
    match cli.command {
        Command::Keys(command) => keys::run(&command, settings, output),
        Command::Account(command) => block_on(account::run(&command, &session()?)),
        Command::Member(command) => block_on(member::run(&command, &session()?)),
        Command::Exchange(command) => block_on(exchange::run(&command, &session()?)),
        Command::Alert(command) => block_on(alert::run(&command, &session()?)),
        Command::Config(command) => config::run(&command, settings, output),
        Command::Node(arguments) => node::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    }
}
