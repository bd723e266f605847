//! What goes wrong in a zone stays in it.

use crate::{
    Guard, HANSA, eventually, hansa, json, patient, up,
    zones::{FRIEND, balance, files, height, metrics, send, two_zones, zone_url},
};
use serde_json::Value;
use std::{
    fs,
    io::Write as _,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::Command,
};

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

/// Puts a file or folder (the third argument) on a file system of its own, of so many bytes (the fourth), and starts what does not run of a league (the second).
/// Only what is started there sees it, and it is gone with the last process that does.
const ON_A_SMALL_DISK: &str = "\
set -e
mount -t tmpfs -o size=$3 tmpfs \"$2.disk\"
cp -a \"$2\" \"$2.disk/it\"
mount --bind \"$2.disk/it\" \"$2\"
exec \"$0\" up --detach --dir \"$1\"";

/// Bytes that a disk has left at first.
const ROOM: u64 = 64 << 20;

/// A command that may mount what others do not see: as any user may on most machines, or as root. `None` where neither may.
fn unshare() -> Option<Command> {
    let ways: [&[&str]; 2] = [&["--user", "--map-root-user", "--mount"], &["--mount"]];
    let works = |way: &&&[&str]| {
        let mount = ["sh", "-c", "mount -t tmpfs tmpfs /mnt"];
        let tried = Command::new("unshare").args(**way).args(mount).output();
        tried.is_ok_and(|output| output.status.success())
    };
    let way = ways.iter().find(works)?;
    let mut command = Command::new("unshare");
    command.args(*way);
    Some(command)
}

/// A disk that becomes full, and has room again when this is dropped.
struct Ballast(PathBuf);

impl Ballast {
    fn fill(path: PathBuf) -> Self {
        let mut file = fs::File::create(&path).unwrap();
        let ballast = Self(path);
        let (mut bytes, zeros) = (4_096, vec![0; 1 << 20]);
        while bytes < 2 * ROOM as usize {
            match file.write(&zeros) {
                Ok(written) => bytes += written,
                Err(error) => {
                    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
                    return ballast;
                }
            }
        }
        panic!("{} does not become full", ballast.0.display());
    }
}

impl Drop for Ballast {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn a_full_disk_of_a_zone_is_no_matter_of_others() {
    fills_up("");
}

/// Its index refuses everything after one write that failed, until it is opened again.
#[test]
fn a_full_disk_of_a_zones_index_is_no_matter_of_others() {
    fills_up("index.redb");
}

/// The second operator has a zone, or a part of it, on a disk of its own, which becomes full. That ends the zone there, and nothing else. Once there is room it comes
/// back by itself, with what it missed.
fn fills_up(part: &str) {
    let Some(mut unshare) = unshare() else {
        println!("skipped: nobody may mount a small disk here");
        return;
    };
    let parent = tempfile::tempdir().unwrap();
    let dir = &parent.path().join("league");
    let _guard = Guard(dir);
    let document = up(dir);
    two_zones(dir, &[]);
    json(dir, &["down", "--operator", "operator-2"]);
    let folder = dir.join("operator-2/data/zones/market");
    let placed = if part.is_empty() {
        folder
    } else {
        folder.join(part)
    };
    let all = if placed.is_dir() {
        files(&placed)
    } else {
        vec![placed.clone()]
    };
    let disk = PathBuf::from(format!("{}.disk", placed.display()));
    let sizes = all
        .into_iter()
        .map(|path| fs::metadata(path).unwrap().blocks() * 512);
    let size = sizes.sum::<u64>() + ROOM;
    fs::create_dir(&disk).unwrap();
    let script = ["sh", "-c", ON_A_SMALL_DISK, HANSA];
    let started = unshare
        .args(script)
        .args([dir, &placed])
        .arg(size.to_string())
        .output()
        .unwrap();
    assert!(started.status.success(), "{started:?}");
    let at = |operator: usize, zone: &str| zone_url(&document, operator, zone);
    let (market, grid) = (at(1, "market"), at(1, "grid"));
    let answers = |url: &str| crate::ask(url, "eth_blockNumber", &[]).is_ok();
    for zone in [&market, &grid] {
        eventually("it has both zones", || answers(zone));
    }
    let before = pid(dir, 1);
    // As its process sees it.
    let seen = format!("/proc/{before}/root{}", disk.join("ballast").display());
    let ballast = Ballast::fill(seen.into());

    let log = || fs::read_to_string(dir.join("operator-2/log")).unwrap();
    let failures = || log().matches("the hub and other zones go on").count();
    eventually("it is tried again and again", || failures() > 2);
    assert!(log().contains("has space left"), "{}", log());
    let is_told =
        |line: &str| metrics(document["operators"][1]["metrics"].as_str().unwrap()).contains(line);
    assert!(is_told("hansa_zone_up{chain=\"market\"} 0\n"));
    assert!(is_told("hansa_zone_up{chain=\"grid\"} 1\n"));
    assert!(is_told("hansa_zone_failures_total{chain=\"grid\"} 0\n"));
    eventually("the status tells", || {
        let status = words(dir, &["status"]);
        status.contains("operator-2: zone market does not run there; its log says why")
    });
    let hub = document["operators"][1]["rpc"].as_str().unwrap();
    go_on(&[hub, &grid, &at(0, "market")]);
    assert!(send(dir, &at(0, "market"), FRIEND).status.success());

    drop(ballast);
    eventually("the zone is back, and has caught up", || {
        answers(&market) && balance(&market, FRIEND) == "0x1"
    });
    assert!(is_told("hansa_zone_up{chain=\"market\"} 1\n"));
    go_on(&[&market]);
    assert_eq!(pid(dir, 1), before, "the process is the same");
}
