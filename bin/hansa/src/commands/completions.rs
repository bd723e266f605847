//! `hansa completions`.

use crate::{cli::Cli, failure::Outcome};
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use std::io::Write as _;

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  hansa completions bash > ~/.local/share/bash-completion/completions/hansa
  hansa completions zsh > ~/.zfunc/_hansa")]
pub(crate) struct CompletionsArgs {
    /// For this shell
    shell: Shell,
}

pub(crate) fn run(arguments: &CompletionsArgs) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "hansa", &mut script);
    Ok(std::io::stdout().lock().write_all(&script)?)
}
