//! What panics of a chain's tasks mean: the error with which the chain ends.
//!
//! Consensus and databases panic where their files make no sense, and other tasks then panic because that one is gone. The first panic
//! says why.

use crate::{DataDirError, NodeError, datadir::storage_of, runtimes::zone_here};
use hansa_state::EXECUTION_THREAD;
use parking_lot::Mutex;
use std::{
    any::Any,
    backtrace::{Backtrace, BacktraceStatus},
    collections::BTreeMap,
    io::Write as _,
    panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook},
    path::PathBuf,
    sync::{
        Arc, Once,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Panics within so long of each other have one cause.
const ONE_CAUSE: Duration = Duration::from_secs(10);
/// How panics of the index begin: it has a file of its own, and its errors say what to do.
pub(crate) const INDEX: &str = "index: ";

/// When a panic was, and its words.
type Panic = (Instant, String);

/// The first of the newest panics of each chain, by the zone's name.
static FIRST: Mutex<BTreeMap<Option<Arc<str>>, Panic>> = Mutex::new(BTreeMap::new());

/// From now on panics go to the log.
pub(crate) fn watch() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| set_hook(Box::new(note)));
}

fn note(panic: &PanicHookInfo<'_>) {
    let file = panic.location().map_or("", |location| location.file());
    let line = panic.location().map_or(0, |location| location.line());
    let mut words = words_of(panic.payload());
    tracing::error!(%file, line, "panic: {words}");
    if !tracing::enabled!(tracing::Level::ERROR) {
        // The log does not want it: somebody has to.
        let _ = writeln!(std::io::stderr(), "panic at {file}:{line}: {words}");
    }
    let trace = Backtrace::capture();
    if trace.status() == BacktraceStatus::Captured {
        let _ = writeln!(std::io::stderr(), "{trace}");
    }
    if file.contains("redb") {
        words.insert_str(0, INDEX);
    }
    if std::thread::current().name() == Some(EXECUTION_THREAD) {
        // Whoever waits for it panics with the same words, on the chain's own runtime.
        return;
    }
    let mut first = FIRST.lock();
    let known = first
        .entry(zone_here())
        .or_insert((Instant::now(), words.clone()));
    if known.0.elapsed() > ONE_CAUSE {
        *known = (Instant::now(), words);
    }
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
    words.unwrap_or("a panic without words").replace('\n', "; ")
}

/// A chain that is about to run.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    /// Of a zone, its name.
    pub(crate) zone: Option<Arc<str>>,
    /// Where its data is.
    pub(crate) folder: PathBuf,
    /// Whether its databases are open.
    pub(crate) opened: Arc<AtomicBool>,
}

impl Watched {
    /// The chain with its data in `folder`.
    pub(crate) fn new(zone: Option<&str>, folder: PathBuf) -> Self {
        Self {
            zone: zone.map(Arc::from),
            folder,
            opened: Arc::default(),
        }
    }

    /// Its databases were read without a fault.
    pub(crate) fn opened(&self) {
        self.opened.store(true, Ordering::Release);
    }

    /// Runs it. A panic becomes an error that says whether its files are to blame.
    pub(crate) fn caught<T>(
        &self,
        run: impl FnOnce() -> Result<T, NodeError>,
    ) -> Result<T, NodeError> {
        FIRST.lock().remove(&self.zone);
        let (outcome, panicked) = match catch_unwind(AssertUnwindSafe(run)) {
            Ok(outcome) => (outcome, false),
            Err(panic) => (Err(NodeError::Failed(words_of(&*panic))), true),
        };
        let Err(NodeError::Failed(reason)) = outcome else {
            return outcome;
        };
        // An older one, of a task that nothing depends on, is not why it ended.
        let first = FIRST.lock().remove(&self.zone);
        let first = first.filter(|(at, _)| at.elapsed() <= ONE_CAUSE);
        let first = first.map(|(_, words)| words);
        let panicked = panicked || first.is_some();
        Err(self.explain(first.unwrap_or(reason), panicked))
    }

    fn explain(&self, reason: String, panicked: bool) -> NodeError {
        if !panicked {
            return NodeError::Failed(reason);
        }
        let storage = storage_of(&self.folder);
        let opens = !self.opened.load(Ordering::Acquire) && !reason.starts_with(INDEX);
        if opens || is_damage(&reason) {
            let path = self.folder.clone();
            return DataDirError::Databases {
                path,
                storage,
                reason,
            }
            .into();
        }
        let what = self.zone.as_deref();
        let what = what.map_or_else(|| "the node".to_owned(), |zone| format!("zone {zone}"));
        NodeError::Ended {
            what,
            reason,
            storage,
        }
    }
}

/// Whether words are those of storage that finds its files damaged. What is read late, as an epoch's journal, is found late.
fn is_damage(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    !reason.starts_with(INDEX)
        && [
            "corrupt",
            "checksum",
            "blob missing",
            "failed to initialize",
        ]
        .iter()
        .any(|word| reason.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_a_chain_with_an_error_that_quotes_it_and_says_what_to_do() {
        let watched = Watched::new(None, PathBuf::from("/data"));
        let text = |watched: &Watched, words: &'static str| {
            let error = watched.caught::<()>(|| panic!("{words}")).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(words) && text.contains("/data"), "{text}");
            assert_eq!(text.lines().count(), 2, "{text}");
            text
        };
        let damaged = "cannot be opened";
        assert!(text(&watched, "committees: 7").contains(damaged));
        assert!(!text(&watched, "index: disk 7").contains(damaged));
        watched.opened();
        assert!(!text(&watched, "epoch 7").contains(damaged));
        assert!(text(&watched, "journal: Runtime(BlobCorrupt(7))").contains(damaged));
        let failed = || Err::<(), _>(NodeError::Failed("7".into()));
        let error = watched.caught(failed).unwrap_err();
        assert!(matches!(error, NodeError::Failed(_)), "{error}");
        assert!(watched.caught(|| Ok(())).is_ok());
    }
}
