//! `reset`: removing a league.

use super::{
    League, LeagueError,
    layout::{Layout, MAX_LOCAL_OPERATORS, operator_name},
    lock::Lock,
    process::Record,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// What [`reset`] would remove.
///
/// # Errors
/// There is nothing, or the league runs, or it is not a development league.
pub fn reset_plan(dir: &Path) -> Result<Vec<PathBuf>, LeagueError> {
    let layout = Layout::new(dir)?;
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
    let running: Vec<String> = (0..MAX_LOCAL_OPERATORS)
        .map(operator_name)
        .filter(|name| {
            Record::load(&layout.process(name)).is_some_and(|record| record.find().is_some())
        })
        .collect();
    match running.len() {
        0 => Ok(found),
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
    let found = reset_plan(layout.dir())?;
    // The genesis goes first: what is left after a crash is no league, and is removed by the next reset.
    for path in &found {
        let removed = if path.is_dir() {
            fs::remove_dir_all(path)
        } else {
            fs::remove_file(path)
        };
        removed.map_err(LeagueError::io(path))?;
    }
    // Removed while it is still held: whoever waits for it makes a new one.
    let _ = fs::remove_file(layout.lock());
    drop(lock);
    let _ = fs::remove_dir(layout.dir());
    Ok(found)
}
