//! Nodes that join a running league from the state of its operators.

use crate::{Guard, ask, eventually, hansa, json, number, patient, rpc, seats, up};
use serde_json::Value;
use std::fs;

/// The contract that keeps block hashes (EIP-2935): its code is fetched as code is, not as accounts are.
const HISTORY: &str = "0x0000F90827F1C53a10cb7A02335B175320002935";

fn code(url: &str) -> Value {
    rpc(url, "eth_getCode", &[HISTORY.into(), "latest".into()])
}

fn balance(url: &str, address: &str) -> Value {
    rpc(url, "eth_getBalance", &[address.into(), "latest".into()])
}

#[test]
fn a_new_operator_joins_from_state() {
    let parent = tempfile::tempdir().unwrap();
    let dir = &parent.path().join("league");
    let _guard = Guard(dir);
    let document = up(dir);
    let url = document["operators"][0]["rpc"].as_str().unwrap();
    let to = "0x1111111111111111111111111111111111111111";
    json(dir, &["--as", "member-2", "account", "send", to, "3wei"]);
    // Two changes of the committee lie between the genesis and the newcomer.
    eventually("two epochs pass", || {
        number(&rpc(url, "hansa_epoch", &[])["epoch"]) >= 2
    });
    let begun = number(&rpc(url, "eth_blockNumber", &[]));
    let added = patient(dir, &["operator", "add", "--join", "state"]);
    assert_eq!(added["name"], "operator-5");
    assert!(seats(url).contains(&"operator-5".into()));

    // Those who were there take up sessions with it, one by one.
    eventually("all is well", || hansa(dir, &["status"]).status.success());
    let status = json(dir, &["status"]);
    let theirs = status["operators"][4]["rpc"].as_str().unwrap();
    let log = fs::read_to_string(dir.join("operator-5/log")).unwrap();
    assert!(log.contains("joined"), "{log}");
    // What happened before is in its state, and not in its blocks.
    assert_eq!(balance(theirs, to), "0x3");
    assert_eq!(code(theirs), code(url));
    assert!(code(theirs).as_str().unwrap().len() > 2);
    let old = ask(
        theirs,
        "eth_getBlockByNumber",
        &["0x1".into(), false.into()],
    );
    let words = old.unwrap_err().to_string();
    assert!(words.contains("begins at block"), "{words}");
    // It goes on after a restart, as any other.
    json(dir, &["down", "--operator", "operator-5"]);
    patient(dir, &["up", "--detach"]);
    eventually("it follows again", || {
        number(&rpc(theirs, "eth_blockNumber", &[])) > begun
    });
    let reindex = ["node", "reindex", "--config"];
    json(dir, &["down", "--operator", "operator-5"]);
    let config = dir.join("operator-5/node.toml");
    let refused = std::process::Command::new(crate::HANSA)
        .args(reindex)
        .arg(config)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&refused.stderr);
    assert!(errors.contains("joined from state"), "{errors}");
}
