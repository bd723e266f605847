//! `reset`: removing a league.

use super::{
    League, LeagueError, files,
    genesis::{self, is_development},
    layout::{Layout, MAX_LOCAL_OPERATORS, operator_name},
    lock::Lock,
    process::Record,
};
use crate::{
    Config,
    datadir::lock_of,
    text::{self, MAX_CONFIG_BYTES},
};
use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

/// What a reset would remove, and what it holds meanwhile.
struct Plan {
    found: Vec<PathBuf>,
    /// Locks of the operators' data: no node can start on what is being removed.
    _held: Vec<File>,
}

/// What [`reset`] would remove.
///
/// # Errors
/// There is nothing, or the league runs, or it is not a development league, or a folder with an
/// operator's name is not of this league.
pub fn reset_plan(dir: &Path) -> Result<Vec<PathBuf>, LeagueError> {
    plan(&Layout::new(dir)?).map(|plan| plan.found)
}

fn plan(layout: &Layout) -> Result<Plan, LeagueError> {
    let found = layout.present();
    if found.is_empty() {
        return Err(LeagueError::NoLeague {
            dir: layout.dir().into(),
        });
    }
    // A damaged league can be removed, one with real keys cannot.
    if let Err(error @ LeagueError::NotDevelopment { .. }) = League::open(layout.dir()) {
        return Err(error);
    }
    let mut held = Vec::new();
    let mut running = Vec::new();
    for name in (0..MAX_LOCAL_OPERATORS).map(operator_name) {
        if !layout.operator(&name).exists() {
            continue;
        }
        let data = data_of(layout, &name)?;
        let recorded = Record::load(&layout.process(&name)).and_then(|record| record.find());
        match hold(&lock_of(&data))? {
            Some(lock) if recorded.is_none() => held.extend(lock),
            _ => running.push(name),
        }
    }
    match running.len() {
        0 => Ok(Plan { found, _held: held }),
        count => Err(LeagueError::Running {
            dir: layout.dir().into(),
            operators: format!(
                "{} {}",
                running.join(", "),
                if count == 1 { "is" } else { "are" }
            ),
        }),
    }
}

/// The data directory of an operator that belongs to the development league in the folder.
fn data_of(layout: &Layout, name: &str) -> Result<PathBuf, LeagueError> {
    let folder = layout.operator(name);
    let foreign = |reason: String| LeagueError::Foreign {
        path: folder.clone(),
        reason,
    };
    // A league that was never completed has its genesis where it was put together.
    let nursery = Layout::new(&layout.nursery())?;
    let genesis = [layout.genesis(), nursery.genesis()];
    let genesis = genesis.iter().find(|path| path.is_file());
    let genesis = genesis.ok_or_else(|| foreign("the folder has no genesis".into()))?;
    let definition = genesis::load(genesis).map_err(|error| foreign(error.to_string()))?;
    if !is_development(&definition) {
        let path = genesis.clone();
        let chain_id = definition.chain_id;
        return Err(LeagueError::NotDevelopment { path, chain_id });
    }
    let path = layout.config(name);
    let text = text::read(&path, MAX_CONFIG_BYTES);
    let text = text.map_err(|error| foreign(format!("node.toml: {error}")))?;
    let mut config: Config = toml::from_str(&text)
        .map_err(|error| foreign(format!("node.toml: {}", text::one_line(&error))))?;
    config.resolve(&folder);
    if normal(&config.genesis) != normal(&layout.genesis()) {
        let other = config.genesis.display();
        return Err(foreign(format!("its node.toml names the genesis {other}")));
    }
    Ok(config.data_dir)
}

/// A path without `..`, whether it exists or not.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                normal.pop();
            }
            std::path::Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

/// Takes the lock of a data directory: `None` if a node has it, and nothing if there is none to take.
fn hold(path: &Path) -> Result<Option<Option<File>>, LeagueError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Some(None)),
        Err(error) => return Err(LeagueError::io(path)(error)),
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(Some(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(LeagueError::io(path)(error)),
    }
}

/// Removes a league's files, and its folder if nothing else is in it. Returns what was removed.
///
/// # Errors
/// As [`reset_plan`], or a file cannot be removed.
pub fn reset(dir: &Path) -> Result<Vec<PathBuf>, LeagueError> {
    let layout = Layout::new(dir)?;
    if !layout.dir().is_dir() {
        return Err(LeagueError::NoLeague {
            dir: layout.dir().into(),
        });
    }
    let lock = Lock::take(&layout)?;
    let plan = plan(&layout)?;
    // What is there is moved aside whole, the genesis last: after a crash, each operator's folder is
    // either complete and known by the genesis, or gone.
    let trash = layout.trash();
    remove(&trash)?;
    files::make_dir(&trash)?;
    let mut parts = plan.found.clone();
    parts.retain(|path| *path != trash);
    parts.sort_by_key(|path| *path == layout.nursery() || *path == layout.genesis());
    for path in &parts {
        let target = trash.join(path.file_name().unwrap_or_default());
        fs::rename(path, target).map_err(LeagueError::io(path))?;
    }
    remove(&trash)?;
    // Removed while it is still held: whoever waits for it makes a new one.
    let _ = fs::remove_file(layout.lock());
    drop(lock);
    let _ = fs::remove_dir(layout.dir());
    Ok(parts)
}

/// Removes a folder, if it is there.
fn remove(path: &Path) -> Result<(), LeagueError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(LeagueError::io(path)(error))
        }
        _ => Ok(()),
    }
}
