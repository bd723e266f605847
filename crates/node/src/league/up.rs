//! `up` and `down`: starting a league's processes, and stopping them.

use super::{
    Document, Health, League, LeagueError, files,
    folder::Options,
    health::{Fresh, observe},
    layout::Layout,
    lock::Lock,
    logs::last_words,
    ports,
    process::{self, Process, STOP_GRACE},
};
use crate::open_files;
use hansa_primitives::genesis_timestamp_ms;
use std::{
    path::{Path, PathBuf},
    process::{Child, ExitStatus},
    time::{Duration, Instant},
};

/// How often nodes are asked while they start.
const HEALTH_POLL: Duration = Duration::from_millis(100);

/// What `up` found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Began {
    /// A new league was made.
    Created,
    /// A stopped one was started again, or what was missing of it.
    Resumed,
    /// Everything was running already.
    Running,
}

/// A league whose processes have been started.
#[derive(Debug)]
pub struct Up {
    league: League,
    began: Began,
    begun_ms: u64,
    started: Vec<(String, Child)>,
}

/// A process that ended.
#[derive(Debug)]
pub struct Ended {
    /// Whose.
    pub operator: String,
    /// It was asked to, by `down` or a signal.
    pub in_order: bool,
    /// What to say if it was not.
    pub error: LeagueError,
}

/// Makes or opens the league in `dir` and starts those of its operators that do not run.
///
/// `program` is the `hansa` binary. `stopped` is asked before each operator whether to give up.
///
/// # Errors
/// The folder is damaged or in use, an option contradicts it, a port is busy, a process cannot be
/// started, or the user gave up. Then nothing that this call started is left running.
pub fn up(
    dir: &Path,
    options: &Options,
    program: &Path,
    stopped: &dyn Fn() -> bool,
) -> Result<Up, LeagueError> {
    let layout = Layout::new(dir)?;
    // Wrong options leave no folder behind.
    if !League::exists(&layout)? {
        options.check()?;
    }
    files::make_dir(layout.dir())?;
    let _lock = Lock::take_until(&layout, stopped)?;
    let (mut league, mut began) = if League::exists(&layout)? {
        (League::open(layout.dir())?, Began::Resumed)
    } else {
        (League::create(&layout, options)?, Began::Created)
    };
    league.adapt(options)?;
    let missing: Vec<usize> = (0..league.operators.len())
        .filter(|&index| league.process(&league.operators[index].name).is_none())
        .collect();
    if missing.is_empty() {
        began = Began::Running;
    }
    let begun_ms = genesis_timestamp_ms();
    for &index in &missing {
        let operator = &league.operators[index];
        let listen = ports::of(&operator.config);
        ports::check(&operator.name, listen, league.operators.len())?;
    }
    // The nodes inherit it. Where it cannot be raised, `doctor` and the nodes say so.
    let _ = open_files::raise_limit();
    let mut up = Up {
        league,
        began,
        begun_ms,
        started: Vec::new(),
    };
    for index in missing {
        let started = if stopped() {
            let dir = layout.dir().into();
            Err(LeagueError::Interrupted { dir })
        } else {
            up.start(index, program)
        };
        if let Err(error) = started {
            up.abandon();
            return Err(error);
        }
    }
    if let Err(error) = up.league.save_document() {
        up.abandon();
        return Err(error);
    }
    Ok(up)
}

impl Up {
    fn start(&mut self, index: usize, program: &Path) -> Result<(), LeagueError> {
        let layout = &self.league.layout;
        let name = &self.league.operators[index].name;
        let (child, record) = process::spawn(program, &layout.config(name), &layout.log(name))?;
        self.started.push((name.clone(), child));
        record.save(&layout.process(name))
    }

    /// Kills what was started a moment ago.
    fn abandon(&mut self) {
        for (_, child) in &mut self.started {
            // An error means that it has ended.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// What was found.
    pub const fn began(&self) -> Began {
        self.began
    }

    /// The league.
    pub const fn league(&self) -> &League {
        &self.league
    }

    /// The operators that were started.
    pub fn started(&self) -> impl Iterator<Item = &str> {
        self.started.iter().map(|(name, _)| name.as_str())
    }

    /// Waits until every node answers, all agree, and blocks are made; `progress` gets what is still
    /// missing. If it returns an error, stop the processes with [`Up::stop`].
    ///
    /// # Errors
    /// A process ended, or `patience` ran out.
    pub async fn healthy(
        &mut self,
        patience: Duration,
        mut progress: impl FnMut(&Health),
    ) -> Result<Document, LeagueError> {
        let begun = Instant::now();
        let fresh = if self.started.is_empty() {
            Fresh::Recently
        } else {
            Fresh::Since(self.begun_ms)
        };
        loop {
            if let Some(ended) = self.ended() {
                return Err(ended.error);
            }
            let health = observe(&self.league, fresh).await;
            if health.healthy {
                return self.league.save_document();
            }
            progress(&health);
            if begun.elapsed() >= patience {
                return Err(LeagueError::NotHealthy {
                    seconds: patience.as_secs(),
                    reason: health.problems.first().cloned().unwrap_or_default(),
                    dir: self.league.dir().into(),
                });
            }
            tokio::time::sleep(HEALTH_POLL).await;
        }
    }

    /// The first process that ended and was not yet told about.
    pub fn ended(&mut self) -> Option<Ended> {
        let place = self.started.iter_mut().position(|(_, child)| {
            // An error means that it is not there to be waited for.
            child.try_wait().map_or(true, |status| status.is_some())
        })?;
        let (operator, mut child) = self.started.remove(place);
        let status = child.wait();
        let log = self.league.layout.log(&operator);
        Some(Ended {
            in_order: status.as_ref().is_ok_and(ExitStatus::success),
            operator: operator.clone(),
            error: LeagueError::Exited {
                operator,
                status: status.map_or_else(|error| error.to_string(), |status| status.to_string()),
                last: last_words(&log).unwrap_or_else(|| "its log is empty".into()),
                dir: self.league.dir().into(),
            },
        })
    }

    /// Whether any process that was started here still runs.
    pub fn is_running(&self) -> bool {
        !self.started.is_empty()
    }

    /// Stops what was started here, in order.
    ///
    /// # Errors
    /// A process does not end, or a file cannot be written.
    pub async fn stop(mut self) -> Result<(), LeagueError> {
        let names: Vec<String> = self.started.iter().map(|(name, _)| name.clone()).collect();
        let chosen = |name: &str| names.iter().any(|started| started == name);
        let stopped = stop_some(&self.league, chosen).await;
        // If somebody damaged the records: these are our own children all the same.
        self.abandon();
        stopped.map(drop)
    }
}

/// Stops the league's operators, or one of them; returns the names of those that ran. Only processes
/// that `up` started are touched: see [`Record`](super::Record).
///
/// # Errors
/// There is no league or no such operator, or a process does not end.
pub async fn down(dir: &Path, operator: Option<&str>) -> Result<Vec<String>, LeagueError> {
    let league = League::open(dir)?;
    if let Some(name) = operator {
        league.known(name)?;
    }
    stop_some(&league, |name| operator.is_none_or(|only| only == name)).await
}

async fn stop_some(
    league: &League,
    chosen: impl Fn(&str) -> bool,
) -> Result<Vec<String>, LeagueError> {
    let _lock = Lock::take(&league.layout)?;
    let mut processes: Vec<(String, Process)> = league.running();
    processes.retain(|(name, _)| chosen(name));
    process::stop(&processes, STOP_GRACE).await?;
    let records: Vec<PathBuf> = league
        .operators
        .iter()
        .filter(|operator| chosen(&operator.name))
        .map(|operator| league.layout.process(&operator.name))
        .filter(|path| path.exists())
        .collect();
    for path in records {
        std::fs::remove_file(&path).map_err(LeagueError::io(&path))?;
    }
    league.save_document()?;
    Ok(processes.into_iter().map(|(name, _)| name).collect())
}
