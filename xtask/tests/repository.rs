//! The checks, run over the real repository.

use xtask::{Finding, deps, links, repository, text};

fn none(findings: &[Finding]) {
    let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}

#[test]
fn crates_depend_only_on_crates_above_them() {
    let workspace = repository::workspace().unwrap();
    // A reader of metadata that finds nothing must not pass for a clean workspace.
    let directories: Vec<_> = workspace.directories().collect();
    assert!(directories.contains(&"crates/primitives") && directories.contains(&"xtask"));
    none(&deps::check(&workspace));
}

#[test]
fn the_table_of_crates_is_what_there_is_and_what_contributors_read() {
    let workspace = repository::workspace().unwrap();
    for entry in deps::ORDER {
        let known = workspace.directories().any(|directory| directory == *entry);
        assert!(known, "{entry} is in the table, and not in the workspace");
    }
    let repository = repository::Repository::open().unwrap();
    let guide = repository.text("CONTRIBUTING.md").unwrap().unwrap();
    let names: Vec<_> = deps::ORDER
        .iter()
        .map(|entry| format!("`{}`", entry.trim_start_matches("crates/")))
        .collect();
    let words: Vec<_> = guide.split_whitespace().collect();
    let list = names.join(", ");
    assert!(
        words.join(" ").contains(&list),
        "CONTRIBUTING.md does not list the crates in their order: {list}"
    );
}

#[test]
fn tracked_text_holds_nothing_that_must_not_stay() {
    let repository = repository::Repository::open().unwrap();
    assert!(
        repository
            .files()
            .iter()
            .any(|file| file == "xtask/tests/repository.rs")
    );
    none(&text::check(&repository).unwrap());
}

#[test]
fn links_in_markdown_lead_somewhere() {
    let repository = repository::Repository::open().unwrap();
    none(&links::check(&repository).unwrap());
}
