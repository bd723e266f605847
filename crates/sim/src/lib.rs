//! Deterministic simulation of whole leagues: the real engine, execution, state, pool, gossip and
//! index, on simulated time, network and disks.
//!
//! A [`League`] is given to commonware's simulation harness, which crashes and restarts operators,
//! changes links and injects storage faults; [`checks`] look at what every operator ended up with.
//! One seed gives one run: the same state hash, every time.

pub mod checks;
mod league;
mod load;

pub use league::{League, Node};
pub use load::{Account, Load};
