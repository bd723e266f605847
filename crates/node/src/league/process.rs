//! The operators' processes: started, recognised again, stopped.
//!
//! A number alone does not name a process: numbers are reused. A [`Record`] also keeps when the
//! process started, in which run of the machine, and its command line. Nothing is ever signalled
//! that does not agree in all of them, and signals go through a descriptor of the process (Linux
//! `pidfd`, kernel 5.3), so that none can hit a successor.

use super::{LeagueError, files};
use rustix::{
    event::{PollFd, PollFlags, Timespec},
    fd::OwnedFd,
    process::{Pid, PidfdFlags, Signal},
};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// How long a node may take to stop in order before it is killed. A node gives its own tasks 10 s.
pub const STOP_GRACE: Duration = Duration::from_secs(15);
/// How long a killed process may take to be gone.
const KILL_GRACE: Duration = Duration::from_secs(5);
const STOP_POLL: Duration = Duration::from_millis(10);
/// A log of more than this is put aside when its node starts.
const MAX_LOG_BYTES: u64 = 64 * 1_024 * 1_024;

/// What identifies a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its number.
    pub pid: u32,
    /// When it started, in clock ticks since the machine's start.
    pub start_ticks: u64,
    /// Which start of the machine.
    pub boot_id: String,
    /// Its command line.
    pub command: Vec<String>,
}

impl Record {
    /// The process with this number as it is now; `None` if there is none, or it has ended and only
    /// waits for its parent to notice.
    pub fn observe(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name, in parentheses, may hold anything; the fields follow its last parenthesis.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let state = fields.next()?;
        if matches!(state, "Z" | "X" | "x") {
            return None;
        }
        // Start time is field 22 of proc(5); the state was field 3.
        let start_ticks = fields.nth(18)?.parse().ok()?;
        let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let command = String::from_utf8_lossy(&command);
        let boot_id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(Self {
            pid,
            start_ticks,
            boot_id: boot_id.trim().to_owned(),
            command: command
                .trim_end_matches('\0')
                .split('\0')
                .map(str::to_owned)
                .collect(),
        })
    }

    /// Reads a record; `None` if there is none. A damaged one counts as none: what it may have meant
    /// cannot be signalled safely.
    pub(super) fn load(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    pub(super) fn save(&self, path: &Path) -> Result<(), LeagueError> {
        files::write_json(path, self)
    }

    /// The process, if it still runs.
    pub fn find(&self) -> Option<Process> {
        let pid = Pid::from_raw(i32::try_from(self.pid).ok()?)?;
        // First the descriptor, then the comparison: what was compared is what gets signalled.
        let handle = rustix::process::pidfd_open(pid, PidfdFlags::empty()).ok()?;
        let now = Self::observe(self.pid)?;
        (now == *self).then_some(Process {
            pid: self.pid,
            handle,
        })
    }

    /// Seconds since it started.
    pub fn uptime_s(&self) -> Option<u64> {
        let uptime = fs::read_to_string("/proc/uptime").ok()?;
        let uptime: f64 = uptime.split_whitespace().next()?.parse().ok()?;
        let started = self.start_ticks / rustix::param::clock_ticks_per_second().max(1);
        Some((uptime as u64).saturating_sub(started))
    }
}

/// A running process that was recognised.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    handle: OwnedFd,
}

impl Process {
    /// Its number.
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    fn signal(&self, signal: Signal) {
        // An error means that it is gone, which is what was wanted.
        let _ = rustix::process::pidfd_send_signal(&self.handle, signal);
    }

    fn ended(&self) -> bool {
        let mut poll = [PollFd::new(&self.handle, PollFlags::IN)];
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        rustix::event::poll(&mut poll, Some(&now)).is_ok_and(|ready| ready > 0)
    }
}

/// Stops processes: SIGTERM to all, in order, then SIGKILL to those that remain after `grace`.
///
/// # Errors
/// One survives that too.
pub async fn stop(processes: &[(String, Process)], grace: Duration) -> Result<(), LeagueError> {
    for (signal, patience) in [(Signal::TERM, grace), (Signal::KILL, KILL_GRACE)] {
        for (name, process) in processes.iter().filter(|(_, process)| !process.ended()) {
            if signal == Signal::KILL {
                tracing::warn!(%name, pid = process.pid, "did not stop in time: killed");
            }
            process.signal(signal);
        }
        let begun = Instant::now();
        while processes.iter().any(|(_, process)| !process.ended()) && begun.elapsed() < patience {
            tokio::time::sleep(STOP_POLL).await;
        }
    }
    match processes.iter().find(|(_, process)| !process.ended()) {
        Some((name, process)) => Err(LeagueError::WontStop {
            operator: name.clone(),
            pid: process.pid,
        }),
        None => Ok(()),
    }
}

/// Starts `program node --config FILE` in a process group of its own (so that the terminal's Ctrl-C
/// is for the caller to pass on), its output appended to `log`.
///
/// # Errors
/// The log cannot be written or the program not started.
pub(super) fn spawn(
    program: &Path,
    config: &Path,
    log: &Path,
) -> Result<(Child, Record), LeagueError> {
    if fs::metadata(log).is_ok_and(|metadata| metadata.len() > MAX_LOG_BYTES) {
        let aside = log.with_extension("1");
        fs::rename(log, &aside).map_err(LeagueError::io(&aside))?;
    }
    let open = || fs::OpenOptions::new().create(true).append(true).open(log);
    let output = open().map_err(LeagueError::io(log))?;
    let errors = output.try_clone().map_err(LeagueError::io(log))?;
    let failed = |source| LeagueError::Spawn {
        program: program.into(),
        source,
    };
    let mut child = Command::new(program)
        .arg("node")
        .arg("--config")
        .arg(config)
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .process_group(0)
        .spawn()
        .map_err(failed)?;
    // It has replaced its image when `spawn` returns, so its command line is the program's. One that
    // ended already is for the caller to notice: its record then names nobody.
    let record = Record::observe(child.id()).unwrap_or(Record {
        pid: child.id(),
        start_ticks: 0,
        boot_id: String::new(),
        command: Vec::new(),
    });
    // Reaps at once what ended at once.
    let _ = child.try_wait();
    Ok((child, record))
}
