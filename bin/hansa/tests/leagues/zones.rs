//! Zones of a running league.

use crate::{Guard, HANSA, eventually, hansa, json, number, patient, rpc, up};
use serde_json::Value;
use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
};

const HOSTILE: &str = "0x00000000000000000000000000000000000b0B0b";
pub(crate) const FRIEND: &str = "0x00000000000000000000000000000000000c0C0c";
const VICTIM: &str = "0x00000000000000000000000000000000000d0D0D";
const PROTECTED: &str = "0x00000000000000000000000000000000000E0e0E";
const INDICATOR: &str = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";

/// Where an operator answers for a zone.
pub(crate) fn zone_url(document: &Value, operator: usize, zone: &str) -> String {
    let url = document["operators"][operator]["rpc"].as_str().unwrap();
    format!("{url}/zones/{zone}")
}

pub(crate) fn height(url: &str) -> u64 {
    number(&rpc(url, "eth_blockNumber", &[]))
}

pub(crate) fn balance(url: &str, of: &str) -> Value {
    rpc(url, "eth_getBalance", &[of.into(), "latest".into()])
}

/// What a command of the first member prints once it succeeds.
pub(crate) fn by_member(dir: &Path, arguments: &[&str]) -> Value {
    patient(dir, &[&["--as", "member-1"], arguments].concat())
}

/// Zones `market` and `grid`, made with these options, each with an ether of the first member.
pub(crate) fn two_zones(dir: &Path, options: &[&str]) {
    for (name, chain_id) in [("market", "48571"), ("grid", "48572")] {
        let create = ["zone", "create", name, "--chain-id", chain_id];
        let create = [&create[..], &["--heartbeat", "400"], options].concat();
        by_member(dir, &create);
        by_member(dir, &["bridge", "deposit", name, "1ether"]);
    }
}

/// Sends a wei on a zone.
pub(crate) fn send(dir: &Path, url: &str, to: &str) -> std::process::Output {
    let arguments = [
        "--as",
        "member-1",
        "--rpc",
        url,
        "account",
        "send",
        to,
        "1wei",
        "--timeout",
        "20",
    ];
    hansa(dir, &arguments)
}

/// Members publish an indicator and accept an alert on [`HOSTILE`].
fn warn(dir: &Path) {
    let bundle = dir.with_file_name("indicator.json");
    let indicator = serde_json::json!({
        "type": "indicator",
        "spec_version": "2.1",
        "id": INDICATOR,
        "created": "2026-11-26T00:00:00.000Z",
        "modified": "2026-11-26T00:00:00.000Z",
        "pattern": "[x-evm:address = '0x0b']",
        "pattern_type": "stix",
        "valid_from": "2026-11-26T00:00:00Z",
    });
    fs::write(&bundle, indicator.to_string()).unwrap();
    let path = bundle.to_str().unwrap();
    json(
        dir,
        &[
            "--as", "member-1", "exchange", "publish", path, "--tlp", "clear",
        ],
    );
    let raise = [
        "--as",
        "member-1",
        "alert",
        "raise",
        "--target",
        HOSTILE,
        "--object",
        INDICATOR,
        "--severity",
        "high",
        "--for",
        "1h",
    ];
    json(dir, &raise);
    json(dir, &["--as", "member-2", "alert", "endorse", "1"]);
    let accepted = json(dir, &["--as", "member-3", "alert", "endorse", "1"]);
    assert_eq!(accepted["accepted"], true);
}

/// Ether leaves a zone, for the hub and for another zone, and a contract's message waits for nobody but its receiver.
fn comes_back(dir: &Path, document: &Value) {
    let hub = document["operators"][0]["rpc"].as_str().unwrap();
    let before = number(&balance(hub, FRIEND));
    let act = |arguments: &[&str]| by_member(dir, arguments);
    let back = act(&["bridge", "withdraw", "market", "7wei", "--to", FRIEND]);
    assert_eq!(back["outcome"], "paid");
    assert_eq!(number(&balance(hub, FRIEND)), before + 7);
    let transaction = back["transaction"].as_str().unwrap();
    let status = json(dir, &["message", "status", transaction, "--zone", "market"]);
    assert_eq!(
        (&status[0]["state"], &status[0]["wei"]),
        (&"paid".into(), &"7".into())
    );
    act(&[
        "zone",
        "create",
        "grid",
        "--chain-id",
        "48573",
        "--heartbeat",
        "400",
        "--min-severity",
        "4",
    ]);
    let across = act(&[
        "bridge", "withdraw", "market", "1ether", "--into", "grid", "--fee", "1gwei",
    ]);
    assert_eq!(across["outcome"], "forwarded");
    let lanes = json(dir, &["bridge", "status"]);
    let locked = |zone: usize| {
        lanes[zone]["locked_wei"]
            .as_str()
            .unwrap()
            .parse::<u128>()
            .unwrap()
    };
    assert_eq!(locked(1), 1_000_000_000_000_000_000);
    assert_eq!(locked(0), 999_999_999_000_000_000 - 7);
    let listed = rpc(hub, "hansa_zones", &[]);
    assert!(number(&listed[0]["checkpoint"]["number"]) > 0);
    let refused = hansa(
        dir,
        &[
            "--as", "member-1", "bridge", "withdraw", "grid", "1wei", "--into", "grid",
        ],
    );
    assert!(!refused.status.success());
}

/// `market` obeys the alert, so that nothing is sent to its target there nor from the hub; `grid` does not, so that the hub holds what comes from it.
fn nobody_pays_the_target(dir: &Path, document: &Value) {
    let hub = document["operators"][0]["rpc"].as_str().unwrap();
    let refuses = |arguments: &[&str]| {
        let refused = hansa(dir, &[&["--as", "member-1"], arguments].concat());
        let words = String::from_utf8_lossy(&refused.stderr);
        let is_blocked = words.contains("Blocked {") && words.contains("alertId: 1");
        assert!(is_blocked, "{words}");
    };
    for way in ["deposit", "withdraw"] {
        refuses(&["bridge", way, "market", "5wei", "--to", HOSTILE]);
    }
    let call = serde_json::json!({ "to": HOSTILE });
    assert_eq!(rpc(hub, "eth_call", &[call, "latest".into()]), "0x");
    let left = by_member(
        dir,
        &["bridge", "withdraw", "grid", "5wei", "--to", HOSTILE],
    );
    assert_eq!(left["outcome"], "held");
    let transaction = left["transaction"].as_str().unwrap();
    let release = ["message", "release", transaction, "--zone", "grid"];
    refuses(&release);
    for member in ["member-1", "member-2", "member-3"] {
        json(dir, &["--as", member, "alert", "revoke", "1"]);
    }
    // Another operator said that it is revoked.
    let bond = 100_000_000_000_000_000;
    eventually("whom it harmed has the bond", || {
        number(&balance(hub, HOSTILE)) >= bond
    });
    let before = number(&balance(hub, HOSTILE));
    assert_eq!(by_member(dir, &release)["held_wei"], "0");
    assert_eq!(number(&balance(hub, HOSTILE)), before + 5);
}

#[test]
fn a_zone_runs_beside_its_hub_and_obeys_it() {
    let parent = tempfile::tempdir().unwrap();
    let dir = &parent.path().join("league");
    let _guard = Guard(dir);
    let document = up(dir);
    let warden = document["members"][0]["address"].as_str().unwrap();
    let created = patient(
        dir,
        &[
            "--as",
            "member-1",
            "zone",
            "create",
            "market",
            "--chain-id",
            "48571",
            "--heartbeat",
            "400",
            "--warden",
            warden,
            "--never-block",
            PROTECTED,
        ],
    );
    assert!(number(&created["zone_block"]) > 0);
    let taken = [
        "--as",
        "member-2",
        "zone",
        "create",
        "market",
        "--chain-id",
        "48572",
    ];
    let refused = hansa(dir, &taken);
    let words = String::from_utf8_lossy(&refused.stderr);
    assert!(words.contains("NameTaken"), "{words}");

    // Ether arrives, and moves there as on any chain.
    let deposited = patient(
        dir,
        &["--as", "member-1", "bridge", "deposit", "market", "2ether"],
    );
    assert_eq!(deposited["balance_wei"], "2000000000000000000");
    let (first, second) = (
        zone_url(&document, 0, "market"),
        zone_url(&document, 1, "market"),
    );
    assert_eq!(rpc(&first, "eth_chainId", &[]), "0xbdbb");
    for to in [FRIEND, HOSTILE] {
        let sent = send(dir, &first, to);
        assert!(
            sent.status.success(),
            "{}",
            String::from_utf8_lossy(&sent.stderr)
        );
    }
    eventually("every operator has the transfer", || {
        balance(&second, FRIEND) == "0x1"
    });
    let listed = json(dir, &["zone", "list"]);
    assert_eq!(listed[0]["locked_wei"], "2000000000000000000");

    comes_back(dir, &document);

    // Its lines of the log are told from the hub's, and its load too.
    let logs = hansa(dir, &["zone", "logs", "market", "operator-1"]);
    let logs = String::from_utf8_lossy(&logs.stdout).into_owned();
    assert!(logs.contains("epoch entered"), "{logs}");
    assert!(logs.lines().all(|line| line.contains("market")), "{logs}");
    let room = json(dir, &["zone", "room"]);
    assert_eq!(room["zones"][0]["fits"], "runs", "{room}");
    assert!(room["zones"][0]["cores"].as_f64().unwrap() > 0.0, "{room}");
    assert!(room["hub_cores"].as_f64().unwrap() > 0.0, "{room}");

    // What members accept on the hub holds on the zone.
    warn(dir);
    let refuses = || {
        let refused = send(dir, &first, HOSTILE);
        String::from_utf8_lossy(&refused.stderr).contains("blocked by directive 1")
    };
    // Until it has heard of the directive, it may take another one.
    eventually("the zone refuses", refuses);
    let held = balance(&first, HOSTILE);
    assert!(refuses());
    assert!(send(dir, &first, FRIEND).status.success());
    assert_eq!(balance(&first, HOSTILE), held);
    decides_for_itself(dir, &first, warden);
    nobody_pays_the_target(dir, &document);

    // An operator that was killed finds the zone again, and what it missed.
    kill(dir, "operator-2");
    let before = height(&first);
    eventually("the zone goes on", || height(&first) > before + 2);
    assert!(send(dir, &first, FRIEND).status.success());
    patient(dir, &["up", "--detach"]);
    eventually("the operator is back", || {
        let answer = crate::ask(&second, "eth_getBalance", &[FRIEND.into(), "latest".into()]);
        answer.is_ok_and(|balance| balance == "0x3")
    });
    // Both nodes derived the same chain.
    let genesis = |url: &str| rpc(url, "eth_getBlockByNumber", &["0x0".into(), false.into()]);
    assert_eq!(genesis(&first)["hash"], genesis(&second)["hash"]);
    let help = Command::new(HANSA)
        .args(["zone", "create", "--help"])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&help.stdout).contains("Examples:"));
}

/// A zone's warden protects whom it will from what the hub directs, and blocks whom it will.
fn decides_for_itself(dir: &Path, zone: &str, warden: &str) {
    let told = json(dir, &["zone", "guard", "market"]);
    let same = |told: &Value, address: &str| {
        (told.as_str()).is_some_and(|told| told.eq_ignore_ascii_case(address))
    };
    assert!(same(&told["warden"], warden), "{told}");
    assert!(same(&told["never_blocked"][0], PROTECTED), "{told}");
    let change = |flag: &str, target: &str| {
        by_member(dir, &["zone", "guard", "market", flag, target]);
    };
    let held = balance(zone, HOSTILE);
    change("--protect", HOSTILE);
    eventually("who is protected is paid", || {
        send(dir, zone, HOSTILE).status.success()
    });
    assert_ne!(balance(zone, HOSTILE), held);
    change("--unprotect", HOSTILE);
    let refused = |target: &str, words: &str| {
        eventually(words, || {
            let refused = send(dir, zone, target);
            String::from_utf8_lossy(&refused.stderr).contains(words)
        });
    };
    refused(HOSTILE, "blocked by directive 1 until");
    change("--block", VICTIM);
    refused(VICTIM, "blocked by directive 0 (this chain's own) until");
    let told = json(dir, &["zone", "guard", "market"]);
    assert!(same(&told["own_directives"][0]["target"], VICTIM), "{told}");
    change("--unblock", VICTIM);
    eventually("who is free is paid", || {
        send(dir, zone, VICTIM).status.success()
    });
    // Nobody else decides, and the hub is nobody's.
    let other = ["zone", "guard", "market", "--block", VICTIM];
    let refused = hansa(dir, &[&["--as", "member-2"], &other[..]].concat());
    let words = String::from_utf8_lossy(&refused.stderr);
    assert!(words.contains("NotWarden"), "{words}");
}

/// Kills an operator's process at once.
fn kill(dir: &Path, operator: &str) {
    let process = fs::read_to_string(dir.join(operator).join("process.json")).unwrap();
    let process: Value = serde_json::from_str(&process).unwrap();
    let pid = process["pid"].to_string();
    let killed = Command::new("kill").args(["-9", &pid]).status().unwrap();
    assert!(killed.success());
}

/// All files of a folder, and of those in it.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let all = entries.map(|path| {
        if path.is_dir() {
            files(&path)
        } else {
            vec![path]
        }
    });
    all.flatten().collect()
}

/// What a disk held that was damaged.
pub(crate) type Damage = Vec<(PathBuf, Vec<u8>)>;

/// Kills an operator, damages its part of the zone, and lets it run again: on the hub, and not in the zone.
pub(crate) fn lose(dir: &Path, operator: &str) -> Damage {
    kill(dir, operator);
    let storage = dir.join(operator).join("data/zones/market/storage");
    let state = |path: &PathBuf| path.to_string_lossy().contains("state");
    let mut damage = Vec::new();
    for path in files(&storage).into_iter().filter(state) {
        let bytes = fs::read(&path).unwrap();
        let flipped: Vec<_> = bytes.iter().map(|byte| byte ^ 0x5a).collect();
        fs::write(&path, flipped).unwrap();
        damage.push((path, bytes));
    }
    assert!(damage.iter().any(|(_, bytes)| !bytes.is_empty()));
    patient(dir, &["up", "--detach"]);
    damage
}

/// A zone whose disk is damaged ends where that is so, and nowhere else: neither its hub nor another zone. Once the disk is as it was,
/// it starts by itself, and its operator has lost nothing.
#[test]
fn a_zone_that_breaks_harms_nothing_else() {
    let parent = tempfile::tempdir().unwrap();
    let dir = &parent.path().join("league");
    let _guard = Guard(dir);
    let document = up(dir);
    let act = |arguments: &[&str]| by_member(dir, arguments);
    two_zones(dir, &[]);
    let joined = act(&["zone", "status", "market"]);
    assert_eq!(joined["operators"].as_array().unwrap().len(), 4);
    let damage = lose(dir, "operator-2");
    let log = || fs::read_to_string(dir.join("operator-2/log")).unwrap_or_default();
    eventually("the zone ends there, and is tried again", || {
        log().matches("the hub and other zones go on").count() > 1
    });
    let is_told =
        |line: &str| metrics(document["operators"][1]["metrics"].as_str().unwrap()).contains(line);
    eventually("metrics tell", || {
        is_told("hansa_zone_up{chain=\"market\"} 0\n")
            && is_told("hansa_zone_up{chain=\"grid\"} 1\n")
    });
    // The other zone and the hub of the same process work, and the zone with the others.
    let (grid, market) = (
        zone_url(&document, 1, "grid"),
        zone_url(&document, 0, "market"),
    );
    eventually("the other zone runs", || {
        crate::ask(&grid, "eth_blockNumber", &[]).is_ok()
    });
    let hub = document["operators"][1]["rpc"].as_str().unwrap();
    for url in [&grid, &market, hub] {
        let sent = send(dir, url, FRIEND);
        assert!(
            sent.status.success(),
            "{}",
            String::from_utf8_lossy(&sent.stderr)
        );
    }
    let status = || hansa(dir, &["status"]);
    eventually("the status tells", || {
        String::from_utf8_lossy(&status().stdout).contains("1 of 2")
    });
    for (path, bytes) in &damage {
        fs::write(path, bytes).unwrap();
    }
    let back = zone_url(&document, 1, "market");
    let is_back = || {
        let balance = crate::ask(&back, "eth_getBalance", &[FRIEND.into(), "latest".into()]);
        balance.is_ok_and(|balance| balance == "0x1")
    };
    eventually("the zone is back", is_back);
    assert!(is_told("hansa_zone_up{chain=\"market\"} 1\n"));
    let is_lost = || log().contains("the consensus journal that this chain had here is gone");
    assert!(!is_lost());

    // Without the zone's folder nothing there tells what the operator voted for; its key does.
    json(dir, &["down", "--operator", "operator-2"]);
    fs::remove_dir_all(dir.join("operator-2/data/zones/market")).unwrap();
    json(dir, &["up", "--detach"]);
    eventually("the zone comes from the others", is_back);
    assert!(is_lost());
}

/// What an operator tells Prometheus.
pub(crate) fn metrics(url: &str) -> String {
    let place = url.strip_prefix("http://").unwrap();
    let (address, path) = place.split_once('/').unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// A zone that its creator stops is left by its users, before and after its end, and the other zone does not notice.
#[test]
fn a_zone_ends_and_its_users_leave() {
    let parent = tempfile::tempdir().unwrap();
    let dir = &parent.path().join("league");
    let _guard = Guard(dir);
    let document = up(dir);
    let act = |arguments: &[&str]| by_member(dir, arguments);
    two_zones(dir, &["--notice", "30s"]);
    for name in ["market", "grid"] {
        act(&["bridge", "deposit", name, "1ether", "--to", FRIEND]);
    }
    let status = |zone: &str| json(dir, &["zone", "status", zone]);
    eventually("the hub knows the zone", || {
        status("market")["phase"] == "active"
    });
    let early = hansa(dir, &["--as", "member-1", "zone", "exit", "market"]);
    assert!(String::from_utf8_lossy(&early.stderr).contains("has not ended"));
    let stopped = act(&["zone", "stop", "market"]);
    // Its users can still leave as ever.
    act(&["bridge", "withdraw", "market", "0.25ether"]);
    assert_eq!(status("market")["closes_at"], stopped["closes_at"]);
    let refused = hansa(
        dir,
        &["--as", "member-1", "bridge", "deposit", "market", "1ether"],
    );
    let refused = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.contains("ZoneEnds"), "{refused}");
    eventually("the zone has settled", || {
        status("market")["phase"] == "settled"
    });
    // A node takes nothing that no block would.
    let late = ["--as", "member-1", "bridge", "withdraw", "market", "1wei"];
    let late = hansa(dir, &late);
    let late = String::from_utf8_lossy(&late.stderr).into_owned();
    assert!(late.contains("this chain has ended"), "{late}");
    // Its last block is where it stays.
    let height = status("market")["block"].clone();
    let hub = document["operators"][0]["rpc"].as_str().unwrap();
    let balance = || rpc(hub, "eth_getBalance", &[FRIEND.into(), "latest".into()]);
    assert_eq!(balance(), "0x0");
    act(&["zone", "exit", "market", "--account", FRIEND]);
    assert_eq!(balance(), "0xde0b6b3a7640000");
    let again = hansa(
        dir,
        &[
            "--as",
            "member-1",
            "zone",
            "exit",
            "market",
            "--account",
            FRIEND,
        ],
    );
    let again = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(again.contains("NothingLeft"), "{again}");
    // Every operator serves it on, after a restart too.
    json(dir, &["down"]);
    patient(dir, &["up", "--detach"]);
    eventually("the zone is served", || status("market")["block"] == height);
    let left = act(&["zone", "exit", "market"]);
    let paid: f64 = left["paid_wei"].as_str().unwrap().parse().unwrap();
    assert!((0.74e18..0.75e18).contains(&paid), "{paid}");
    act(&["bridge", "withdraw", "grid", "0.5ether"]);
    let zones = rpc(hub, "hansa_zones", &[]);
    assert_eq!(zones[0]["phase"], "settled");
    assert_eq!(zones[0]["reason"], "creator");
    assert_eq!(zones[1]["phase"], "active");
}

/// What init code returns that counts the leading zeros of 1 (EIP-7939), as no fork before Osaka can.
fn leading_zeros(url: &str) -> Result<Value, hansa_client::RpcError> {
    let call = serde_json::json!({ "data": "0x60011e5f5260205ff3" });
    crate::ask(url, "eth_call", &[call, "latest".into()])
}

pub(crate) fn gas_limit(url: &str) -> u64 {
    let block = rpc(
        url,
        "eth_getBlockByNumber",
        &["latest".into(), false.into()],
    );
    number(&block["gasLimit"])
}

/// A zone takes other terms at a time that the hub knows, under load, and every operator at the same block. One by rules that nobody knows stops, says so, and
/// harms nothing else.
#[test]
fn a_zone_is_upgraded_while_it_is_used() {
    let parent = tempfile::tempdir().unwrap();
    let dir = &parent.path().join("league");
    let _guard = Guard(dir);
    let document = up(dir);
    let act = |arguments: &[&str]| by_member(dir, arguments);
    two_zones(dir, &["--notice", "10s", "--fork", "prague"]);
    let market: Vec<_> = (0..4).map(|n| zone_url(&document, n, "market")).collect();
    let grid = zone_url(&document, 0, "grid");
    assert!(leading_zeros(&market[0]).is_err());
    let same = hansa(
        dir,
        &[
            "--as", "member-1", "zone", "upgrade", "market", "--fork", "prague",
        ],
    );
    assert!(String::from_utf8_lossy(&same.stderr).contains("keeps to this already"));
    let change = ["--fork", "osaka", "--gas-limit", "20000000"];
    let announced = act(&[&["zone", "upgrade", "market"][..], &change].concat());
    let status = json(dir, &["zone", "status", "market"]);
    assert_eq!(status["upgrades_at"], announced["starts_at"]);
    assert_eq!(status["terms"]["fork"], "prague");
    assert_eq!(status["next_terms"]["fork"], "osaka");
    let mut sent = 0;
    while gas_limit(&market[0]) != 20_000_000 {
        assert!(sent < 200, "no upgrade");
        let outcome = send(dir, &market[0], FRIEND);
        let words = String::from_utf8_lossy(&outcome.stderr);
        assert!(outcome.status.success(), "{words}");
        sent += 1;
    }
    let one = format!("{:#066x}", 255);
    for url in &market {
        eventually("every operator keeps to it", || {
            leading_zeros(url).is_ok_and(|zeros| zeros == one.as_str())
        });
        // The same block is the first that does.
        eventually("and has all that was sent", || {
            balance(url, FRIEND) == format!("{sent:#x}").as_str()
        });
    }
    let listed = rpc(
        document["operators"][0]["rpc"].as_str().unwrap(),
        "hansa_zones",
        &[],
    );
    assert_eq!(
        (&listed[0]["fork"], &listed[0]["upgrade"]),
        (&"osaka".into(), &Value::Null)
    );
    assert_eq!(
        (&listed[1]["fork"], gas_limit(&grid)),
        (&"prague".into(), 30_000_000)
    );

    // One that this version does not know.
    act(&["zone", "upgrade", "market", "--fork", "fork-9"]);
    eventually("the status warns of each operator", || {
        let warnings = json(dir, &["status"])["warnings"].clone();
        let warns = |of: &Value| {
            of.as_str()
                .is_some_and(|of| of.contains("will run by fork-9"))
        };
        warnings
            .as_array()
            .is_some_and(|all| all.len() == 4 && all.iter().all(warns))
    });
    let log = |n: usize| fs::read_to_string(dir.join(format!("operator-{n}/log"))).unwrap();
    eventually(
        "every operator is told in time, stops, and says why",
        || {
            (1..=4).all(|n| {
                let log = log(n);
                log.contains("will run by rules")
                    && log.contains("fork-9, which this version of hansa does not know")
            })
        },
    );
    assert!(send(dir, &grid, FRIEND).status.success());
    // It is tried again and again.
    eventually("the status tells", || {
        let status = hansa(dir, &["status"]);
        String::from_utf8_lossy(&status.stdout).contains("1 of 2")
    });
}

/// A zone with four seats, for five operators: who has none does not run it, until that changes.
#[test]
fn operators_run_the_zones_that_they_serve() {
    let parent = tempfile::tempdir().unwrap();
    let dir = &parent.path().join("league");
    let _guard = Guard(dir);
    let base = crate::common::port_base();
    let up = ["up", "--no-zone", "--detach", "--operators", "5"];
    let pace = ["--heartbeat-ms", "400", "--port-base", &base];
    patient(dir, &[&up[..], &pace].concat());
    json(dir, &["down"]);
    for n in 1..=5 {
        // Operators of a local league follow every zone.
        let path = dir.join(format!("operator-{n}/node.toml"));
        let config = fs::read_to_string(&path).unwrap();
        assert!(config.contains("follow = [\"*\"]"), "{config}");
        let config = config.replace("follow = [\"*\"]", "follow = []");
        assert!(config.contains("from = \"blocks\""), "{config}");
        fs::write(
            &path,
            config.replace("from = \"blocks\"", "from = \"state\""),
        )
        .unwrap();
    }
    let document = patient(dir, &["up", "--detach"]);
    let create = ["zone", "create", "market", "--chain-id", "48571"];
    let pace = [
        "--heartbeat",
        "200",
        "--epoch-blocks",
        "20",
        "--notice",
        "10s",
    ];
    by_member(dir, &[&create[..], &pace, &["--max-seats", "4"]].concat());

    let zone_at = |n: usize| {
        let url = document["operators"][n]["rpc"].as_str().unwrap();
        rpc(url, "hansa_zones", &[])[0].clone()
    };
    let runs = |n: usize| !zone_at(n)["path"].is_null();
    let serving = || (0..5).filter(|n| runs(*n)).collect::<Vec<_>>();
    eventually("four operators run it", || serving().len() == 4);
    let idle = (0..5).find(|n| !runs(*n)).unwrap();
    assert_eq!(zone_at(idle)["serves"], false);
    let hub = document["operators"][idle]["rpc"].as_str().unwrap();
    let market = rpc(hub, "hansa_zone", &["market".into()]);
    assert_eq!(market["committee"].as_array().unwrap().len(), 4);
    // A fault costs each a twentieth of its slice, a hundredth of 2,000 ether, and two answer for certain.
    assert_eq!(market["stake"], "0x4563918244f400000"); // 80 ether
    assert_eq!(number(&market["answers"]), 2_000_000_000_000_000_000);
    assert_eq!(rpc(hub, "hansa_zone", &["grid".into()]), Value::Null);
    let status = patient(dir, &["zone", "committee", "market"]);
    assert_eq!(status["rule"]["max_seats"], 4);
    assert!(
        !dir.join(format!("operator-{}/data/zones", idle + 1))
            .join("market")
            .exists()
    );
    // Nothing is wrong with that, and who asks there is answered by another.
    eventually("the league is healthy", || {
        hansa(dir, &["status"]).status.success()
    });
    let member = format!("member-{}", idle + 1);
    let deposit = [
        "--as", &member, "bridge", "deposit", "market", "1ether", "--to", FRIEND,
    ];
    patient(dir, &deposit);

    // It takes the place of another one.
    let leaves = serving()[0];
    let stay = (0..5).filter(|n| *n != leaves);
    let stay: Vec<_> = stay.map(|n| format!("operator-{}", n + 1)).collect();
    by_member(
        dir,
        &["zone", "committee", "market", "--allow", &stay.join(",")],
    );
    eventually("who has a seat now runs it, and has what was there", || {
        runs(idle) && balance(&zone_url(&document, idle, "market"), FRIEND) == "0xde0b6b3a7640000"
    });
    let log = fs::read_to_string(dir.join(format!("operator-{}/log", idle + 1))).unwrap();
    assert!(
        log.contains("joined"),
        "it took the zone's state from its peers"
    );
    eventually("who has none any more stops", || {
        !runs(leaves) && zone_at(leaves)["serves"] == false
    });
    let member = format!("member-{}", leaves + 1);
    patient(
        dir,
        &[
            "--as", &member, "bridge", "deposit", "market", "1ether", "--to", FRIEND,
        ],
    );
    let log = fs::read_to_string(dir.join(format!("operator-{}/log", leaves + 1))).unwrap();
    assert!(log.contains("has no seat in the zone any more"));
}
