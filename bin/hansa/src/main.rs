//! `hansa`: the one binary. Argument parsing and wiring only.

mod cli;
mod commands;
mod failure;
mod league_file;
mod output;
mod progress;
mod session;
mod settings;
mod transact;
mod values;

use settings::Settings;
use std::process::ExitCode;

/// A node's threads allocate blocks and free them elsewhere; the system's allocator keeps what that leaves behind.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let settings = match Settings::load(&cli.global) {
        Ok(settings) => settings,
        Err(failure) => return failure.report(settings::json_failures(cli.global.json)),
    };
    match commands::run(cli, &settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(settings.json.value),
    }
}
