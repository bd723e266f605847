//! What tests of whole leagues share.

use std::net::TcpListener;

/// Ports that a league takes from its base on.
const PORTS: u16 = 50;
/// Below the range that the system gives to outgoing connections, which would take them in between.
const FIRST: u16 = 10_000;
const BASES: u16 = 400;

/// A base with free ports for a league, other than those of the tests that run at the same time: each
/// test is a process of its own, or counts up within one.
pub(crate) fn port_base() -> String {
    use std::sync::atomic::{AtomicU16, Ordering};
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let process = (std::process::id() % u32::from(BASES)) as u16;
    loop {
        let turn = NEXT.fetch_add(1, Ordering::Relaxed);
        let base = FIRST + (process + turn) % BASES * PORTS;
        let free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
        if (base..base + PORTS).all(free) {
            return base.to_string();
        }
    }
}
