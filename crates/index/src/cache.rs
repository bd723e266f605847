//! A least-recently-used cache bounded by bytes.

use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};

/// Values by number. The least recently used leave when the sum of sizes passes the limit.
pub(crate) struct Cache<V> {
    limit: usize,
    inner: Mutex<Inner<V>>,
}

struct Inner<V> {
    entries: HashMap<u64, Entry<V>>,
    by_age: BTreeMap<u64, u64>,
    bytes: usize,
    clock: u64,
}

struct Entry<V> {
    value: V,
    bytes: usize,
    used: u64,
}

impl<V: Clone> Cache<V> {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            inner: Mutex::new(Inner {
                entries: HashMap::new(),
                by_age: BTreeMap::new(),
                bytes: 0,
                clock: 0,
            }),
        }
    }

    pub(crate) fn get(&self, key: u64) -> Option<V> {
        let mut guard = self.inner.lock();
        let inner = &mut *guard;
        let entry = inner.entries.get_mut(&key)?;
        inner.clock += 1;
        inner.by_age.remove(&entry.used);
        entry.used = inner.clock;
        inner.by_age.insert(entry.used, key);
        Some(entry.value.clone())
    }

    /// Keeps a value unless it alone is over the limit.
    pub(crate) fn insert(&self, key: u64, value: V, bytes: usize) {
        if bytes > self.limit {
            return;
        }
        let mut guard = self.inner.lock();
        let inner = &mut *guard;
        inner.clock += 1;
        let used = inner.clock;
        let entry = Entry { value, bytes, used };
        if let Some(old) = inner.entries.insert(key, entry) {
            inner.by_age.remove(&old.used);
            inner.bytes -= old.bytes;
        }
        inner.by_age.insert(used, key);
        inner.bytes += bytes;
        while inner.bytes > self.limit {
            let Some((_, oldest)) = inner.by_age.pop_first() else {
                break;
            };
            if let Some(old) = inner.entries.remove(&oldest) {
                inner.bytes -= old.bytes;
            }
        }
    }

    pub(crate) fn clear(&self) {
        let mut inner = self.inner.lock();
        inner.entries.clear();
        inner.by_age.clear();
        inner.bytes = 0;
    }

    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.inner.lock().bytes
    }
}
