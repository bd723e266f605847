//! A zone with two histories, each signed by a quorum.

use crate::{
    Guard, ask, eventually, json, json_of,
    operators::copy,
    patient, rpc, up,
    zones::{by_member, height, metrics, zone_url},
};
use std::fs;

/// The same operators go on twice from the same blocks. One of them finds itself with the zone's blocks of the one history and the hub of the other: it says so, and who
/// has both of one history does not.
#[test]
fn a_node_whose_zone_is_not_the_one_that_the_hub_knows_says_so() {
    let parent = tempfile::tempdir().unwrap();
    let (dir, other) = (&parent.path().join("league"), &parent.path().join("other"));
    let _guard = Guard(dir);
    let document = up(dir);
    let create = ["zone", "create", "market", "--chain-id", "48571"];
    by_member(dir, &[&create[..], &["--heartbeat", "200"]].concat());
    let hub = document["operators"][0]["rpc"].as_str().unwrap();
    by_member(dir, &["bridge", "deposit", "market", "1ether"]);
    let second = zone_url(&document, 1, "market");
    json(dir, &["down"]);
    copy(dir, other);
    {
        let _guard = Guard(other);
        patient(other, &["up", "--detach"]);
        let answers = || crate::ask(&second, "eth_blockNumber", &[]).is_ok();
        eventually("the zone is there", answers);
        let begun = height(&second);
        eventually("the zone goes on", || height(&second) > begun + 150);
        json(other, &["down"]);
    }
    // Otherwise, and the hub hears of it.
    patient(dir, &["up", "--detach"]);
    by_member(dir, &["bridge", "withdraw", "market", "7wei"]);
    let checkpoint = rpc(hub, "hansa_zone", &["market".into()])["checkpoint"].clone();
    json(dir, &["down", "--operator", "operator-2"]);
    let market = "operator-2/data/zones/market";
    fs::remove_dir_all(dir.join(market)).unwrap();
    copy(&other.join(market), &dir.join(market));
    patient(dir, &["up", "--detach"]);

    let log = || fs::read_to_string(dir.join("operator-2/log")).unwrap();
    let found = || {
        let log = log();
        let lines = log.lines().filter(|line| {
            line.contains("the hub has a checkpoint of another block than this node")
        });
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    eventually("its log tells", || !found().is_empty());
    let told = |operator: usize| {
        let text = metrics(document["operators"][operator]["metrics"].as_str().unwrap());
        let name = "hansa_zone_contradictions_total{chain=\"market\"} ";
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().parse::<u64>().unwrap()
    };
    assert!(told(1) > 0);
    assert_eq!(told(0), 0);
    let status = json_of(dir, &["status"], 3);
    let problems: Vec<_> = status["problems"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|problem| problem.as_str())
        .collect();
    assert!(
        problems.iter().any(
            |problem| problem.starts_with("operator-2: zone market: block ")
                && problem.contains("the hub has a checkpoint of")
        ),
        "{problems:?}"
    );
    let own = document["operators"][1]["rpc"].as_str().unwrap();
    let seen =
        |url: &str| json(dir, &["--rpc", url, "zone", "status", "market"])["contradiction"].clone();
    assert_eq!(seen(hub), serde_json::Value::Null);
    let contradiction = seen(own);
    assert_eq!(contradiction["number"], checkpoint["number"]);
    assert_eq!(contradiction["recorded"], checkpoint["hash"]);
    let number = [checkpoint["number"].clone(), false.into()];
    eventually("it serves the zone", || {
        ask(&second, "eth_getBlockByNumber", &number).is_ok()
    });
    let block = rpc(&second, "eth_getBlockByNumber", &number);
    assert_eq!(contradiction["own"], block["hash"]);
    assert_ne!(contradiction["own"], contradiction["recorded"]);
    let line = format!(
        "own={} recorded={}",
        block["hash"].as_str().unwrap(),
        checkpoint["hash"].as_str().unwrap()
    );
    let lines = found();
    assert_eq!(
        lines.iter().filter(|found| found.contains(&line)).count(),
        1,
        "{lines:?}"
    );
    let words = crate::hansa(dir, &["--rpc", own, "zone", "status", "market"]);
    let words = String::from_utf8_lossy(&words.stdout).into_owned();
    assert!(words.contains("believe neither"), "{words}");
}
