//! `hansa node`: run one operator's node.

use crate::failure::{Exit, Failure, Outcome};
use clap::{Args, Subcommand, ValueEnum};
use hansa_node::{Config, Console, JoinFrom, Logs, ZoneFields, ZoneJson};
use std::{io::IsTerminal as _, path::PathBuf};
use tracing_subscriber::{EnvFilter, fmt::writer::MakeWriterExt as _};

/// `hansa node`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    hansa node --config operator/node.toml\n  \
    hansa node --config follower/node.toml --join state --checkpoint 12:0x5f...\n  \
    hansa node reindex --config operator/node.toml")]
pub(crate) struct NodeArgs {
    #[command(subcommand)]
    command: Option<NodeCommand>,
    /// The operator's key may have voted with a data directory that is lost: vote again from the next epoch on. Only if the key
    /// runs nowhere else: two nodes that vote with one key are slashed
    #[arg(long)]
    lost_journal: bool,
    /// What a node with an empty data directory takes from its peers: every block since the genesis, or the newest state. Overrides
    /// `join.from` of the configuration
    #[arg(long, value_name = "WHAT")]
    join: Option<JoinValue>,
    /// With `--join state`: the last block of an epoch, from which on committees are followed; `hansa stake status` with a node
    /// that you trust prints one. Overrides `join.checkpoint`
    #[arg(long, value_name = "EPOCH:HASH")]
    checkpoint: Option<String>,
    /// The node's configuration (TOML)
    #[arg(long, value_name = "FILE", default_value = "node.toml", global = true)]
    config: PathBuf,
}

/// What `--join` can be.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum JoinValue {
    /// Executes every block: has all history
    Blocks,
    /// Quick: has history from then on
    State,
}

impl From<JoinValue> for JoinFrom {
    fn from(value: JoinValue) -> Self {
        match value {
            JoinValue::Blocks => Self::Blocks,
            JoinValue::State => Self::State,
        }
    }
}

#[derive(Debug, Subcommand)]
enum NodeCommand {
    /// Rebuild the index of a stopped node from its blocks, by executing them again
    #[command(after_help = "Example:\n  hansa node reindex --config operator/node.toml")]
    Reindex,
}

/// Runs the node until it is stopped.
pub(crate) fn run(arguments: &NodeArgs) -> Outcome {
    let failed = |error: &dyn std::fmt::Display| explain(&error.to_string());
    let mut config = Config::load(&arguments.config).map_err(|error| failed(&error))?;
    let mut console = Console {
        file: Some(arguments.config.clone()),
        ..Console::default()
    };
    if let Some(from) = arguments.join {
        config.join.from = from.into();
        console.overridden.push("join.from");
    }
    if arguments.checkpoint.is_some() {
        config.join.checkpoint.clone_from(&arguments.checkpoint);
        console.overridden.push("join.checkpoint");
    }
    log_to_stderr(&config, &console.logs).map_err(|error| failed(&error))?;
    match arguments.command {
        None => hansa_node::run(config, arguments.lost_journal, &console)
            .map_err(|error| failed(&error)),
        Some(NodeCommand::Reindex) => hansa_node::reindex(config).map_err(|error| failed(&error)),
    }
}

/// The newest lines are also kept in `logs`.
fn log_to_stderr(config: &Config, logs: &Logs) -> Result<(), String> {
    let filter = EnvFilter::try_new(&config.log.filter)
        .map_err(|error| format!("log.filter: {error}; write it like \"info,hansa=debug\""))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(logs.clone().and(std::io::stderr))
        .with_ansi(std::io::stderr().is_terminal());
    // A zone's lines say whose they are: `hansa zone logs` finds them by that.
    if config.log.json {
        builder.json().event_format(ZoneJson::default()).init();
    } else {
        builder.fmt_fields(ZoneFields::default()).init();
    }
    Ok(())
}

/// A node's errors say the cause in their first line and the way out in the others.
fn explain(text: &str) -> Failure {
    let (cause, advice) = text
        .split_once('\n')
        .unwrap_or((text, "correct the configuration and start again"));
    Failure::new(Exit::Failed, cause, advice.replace('\n', " "))
}
