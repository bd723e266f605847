//! A node says where its data is damaged, and what to do about it.

use crate::{
    Guard, eventually, number,
    operators::{copy, epochs, node, refused, without_journal},
    patient as json, rpc, up,
};
use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

/// One partition of each store whose damage keeps a node from starting. Others are repaired, or read only when they are asked for.
const PARTITIONS: [&str; 12] = [
    "hub-application-metadata",
    "hub-blocks-keys",
    "hub-blocks-ordinal",
    "hub-cache-metadata",
    "hub-code-merkle-journal-blobs",
    "hub-committees",
    "hub-finalizations-keys",
    "hub-simplex-",
    "hub-state-grafted",
    "hub-state-log-blobs",
    "hub-state-merkle-journal-blobs",
    "hubstate_sync_metadata",
];

/// Bytes of a page of the index's file, the first of which is its header.
const REDB_PAGE: usize = 4_096;

/// Overwrites the middle third of a file, or of all in a folder.
fn damage(path: &Path) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            damage(&entry.unwrap().path());
        }
        return;
    }
    let third = fs::metadata(path).unwrap().len() as usize / 3;
    overwrite(path, third..2 * third);
}

/// Overwrites all of the index behind its header: what pages are in use at any place there depends on how often it was written.
fn damage_index(path: &Path) {
    let length = fs::metadata(path).unwrap().len() as usize;
    overwrite(path, REDB_PAGE..length);
}

fn overwrite(path: &Path, range: Range<usize>) {
    let mut bytes = fs::read(path).unwrap();
    for byte in &mut bytes[range] {
        *byte ^= 0x5a;
    }
    fs::write(path, bytes).unwrap();
}

/// The newest partition of that name.
fn partition(storage: &Path, name: &str) -> PathBuf {
    let names = fs::read_dir(storage)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let named =
        names.filter(|found| found == name || name.ends_with('-') && found.starts_with(name));
    // By length first: epochs are numbers.
    let newest = named.max_by_key(|name| (name.len(), name.clone()));
    storage.join(newest.unwrap_or_else(|| panic!("no {name}")))
}

#[test]
fn damaged_data_is_named_with_the_way_out_and_the_way_out_works() {
    let parent = tempfile::tempdir().unwrap();
    let dir = &parent.path().join("league");
    let _guard = Guard(dir);
    let document = up(dir);
    let url = document["operators"][0]["rpc"].as_str().unwrap();
    let own = document["operators"][1]["rpc"].as_str().unwrap();
    let begun = number(&rpc(url, "eth_blockNumber", &[]));
    eventually("some blocks pass", || {
        number(&rpc(own, "eth_blockNumber", &[])) > begun + 5
    });
    json(dir, &["down", "--operator", "operator-2"]);
    let (whole, copied) = (dir.join("operator-2"), dir.join("copy"));
    let (config, data) = (copied.join("node.toml"), copied.join("data"));
    let damaged = |name: &str| {
        let _ = fs::remove_dir_all(&copied);
        copy(&whole, &copied);
        match name.strip_suffix(".redb") {
            Some(_) => damage_index(&data.join(name)),
            None => damage(&partition(&data.join("storage"), name)),
        }
    };
    let last_lines = |name: &str| {
        damaged(name);
        // Should the node go on, this says with which.
        eprintln!("damaged: {name}");
        let errors = refused(&config);
        assert!(!errors.contains("stack backtrace"), "{name}: {errors}");
        let lines: Vec<_> = errors.lines().rev().take(2).map(str::to_owned).collect();
        assert!(lines[1].starts_with("error: "), "{name}: {errors}");
        assert!(
            lines[1].contains(data.to_str().unwrap()),
            "{name}: {errors}"
        );
        lines[0].clone()
    };
    let index = last_lines("index.redb");
    assert!(index.contains("hansa node reindex"), "{index}");
    for name in PARTITIONS {
        let advice = last_lines(name);
        let aside = format!("move {} away", data.join("storage").display());
        assert!(advice.contains(&aside), "{name}: {advice}");
        assert!(advice.contains("--lost-journal"), "{name}: {advice}");
    }

    // Only local transactions that are in no block are lost with their journal.
    damaged("local-transactions");
    let running = node(&config);
    eventually("it starts all the same", || {
        crate::ask(own, "eth_blockNumber", &[]).is_ok()
    });
    let log = fs::read_to_string(config.with_extension("log")).unwrap();
    assert!(log.contains("local-transactions.damaged-1"), "{log}");
    drop(running);

    last_lines("hub-state-log-blobs");
    fs::rename(data.join("storage"), copied.join("aside")).unwrap();
    let errors = refused(&config);
    assert!(errors.contains("--lost-journal"), "{errors}");
    let _running = without_journal(&config);
    let newest = number(&rpc(url, "eth_blockNumber", &[]));
    eventually("it catches up", || {
        crate::ask(own, "eth_blockNumber", &[]).is_ok_and(|head| number(&head) > newest)
    });
    eventually("it votes again", || {
        epochs(&config)
            .iter()
            .any(|line| line.contains("votes=true"))
    });
}
