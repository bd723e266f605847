//! Tests with stand-ins for nodes: scripts that run, but answer nothing. The real thing is tested with
//! the binary.

mod files;
mod nodes;
mod processes;

use super::{LeagueError, Options, Up, ports};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// Runs until it is asked to stop.
const PATIENT: &str = "#!/bin/sh\ntrap 'exit 0' TERM\nwhile :; do sleep 60 & wait $!; done\n";
/// Runs for a minute whatever it is asked.
const STUBBORN: &str = "#!/bin/sh\ntrap '' TERM\nfor i in 1 2 3 4 5 6; do sleep 10; done\n";
/// Gives up like a node.
const FAILING: &str = "#!/bin/sh\necho 'error: no luck'\necho '  try: again'\nexit 1\n";

/// A program for `up` to start.
fn program(folder: &Path, script: &str) -> PathBuf {
    let path = folder.join("stand-in");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    path
}

/// Options for a small league on ports that are free.
fn small() -> Options {
    Options {
        operators: Some(2),
        port_base: Some(ports::free_base(2).unwrap()),
        ..Options::default()
    }
}

/// A folder for a league beside other files.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("league");
    (parent, dir)
}

/// A league of stand-ins.
fn stand_in(parent: &Path, dir: &Path, script: &str) -> Up {
    let program = program(parent, script);
    loop {
        match up(dir, &small(), &program) {
            // Another test was faster.
            Err(LeagueError::PortBusy { .. }) => drop(fs::remove_dir_all(dir)),
            up => return up.unwrap(),
        }
    }
}

/// As [`super::up`] for a user who does not give up.
fn up(dir: &Path, options: &Options, program: &Path) -> Result<Up, LeagueError> {
    super::up(dir, options, program, &|| false)
}
