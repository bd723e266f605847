//! When work for a client has to end.

use crate::errors::{CallResult, Fault};
use std::{
    fmt::Display,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// The latest end of a piece of work: sooner when the client goes away.
#[derive(Clone, Debug)]
pub(crate) struct Deadline {
    at: Instant,
    timeout_ms: u64,
    /// It is the client's own.
    is_asked: bool,
    gone: Arc<AtomicBool>,
}

/// Held by whoever waits for the work; the work is given up when this is dropped.
pub(crate) struct Waiter(Arc<AtomicBool>);

impl Drop for Waiter {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Deadline {
    /// A deadline that is `timeout_ms` away (`rpc.limits.call_timeout_ms`).
    pub(crate) fn new(timeout_ms: u64) -> (Self, Waiter) {
        let gone = Arc::new(AtomicBool::new(false));
        let deadline = Self {
            at: Instant::now() + Duration::from_millis(timeout_ms),
            timeout_ms,
            is_asked: false,
            gone: gone.clone(),
        };
        (deadline, Waiter(gone))
    }

    /// The same time from now on.
    pub(crate) fn restarted(mut self) -> Self {
        self.at = Instant::now() + Duration::from_millis(self.timeout_ms);
        self
    }

    /// The same, and no more than `most` from now on, where the client asks for that.
    pub(crate) fn within(&self, most: Option<Duration>) -> Self {
        let mut deadline = self.clone();
        let asked = most.and_then(|most| Instant::now().checked_add(most));
        if let Some(at) = asked.filter(|at| *at < self.at) {
            deadline.at = at;
            deadline.is_asked = true;
        }
        deadline
    }

    /// Nobody waits any longer.
    pub(crate) fn passed(&self) -> bool {
        self.gone.load(Ordering::Relaxed) || Instant::now() >= self.at
    }

    /// An error once nobody waits any longer.
    pub(crate) fn check(&self) -> CallResult<()> {
        if self.passed() {
            return Err(self.fault());
        }
        Ok(())
    }

    /// The error of work that was given up.
    pub(crate) fn fault(&self) -> Fault {
        if self.is_asked {
            return Fault::server("execution timeout");
        }
        self.fault_with("execution aborted (timeout)")
    }

    /// The same, with words about the work.
    pub(crate) fn fault_with(&self, what: impl Display) -> Fault {
        Fault::limit("call_timeout_ms", self.timeout_ms, what)
    }
}
