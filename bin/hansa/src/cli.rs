//! The command line: what can be written, and nothing about what it does.

use crate::{commands::Command, failure::Failure, settings::json_failures};
use clap::{Args, Parser, error::ErrorKind};
use std::{path::PathBuf, process::ExitCode};

/// A league of EVM chains that share one defence.
#[derive(Debug, Parser)]
#[command(
    name = "hansa",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "\
Exit codes: 0 ok, 1 failed, 2 usage, 3 unhealthy, 4 timeout, 130 interrupted.
Settings: flags, over the environment (HANSA_RPC, HANSA_DIR, HANSA_AS, ...), over a TOML file
(`hansa config show --origin` tells which one counts). So it is also between --as and --keystore, and
between --password-file and HANSA_PASSWORD; two of them in one place are refused.

Examples:
  hansa member list
  hansa --dir .hansa --as member-1 exchange publish bundle.json
  hansa --json exchange list --limit 10"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes. What is not given here comes from the environment, then from a file,
/// then from defaults: see [`crate::settings`].
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Print JSON [env: HANSA_JSON]
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// URL of a node's JSON-RPC; others of a local league are asked where it cannot be reached [env: HANSA_RPC]
    /// [default: http://127.0.0.1:8545]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) rpc: Option<String>,
    /// Directory of a local league [env: HANSA_DIR] [default: .hansa]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Act as this member of the local league [env: HANSA_AS]
    #[arg(long = "as", global = true, value_name = "MEMBER")]
    pub(crate) member: Option<String>,
    /// Act with the key in this encrypted keystore [env: HANSA_KEYSTORE]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) keystore: Option<PathBuf>,
    /// File with the keystore's password [env: HANSA_PASSWORD_FILE; the password itself: HANSA_PASSWORD]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Give up waiting for the chain after this many seconds [env: HANSA_TIMEOUT] [default: 120]
    #[arg(long, global = true, value_name = "SECONDS")]
    pub(crate) timeout: Option<u64>,
    /// Settings file [env: HANSA_SETTINGS] [default: ~/.config/hansa/config.toml]
    #[arg(long = "settings", global = true, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
}

/// Parses the process's arguments.
///
/// # Errors
/// Help and version were printed (code 0), or the arguments are wrong (code 2, and said so).
pub(crate) fn parse() -> Result<Cli, ExitCode> {
    Cli::try_parse().map_err(|error| {
        let help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
        if help || !error.use_stderr() {
            // Nobody is left to tell when the terminal is gone.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
        let json = std::env::args_os().any(|argument| argument == "--json");
        usage_failure(&error.render().to_string()).report(json_failures(json))
    })
}

/// clap's several paragraphs as one line of cause and one of advice.
fn usage_failure(text: &str) -> Failure {
    let paragraph = |start: &str| {
        let mut paragraphs = text.split("\n\n").map(str::trim);
        paragraphs.find_map(|paragraph| paragraph.strip_prefix(start).map(str::to_owned))
    };
    let words = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let cause = paragraph("error: ").map_or_else(|| words(text.to_owned()), words);
    let advice = match (paragraph("tip: "), paragraph("Usage: ")) {
        (Some(tip), _) => words(tip),
        (None, Some(usage)) => words(usage),
        (None, None) => "see the command's --help".to_owned(),
    };
    Failure::usage(cause, advice)
}
