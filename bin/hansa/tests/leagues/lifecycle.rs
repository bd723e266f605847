//! A league starts, loses operators, recovers, and is taken down.

use crate::{Guard, HANSA, command, common::port_base, hansa, json_of as json};
use alloy_primitives::{Address, B256};
use hansa_client::Rpc;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    io::Read as _,
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

/// How long a league may take to be healthy on a busy machine, seconds.
const PATIENCE: &str = "90";

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
    // Whoever has ether on the hub has some on the first zone.
    let market = &made["zones"][0];
    assert_eq!(market["name"], "market");
    for account in made["accounts"].as_array().unwrap() {
        let held = [
            "account",
            "balance",
            "--rpc",
            market["rpc"].as_str().unwrap(),
        ];
        let held = [&held[..], &[account["address"].as_str().unwrap()]].concat();
        assert_eq!(json(dir, &held, 0)["wei"], "100000000000000000000");
    }
    let health = json(dir, &["status"], 0);
    let head = health["operators"][0]["head"].as_u64().unwrap();
    assert!(head >= 1, "healthy means that blocks are made");
    // Again: nothing happens.
    let mut again = json(dir, &up, 0);
    // The zone's first checkpoint may have come meanwhile.
    again["zones"][0]["phase"] = made["zones"][0]["phase"].clone();
    assert_eq!(again, made);

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
    reindexed(&dir.join("operator-1"));
    json(dir, &["reset", "--yes"], 0);
    assert!(!dir.exists());
}

/// Says stop when a test is over, also when it has failed.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Sends one wei after another as `member`, until told to stop; gives the transactions that it was told were final.
fn send(dir: &Path, member: &str, stop: &AtomicBool) -> Vec<B256> {
    let mut sent = Vec::new();
    let to = Address::repeat_byte(0x11).to_string();
    let mut arguments = vec!["--as", member, "account", "send", &to, "1wei"];
    arguments.extend(["--timeout", "5", "--json"]);
    while !stop.load(Ordering::Relaxed) {
        let output = hansa(dir, &arguments);
        if output.status.success() {
            let document: Value = serde_json::from_slice(&output.stdout).unwrap();
            sent.push(document["transaction"].as_str().unwrap().parse().unwrap());
        }
    }
    sent
}

#[test]
fn nothing_final_is_lost_when_operators_are_killed_again_and_again() {
    let parent = tempfile::tempdir().unwrap();
    let dir = &parent.path().join("league");
    let _guard = Guard(dir);
    let up = ["up", "--no-zone", "--detach", "--timeout", PATIENCE];
    let base = port_base();
    let mut first = up.to_vec();
    first.extend(["--port-base", &base, "--operators", "4"]);
    let mut league = json(dir, &first, 0);

    let stop = &AtomicBool::new(false);
    let sent: Vec<Vec<B256>> = thread::scope(|scope| {
        let members = ["member-1", "member-3"];
        let senders = members.map(|member| scope.spawn(move || send(dir, member, stop)));
        let end = StopOnDrop(stop);
        for round in 0..4 {
            thread::sleep(Duration::from_millis(1_500));
            let operators = pids(&league);
            // One of them, all of them, another one, all of them.
            let victims = match round % 2 {
                0 => &operators[round..=round],
                _ => &operators[..],
            };
            for pid in victims {
                kill_process(Pid::from_raw(*pid).unwrap(), Signal::KILL).unwrap();
            }
            eventually("the killed are gone", || {
                victims.iter().all(|pid| is_gone(*pid))
            });
            league = json(dir, &up, 0);
        }
        thread::sleep(Duration::from_millis(1_500));
        drop(end);
        senders.map(|sender| sender.join().unwrap()).into()
    });
    assert!(sent.iter().all(|sent| !sent.is_empty()), "{sent:?}");

    let sent = sent.concat();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut answers = Vec::new();
    for operator in league["operators"].as_array().unwrap() {
        let rpc = Rpc::new(operator["rpc"].as_str().unwrap()).unwrap();
        let receipts = || runtime.block_on(rpc.receipts(&sent)).unwrap();
        eventually("each has every receipt", || {
            receipts().iter().all(Option::is_some)
        });
        answers.push(receipts());
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}

/// The index comes back from the blocks, and is kept where there are fewer of them.
fn reindexed(operator: &Path) {
    let run = || {
        let config = operator.join("node.toml");
        let mut command = Command::new(HANSA);
        let command = command.args(["node", "reindex", "--config"]).arg(config);
        let output = command.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), errors)
    };
    let (index, storage) = (
        operator.join("data/index.redb"),
        operator.join("data/storage"),
    );
    let (code, errors) = run();
    assert_eq!(code, Some(0), "{errors}");
    let before = std::fs::read(&index).unwrap();
    let aside = operator.join("data/aside");
    std::fs::rename(&storage, &aside).unwrap();
    std::fs::create_dir(&storage).unwrap();
    let (code, errors) = run();
    assert_eq!(code, Some(1), "{errors}");
    assert!(errors.contains("there are no blocks"), "{errors}");
    assert_eq!(std::fs::read(&index).unwrap().len(), before.len());
    std::fs::remove_dir_all(&storage).unwrap();
    std::fs::rename(&aside, &storage).unwrap();
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
        "--no-zone",
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

fn up_in_the_foreground(dir: &Path) -> Command {
    let base = port_base();
    let arguments = [
        "up",
        "--no-zone",
        "--operators",
        "2",
        "--timeout",
        PATIENCE,
        "--port-base",
        &base,
    ];
    command(dir, &arguments)
}

/// What the records of the operators tell of their processes.
fn recorded(dir: &Path) -> Vec<i32> {
    let record = |name: &str| {
        let bytes = std::fs::read(dir.join(name).join("process.json")).ok()?;
        let record: Value = serde_json::from_slice(&bytes).ok()?;
        i32::try_from(record["pid"].as_i64()?).ok()
    };
    ["operator-1", "operator-2"]
        .into_iter()
        .filter_map(record)
        .collect()
}

/// Waits for something that happens soon.
fn eventually(what: &str, mut happened: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < Duration::from_secs(60), "never {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_league_that_nobody_reads_from_is_stopped() {
    let parent = tempfile::tempdir().unwrap();
    let dir = &parent.path().join("league");
    let _guard = Guard(dir);
    let mut up = up_in_the_foreground(dir);
    let mut up = up.stdout(Stdio::piped()).spawn().unwrap();
    drop(up.stdout.take());
    let mut pids = Vec::new();
    eventually("two records", || {
        pids = recorded(dir);
        pids.len() == 2
    });
    up.wait().unwrap();
    assert!(pids.into_iter().all(is_gone), "nodes without a watcher");
}

#[test]
fn a_signal_while_a_league_starts_leaves_nothing_running() {
    let parent = tempfile::tempdir().unwrap();
    let dir = &parent.path().join("league");
    let _guard = Guard(dir);
    let mut up = up_in_the_foreground(dir);
    let mut up = up.stdout(Stdio::null()).spawn().unwrap();
    let mut pids = Vec::new();
    eventually("a record", || {
        pids = recorded(dir);
        !pids.is_empty()
    });
    let pid = Pid::from_raw(up.id().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(up.wait().unwrap().code(), Some(130));
    pids.extend(recorded(dir));
    assert!(pids.into_iter().all(is_gone), "nodes without a watcher");
}

#[test]
fn a_node_raises_its_limits_and_hears_a_signal_while_it_starts() {
    let parent = tempfile::tempdir().unwrap();
    let dir = &parent.path().join("league");
    let _guard = Guard(dir);
    let base = port_base();
    let up = [
        "up",
        "--no-zone",
        "--detach",
        "--timeout",
        PATIENCE,
        "--port-base",
        &base,
    ];
    json(dir, &up, 0);
    json(dir, &["down"], 0);
    // Alone it waits for others: it has taken its ports, and has not started.
    let mut node = Command::new("sh")
        .args([
            "-c",
            "ulimit -Sn 512; exec \"$0\" node --config \"$1\"",
            HANSA,
        ])
        .arg(dir.join("operator-1/node.toml"))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let address = format!("127.0.0.1:{base}");
    eventually("a listener", || {
        std::net::TcpStream::connect(&address).is_ok()
    });
    let of_process = |what: &str| format!("/proc/{}/{what}", node.id());
    let limits = std::fs::read_to_string(of_process("limits")).unwrap();
    let files = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let files: Vec<_> = files.unwrap().split_whitespace().collect();
    let (soft, hard) = (files[3], files[4].parse().unwrap_or(u64::MAX));
    assert_eq!(soft, hard.min(65_536).to_string(), "its soft limit was 512");
    let threads = std::fs::read_dir(of_process("task")).unwrap().flatten();
    let threads = threads.map(|thread| std::fs::read_to_string(thread.path().join("comm")));
    let names: Vec<_> = threads.filter_map(Result::ok).collect();
    for runtime in ["hansa-requests\n", "hansa-reads\n"] {
        assert!(names.iter().any(|name| name == runtime), "{names:?}");
    }
    let begun = Instant::now();
    let pid = Pid::from_raw(node.id().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let mut said = String::new();
    let mut stderr = node.stderr.take().unwrap();
    stderr.read_to_string(&mut said).unwrap();
    assert_eq!(node.wait().unwrap().code(), Some(0), "{said}");
    assert!(!said.contains("running"), "it had started: {said}");
    assert!(begun.elapsed() < Duration::from_secs(15));
}
