//! Deterministic simulation of whole leagues: the real engine, execution, state, pool, gossip and
//! index, on simulated time, network and disks.
//!
//! A [`League`] is given to commonware's simulation harness, which crashes and restarts operators,
//! changes links and injects storage faults; [`Role`] makes an operator silent or hostile; [`checks`]
//! look at what every operator ended up with. One seed gives one run: the same state hash, every time.

mod balances;
pub mod checks;
mod churn;
mod league;
mod load;
mod operator;
mod reseeding;
mod role;
mod traffic;
mod warning;
mod zone;

pub use churn::Churn;
pub use league::{CHAIN_ID, League, Node, ZONE_ID};
pub use load::{Account, Load};
pub use role::{BODY_LIES, HEADER_LIES, Lie, Lies, Role, ZONE_LIES};
pub use warning::Warning;
