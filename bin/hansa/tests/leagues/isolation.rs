//! What goes wrong in a zone stays in it.

use crate::{
    Guard, eventually, hansa, json, patient, up,
    zones::{balance, height, metrics, send, two_zones, zone_url},
};
use serde_json::Value;
use std::{fs, path::Path};

/// Where a module is that panics, on one node.
const POISON: &str = "0x000000000000000000000000000000000000dEaD";

/// What the status says, be it well or not.
fn status(dir: &Path) -> Value {
    let status = hansa(dir, &["status", "--json"]);
    serde_json::from_slice(&status.stdout).unwrap()
}

/// The process of an operator.
fn pid(dir: &Path, operator: usize) -> Value {
    status(dir)["operators"][operator]["pid"].clone()
}

/// Waits until each of these chains has made blocks.
fn go_on(urls: &[&str]) {
    for url in urls {
        let before = height(url);
        eventually("it makes blocks", || height(url) > before + 2);
    }
}

/// What a command prints for people, its errors too.
fn words(dir: &Path, arguments: &[&str]) -> String {
    let output = hansa(dir, arguments);
    let all = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&all).into_owned()
}

/// The second operator's node has a module in zone `market` that panics; a transaction calls it. That ends the zone there, again and again. Its
/// hub, its other zone and the other operators do not notice.
#[test]
fn a_module_that_panics_ends_its_zone_on_that_node_alone() {
    let parent = tempfile::tempdir().unwrap();
    let dir = &parent.path().join("league");
    let _guard = Guard(dir);
    let document = up(dir);
    two_zones(dir, &[]);
    json(dir, &["down", "--operator", "operator-2"]);
    let path = dir.join("operator-2/node.toml");
    let config = fs::read_to_string(&path).unwrap();
    let follows = "follow = [\"*\"]\n";
    assert!(config.contains(follows), "{config}");
    let poison = format!("poison = {{ zone = \"market\", address = \"{POISON}\" }}\n");
    let poisoned = config.replace(follows, &format!("{follows}{poison}"));
    fs::write(&path, poisoned).unwrap();
    patient(dir, &["up", "--detach"]);
    let at = |operator: usize, zone: &str| zone_url(&document, operator, zone);
    let (market, grid) = (at(1, "market"), at(1, "grid"));
    let answers = |url: &str| crate::ask(url, "eth_blockNumber", &[]).is_ok();
    for zone in [&market, &grid] {
        eventually("it has both zones", || answers(zone));
    }
    let before = pid(dir, 1);
    assert!(send(dir, &at(0, "market"), POISON).status.success());

    let log = || fs::read_to_string(dir.join("operator-2/log")).unwrap();
    let failures = || {
        let log = log();
        let lines = log
            .lines()
            .filter(|line| line.contains("the hub and other zones go on"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    eventually("it is tried again and again", || failures().len() > 2);
    for (line, pause) in failures().iter().zip(["1s", "2s", "4s"]) {
        assert!(line.contains("the poisoned module was called"), "{line}");
        assert!(line.contains(&format!("again_after={pause}")), "{line}");
    }
    let of_operator =
        |name: usize| metrics(document["operators"][name]["metrics"].as_str().unwrap());
    let told = of_operator(1);
    assert!(
        told.contains("hansa_zone_up{chain=\"market\"} 0\n"),
        "{told}"
    );
    assert!(told.contains("hansa_zone_up{chain=\"grid\"} 1\n"), "{told}");
    let count = |zone: &str| {
        let name = format!("hansa_zone_failures_total{{chain=\"{zone}\"}} ");
        let line = told.lines().find_map(|line| line.strip_prefix(&name));
        line.unwrap().parse::<u64>().unwrap()
    };
    assert!(count("market") > 2, "{told}");
    assert_eq!(count("grid"), 0);
    eventually("the status tells", || {
        status(dir)["operators"][1]["zones_down"] == serde_json::json!(["market"])
    });
    let status = words(dir, &["status"]);
    assert!(
        status.contains("operator-2: zone market does not run there; its log says why"),
        "{status}"
    );
    // Also where one looks for a zone's lines alone.
    let logs = words(dir, &["zone", "logs", "market", "operator-2"]);
    assert!(
        logs.contains("panic: the poisoned module was called"),
        "{logs}"
    );

    let hub = |operator: usize| document["operators"][operator]["rpc"].as_str().unwrap();
    go_on(&[hub(1), &grid, &at(0, "market")]);
    let whole = of_operator(0);
    assert!(
        whole.contains("hansa_zone_failures_total{chain=\"market\"} 0\n"),
        "{whole}"
    );
    assert_eq!(pid(dir, 1), before, "the process is the same");

    // Without the fault the zone is there again, and has what was sent.
    json(dir, &["down", "--operator", "operator-2"]);
    fs::write(&path, config).unwrap();
    patient(dir, &["up", "--detach"]);
    eventually("the zone is back", || {
        answers(&market) && balance(&market, POISON) == "0x1"
    });
    assert_eq!(balance(&at(0, "market"), POISON), "0x1");
}
