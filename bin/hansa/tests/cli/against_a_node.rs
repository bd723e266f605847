//! Against a node in memory that runs the real modules.

use crate::{Run, hansa};
use alloy_primitives::Address;
use alloy_signer_local::PrivateKeySigner;
use hansa_client::{keystore, testing::TestNode};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A league directory of three members, and the node they use.
pub(crate) struct League {
    folder: tempfile::TempDir,
    pub(crate) node: TestNode,
}

impl League {
    async fn start() -> Self {
        let signers: Vec<_> = (0..3).map(|_| PrivateKeySigner::random()).collect();
        let addresses: Vec<Address> = signers.iter().map(PrivateKeySigner::address).collect();
        Self::with(&signers, TestNode::start(&addresses).await)
    }

    /// Members who act with these keys, and a node.
    pub(crate) fn with(signers: &[PrivateKeySigner], node: TestNode) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join(".hansa");
        let mut members = Vec::new();
        for (number, signer) in (1..).zip(signers) {
            let name = format!("member-{number}");
            let path = format!("keys/{name}.json");
            keystore::save(&dir.join(&path), &signer.to_bytes(), "league").unwrap();
            members.push(json!({
                "name": name, "address": signer.address(), "keystore": path, "operator": "node-1",
            }));
        }
        std::fs::write(dir.join("password"), "league\n").unwrap();
        let operator = json!({
            "name": "node-1", "rpc": node.url, "ws": "", "taxii": "", "metrics": "", "pid": 1, "dir": "node-1",
        });
        let league =
            json!({"chain_id": 4_242, "operators": [operator], "accounts": [], "members": members});
        std::fs::write(dir.join("league.json"), league.to_string()).unwrap();
        Self { folder, node }
    }

    /// The server lives on the runtime that this would block: it needs another thread.
    pub(crate) fn run(&self, line: &str) -> Run {
        let arguments: Vec<_> = line.split_whitespace().collect();
        tokio::task::block_in_place(|| hansa(self.folder.path(), &arguments))
    }

    pub(crate) fn json(&self, line: &str) -> Value {
        let run = self.run(&format!("--json {line}"));
        assert_eq!(run.code, 0, "{line}: {}", run.stderr);
        run.json()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_is_published_once_and_read_back() {
    let league = League::start().await;
    let object = |number: usize, version: &str| {
        json!({
            "type": "indicator", "spec_version": version,
            "id": format!("indicator--{number:08x}-0000-4000-8000-000000000000"),
            "created": "2025-01-01T00:00:00.000Z", "modified": "2025-01-01T00:00:00.000Z",
            "pattern": "[url:value = 'http://example.org/']", "pattern_type": "stix",
            "valid_from": "2025-01-01T00:00:00Z",
        })
    };
    let mut objects: Vec<_> = (0..70).map(|number| object(number, "2.1")).collect();
    let bundle = |objects: &[Value]| json!({"type": "bundle", "objects": objects}).to_string();
    league.write("bundle.json", &bundle(&objects));
    let publish = "--as member-1 exchange publish bundle.json";
    let counts = |document: &Value| {
        ["published", "already_published", "transactions"]
            .map(|name| document[name].as_u64().unwrap())
    };
    assert_eq!(
        counts(&league.json(&format!("{publish} --dry-run"))),
        [70, 0, 2]
    );
    assert_eq!(counts(&league.json(publish)), [70, 0, 2]);
    assert_eq!(counts(&league.json(publish)), [0, 70, 0]);

    let id = objects[3]["id"].as_str().unwrap().to_owned();
    let got = league.run(&format!("exchange get {id}"));
    assert_eq!(got.stdout.trim_end(), objects[3].to_string());
    let about = league.json(&format!("exchange get {id} --about"));
    assert_eq!(
        (&about["tlp"], &about["revoked"]),
        (&json!("green"), &json!(false))
    );
    assert_eq!(
        league.run("exchange list --limit 0").stdout.lines().count(),
        70
    );
    assert_eq!(
        league.run("exchange list --limit 5").stdout.lines().count(),
        5
    );
    assert_eq!(league.run("exchange list --type malware").stdout, "");
    let watched = league.run("exchange watch --from-block 0 --count 4 --json");
    assert_eq!((watched.code, watched.stdout.lines().count()), (0, 4));

    league.json(&format!(
        "--as member-2 exchange sight {id} --count 3 --last-seen 2023-11-14T00:00:00Z"
    ));
    let foreign = league.run(&format!("--as member-2 exchange revoke {id}"));
    assert_eq!(foreign.code, 1);
    assert!(
        foreign.stderr.contains("NotPublisher"),
        "{}",
        foreign.stderr
    );
    league.json(&format!("--as member-1 exchange revoke {id} --reason test"));
    assert_eq!(
        league.json(&format!("exchange get {id} --about"))["revoked"],
        true
    );

    // One bad object fails the command, and the rest is published all the same.
    objects.push(object(100, "2.0"));
    objects.push(object(101, "2.1"));
    let mut timeless = object(102, "2.1");
    timeless.as_object_mut().unwrap().remove("valid_from");
    objects.push(timeless);
    league.write("bundle.json", &bundle(&objects));
    let mixed = league.run(&format!("--json {publish}"));
    assert_eq!(mixed.code, 1, "{}", mixed.stderr);
    assert_eq!(mixed.json()["published"], 1);
    assert_eq!(mixed.json()["refused"][0]["position"], 70);
    let reason = &mixed.json()["refused"][1]["reason"];
    assert_eq!(reason, "indicator needs valid_from");
    league.write("bundle.json", "{}");
    assert_eq!(league.run(publish).code, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_list_is_imported_and_an_alert_on_it_accepted() {
    let league = League::start().await;
    let target = "0x098b716b8aaf21512996dc57eb0615e2383e2f96";
    let mut list = String::from("address,tag\n");
    for (address, tag) in [(target, "heist"), (target, "phish"), ("oops", "x")] {
        writeln!(list, "{address},{tag}").unwrap();
    }
    league.write("list.csv", &list);
    let import = "--as member-1 exchange import list.csv";
    let first = league.json(import);
    for (name, count) in [
        ("rows", 2),
        ("addresses", 1),
        ("merged", 1),
        ("published", 2),
    ] {
        assert_eq!(first[name], count, "{name}: {first}");
    }
    assert_eq!(first["refused_rows"][0]["line"], 4);
    assert_eq!(
        league.json(&format!("{import} --timestamp 2031-01-01T00:00:00Z"))["published"],
        0
    );
    let listed = league.json("exchange list --type indicator --content");
    assert_eq!(listed["content"]["labels"], json!(["heist", "phish"]));

    let id = listed["id"].as_str().unwrap();
    let raise = format!("alert raise --target {target} --object {id} --severity critical --for 1h");
    let raised = league.json(&format!("--as member-1 {raise}"));
    assert_eq!(
        (&raised["alert"], &raised["accepted"]),
        (&json!("1"), &json!(false))
    );
    let provisional = league.run(&format!("--as member-2 {raise} --provisional"));
    assert!(
        provisional.stderr.contains("NotSentinel"),
        "{}",
        provisional.stderr
    );
    let endorsed = league.json("--as member-2 alert endorse 1");
    assert_eq!(endorsed["accepted"], true, "{endorsed}");
    let twice = league.run("--as member-2 alert endorse 1");
    assert_eq!(twice.code, 1);
    assert_eq!(league.json("alert list")[0]["status"], "accepted");
    assert_eq!(league.json("alert show 1")["endorsing"], 2);
    assert_eq!(league.run("alert show 9").code, 1);
    league.json("--as member-2 alert revoke 1");
    assert_eq!(league.json("--as member-3 alert revoke 1")["revoked"], true);
    assert_eq!(league.json("alert list"), json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_admit_another_and_change_themselves() {
    let league = League::start().await;
    assert_eq!(league.json("member list").as_array().unwrap().len(), 3);
    let newcomer = Address::repeat_byte(0x77);
    let key = format!("0x{}", "05".repeat(32));
    let nominate =
        format!("member nominate {newcomer} --name Hospital --key {key} --role member,sentinel");
    let opened = league.json(&format!("--as member-1 {nominate}"));
    assert_eq!(
        (&opened["proposal"], &opened["passed"]),
        (&json!("1"), &json!(false))
    );
    assert_eq!(league.json("member proposals")[0]["kind"], "admit");
    assert_eq!(league.json("--as member-2 member vote 1")["passed"], true);
    assert_eq!(league.json("member proposals"), json!([]));
    let shown = league.json(&format!("member show {newcomer}"));
    assert_eq!(
        (&shown["name"], &shown["roles"]),
        (&json!("Hospital"), &json!("member+sentinel"))
    );
    league.json("--as member-1 member update --contact soc@example.org");
    let own = league.json("--as member-1 member show");
    assert_eq!(
        (&own["name"], &own["contact"]),
        (&json!("member-1"), &json!("soc@example.org"))
    );
    let stranger = Address::repeat_byte(0x78);
    assert_eq!(league.run(&format!("member show {stranger}")).code, 1);
    league.json(&format!(
        "--as member-1 member suspend {newcomer} --reason test"
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ether_is_sent_and_waiting_ends_with_its_own_exit_code() {
    let league = League::start().await;
    let to = Address::repeat_byte(0x55);
    league.json(&format!("--as member-1 account send {to} 2gwei"));
    assert_eq!(
        league.json(&format!("account balance {to}"))["wei"],
        "2000000000"
    );
    assert_eq!(league.json("--as member-1 account nonce")["latest"], 1);
    assert_eq!(league.json("account list").as_array().unwrap().len(), 3);
    league.node.ledger().stopped = true;
    let stuck = league.run(&format!("--timeout 1 --as member-1 account send {to} 1wei"));
    assert_eq!(stuck.code, 4, "{}", stuck.stderr);
    assert_eq!(league.run("--as nobody account nonce").code, 2);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupt_ends_with_130() {
    let league = League::start().await;
    let mut child = crate::command(league.folder.path(), &["exchange", "watch"])
        .spawn()
        .unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    let pid = child.id().to_string();
    let killed = std::process::Command::new("kill")
        .args(["-INT", &pid])
        .status()
        .unwrap();
    assert!(killed.success());
    let status = tokio::task::block_in_place(|| child.wait()).unwrap();
    assert_eq!(status.code(), Some(130));
}
