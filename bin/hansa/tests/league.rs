//! A whole league of real nodes, by the commands that a user types.

mod common;

use common::port_base;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    io::Read as _,
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

const HANSA: &str = env!("CARGO_BIN_EXE_hansa");
/// How long a league may take to be healthy on a busy machine, seconds.
const PATIENCE: &str = "90";

/// Stops the league when a test fails half-way.
struct Guard<'a>(&'a Path);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        hansa(self.0, &["down"]);
    }
}

fn command(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(HANSA);
    // A user's own settings must not matter.
    command.env_remove("HANSA_DIR").env_remove("HANSA_RPC");
    command.args(arguments).arg("--dir").arg(dir);
    command
}

fn hansa(dir: &Path, arguments: &[&str]) -> Output {
    command(dir, arguments).output().unwrap()
}

/// The document that a command prints; it must exit with `code`.
fn json(dir: &Path, arguments: &[&str], code: i32) -> Value {
    let mut all = arguments.to_vec();
    all.push("--json");
    let output = hansa(dir, &all);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn pids(document: &Value) -> Vec<i32> {
    let operators = document["operators"].as_array().unwrap();
    let pids = operators.iter().map(|operator| operator["pid"].as_i64());
    pids.map(|pid| pid.unwrap().try_into().unwrap()).collect()
}

/// It has ended; whoever inherited it may not have noticed yet.
fn is_gone(pid: i32) -> bool {
    hansa_node::league::Record::observe(pid.try_into().unwrap()).is_none()
}

#[test]
fn a_league_starts_loses_an_operator_recovers_and_resumes() {
    let parent = tempfile::tempdir().unwrap();
    let dir = &parent.path().join("league");
    let _guard = Guard(dir);
    let base = port_base();
    let up = ["up", "--detach", "--timeout", PATIENCE];
    let mut first = up.to_vec();
    first.extend(["--port-base", &base, "--operators", "4"]);
    let made = json(dir, &first, 0);
    assert_eq!(made["chain_id"], 4_857);
    assert_eq!(made["accounts"].as_array().unwrap().len(), 10);
    assert_eq!(made["members"].as_array().unwrap().len(), 4);
    let health = json(dir, &["status"], 0);
    let head = health["operators"][0]["head"].as_u64().unwrap();
    assert!(head >= 1, "healthy means that blocks are made");
    // Again: nothing happens.
    assert_eq!(json(dir, &up, 0), made);

    let lost = pids(&made)[1];
    kill_process(Pid::from_raw(lost).unwrap(), Signal::KILL).unwrap();
    let begun = Instant::now();
    while json_any(dir, &["status"])["operators"][1]["pid"] != Value::Null {
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
    json(dir, &["status"], 3);
    let back = json(dir, &up, 0);
    assert_ne!(pids(&back)[1], lost);
    assert_eq!(pids(&back)[0], pids(&made)[0], "the others were left alone");

    json(dir, &["down"], 0);
    assert!(pids(&back).into_iter().all(is_gone));
    let again = json(dir, &up, 0);
    assert_eq!(again["genesis_hash"], made["genesis_hash"]);
    assert_eq!(again["operators"][3]["rpc"], made["operators"][3]["rpc"]);
    let now = json(dir, &["status"], 0)["operators"][0]["head"]
        .as_u64()
        .unwrap();
    assert!(now > head, "{now} follows {head}");
    json(dir, &["down"], 0);
    json(dir, &["reset", "--yes"], 0);
    assert!(!dir.exists());
}

fn json_any(dir: &Path, arguments: &[&str]) -> Value {
    let mut all = arguments.to_vec();
    all.push("--json");
    serde_json::from_slice(&hansa(dir, &all).stdout).unwrap()
}

#[test]
fn ctrl_c_stops_a_league_in_the_foreground() {
    let parent = tempfile::tempdir().unwrap();
    let dir = &parent.path().join("league");
    let _guard = Guard(dir);
    let arguments = [
        "up",
        "--json",
        "--operators",
        "1",
        "--timeout",
        PATIENCE,
        "--port-base",
        &port_base(),
    ];
    let mut up = command(dir, &arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // The document ends with a brace at the beginning of a line.
    let mut text = String::new();
    let mut stdout = up.stdout.take().unwrap();
    let mut byte = [0];
    while !text.ends_with("\n}\n") {
        stdout.read_exact(&mut byte).unwrap();
        text.push(byte[0].into());
    }
    let document: Value = serde_json::from_str(&text).unwrap();
    let pid = Pid::from_raw(up.id().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    assert_eq!(up.wait().unwrap().code(), Some(130));
    assert!(pids(&document).into_iter().all(is_gone));
}
