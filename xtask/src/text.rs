//! What must not stand in a tracked file.
//!
//! The words searched for are put together with `concat!`, so that this file passes its own check.

use crate::{Error, Finding, repository::Repository};

#[cfg(test)]
mod tests;

/// The most lines that a source file may have. About 400 is the aim; this is where it must be cut.
pub const MAX_LINES: usize = 800;

/// Endings of the files that [`MAX_LINES`] holds for.
const SOURCES: &[&str] = &[".rs", ".sol", ".ts", ".tsx", ".js", ".mjs", ".py", ".sh"];

/// A file that says this in its first lines is written by a program and may be as long as it likes.
const GENERATED: &str = concat!("@gene", "rated");

/// In Rust: what is not finished, or switched off.
const UNFINISHED: &[(&str, &str)] = &[
    (
        concat!("to", "do!"),
        "finish it, or open an issue and return an error",
    ),
    (
        concat!("unimple", "mented!"),
        "finish it, or return an error",
    ),
    (
        concat!("#[ig", "nore"),
        "a test that does not run checks nothing: run it or delete it",
    ),
    (
        concat!("db", "g!("),
        "left from debugging: use tracing, or delete it",
    ),
];

/// Anywhere: directories of one machine.
const MACHINE_PATHS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/t", "mp/"),
    concat!("/ro", "ot/"),
];

/// Anywhere: settings that send a build to a package registry of its own.
const REGISTRY_SETTINGS: &[&str] = &[
    concat!("index", "-url"),
    concat!("find", "-links"),
    concat!("replace", "-with"),
];

/// Lock files, the beginning of a line that names where a package is from, and what it must go on with.
const LOCKS: &[(&str, &str, &str)] = &[
    (
        "Cargo.lock",
        "source = ",
        "\"registry+https://github.com/rust-lang/crates.io-index\"",
    ),
    (
        "package-lock.json",
        "\"resolved\": ",
        "\"https://registry.npmjs.org/",
    ),
];

/// Checks every file of the repository.
///
/// # Errors
/// [`Error::Read`] when a file cannot be read.
pub fn check(repository: &Repository) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    for file in repository.files() {
        if let Some(text) = repository.text(file)? {
            findings.extend(check_file(file, &text));
        }
    }
    Ok(findings)
}

/// Checks one file's text; `file` is its path in the repository.
pub fn check_file(file: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut report = |line: Option<usize>, message: String| {
        findings.push(Finding {
            place: file.to_owned(),
            line,
            message,
        });
    };

    let count = text.lines().count();
    let generated = text.lines().take(5).any(|line| line.contains(GENERATED));
    if is_source(file) && !generated && count > MAX_LINES {
        report(
            None,
            format!("{count} lines; at most {MAX_LINES}, so cut it by job"),
        );
    }
    if is_member_manifest(file) && !inherits_lints(text) {
        report(None, "lacks `[lints] workspace = true`".to_owned());
    }
    let lock = LOCKS
        .iter()
        .find(|(name, ..)| file.rsplit('/').next() == Some(name));

    for (index, line) in text.lines().enumerate() {
        let number = Some(index + 1);
        if file.ends_with(".rs") {
            for (word, advice) in UNFINISHED.iter().filter(|(word, _)| line.contains(word)) {
                report(number, format!("`{word}`: {advice}"));
            }
        }
        for path in MACHINE_PATHS.iter().filter(|path| has_absolute(line, path)) {
            report(
                number,
                format!("`{path}`: a path of one machine; make it relative or an option"),
            );
        }
        for word in REGISTRY_SETTINGS.iter().filter(|word| line.contains(*word)) {
            report(
                number,
                format!("`{word}`: packages come from the public registries only"),
            );
        }
        if let Some((_, beginning, expected)) = lock
            && let Some(rest) = line.trim_start().strip_prefix(beginning)
            && !rest.starts_with(expected)
        {
            report(
                number,
                "a package from elsewhere than the public registry".to_owned(),
            );
        }
    }
    findings
}

fn is_source(file: &str) -> bool {
    SOURCES.iter().any(|ending| file.ends_with(ending))
}

/// The manifests of the workspace's members; the root's and the fuzz crate's stand alone.
fn is_member_manifest(file: &str) -> bool {
    file.ends_with("/Cargo.toml") && file != "fuzz/Cargo.toml"
}

fn inherits_lints(manifest: &str) -> bool {
    let mut lines = manifest
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != "[lints]")
        .skip(1);
    lines.next() == Some("workspace = true")
}

/// Whether `path` stands in the line as the beginning of an absolute path, not in the middle of a longer one.
fn has_absolute(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-~}*)".contains(c))
    })
}
