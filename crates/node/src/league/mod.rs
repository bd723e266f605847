//! Leagues around nodes: a whole development league on one machine, and the files of a real one.
//!
//! A local league is a folder (see [`Layout`]) and one process per operator. Its files are the truth:
//! `genesis.toml` defines the chain, `operator-i/node.toml` the nodes; `league.json` is derived from
//! them for clients and written anew by every [`up`] and [`down`]. Nothing in a folder but the names
//! listed at [`Layout`] is ever written or removed.
//!
//! - [`up`] makes or resumes a league; what runs already is left alone, what is missing is started.
//! - [`down`] stops exactly the processes that `up` started: see [`Record`].
//! - [`health`] asks the nodes over their own interfaces.
//! - One command at a time starts, stops or removes; others wait for it.
//!
//! The ten development accounts have keys that everybody knows. Leagues with them are made and run on
//! [`DEVELOPMENT_CHAIN_IDS`] only, with `development = true` in the genesis.

mod accounts;
mod doctor;
mod document;
mod error;
pub mod extra;
mod files;
mod folder;
pub(crate) mod genesis;
mod health;
mod init;
mod layout;
mod lock;
mod logs;
mod ports;
mod probe;
mod process;
mod reset;
mod up;

pub use accounts::{Account, DEVELOPMENT_ACCOUNTS, DEVELOPMENT_MNEMONIC, development_accounts};
pub(crate) use doctor::within as doctor_within;
pub use doctor::{Finding, Level, doctor};
pub use document::{Document, MemberEntry, OperatorEntry};
pub use error::{Kind, LeagueError};
pub(crate) use files::disk_bytes;
pub use folder::{DEFAULT_OPERATORS, League, Operator, Options};
pub use genesis::{
    DEVELOPMENT_CHAIN_ID, DEVELOPMENT_CHAIN_IDS, check as check_genesis, is_development,
    load as load_genesis_file,
};
pub use health::{Health, OperatorHealth, health};
pub use init::{
    GenesisOptions, InitOptions, Initialized, OperatorFile, init, new_genesis, read_operator_file,
    save_genesis,
};
pub use layout::{
    Layout, MAX_LOCAL_OPERATORS, MIN_PORT_BASE, PORT_STEP, PortPlan, Ports, member_name,
    operator_name,
};
pub use logs::{LogLine, Logs, MAX_LOG_LINES};
pub use ports::owner as port_owner;
pub use process::{Process, Record, STOP_GRACE, stop as stop_processes};
pub use reset::{reset, reset_plan};
pub use up::{Began, Ended, Up, down, up};

#[cfg(test)]
mod tests;
