//! Why a command about a local league fails: one line of cause, one of what to do.

use crate::KeyError;
use hansa_primitives::GenesisError;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// What an error means for the caller; the command line's exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It was tried and failed.
    Failed,
    /// It was asked for wrongly.
    Usage,
    /// The league is not healthy, or not there.
    Unhealthy,
    /// It took too long.
    Timeout,
    /// The user interrupted.
    Interrupted,
}

/// Why a command about a league's folder or processes fails. The text is the cause; see
/// [`LeagueError::advice`] for what to do.
#[derive(Debug, Error)]
pub enum LeagueError {
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no league in the folder.
    #[error("there is no league in {dir}")]
    NoLeague {
        /// Where.
        dir: PathBuf,
    },
    /// The folder holds parts of a league.
    #[error("{dir} holds {found} but no complete league")]
    Incomplete {
        /// Where.
        dir: PathBuf,
        /// One of the parts.
        found: String,
    },
    /// A file of the league is not what it should be.
    #[error("{path}: {reason}")]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Well-known keys must not hold real value.
    #[error(
        "{path} is not of a development league (chain id {chain_id}): its keys must not be public"
    )]
    NotDevelopment {
        /// The genesis file.
        path: PathBuf,
        /// Its chain id.
        chain_id: u64,
    },
    /// What is for development leagues is in the genesis of another one.
    #[error("{path}: {reason}")]
    Misplaced {
        /// The genesis file.
        path: PathBuf,
        /// What is there.
        reason: String,
    },
    /// An option contradicts the league that exists.
    #[error("{what} {asked} was asked for, but the league in {dir} has {has}")]
    Differs {
        /// The option.
        what: &'static str,
        /// Its value.
        asked: u64,
        /// The league's.
        has: u64,
        /// Where.
        dir: PathBuf,
    },
    /// An option is out of range.
    #[error("{what} is {value}, which is not {allowed}")]
    Range {
        /// The option.
        what: &'static str,
        /// Its value.
        value: String,
        /// What would be right.
        allowed: String,
    },
    /// Somebody else listens on a port.
    #[error("port {port} ({what} of {operator}) is in use by {owner}")]
    PortBusy {
        /// Which.
        port: u16,
        /// For what.
        what: &'static str,
        /// For whom.
        operator: String,
        /// Who has it.
        owner: String,
        /// A base whose ports are free.
        free_base: Option<u16>,
    },
    /// New ports for a running league.
    #[error("{operator} is running: its ports cannot be changed now")]
    PortsInUse {
        /// Which.
        operator: String,
    },
    /// Another command works on the folder.
    #[error("another command ({owner}) is working on {dir}")]
    Locked {
        /// Where.
        dir: PathBuf,
        /// Its process.
        owner: String,
    },
    /// A process cannot be started.
    #[error("cannot start {program}: {source}")]
    Spawn {
        /// Which.
        program: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// An operator's process ended by itself.
    #[error("{operator} ended by itself ({status}): {last}")]
    Exited {
        /// Which.
        operator: String,
        /// How.
        status: String,
        /// The last line of its log.
        last: String,
        /// Where.
        dir: PathBuf,
    },
    /// The league did not become healthy.
    #[error("the league is not healthy after {seconds} s: {reason}")]
    NotHealthy {
        /// How long was waited.
        seconds: u64,
        /// The first problem.
        reason: String,
        /// Where.
        dir: PathBuf,
    },
    /// A process survives SIGKILL.
    #[error("{operator} (pid {pid}) does not end")]
    WontStop {
        /// Which.
        operator: String,
        /// Its process.
        pid: u32,
    },
    /// There is no such operator.
    #[error("there is no operator {name:?} in this league")]
    UnknownOperator {
        /// The name.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// The league must be stopped first.
    #[error("{operators} of the league in {dir} running")]
    Running {
        /// Where.
        dir: PathBuf,
        /// Which, with the verb.
        operators: String,
    },
    /// A folder that looks like an operator's of the league, and is not known to be.
    #[error("{path} is not known to be of this development league: {reason}")]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// What tells.
        reason: String,
    },
    /// The user interrupted.
    #[error("interrupted")]
    Interrupted {
        /// Where.
        dir: PathBuf,
    },
    /// A file would be overwritten.
    #[error("{path} exists")]
    Exists {
        /// Which.
        path: PathBuf,
    },
    /// An operator's key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A member's keystore or a well-known account.
    #[error("{path}: {reason}")]
    Keystore {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A genesis.
    #[error("{path}: {}", crate::text::one_line(source))]
    Genesis {
        /// Which.
        path: PathBuf,
        /// Why.
        source: GenesisError,
    },
}

impl LeagueError {
    pub(super) fn io(path: &Path) -> impl Fn(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            path: path.clone(),
            source,
        }
    }

    pub(super) fn genesis(path: &Path) -> impl Fn(GenesisError) -> Self {
        let path = path.to_owned();
        move |source| Self::Genesis {
            path: path.clone(),
            source,
        }
    }

    /// What it means for the caller.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NoLeague { .. } | Self::Exited { .. } => Kind::Unhealthy,
            Self::Differs { .. } | Self::Range { .. } | Self::UnknownOperator { .. } => Kind::Usage,
            Self::NotHealthy { .. } => Kind::Timeout,
            Self::Interrupted { .. } => Kind::Interrupted,
            _ => Kind::Failed,
        }
    }

    /// What to do, in one line.
    pub fn advice(&self) -> String {
        match self {
            Self::Io { .. } => "check that it exists, its permissions, and the space left".into(),
            Self::NoLeague { dir } => format!("start one with `hansa up --dir {}`", dir.display()),
            Self::Incomplete { dir, .. } => format!(
                "remove what is left of it with `hansa reset --dir {}`, or use another --dir",
                dir.display()
            ),
            Self::Damaged { .. } => {
                "restore the file from a backup, or start over with `hansa reset`".into()
            }
            Self::NotDevelopment { .. } => {
                "run its nodes with `hansa node`; `hansa up` is for development leagues only".into()
            }
            Self::Misplaced { .. } => {
                "use your own keys and no `development = true`, or a development chain id".into()
            }
            Self::Differs { .. } => {
                "leave the option out, use another --dir, or start over with `hansa reset`".into()
            }
            Self::Range { what, allowed, .. } => format!("give {what} {allowed}"),
            Self::PortBusy { free_base, .. } => match free_base {
                Some(base) => format!("stop it, or use other ports: `hansa up --port-base {base}`"),
                None => "stop it, or use other ports with `hansa up --port-base N`".into(),
            },
            Self::PortsInUse { .. } => "stop the league with `hansa down` first".into(),
            Self::Locked { .. } => "wait until it is done, or use another --dir".into(),
            Self::Spawn { .. } => "check that the program exists and can be executed".into(),
            Self::Exited { dir, operator, .. } => {
                format!(
                    "read `hansa logs --dir {} {operator}`, then `hansa up` again",
                    dir.display()
                )
            }
            Self::NotHealthy { dir, .. } => format!(
                "read `hansa logs --dir {}`, or allow more time with --timeout",
                dir.display()
            ),
            Self::WontStop { .. } => {
                "see what it waits for (`dmesg`, a hung disk), then try again".into()
            }
            Self::UnknownOperator { known, .. } => format!("name one of {known}"),
            Self::Running { dir, .. } => {
                format!("stop it with `hansa down --dir {}`", dir.display())
            }
            Self::Foreign { .. } => {
                "nothing was removed; move the folder away, or remove it by hand if nobody needs its key"
                    .into()
            }
            Self::Interrupted { dir } => {
                format!("`hansa up --dir {}` resumes the league", dir.display())
            }
            Self::Exists { .. } => "move it away, or write somewhere else".into(),
            Self::Key(_) => "run `hansa doctor`, or restore the key from a backup".into(),
            Self::Keystore { .. } => {
                "restore it from a backup, or start over with `hansa reset`".into()
            }
            Self::Genesis { .. } => "correct the file, then `hansa genesis check` it".into(),
        }
    }
}
