//! `doctor`: what could keep a league from running, each finding with a way out.

use super::{
    League, LeagueError, files,
    folder::{DEFAULT_OPERATORS, Operator},
    genesis,
    layout::{Layout, PortPlan},
    ports,
};
use crate::{Config, load_key, open_files::WANTED_FILES};
use commonware_cryptography::Signer as _;
use hansa_primitives::genesis_timestamp_ms;
use rustix::process::{Resource, getrlimit};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Free space below which a node may soon stop, bytes.
const MIN_FREE_BYTES: u64 = 1_024 * 1_024 * 1_024;
/// A clock before this (the start of 2025, milliseconds since the Unix epoch) was never set.
const MIN_CLOCK_MS: u64 = 1_735_689_600_000;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// The league may run, not well or not for long.
    Warning,
    /// The league does not run.
    Problem,
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was checked.
    pub check: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What was found.
    pub found: String,
    /// The way out, unless all is well.
    pub advice: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self {
            check,
            level: Level::Ok,
            found: found.into(),
            advice: None,
        }
    }

    fn bad(
        check: &'static str,
        level: Level,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            check,
            level,
            found: found.into(),
            advice: Some(advice.into()),
        }
    }

    fn error(check: &'static str, error: &LeagueError) -> Self {
        Self::bad(check, Level::Problem, error.to_string(), error.advice())
    }
}

/// Checks the machine and the league in `dir`, if there is one.
///
/// # Errors
/// The working directory is gone.
pub fn doctor(dir: &Path, program: &Path) -> Result<Vec<Finding>, LeagueError> {
    let layout = Layout::new(dir)?;
    let mut findings = vec![binary(program), file_limit(), disk(layout.dir())];
    match League::open(layout.dir()) {
        Ok(league) => {
            findings.push(clock(Some(league.genesis.timestamp_ms)));
            findings.extend(folder(&league));
        }
        Err(LeagueError::NoLeague { dir }) => {
            findings.push(clock(None));
            findings.push(default_ports());
            let found = format!("there is no league in {} yet", dir.display());
            findings.push(Finding::ok("folder", found));
        }
        Err(error) => {
            findings.push(clock(None));
            findings.push(Finding::error("folder", &error));
        }
    }
    Ok(findings)
}

/// The checks that a running node can do of itself and its machine.
pub(crate) fn within(config: &Config, begins_ms: u64) -> Vec<Finding> {
    let mut findings = vec![file_limit(), disk(&config.data_dir), clock(Some(begins_ms))];
    // Where it cannot be told, the node was not started from a file.
    findings.extend(std::env::current_exe().ok().map(|program| binary(&program)));
    let keys = [&config.key, &config.evidence_key];
    findings.extend(keys.into_iter().flatten().map(|path| key_file(path)));
    findings
}

fn key_file(path: &Path) -> Finding {
    let shown = path.display().to_string();
    if let Err(error) = path.metadata() {
        let found = format!("{shown} cannot be read: {error}");
        let advice = "put it back from a backup: the node goes on until it is started again";
        return Finding::bad("key file", Level::Problem, found, advice);
    }
    if files::exposed(path) {
        let found = format!("{shown} can be read by others");
        let advice = format!("take it from them: `chmod 600 {shown}`");
        return Finding::bad("key file", Level::Warning, found, advice);
    }
    Finding::ok("key file", format!("{shown} is for its owner alone"))
}

fn binary(program: &Path) -> Finding {
    use std::os::unix::fs::PermissionsExt as _;
    let executable = program
        .metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0);
    let shown = program.display().to_string();
    if executable {
        return Finding::ok("binary", shown);
    }
    let found = format!("{shown} is gone or cannot be executed");
    let advice = "build or install `hansa` again: nodes are started from this file";
    Finding::bad("binary", Level::Problem, found, advice)
}

fn file_limit() -> Finding {
    // `up` and the nodes raise the soft limit to the hard one.
    let limit = getrlimit(Resource::Nofile).maximum;
    match limit {
        Some(limit) if limit < WANTED_FILES => Finding::bad(
            "open files",
            Level::Warning,
            format!("a process may open {limit} files, a busy node may need {WANTED_FILES}"),
            format!("raise the hard limit: `ulimit -Hn {WANTED_FILES}` as root, or limits.conf"),
        ),
        Some(limit) => Finding::ok("open files", format!("up to {limit}")),
        None => Finding::ok("open files", "no limit"),
    }
}

fn disk(dir: &Path) -> Finding {
    let existing = dir.ancestors().find(|path| path.is_dir());
    let existing = existing.unwrap_or(Path::new("/"));
    match rustix::fs::statvfs(existing) {
        Err(error) => Finding::bad(
            "disk space",
            Level::Warning,
            format!("{}: {error}", existing.display()),
            "check that the folder is on a mounted file system",
        ),
        Ok(space) => {
            let free = space.f_bavail * space.f_frsize;
            let found = format!("{} MiB free below {}", free >> 20, existing.display());
            if free < MIN_FREE_BYTES {
                let advice = "free at least 1 GiB, or use another --dir";
                return Finding::bad("disk space", Level::Warning, found, advice);
            }
            Finding::ok("disk space", found)
        }
    }
}

/// `begins_ms` is the genesis's time.
fn clock(begins_ms: Option<u64>) -> Finding {
    let now = genesis_timestamp_ms();
    let advice = "set the machine's clock (`timedatectl set-ntp true`)";
    if now < MIN_CLOCK_MS {
        let found = "the clock was never set";
        return Finding::bad("clock", Level::Problem, found, advice);
    }
    match begins_ms {
        Some(begins) if begins > now => {
            let seconds = (begins - now) / 1_000;
            let found = format!("the league begins {seconds} s from now");
            Finding::bad("clock", Level::Problem, found, advice)
        }
        _ => Finding::ok("clock", "plausible"),
    }
}

fn default_ports() -> Finding {
    let Ok(plan) = PortPlan::new(None, DEFAULT_OPERATORS) else {
        return Finding::ok("ports", "not checked");
    };
    for index in 0..DEFAULT_OPERATORS {
        let name = super::layout::operator_name(index);
        if let Err(error) = ports::check(&name, plan.ports(index), DEFAULT_OPERATORS) {
            return Finding::error("ports", &error);
        }
    }
    Finding::ok("ports", "the default ports are free")
}

fn folder(league: &League) -> Vec<Finding> {
    let mut findings = Vec::new();
    let path = league.layout.genesis();
    let mut check = |name, result: Result<String, LeagueError>| match result {
        Ok(found) => findings.push(Finding::ok(name, found)),
        Err(error) => findings.push(Finding::error(name, &error)),
    };
    let hash = league.genesis_hash;
    check(
        "genesis",
        genesis::check(&path, &league.genesis).map(|()| hash.to_string()),
    );
    let count = league.genesis.members.len();
    check(
        "members",
        league
            .check_members()
            .map(|()| format!("{count} keystores")),
    );
    for operator in &league.operators {
        check("operator", operator_files(league, operator));
        if league.process(&operator.name).is_none() {
            let ports = ports::of(&operator.config);
            let free = ports::check(&operator.name, ports, league.operators.len());
            check(
                "ports",
                free.map(|()| format!("those of {} are free", operator.name)),
            );
        }
    }
    findings.push(exposed(league));
    findings
}

/// The key is the genesis's, and the data are of this chain.
fn operator_files(league: &League, operator: &Operator) -> Result<String, LeagueError> {
    let folder = league.layout.operator(&operator.name);
    let mut config = operator.config.clone();
    config.resolve(&folder);
    let name = &operator.name;
    let damaged = |path: PathBuf, reason: String| LeagueError::Damaged { path, reason };
    if let Some(path) = config.key {
        let public = load_key(&path)?.public_key();
        let named = |operator: &hansa_primitives::Operator| {
            operator.public_key.as_slice() == public.as_ref()
        };
        if !league.genesis.operators.iter().any(named) {
            let reason = format!("the genesis does not name its public key {public}");
            return Err(damaged(path, reason));
        }
    }
    let marker = config.data_dir.join("chain.json");
    if let Ok(text) = std::fs::read_to_string(&marker) {
        let value: serde_json::Value = serde_json::from_str(&text)
            .map_err(|error| damaged(marker.clone(), error.to_string()))?;
        let expected = league.genesis_hash.to_string();
        if value["genesis"].as_str() != Some(expected.as_str()) {
            let reason = format!("the data are of another chain ({})", value["genesis"]);
            return Err(damaged(marker, reason));
        }
    }
    Ok(format!("{name} has its key and its data"))
}

fn exposed(league: &League) -> Finding {
    let mut secrets = vec![league.layout.password(), league.layout.document()];
    let members = league.genesis.members.iter();
    secrets.extend(members.flat_map(|member| {
        [
            league.layout.keystore(&member.name),
            league.layout.x25519(&member.name),
        ]
    }));
    let operators = league.operators.iter();
    secrets.extend(operators.map(|operator| league.layout.operator(&operator.name).join("key")));
    match secrets.iter().find(|path| files::exposed(path)) {
        None => Finding::ok("permissions", "secrets are readable by their owner only"),
        Some(path) => Finding::bad(
            "permissions",
            Level::Problem,
            format!("other users can read {}", path.display()),
            format!("run `chmod 600 {}`", path.display()),
        ),
    }
}
