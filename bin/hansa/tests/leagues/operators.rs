//! Operators of a running league: one comes, one changes its key, one leaves, and one that runs twice is slashed.

use crate::{
    Guard, HANSA, common::port_base, eventually, hansa, number, patient as json, rpc, seats, up,
};
use alloy_primitives::{Address, U256};
use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

/// Ends a node that no command looks after.
pub(crate) struct Node(Child);

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends one wei after another until told to stop; gives how many came into a block.
fn send(dir: &Path, stop: &AtomicBool) -> u64 {
    let to = Address::repeat_byte(0x11).to_string();
    let mut sent = 0;
    while !stop.load(Ordering::Relaxed) {
        let arguments = ["--as", "member-3", "account", "send", &to, "1wei"];
        sent += u64::from(hansa(dir, &arguments).status.success());
    }
    sent
}

/// Says stop when a test is over, also when it has failed.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_running_league_gains_an_operator_changes_a_key_and_loses_one() {
    let parent = tempfile::tempdir().unwrap();
    let dir = &parent.path().join("league");
    let _guard = Guard(dir);
    let document = up(dir);
    // Neither restarted nor removed below.
    let url = document["operators"][2]["rpc"].as_str().unwrap();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let load = scope.spawn(|| send(dir, &stop));
        let stopped = StopOnDrop(&stop);
        let added = json(dir, &["operator", "add", "--stake", "150ether"]);
        assert_eq!(added["name"], "operator-5");
        // This operator may be a block behind the one that told of it.
        eventually("it has a seat", || {
            seats(url).contains(&"operator-5".into())
        });
        let before = rpc(url, "hansa_operators", &[]);
        let rotated = json(dir, &["operator", "rotate", "operator-2"]);
        assert_ne!(rotated["key"], before["operators"][1]["key"]);
        eventually("it keeps its seat", || {
            seats(url).contains(&"operator-2".into())
        });
        json(dir, &["operator", "remove", "operator-1"]);
        let left: Vec<String> = (2..=5).map(|number| format!("operator-{number}")).collect();
        eventually("four have seats", || seats(url) == left);
        // All four vote: none of them can be missed for a whole epoch.
        let epoch = rpc(url, "hansa_epoch", &[]);
        let last = number(&epoch["lastBlock"]);
        eventually("the epoch passes", || {
            number(&rpc(url, "eth_blockNumber", &[])) > last
        });
        drop(stopped);
        assert!(load.join().unwrap() > 0, "nothing was sent meanwhile");
    });
    // Every height has a block, and all nodes that are left have the same.
    json(dir, &["status"]);
    // A league that was changed starts again as it is.
    json(dir, &["down"]);
    let again = json(dir, &["up", "--detach"]);
    let names = again["operators"].as_array().unwrap().iter();
    let names: Vec<_> = names.map(|operator| operator["name"].clone()).collect();
    assert_eq!(
        names,
        ["operator-2", "operator-3", "operator-4", "operator-5"]
    );
}

/// Takes the nodes at these ports out of a configuration's peers.
fn without_peers(config: &Path, ports: &[u64]) {
    let text = fs::read_to_string(config).unwrap();
    let mut table: toml::Table = toml::from_str(&text).unwrap();
    let peers = table["p2p"]["peers"].as_array_mut().unwrap();
    peers.retain(|peer| {
        let address = peer["address"].as_str().unwrap();
        !ports
            .iter()
            .any(|port| address.ends_with(&format!(":{port}")))
    });
    fs::write(config, toml::to_string(&table).unwrap()).unwrap();
}

pub(crate) fn node(config: &Path) -> Node {
    start(config, &[])
}

fn start(config: &Path, more: &[&str]) -> Node {
    let log = fs::File::create(config.with_extension("log")).unwrap();
    let child = Command::new(HANSA)
        .arg("node")
        .args(more)
        .arg("--config")
        .arg(config)
        .stderr(log)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    Node(child)
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The key and its journal are copied, and both nodes run: one is known to operators 1 and 2, the other to operator 4.
#[test]
fn an_operator_that_runs_twice_is_slashed() {
    let parent = tempfile::tempdir().unwrap();
    let dir = &parent.path().join("league");
    let _guard = Guard(dir);
    let document = up(dir);
    let url = document["operators"][0]["rpc"].as_str().unwrap();
    let base: u64 = url.rsplit_once(':').unwrap().1.parse().unwrap();
    let p2p = |operator: u64| base + 10 * (operator - 1) + 2;
    for member in ["member-1", "member-2"] {
        let delegate = ["--as", member, "stake", "delegate", "operator-3", "40ether"];
        json(dir, &delegate);
    }
    let epoch = number(&rpc(url, "hansa_epoch", &[])["epoch"]);
    eventually("the delegations count", || {
        number(&rpc(url, "hansa_epoch", &[])["epoch"]) > epoch + 1
    });
    let member = document["members"][0]["address"].as_str().unwrap();
    let preview = json(
        dir,
        &[
            "stake",
            "preview",
            "operator-3",
            "--kind",
            "conflicting-notarize",
            "--delegator",
            member,
        ],
    );
    for operator in ["operator-3", "operator-4"] {
        json(dir, &["down", "--operator", operator]);
    }
    // A second node, elsewhere, with ports of its own.
    let (first, fourth) = (dir.join("operator-3"), dir.join("operator-4/node.toml"));
    let twin = dir.join("twin");
    copy(&first, &twin);
    let config = twin.join("node.toml");
    let ports: u64 = port_base().parse().unwrap();
    let mut text = fs::read_to_string(&config).unwrap();
    for offset in 0..5 {
        let (old, new) = (base + 20 + offset, ports + offset);
        text = text.replace(&format!(":{old}\""), &format!(":{new}\""));
    }
    fs::write(&config, text).unwrap();
    without_peers(&config, &[p2p(1), p2p(2)]);
    without_peers(&first.join("node.toml"), &[p2p(4)]);
    let text = fs::read_to_string(&fourth).unwrap();
    let elsewhere = text.replace(&format!(":{}\"", p2p(3)), &format!(":{}\"", ports + 2));
    assert_ne!(text, elsewhere);
    fs::write(&fourth, elsewhere).unwrap();
    let _nodes = [node(&first.join("node.toml")), node(&config), node(&fourth)];

    eventually("a slash", || {
        let slashes = rpc(url, "hansa_slashes", &[]);
        !slashes["slashes"].as_array().unwrap().is_empty()
    });
    let slashes = rpc(
        url,
        "hansa_slashes",
        &[Value::Null, Value::Null, member.into()],
    );
    let slash = &slashes["slashes"][0];
    assert_eq!(slash["name"], "operator-3", "{slash}");
    // What was foretold is what is taken, to the wei.
    let wei = |value: &Value| value.as_str().unwrap().parse::<U256>().unwrap();
    assert_eq!(wei(&slash["amount"]), wei(&preview["wei"]), "{preview}");
    assert_eq!(wei(&slash["share"]), wei(&preview["loss_wei"]), "{preview}");
    assert!(wei(&slash["share"]) > U256::ZERO);
    eventually("it loses its seat", || {
        !seats(url).contains(&"operator-3".into())
    });
    let status = json(dir, &["stake", "status", member]).to_string();
    assert!(status.contains("conflicting-notarize"), "{status}");
}

/// The lines of a node's log that tell of epochs.
pub(crate) fn epochs(config: &Path) -> Vec<String> {
    let log = fs::read_to_string(config.with_extension("log")).unwrap_or_default();
    let lines = log.lines().filter(|line| line.contains("epoch entered"));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_key_whose_journal_is_lost_votes_from_the_next_epoch_on() {
    let parent = tempfile::tempdir().unwrap();
    let dir = &parent.path().join("league");
    let _guard = Guard(dir);
    up(dir);
    // All of the data, or only what consensus keeps.
    for (operator, lost) in [("operator-2", "data"), ("operator-3", "data/storage")] {
        json(dir, &["down", "--operator", operator]);
        let config = dir.join(operator).join("node.toml");
        fs::remove_dir_all(dir.join(operator).join(lost)).unwrap();
        // Refused as often as it is tried.
        for _ in 0..2 {
            let errors = refused(&config);
            assert!(errors.contains("--lost-journal"), "{errors}");
        }
        let child = without_journal(&config);
        eventually("it votes again", || {
            epochs(&config)
                .iter()
                .any(|line| line.contains("votes=true"))
        });
        let first = &epochs(&config)[0];
        assert!(first.contains("votes=false"), "{first}");
        // From then on it is a journal like any other.
        drop(child);
        let again = node(&config);
        eventually("it starts", || !epochs(&config).is_empty());
        drop(again);
        json(dir, &["up", "--detach"]);
    }
}

/// What a node says that does not start.
pub(crate) fn refused(config: &Path) -> String {
    let mut node = node(config);
    let mut status = None;
    eventually("it ends", || {
        status = node.0.try_wait().unwrap();
        status.is_some()
    });
    let errors = fs::read_to_string(config.with_extension("log")).unwrap();
    assert_eq!(status.unwrap().code(), Some(1), "{errors}");
    errors
}

/// Starts a node whose journal is lost.
pub(crate) fn without_journal(config: &Path) -> Node {
    start(config, &["--lost-journal"])
}
