//! One command at a time on a league's folder.

use super::{LeagueError, layout::Layout};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Seek as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
    time::{Duration, Instant},
};

/// How long a command waits for another one that starts or stops the league.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);
const LOCK_POLL: Duration = Duration::from_millis(50);

/// Held while processes are started or stopped and while files are written. The system frees it when
/// the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock; blocks the thread.
    pub(super) fn take(layout: &Layout) -> Result<Self, LeagueError> {
        Self::take_within(layout, LOCK_TIMEOUT)
    }

    pub(super) fn take_within(layout: &Layout, patience: Duration) -> Result<Self, LeagueError> {
        Self::take_unless(layout, patience, &|| false)
    }

    /// As [`Self::take`], until `stopped` says so.
    pub(super) fn take_until(
        layout: &Layout,
        stopped: &dyn Fn() -> bool,
    ) -> Result<Self, LeagueError> {
        Self::take_unless(layout, LOCK_TIMEOUT, stopped)
    }

    fn take_unless(
        layout: &Layout,
        patience: Duration,
        stopped: &dyn Fn() -> bool,
    ) -> Result<Self, LeagueError> {
        let path = layout.lock();
        let failed = LeagueError::io(&path);
        let begun = Instant::now();
        let open = || {
            let mut options = OpenOptions::new();
            options.create(true).truncate(false).read(true).write(true);
            options.open(&path)
        };
        let mut file = open().map_err(&failed)?;
        loop {
            match file.try_lock() {
                Ok(()) if is_at(&file, &path) => break,
                // A `reset` removed the file that was waited for: its lock keeps nobody out.
                Ok(()) => file = open().map_err(&failed)?,
                Err(TryLockError::WouldBlock) if stopped() => {
                    let dir = layout.dir().into();
                    return Err(LeagueError::Interrupted { dir });
                }
                Err(TryLockError::WouldBlock) if begun.elapsed() < patience => {
                    std::thread::sleep(LOCK_POLL);
                }
                Err(TryLockError::WouldBlock) => {
                    let owner = std::fs::read_to_string(&path).unwrap_or_default();
                    return Err(LeagueError::Locked {
                        dir: layout.dir().into(),
                        owner: format!("pid {}", owner.trim()),
                    });
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
        // The owner's number is a help for people only: the lock is the system's.
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", std::process::id())
        };
        write(&mut file).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(ours), Ok(there)) = (file.metadata(), path.metadata()) else {
        return false;
    };
    (ours.dev(), ours.ino()) == (there.dev(), there.ino())
}
