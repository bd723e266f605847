//! Stake on a league, by the commands that a user types.

use crate::{Guard, PATIENCE, common::port_base};
use alloy_primitives::{B256, hex};
use commonware_codec::{DecodeExt as _, Encode as _};
use commonware_consensus::{
    simplex::types::{ConflictingNotarize, Notarize, Proposal},
    types::{Epoch, Round, View},
};
use commonware_utils::{TryCollect as _, ordered::Set};
use hansa_primitives::{Digest, PublicKey, Scheme, digest, namespace};
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

/// Evidence that the operator whose key lies in `file` voted for two blocks in view 7 of an epoch.
fn evidence(file: &Path, genesis_hash: B256, status: &Value) -> String {
    let seats = status["operators"].as_array().unwrap().iter();
    let keys = seats.filter_map(|operator| {
        let key: B256 = operator["seat_key"].as_str()?.parse().unwrap();
        Some(PublicKey::decode(key.to_vec()).unwrap())
    });
    let keys: Set<_> = keys.collect::<Vec<_>>().into_iter().try_collect().unwrap();
    let key = hansa_node::load_key(file).unwrap();
    let scheme = Scheme::signer(&namespace(genesis_hash), keys, key).unwrap();
    let epoch = Epoch::new(status["epoch"].as_u64().unwrap());
    let round = Round::new(epoch, View::new(7));
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
    let up = "up --detach --timeout 90 --heartbeat-ms 250 --port-base";
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
    let bytes = evidence(&dir.join("operator-2/key"), genesis_hash, &status);
    std::fs::write(&file, bytes).unwrap();
    let submit = format!(
        "--as member-3 evidence submit {} --kind conflicting-notarize",
        file.display()
    );
    let raised = json(dir, &submit);
    assert_eq!(raised["operator"], 2);
    assert_eq!(raised["wei"], preview["wei"]);
    let told = format!("stake status {own}");
    let pending = json(dir, &told)["slashes"][0].clone();
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
