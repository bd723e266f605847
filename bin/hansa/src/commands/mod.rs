//! The commands, one module per group. Each holds its arguments and what it does with them.

mod account;
mod alert;
mod bridge;
mod completions;
mod config;
mod evidence;
mod exchange;
mod genesis;
mod keys;
mod league;
mod member;
mod message;
mod node;
mod operator;
mod stake;
mod zone;
mod zone_committee;
mod zone_end;
mod zone_guard;
mod zone_reseed;
mod zone_room;
mod zone_upgrade;

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
    /// Account and operator keys, and TAXII passwords
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Balances, nonces and transfers
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// The members of the league: list, admit, suspend
    #[command(subcommand)]
    Member(member::MemberCommand),
    /// Operators of the local league: add, remove, rotate keys
    #[command(subcommand)]
    Operator(operator::OperatorCommand),
    /// Threat intelligence: publish, import, read
    #[command(subcommand)]
    Exchange(exchange::ExchangeCommand),
    /// Alerts on hostile addresses: raise, endorse, revoke
    #[command(subcommand)]
    Alert(alert::AlertCommand),
    /// Stake: operators, delegations, rewards, and what a fault costs
    #[command(subcommand)]
    Stake(stake::StakeCommand),
    /// Zones: create them, list them
    #[command(subcommand)]
    Zone(zone::ZoneCommand),
    /// Ether between the hub and its zones
    #[command(subcommand)]
    Bridge(bridge::BridgeCommand),
    /// Messages between chains: how far they are
    #[command(subcommand)]
    Message(message::MessageCommand),
    /// Faults of operators: list what was proved, prove another
    #[command(subcommand)]
    Evidence(evidence::EvidenceCommand),
    /// Make an operator's folder for a league that is not local
    Init(genesis::InitArgs),
    /// Make and check genesis files
    #[command(subcommand)]
    Genesis(genesis::GenesisCommand),
    /// Run one operator's node
    Node(node::NodeArgs),
    /// Show the settings in force
    #[command(subcommand)]
    Config(config::ConfigCommand),
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
        Command::Up(arguments) => league::up(&arguments, settings, output),
        Command::Down(arguments) => league::down(&arguments, settings, output),
        Command::Status(_) => league::status(settings, output),
        Command::Logs(arguments) => league::logs(&arguments, settings, output),
        Command::Reset(arguments) => league::reset(&arguments, settings, output),
        Command::Doctor(_) => league::doctor(settings, output),
        Command::Keys(command) => keys::run(&command, settings, output),
        Command::Account(command) => block_on(account::run(&command, &session()?)),
        Command::Member(command) => block_on(member::run(&command, &session()?)),
        Command::Operator(command) => block_on(operator::run(&command, &session()?)),
        Command::Exchange(command) => block_on(exchange::run(&command, &session()?)),
        Command::Alert(command) => block_on(alert::run(&command, &session()?)),
        Command::Stake(command) => block_on(stake::run(&command, &session()?)),
        Command::Zone(command) => block_on(zone::run(&command, &session()?)),
        Command::Bridge(command) => block_on(bridge::run(&command, &session()?)),
        Command::Message(command) => block_on(message::run(&command, &session()?)),
        Command::Evidence(command) => block_on(evidence::run(&command, &session()?)),
        Command::Init(arguments) => genesis::init(&arguments, settings, output),
        Command::Genesis(command) => genesis::run(&command, output),
        Command::Node(arguments) => node::run(&arguments),
        Command::Config(command) => config::run(&command, settings, output),
        Command::Completions(arguments) => completions::run(&arguments),
    }
}
