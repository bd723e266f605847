//! The direction of dependencies: a crate may depend only on crates above it in [`ORDER`].
//!
//! Development dependencies count as well, for a test that needs a crate below its own stands in the wrong crate.
//! `sim` and the binaries are the exception: their tests put whole leagues together. On top of the order, what
//! stands in [`APART`] must not be reached at all, not even through a crate in between. And no crate of the product asks another one for what
//! only tests are to have ([`TESTS_ONLY`]).

use crate::{Error, Finding};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

#[cfg(test)]
mod tests;

/// The crates by their directories, lowest layer first. A crate that is not in it has no place yet: add it here
/// and in ARCHITECTURE.md.
pub const ORDER: &[&str] = &[
    "crates/primitives",
    "crates/abi",
    "crates/modules",
    "crates/evm",
    "crates/state",
    "crates/mempool",
    "crates/engine",
    "crates/index",
    "crates/rpc",
    "crates/taxii",
    "crates/dashboard",
    "crates/client",
    "crates/node",
    "crates/sim",
    "crates/bench",
    "bin/hansa",
    "xtask",
];

/// Pairs (crate, crate that it must never reach). Servers see read traits, never consensus.
pub const APART: &[(&str, &str)] = &[
    ("crates/rpc", "crates/engine"),
    ("crates/taxii", "crates/engine"),
    ("crates/dashboard", "crates/engine"),
];

/// The feature of a crate that makes it lie or fail on purpose. No node is built with it.
pub const TESTS_ONLY: &str = "test-utils";

/// How one crate uses another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// In the library or binary.
    Normal,
    /// In its build script.
    Build,
    /// In its tests, examples and benchmarks.
    Dev,
}

impl Kind {
    const fn section(self) -> &'static str {
        match self {
            Self::Normal => "[dependencies]",
            Self::Build => "[build-dependencies]",
            Self::Dev => "[dev-dependencies]",
        }
    }
}

/// The workspace's crates by directory (relative to its root, with `/`), each with the crates of the same
/// workspace that it names.
#[derive(Debug, Default)]
pub struct Workspace {
    crates: BTreeMap<String, BTreeSet<(String, Kind)>>,
    /// Crates that ask for [`TESTS_ONLY`], and by what.
    armed: BTreeSet<(String, String)>,
}

impl Workspace {
    /// Adds a crate and what it depends on.
    #[must_use]
    pub fn with(mut self, directory: &str, dependencies: &[(&str, Kind)]) -> Self {
        let dependencies = dependencies
            .iter()
            .map(|(to, kind)| ((*to).to_owned(), *kind));
        self.crates
            .entry(directory.to_owned())
            .or_default()
            .extend(dependencies);
        self
    }

    /// Says that a crate asks for [`TESTS_ONLY`] by a section or feature of its manifest.
    #[must_use]
    pub fn with_armed(mut self, directory: &str, by: &str) -> Self {
        self.armed.insert((directory.to_owned(), by.to_owned()));
        self
    }

    /// The directories of the crates, in alphabetical order.
    pub fn directories(&self) -> impl Iterator<Item = &str> {
        self.crates.keys().map(String::as_str)
    }

    /// Reads what `cargo metadata --format-version 1` prints.
    ///
    /// # Errors
    /// [`Error::Metadata`] when `json` is something else.
    pub fn parse(json: &str) -> Result<Self, Error> {
        let metadata: Metadata = serde_json::from_str(json)?;
        let relative = |path: &str| {
            let inside = path.strip_prefix(&metadata.workspace_root)?;
            Some(inside.replace('\\', "/").trim_start_matches('/').to_owned())
        };
        let mut workspace = Self::default();
        for package in &metadata.packages {
            let manifest = package.manifest_path.replace('\\', "/");
            let Some(directory) = relative(manifest.trim_end_matches("/Cargo.toml")) else {
                continue;
            };
            let named = package.dependencies.iter().filter_map(|dependency| {
                Some((relative(dependency.path.as_deref()?)?, dependency.kind()))
            });
            workspace
                .crates
                .entry(directory.clone())
                .or_default()
                .extend(named);
            for by in package.arms() {
                workspace = workspace.with_armed(&directory, &by);
            }
        }
        Ok(workspace)
    }

    fn depends(&self, directory: &str) -> impl Iterator<Item = &(String, Kind)> {
        self.crates.get(directory).into_iter().flatten()
    }

    /// The shortest way from one crate to another over what is linked, or over a development dependency of
    /// the first crate.
    fn way(&self, from: &str, to: &str) -> Option<Vec<String>> {
        let mut seen = BTreeSet::from([from.to_owned()]);
        let mut ways = std::collections::VecDeque::from([vec![from.to_owned()]]);
        while let Some(way) = ways.pop_front() {
            let last = way.last()?;
            for (next, kind) in self.depends(last) {
                if (*kind == Kind::Dev && last != from) || !seen.insert(next.clone()) {
                    continue;
                }
                let mut longer = way.clone();
                longer.push(next.clone());
                if next == to {
                    return Some(longer);
                }
                ways.push_back(longer);
            }
        }
        None
    }
}

/// Checks a workspace against [`ORDER`], [`APART`] and [`TESTS_ONLY`].
pub fn check(workspace: &Workspace) -> Vec<Finding> {
    let place = |directory: &str| ORDER.iter().position(|entry| *entry == directory);
    let mut findings = Vec::new();
    for directory in workspace.directories() {
        let mut report = |message: String| {
            findings.push(Finding {
                place: directory.to_owned(),
                line: None,
                message,
            });
        };
        let Some(own) = place(directory) else {
            report("is not in the table of crates: give it a place in xtask's deps::ORDER".into());
            continue;
        };
        for (dependency, kind) in workspace.depends(directory) {
            let free = directory == "crates/sim" || directory.starts_with("bin/");
            if *kind == Kind::Dev && free {
                continue;
            }
            // A dependency without a place is reported for itself.
            if place(dependency).is_some_and(|other| other >= own) {
                report(format!(
                    "names {dependency} in {}, which is not above it in the table of crates",
                    kind.section()
                ));
            }
        }
    }
    for (from, to) in APART {
        if let Some(way) = workspace.way(from, to) {
            let message = format!("must never depend on {to}, but does: {}", way.join(" -> "));
            findings.push(Finding {
                place: (*from).to_owned(),
                line: None,
                message,
            });
        }
    }
    for (directory, by) in &workspace.armed {
        // Simulations are no part of a node.
        if directory != "crates/sim" {
            findings.push(Finding {
                place: directory.clone(),
                line: None,
                message: format!("asks for the feature {TESTS_ONLY} in {by}: only tests may"),
            });
        }
    }
    findings.sort();
    findings
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: String,
}

#[derive(Deserialize)]
struct Package {
    manifest_path: String,
    dependencies: Vec<Dependency>,
    #[serde(default)]
    features: BTreeMap<String, Vec<String>>,
}

impl Package {
    /// What of its manifest asks for [`TESTS_ONLY`], but in its tests.
    fn arms(&self) -> Vec<String> {
        let asks = |features: &[String]| {
            let mut names = features.iter().map(|name| name.rsplit('/').next());
            names.any(|name| name == Some(TESTS_ONLY))
        };
        let others = self
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind() != Kind::Dev && asks(&dependency.features));
        let sections = others.map(|dependency| dependency.kind().section().to_owned());
        let features = self.features.iter();
        let features = features
            .filter(|(name, enabled)| *name != TESTS_ONLY && asks(enabled))
            .map(|(name, _)| format!("its feature {name}"));
        sections.chain(features).collect()
    }
}

#[derive(Deserialize)]
struct Dependency {
    kind: Option<String>,
    path: Option<String>,
    #[serde(default)]
    features: Vec<String>,
}

impl Dependency {
    fn kind(&self) -> Kind {
        match self.kind.as_deref() {
            Some("dev") => Kind::Dev,
            Some("build") => Kind::Build,
            _ => Kind::Normal,
        }
    }
}
