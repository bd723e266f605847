//! Stake on a league, by the commands that a user types.

use crate::{Guard, PATIENCE, common::port_base};
use alloy_primitives::{B256, hex};
use commonware_codec::{DecodeExt as _, Encode as _};
use commonware_consensus::{
    simplex::types::{ConflictingNotarize, Notarize, Proposal},
    types::{Epoch, Round, View},
};
use commonware_utils::{TryCollect as _, ordered::Set};
use hansa_primitives::{Digest, PublicKey, Scheme, digest, namespace, zone_namespace};
use serde_json::Value;
use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

fn json(dir: &Path, line: &str) -> Value {
    let words: Vec<_> = line.split_whitespace().collect();
    crate::json(dir, &words)
}

/// The document of a command once it is as wanted.
fn wait(dir: &Path, line: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let document = json(dir, line);
        if wanted(&document) {
            return document;
        }
        assert!(begun.elapsed() < PATIENCE, "{line}: {document}");
        thread::sleep(Duration::from_millis(200));
    }
}

/// Evidence that the operator whose key lies in `file` voted for two blocks in view 7 of an epoch, on the chain with this namespace.
fn evidence(file: &Path, namespace: &[u8], status: &Value, epoch: u64) -> String {
    let seats = status["operators"].as_array().unwrap().iter();
    let keys = seats.filter_map(|operator| {
        let key: B256 = operator["seat_key"].as_str()?.parse().unwrap();
        Some(PublicKey::decode(key.to_vec()).unwrap())
    });
    let keys: Set<_> = keys.collect::<Vec<_>>().into_iter().try_collect().unwrap();
    let key = hansa_node::load_key(file).unwrap();
    let scheme = Scheme::signer(namespace, keys, key).unwrap();
    let round = Round::new(Epoch::new(epoch), View::new(7));
    let vote = |n| {
        let proposal = Proposal::new(round, View::new(6), digest(B256::repeat_byte(n)));
        Notarize::<Scheme, Digest>::sign(&scheme, proposal).unwrap()
    };
    hex::encode_prefixed(ConflictingNotarize::new(vote(1), vote(2)).encode())
}

#[test]
fn a_delegator_foresees_what_a_fault_then_costs_it() {
    let parent = tempfile::tempdir().unwrap();
    let dir = &parent.path().join("league");
    let _guard = Guard(dir);
    let up = "up --no-zone --detach --timeout 90 --heartbeat-ms 250 --port-base";
    let made = json(dir, &format!("{up} {}", port_base()));
    let genesis_hash: B256 = made["genesis_hash"].as_str().unwrap().parse().unwrap();
    let members = made["members"].as_array().unwrap();
    let own = members[0]["address"].as_str().unwrap();

    let delegated = json(dir, "--as member-1 stake delegate operator-2 10.1ether");
    let from = delegated["from_epoch"].as_u64().unwrap();
    let counts = |status: &Value| status["epoch"].as_u64().unwrap() >= from;
    let status = wait(dir, "stake status", counts);
    let preview = format!("stake preview operator-2 --kind conflicting-notarize --delegator {own}");
    let preview = json(dir, &preview);
    assert_eq!(preview["loss_wei"], "505000000000000000");

    let file = parent.path().join("evidence.hex");
    let epoch = status["epoch"].as_u64().unwrap();
    let key = dir.join("operator-2/key");
    let bytes = evidence(&key, &namespace(genesis_hash), &status, epoch);
    std::fs::write(&file, bytes).unwrap();
    let submit = format!(
        "--as member-3 evidence submit {} --kind conflicting-notarize",
        file.display()
    );
    let raised = json(dir, &submit);
    assert_eq!(raised["operator"], 2);
    assert_eq!(raised["wei"], preview["wei"]);
    let told = format!("stake status {own}");
    // Whoever is asked may be a block behind who took it.
    let pending = wait(dir, &told, |told| !told["slashes"][0].is_null());
    let pending = &pending["slashes"][0];
    assert_eq!(
        (&pending["state"], &pending["wei"]),
        (&"pending".into(), &preview["loss_wei"])
    );
    let settled = wait(dir, &told, |told| told["slashes"][0]["state"] == "settled");
    assert_eq!(settled["slashes"][0]["wei"], preview["loss_wei"]);
    let listed = json(dir, "evidence list");
    assert_eq!(listed[0]["wei"], preview["wei"]);
    json(dir, "down");
}

/// Who contradicts itself on a zone loses what answers there. Its seat on the hub, its share in another zone, and both zones go on.
#[test]
fn a_fault_on_a_zone_costs_the_slice_there_and_nothing_else() {
    let parent = tempfile::tempdir().unwrap();
    let dir = &parent.path().join("league");
    let _guard = Guard(dir);
    let up = "up --no-zone --detach --timeout 90 --heartbeat-ms 250 --port-base";
    let made = json(dir, &format!("{up} {}", port_base()));
    let hub: B256 = made["genesis_hash"].as_str().unwrap().parse().unwrap();
    for (zone, chain_id) in [("market", 48_571), ("grid", 48_572)] {
        let create = format!("zone create {zone} --chain-id {chain_id} --heartbeat 400");
        json(dir, &format!("--as member-1 --timeout 90 {create}"));
    }
    let slice = |zone: &str| {
        let status = json(dir, &format!("zone status {zone}"));
        let seats = status["operators"].as_array().unwrap().iter();
        let mut own = seats.filter(|seat| seat["operator"] == 2);
        own.next().map_or(0, |seat| {
            let wei = seat["wei"].as_str().unwrap();
            wei.parse::<u128>().unwrap()
        })
    };
    let (before, other) = (slice("market"), slice("grid"));
    assert!(before > 0);
    let status = json(dir, "stake status");
    let file = parent.path().join("evidence.hex");
    let key = dir.join("operator-2/key");
    std::fs::write(&file, evidence(&key, &zone_namespace(hub, 1), &status, 0)).unwrap();
    let submit = format!(
        "evidence submit {} --kind conflicting-notarize",
        file.display()
    );
    let raised = json(dir, &format!("--as member-3 {submit} --zone 1"));
    assert_eq!(
        (&raised["operator"], &raised["zone"]),
        (&2.into(), &1.into())
    );
    let lost: u128 = raised["wei"].as_str().unwrap().parse().unwrap();
    assert!(0 < lost && lost <= before, "{lost} of {before}");
    // The same votes say nothing of another zone.
    let elsewhere: Vec<_> = submit.split_whitespace().collect();
    let elsewhere = [&["--as", "member-3"][..], &elsewhere, &["--zone", "2"]].concat();
    assert!(!crate::hansa(dir, &elsewhere).status.success());
    wait(dir, "evidence list", |slashes| {
        slashes[0]["state"] == "settled"
    });
    wait(dir, "zone status market", |_| slice("market") == 0);
    assert!(slice("grid") > other - lost);
    let status = json(dir, "stake status");
    let operators = status["operators"].as_array().unwrap().iter();
    let seats = operators.filter(|operator| operator["seat_key"].is_string());
    assert_eq!(seats.count(), 4);
    let blocks = |zone: &str| json(dir, &format!("zone status {zone}"))["block"].as_u64();
    let heights = [blocks("market"), blocks("grid")];
    wait(dir, "zone list", |_| {
        [blocks("market"), blocks("grid")] > heights && blocks("market") > heights[0]
    });
    json(dir, "down");
}
