//! Whole leagues of real nodes, by the commands that a user types.

#[path = "../common/mod.rs"]
mod common;

mod damage;
mod histories;
mod isolation;
mod joining;
mod life;
mod lifecycle;
mod operators;
mod reseeding;
mod staking;
mod zones;

use serde_json::Value;
use std::{
    path::Path,
    process::{Command, Output},
    thread,
    time::{Duration, Instant},
};

const HANSA: &str = env!("CARGO_BIN_EXE_hansa");
/// How long anything here may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(150);

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
fn json_of(dir: &Path, arguments: &[&str], code: i32) -> Value {
    let mut all = arguments.to_vec();
    all.push("--json");
    let output = hansa(dir, &all);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The document that a command prints, which must succeed.
fn json(dir: &Path, arguments: &[&str]) -> Value {
    json_of(dir, arguments, 0)
}

/// As [`json`], of a command that waits for something.
fn patient(dir: &Path, arguments: &[&str]) -> Value {
    let patience = PATIENCE.as_secs().to_string();
    let mut all = arguments.to_vec();
    all.extend(["--timeout", &patience]);
    json(dir, &all)
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(100));
    }
}

/// Four operators, whose epochs pass in seconds while they are idle.
fn up(dir: &Path) -> Value {
    let base = common::port_base();
    let arguments = [
        "up",
        "--no-zone",
        "--detach",
        "--heartbeat-ms",
        "400",
        "--port-base",
        &base,
    ];
    patient(dir, &arguments)
}

/// Asks a node.
fn ask(url: &str, method: &str, params: &[Value]) -> Result<Value, hansa_client::RpcError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let rpc = hansa_client::Rpc::new(url)?;
    runtime.block_on(rpc.call::<Value>(method, params.to_vec()))
}

/// Asks a node, which must answer.
fn rpc(url: &str, method: &str, params: &[Value]) -> Value {
    ask(url, method, params).unwrap_or_else(|error| panic!("{method}: {error}"))
}

fn number(value: &Value) -> u64 {
    let hex = |text: &str| u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap();
    value
        .as_u64()
        .unwrap_or_else(|| hex(value.as_str().unwrap()))
}

/// Names of those who have a seat now.
fn seats(url: &str) -> Vec<String> {
    let committee = rpc(url, "hansa_committee", &[]);
    let seats = committee["seats"].as_array().unwrap().iter();
    let mut names: Vec<_> = seats
        .map(|seat| seat["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}
