//! `hansa exchange`.

mod import;
mod publish;
mod read;
mod vote;

use crate::{failure::Outcome, session::Session};
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum ExchangeCommand {
    /// Publish STIX objects: a bundle, an object, or a list of objects
    #[command(after_help = "\
What is published already is left out, so an interrupted run simply runs again.

Examples:
  hansa --as member-1 exchange publish mobile-attack.json --tlp clear
  hansa --as member-1 exchange publish indicator.json --dry-run")]
    Publish(publish::PublishArgs),
    /// Import a list of addresses as indicators: text, one a line, or CSV
    #[command(after_help = "\
A second run publishes nothing, on whatever day: ids follow from publisher and address, and times from what
is published already.

Examples:
  hansa --as member-1 exchange import sanctioned_addresses.txt --label sanctioned
  hansa --as member-1 exchange import labels.csv --column banned_address --tag-column wallet_tag")]
    Import(import::ImportArgs),
    /// Print an object
    #[command(after_help = "\
Example:
  hansa exchange get indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f")]
    Get(read::GetArgs),
    /// List published versions
    #[command(after_help = "\
Examples:
  hansa exchange list --type indicator --limit 20
  hansa --json exchange list --publisher 0x90F79bf6EB2c4f870365E785982E1f101E93b906")]
    List(read::ListArgs),
    /// Print versions as they are published
    #[command(after_help = "Example:\n  hansa --json exchange watch --type indicator")]
    Watch(read::WatchArgs),
    /// Withdraw an own object for good
    #[command(after_help = "\
Example:
  hansa --as member-1 exchange revoke indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f --reason \"false alarm\"")]
    Revoke(vote::RevokeArgs),
    /// Report that you saw an object's subject
    #[command(after_help = "\
Example:
  hansa --as member-2 exchange sight indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f --count 3")]
    Sight(vote::SightArgs),
}

pub(crate) async fn run(command: &ExchangeCommand, session: &Session<'_>) -> Outcome {
    match command {
        ExchangeCommand::Publish(arguments) => publish::run(arguments, session).await,
        ExchangeCommand::Import(arguments) => import::run(arguments, session).await,
        ExchangeCommand::Get(arguments) => read::get(arguments, session).await,
        ExchangeCommand::List(arguments) => read::list(arguments, session).await,
        ExchangeCommand::Watch(arguments) => read::watch(arguments, session).await,
        ExchangeCommand::Revoke(arguments) => vote::revoke(arguments, session).await,
        ExchangeCommand::Sight(arguments) => vote::sight(arguments, session).await,
    }
}
