//! A zone that has lost its operators goes on with others.

use crate::{
    Guard, eventually, json, number, patient, rpc,
    zones::{FRIEND, balance, by_member, height, lose, send, zone_url},
};
use serde_json::Value;
use std::fs;

/// Two of a zone's four operators lose their disks: it halts. The league lets others go on, on the same state; and who gets its disk back
/// follows them.
#[test]
fn a_zone_that_lost_its_quorum_goes_on_with_others() {
    let parent = tempfile::tempdir().unwrap();
    let dir = &parent.path().join("league");
    let _guard = Guard(dir);
    let base = crate::common::port_base();
    let up = ["up", "--no-zone", "--detach", "--operators", "5"];
    let pace = ["--heartbeat-ms", "300", "--halted-after", "10s"];
    let document = patient(dir, &[&up[..], &pace, &["--port-base", &base]].concat());
    let act = |arguments: &[&str]| by_member(dir, arguments);
    let create = ["zone", "create", "market", "--chain-id", "48571"];
    let options = ["--heartbeat", "300", "--epoch-blocks", "40"];
    let few = ["--max-seats", "4", "--notice", "40s"];
    act(&[&create[..], &options, &few].concat());
    act(&["bridge", "deposit", "market", "1ether", "--to", FRIEND]);
    act(&["bridge", "deposit", "market", "1ether"]);
    let status = || json(dir, &["zone", "status", "market"]);
    let serving: Vec<String> = status()["operators"]
        .as_array()
        .unwrap()
        .iter()
        .map(|seat| format!("operator-{}", seat["operator"]))
        .collect();
    assert_eq!(serving.len(), 4);
    let place = |name: &str| {
        name.trim_start_matches("operator-")
            .parse::<usize>()
            .unwrap()
            - 1
    };
    let at = |name: &str| zone_url(&document, place(name), "market");
    let [first, second] = [0, 1].map(|index| serving[index].as_str());
    let stays = serving[2].as_str();
    let hub = document["operators"][place(stays)]["rpc"].as_str().unwrap();

    let damage = lose(dir, first);
    let sent = send(dir, &at(stays), FRIEND);
    assert!(sent.status.success(), "three of four are enough");
    lose(dir, second);
    let halted = height(&at(stays));
    // They are told to leave, so that others take their seats.
    for operator in [first, second] {
        let owner = operator.replace("operator", "member");
        patient(dir, &["--as", &owner, "zone", "leave", "market"]);
    }
    let info = || rpc(hub, "hansa_zone", &["market".into()]);
    let checkpoint = || number(&info()["checkpoint"]["number"]);
    eventually("the hub knows the last block that was final", || {
        checkpoint() >= halted.min(height(&at(stays)))
    });
    let early = crate::hansa(dir, &["--as", "member-1", "zone", "reseed", "market"]);
    let words = String::from_utf8_lossy(&early.stderr);
    assert!(words.contains("NotSilent"), "{words}");
    let time = || {
        number(
            &rpc(
                hub,
                "eth_getBlockByNumber",
                &["latest".into(), false.into()],
            )["timestamp"],
        )
    };
    let heard = time();
    eventually("it counts as halted", || time() > heard + 41);
    let last = checkpoint();
    act(&["zone", "reseed", "market", "--no-wait"]);
    let status = crate::hansa(dir, &["status"]);
    let words = String::from_utf8_lossy(&status.stdout);
    assert!(words.contains("hansa zone reseed market"), "{words}");
    let reseeded = act(&["zone", "reseed", "market"]);
    let cut = number(&reseeded["first_block"]);
    assert_eq!(cut, last + 1);
    assert!(number(&reseeded["zone_block"]) >= cut);
    assert_eq!(info()["phase"], "active");
    // What was there is there, and goes on; who had no part in it before has all of it.
    let newcomer = (1..=5)
        .map(|n| format!("operator-{n}"))
        .find(|name| !serving.contains(name))
        .unwrap();
    let sent = send(dir, &at(&newcomer), FRIEND);
    let words = String::from_utf8_lossy(&sent.stderr);
    assert!(sent.status.success(), "{words}");
    assert_eq!(balance(&at(&newcomer), FRIEND), "0xde0b6b3a7640002");
    let mut certificates = (cut..).map(|number| {
        let number = Value::from(format!("{number:#x}"));
        rpc(&at(&newcomer), "hansa_getCertificate", &[number])
    });
    let certified = certificates.find(|certificate| !certificate.is_null());
    assert_eq!(
        number(&certified.unwrap()["epoch"]),
        number(&reseeded["epoch"])
    );
    eventually("the hub is told of the new blocks", || checkpoint() > cut);

    for (path, bytes) in &damage {
        fs::write(path, bytes).unwrap();
    }
    eventually("who has its disk again follows", || {
        let url = at(first);
        let known = crate::ask(&url, "eth_getBalance", &[FRIEND.into(), "latest".into()]);
        known.is_ok_and(|balance| balance == "0xde0b6b3a7640002")
    });
}
