//! The threads that answer clients, apart from those of consensus.
//!
//! There are two runtimes. `requests` serves RPC, TAXII and metrics. `reads` fetches what these read from
//! the state databases: such a read holds a database's lock until its page is there, so it must never
//! queue behind requests, which may be waiting for that lock.

use alloy_primitives::{Address, B256, Bytes, U256};
use commonware_parallel::{
    Rayon,
    rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder},
};
use hansa_state::{Account, StateError, StateProvider, StateView};
use std::{io, num::NonZeroUsize, sync::Arc, time::Duration};
use tokio::runtime::{Builder, Handle, Runtime};

/// Async threads that serve requests.
const REQUEST_WORKERS: usize = 2;
/// Requests that may block at once; more wait for a thread.
const REQUEST_THREADS: usize = 512;
/// Async threads for what reads the databases.
const READ_WORKERS: usize = 2;
/// Reads from disk at once.
const READ_THREADS: usize = 64;
/// Niceness of the threads that look at what comes in, beyond that of the process: about a tenth of the weight of others.
const NICENESS: i32 = 10;
/// How long each runtime's threads have to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);

/// Where to run what.
#[derive(Clone, Debug)]
pub(crate) struct Handles {
    /// Servers and their requests.
    pub(crate) requests: Handle,
    /// Reads of the state databases.
    pub(crate) reads: Handle,
}

/// The runtimes. They end when this is dropped, which must not happen inside of one.
#[derive(Debug)]
pub(crate) struct Threads {
    requests: Option<Runtime>,
    reads: Option<Runtime>,
    handles: Handles,
}

impl Threads {
    pub(crate) fn start() -> io::Result<Self> {
        let requests = runtime("hansa-requests", REQUEST_WORKERS, REQUEST_THREADS)?;
        let reads = runtime("hansa-reads", READ_WORKERS, READ_THREADS)?;
        let handles = Handles {
            requests: requests.handle().clone(),
            reads: reads.handle().clone(),
        };
        Ok(Self {
            requests: Some(requests),
            reads: Some(reads),
            handles,
        })
    }

    pub(crate) fn handles(&self) -> Handles {
        self.handles.clone()
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // What serves goes before what it waits for.
        let runtimes = [self.requests.take(), self.reads.take()];
        for runtime in runtimes.into_iter().flatten() {
            runtime.shutdown_timeout(STOP_TIMEOUT);
        }
    }
}

/// Where senders of transactions that come in are recovered, so many threads. Where the machine has no core to spare, they give way to
/// those that vote, so that a flood of one chain does not hold up another. They take no locks, and start no other threads, which would be as nice.
///
/// # Errors
/// The threads cannot be started.
pub(crate) fn admission(threads: NonZeroUsize) -> Result<Rayon, ThreadPoolBuildError> {
    Ok(Rayon::with_pool(Arc::new(admission_threads(threads)?)))
}

fn admission_threads(threads: NonZeroUsize) -> Result<ThreadPool, ThreadPoolBuildError> {
    ThreadPoolBuilder::new()
        .num_threads(threads.get())
        .thread_name(|index| format!("hansa-admit-{index}"))
        .start_handler(|_| give_way())
        .build()
}

/// Puts the calling thread behind others. Only on Linux a niceness is a thread's; where it is not taken, all are equal.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Ok(now) = rustix::process::getpriority_process(None) {
        let _ = rustix::process::setpriority_process(None, now + NICENESS);
    }
}

fn runtime(name: &str, workers: usize, blocking: usize) -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .thread_name(name)
        .worker_threads(workers)
        .max_blocking_threads(blocking)
        .enable_all()
        .build()
}

/// States whose disk reads run on the given runtime, whichever thread asks for them.
pub(crate) struct ReadsOn<P> {
    pub(crate) states: P,
    pub(crate) reads: Handle,
}

impl<P: StateProvider> StateProvider for ReadsOn<P> {
    fn view(&self, number: u64) -> Result<Box<dyn StateView>, StateError> {
        Ok(Box::new(View {
            view: self.states.view(number)?,
            reads: self.reads.clone(),
        }))
    }

    fn range(&self) -> (u64, u64) {
        self.states.range()
    }
}

struct View {
    view: Box<dyn StateView>,
    reads: Handle,
}

impl StateView for View {
    fn account(&self, address: Address) -> Result<Option<Account>, StateError> {
        let _entered = self.reads.enter();
        self.view.account(address)
    }

    fn storage(&self, address: Address, slot: U256) -> Result<U256, StateError> {
        let _entered = self.reads.enter();
        self.view.storage(address, slot)
    }

    fn code(&self, code_hash: B256) -> Result<Bytes, StateError> {
        let _entered = self.reads.enter();
        self.view.code(code_hash)
    }

    fn number(&self) -> u64 {
        self.view.number()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use std::{
        sync::{Arc, Mutex},
        thread,
    };

    /// Reads like the databases: on a blocking thread of the runtime that is current. It keeps the
    /// names of these threads.
    #[derive(Clone, Default)]
    struct Slow(Arc<Mutex<Vec<String>>>);

    impl Slow {
        fn read(&self) {
            let fetched = tokio::task::spawn_blocking(|| {
                thread::sleep(Duration::from_millis(20));
                thread::current().name().unwrap_or_default().to_owned()
            });
            let name = block_on(fetched).unwrap();
            self.0.lock().unwrap().push(name);
        }
    }

    impl StateProvider for Slow {
        fn view(&self, _number: u64) -> Result<Box<dyn StateView>, StateError> {
            Ok(Box::new(self.clone()))
        }

        fn range(&self) -> (u64, u64) {
            (0, 0)
        }
    }

    impl StateView for Slow {
        fn account(&self, _address: Address) -> Result<Option<Account>, StateError> {
            self.read();
            Ok(None)
        }

        fn storage(&self, _address: Address, _slot: U256) -> Result<U256, StateError> {
            self.read();
            Ok(U256::ZERO)
        }

        fn code(&self, _code_hash: B256) -> Result<Bytes, StateError> {
            self.read();
            Ok(Bytes::new())
        }

        fn number(&self) -> u64 {
            0
        }
    }

    #[test]
    fn as_many_requests_as_there_are_threads_cannot_keep_reads_from_theirs() {
        let requests = runtime("requests", 1, 4).unwrap();
        let reads = runtime("reads", 1, 1).unwrap();
        let slow = Slow::default();
        let states = Arc::new(ReadsOn {
            states: slow.clone(),
            reads: reads.handle().clone(),
        });
        let asked: Vec<_> = (0..8)
            .map(|_| {
                let states = states.clone();
                requests.spawn_blocking(move || {
                    let view = states.view(0).unwrap();
                    view.account(Address::ZERO).unwrap();
                    view.storage(Address::ZERO, U256::ZERO).unwrap();
                    view.code(B256::ZERO).unwrap();
                })
            })
            .collect();
        let answered = requests.block_on(async {
            let all = futures::future::join_all(asked);
            tokio::time::timeout(Duration::from_secs(20), all).await
        });
        let answered = answered.is_ok();
        requests.shutdown_background();
        reads.shutdown_background();
        assert!(answered, "requests wait for reads that wait for requests");
        let names = slow.0.lock().unwrap();
        assert_eq!(names.len(), 24);
        assert!(names.iter().all(|name| name == "reads"), "{names:?}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_comes_in_gives_way() {
        let niceness = || rustix::process::getpriority_process(None).unwrap();
        let own = niceness();
        let two = NonZeroUsize::new(2).unwrap();
        let admission = admission_threads(two).unwrap();
        let theirs = admission.broadcast(|_| niceness());
        assert_eq!(theirs, [(own + NICENESS).min(19); 2]);
        assert_eq!(niceness(), own);
    }

    #[test]
    fn dropping_does_not_wait_for_what_never_ends() {
        let threads = Threads::start().unwrap();
        let handles = threads.handles();
        let (keep, ends) = std::sync::mpsc::channel::<()>();
        handles.requests.spawn_blocking(move || ends.recv());
        handles.requests.spawn(std::future::pending::<()>());
        let begun = std::time::Instant::now();
        drop(threads);
        assert!(begun.elapsed() < STOP_TIMEOUT * 4);
        drop(keep);
    }
}
