//! README.md's tour, as a reader would type it: every command is run, and what it prints is compared with what the document shows.

#[path = "../common/mod.rs"]
mod common;
mod compare;
mod readme;
mod shell;
#[path = "../common/tools.rs"]
mod tools;

use shell::Shell;
use std::{collections::BTreeSet, ops::RangeInclusive, path::PathBuf};
use tools::{repository, shared_data, tool};

const CHAIN: RangeInclusive<usize> = 1..=7;
const STAKE: RangeInclusive<usize> = 8..=8;
const ZONES: RangeInclusive<usize> = 9..=9;

fn document() -> String {
    std::fs::read_to_string(repository().join("README.md")).unwrap()
}

/// Takes these sections in one shell, after what brings a reader there.
fn tour(before: &[&str], sections: &RangeInclusive<usize>) {
    let mut shell = Shell::new(shared_data().as_deref());
    for command in before {
        let ran = shell.run(command);
        assert_eq!(ran.code, 0, "{command}\n{}", ran.text());
    }
    let mut differences = Vec::new();
    for step in readme::of(readme::steps(&document()), sections) {
        if let Err(difference) = shell.take(&step) {
            differences.push(difference);
        }
    }
    assert!(
        differences.is_empty(),
        "README.md shows what is not so:\n\n{}",
        differences.join("\n")
    );
}

#[test]
fn sections_1_to_7_a_league_and_its_first_alert() {
    if tool("contracts/node_modules/.bin/cast").is_none() {
        return;
    }
    let data = ["mobile-attack-17.1.json", "sanctioned_addresses_ETH.txt"];
    let has_all = |folder: &PathBuf| data.iter().all(|file| folder.join(file).exists());
    if !shared_data().is_some_and(|folder| has_all(&folder)) {
        eprintln!("skipped: {data:?} are not here (HANSA_SHARED_DATA names their folder)");
        return;
    }
    tour(&[], &CHAIN);
}

#[test]
fn section_8_stake() {
    // Its epochs would take minutes, as the document says.
    tour(&["hansa up --detach --heartbeat-ms 400"], &STAKE);
}

#[test]
fn section_9_zones() {
    // It begins with the removal of the league before.
    tour(&["hansa up --detach --no-zone", "hansa down"], &ZONES);
}

#[test]
fn every_section_is_taken() {
    let written: BTreeSet<usize> = readme::steps(&document())
        .iter()
        .map(|step| step.section)
        .collect();
    let taken: BTreeSet<usize> = [CHAIN, STAKE, ZONES].into_iter().flatten().collect();
    assert_eq!(written, taken);
}
