//! Three zones of one league, each at another point of its life.

use crate::{
    Guard,
    common::port_base,
    eventually, hansa, json, number, patient, rpc,
    zones::{FRIEND, balance, by_member, gas_limit, height, lose, send, zone_url},
};
use serde_json::Value;
use std::{fs, path::Path};

/// An ether, as nodes write it.
const ETHER: &str = "0xde0b6b3a7640000";
/// Wei of an ether.
const WEI: u64 = 1_000_000_000_000_000_000;

/// Five operators, and zones `market`, which four of them serve, `grid` and `harbor`, each with an ether of the first member.
fn three_zones(dir: &Path) -> Value {
    let base = port_base();
    let up = ["up", "--no-zone", "--detach", "--operators", "5"];
    let pace = ["--heartbeat-ms", "300", "--halted-after", "10s"];
    let document = patient(dir, &[&up[..], &pace, &["--port-base", &base]].concat());
    let common = ["--heartbeat", "300", "--notice", "10s"];
    let zones: [(&str, &str, &[&str]); 3] = [
        (
            "market",
            "48571",
            &["--max-seats", "4", "--epoch-blocks", "40"],
        ),
        ("grid", "48572", &["--fork", "prague"]),
        ("harbor", "48573", &[]),
    ];
    for (name, chain_id, options) in zones {
        let create = ["zone", "create", name, "--chain-id", chain_id];
        by_member(dir, &[&create[..], &common, options].concat());
        by_member(dir, &["bridge", "deposit", name, "1ether"]);
    }
    document
}

/// One zone loses its quorum and is reseeded, one is upgraded while it is used, and one is wound down, in one league and in part at the same time. None of them,
/// nor the hub, waits for another.
#[test]
fn zones_die_change_and_end_side_by_side() {
    let parent = tempfile::tempdir().unwrap();
    let dir = &parent.path().join("league");
    let _guard = Guard(dir);
    let document = three_zones(dir);
    let act = |arguments: &[&str]| by_member(dir, arguments);
    for name in ["market", "harbor"] {
        act(&["bridge", "deposit", name, "1ether", "--to", FRIEND]);
    }
    let status = json(dir, &["zone", "status", "market"]);
    let serving: Vec<usize> = status["operators"]
        .as_array()
        .unwrap()
        .iter()
        .map(|seat| number(&seat["operator"]) as usize - 1)
        .collect();
    assert_eq!(serving.len(), 4);
    let newcomer = (0..5).find(|operator| !serving.contains(operator)).unwrap();
    let (lost, stays) = (&serving[..2], serving[2]);
    let operator = |place: usize| format!("operator-{}", place + 1);
    let at = |place: usize, zone: &str| zone_url(&document, place, zone);
    let hub = document["operators"][stays]["rpc"].as_str().unwrap();
    let zone = |name: &str| rpc(hub, "hansa_zone", &[name.into()]);
    for name in ["market", "grid", "harbor"] {
        eventually("the hub knows the zone", || zone(name)["phase"] == "active");
    }

    // One dies, and the others are told of what is to come.
    let damage: Vec<_> = lost
        .iter()
        .flat_map(|place| lose(dir, &operator(*place)))
        .collect();
    let market = at(stays, "market");
    let dead = height(&market);
    act(&["zone", "stop", "harbor"]);
    let change = ["--fork", "osaka", "--gas-limit", "20000000"];
    act(&[&["zone", "upgrade", "grid"][..], &change].concat());
    let before = [
        height(hub),
        height(&at(stays, "grid")),
        height(&at(stays, "harbor")),
    ];
    let mut sent = 0;
    while gas_limit(&at(stays, "grid")) != 20_000_000 {
        assert!(sent < 200, "no upgrade");
        let outcome = send(dir, &at(stays, "grid"), FRIEND);
        let words = String::from_utf8_lossy(&outcome.stderr);
        assert!(outcome.status.success(), "{words}");
        sent += 1;
    }
    // By then the third has ended, or ends within moments.
    eventually("the wound down zone settles", || {
        zone("harbor")["phase"] == "settled"
    });
    let after = [
        height(hub),
        height(&at(stays, "grid")),
        height(&at(stays, "harbor")),
    ];
    assert!(
        before
            .iter()
            .zip(&after)
            .all(|(before, after)| after > before),
        "{before:?} {after:?}"
    );
    // A block that was on its way may have become final; more cannot have.
    let stood = height(&market);
    assert!((dead..=dead + 2).contains(&stood), "{dead} {stood}");

    // Its operators that have it no more leave it, and others go on.
    for place in lost {
        let owner = format!("member-{}", place + 1);
        patient(dir, &["--as", &owner, "zone", "leave", "market"]);
    }
    let checkpoint = || number(&zone("market")["checkpoint"]["number"]);
    eventually("the hub knows the last block that was final", || {
        checkpoint() >= stood
    });
    eventually("it counts as halted", || {
        hansa(
            dir,
            &["--as", "member-1", "zone", "reseed", "market", "--no-wait"],
        )
        .status
        .success()
    });
    let last = checkpoint();
    act(&["zone", "exit", "harbor", "--account", FRIEND]);
    eventually("it is paid, at every operator", || {
        balance(hub, FRIEND) == ETHER
    });
    let moving = height(&at(stays, "grid"));
    let reseeded = act(&["zone", "reseed", "market"]);
    assert_eq!(number(&reseeded["first_block"]), last + 1);
    assert!(
        height(&at(stays, "grid")) > moving,
        "it did not wait for the other one"
    );

    // Each zone is what it was to become, and has what it had.
    let sent_on = send(dir, &at(newcomer, "market"), FRIEND);
    let words = String::from_utf8_lossy(&sent_on.stderr);
    assert!(sent_on.status.success(), "{words}");
    assert_eq!(number(&balance(&at(newcomer, "market"), FRIEND)), WEI + 1);
    for place in 0..5 {
        let url = at(place, "grid");
        eventually(
            "every operator of the upgraded zone has all that was sent",
            || gas_limit(&url) == 20_000_000 && number(&balance(&url, FRIEND)) == sent,
        );
    }
    let listed = rpc(hub, "hansa_zones", &[]);
    let phases = [0, 1, 2].map(|place| listed[place]["phase"].clone());
    assert_eq!(phases, ["active", "active", "settled"]);
    for (path, bytes) in &damage {
        fs::write(path, bytes).unwrap();
    }
    for place in lost {
        let url = at(*place, "market");
        eventually("who has its disk again follows", || {
            let known = crate::ask(&url, "eth_getBalance", &[FRIEND.into(), "latest".into()]);
            known.is_ok_and(|balance| number(&balance) == WEI + 1)
        });
    }
}
