//! The commands, one module per group. Each holds its arguments and what it does with them.

mod completions;
mod config;
mod node;

use crate::{cli::Cli, failure::Outcome, output::Output, settings::Settings};
use clap::Subcommand;

/// Every command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
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
        Command::Config(command) => config::run(&command, &settings, output),
        Command::Node(arguments) => node::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    }
}
