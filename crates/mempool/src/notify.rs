//! Wakes tasks when something becomes executable. No runtime needed.

use futures::channel::oneshot;
use parking_lot::Mutex;

/// Tasks that wait for the next change. None is missed between [`Notify::listen`] and the await.
#[derive(Default)]
pub(crate) struct Notify {
    waiters: Mutex<Vec<oneshot::Sender<()>>>,
}

impl Notify {
    /// Registers now; the returned receiver resolves at the next [`Notify::wake`].
    pub(crate) fn listen(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut waiters = self.waiters.lock();
        // Waiters that gave up leave nothing behind for longer than until the next one comes.
        waiters.retain(|waiter| !waiter.is_canceled());
        waiters.push(sender);
        receiver
    }

    /// Wakes all that listen.
    pub(crate) fn wake(&self) {
        let waiters = std::mem::take(&mut *self.waiters.lock());
        for waiter in waiters {
            // A waiter that gave up is fine.
            let _ = waiter.send(());
        }
    }
}
