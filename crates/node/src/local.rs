//! What the node tells its own machine on the dashboard: logs, settings with their origins, resources, and checks.

use crate::{
    Config, Logs,
    league::{disk_bytes, doctor_within},
};
use futures::{FutureExt as _, future::BoxFuture};
use hansa_dashboard::{Local, LogQuery};
use hansa_primitives::Genesis;
use parking_lot::Mutex;
use rustix::{
    param::clock_ticks_per_second,
    process::{Resource, getrlimit},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

/// Looking at every file of every chain is not for each request.
const FRESH: Duration = Duration::from_secs(15);
/// Names of threads that are told apart; all others are one.
const MAX_THREAD_NAMES: usize = 24;
/// Chains whose folders are told.
const MAX_CHAINS: usize = 64;

/// What a node is started with besides its configuration: for its own page.
#[derive(Clone, Debug, Default)]
pub struct Console {
    /// The newest lines of the log.
    pub logs: Logs,
    /// The configuration file, where there is one.
    pub file: Option<PathBuf>,
    /// Settings that the command line overrode, as `join.from`.
    pub overridden: Vec<&'static str>,
}

/// One setting: its name with dots, its value, and where that comes from.
type Setting = (String, Value, String);

pub(crate) struct LocalNode {
    logs: Logs,
    settings: Vec<Setting>,
    shared: Arc<Shared>,
}

struct Shared {
    config: Arc<Config>,
    /// The genesis's time.
    begins_ms: u64,
    /// Of zones.
    zones: PathBuf,
    started: Instant,
    resources: Mutex<Option<(Instant, Value)>>,
}

impl LocalNode {
    pub(crate) fn new(
        console: &Console,
        config: &Arc<Config>,
        genesis: &Genesis,
        zones: PathBuf,
    ) -> Self {
        Self {
            logs: console.logs.clone(),
            settings: settings(config, console),
            shared: Arc::new(Shared {
                config: config.clone(),
                begins_ms: genesis.timestamp_ms,
                zones,
                started: Instant::now(),
                resources: Mutex::default(),
            }),
        }
    }
}

impl Local for LocalNode {
    fn logs(&self, query: LogQuery) -> Value {
        self.logs.read(query)
    }

    fn config(&self) -> Value {
        let settings = self.settings.iter();
        settings
            .map(|(name, value, origin)| json!({ "name": name, "value": value, "origin": origin }))
            .collect()
    }

    fn resources(&self) -> BoxFuture<'static, Value> {
        let shared = self.shared.clone();
        blocking(move || shared.resources())
    }

    fn doctor(&self) -> BoxFuture<'static, Value> {
        let shared = self.shared.clone();
        blocking(move || json!(doctor_within(&shared.config, shared.begins_ms)))
    }
}

fn blocking(work: impl FnOnce() -> Value + Send + 'static) -> BoxFuture<'static, Value> {
    let done = tokio::task::spawn_blocking(work);
    done.map(|done| done.unwrap_or(Value::Null)).boxed()
}

/// Settings in force. Of a list of tables only their number is told: these are names and hashes of passwords, or peers.
fn settings(config: &Config, console: &Console) -> Vec<Setting> {
    let in_force = serde_json::to_value(config).unwrap_or_default();
    let text = console
        .file
        .as_ref()
        .and_then(|path| fs::read_to_string(path).ok());
    let written = text.and_then(|text| text.parse::<toml::Table>().ok());
    let file = console.file.as_ref().and_then(|path| path.file_name());
    let file = file.map_or_else(
        || "configuration".into(),
        |name| name.to_string_lossy().into_owned(),
    );
    let mut all = Vec::new();
    flatten(String::new(), &in_force, &mut |name, value| {
        let origin = if console.overridden.contains(&name.as_str()) {
            "command line".to_owned()
        } else if written
            .as_ref()
            .is_some_and(|table| is_written(table, &name))
        {
            file.clone()
        } else {
            "default".to_owned()
        };
        all.push((name, value, origin));
    });
    all
}

fn flatten(name: String, value: &Value, take: &mut impl FnMut(String, Value)) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = match name.as_str() {
                    "" => field.clone(),
                    table => format!("{table}.{field}"),
                };
                flatten(name, value, take);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            take(name, json!(format!("{} entries", items.len())));
        }
        other => take(name, other.clone()),
    }
}

fn is_written(table: &toml::Table, name: &str) -> bool {
    match name.split_once('.') {
        None => table.contains_key(name),
        Some((table_name, rest)) => match table.get(table_name) {
            Some(toml::Value::Table(inner)) => is_written(inner, rest),
            _ => false,
        },
    }
}

impl Shared {
    fn resources(&self) -> Value {
        let mut kept = self.resources.lock();
        if let Some((at, value)) = &*kept
            && at.elapsed() < FRESH
        {
            return value.clone();
        }
        let value = self.look();
        *kept = Some((Instant::now(), value.clone()));
        value
    }

    fn look(&self) -> Value {
        let limit = getrlimit(Resource::Nofile);
        let space = rustix::fs::statvfs(&self.config.data_dir).ok();
        json!({
            "uptimeMs": self.started.elapsed().as_millis() as u64,
            "memoryBytes": memory_bytes(),
            "openFiles": fs::read_dir("/proc/self/fd").map(Iterator::count).ok(),
            "openFilesLimit": limit.current,
            "cores": std::thread::available_parallelism().map(usize::from).ok(),
            "threads": threads(),
            "diskFreeBytes": space.map(|space| space.f_bavail * space.f_frsize),
            "folder": self.config.data_dir.display().to_string(),
            "chains": self.chains(),
        })
    }

    /// The hub's folder without its zones', and theirs.
    fn chains(&self) -> Vec<Value> {
        let folders = fs::read_dir(&self.zones).into_iter().flatten().flatten();
        let mut zones: Vec<(String, u64)> = folders
            .filter(|entry| entry.path().is_dir())
            .take(MAX_CHAINS)
            .map(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                (name, disk_bytes(&entry.path()))
            })
            .collect();
        zones.sort();
        let all = disk_bytes(&self.config.data_dir);
        let hub = all.saturating_sub(zones.iter().map(|(_, bytes)| bytes).sum());
        let hub = ("hub".to_owned(), hub);
        let chains = std::iter::once(hub).chain(zones);
        chains
            .map(|(name, bytes)| json!({ "name": name, "diskBytes": bytes }))
            .collect()
    }
}

/// What of the process is in memory.
fn memory_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1_024)
}

/// Threads by their names, with the time that they had on a core.
fn threads() -> Vec<Value> {
    let tasks = fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten();
    let mut names: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for (name, ticks) in tasks.filter_map(|task| thread(&task.path())) {
        let key = match names.contains_key(&name) || names.len() < MAX_THREAD_NAMES {
            true => name,
            false => "others".to_owned(),
        };
        let (count, sum) = names.entry(key).or_default();
        *count += 1;
        *sum += ticks;
    }
    let second = clock_ticks_per_second().max(1);
    let shown = names.into_iter().map(|(name, (count, ticks))| {
        json!({ "name": name, "threads": count, "cpuMs": ticks * 1_000 / second })
    });
    shown.collect()
}

/// A thread's name without its number, and its ticks.
fn thread(task: &Path) -> Option<(String, u64)> {
    let stat = fs::read_to_string(task.join("stat")).ok()?;
    let (before, after) = stat.rsplit_once(')')?;
    let name = before.split_once('(')?.1;
    let name =
        name.trim_end_matches(|character: char| character.is_ascii_digit() || character == '-');
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some((name.to_owned(), ticks(11)? + ticks(12)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TaxiiCredential;

    fn config() -> Config {
        let text = "name = \"one\"\ngenesis = \"g.toml\"\ndata_dir = \"data\"\n\n[rpc]\nlisten = \"127.0.0.1:1\"\n";
        toml::from_str(text).unwrap()
    }

    #[test]
    fn settings_have_origins_and_no_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.toml");
        fs::write(&path, "name = \"one\"\n[rpc]\nlisten = \"127.0.0.1:1\"\n").unwrap();
        let mut config = config();
        config.taxii.credentials.push(TaxiiCredential {
            member: "somebody".into(),
            password_hash: "$argon2id$secret".into(),
        });
        let console = Console {
            file: Some(path),
            overridden: vec!["join.from"],
            ..Console::default()
        };
        let all = settings(&config, &console);
        let origin = |wanted: &str| {
            let found = all.iter().find(|(name, _, _)| name == wanted);
            found.map(|(_, _, origin)| origin.as_str())
        };
        assert_eq!(origin("name"), Some("node.toml"));
        assert_eq!(origin("rpc.listen"), Some("node.toml"));
        assert_eq!(origin("taxii.listen"), Some("default"));
        assert_eq!(origin("join.from"), Some("command line"));
        assert_eq!(origin("rpc.limits.max_batch"), Some("default"));
        let text = format!("{all:?}");
        assert!(
            text.contains("1 entries") && !text.contains("secret"),
            "{text}"
        );
    }

    #[test]
    fn resources_are_those_of_this_process() {
        let folder = tempfile::tempdir().unwrap();
        let zones = folder.path().join("zones");
        fs::create_dir_all(zones.join("market")).unwrap();
        fs::write(zones.join("market/blocks"), vec![7; 100_000]).unwrap();
        let mut config = config();
        config.data_dir = folder.path().to_owned();
        let shared = Shared {
            config: Arc::new(config),
            begins_ms: 0,
            zones,
            started: Instant::now(),
            resources: Mutex::default(),
        };
        let value = shared.resources();
        assert!(value["memoryBytes"].as_u64().unwrap() > 1 << 20, "{value}");
        assert!(value["openFiles"].as_u64().unwrap() > 2, "{value}");
        assert!(!value["threads"].as_array().unwrap().is_empty(), "{value}");
        assert_eq!(value["chains"][0]["name"], "hub");
        assert_eq!(value["chains"][1]["name"], "market");
        assert!(value["chains"][1]["diskBytes"].as_u64().unwrap() >= 100_000);
        assert!(value["chains"][0]["diskBytes"].as_u64().unwrap() < 100_000);
        // The next question within a moment costs nothing.
        fs::write(folder.path().join("more"), vec![7; 500_000]).unwrap();
        assert_eq!(shared.resources(), value);
    }
}
